"""`/healthz` tells that the process lives, `/readyz` that it can serve."""

from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from core.service.problems import Problem


class Alive(BaseModel):
    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    status: Literal["ready"] = "ready"


def health_router(require_ready: Callable[[], None]) -> APIRouter:
    """`require_ready` raises DatabaseUnavailable or DatabaseNotMigrated."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> Alive:
        """The process lives. Restart it when this does not answer."""
        return Alive()

    @router.get("/readyz", responses={503: {"model": Problem}})
    def readyz() -> Ready:
        """The database answers, and has had this release's migrations or a newer one's.

        A newer one's, because a deploy migrates before it replaces the services that run.
        """
        require_ready()
        return Ready()

    return router
