"""The commands `balance`, `history` and `post`, which concern a single owner."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import click

from core.cli.access import Access, access_options, post_again, with_client
from core.cli.entry_output import EntryLines, EntryTable, credits_, print_posted
from core.cli.notes import note_no_entries
from core.cli.times import time_option
from core.client.async_ledger_client import AsyncLedgerClient
from core.client.exceptions import UNKNOWN, ClientError, DuplicateNonce
from core.client.nonces import new_nonce
from core.ledgers.errors import InvalidIdentifier
from core.ledgers.history import MAX_PAGE
from core.ledgers.identifiers import validated_nonce, validated_owner_id
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT

_BALANCE_HELP = "Show the credits of OWNER, which are 0 for an unknown owner."
_HISTORY_HELP = """Show the entries of OWNER, newest first.

Each is shown with the balance after it. Times have an offset, such as 2026-11-25T10:00:00+01:00."""
_POST_HELP = """Post OPERATION for OWNER, once for each nonce.

The nonce is printed. If no answer comes, post again with the same nonce: if the first post has
succeeded, nothing is posted, and the exit code is 0."""


def _valid(_: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return validated_nonce(value) if parameter.name == "nonce" else validated_owner_id(value)
    except InvalidIdentifier as error:
        raise click.BadParameter(str(error)) from None


_owner = click.argument("owner", callback=_valid)


def balance_command(ledger: Ledger[OperationT]) -> click.Command:
    """Returns the command `balance` for this ledger."""

    @click.command("balance", help=_BALANCE_HELP)
    @_owner
    @click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
    @access_options(ledger.name)
    def command(access: Access, owner: str, as_json: bool) -> None:
        async def show(client: AsyncLedgerClient[OperationT]) -> None:
            balance = await client.balance(owner)
            if as_json:
                click.echo(json.dumps({"owner_id": owner, "balance": balance}))
                return
            click.echo(credits_(balance))
            # Only the note depends on it, so it does not matter if it fails.
            with suppress(ClientError):
                if balance == 0 and not (await client.page(owner, size=1)).entries:
                    note_no_entries(owner)

        with_client(ledger, access, show)

    return command


def history_command(ledger: Ledger[OperationT]) -> click.Command:
    """Returns the command `history` for this ledger."""

    @click.command("history", help=_HISTORY_HELP)
    @_owner
    @click.option(
        "--operation",
        "names",
        multiple=True,
        type=click.Choice(_names(ledger)),
        help="Only entries of this operation. Repeat it for several.",
    )
    @click.option(
        "--since", metavar="TIME", callback=time_option, help="Only entries from then on."
    )
    @click.option("--until", metavar="TIME", callback=time_option, help="Only entries before then.")
    @click.option("--limit", type=click.IntRange(min=1), help="At most so many entries.")
    @click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each entry.")
    @access_options(ledger.name)
    def command(
        access: Access,
        owner: str,
        names: Sequence[str],
        since: datetime | None,
        until: datetime | None,
        limit: int | None,
        as_json: bool,
    ) -> None:
        async def show(client: AsyncLedgerClient[OperationT]) -> None:
            output = EntryLines() if as_json else EntryTable()
            cursor, left = None, limit
            while True:
                page = await client.page(
                    owner,
                    operation=[ledger.operations(name) for name in names],
                    since=since,
                    until=until,
                    size=MAX_PAGE if left is None else min(left, MAX_PAGE),
                    cursor=cursor,
                )
                output.write(page.entries)
                if not (page.entries or cursor or names or since or until or as_json):
                    note_no_entries(owner)
                cursor = page.next
                left = None if left is None else left - len(page.entries)
                if cursor is None or left == 0:
                    return

        with_client(ledger, access, show)

    return command


def post_command(ledger: Ledger[OperationT]) -> click.Command:
    """Returns the command `post` for this ledger."""

    @click.command("post", help=_POST_HELP)
    @_owner
    @click.argument("operation", type=click.Choice(_names(ledger)), metavar="OPERATION")
    @click.option("--nonce", callback=_valid, help="Identifies the post; by default, a new one.")
    @click.option(
        "--quantity",
        type=click.IntRange(min=1),
        default=1,
        help="How many units, if the amount is per unit.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
    @access_options(ledger.name)
    def command(
        access: Access,
        owner: str,
        operation: str,
        nonce: str | None,
        quantity: int,
        as_json: bool,
    ) -> None:
        # Made here, so that the message of a failure can show it.
        key = new_nonce() if nonce is None else nonce

        async def post(client: AsyncLedgerClient[OperationT]) -> None:
            try:
                posted = await client.post(
                    owner_id=owner,
                    operation=ledger.operations(operation),
                    nonce=key,
                    quantity=quantity,
                )
            except DuplicateNonce as duplicate:
                print_posted(duplicate.entry, None, already=True, as_json=as_json)
            except (asyncio.CancelledError, SystemExit):  # a signal
                doubt = f"{UNKNOWN}: {post_again(key)}"
                click.echo(f"{ledger.name}: Interrupted; {doubt}", err=True)
                raise
            else:
                print_posted(posted, posted.balance, already=False, as_json=as_json)

        with_client(ledger, access, post)

    return command


def _names(ledger: Ledger[OperationT]) -> list[str]:
    return [operation.value for operation in ledger.operations]
