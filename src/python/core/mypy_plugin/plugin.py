"""The entry point: tells mypy which definitions it must ask this plugin about.

mypy.ini names this file by its path, so that it works wherever mypy starts: in a shell, in an
editor's daemon, in Pants' sandbox. mypy then knows it as `plugin`, outside of any package.
"""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from mypy.errors import CompileError
from mypy.nodes import TypeAlias
from mypy.plugin import ClassDefContext, DynamicClassDefContext, FunctionContext, Plugin
from mypy.types import Instance, Type, get_proper_type

_ROOM = Path(__file__).parent
_SOURCES = _ROOM.parent.parent
if str(_SOURCES) not in sys.path:
    sys.path.append(str(_SOURCES))  # the front is mypy's: it put this folder there

from core.mypy_plugin import amounts, class_form, extend_enum  # noqa: E402  # needs the path
from core.mypy_plugin.names import BASE, EXTEND_ENUM, LEDGER  # noqa: E402  # the same
from core.mypy_plugin.reports import LEDGER_OPERATION  # noqa: E402  # the same

TESTED_VERSIONS: Final = ("2.4",)
"""The versions of mypy that pass tests/type_checking."""

_Context = TypeVar("_Context", DynamicClassDefContext, ClassDefContext)


class LedgerPlugin(Plugin):
    """Checks operation enums and ledgers by the rules that hold at run time."""

    unknown_version: str | None = None
    """mypy's version, if this plugin was not tested with it."""

    def get_dynamic_class_hook(
        self, fullname: str
    ) -> Callable[[DynamicClassDefContext], None] | None:
        return self._definition(extend_enum.define) if fullname == EXTEND_ENUM else None

    def get_base_class_hook(self, fullname: str) -> Callable[[ClassDefContext], None] | None:
        return self._definition(class_form.check) if self._is_base(fullname) else None

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        return _ledger if fullname == LEDGER else None

    def _is_base(self, fullname: str) -> bool:
        if fullname == BASE:
            return True
        symbol = self.lookup_fully_qualified(fullname) if "." in fullname else None
        if symbol is None or not isinstance(symbol.node, TypeAlias):
            return False
        target = get_proper_type(symbol.node.target)
        return isinstance(target, Instance) and target.type.fullname == BASE

    def _definition(self, check: Callable[[_Context], None]) -> Callable[[_Context], None]:
        """`check`, but a crash in it is an error at the definition: mypy itself must go on."""

        def hook(ctx: _Context) -> None:
            place = ctx.call if isinstance(ctx, DynamicClassDefContext) else ctx.cls
            if self.unknown_version is not None:
                ctx.api.fail(
                    f"The ledger plugin does not know mypy {self.unknown_version}: it is tested "
                    f"with {', '.join(TESTED_VERSIONS)}. Install one of these, or run "
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


def _ledger(ctx: FunctionContext) -> Type:
    try:
        amounts.check(ctx)
    except CompileError:
        raise
    except Exception as error:
        ctx.api.fail(_crash(error), ctx.context, code=LEDGER_OPERATION)
    return ctx.default_return_type


def _crash(error: Exception) -> str:
    return f"The ledger plugin cannot check this, which is its defect: {error!r}"


def plugin(version: str) -> type[Plugin]:
    """What mypy calls, with its own version."""
    if ".".join(version.split(".")[:2]) in TESTED_VERSIONS:
        return LedgerPlugin
    return type("UnknownVersion", (LedgerPlugin,), {"unknown_version": version})


def _fingerprint() -> str:
    """Of all that decides what the plugin reports."""
    files = [*sorted(_ROOM.glob("*.py")), *sorted((_ROOM.parent / "ledgers").glob("*.py"))]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


# mypy compares this name's value with its cache's, and drops a cache that another plugin wrote.
__version__ = _fingerprint()
