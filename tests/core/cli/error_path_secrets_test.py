"""Whatever a service refuses or fails to do, no output contains the password, a key or its hash."""

from collections.abc import Iterator

import httpx
import pytest
from httpx import Client
from pydantic import SecretStr

from core.http_server.raw_client import raw_client
from core.keys.api_keys import new_key
from core.service.sample_requests import Entry, entry, post, post_batch, send
from core.testing.databases import Databases, execute
from core.testing.service_process import service
from core.testing.unreliable_proxy import UnreliableProxy, proxied

PASSWORD = "s3cr3t-p4ss"
KEYS = {
    name: new_key(name, scopes, expiry, ["CREDIT_ADD"])
    for name, scopes, expiry in (
        ("everything", ["read", "post"], None),
        ("reader", ["read"], None),
        ("expired", ["read", "post"], "2020-01-01"),
    )
}
SETTINGS = {
    "API_KEYS": ";".join(line for _, line in KEYS.values()),
    "LOG_LEVEL": "debug",
    "CONNECT_TIMEOUT": "3",
    "STATEMENT_TIMEOUT": "3",
    "REQUEST_TIMEOUT": "3",
}

# Rejects one owner with an error that no release expects.
FAILING_TRIGGER = """
CREATE FUNCTION sample.fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a defect'; END $$;
CREATE TRIGGER fail BEFORE INSERT ON sample.ledger_entry FOR EACH ROW
WHEN (NEW.owner_id = 'unlucky') EXECUTE FUNCTION sample.fail();
"""


Expected = tuple[int, httpx.Response]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def refusals(client: Client) -> Iterator[Expected]:
    """Requests that the service refuses, with the status that each must get."""
    token = KEYS["everything"][0]
    yield 201, post(client, "ann", "1")
    yield 409, post(client, "ann", "1")
    yield 409, post(client, "ann", "1", "CREDIT_ADD")
    yield 400, post(client, "poor", "1", "CREDIT_SPEND")
    yield 422, post(client, "ann", "2", "NOTHING")
    yield 422, send(client, "/ledger", "{")
    yield 415, client.post("/ledger", content="x", headers={"Content-Type": "text/plain"})
    yield 413, send(client, "/ledger", " " * 100_000)
    yield 404, client.get("/nothing")
    yield 404, client.get("/ledger/ann/entries/none")
    yield 400, client.get("/ledger/ann/entries?cursor=none")
    yield 405, client.delete("/ledger/ann")
    for headers in ({"Authorization": token}, bearer(token + "x"), bearer(KEYS["expired"][0])):
        yield 401, client.get("/ledger/ann", headers=headers)
    yield 401, client.get("/ledger/ann", headers=[*bearer(token).items()] * 2)
    reader = bearer(KEYS["reader"][0])
    yield 403, client.post("/ledger", json=entry("ann", "3"), headers=reader)


def defects(client: Client) -> Iterator[Expected]:
    """Requests that fail because of the trigger."""
    both: list[Entry] = [entry("ann", "4"), entry("unlucky", "1")]
    yield 500, post(client, "unlucky", "1")
    yield 500, post_batch(client, both)
    yield 200, post_batch(client, both, atomic=False)  # with a 500 for the second one


def without_the_database(client: Client) -> Iterator[Expected]:
    yield 503, post(client, "ann", "5")
    yield 503, client.get("/ledger/ann")
    yield 503, client.get("/ledger/ann/entries")
    yield 503, client.get("/readyz")


def malformed(client: Client) -> Iterator[str]:
    """Yields the responses to invalid HTTP, and to a request whose head is too large."""
    authorization = f"Authorization: Bearer {KEYS['everything'][0]}\r\n"
    for rest in ("broken\r\n\r\n", f"X: {'x' * 70_000}\r\n\r\n"):
        with raw_client(client) as raw:
            raw.send(f"GET /ledger/ann HTTP/1.1\r\n{authorization}{rest}".encode())
            answer = raw.answer()
            assert answer.status in (400, 431)
            yield f"{answer.headers} {answer.body.decode()}"


def everything(client: Client, url: SecretStr, proxy: UnreliableProxy) -> Iterator[str]:
    """Yields every response on the error paths, with its headers."""
    expected = [*refusals(client)]
    execute(url, FAILING_TRIGGER)
    expected += defects(client)
    proxy.frozen = True
    expected.append((503, post(client, "ann", "5")))
    proxy.close()
    expected += without_the_database(client)
    for path in ("/healthz", "/openapi.json", "/docs"):
        expected.append((200, client.get(path)))
    for status, answer in expected:
        assert answer.status_code == status, answer.text
        yield f"{answer.headers} {answer.text}"
    yield from malformed(client)


def test_no_answer_and_no_line_of_the_log_shows_a_secret(
    databases: Databases, capfd: pytest.CaptureFixture[str]
) -> None:
    url = databases.migrated("sample")
    with proxied(url) as (proxy, through):
        given = SecretStr(f"{through.get_secret_value()}&password={PASSWORD}")
        with service("sample.service", DATABASE_URL=given, **SETTINGS) as running:
            running.client.headers.update(bearer(KEYS["everything"][0]))
            answers = [*everything(running.client, url, proxy)]
            assert running.stop() == 0
    captured = capfd.readouterr()
    for line in ("a defect", "Traceback", "database_unavailable", '"GET /ledger/ann HTTP/1.1" 401'):
        assert line in captured.err
    shown = "".join((*answers, captured.out, captured.err, running.greeting))
    assert PASSWORD not in shown
    for token, line in KEYS.values():
        assert token not in shown
        assert line.split()[2].removeprefix("sha256:") not in shown
