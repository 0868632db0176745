"""The command `export`: writes entries to standard output, as CSV or as lines of JSON."""

import csv
import json
import sys
from collections.abc import Callable, Iterable
from typing import TextIO

import click

from core.cli.database import given_or_embedded
from core.cli.notes import note_no_entries
from core.cli.progress import Progress
from core.ledgers.errors import ConfigurationError
from core.ledgers.identifiers import validated_owner_id
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.migrations.readiness import require_ready
from core.settings.environment import read_settings
from core.settings.groups import DatabaseSettings
from core.storage.export import ExportedEntry, exported

_HELP = """Write all entries to standard output, each with the balance after it.

They are ordered by owner and id, and come from one snapshot; posts do not wait. CSV is as in RFC
4180, in UTF-8. Nothing is changed, not even text that a spreadsheet would take for a formula:
import the columns owner_id and nonce as text."""


def export_command(ledger: Ledger[OperationT]) -> click.Command:
    """Returns the command for this ledger."""

    @click.command("export", help=_HELP)
    @click.option(
        "--format", "format_", type=click.Choice(sorted(_FORMATS)), required=True, help="Format."
    )
    @click.option("--owner", metavar="ID", help="Only the entries of this owner.")
    def command(format_: str, owner: str | None) -> None:
        owner_id = None if owner is None else validated_owner_id(owner)
        settings = read_settings(DatabaseSettings, ledger.name)
        with given_or_embedded(ledger.name) as url, Progress("exported") as progress:
            require_ready(ledger, url, timeout=settings.connect_timeout)
            with exported(
                ledger,
                url,
                owner_id=owner_id,
                connect_timeout=settings.connect_timeout,
                on_progress=progress,
            ) as entries:
                _write(entries, _FORMATS[format_])
        if owner_id is not None and not progress.entries:
            note_no_entries(owner_id)

    return command


def _write(
    entries: Iterable[ExportedEntry], write: Callable[[Iterable[ExportedEntry], TextIO], None]
) -> None:
    """Writes UTF-8, whatever the locale. Exits quietly if nobody reads the output any more."""
    try:
        # Not to sys.stdout: Python would try once more to write what is left in it when it exits.
        with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as output:
            write(entries, output)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        raise ConfigurationError(f"Cannot write the output: {error.strerror}") from error


def _write_csv(entries: Iterable[ExportedEntry], output: TextIO) -> None:
    writer = csv.writer(output)
    writer.writerow(ExportedEntry._fields)
    writer.writerows(entries)


def _write_ndjson(entries: Iterable[ExportedEntry], output: TextIO) -> None:
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for entry in entries:
        output.write(encode(entry._asdict()) + "\n")


_FORMATS = {"csv": _write_csv, "ndjson": _write_ndjson}
