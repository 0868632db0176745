"""Runs workers of an application that fails to start, and prints the error that ends them."""

import socket

from starlette.types import Receive, Scope, Send

from core.http_server.worker_processes import WorkerProcesses
from core.ledgers.errors import LedgerError
from core.service.health import Drain
from core.settings.groups import ServiceSettings


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no"})


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    try:
        workers = WorkerProcesses(app, ServiceSettings(), 2, drain=Drain())
        workers.run([listener], on_start=lambda: print("ready"))
    except LedgerError as error:
        print(error)
