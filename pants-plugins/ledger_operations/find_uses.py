"""Finds where code names the operations of apps, from its syntax alone.

A program of its own, which the workspace's Python runs: the Python of Pants could not parse newer
code. It reads the file `request.json` of a Request, and prints a list of uses.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional

from ledger_operations.bindings import Ledger, Operations, Request, Workspace


class Use(NamedTuple):
    """An operation that a line of a file names, by its value; None if that is not known."""

    app: str
    operation: Optional[str]
    file: str
    line: int
    text: str


def uses(request: Request, texts: Dict[str, str]) -> Iterator[Use]:
    """Yields the uses in `texts`, the text of each file. The apps' declarations are none."""
    workspace = Workspace(request, {file: ast.parse(text, file) for file, text in texts.items()})
    declaring = {module for modules in request.apps.values() for module in modules}
    for file, tree in workspace.trees.items():
        if request.files[file] not in declaring:
            finder = _Finder(workspace, file, texts[file].splitlines())
            finder.visit(tree)
            yield from finder.found


class _Finder(ast.NodeVisitor):
    def __init__(self, workspace: Workspace, file: str, lines: List[str]) -> None:
        self.found: List[Use] = []
        self._workspace = workspace
        self._file = file
        self._lines = lines

    def visit(self, node: ast.AST) -> None:
        operations = self._operations(node)
        if operations is not None:  # not only looked up: any of its members may be posted
            self._add(operations, None, node)
        else:
            super().visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr == "get" and self._table(node.value) is not None:
            return  # a look-up, whose arguments are visited
        operations = self._operations(node.value)
        table = self._table(node)
        if table is not None:  # not only looked up: any of its operations may be posted
            self._add(table, None, node)
        elif operations is None:
            self.visit(node.value)
        else:
            self._add_name(operations, node.attr, node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        operations = self._operations(node.value)
        if operations is not None:
            self._add_name(operations, self._text(node.slice), node)
        else:
            if self._table(node.value) is None:
                self.visit(node.value)
            self._visit_unless_type(node.slice)  # LedgerClient[Operation] is a type

    def visit_Call(self, node: ast.Call) -> None:
        operations = self._operations(node.func)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        first = self._operations(node.args[0]) if node.args else None
        if operations is not None:
            self._add(operations, self._text(node.args[0]) if node.args else None, node)
        elif name == "getattr" and first is not None:
            self._add_name(first, self._text(node.args[1]) if node.args[1:] else None, node)
        else:
            self.visit(node.func)
            for argument in node.args:
                if name in ("cast", "isinstance", "issubclass"):
                    self._visit_unless_type(argument)
                else:
                    self.visit(argument)
        for keyword in node.keywords:
            if keyword.arg == "operations":  # that of a client
                self._visit_unless_type(keyword.value)
            else:
                self.visit(keyword.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if not isinstance(target, ast.Name):
                self.visit(target)
        if all(isinstance(target, ast.Name) for target in node.targets):
            self._visit_unless_type(node.value)  # another name for it
        else:
            self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None:
        pass  # its annotation is a type

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for each in (*node.decorator_list, node.args, *node.body):
            self.visit(each)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        for each in (*node.decorator_list, node.args, *node.body):
            self.visit(each)

    def _visit_unless_type(self, node: ast.AST) -> None:
        parts = node.elts if isinstance(node, ast.Tuple) else [node]
        for part in parts:
            if self._operations(part) is None:
                self.visit(part)

    def _table(self, node: ast.AST) -> Optional[Operations]:
        """Returns the operations that are the keys of a ledger's amounts or limits."""
        if isinstance(node, ast.Attribute) and node.attr in ("amounts", "per_unit", "limits"):
            of = self._workspace.thing(self._workspace.files[self._file], node.value)
            return Operations(of.app) if isinstance(of, Ledger) else None
        return None

    def _operations(self, node: ast.AST) -> Optional[Operations]:
        thing = self._workspace.thing(self._workspace.files[self._file], node)
        return thing if isinstance(thing, Operations) else None

    def _text(self, node: ast.AST) -> Optional[str]:
        thing = self._workspace.thing(self._workspace.files[self._file], node)
        return thing if isinstance(thing, str) else None

    def _add_name(self, operations: Operations, name: Optional[str], node: ast.AST) -> None:
        values = self._workspace.values[operations.app]
        self._add(operations, None if name is None else values.get(name, name), node)

    def _add(self, operations: Operations, value: Optional[str], node: ast.AST) -> None:
        line: int = getattr(node, "lineno")
        text = self._lines[line - 1].strip()
        self.found.append(Use(operations.app, value, self._file, line, text))


def main() -> None:
    request = Request(**json.loads(Path("request.json").read_text()))
    texts = {file: Path(file).read_bytes().decode() for file in request.files}
    try:
        found = [use._asdict() for use in uses(request, texts)]
    except SyntaxError as error:
        sys.exit(f"{error.filename}:{error.lineno}: {error.msg}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
