"""The command-line program of an app: serves its ledger, migrates it, checks and exports it."""

import json
import logging
import os
import sys

import click

from core.cli.database import at_the_head, given_or_embedded, move_embedded
from core.cli.exporting import export_command
from core.cli.keys import keys_commands
from core.cli.sbom import bill_of_materials
from core.cli.serving import serve
from core.cli.signals import exit_on_signals
from core.cli.verifying import verify_command
from core.ledgers.errors import LedgerError
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.migrations import alembic_commands, former_names, revisions
from core.service.app import openapi_document
from core.settings.environment import read_settings
from core.settings.groups import ServiceSettings


class _Program(click.Group):
    """Makes `serve` the default command: `--port 8001` is short for `serve --port 8001`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        if not first or (first.startswith("-") and first not in ("--help", "--version")):
            args = ["serve", *args]
        return super().parse_args(ctx, args)


def main(ledger: Ledger[OperationT]) -> None:
    """Runs the command line of the ledger's app. A LedgerError ends it with a message."""
    exit_on_signals(status=1)
    try:
        _program_of(ledger).main(prog_name=ledger.name)
    except LedgerError as error:
        sys.exit(f"{ledger.name}: {error}")


def _program_of(ledger: Ledger[OperationT]) -> click.Group:
    app = ledger.name

    @click.group(cls=_Program, epilog="Settings are environment variables; the README lists them.")
    @click.option(
        "--version",
        is_flag=True,
        callback=_print_version,
        is_eager=True,
        help="Print the app, its git revision and its head migration, and exit.",
    )
    def program(version: bool) -> None:
        logging.basicConfig(
            level=read_settings(ServiceSettings, app).log_level.upper(),
            format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        )

    program.help = f"Serve and manage the {app} ledger. The default command is `serve`."

    @program.command("serve", help="Serve the ledger over HTTP.")
    @click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
    @click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=8000,
        show_default=True,
        help="Port to listen on; 0 picks a free one.",
    )
    @click.option(
        "--workers",
        type=click.IntRange(1, 1000),
        default=1,
        show_default=True,
        help="How many processes serve, each with its own connections to the database.",
    )
    def serve_command(host: str, port: int, workers: int) -> None:
        serve(ledger, host, port, workers=workers)

    @program.command(
        "migrate",
        help="Run an Alembic command on the database; by default, `upgrade head`.",
        add_help_option=False,  # so that `migrate --help` is passed to Alembic
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    )
    @click.argument("arguments", metavar="[COMMAND ...]", nargs=-1, type=click.UNPROCESSED)
    def migrate_command(arguments: tuple[str, ...]) -> None:
        alembic_commands.parse(app, *arguments)  # before a database is needed
        compares = arguments[:1] == ("revision",) and "--autogenerate" in arguments
        with at_the_head(app) if compares else given_or_embedded(app) as url:
            alembic_commands.migrate(app, url, *arguments)

    @program.command("rename-from", help="Rename the ledger of the app's former name.")
    @click.argument("former")
    def rename_command(former: str) -> None:
        move_embedded(app, former)
        with given_or_embedded(app) as url:
            former_names.rename(app, url, former)

    @program.command("openapi", help="Print the OpenAPI document of the service.")
    def openapi_command() -> None:
        click.echo(json.dumps(openapi_document(ledger), indent=2, ensure_ascii=False))

    @program.command("sbom", help="Print what third-party code the package has, as CycloneDX JSON.")
    def sbom_command() -> None:
        click.echo(json.dumps(bill_of_materials(app), indent=2))

    program.add_command(verify_command(ledger))
    program.add_command(export_command(ledger))
    program.add_command(keys_commands(ledger))
    return program


def _print_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if not asked or context.resilient_parsing:
        return
    app = context.info_name or ""
    # `./pants package` stores LEDGER_REVISION in the PEX file: see pants-plugins/prelude.py.
    revision = os.environ.get("LEDGER_REVISION", "unknown")
    click.echo(f"{app}, git revision {revision}, head migration {revisions.head(app)}")
    context.exit()
