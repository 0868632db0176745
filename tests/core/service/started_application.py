"""Runs an application on an event loop in a thread, without a server, as test clients do."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any

import httpx
from fastapi import FastAPI

_SECONDS = 60


class Started:
    """Sends requests to an application. `run` runs each of them on an event loop."""

    def __init__(
        self, app: FastAPI, run: Callable[[Coroutine[Any, Any, httpx.Response]], httpx.Response]
    ) -> None:
        self._app = app
        self._run = run

    def get(self, path: str) -> httpx.Response:
        return self._run(self._request("GET", path, None))

    def post(self, path: str, body: object) -> httpx.Response:
        return self._run(self._request("POST", path, body))

    async def _request(self, method: str, path: str, body: object) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, json=body)


@contextmanager
def started(app: FastAPI) -> Generator[Started, None, None]:
    """Starts the application on an event loop of its own, and ends it after the block."""
    ready, loops, stop = threading.Event(), list[asyncio.AbstractEventLoop](), asyncio.Event()

    async def serve() -> None:
        async with app.router.lifespan_context(app):
            loops.append(asyncio.get_running_loop())
            ready.set()
            await stop.wait()

    def run(request: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
        return asyncio.run_coroutine_threadsafe(request, loops[0]).result(_SECONDS)

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    try:
        assert ready.wait(_SECONDS), "the application did not start"
        yield Started(app, run)
    finally:
        if loops:
            loops[0].call_soon_threadsafe(stop.set)
        thread.join(_SECONDS)
        assert not thread.is_alive(), "the application did not end"
