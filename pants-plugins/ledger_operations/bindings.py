"""Finds what the names in code stand for: operation enums, ledgers, modules and constants."""

from __future__ import annotations

import ast
from collections import Counter
from typing import Dict, List, NamedTuple, Optional, Tuple, Union


class Request(NamedTuple):
    """What to search. `apps` has the modules of each app's operations and ledger."""

    apps: Dict[str, Tuple[str, str]]
    files: Dict[str, str]  # the module of each file


class Module(NamedTuple):
    name: str


class Operations(NamedTuple):
    """An app's operation enum."""

    app: str


class Ledger(NamedTuple):
    app: str


# What a name can stand for, as far as it matters here; a string is a constant.
Thing = Union[Module, Operations, Ledger, str]
Names = Dict[str, Thing]


class Workspace:
    """What each module's names stand for, also where it imports them from another one."""

    def __init__(self, request: Request, trees: Dict[str, ast.Module]) -> None:
        self.trees = trees
        self.files = request.files
        self.exports: Dict[str, Names] = {module: {} for module in request.files.values()}
        self.values: Dict[str, Dict[str, str]] = {}  # of each app's operations, by their names
        self._assigned = {file: _assigned(tree) for file, tree in trees.items()}
        for app, (operations, ledger) in request.apps.items():
            self.values[app] = {}
            for file, tree in trees.items():
                if request.files[file] == operations:
                    self.exports[operations].update(_enums(app, tree))
                    self.values[app].update(_values(tree))
                if request.files[file] == ledger:
                    self.exports[ledger].update(_ledgers(app, tree))
        while self._bind_all():
            pass

    def _bind_all(self) -> bool:
        """Binds what is known by now. Returns whether there was anything new."""
        before = {module: dict(names) for module, names in self.exports.items()}
        for file, tree in self.trees.items():
            for node in ast.walk(tree):
                self._bind(self.files[file], file, node)
        return before != self.exports

    def _bind(self, module: str, file: str, node: ast.AST) -> None:
        names = self.exports[module]
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = Module(alias.name if alias.asname else top)
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(module, file, node)
            for alias in node.names:
                if alias.name == "*":
                    names.update({**self.exports.get(source, {}), **names})
                elif thing := self.member(source, alias.name):
                    names[alias.asname or alias.name] = thing
        elif isinstance(node, ast.Assign):
            thing = self.thing(module, node.value)
            for target in node.targets:
                if thing is not None and isinstance(target, ast.Name):
                    # Of what is assigned in several places, this code cannot tell the value.
                    if self._assigned[file][target.id] == 1:
                        names.setdefault(target.id, thing)

    def member(self, module: str, name: str) -> Optional[Thing]:
        if name in self.exports.get(module, {}):
            return self.exports[module][name]
        path = f"{module}.{name}"
        is_module = any(f"{each}.".startswith(f"{path}.") for each in self.exports)
        return Module(path) if is_module else None

    def thing(self, module: str, node: ast.AST) -> Optional[Thing]:
        """Returns what an expression in the module stands for."""
        if isinstance(node, ast.Name):
            return self.exports[module].get(node.id)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.Attribute):
            of = self.thing(module, node.value)
            if isinstance(of, Module):
                return self.member(of.name, node.attr)
            if isinstance(of, Ledger) and node.attr == "operations":
                return Operations(of.app)
        return None


def _enums(app: str, tree: ast.Module) -> Names:
    """Returns the classes and the results of extend_enum that a module of operations has."""
    names: Names = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            names[node.name] = Operations(app)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            names.update({t.id: Operations(app) for t in node.targets if isinstance(t, ast.Name)})
    return names


def _values(tree: ast.Module) -> Dict[str, str]:
    """Returns the values of operations, which are mostly the names."""
    pairs: List[Tuple[ast.AST, ast.AST]] = []
    dicts: Dict[str, ast.expr] = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if value is not None:
            dicts.update({each.id: value for each in targets if isinstance(each, ast.Name)})
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.Assign):
                    pairs += [(target, each.value) for target in each.targets]
        elif isinstance(node, ast.Call) and "extend_enum" in (
            getattr(node.func, "id", ""),
            getattr(node.func, "attr", ""),
        ):
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                pairs += _items(argument, dicts)
    values: Dict[str, str] = {}
    for key, value in pairs:
        name = key.id if isinstance(key, ast.Name) else getattr(key, "value", None)
        if isinstance(name, str) and isinstance(value, ast.Constant):
            if isinstance(value.value, str):
                values[name] = value.value
    return values


def _items(node: ast.AST, dicts: Dict[str, ast.expr]) -> List[Tuple[ast.AST, ast.AST]]:
    """Returns the keys and values of a dictionary, which may be one of `dicts`, by its name."""
    if isinstance(node, ast.Name):
        if node.id not in dicts:
            return []
        # Without its own name, which may be in its value: EXTRA = {**EXTRA, ...}.
        others = {name: value for name, value in dicts.items() if name != node.id}
        return _items(dicts[node.id], others)
    items: List[Tuple[ast.AST, ast.AST]] = []
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values):
            items += [(key, value)] if key is not None else _items(value, dicts)
    return items


def _ledgers(app: str, tree: ast.Module) -> Names:
    return {
        target.id: Ledger(app)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _absolute(module: str, file: str, node: ast.ImportFrom) -> str:
    """Returns the name of the module that is imported from."""
    if not node.level:
        return node.module or ""
    package = module.split(".") if file.endswith("__init__.py") else module.split(".")[:-1]
    parts = package[: len(package) - node.level + 1]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _assigned(tree: ast.Module) -> Counter[str]:
    """Returns how often each name is assigned or is a parameter."""
    names: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names[node.id] += 1
        elif isinstance(node, ast.arg):
            names[node.arg] += 1
    return names
