"""Makes mypy treat `Name = extend_enum(...)` as the definition of an enum class with members."""

# Some parameters of mypy are not annotated:
# pyright: reportUnknownMemberType=false

from typing import Any, Final

from mypy.nodes import (
    ARG_NAMED,
    ARG_POS,
    GDEF,
    AssignmentStmt,
    CallExpr,
    Context,
    DictExpr,
    EnumCallExpr,
    Expression,
    NameExpr,
    RefExpr,
    StrExpr,
    SymbolTableNode,
    TypeAlias,
    TypeInfo,
)
from mypy.plugin import DynamicClassDefContext
from mypy.semanal import SemanticAnalyzer
from mypy.server.trigger import make_trigger
from mypy.types import Instance, get_proper_type

from core.ledgers.operations import SHARED_OPERATIONS, BaseLedgerOperation, extend_enum
from core.mypy_plugin.enum_class import class_of
from core.mypy_plugin.members import Members, recorded
from core.mypy_plugin.names import BASE
from core.mypy_plugin.reports import LEDGER_OPERATION, refusal

_PARAMETERS: Final = ("base", "name", "extra")
_SHARED: Final = {name: name for name in SHARED_OPERATIONS}


def define(ctx: DynamicClassDefContext) -> None:
    """Binds the assigned name to a new class, and reports any errors in the call.

    Only an assignment at module level creates a class. In a function, the call is an ordinary call
    with the type that the signature of `extend_enum` gives it.
    """
    api, call = ctx.api, ctx.call
    assert isinstance(api, SemanticAnalyzer)
    statement = api.statement
    if api.is_func_scope() or not isinstance(statement, AssignmentStmt):
        return
    if statement.rvalue is not call:  # the call is only a part of what is assigned
        return
    definition = _Definition(api, ctx.name, call)
    if api.is_class_scope():
        definition.fail(
            "extend_enum must be called at module level; otherwise, members cannot be pickled"
        )
        return
    root = api.named_type_or_none(BASE)
    if root is None:
        return  # mypy has not analyzed that module yet
    if statement.unanalyzed_type is not None:
        definition.fail(f"{ctx.name} is a class, not a variable; remove its annotation")
    if _is_taken(api, ctx.name, call.line):
        definition.fail(f"{ctx.name} is defined twice; use another name")
        return
    members = definition.members()
    info = class_of(api, ctx.name, root, members, call.line)
    api.add_symbol_table_node(ctx.name, SymbolTableNode(GDEF, info, plugin_generated=True))
    # If the definition is invalid, that is reported once, without further errors at each use.
    if not members.is_broken:
        # Through this node mypy's daemon finds the class and its members when it merges an edited
        # module into its state. mypy then does not check the arguments; they are checked here.
        call.analyzed = EnumCallExpr(info, list(members.values), [None] * len(members.values))
        call.analyzed.set_line(call)
        definition.depend_on_base()


class _Definition:
    """A call to extend_enum as written in the source."""

    def __init__(self, api: SemanticAnalyzer, name: str, call: CallExpr) -> None:
        self._api = api
        self._name = name
        self._call = call
        self._is_broken = False
        self._given = self._arguments()
        self._base = _class_named(self._given["base"]) if self._given else None

    def fail(self, message: str, place: Context | None = None) -> None:
        self._is_broken = True
        self._api.fail(message, place or self._call, code=LEDGER_OPERATION)

    def depend_on_base(self) -> None:
        """Makes mypy's daemon analyze this definition again when the base changes."""
        if self._base is not None and self._given is not None:
            names = {self._base.fullname, getattr(self._given["base"], "fullname", "")}
            for name in names:
                self._api.add_plugin_dependency(make_trigger(name))

    def members(self) -> Members:
        """Reports any errors in the arguments, and returns the valid members by name."""
        if self._given is None:
            return Members(_SHARED, is_broken=True)  # mypy reports what is wrong with the arguments
        base = self._members_of_base(self._given["base"])
        self._check_name(self._given["name"])
        if "module" in self._given:
            self._check_module(self._given["module"])
        extra = self._extra(self._given["extra"], base)
        return Members({**base.values, **extra}, self._is_broken or base.is_broken)

    def _arguments(self) -> dict[str, Expression] | None:
        """Returns the arguments by parameter, or None if the call does not fit the signature."""
        found: dict[str, Expression] = {}
        call = self._call
        parameters = iter(_PARAMETERS)
        for argument, kind, name in zip(call.args, call.arg_kinds, call.arg_names):
            if kind not in (ARG_POS, ARG_NAMED):
                self.fail("write out each argument of extend_enum, without * or **", argument)
                return None
            parameter = name or next(parameters, None)
            if parameter in found or parameter not in (*_PARAMETERS, "module"):
                return None
            found[parameter] = argument
        return found if all(parameter in found for parameter in _PARAMETERS) else None

    def _members_of_base(self, base: Expression) -> Members:
        if self._base is not None and self._base.fullname == BASE:
            return Members(_SHARED, is_broken=False)
        if self._base is None or not self._base.has_base(BASE):
            self.fail(
                "the first argument must be BaseLedgerOperation or another operation enum, given "
                "by its name",
                base,
            )
            return Members(_SHARED, is_broken=True)
        # An enum whose members are not recorded is invalid, which is reported where it is defined.
        return recorded(self._base) or Members(_SHARED, is_broken=True)

    def _check_name(self, name: Expression) -> None:
        if not isinstance(name, StrExpr) or name.value != self._name:
            given = repr(name.value) if isinstance(name, StrExpr) else "another expression"
            self.fail(
                f"the second argument must be {self._name!r}, the name that the enum is assigned "
                f"to, not {given}",
                name,
            )

    def _check_module(self, module: Expression) -> None:
        if isinstance(module, NameExpr) and module.name in ("__name__", "None"):
            return
        if not isinstance(module, StrExpr) or module.value != self._api.cur_mod_id:
            self.fail("the module must be __name__; otherwise, members cannot be pickled", module)

    def _extra(self, extra: Expression, base: Members) -> dict[str, str]:
        if not isinstance(extra, DictExpr):
            self.fail("write the operations as a literal {...}, so that they can be checked", extra)
            return {}
        members: dict[str, str] = {}
        family = self._runtime_base(base)
        names: dict[str, str] = {}  # the name of the first member that has a value
        for key, value in extra.items:
            if not isinstance(key, StrExpr) or not isinstance(value, StrExpr):
                self.fail(
                    "write each operation as two string literals, 'NAME': 'value', so that it "
                    "can be checked",
                    value if key is None or isinstance(key, StrExpr) else key,
                )
            elif key.value in members:
                self.fail(f"{self._name}: {key.value} is given twice; remove one", key)
            else:
                first = names.setdefault(value.value, key.value)
                # Only an operation with the same value can make this one wrong.
                problem = self._refusal(family, {first: value.value, key.value: value.value})
                if problem is not None:
                    self.fail(problem, key)
                else:
                    members[key.value] = value.value
        return members

    def _runtime_base(self, base: Members) -> type[BaseLedgerOperation]:
        """Returns a real enum with the members of the base, to which the rules are applied."""
        if self._base is None or self._base.fullname == BASE or base.is_broken:
            return BaseLedgerOperation
        create: Any = BaseLedgerOperation  # calling it with members creates an enum
        family: type[BaseLedgerOperation] = create(self._base.name, base.stand_in())
        return family

    def _refusal(self, base: type[BaseLedgerOperation], extra: dict[str, str]) -> str | None:
        return refusal(lambda: extend_enum(base, self._name, extra))


def _class_named(expression: Expression) -> TypeInfo | None:
    """Returns the class that the expression is the name or an alias of."""
    node = expression.node if isinstance(expression, RefExpr) else None
    if isinstance(node, TypeAlias):
        target = get_proper_type(node.target)
        return target.type if isinstance(target, Instance) else None
    return node if isinstance(node, TypeInfo) else None


def _is_taken(api: SemanticAnalyzer, name: str, line: int) -> bool:
    """Whether `name` is also defined on another line.

    A definition on this line is from an earlier pass of mypy over the same statement.
    """
    existing = api.current_symbol_table().get(name)
    return existing is not None and existing.node is not None and existing.node.line != line
