"""A flake8 plugin that limits the length of functions and modules."""

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
            message = (
                f"module has {self._lines} lines, at most {MAX_MODULE_LINES} allowed: split it"
            )
            yield 1, 0, f"LEN002 {message}", Lengths
        for node in ast.walk(self._tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    message = f"has {lines} lines, at most {MAX_FUNCTION_LINES} allowed: split it"
                    yield node.lineno, node.col_offset, f"LEN001 {node.name} {message}", Lengths
