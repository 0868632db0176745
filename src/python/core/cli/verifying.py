"""The command `verify`: checks the books of a ledger, and prints what it counted and found."""

import sys
from collections.abc import Iterator
from datetime import datetime

import click

from core.cli.database import given_or_embedded
from core.cli.describing import described
from core.cli.notes import note_no_entries
from core.cli.progress import Progress
from core.cli.tables import table
from core.cli.times import time_option
from core.ledgers.identifiers import validated_owner_id
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.migrations.readiness import require_ready
from core.settings.environment import read_settings
from core.settings.groups import DatabaseSettings
from core.storage.verification import Verification, verify

_HELP = """Check that the books are correct; exit with 1 if not.

Every balance is the sum of its entries and has never been negative, every amount is one that its
operation can have had, times go forward, and limits are kept. Reads one snapshot; posts do not
wait."""


def verify_command(ledger: Ledger[OperationT]) -> click.Command:
    """Returns the command for this ledger."""

    @click.command("verify", help=_HELP)
    @click.option("--owner", metavar="ID", help="Check only this owner.")
    @click.option(
        "--since",
        metavar="TIME",
        callback=time_option,
        help="Check only the owners that have an entry since then, with all of their entries.",
    )
    def command(owner: str | None, since: datetime | None) -> None:
        owner_id = None if owner is None else validated_owner_id(owner)
        settings = read_settings(DatabaseSettings, ledger.name)
        with given_or_embedded(ledger.name) as url, Progress("verified") as progress:
            require_ready(ledger, url, timeout=settings.connect_timeout)
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
        if owner_id is not None and since is None and not verification.entries:
            note_no_entries(owner_id)
        if verification.findings:
            sys.exit(1)

    return command


def _report(verification: Verification) -> Iterator[str]:
    if verification.amounts:
        yield from table(
            ("operation", "amount", "entries", ""),
            [
                (count.operation, count.amount, f"{count.entries:,}", count.remark)
                for count in verification.amounts
            ],
            numbers=(1, 2),
        )
        yield ""
    if verification.limits:
        yield from table(
            ("limit", "", "counted", "not counted"),
            [
                (
                    count.operation,
                    described(count.limit),
                    f"{count.counted:,}",
                    f"{count.not_counted:,}",
                )
                for count in verification.limits
            ],
            numbers=(1, 2),
        )
        yield ""
    found = len(verification.findings) + verification.further_findings
    counts = [(verification.owners, "owner", "owners"), (verification.entries, "entry", "entries")]
    counts.append((found, "finding", "findings"))
    yield ", ".join(f"{count:,} {one if count == 1 else many}" for count, one, many in counts)
    yield from map(str, verification.findings)
    if verification.further_findings:
        yield f"and {verification.further_findings:,} more"
