"""The sample's service, with additional endpoints that do the same without a database: the ceiling.

python -m benchmarks.served DATABASE_URL PORT [limited | two-workers | unobserved]

With `limited`, the sample's ledger has a limit, which is never reached, and an amount per unit.
With `unobserved`, it has no metrics, request ids or traces, and is as FastAPI makes it: FastAPI's
telemetry is on, though idle, and Starlette's middleware responds to unexpected exceptions.
"""

import socket
import sys
from datetime import datetime, timezone

from fastapi import FastAPI, Response
from pydantic import SecretStr

from core.cli import interpreter
from core.http_server.server import HttpServer
from core.http_server.worker_processes import WorkerProcesses
from core.ledgers.ledger import Ledger, at_most, per_unit
from core.ledgers.outcomes import Entry, Posted
from core.ledgers.schemas import CurrentBalance, PostedEntry, PostRequest
from core.metrics.families import Counter, Histogram
from core.service.app import create_app
from core.service.health import Drain
from core.settings.groups import DatabaseSettings, ServiceSettings
from sample.ledger import LEDGER
from sample.operations import SampleOperation

database = DatabaseSettings(database_url=SecretStr(sys.argv[1]))
settings = ServiceSettings()
LIMITED = Ledger(
    name="sample",
    operations=SampleOperation,
    amounts={SampleOperation.BOOKING_REWARD: per_unit(5, at_most=1_000)},
    limits={SampleOperation.SIGNUP_CREDIT: at_most(10**9, per="day")},
)
app = create_app(LIMITED if "limited" in sys.argv else LEDGER, database, settings)
if "unobserved" in sys.argv:
    del app.__dict__["build_middleware_stack"]  # which puts Observation around it
    app._native_telemetry = FastAPI()._native_telemetry
    setattr(Counter, "count", lambda *_, **__: None)
    for name in ("observe", "observe_all"):
        setattr(Histogram, name, lambda *_: None)


@app.post("/ceiling", status_code=201, response_model=PostedEntry[SampleOperation])
async def post_nothing(request: PostRequest[SampleOperation]) -> Response:
    """Takes the requests and returns the responses of `POST /ledger`."""
    amount = LEDGER.amount_of(request.operation)
    now = datetime.now(timezone.utc)
    entry = Entry(1, request.operation, amount, request.nonce, request.owner_id, now)
    posted = PostedEntry[SampleOperation].of_posted(Posted(entry, 1000))
    return Response(posted.model_dump_json(), 201, media_type="application/json")


@app.get("/ceiling/{owner_id}", response_model=CurrentBalance)
async def read_nothing(owner_id: str) -> Response:
    """Takes the requests and returns the responses of `GET /ledger/{owner_id}`."""
    answer = CurrentBalance(owner_id=owner_id, balance=1000)
    return Response(answer.model_dump_json(), media_type="application/json")


# Routes are matched in order. The ceiling is first, so that it does not pay for the others.
app.router.routes[:0] = [app.router.routes.pop(), app.router.routes.pop()]

if __name__ == "__main__":
    interpreter.tune()
    port = int(sys.argv[2])
    if "two-workers" in sys.argv[3:]:
        with socket.create_server(("127.0.0.1", port)) as listener:
            processes = WorkerProcesses(app, settings, 2, drain=Drain())
            processes.run([listener], on_start=lambda: None)
    else:
        HttpServer(app, settings, port=port).run()
