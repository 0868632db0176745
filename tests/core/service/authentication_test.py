"""With keys, nobody gets in without one that has the scope. Each test is an attack."""

from collections.abc import Iterator

import httpx
import pytest
from httpx import Client
from pydantic import SecretStr

from core.keys.api_keys import new_key
from core.ledgers.errors import ConfigurationError
from core.service.app import create_app, openapi_document
from core.service.sample_requests import entry, nothing_was_written, post, post_batch
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.databases import Databases
from core.testing.threaded_service import assert_problem, served
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

OPERATIONS = [operation.value for operation in Operation]
KEYS = {
    name: new_key(name, scopes, expiry, OPERATIONS)
    for name, scopes, expiry in (
        ("everything", ["read", "post"], None),
        ("reader", ["read"], "2999-01-01"),
        ("adder", ["post:CREDIT_ADD"], None),
        ("adder-and-spender", ["post:CREDIT_ADD", "post:CREDIT_SPEND"], None),
        ("expired", ["read", "post"], "2020-01-01"),
    )
}
SETTINGS = ServiceSettings(api_keys=SecretStr("; ".join(line for _, line in KEYS.values())))


@pytest.fixture(scope="module")
def served_url(databases: Databases) -> SecretStr:
    return databases.migrated("sample")


@pytest.fixture(scope="module")
def shared(served_url: SecretStr) -> Iterator[Client]:
    with served(LEDGER, DatabaseSettings(database_url=served_url), SETTINGS) as client:
        yield client


def as_(client: Client, name: str) -> Client:
    """The client with the key of this name, or with none if there is no such key."""
    client.headers.pop("Authorization", None)
    if name in KEYS:
        client.headers["Authorization"] = f"Bearer {KEYS[name][0]}"
    return client


def test_keys_do_what_their_scopes_allow(shared: Client) -> None:
    assert post(as_(shared, "adder"), "ann", "1", "CREDIT_ADD").status_code == 201
    both = [entry("ann", "2", "CREDIT_ADD"), entry("ann", "3", "CREDIT_SPEND")]
    assert post_batch(as_(shared, "adder-and-spender"), both).status_code == 201
    assert as_(shared, "reader").get("/ledger/ann").json()["balance"] == 19
    assert post(as_(shared, "everything"), "ann", "4", "DAILY_REWARD").status_code == 201
    assert as_(shared, "everything").get("/ledger/ann").json()["balance"] == 20


@pytest.mark.parametrize(
    "path",
    [
        "/ledger/ann",
        "/ledger/",
        "/ledger//",
        "//ledger/ann",
        "/nothing",
        "/LEDGER/ann",
        "/%6cedger/ann",
        "/ledger/ann?x=/healthz",
        "/healthz/../ledger/ann",
        "/docs/x",
    ],
)
def test_without_a_key_every_path_is_closed(shared: Client, path: str) -> None:
    url = httpx.URL(str(shared.base_url).rstrip("/")).copy_with(raw_path=path.encode())
    for method in ("GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE"):
        refused = as_(shared, "nobody").request(method, url)
        assert refused.status_code == 401, method
        assert refused.headers["www-authenticate"] == 'Bearer realm="ledger"'
    assert_problem(as_(shared, "nobody").get(url), 401, "unauthorized")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/openapi.json", "/readyz/"])
def test_what_orchestrators_and_developers_need_stays_open(shared: Client, path: str) -> None:
    assert as_(shared, "nobody").get(path).status_code == 200


TOKEN = KEYS["everything"][0]
HASH = KEYS["everything"][1].split()[2]


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer x",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {HASH}",
        f"Bearer {HASH.removeprefix('sha256:')}",
        f"Bearer everything {TOKEN}",
        f"Bearer {TOKEN},{TOKEN}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer " + "x" * 10_000,
        "Bearer \xff",
    ],
)
def test_a_wrong_key_is_refused(shared: Client, value: str) -> None:
    client = as_(shared, "nobody")
    refused = client.get("/ledger/ann", headers={b"Authorization": value.encode("latin-1")})
    problem = assert_problem(refused, 401, "unauthorized")
    assert value not in problem["detail"] and TOKEN not in refused.text


def test_two_headers_are_refused_even_if_one_is_right(shared: Client) -> None:
    headers = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer x")]
    for order in (headers, headers[::-1], headers[:1] * 2):
        assert as_(shared, "nobody").get("/ledger/ann", headers=order).status_code == 401


def test_an_expired_key_is_refused(shared: Client) -> None:
    problem = assert_problem(as_(shared, "expired").get("/ledger/ann"), 401, "unauthorized")
    assert problem["detail"] == "The key 'expired' expired at 2020-01-01T00:00:00+00:00"


def test_another_services_key_is_refused(shared: Client) -> None:
    foreign, _ = new_key("everything", ["read", "post"], None, OPERATIONS)
    headers = {"Authorization": f"Bearer {foreign}"}
    assert as_(shared, "nobody").get("/ledger/ann", headers=headers).status_code == 401


def test_a_missing_scope_is_named(shared: Client) -> None:
    problem = assert_problem(as_(shared, "adder").get("/ledger/ann"), 403, "forbidden")
    assert problem["detail"].startswith("The key 'adder' lacks the scope read")
    assert as_(shared, "adder").head("/ledger/ann").status_code == 403
    for name, scope in (("adder", "post:CREDIT_SPEND"), ("reader", "post:CREDIT_SPEND")):
        refused = post(as_(shared, name), "ann", "spend", "CREDIT_SPEND")
        problem = assert_problem(refused, 403, "forbidden")
        assert f"lacks the scope {scope}" in problem["detail"]


@pytest.mark.parametrize("atomic", [True, False])
def test_a_batch_is_no_way_around_a_scope(
    shared: Client, served_url: SecretStr, atomic: bool
) -> None:
    before = as_(shared, "everything").get("/ledger/escalated").json()
    entries = [entry("escalated", str(n), "CREDIT_ADD") for n in range(3)]
    entries[1]["operation"] = "BOOKING_REWARD"
    refused = post_batch(as_(shared, "adder-and-spender"), entries, atomic=atomic)
    problem = assert_problem(refused, 403, "forbidden")
    assert "post:BOOKING_REWARD" in problem["detail"]
    assert as_(shared, "everything").get("/ledger/escalated").json() == before


def test_a_scope_is_checked_before_the_owner_is_looked_up() -> None:
    unreachable = DatabaseSettings(database_url=SecretStr("postgresql:///x?host=/nowhere"))
    with served(LEDGER, unreachable, SETTINGS) as client:
        assert as_(client, "nobody").get("/ledger/ann").status_code == 401
        assert as_(client, "adder").get("/ledger/ann").status_code == 403
        assert post(as_(client, "reader"), "ann", "1", "CREDIT_ADD").status_code == 403
        assert as_(client, "reader").get("/ledger/ann").status_code == 503


def test_without_keys_the_service_is_open_and_ignores_the_header(url: SecretStr) -> None:
    with served(LEDGER, DatabaseSettings(database_url=url)) as client:
        assert client.get("/ledger/ann", headers={"Authorization": "Bearer x"}).status_code == 200
        assert nothing_was_written(url)


@pytest.mark.parametrize(
    "keys, problem",
    [
        (";", "has no key"),
        (f"shop post:NOPE {HASH}", "key 1, 'shop', is invalid: 'post:NOPE' is not a scope"),
        (TOKEN, "key 1 is invalid: it must have the form"),
    ],
)
def test_the_service_does_not_start_with_keys_that_cannot_work(keys: str, problem: str) -> None:
    database = DatabaseSettings(database_url=SecretStr("postgresql://"))
    with pytest.raises(ConfigurationError, match=problem) as refused:
        create_app(LEDGER, database, ServiceSettings(api_keys=SecretStr(keys)))
    assert "API_KEYS" in str(refused.value) and TOKEN not in str(refused.value)


def test_the_openapi_document_has_the_scheme_for_all_but_the_health_routes() -> None:
    document = openapi_document(LEDGER)
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, operations in document["paths"].items():
        for operation in operations.values():
            open_ = path in ("/healthz", "/readyz")
            assert ({"key": []} in operation.get("security", [])) == (not open_)
