"""Prints entries: as tables for people, or as JSON objects for programs."""

import json
from collections.abc import Sequence
from datetime import timezone

import click

from core.cli.tables import Columns, printable
from core.client.results import Entry, HistoryEntry, UnknownOperation
from core.ledgers.operations import BaseLedgerOperation

_HEAD = ("time (UTC)", "operation", "amount", "balance", "nonce")


class EntryTable:
    """Prints pages of entries as a table. The first page decides how wide its columns are."""

    def __init__(self) -> None:
        self._columns: Columns | None = None

    def write(self, entries: Sequence[HistoryEntry[BaseLedgerOperation]]) -> None:
        rows = [_row(entry) for entry in entries]
        if self._columns is None:
            self._columns = Columns([_HEAD, *rows], numbers=(2, 3))
            click.echo(self._columns.line(_HEAD))
        for row in rows:
            click.echo(self._columns.line(row))


class EntryLines:
    """Prints each entry as a JSON object on a line of its own."""

    def write(self, entries: Sequence[HistoryEntry[BaseLedgerOperation]]) -> None:
        for entry in entries:
            click.echo(json.dumps({**_fields(entry), "balance": entry.balance}))


def print_posted(
    entry: Entry[BaseLedgerOperation], balance: int | None, *, already: bool, as_json: bool
) -> None:
    """Prints the entry of a post, and the balance after it if that is known."""
    if as_json:
        more = {"balance": balance, "already_posted": already}
        click.echo(json.dumps({**_fields(entry), **more}))
        return
    done = "already posted" if already else "posted"
    click.echo(f"{done}: {printable(_name(entry))}, {credits_(entry.amount)}, entry {entry.id}")
    click.echo(f"nonce:   {printable(entry.nonce)}")
    if balance is not None:
        click.echo(f"balance: {credits_(balance)}")


def credits_(count: int) -> str:
    """Returns a number of credits in words."""
    return f"{count:,} {'credit' if abs(count) == 1 else 'credits'}"


def _row(entry: HistoryEntry[BaseLedgerOperation]) -> tuple[str, ...]:
    time = entry.created_on.astimezone(timezone.utc)
    return (
        f"{time:%Y-%m-%d %H:%M:%S}",
        printable(_name(entry)),
        f"{entry.amount:,}",
        f"{entry.balance:,}",
        printable(entry.nonce),
    )


def _fields(entry: Entry[BaseLedgerOperation]) -> dict[str, str | int]:
    """Returns the fields in the order and the form of `export`."""
    time = entry.created_on.astimezone(timezone.utc)
    return {
        "id": entry.id,
        "owner_id": entry.owner_id,
        "operation": _name(entry),
        "amount": entry.amount,
        "nonce": entry.nonce,
        "created_on": f"{time:%Y-%m-%dT%H:%M:%S.%fZ}",
    }


def _name(entry: Entry[BaseLedgerOperation]) -> str:
    operation = entry.operation
    return operation.value if isinstance(operation, UnknownOperation) else str(operation.value)
