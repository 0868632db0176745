"""Requests to the sample ledger's service, and assertions that several of its tests share."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from httpx import Client, Response
from pydantic import SecretStr

from core.settings.groups import DatabaseSettings
from core.storage.verification import verify
from core.testing.databases import blocked_transactions, execute
from core.testing.threaded_service import assert_problem
from core.testing.waiting import until
from sample.ledger import LEDGER

JSON = {"Content-Type": "application/json"}

UNREACHABLE = DatabaseSettings(database_url=SecretStr("postgresql://me:secret@/db?host=/nowhere"))

Entry = dict[str, str]


def entry(owner_id: str, nonce: str, operation: str = "DAILY_REWARD") -> Entry:
    """The body of `POST /ledger`, or one of the `entries` of a batch."""
    return {"owner_id": owner_id, "operation": operation, "nonce": nonce}


def send(client: Client, path: str, content: str | bytes | Iterable[bytes]) -> Response:
    """Sends `content` as it is, declared to be JSON.

    Use it with `json.dumps` instead of httpx's `json=`, which cannot encode a lone surrogate.
    """
    return client.post(path, content=content, headers=JSON)


def post(
    client: Client, owner_id: str, nonce: str, operation: str = "DAILY_REWARD", **more: object
) -> Response:
    """Posts one entry; `more` are additional fields of the body."""
    return send(client, "/ledger", json.dumps({**entry(owner_id, nonce, operation), **more}))


def post_batch(client: Client, entries: Sequence[Entry], **more: object) -> Response:
    """Posts a batch; `more` are further fields of the body, such as `atomic`."""
    return send(client, "/ledger/batch", json.dumps({"entries": entries, **more}))


def assert_unavailable(response: Response, code: str = "database_unavailable") -> dict[str, Any]:
    """Asserts that the response is a 503 that says when to retry; returns its problem document."""
    problem = assert_problem(response, 503, code)
    assert int(response.headers["retry-after"]) > 0
    return problem


def posted_keys(url: SecretStr) -> list[tuple[str, str]]:
    """The owner and the nonce of each entry, in the order in which they were posted."""
    rows = execute(url, "SELECT owner_id, nonce FROM sample.ledger_entry ORDER BY id")
    return [(owner_id, nonce) for owner_id, nonce in rows]


def nothing_was_written(url: SecretStr) -> bool:
    tables = ("ledger_entry", "ledger_balance")
    return all(execute(url, f"SELECT count(*) FROM sample.{table}") == [(0,)] for table in tables)


def assert_consistent(url: SecretStr) -> None:
    """Asserts that the verification of the ledger finds nothing, and no nonce is reused."""
    assert verify(LEDGER, url).findings == []
    keys = posted_keys(url)
    assert len(keys) == len(set(keys)), "a nonce was posted twice for one owner"


def wait_until_blocked(url: SecretStr) -> None:
    """Returns once a transaction waits for a lock that another one holds."""
    until(lambda: blocked_transactions(url), "no transaction is waiting for a lock")
