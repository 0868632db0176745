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
from core.mypy_plugin.members import Members, record
from core.mypy_plugin.names import BASE
from core.mypy_plugin.reports import LEDGER_OPERATION, refusal

Problems = list[tuple[str, Context]]


def check(ctx: ClassDefContext) -> None:
    """Reports what the import would refuse, and what cannot be known before it.

    Values must be literals. Stub files may omit them.
    """
    cls, is_stub = ctx.cls, ctx.api.is_stub_file
    body = class_body.read(cls, is_stub=is_stub)
    problems: Problems = [
        (f"{cls.name} is not a valid operation enum: {problem}", cls)
        for problem in _statement_problems(cls)
    ]
    problems += [(f"{cls.name}: {problem}", place) for problem, place in body.problems]
    members: dict[str, object] = {}
    for name in cls.info.enum_members:
        if isinstance(cls.info.names[name].node, TypeInfo) or name in REFUSED_ATTRIBUTES:
            continue  # a nested class, or a name that is reported without its value
        members[name] = _value(cls, name, body.values.get(name), is_stub, problems)
    # Values that are not known count as valid, so that each operation is reported once.
    known = {
        name: f"unknown value {number}" if value is None else value
        for number, (name, value) in enumerate(members.items())
    }
    contract = refusal(lambda: _runtime_class(cls.name, known))
    if contract is not None:
        problems.append((contract, cls))
    for problem, place in problems:
        ctx.api.fail(problem, place, code=LEDGER_OPERATION)
    values = {name: value if isinstance(value, str) else None for name, value in members.items()}
    record(cls.info, Members(values, bool(problems)), ctx.api.named_type("builtins.str"))


def _value(
    cls: ClassDef, name: str, value: Expression | None, is_stub: bool, problems: Problems
) -> object:
    """Returns the value of a member, or None if that is not a literal, which is a problem."""
    if isinstance(value, (StrExpr, IntExpr)):
        return value.value
    if not (is_stub and _is_left_out(value)):
        problems.append(
            (
                f"{cls.name}: write the value of {name} as a string literal, so that it can be "
                "checked",
                value if isinstance(value, Expression) and value.line > 0 else cls,
            )
        )
    return name if name in SHARED_OPERATIONS else None


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
