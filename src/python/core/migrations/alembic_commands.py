"""Runs Alembic commands, and reports a failure as one message that says what to do next.

This is the `migrate` command of every app's program. `./pants migrate` runs this module directly.
"""

import sys

from alembic.config import CommandLine
from alembic.script.revision import MultipleHeads, ResolutionError
from alembic.util import CommandError
from pydantic import SecretStr

from core.ledgers.errors import LedgerError
from core.migrations import revisions


def migrate(app: str, url: SecretStr | None, *arguments: str, ini: str | None = None) -> None:
    """Runs an Alembic command on the app's migrations; by default, `upgrade head`.

    If `url` is None, the environment variables determine the database. `ini` is the path of the
    app's alembic.ini; by default, it is searched for on `sys.path`.

    Raises SystemExit with a message if Alembic fails.
    """
    line = CommandLine(prog=f"{app} migrate")
    options = line.parser.parse_args([*(arguments or ("upgrade", "head"))])
    if not hasattr(options, "cmd"):
        line.parser.error("too few arguments")
    options.raiseerr = True  # Alembic's own message would not say what to do next
    try:
        config = revisions.config(app, url, ini)
        config.cmd_opts = options
        line.run_cmd(config, options)
    except (CommandError, LedgerError) as error:
        sys.exit(f"{app}: {_explanation(app, error, arguments)}")


def _explanation(app: str, error: Exception, arguments: tuple[str, ...]) -> str:
    match error.__cause__:
        case MultipleHeads() as cause:
            return str(revisions.several_heads(app, cause.heads))
        case ResolutionError() as cause if not any(cause.argument in word for word in arguments):
            return (
                f"The database is at revision {cause.argument}, which this code does not know: "
                "newer code has migrated it. Nothing was changed. Run this command with that code"
            )
        case _:
            return str(error)


if __name__ == "__main__":
    _app, _ini, *_arguments = sys.argv[1:]
    migrate(_app, None, *_arguments, ini=_ini)
