"""What the tests of EventLoopConnection share: how they open one, and how long they wait."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from pydantic import SecretStr

from core.storage.connections import libpq_parameters
from core.storage.event_loop_connection import EventLoopConnection

LONG = 60.0
SHORT = 0.3


def parameters(url: SecretStr) -> dict[str, Any]:
    return libpq_parameters(url, statement_timeout=LONG, lock_timeout=LONG)


async def open_at(url: SecretStr, timeout: float = LONG) -> EventLoopConnection:
    return await EventLoopConnection.open(parameters(url), timeout=timeout)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, LONG))
