"""The command `serve`: runs a ledger's service until it receives a signal to stop."""

import logging

import click
from pydantic import SecretStr

from core.cli import interpreter
from core.cli.database import embedded_data, given_or_embedded
from core.cli.greeting import greeting, is_reachable
from core.cli.listening import listening
from core.cli.signals import exit_on_signals
from core.embedded.programs import binary
from core.http_server.server import HttpServer
from core.http_server.worker_processes import WorkerProcesses
from core.ledgers.errors import DatabaseUnreachable
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.migrations import revisions
from core.migrations.readiness import require_ready
from core.service.app import create_app, metrics_of
from core.service.health import Drain
from core.settings.environment import read_settings, source_of
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.traces.configuration import configured_spans

log = logging.getLogger(__name__)


def serve_command(ledger: Ledger[OperationT]) -> click.Command:
    """Returns the command for this ledger."""

    @click.command("serve", help="Serve the ledger over HTTP.")
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
    def command(host: str, port: int, workers: int) -> None:
        serve(ledger, host, port, workers=workers)

    return command


def serve(ledger: Ledger[OperationT], host: str, port: int, *, workers: int = 1) -> None:
    """Serves the ledger on `host` and `port`, from the configured or the embedded database.

    The embedded database is migrated first; a configured one never is. With several `workers`, as
    many processes serve, and this one supervises them.

    Raises DatabaseNotMigrated if a configured database lacks the head revision, and
    ConfigurationError if the address cannot be used.
    """
    app = ledger.name
    database = read_settings(DatabaseSettings, app)
    settings = read_settings(ServiceSettings, app)
    # Before the port, because without a database no port would help.
    if database.database_url is None:
        binary("postgres")
    else:
        _require_given(ledger, database.database_url, timeout=database.connect_timeout)
    with (
        listening(app, host, port, settings.metrics_port) as listeners,
        given_or_embedded(app) as url,
    ):
        if settings.metrics_port is not None:
            metrics_port = listeners[1].getsockname()[1]
            settings = settings.model_copy(update={"metrics_port": metrics_port})
        data, embedded = "in the configured database", None
        if database.database_url is None:
            data, embedded = str(embedded_data(app)), url
            logging.getLogger("alembic").setLevel(logging.WARNING)
            revisions.upgrade(app, url)
            require_ready(ledger, url, timeout=database.connect_timeout, warn=True)
        drain = Drain()
        application = create_app(
            ledger,
            database.model_copy(update={"database_url": url}),
            settings,
            drain,
            processes=workers,
            spans=configured_spans(app),
        )
        has_keys = settings.api_keys is not None
        if not has_keys and is_reachable(listeners[0]):
            log.warning(
                "Everybody who can reach %s can read and post: set %s, or listen on 127.0.0.1",
                host,
                source_of(app, "api_keys"),
            )
        text = greeting(app, listeners, data, embedded, has_keys=has_keys)
        # While serving, the server handles signals itself: it finishes the requests in flight.
        exit_on_signals(status=0)
        interpreter.tune()

        def on_start() -> None:
            print(text, flush=True)

        if workers == 1:
            server = HttpServer(application, settings, drain=drain, on_start=on_start)
            server.run(sockets=listeners)
        else:
            metrics = metrics_of(application)
            processes = WorkerProcesses(
                application,
                settings,
                workers,
                drain=drain,
                on_begin=metrics.become,
                on_end=metrics.ended,
            )
            processes.run(listeners, on_start=on_start)


def _require_given(ledger: Ledger[OperationT], url: SecretStr, *, timeout: float) -> None:
    """Like require_ready, but its message has the variable that the URL comes from."""
    try:
        require_ready(ledger, url, timeout=timeout, warn=True)
    except DatabaseUnreachable as error:
        variable = source_of(ledger.name, "database_url")
        raise DatabaseUnreachable(f"{error}\nCheck {variable}") from error
