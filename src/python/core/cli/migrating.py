"""The commands `migrate` and `rename-from`, which change the schema of a ledger."""

import click

from core.cli.database import at_the_head, given_or_embedded, move_embedded
from core.migrations import alembic_commands, former_names


def migrate_command(app: str) -> click.Command:
    """Returns the command that passes its arguments to Alembic."""

    @click.command(
        "migrate",
        help="Run an Alembic command on the database; by default, `upgrade head`.",
        add_help_option=False,  # so that `migrate --help` is passed to Alembic
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    )
    @click.argument("arguments", metavar="[COMMAND ...]", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> None:
        alembic_commands.parse(app, *arguments)  # before a database is needed
        compares = arguments[:1] == ("revision",) and "--autogenerate" in arguments
        with at_the_head(app) if compares else given_or_embedded(app) as url:
            alembic_commands.migrate(app, url, *arguments)

    return command


def rename_command(app: str) -> click.Command:
    """Returns the command that gives the ledger of another name the app's name."""

    @click.command("rename-from", help="Rename the ledger of the app's former name.")
    @click.argument("former")
    def command(former: str) -> None:
        move_embedded(app, former)
        with given_or_embedded(app) as url:
            former_names.rename(app, url, former)

    return command
