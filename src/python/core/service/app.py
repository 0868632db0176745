"""Assembles the FastAPI application of a ledger."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr

from core.ledgers.errors import ConfigurationError
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import BatchOutcome
from core.ledgers.requests import MAX_BATCH, Batch
from core.migrations.readiness import Readiness
from core.service.body_limit import BodyLimit
from core.service.group_queue import GroupQueue
from core.service.head_requests import HeadRequests
from core.service.health import health_router
from core.service.openapi import document_problems
from core.service.owner_path import RoutedPath
from core.service.problem_handlers import add_problem_handlers
from core.service.root_path import RootPath
from core.service.routes import add_balance_route, add_posting_routes
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.storage.store import LedgerStore

_READINESS_SECONDS = 2.5  # orchestrators commonly wait for three


def create_app(
    ledger: Ledger[OperationT], database: DatabaseSettings, service: ServiceSettings
) -> FastAPI:
    """Returns the application that serves `ledger` from the database in the settings.

    It connects on the first request. Raises ConfigurationError if no database is given.
    """
    url = database.database_url
    if url is None:
        raise ConfigurationError(
            f"No database is given: set {ledger.name.upper()}_DATABASE_URL or DATABASE_URL"
        )
    store = LedgerStore(
        ledger,
        url,
        connect_timeout=database.connect_timeout,
        statement_timeout=database.statement_timeout,
        lock_timeout=database.lock_timeout,
        call_timeout=database.request_timeout,
    )
    readiness = Readiness(ledger, url, timeout=_READINESS_SECONDS, or_newer=True)

    posts: GroupQueue[Batch[OperationT], BatchOutcome[OperationT]]
    limits = {"max_waiting": service.queue_size, "max_group": MAX_BATCH}
    posts = GroupQueue(store.post_batches, **limits, timeout=database.request_timeout)
    balances: GroupQueue[str, int]
    balances = GroupQueue(store.balances, **limits, timeout=database.request_timeout)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
        yield
        store.close()  # which ends a group in progress: nobody waits for its outcome any more
        await posts.close()
        await balances.close()
        readiness.close()

    app = FastAPI(
        title=f"{ledger.name} ledger",
        version=ledger.version,
        description="A ledger of credits. An owner's balance is the sum of its entries.",
        lifespan=lifespan,
        redirect_slashes=False,
    )
    add_problem_handlers(app)
    document_problems(app)
    # Routes are tried in this order, and most requests are for these.
    add_balance_route(app, balances)
    add_posting_routes(app, ledger, posts)
    app.add_middleware(BodyLimit)
    app.include_router(health_router(readiness.require))
    app.add_middleware(RoutedPath)
    app.add_middleware(HeadRequests)
    if service.root_path:
        app.add_middleware(RootPath, root_path=service.root_path)
    return app


def openapi_document(ledger: Ledger[OperationT]) -> dict[str, Any]:
    """The OpenAPI document of the ledger's service. Needs no database."""
    # Made without validation, and so without reading the environment.
    unused = DatabaseSettings.model_construct(database_url=SecretStr("postgresql://"))
    return create_app(ledger, unused, ServiceSettings.model_construct()).openapi()
