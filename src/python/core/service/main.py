"""The command line of a service: serves its ledger, or migrates its database."""

import argparse
import logging
import os
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from pydantic import SecretStr

from core.embedded import postgresql_server
from core.migrations import alembic_commands
from core.migrations import revisions
from core.storage.connections import connect
from core.ledgers.errors import ConfigurationError, LedgerError
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.service.app import create_app
from core.settings import Settings, read_settings


def main(ledger: Ledger[OperationT]) -> None:
    """Runs what the command line asks for; exits with a message when it cannot."""
    _leave_on_signals(status=1)
    arguments = sys.argv[1:]
    try:
        settings = read_settings(ledger.name)
        logging.basicConfig(
            level=settings.log_level.upper(),
            format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        )
        if arguments[:1] == ["migrate"]:
            with _database(ledger.name, settings) as url:
                alembic_commands.migrate(ledger.name, url, *arguments[1:])
            return
        options = _parse(ledger.name, arguments)
        if options.version:
            print(_version(ledger.name))
        else:
            _serve(ledger, settings, options)
    except LedgerError as error:
        sys.exit(f"{ledger.name}: {error}")


def _leave_on_signals(*, status: int) -> None:
    """To leave by an exception stops what was started, such as the embedded database."""

    def leave(_: int, __: object) -> None:
        sys.exit(status)

    def terminate(_: int, __: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    signal.signal(signal.SIGHUP, terminate)


def _parse(app: str, arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=app,
        description=f"Serves {app}'s ledger over HTTP.",
        epilog="migrate [ALEMBIC COMMAND ...] migrates the database instead; "
        "without a command, to the head. The README lists the settings.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", default=8000, type=int, help="0 takes a free one (%(default)s)")
    parser.add_argument("--version", action="store_true", help="say what this is, and exit")
    return parser.parse_args(arguments)


def _version(app: str) -> str:
    # `package` freezes its own LEDGER_REVISION into the file: see pants-plugins/prelude.py.
    revision = os.environ.get("LEDGER_REVISION", "unknown")
    return f"{app}, git revision {revision}, head migration {revisions.head(app)}"


def _serve(ledger: Ledger[OperationT], settings: Settings, arguments: argparse.Namespace) -> None:
    with _listening(arguments.host, arguments.port) as listener:
        with _database(ledger.name, settings) as url:
            if settings.database_url is None:
                logging.getLogger("alembic").setLevel(logging.WARNING)
                revisions.upgrade(ledger.name, url)
            engine = connect(url, connect_timeout=settings.connect_timeout)
            revisions.require_migrated(ledger.name, engine)
            engine.dispose()
            app = create_app(ledger, settings.model_copy(update={"database_url": SecretStr(url)}))
            config = uvicorn.Config(
                app,
                log_config=None,
                access_log=settings.log_level == "debug",
                timeout_graceful_shutdown=settings.shutdown_timeout,
            )
            # While it serves, uvicorn handles signals: it lets requests in flight finish, and then
            # raises the signal again.
            _leave_on_signals(status=0)
            _Server(config, _greeting(ledger.name, settings, listener)).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Says where it is, once it is there."""

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._greeting, flush=True)


def _greeting(app: str, settings: Settings, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    data = "in the database that is set" if settings.database_url else str(_data(app, settings))
    body = '{"owner_id": "alice", "operation": "SIGNUP_CREDIT", "nonce": "first"}'
    return f"""
{app}'s ledger runs at {address}
  documentation  {address}/docs
  data           {data}
  try            curl -H 'Content-Type: application/json' -d '{body}' {address}/ledger
"""


@contextmanager
def _database(app: str, settings: Settings) -> Generator[str, None, None]:
    """The URL of the database that is set, or of the embedded one, which runs meanwhile."""
    if settings.database_url:
        yield settings.database_url.get_secret_value()
        return
    with postgresql_server.postgresql(_data(app, settings)) as url:
        yield url


def _data(app: str, settings: Settings) -> Path:
    return settings.data_dir.resolve() / app / "postgresql"


@contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket, None, None]:
    """Binds early: a port in use is found out before a database is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"Cannot listen on {host} port {port}: {error.strerror}; choose with --host, --port"
            ) from error
        yield listener
