"""The health routes: `/healthz` reports liveness, `/readyz` reports readiness."""

from collections.abc import Awaitable, Callable
from typing import Literal

from fastapi import FastAPI
from pydantic import BaseModel

from core.ledgers.errors import ShuttingDown
from core.service.problems import Problem


class Alive(BaseModel):
    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    status: Literal["ready"] = "ready"


class Drain:
    """Whether the service is draining: it still serves, but clients should go to another one."""

    def __init__(self) -> None:
        self.has_begun = False


def add_health_routes(
    app: FastAPI, require_ready: Callable[[], Awaitable[object]], drain: Drain
) -> None:
    """Adds the health routes. `require_ready` must raise a LedgerError if it is not ready."""

    @app.get("/healthz", tags=["health"])
    async def healthz() -> Alive:
        """Liveness: the process responds to requests. Restart the process if this fails."""
        return Alive()

    @app.get("/readyz", tags=["health"], responses={503: {"model": Problem}})
    async def readyz() -> Ready:
        """Readiness: the next post can succeed. The database responds, accepts writes, grants what
        posting needs, and has at least the migrations of this release.

        A newer database is accepted, because a deployment migrates the database before it
        replaces the running services.
        """
        if drain.has_begun:
            raise ShuttingDown("The service is about to stop: send requests to another one")
        await require_ready()
        return Ready()
