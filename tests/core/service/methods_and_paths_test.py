"""Every path knows its methods, and a trailing slash makes no difference."""

import json

import pytest
from httpx import Client

from core.service.sample_requests import JSON, entry, post
from core.testing.threaded_service import assert_problem

READABLE = [
    "/ledger/ann",
    "/ledger/ann/entries",
    "/ledger/ann/entries/1",
    "/healthz",
    "/readyz",
    "/docs",
    "/openapi.json",
]
METHODS = {
    **{path: "OPTIONS, GET, HEAD" for path in READABLE},
    "/ledger": "OPTIONS, POST",
    "/ledger/batch": "OPTIONS, GET, HEAD, POST",  # also the balance of an owner with this name
    "/ledger/": "OPTIONS, GET, HEAD, POST",  # also the path of an empty owner_id
    "/ledger/a%2Fb": "OPTIONS, GET, HEAD",
}
SLASHES = pytest.mark.parametrize("slash", ["", "/"])


@SLASHES
@pytest.mark.parametrize("path", READABLE)
def test_head_is_answered_like_get_without_the_body(client: Client, path: str, slash: str) -> None:
    post(client, "ann", "1")
    head, get = client.head(path + slash), client.get(path + slash)
    assert head.status_code == get.status_code == 200
    for name in ("content-type", "content-length"):
        assert head.headers[name] == get.headers[name]
    assert head.content == b"" and get.content != b""
    assert client.get("/ledger/ann").json()["balance"] == 1  # on the same connection


@pytest.mark.parametrize(
    "path, status", [("/nothing", 404), ("/ledger", 405), ("/ledger/" + "x" * 256, 422)]
)
def test_head_gets_the_status_of_an_error(client: Client, path: str, status: int) -> None:
    response = client.head(path)
    assert (response.status_code, response.content) == (status, b"")
    assert response.headers["content-type"] == "application/problem+json"


@SLASHES
@pytest.mark.parametrize("path", METHODS)
def test_a_method_that_a_path_does_not_have_gets_405_with_those_that_it_has(
    client: Client, path: str, slash: str
) -> None:
    for method in ("DELETE", "PUT", "PATCH", "TRACE"):
        response = client.request(method, path + slash)
        assert_problem(response, 405, "method_not_allowed")
        assert response.headers["allow"] == METHODS.get(path + slash, METHODS[path])


@SLASHES
@pytest.mark.parametrize("path", METHODS)
def test_options_names_the_methods_of_a_path(client: Client, path: str, slash: str) -> None:
    response = client.options(path + slash)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == METHODS.get(path + slash, METHODS[path])


@pytest.mark.parametrize("path", ["/nothing", "/ledger%2Fx", "/ledger/a/b", "/ledger%2F", "/x//"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "DELETE"])
def test_a_path_that_does_not_exist_gets_404_for_every_method(
    client: Client, method: str, path: str
) -> None:
    response = client.request(method, path)
    assert response.status_code == 404
    if method != "HEAD":
        assert_problem(response, 404, "not_found")


def test_a_path_that_may_have_a_slash_of_an_owner_says_how_to_encode_it(client: Client) -> None:
    hint = "if the owner_id contains a slash, percent-encode it as %2F"
    assert client.get("/ledger/team/bob").json()["detail"] == f"Not Found: {hint}"
    assert client.get("/ledger/team%2Fbob").json()["balance"] == 0


@pytest.mark.parametrize("path", ["/nothing", "/ledgers"])
def test_another_path_refers_to_the_documentation(client: Client, path: str) -> None:
    missing = client.get(f"{path}/nothing")
    assert missing.json()["detail"] == "Not Found: see /docs for the paths"


def test_a_wrong_start_of_a_path_is_not_taken_for_an_owner(client: Client) -> None:
    """Such as that of a client whose URL of the service has a path too many."""
    twice = "the URL of the service ends before /ledger, which this path has twice"
    assert twice in client.get("/ledger/ledger/ann").json()["detail"]
    assert twice in client.post("/ledger/ledger", json=entry("ann", "1")).json()["detail"]
    before = client.get("/docs/ledger/ann").json()["detail"]
    assert before.startswith("Not Found: the paths of the ledger begin with /ledger: remove")


@pytest.mark.parametrize(
    "method, path, advice",
    [
        ("GET", "/ledger", "use POST"),
        ("DELETE", "/ledger/batch", "use GET or POST"),
        ("PUT", "/ledger/ann", "use GET"),
    ],
)
def test_a_wrong_method_says_which_to_use(
    client: Client, method: str, path: str, advice: str
) -> None:
    assert client.request(method, path).json()["detail"] == f"Method Not Allowed: {advice}"


def test_posts_are_accepted_with_a_trailing_slash(client: Client) -> None:
    one = json.dumps(entry("ann", "1"))
    batch = json.dumps({"entries": [entry("ann", "2")]})
    for path, body in (("/ledger/", one), ("/ledger/batch/", batch)):
        assert client.post(path, content=body, headers=JSON).status_code == 201
    assert client.get("/ledger/ann/").json() == {"owner_id": "ann", "balance": 2}
    assert client.get("/ledger/batch/").json() == {"owner_id": "batch", "balance": 0}
    assert client.get("/ledger/ledger/").json() == {"owner_id": "ledger", "balance": 0}
