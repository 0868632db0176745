"""The command `verify`: checks the books of a ledger, and prints what it counted and found."""

import re
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime

import click
from pydantic import AwareDatetime, TypeAdapter

from core.cli.database import given_or_embedded
from core.cli.progress import Progress
from core.ledgers.identifiers import validated_owner_id
from core.ledgers.ledger import Ledger
from core.ledgers.limits import Limit
from core.ledgers.operations import OperationT
from core.migrations.readiness import require_ready
from core.settings.environment import read_settings
from core.settings.groups import DatabaseSettings
from core.storage.verification import Verification, verify

_HELP = """Check that the books are right; exit with 1 if not.

Every balance is the sum of its entries and has never been negative, every amount is one that its
operation can have had, times go forward, and limits are kept. Reads one snapshot; posts do not
wait."""


def _time(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        if not re.match(r"\d{4}-\d\d-\d\d[Tt ]", value):  # Pydantic accepts numbers, too
            raise ValueError
        return TypeAdapter(AwareDatetime).validate_python(value)
    except ValueError:  # also Pydantic's ValidationError
        raise click.BadParameter(
            f"{value!r} is not a time with an offset, such as 2026-11-25T10:00:00+01:00"
        ) from None


def verify_command(ledger: Ledger[OperationT]) -> click.Command:
    """Returns the command for this ledger."""

    @click.command("verify", help=_HELP)
    @click.option("--owner", metavar="ID", help="Check only this owner.")
    @click.option(
        "--since",
        metavar="TIME",
        callback=_time,
        help="Check only the owners that have an entry since then, with all of their entries.",
    )
    def command(owner: str | None, since: datetime | None) -> None:
        owner_id = None if owner is None else validated_owner_id(owner)
        settings = read_settings(DatabaseSettings, ledger.name)
        with given_or_embedded(ledger.name) as url, Progress("verified") as progress:
            require_ready(ledger, url, timeout=settings.connect_timeout, or_newer=True)
            verification = verify(
                ledger,
                url,
                owner_id=owner_id,
                since=since,
                connect_timeout=settings.connect_timeout,
                on_progress=progress,
            )
        for line in _report(verification):
            click.echo(line)
        if verification.findings:
            sys.exit(1)

    return command


def _report(verification: Verification) -> Iterator[str]:
    if verification.amounts:
        yield from _table(
            ("operation", "amount", "entries", ""),
            [
                (count.operation, count.amount, f"{count.entries:,}", count.remark)
                for count in verification.amounts
            ],
        )
        yield ""
    if verification.limits:
        yield from _table(
            ("limit", "", "counted", "not counted"),
            [
                (
                    count.operation,
                    _described(count.limit),
                    f"{count.counted:,}",
                    f"{count.not_counted:,}",
                )
                for count in verification.limits
            ],
        )
        yield ""
    found = len(verification.findings) + verification.further_findings
    counts = [(verification.owners, "owner", "owners"), (verification.entries, "entry", "entries")]
    counts.append((found, "finding", "findings"))
    yield ", ".join(f"{count:,} {one if count == 1 else many}" for count, one, many in counts)
    yield from map(str, verification.findings)
    if verification.further_findings:
        yield f"and {verification.further_findings:,} more"


def _described(limit: Limit) -> str:
    if limit.per is None:
        return f"{limit.count} ever"
    return f"{limit.count} per {limit.per}, {limit.timezone}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    for row in (head, *rows):
        cells = [
            # The first column and remarks are text, the others are numbers.
            cell.rjust(width) if number in (1, 2) else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths))
        ]
        yield "  ".join(cells).rstrip()
