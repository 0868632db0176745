"""The commands that make API keys."""

from collections.abc import Sequence

import click

from core.keys.api_keys import new_key
from core.keys.scopes import scopes_in_words
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT


class _Scope(click.ParamType[str]):
    """A scope, which `new_key` checks. If it is missing, the message lists the scopes."""

    name = "text"

    def __init__(self, operations: Sequence[str]) -> None:
        self._operations = operations

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        return f"Use {scopes_in_words(self._operations)}."


def keys_commands(ledger: Ledger[OperationT]) -> click.Group:
    """Returns the group `keys`."""
    operations = [operation.value for operation in ledger.operations]

    @click.group("keys", help="Make API keys.")
    def keys() -> None: ...

    @keys.command(
        "new", help="Print a new key, and the line for API_KEYS, which has its hash only."
    )
    @click.argument("name")
    @click.option(
        "--scope",
        "scopes",
        multiple=True,
        required=True,
        type=_Scope(operations),
        help="What the key allows: read, post or post:OPERATION. Repeat it for several.",
    )
    @click.option("--expires", metavar="DATE", help="When it expires, in UTC, such as 2027-01-31.")
    def new(name: str, scopes: Sequence[str], expires: str | None) -> None:
        token, line = new_key(name, scopes, expires, operations)
        click.echo(f"key   {token}")
        click.echo(f"line  {line}")
        click.echo(
            "Give the key to its user: it is shown only now. Add the line to API_KEYS.", err=True
        )

    return keys
