"""/metrics counts requests, posts and errors, and never names an owner."""

import os
import re
import signal

import pytest
from httpx import Client
from pydantic import SecretStr

from core.keys.api_keys import new_key
from core.service.read_metrics import read_metrics
from core.service.sample_requests import UNREACHABLE, entry, post, post_batch
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.http_clients import http_client
from core.testing.service_process import service, workers_of
from core.testing.threaded_service import assert_problem, served
from core.testing.waiting import until
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

OPERATIONS = [operation.value for operation in Operation]


def test_each_post_is_counted_by_its_outcome(url: SecretStr) -> None:
    with served(LEDGER, DatabaseSettings(database_url=url)) as client:
        post(client, "ann", "1", "CREDIT_ADD")
        post(client, "ann", "1", "CREDIT_ADD")
        post(client, "bob", "1", "CREDIT_SPEND")
        post(client, "bob", "2", "CREDIT_ADD", quantity=2)
        post(client, "bob", "2", "NOTHING")
        post_batch(client, [entry("ann", "2"), entry("ann", "3")])
        post_batch(client, [entry("ann", "4"), entry("bob", "1", "CREDIT_SPEND")])
        post_batch(client, [entry("ann", "5"), entry("ann", "3")], atomic=False)
        metrics = read_metrics(client)
    assert metrics.by("ledger_posts_total", "operation", "outcome", "key") == {
        ("CREDIT_ADD", "posted", ""): 1,
        ("CREDIT_ADD", "duplicate_nonce", ""): 1,
        ("CREDIT_ADD", "invalid_request", ""): 1,
        ("CREDIT_SPEND", "insufficient_balance", ""): 2,
        ("DAILY_REWARD", "posted", ""): 3,
        ("DAILY_REWARD", "insufficient_balance", ""): 1,
        ("DAILY_REWARD", "duplicate_nonce", ""): 1,
    }
    assert metrics.sum("ledger_group_size_sum", queue="posts") == 9
    assert metrics.sum("ledger_queue_wait_seconds_count", queue="posts") == 6
    assert metrics.sum("ledger_transaction_duration_seconds_count", queue="posts") == 6
    assert metrics.sum("ledger_queue_depth") == 0


def test_requests_are_measured_by_route_and_no_owner_appears(client: Client) -> None:
    before = read_metrics(client)
    owners = ["xylia", "xyl/ia", "xyliä", 'xyl"ia']
    for owner in owners:
        client.get(f"/ledger/{owner}")
        client.head(f"/ledger/{owner}/entries/nonce-1")
        client.get(f"/{owner}")
        post(client, owner, "nonce-1")
    client.request("TRACE", "/ledger")
    client.get("/healthz")
    after = read_metrics(client)
    labels = ("http_request_method", "http_route", "http_response_status_code")
    name = "http_server_request_duration_seconds_count"
    counts = after.by(name, *labels)
    earlier = before.by(name, *labels)
    assert {key: n - earlier.get(key, 0) for key, n in counts.items()} == {
        ("GET", "/ledger/{owner_id}", "200"): 3,
        ("GET", "", "404"): 5,
        ("HEAD", "/ledger/{owner_id}/entries/{nonce}", "404"): 3,
        ("HEAD", "", "404"): 1,
        ("POST", "/ledger", "201"): 4,
        ("other", "/ledger", "405"): 1,
        ("GET", "/healthz", "200"): 1,
        ("GET", "/metrics", "200"): 1,
    }
    assert "xyl" not in after.text and "nonce-1" not in after.text
    assert after.sum("ledger_build_info", app="sample", version=LEDGER.version) == 1


def test_errors_of_the_database_are_counted_by_their_class(url: SecretStr) -> None:
    with served(LEDGER, UNREACHABLE) as client:
        post(client, "ann", "1")
        client.get("/ledger/ann")
        client.get("/readyz")
        metrics = read_metrics(client)
    assert metrics.by("ledger_database_errors_total", "sqlstate_class") == {("none",): 3}
    assert metrics.sum("ledger_posts_total", outcome="database_unavailable") == 1


def test_with_keys_the_metrics_need_the_scope_read_and_name_the_keys(url: SecretStr) -> None:
    tokens = {}
    lines = []
    for name, scopes in (("reader", ["read"]), ("poster", ["post"])):
        tokens[name], line = new_key(name, scopes, None, OPERATIONS)
        lines.append(line)
    settings = ServiceSettings(api_keys=SecretStr(";".join(lines)))
    with served(LEDGER, DatabaseSettings(database_url=url), settings) as client:
        assert_problem(client.get("/metrics"), 401, "unauthorized")
        client.headers["Authorization"] = f"Bearer {tokens['poster']}"
        post(client, "ann", "1")
        assert_problem(client.get("/metrics"), 403, "forbidden")
        client.headers["Authorization"] = f"Bearer {tokens['reader']}"
        post(client, "ann", "2")
        metrics = read_metrics(client)
    assert metrics.by("ledger_posts_total", "key", "outcome") == {
        ("poster", "posted"): 1,
        ("reader", "forbidden"): 1,
    }
    assert not any(token in metrics.text for token in tokens.values())


def test_metrics_port_has_the_metrics_and_nothing_else(url: SecretStr) -> None:
    _, line = new_key("reader", ["read"], None, OPERATIONS)
    with service("sample.service", DATABASE_URL=url, API_KEYS=line, METRICS_PORT="0") as running:
        [address] = re.findall(r"metrics +(\S+)/metrics", running.greeting)
        assert address != running.address
        with http_client(address) as client:
            assert read_metrics(client).sum("ledger_build_info") == 1
            for path in ("/ledger/ann", "/healthz", "/docs", "/", "/metrics/x"):
                assert_problem(client.get(path), 404, "not_found")
            assert_problem(client.post("/metrics"), 404, "not_found")
        with_key = {"Authorization": "Bearer none"}
        assert running.client.get("/metrics", headers=with_key).status_code == 401
    with service("sample.service", DATABASE_URL=url, METRICS_PORT="0") as running:
        assert_problem(running.client.get("/metrics"), 404, "not_found")


def test_workers_add_up_and_the_counts_of_one_that_is_killed_stay(url: SecretStr) -> None:
    with service("sample.service", "--workers", "2", DATABASE_URL=url, METRICS_PORT="0") as running:
        [address] = re.findall(r"metrics +(\S+)/metrics", running.greeting)

        def posted() -> float:
            with http_client(address) as client:  # a connection to either worker
                return read_metrics(client).sum("ledger_posts_total", outcome="posted")

        def post_to_any(nonces: range) -> None:
            for nonce in nonces:
                with http_client(running.address) as client:
                    assert post(client, "ann", f"{nonce}").status_code == 201

        post_to_any(range(10))
        assert {posted() for _ in range(10)} == {10}
        killed, other = workers_of(running.process)
        os.kill(killed, signal.SIGKILL)

        def is_replaced() -> bool:
            workers = {*workers_of(running.process)}
            return len(workers - {other}) == 1 and killed not in workers

        until(is_replaced, "it is not replaced")
        post_to_any(range(10, 20))
        assert {posted() for _ in range(10)} == {20}


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_a_port_that_does_not_exist_is_refused(port: str) -> None:
    with pytest.raises(ValueError, match="metrics_port"):
        ServiceSettings.model_validate({"metrics_port": port})
