"""A flake8 plugin: a function that is too long, or a module, does more than one thing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

MAX_FUNCTION_LINES = 70
MAX_MODULE_LINES = 250


class Lengths:
    """LEN001: a function is too long. LEN002: a module is too long."""

    def __init__(self, tree: ast.AST, lines: Sequence[str]) -> None:
        self._tree = tree
        self._lines = len(lines)

    def run(self) -> Iterator[tuple[int, int, str, type[Lengths]]]:
        if self._lines > MAX_MODULE_LINES:
            said = f"the module has {self._lines} lines: split what is over {MAX_MODULE_LINES}"
            yield 1, 0, f"LEN002 {said}", Lengths
        for node in ast.walk(self._tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    said = f"{node.name} has {lines} lines: split what is over {MAX_FUNCTION_LINES}"
                    yield node.lineno, node.col_offset, f"LEN001 {said}", Lengths
