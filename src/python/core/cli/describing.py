"""The command `describe`: shows the operations of a ledger, with their amounts and limits."""

import json
from collections.abc import Iterator

import click

from core.cli.tables import table
from core.ledgers.description import described_ledger
from core.ledgers.ledger import Ledger
from core.ledgers.limits import Limit
from core.ledgers.operations import OperationT

_HELP = """Show the operations of this release, with their amounts and limits.

Amounts are in credits. Needs no database: it shows the code, not what is posted."""


def describe_command(ledger: Ledger[OperationT]) -> click.Command:
    """Returns the command for this ledger."""

    @click.command("describe", help=_HELP)
    @click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
    def command(as_json: bool) -> None:
        if as_json:
            description = {**described_ledger(ledger), "version": ledger.version}
            click.echo(json.dumps(description, indent=2))
            return
        for line in table(("operation", "amount", "", "limit"), [*_rows(ledger)], numbers=(1,)):
            click.echo(line)

    return command


def described(limit: Limit) -> str:
    """Returns the limit in words."""
    if limit.per is None:
        return f"{limit.count} ever"
    return f"{limit.count} per {limit.per}, {limit.timezone}"


def _rows(ledger: Ledger[OperationT]) -> Iterator[tuple[str, str, str, str]]:
    for operation, amount in ledger.amounts.items():
        per_unit, limit = ledger.per_unit.get(operation), ledger.limits.get(operation)
        unit = ""
        if per_unit is not None:
            unit = f"per unit, at most {per_unit.at_most:,} units"
            if per_unit.formerly:
                unit += f", formerly {', '.join(map(str, per_unit.formerly))}"
        yield operation.value, str(amount), unit, "" if limit is None else described(limit)
