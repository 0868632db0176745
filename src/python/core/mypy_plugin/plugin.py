"""The plugin's entry point: tells mypy which definitions the plugin checks.

mypy.ini refers to this file by its path, so that it works wherever mypy is started: in a shell, in
an editor's daemon, or in Pants' sandbox. mypy imports it as `plugin`, outside any package.
"""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from mypy.errors import CompileError
from mypy.nodes import TypeAlias, TypeInfo
from mypy.plugin import (
    AttributeContext,
    ClassDefContext,
    DynamicClassDefContext,
    FunctionContext,
    MethodContext,
    Plugin,
)
from mypy.types import Instance, LiteralType, Type, get_proper_type

_PACKAGE = Path(__file__).parent
_SOURCES = _PACKAGE.parent.parent
if str(_SOURCES) not in sys.path:
    sys.path.append(str(_SOURCES))  # not at the front, where mypy has put this folder

# These imports need the path above.
from core.mypy_plugin import (  # noqa: E402
    amounts,
    class_form,
    extend_enum,
    ledger_subclass,
    limits,
    lookups,
    posts,
    rows,
    tables,
    units,
    values,
)
from core.mypy_plugin.names import (  # noqa: E402
    BASE,
    EXTEND_ENUM,
    LEDGER,
    LIMITS,
    MYPY_PLUGIN,
    PER_OPERATION,
    PER_UNIT,
    POST,
    REQUEST,
)
from core.mypy_plugin.reports import LEDGER_OPERATION  # noqa: E402

TESTED_VERSIONS: Final = ("2.4",)
"""The mypy versions with which tests/type_checking pass."""

_CallContext = TypeVar("_CallContext", FunctionContext, MethodContext)
_Context = TypeVar("_Context", DynamicClassDefContext, ClassDefContext)


class LedgerPlugin(Plugin):
    """Checks operation enums and ledgers with the same rules that apply at run time."""

    unknown_version: str | None = None
    """The version of mypy, if the plugin has not been tested with it."""

    def get_dynamic_class_hook(
        self, fullname: str
    ) -> Callable[[DynamicClassDefContext], None] | None:
        return self._definition(extend_enum.define) if fullname == EXTEND_ENUM else None

    def get_base_class_hook(self, fullname: str) -> Callable[[ClassDefContext], None] | None:
        cls = self._class(fullname)
        if cls is None:
            return None
        if cls.fullname == BASE:
            return self._definition(class_form.check)
        return self._definition(ledger_subclass.check) if cls.has_base(LEDGER) else None

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        if fullname == MYPY_PLUGIN:
            return _is_loaded
        if fullname == PER_OPERATION:
            return _call(tables.check)
        if fullname == PER_UNIT:
            return _call(units.check)
        if fullname in LIMITS:
            return _call(limits.check)
        cls = self._class(fullname)
        if cls is None:
            return None
        if cls.fullname == POST:
            return _call(posts.check)
        if cls.has_base(BASE):
            return _call(lookups.check_call)
        return _call(amounts.check) if cls.has_base(LEDGER) else None

    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        if fullname == REQUEST:
            return _call(posts.check)
        if fullname in ("builtins.str.__eq__", "builtins.str.__ne__"):
            return _call(lookups.check_comparison)
        return _call(rows.check) if rows.is_condition(fullname) else None

    def get_attribute_hook(self, fullname: str) -> Callable[[AttributeContext], Type] | None:
        return values.type_of_value if fullname == "enum.Enum.value" else None

    def _class(self, fullname: str) -> TypeInfo | None:
        """Returns the class that `fullname` is the name or an alias of."""
        symbol = self.lookup_fully_qualified(fullname) if "." in fullname else None
        node = symbol.node if symbol is not None else None
        if isinstance(node, TypeAlias):
            target = get_proper_type(node.target)
            return target.type if isinstance(target, Instance) else None
        return node if isinstance(node, TypeInfo) else None

    def _definition(self, check: Callable[[_Context], None]) -> Callable[[_Context], None]:
        """Wraps `check` so that a crash becomes an error at the definition, and mypy continues."""

        def hook(ctx: _Context) -> None:
            place = ctx.call if isinstance(ctx, DynamicClassDefContext) else ctx.cls
            if self.unknown_version is not None:
                ctx.api.fail(
                    f"The ledger plugin has not been tested with mypy {self.unknown_version}, only "
                    f"with {', '.join(TESTED_VERSIONS)}. Install a tested version, or run "
                    "tests/type_checking and add yours to core/mypy_plugin/plugin.py",
                    place,
                    code=LEDGER_OPERATION,
                )
            try:
                check(ctx)
            except CompileError:
                raise
            except Exception as error:
                ctx.api.fail(_crash(error), place, code=LEDGER_OPERATION)

        return hook


def _is_loaded(ctx: FunctionContext) -> Type:
    """Answers the question of core whether the plugin is loaded: with the type that it expects."""
    return LiteralType("loaded", ctx.api.named_generic_type("builtins.str", []))


def _call(check: Callable[[_CallContext], Type]) -> Callable[[_CallContext], Type]:
    """Wraps `check` so that a crash becomes an error at the call, and mypy continues."""

    def hook(ctx: _CallContext) -> Type:
        try:
            return check(ctx)
        except CompileError:
            raise
        except Exception as error:
            ctx.api.fail(_crash(error), ctx.context, code=LEDGER_OPERATION)
            return ctx.default_return_type

    return hook


def _crash(error: Exception) -> str:
    return f"The ledger plugin could not check this because of a bug; please report it: {error!r}"


def plugin(version: str) -> type[Plugin]:
    """Returns the plugin class. mypy calls this with its own version."""
    if ".".join(version.split(".")[:2]) in TESTED_VERSIONS:
        return LedgerPlugin
    return type("UnknownVersion", (LedgerPlugin,), {"unknown_version": version})


def _fingerprint() -> str:
    """Returns a hash of all source files that determine what the plugin reports."""
    files = [*sorted(_PACKAGE.glob("*.py")), *sorted((_PACKAGE.parent / "ledgers").glob("*.py"))]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


# mypy stores this value in its cache, and discards the cache when the value changes.
__version__ = _fingerprint()
