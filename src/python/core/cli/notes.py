"""Notes on standard error, for people: standard output is what was asked for, and no more."""

import click

from core.cli.tables import printable


def note_no_entries(owner: str) -> None:
    """Says that the owner has no entries, because a misspelled owner looks like a new one."""
    click.echo(f"no entries: has {printable(owner)} ever been posted to?", err=True)
