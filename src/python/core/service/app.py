"""Assembles the FastAPI application of a ledger."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from pydantic import SecretStr
from starlette.types import ASGIApp

from core.keys.api_keys import ApiKey, KeyRing, parse_keys
from core.ledgers.errors import ConfigurationError
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.metrics.exposition import Exposition
from core.metrics.ledger_metrics import LedgerMetrics
from core.service import console_route, docs_page
from core.service.authentication import Authentication
from core.service.balance_route import add_balance_route
from core.service.body_limit import BodyLimit
from core.service.description_route import add_description_route
from core.service.head_requests import HeadRequests
from core.service.health import Drain, add_health_routes
from core.service.history_routes import add_history_routes
from core.service.key_route import add_key_route
from core.service.ledger_schemas import LedgerSchemas
from core.service.limits_route import add_limits_route
from core.service.metrics_route import MetricsPort, add_metrics_route
from core.service.observation import Observation, template
from core.service.openapi import complete_document
from core.service.owner_path import RoutedPath
from core.service.problem_handlers import add_problem_handlers
from core.service.recorded_posts import RecordedPosts
from core.service.root_path import RootPath
from core.service.routes import add_posting_routes
from core.service.start_page import add_start_page
from core.service.workers import Worker, Workers
from core.settings.environment import source_of
from core.settings.groups import DatabaseSettings, ServiceSettings

if TYPE_CHECKING:  # it imports OpenTelemetry
    from core.traces.spans import Spans

# FastAPI's spans would contain the path, and so the owner. Even when they are off, checking for
# them slows every request down.
_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
# The paths that need no key.
_OPEN = frozenset(
    ("/", "/healthz", "/readyz", "/openapi.json", *docs_page.OPEN_PATHS, *console_route.OPEN_PATHS)
)


def create_app(
    ledger: Ledger[OperationT],
    database: DatabaseSettings,
    service: ServiceSettings,
    drain: Drain | None = None,
    *,
    processes: int = 1,
    spans: Spans | None = None,
) -> FastAPI:
    """Returns the application that serves `ledger` from the database in the settings.

    It connects on the first request, and is not ready once `drain` has begun. If `processes` are
    forked from this one, `metrics_of` returns what they must call. `spans`, if any, are those of
    its traces.

    Raises ConfigurationError if no database is given, or if a key is malformed or has the scope of
    an operation that the ledger lacks.
    """
    url = database.database_url
    if url is None:
        raise ConfigurationError(
            f"No database is given: set {ledger.name.upper()}_DATABASE_URL or DATABASE_URL"
        )
    keys = _keys(ledger, service)
    metrics = _metrics(ledger, service, keys, processes)
    workers = Workers(lambda: Worker(ledger, url, database, service, metrics, spans))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
        if spans is not None:
            spans.start()
        yield
        await workers.close_current()
        if spans is not None:
            await asyncio.to_thread(spans.flush)

    app = _application(ledger, lifespan)
    schemas = LedgerSchemas(ledger)
    # Routes are tried in this order, and most requests are for these.
    add_balance_route(app, lambda: workers.current().balances, lambda: workers.current().history)
    recorded = RecordedPosts(metrics.posts)
    add_posting_routes(app, ledger, schemas, lambda: workers.current().posts, recorded)
    add_history_routes(app, ledger, schemas, lambda: workers.current().history)
    add_limits_route(app, ledger, schemas, lambda: workers.current().history)
    app.add_middleware(BodyLimit)
    add_health_routes(app, lambda: workers.current().readiness.require(), drain or Drain())
    _add_descriptions_and_pages(app, ledger)
    if keys:
        app.add_middleware(Authentication, keys=KeyRing(keys), open_paths=_OPEN)
    app.add_middleware(RoutedPath)
    app.add_middleware(HeadRequests)
    if service.root_path:
        app.add_middleware(RootPath, root_path=service.root_path)
    exposition = Exposition(metrics)
    if service.metrics_port is None:
        add_metrics_route(app, exposition)
    else:
        app.add_middleware(MetricsPort, port=service.metrics_port, exposition=exposition)
    app.state.metrics = metrics
    _observe(app, metrics, spans, service)
    return app


def _application(
    ledger: Ledger[OperationT], lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]
) -> FastAPI:
    """Returns an application without routes."""
    app = FastAPI(
        title=f"{ledger.name} ledger",
        version=ledger.version,
        description="A ledger of credits. An owner's balance is the sum of its entries.",
        lifespan=lifespan,
        redirect_slashes=False,
        # Those of FastAPI need the internet.
        docs_url=None,
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
    )
    add_problem_handlers(app)
    complete_document(app, ledger)
    return app


def _add_descriptions_and_pages(app: FastAPI, ledger: Ledger[OperationT]) -> None:
    """Adds what needs no database: what the ledger and a key are, and the pages for people."""
    add_description_route(app, ledger)
    add_key_route(app)
    docs_page.add_docs_page(app)
    console_route.add_console_route(app, ledger.name)
    add_start_page(app, ledger.name)


def metrics_of(app: FastAPI) -> LedgerMetrics:
    """Returns the metrics of an application that create_app has returned."""
    metrics: LedgerMetrics = app.state.metrics
    return metrics


def _metrics(
    ledger: Ledger[OperationT], service: ServiceSettings, keys: Sequence[ApiKey], processes: int
) -> LedgerMetrics:
    return LedgerMetrics(
        operations=[operation.value for operation in ledger.operations],
        key_names=[key.name for key in keys],
        queue_size=service.queue_size,
        build={
            "app": ledger.name,
            "version": ledger.version,
            "revision": os.environ.get("LEDGER_REVISION", "unknown"),
            "python": platform.python_version(),
        },
        processes=processes,
    )


def _observe(
    app: FastAPI, metrics: LedgerMetrics, spans: Spans | None, service: ServiceSettings
) -> None:
    """Puts Observation around our middleware, in place of Starlette's and FastAPI's own."""
    build = app.build_middleware_stack
    durations = metrics.requests(sorted({template(route) for route in app.routes}))

    def build_observed() -> ASGIApp:
        outermost: Any = build()
        first: Any = app.user_middleware[0].cls
        while not isinstance(outermost, first):
            outermost = outermost.app
        return Observation(outermost, durations, spans=spans, access_log=service.access_log)

    app.build_middleware_stack = build_observed  # type: ignore[method-assign]  # no other way


def _keys(ledger: Ledger[OperationT], service: ServiceSettings) -> list[ApiKey]:
    if service.api_keys is None:
        return []
    setting = source_of(ledger.name, "api_keys")
    operations = [operation.value for operation in ledger.operations]
    try:
        keys = parse_keys(service.api_keys.get_secret_value(), operations)
    except ConfigurationError as error:
        raise ConfigurationError(f"{setting}: {error}") from None
    if not keys:
        raise ConfigurationError(f"{setting} has no key: unset it to let everybody in")
    return keys


def openapi_document(ledger: Ledger[OperationT]) -> dict[str, Any]:
    """The OpenAPI document of the ledger's service. Needs no database."""
    # Made without validation, and so without reading the environment.
    unused = DatabaseSettings.model_construct(database_url=SecretStr("postgresql://"))
    return create_app(ledger, unused, ServiceSettings.model_construct()).openapi()
