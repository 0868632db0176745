"""Makes mypy treat `Name = extend_enum(...)` as the definition of an enum class with members."""

# mypy's own plugins use private names too, and some of its parameters are not annotated:
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false

from typing import Final

from mypy.nodes import (
    ARG_NAMED,
    ARG_POS,
    GDEF,
    MDEF,
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
    Var,
)
from mypy.plugin import DynamicClassDefContext
from mypy.semanal import SemanticAnalyzer
from mypy.types import Instance, LiteralType, get_proper_type

from core.ledgers.operations import SHARED_OPERATIONS, BaseLedgerOperation, extend_enum
from core.mypy_plugin.members import depend_on_members
from core.mypy_plugin.names import BASE
from core.mypy_plugin.reports import LEDGER_OPERATION, refusal

_PARAMETERS: Final = ("base", "name", "extra")


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
    if statement.unanalyzed_type is not None:
        definition.fail(f"{ctx.name} is a class, not a variable; remove its annotation")
    members = definition.members()
    base = api.named_type_or_none(BASE)
    if base is None:
        return  # mypy has not analyzed that module yet
    info = _class_of(api, ctx.name, base, members, call.line)
    # If the definition is invalid, that is reported once, without further errors at each use.
    info.fallback_to_any = definition.is_broken
    if _is_taken(api, ctx.name, call.line):
        definition.fail(f"{ctx.name} is defined twice; use another name")
        return
    api.add_symbol_table_node(ctx.name, SymbolTableNode(GDEF, info, plugin_generated=True))
    if not definition.is_broken:
        # Through this node mypy's daemon finds the class and its members when it merges an edited
        # module into its state. mypy then does not check the arguments; they are checked here.
        call.analyzed = EnumCallExpr(info, list(members), [None] * len(members))
        call.analyzed.set_line(call)


class _Definition:
    """A call to extend_enum as written in the source."""

    def __init__(self, api: SemanticAnalyzer, name: str, call: CallExpr) -> None:
        self._api = api
        self._name = name
        self._call = call
        self.is_broken = False

    def fail(self, message: str, place: Context | None = None) -> None:
        self.is_broken = True
        self._api.fail(message, place or self._call, code=LEDGER_OPERATION)

    def members(self) -> dict[str, str]:
        """Reports any errors in the arguments, and returns the valid members by name."""
        members = {name: name for name in SHARED_OPERATIONS}
        arguments = self._arguments()
        if arguments is None:
            self.is_broken = True  # mypy reports what is wrong with the arguments
            return members
        self._check_base(arguments["base"])
        self._check_name(arguments["name"])
        if "module" in arguments:
            self._check_module(arguments["module"])
        members.update(self._extra(arguments["extra"]))
        return members

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

    def _check_base(self, base: Expression) -> None:
        node = base.node if isinstance(base, RefExpr) else None
        if isinstance(node, TypeAlias):
            target = get_proper_type(node.target)
            node = target.type if isinstance(target, Instance) else None
        if not isinstance(node, TypeInfo) or node.fullname != BASE:
            self.fail(
                "the first argument must be BaseLedgerOperation, because an enum that has members "
                "cannot be extended",
                base,
            )

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

    def _extra(self, extra: Expression) -> dict[str, str]:
        if not isinstance(extra, DictExpr):
            self.fail("write the operations as a literal {...}, so that they can be checked", extra)
            return {}
        members: dict[str, str] = {}
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
                problem = self._refusal({first: value.value, key.value: value.value})
                if problem is not None:
                    self.fail(problem, key)
                else:
                    members[key.value] = value.value
        return members

    def _refusal(self, extra: dict[str, str]) -> str | None:
        return refusal(lambda: extend_enum(BaseLedgerOperation, self._name, extra))


def _class_of(
    api: SemanticAnalyzer, name: str, base: Instance, members: dict[str, str], line: int
) -> TypeInfo:
    info = api.basic_new_typeinfo(name, base, line)
    info.line = line
    info.metaclass_type = info.calculate_metaclass_type()
    info.is_enum = True
    string = api.named_type("builtins.str")
    for member, value in members.items():
        var = Var(member, string.copy_modified(last_known_value=LiteralType(value, string)))
        var.info = info
        var._fullname = f"{info.fullname}.{member}"
        var.line = line
        var.is_ready = True
        var.is_initialized_in_class = True
        var.has_explicit_value = True  # otherwise mypy would not treat it as a member
        info.names[member] = SymbolTableNode(MDEF, var, plugin_generated=True)
    depend_on_members(info, string)
    return info


def _is_taken(api: SemanticAnalyzer, name: str, line: int) -> bool:
    """Whether `name` is also defined on another line.

    A definition on this line is from an earlier pass of mypy over the same statement.
    """
    existing = api.current_symbol_table().get(name)
    return existing is not None and existing.node is not None and existing.node.line != line
