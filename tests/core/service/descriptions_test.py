"""`GET /operations` describes the ledger, and `GET /key` the key of the request."""

from collections.abc import Iterator

import pytest
from httpx import Client, Response
from pydantic import SecretStr

from core.keys.api_keys import new_key
from core.service.sample_requests import UNREACHABLE
from core.settings.groups import ServiceSettings
from core.testing.threaded_service import assert_problem, served
from sample.limited_ledger import LIMITED_LEDGER
from sample.operations import SampleOperation as Operation

OPERATIONS = [operation.value for operation in Operation]
KEYS = {
    name: new_key(name, scopes, expiry, OPERATIONS)
    for name, scopes, expiry in (
        ("support", ["post:CREDIT_SPEND", "post:CREDIT_ADD", "read"], "2999-01-31"),
        ("everything", ["read", "post"], None),
        ("poster", ["post:CREDIT_ADD"], None),
        ("expired", ["read"], "2020-01-01"),
    )
}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """The database does not exist: neither route needs one."""
    keys = SecretStr("; ".join(line for _, line in KEYS.values()))
    with served(LIMITED_LEDGER, UNREACHABLE, ServiceSettings(api_keys=keys)) as client:
        yield client


def get(client: Client, path: str, key: str) -> Response:
    return client.get(path, headers={"Authorization": f"Bearer {KEYS[key][0]}"})


def test_operations_have_their_amounts_and_limits(client: Client) -> None:
    described = get(client, "/operations", "support").json()
    assert described["ledger"] == "sample"
    assert [each["operation"] for each in described["operations"]] == OPERATIONS
    by_name = {each.pop("operation"): each for each in described["operations"]}
    assert by_name["CREDIT_ADD"] == {"amount": 10, "per_unit": None, "limit": None}
    assert by_name["CREDIT_SPEND"] == {
        "amount": -2,
        "per_unit": {"at_most": 1000, "formerly": [-1, -3]},
        "limit": None,
    }
    daily = {"count": 1, "per": "day", "timezone": "Europe/Berlin"}
    assert by_name["DAILY_REWARD"] == {"amount": 1, "per_unit": None, "limit": daily}
    assert by_name["SIGNUP_CREDIT"]["limit"] == {"count": 1, "per": None, "timezone": "UTC"}


def test_operations_need_the_scope_read(client: Client) -> None:
    assert_problem(client.get("/operations"), 401, "unauthorized")
    assert_problem(get(client, "/operations", "poster"), 403, "forbidden")


@pytest.mark.parametrize(
    "key, scopes, expires",
    [
        ("support", ["read", "post:CREDIT_ADD", "post:CREDIT_SPEND"], "2999-01-31T00:00:00Z"),
        ("everything", ["read", "post"], None),
        ("poster", ["post:CREDIT_ADD"], None),
    ],
)
@pytest.mark.parametrize("path", ["/key", "/key/"])
def test_a_valid_key_is_told_what_it_may_do(
    client: Client, path: str, key: str, scopes: list[str], expires: str | None
) -> None:
    told = get(client, path, key)
    assert told.json() == {"name": key, "scopes": scopes, "expires": expires}
    assert told.headers["cache-control"] == "no-store"
    assert KEYS[key][0] not in told.text


def test_only_a_valid_key_is_told(client: Client) -> None:
    assert_problem(client.get("/key"), 401, "unauthorized")
    assert_problem(get(client, "/key", "expired"), 401, "unauthorized")
    wrong = {"Authorization": "Bearer lk_wrong"}
    assert_problem(client.get("/key", headers=wrong), 401, "unauthorized")


@pytest.mark.parametrize("path", ["/key/x", "/keys", "/operations/key"])
def test_a_key_without_the_scope_read_is_told_nothing_else(client: Client, path: str) -> None:
    assert_problem(get(client, path, "poster"), 403, "forbidden")


def test_without_keys_everybody_may_do_everything() -> None:
    with served(LIMITED_LEDGER, UNREACHABLE) as client:
        for headers in ({}, {"Authorization": "Bearer x"}):
            told = client.get("/key", headers=headers)
            assert told.json() == {"name": None, "scopes": ["read", "post"], "expires": None}
            assert told.headers["cache-control"] == "no-store"
        assert client.get("/operations").status_code == 200


@pytest.mark.parametrize("path", ["/key", "/operations"])
def test_head_and_other_methods(path: str) -> None:
    with served(LIMITED_LEDGER, UNREACHABLE) as client:
        assert client.head(path).status_code == 200 and client.head(path).content == b""
        refused = client.post(path)
        assert_problem(refused, 405, "method_not_allowed")
        assert refused.headers["allow"] == "OPTIONS, GET, HEAD"
