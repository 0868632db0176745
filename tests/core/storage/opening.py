"""What the tests of connections share: how they open one, and how long they wait."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from pydantic import SecretStr

from core.storage.connections import libpq_parameters, session_settings
from core.storage.event_loop_connection import EventLoopConnection
from core.storage.session import Session, Statement

LONG = 60.0
SHORT = 0.3


def parameters(url: SecretStr) -> dict[str, Any]:
    return libpq_parameters(url, statement_timeout=LONG)


async def open_at(url: SecretStr, timeout: float = LONG) -> EventLoopConnection:
    return await EventLoopConnection.open(parameters(url), timeout=timeout)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, LONG))


def session_at(url: SecretStr) -> Session:
    return Session(
        parameters(url),
        session_settings(statement_timeout=LONG, lock_timeout=LONG),
        connect_timeout=LONG,
        timeout=LONG,
    )


def shown(url: SecretStr, *settings: str) -> list[str]:
    """The values of PostgreSQL's settings, as the statements of a session see them."""

    async def show() -> list[str]:
        session = session_at(url)
        session.restart_timeout()
        columns = ", ".join(f"current_setting('{setting}')" for setting in settings)
        [row] = await session.execute(Statement(f"SELECT {columns}"), {})
        session.close()
        return list(row)

    return asyncio.run(show())
