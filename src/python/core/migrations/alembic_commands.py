"""Runs Alembic's commands for people and deployers: a failure is one line with the next step.

Every service has them as its command `migrate`; `./pants migrate` runs this file itself.
"""

import sys

from alembic.config import CommandLine
from alembic.script.revision import MultipleHeads, ResolutionError
from alembic.util import CommandError
from pydantic import SecretStr

from core.ledgers.errors import LedgerError
from core.migrations import revisions


def migrate(app: str, url: SecretStr | None, *arguments: str, ini: str | None = None) -> None:
    """Runs Alembic on the app's migrations and the database at `url`; to the head by default.

    Without `url` the environment names the database, if the command needs one. `ini` is the
    app's alembic.ini, looked for on the path by default.

    Raises SystemExit when Alembic fails, with a message.
    """
    line = CommandLine(prog=f"{app} migrate")
    options = line.parser.parse_args([*(arguments or ("upgrade", "head"))])
    if not hasattr(options, "cmd"):
        line.parser.error("too few arguments")
    options.raiseerr = True  # instead of printing its own message, which names no next step
    try:
        config = revisions.config(app, url, ini)
        config.cmd_opts = options
        line.run_cmd(config, options)
    except (CommandError, LedgerError) as error:
        sys.exit(f"{app}: {_explanation(app, error, arguments)}")


def _explanation(app: str, error: Exception, arguments: tuple[str, ...]) -> str:
    match error.__cause__:
        case MultipleHeads() as cause:
            return (
                f"The migrations have more than one head: {', '.join(sorted(cause.heads))}. "
                "Nothing was changed. Order them, or merge them: "
                f'./pants migrate alembic/{app}:: -- merge heads -m "merge"'
            )
        case ResolutionError() as cause if not any(cause.argument in word for word in arguments):
            return (
                f"The database is at revision {cause.argument}, which this code does not know: "
                "newer code has migrated it. Nothing was changed. Use that code"
            )
        case _:
            return str(error)


if __name__ == "__main__":
    _app, _ini, *_arguments = sys.argv[1:]
    migrate(_app, None, *_arguments, ini=_ini)
