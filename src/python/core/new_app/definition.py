"""Reads the definition of a new app from the words of the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.ledgers.errors import DefinitionError
from core.ledgers.ledger import Ledger, checked_name
from core.ledgers.operations import (
    SHARED_OPERATIONS,
    BaseLedgerOperation,
    OperationT,
    extend_enum,
)
from core.new_app.app_files import enum_name, text_of_files
from core.service.documents import documents_of

_LONGEST_LINE = 100


@dataclass(frozen=True)
class NewApp:
    name: str
    files: Mapping[str, str]
    """The text of each file, by its path in the workspace."""


def new_app(name: str, operations: Sequence[str], *, as_class: bool = False) -> NewApp:
    """Returns an app with `operations`, each of them written as NAME=AMOUNT.

    Raises DefinitionError if the name, an operation or an amount is invalid.
    """
    checked_name(name)
    amounts = _amounts(operations)
    # The library judges the definition as it does when the written files are imported.
    enum = extend_enum(
        BaseLedgerOperation, enum_name(name), {operation: operation for operation in amounts}
    )
    files = text_of_files(name, amounts, as_class=as_class)
    _check_lengths(files)
    return NewApp(name, {**files, **documents_of(_ledger(name, enum, amounts))})


def _ledger(
    name: str, operations: type[OperationT], amounts: Mapping[str, int]
) -> Ledger[OperationT]:
    by_operation = {operations[operation]: amount for operation, amount in amounts.items()}
    return Ledger(name=name, operations=operations, amounts=by_operation)


def _amounts(operations: Sequence[str]) -> dict[str, int]:
    amounts: dict[str, int] = {}
    for word in operations:
        name, equals, amount = word.partition("=")
        if not (name and equals and amount):
            raise DefinitionError(
                f"{word!r} is not an operation with its amount: write NAME=AMOUNT, such as "
                "PURCHASE=-7"
            )
        if name in SHARED_OPERATIONS:
            raise DefinitionError(
                f"{name} collides with a shared operation, which every app has already: leave it "
                "out. To change its amount for this app, add overrides={...} to its ledger.py"
            )
        if name in amounts:
            raise DefinitionError(f"{name} is given twice: remove one of them")
        try:
            amounts[name] = int(amount)
        except ValueError:
            raise DefinitionError(
                f"the amount of {name} must be an integer, such as 7 or -7, not {amount!r}"
            ) from None
    return amounts


def _check_lengths(files: Mapping[str, str]) -> None:
    for path, text in files.items():
        longest = max(text.splitlines(), key=len)
        if len(longest) > _LONGEST_LINE:
            raise DefinitionError(
                f"the line {longest.strip()!r} of {path} would have {len(longest)} characters, and "
                f"lint allows {_LONGEST_LINE}: choose shorter names"
            )
