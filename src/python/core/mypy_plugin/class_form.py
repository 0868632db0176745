"""Checks subclasses of `BaseLedgerOperation`: the shared operations, and the value of each one."""

from collections.abc import Iterator

from mypy.nodes import (
    AssignmentStmt,
    Block,
    EllipsisExpr,
    Expression,
    IfStmt,
    IntExpr,
    NameExpr,
    StrExpr,
    TempNode,
    TypeInfo,
)
from mypy.plugin import ClassDefContext

from core.ledgers.operations import SHARED_OPERATIONS, BaseLedgerOperation
from core.mypy_plugin.members import depend_on_members
from core.mypy_plugin.reports import LEDGER_OPERATION, refusal


def check(ctx: ClassDefContext) -> None:
    """Reports missing and invalid operations.

    Values must be literals. Stub files may omit them.
    """
    cls, stub = ctx.cls, ctx.api.is_stub_file
    depend_on_members(cls.info, ctx.api.named_type("builtins.str"))
    values = dict(_assignments(cls.defs))
    members: dict[str, object] = {}
    for name in cls.info.enum_members:
        value = values.get(name)
        if isinstance(value, (StrExpr, IntExpr)):
            members[name] = value.value
            continue
        if not (stub and _is_left_out(value)):
            ctx.api.fail(
                f"{cls.name}: write the value of {name} as a string literal, so that it can be "
                "checked",
                value if isinstance(value, Expression) and value.line > 0 else cls,
                code=LEDGER_OPERATION,
            )
        # A valid value, so that no second error is reported for the same operation.
        members[name] = name if name in SHARED_OPERATIONS else f"value {len(members)}"
    problem = refusal(lambda: _runtime_class(cls.name, members))
    if problem is not None:
        ctx.api.fail(problem, cls, code=LEDGER_OPERATION)
    if any(_makes_values(base) for base in cls.info.mro[1:]):
        ctx.api.fail(
            f"{cls.name} is not a valid operation enum: it mixes in another type, so operations of "
            "different apps could be equal; remove that type",
            cls,
            code=LEDGER_OPERATION,
        )


def _runtime_class(name: str, members: dict[str, object]) -> object:
    create: object = BaseLedgerOperation  # calling an enum class with members creates an enum
    assert callable(create)
    return create(name, members)


def _assignments(block: Block) -> Iterator[tuple[str, Expression]]:
    for statement in block.body:
        if isinstance(statement, AssignmentStmt):
            for lvalue in statement.lvalues:
                if isinstance(lvalue, NameExpr):
                    yield lvalue.name, statement.rvalue
        elif isinstance(statement, IfStmt):
            for branch in (*statement.body, *filter(None, [statement.else_body])):
                if not branch.is_unreachable:
                    yield from _assignments(branch)


def _is_left_out(value: Expression | None) -> bool:
    return value is None or isinstance(value, (EllipsisExpr, TempNode))


def _makes_values(base: TypeInfo) -> bool:
    return "__new__" in base.names and base.fullname not in ("builtins.object", "enum.Enum")
