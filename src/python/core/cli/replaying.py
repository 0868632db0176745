"""The command `replay`: says which posts of the last days today's amounts would have refused."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import TextIO

import click
from pydantic import TypeAdapter, ValidationError

from core.cli.database import given_or_embedded
from core.cli.progress import Progress
from core.cli.tables import table
from core.ledgers.description import LedgerDescription
from core.ledgers.errors import DatabaseNotMigrated
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.replay import Former, Replay, unclear_units
from core.settings.environment import read_settings
from core.settings.groups import DatabaseSettings
from core.storage.replayed_posts import replayed

_HELP = """Say how many posts of the last days this code would have refused.

Replays them, owner by owner, with the amounts and limits of this code; what is refused counts as
not posted for what follows. Only reads, from one snapshot; posts do not wait. The database may be
that of a former release."""
_FORMER_HELP = """docs/operations/<app>.json of the release that posted, or - for standard input.
Needed if an amount per unit has changed, because the quantities depend on it."""


def replay_command(ledger: Ledger[OperationT]) -> click.Command:
    """Returns the command for this ledger."""

    @click.command("replay", help=_HELP)
    @click.option(
        "--days",
        type=click.IntRange(min=1, max=36500),
        default=30,
        show_default=True,
        help="How many days of posts to replay.",
    )
    @click.option("--former", type=click.File(encoding="utf-8"), help=_FORMER_HELP)
    @click.option(
        "--timeout",
        type=click.IntRange(min=1),
        default=300,
        show_default=True,
        metavar="SECONDS",
        help="How long the database may take to find the posts.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
    def command(days: int, former: TextIO | None, timeout: int, as_json: bool) -> None:
        described = None if former is None else _read(ledger.name, former)
        _require_clear_units(ledger, described)
        since = datetime.now(timezone.utc) - timedelta(days=days)
        settings = read_settings(DatabaseSettings, ledger.name)
        with given_or_embedded(ledger.name) as url, Progress("replayed") as progress:
            try:
                replay = replayed(
                    ledger,
                    url,
                    since=since,
                    former=described,
                    connect_timeout=settings.connect_timeout,
                    statement_timeout=timeout,
                    on_progress=progress,
                )
            except DatabaseNotMigrated as error:  # whose message is for a client of the service
                raise DatabaseNotMigrated(
                    f"The database has no ledger of {ledger.name!r}, or lacks one of its tables: "
                    "check its URL, and that a release has migrated it"
                ) from error
        if as_json:
            click.echo(json.dumps({"since": since.isoformat(), **_summary(replay)}, indent=2))
        else:
            for line in _report(replay):
                click.echo(line)

    return command


def _read(app: str, former: TextIO) -> Former:
    try:
        description = TypeAdapter(LedgerDescription).validate_json(former.read())
    except (ValidationError, UnicodeDecodeError):
        raise click.BadParameter(
            f"it is not what docs/operations/{app}.json has: give that file of a former release",
            param_hint="--former",
        ) from None
    if description["ledger"] != app:
        raise click.BadParameter(
            f"it is of the ledger {description['ledger']!r}, not {app!r}", param_hint="--former"
        )
    return {operation["operation"]: operation for operation in description["operations"]}


def _require_clear_units(ledger: Ledger[OperationT], former: Former | None) -> None:
    if unclear := unclear_units(ledger, former):
        raise click.UsageError(
            f"{' and '.join(unclear)} had another amount per unit, and an entry does not say "
            "which: add --former with what "
            f"`git show origin/main:docs/operations/{ledger.name}.json` prints, if that is the "
            "release that posted"
        )


def _summary(replay: Replay[OperationT]) -> dict[str, object]:
    return {
        "posts": replay.posts,
        "refused": replay.refused,
        "owners": replay.owners,
        "refused_owners": replay.refused_owners,
        "unknown_quantities": replay.unknown_quantities,
        "operations": [
            {"operation": operation, "posts": count.posts, "refused": dict(count.refused)}
            for operation, count in sorted(replay.counts.items())
        ],
    }


def _report(replay: Replay[OperationT]) -> Iterator[str]:
    rows = [
        (
            operation,
            f"{count.posts:,}",
            f"{count.refused.total():,}",
            ", ".join(f"{code} {number:,}" for code, number in count.refused.most_common()),
        )
        for operation, count in sorted(replay.counts.items())
    ]
    if rows:
        yield from table(("operation", "posts", "refused", ""), rows, numbers=(1, 2))
        yield ""
    yield (
        f"{replay.refused:,} of {replay.posts:,} posts would have been refused, which concerns "
        f"{replay.refused_owners:,} of {replay.owners:,} owners"
    )
    if replay.unknown_quantities:
        yield (
            "no multiple of an amount per unit, and so counted as one unit: "
            f"{replay.unknown_quantities:,}; keep former amounts in `formerly`"
        )
