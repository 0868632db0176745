"""The command-line program of an app, whose default command serves its ledger."""

import logging
import os
import sys

import click

from core.cli import commands
from core.cli.signals import exit_on_signals
from core.ledgers.errors import LedgerError
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT

_EPILOG = """\b
Exit codes:
  0  done, or posted before
  1  refused or failed, for the reason that is printed; `verify` has findings
  2  wrong usage
  3  no answer (balance, history, post), or a refused post that an earlier try
     may still write: the same command may succeed later

Settings are environment variables; the README lists them."""

log = logging.getLogger(__name__)


def main(ledger: Ledger[OperationT]) -> None:
    """Runs the command line of the app. A LedgerError or an OSError ends it with a message."""
    exit_on_signals(status=1)
    try:
        program_of(ledger).main(prog_name=ledger.name)
    except LedgerError as error:
        sys.exit(f"{ledger.name}: {error}")
    except OSError as error:  # such as a full disk; Click handles closed pipes
        log.debug("the command has failed", exc_info=True)
        # Otherwise Python would try to write the rest of the buffer again when it exits:
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(f"{ledger.name}: {error}")


def program_of(ledger: Ledger[OperationT]) -> click.Group:
    """Returns the program of the ledger's app."""

    class Program(click.Group):
        """Makes `serve` the default command: `--port 8001` is short for `serve --port 8001`."""

        def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
            if not args and ctx.resilient_parsing:  # a shell completes the command's name
                return super().parse_args(ctx, args)
            first = args[0] if args else ""
            if not first or (first.startswith("-") and first not in ("--help", "--version")):
                args = ["serve", *args]
            return super().parse_args(ctx, args)

        def list_commands(self, ctx: click.Context) -> list[str]:
            return list(commands.NAMES)

        def resolve_command(
            self, ctx: click.Context, args: list[str]
        ) -> tuple[str | None, click.Command | None, list[str]]:
            try:
                return super().resolve_command(ctx, args)
            except click.exceptions.NoSuchCommand as error:  # Click does not know the names
                names = self.list_commands(ctx)
                raise click.exceptions.NoSuchCommand(
                    error.command_name, possibilities=names, ctx=ctx
                ) from None

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            return commands.command(cmd_name, ledger)

    @click.group(cls=Program, epilog=_EPILOG)
    @click.option(
        "--version",
        is_flag=True,
        callback=_print_version,
        is_eager=True,
        help="Print the app, its git revision and its head migration, and exit.",
    )
    def program(version: bool) -> None:
        _log_to_standard_error(ledger.name)

    program.help = f"Serve and manage the {ledger.name} ledger. The default command is `serve`."
    return program


def _log_to_standard_error(app: str) -> None:
    # Imported here because completing a command and --help read no settings.
    from core.logs.standard_error import log_to_standard_error
    from core.settings.environment import read_settings
    from core.settings.groups import ServiceSettings

    settings = read_settings(ServiceSettings, app)
    log_to_standard_error(settings.log_level, settings.log_format)
    # Alembic logs what it sets up when it is imported, which is after this.
    logging.getLogger("alembic").getChild("runtime.plugins").setLevel(logging.WARNING)


def _print_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if not asked or context.resilient_parsing:
        return
    from core.migrations import revisions

    app = context.info_name or ""
    # `./pants package` stores LEDGER_REVISION in the PEX file: see pants-plugins/prelude.py.
    revision = os.environ.get("LEDGER_REVISION", "unknown")
    click.echo(f"{app}, git revision {revision}, head migration {revisions.head(app)}")
    context.exit()
