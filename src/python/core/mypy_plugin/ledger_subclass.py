"""Checks subclasses of `Ledger`: they must not override what the checks of amounts rely on."""

from mypy.plugin import ClassDefContext

from core.ledgers.ledger import Ledger
from core.mypy_plugin.reports import LEDGER_OPERATION

_KEPT = ("__init__", "__new__", *(name for name in vars(Ledger) if not name.startswith("_")))


def check(ctx: ClassDefContext) -> None:
    for name in _KEPT:
        if name in ctx.cls.info.names:
            ctx.api.fail(
                f"{ctx.cls.name} replaces {name} of Ledger, so its amounts cannot be checked; "
                "use another name, or a function that returns a Ledger",
                ctx.cls,
                code=LEDGER_OPERATION,
            )
