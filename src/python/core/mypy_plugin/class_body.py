"""Reads from the body of an operation enum which names are members, and with which values."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from mypy.nodes import (
    AssignmentStmt,
    Block,
    CallExpr,
    ClassDef,
    Context,
    Decorator,
    DelStmt,
    Expression,
    ForStmt,
    FuncBase,
    IfStmt,
    ImportBase,
    IntExpr,
    LambdaExpr,
    ListExpr,
    Lvalue,
    MatchStmt,
    MemberExpr,
    NameExpr,
    OperatorAssignmentStmt,
    RefExpr,
    Statement,
    StrExpr,
    TryStmt,
    TupleExpr,
    TypeInfo,
    Var,
    WhileStmt,
    WithStmt,
)
from mypy.types import Instance, get_proper_type

from core.ledgers.enum_contract import deleted, ignored, unsettled

Runs = Literal["always", "sometimes", "never"]
"""Whether a block runs when the class is created."""

_COMPOUND: Final = (IfStmt, TryStmt, WithStmt, MatchStmt, ForStmt, WhileStmt)


@dataclass
class Body:
    """What a class body assigns, and where it is not certain what the members are."""

    values: dict[str, Expression] = field(default_factory=dict[str, Expression])
    not_members: set[str] = field(default_factory=set[str])
    problems: list[tuple[str, Context]] = field(default_factory=list[tuple[str, Context]])


def read(cls: ClassDef, *, is_stub: bool) -> Body:
    """Reads the body of `cls`, and corrects what mypy takes for a member."""
    body = _Reader().read(cls.defs)
    if is_stub:
        _add_declared_members(cls)
    for name in body.not_members:
        symbol = cls.info.names.get(name)
        if symbol is not None and isinstance(symbol.node, Var):
            symbol.node.has_explicit_value = False  # otherwise mypy treats it as a member
    return body


def _add_declared_members(cls: ClassDef) -> None:
    """Makes members of the names that are declared as `NAME: str`, which is what stubgen writes."""
    for symbol in cls.info.names.values():
        declared = get_proper_type(symbol.type)
        if isinstance(declared, Instance) and declared.type.fullname == "builtins.str":
            if isinstance(symbol.node, Var):
                symbol.node.has_explicit_value = True


class _Reader:
    def __init__(self) -> None:
        self._body = Body()

    def read(self, block: Block) -> Body:
        self._block(block, "always")
        for item in _strings(self._body.values.get("_ignore_")):
            for name in item.value.replace(",", " ").split():
                if isinstance(self._body.values.get(name), StrExpr):
                    self._problem(ignored(name), item)
                else:
                    self._body.not_members.add(name)
        return self._body

    def _block(self, block: Block, runs: Runs) -> None:
        for statement in block.body:
            if isinstance(statement, AssignmentStmt):
                for lvalue in statement.lvalues:
                    if isinstance(lvalue, NameExpr):
                        self._assignment(lvalue, statement.rvalue, runs)
            elif isinstance(statement, _COMPOUND):
                for target in _targets(statement):
                    self._problem(f"write {target.name} = 'value' to define an operation", target)
                for inner, inner_runs in _blocks(statement):
                    order: list[Runs] = ["never", "sometimes", "always"]
                    self._block(inner, min(runs, inner_runs, key=order.index))
            elif runs != "never":
                self._other(statement)

    def _assignment(self, lvalue: NameExpr, value: Expression, runs: Runs) -> None:
        name = lvalue.name
        if runs == "never" or not _is_member_value(value):
            if name not in self._body.values:
                self._body.not_members.add(name)
            return
        self._body.values[name] = value
        self._body.not_members.discard(name)
        if runs == "sometimes":
            self._problem(
                f"{name} is defined conditionally, so it is uncertain whether it is an operation; "
                "define it unconditionally",
                lvalue,
            )

    def _other(self, statement: Statement) -> None:
        if isinstance(statement, ClassDef):
            self._problem(unsettled(statement.name), statement)
        elif isinstance(statement, ImportBase):
            self._problem("an import is not an operation; import it outside the enum", statement)
        elif isinstance(statement, DelStmt) and isinstance(statement.expr, NameExpr):
            self._problem(deleted(statement.expr.name), statement)
        elif isinstance(statement, OperatorAssignmentStmt):
            self._problem("an operation cannot be changed; write its final value", statement)

    def _problem(self, problem: str, place: Context) -> None:
        self._body.problems.append((problem, place))


def _blocks(statement: Statement) -> Iterator[tuple[Block, Runs]]:
    if isinstance(statement, IfStmt):
        yield from _branches(statement)
    elif isinstance(statement, WithStmt):
        yield statement.body, "always"
    elif isinstance(statement, TryStmt):
        for block in (statement.body, statement.else_body, statement.finally_body):
            if block is not None:
                yield block, "always"
        for handler in statement.handlers:
            yield handler, "sometimes"
    elif isinstance(statement, MatchStmt):
        for body in statement.bodies:
            yield body, "sometimes"
    elif isinstance(statement, (ForStmt, WhileStmt)):
        yield statement.body, "sometimes"


def _branches(statement: IfStmt) -> Iterator[tuple[Block, Runs]]:
    [condition], [body], otherwise = statement.expr, statement.body, statement.else_body
    truth = _constant(condition)
    if _holds_for_type_checkers_only(condition):
        truth = None
    elif body.is_unreachable:
        truth = False
    elif otherwise is not None and otherwise.is_unreachable:
        truth = True
    yield body, _runs(truth)
    if otherwise is not None:
        yield otherwise, _runs(None if truth is None else not truth)


def _runs(condition: bool | None) -> Runs:
    if condition is None:
        return "sometimes"
    return "always" if condition else "never"


def _constant(condition: Expression) -> bool | None:
    if isinstance(condition, (IntExpr, StrExpr)):
        return bool(condition.value)
    name = condition.fullname if isinstance(condition, NameExpr) else ""
    return {"builtins.True": True, "builtins.False": False}.get(name)


def _holds_for_type_checkers_only(condition: Expression) -> bool:
    name = condition.name if isinstance(condition, (NameExpr, MemberExpr)) else ""
    return name in ("TYPE_CHECKING", "MYPY")


def _targets(statement: Statement) -> Iterator[NameExpr]:
    targets: list[Lvalue | None] = []
    if isinstance(statement, ForStmt):
        targets = [statement.index]
    elif isinstance(statement, WithStmt):
        targets = [*statement.target]
    yield from (target for target in targets if isinstance(target, NameExpr))


def _is_member_value(value: Expression) -> bool:
    """Whether the enum module makes a member of `value`: it does not if that is a descriptor."""
    if isinstance(value, LambdaExpr):
        return False
    if isinstance(value, CallExpr) and isinstance(value.callee, RefExpr):
        made = value.callee.node
        is_descriptor = isinstance(made, TypeInfo) and made.get("__get__") is not None
        return not is_descriptor and value.callee.fullname != "enum.nonmember"
    return not (isinstance(value, RefExpr) and isinstance(value.node, (FuncBase, Decorator)))


def _strings(value: Expression | None) -> list[StrExpr]:
    items = value.items if isinstance(value, (ListExpr, TupleExpr)) else [value]
    return [item for item in items if isinstance(item, StrExpr)]
