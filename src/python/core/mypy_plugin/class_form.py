"""Checks subclasses of `BaseLedgerOperation`: the class statement, and the value of each member."""

from mypy.nodes import (
    ClassDef,
    Context,
    EllipsisExpr,
    Expression,
    IntExpr,
    StrExpr,
    TempNode,
    TypeInfo,
)
from mypy.plugin import ClassDefContext

from core.ledgers.enum_contract import IS_DATACLASS, MIXES_IN, REFUSED_ATTRIBUTES, REFUSED_KEYWORDS
from core.ledgers.operations import SHARED_OPERATIONS, BaseLedgerOperation
from core.mypy_plugin import class_body
from core.mypy_plugin.members import depend_on_members
from core.mypy_plugin.names import BASE
from core.mypy_plugin.reports import LEDGER_OPERATION, refusal


def check(ctx: ClassDefContext) -> None:
    """Reports what the import would refuse, and what cannot be known before it.

    Values must be literals. Stub files may omit them.
    """
    cls = ctx.cls
    body = class_body.read(cls, is_stub=ctx.api.is_stub_file)
    depend_on_members(cls.info, ctx.api.named_type("builtins.str"))
    for problem in _statement_problems(cls):
        _fail(ctx, f"{cls.name} is not a valid operation enum: {problem}", cls)
    for problem, place in body.problems:
        _fail(ctx, f"{cls.name}: {problem}", place)
    members = _members(ctx, body)
    contract = refusal(lambda: _runtime_class(cls.name, members))
    if contract is not None:
        _fail(ctx, contract, cls)


def _members(ctx: ClassDefContext, body: class_body.Body) -> dict[str, object]:
    """Returns the members that mypy finds; reports those whose values are not literals."""
    cls = ctx.cls
    members: dict[str, object] = {}
    for name in cls.info.enum_members:
        value = body.values.get(name)
        if isinstance(cls.info.names[name].node, TypeInfo) or name in REFUSED_ATTRIBUTES:
            continue  # a nested class, or a name that is reported without its value
        if isinstance(value, (StrExpr, IntExpr)):
            members[name] = value.value
            continue
        if not (ctx.api.is_stub_file and _is_left_out(value)):
            _fail(
                ctx,
                f"{cls.name}: write the value of {name} as a string literal, so that it can be "
                "checked",
                value if isinstance(value, Expression) and value.line > 0 else cls,
            )
        # A valid value, so that no second error is reported for the same operation.
        members[name] = name if name in SHARED_OPERATIONS else f"value {len(members)}"
    return members


def _statement_problems(cls: ClassDef) -> list[str]:
    return [
        *(problem for name, problem in REFUSED_ATTRIBUTES.items() if name in cls.info.names),
        *[MIXES_IN] * any(_mixes_in(base) for base in cls.info.mro[1:]),
        *[IS_DATACLASS] * ("dataclass_tag" in cls.info.metadata),
        *[REFUSED_KEYWORDS] * any(keyword != "metaclass" for keyword in cls.keywords),
    ]


def _mixes_in(base: TypeInfo) -> bool:
    if base.fullname in (BASE, "builtins.object", "enum.Enum"):
        return False
    if base.has_base(BASE):
        return False  # an enum with members, which mypy reports
    return (
        base.is_enum
        or "dataclass_tag" in base.metadata
        or any(name in base.names for name in REFUSED_ATTRIBUTES)
    )


def _runtime_class(name: str, members: dict[str, object]) -> object:
    create: object = BaseLedgerOperation  # calling an enum class with members creates an enum
    assert callable(create)
    return create(name, members)


def _is_left_out(value: Expression | None) -> bool:
    return value is None or isinstance(value, (EllipsisExpr, TempNode))


def _fail(ctx: ClassDefContext, message: str, place: Context) -> None:
    ctx.api.fail(message, place, code=LEDGER_OPERATION)
