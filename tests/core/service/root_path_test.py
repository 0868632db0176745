"""Behind a proxy that serves the ledger under a path prefix, and may remove the prefix."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
from httpx import Client
from pydantic import SecretStr

from core.ledgers.errors import ConfigurationError
from core.service.sample_requests import entry
from core.settings.environment import read_settings
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.databases import delete_all_entries
from core.testing.threaded_service import assert_problem, served
from sample.ledger import LEDGER

PREFIX = "/apps/sample"


@pytest.fixture(scope="module")
def shared_client(shared_url: SecretStr) -> Iterator[Client]:
    settings = ServiceSettings(root_path=PREFIX)
    with served(LEDGER, DatabaseSettings(database_url=shared_url), settings) as client:
        yield client


@pytest.fixture(params=["", PREFIX], ids=["removed", "left in place"])
def prefix(request: pytest.FixtureRequest, shared_url: SecretStr) -> str:
    """What the proxy sends before each path."""
    delete_all_entries(shared_url, "sample")
    prefix: str = request.param
    return prefix


def test_the_documentation_loads_its_document_through_the_proxy(
    client: Client, prefix: str
) -> None:
    page = client.get(f"{prefix}/docs")
    [link] = re.findall('data-document="([^"]+)"', page.text)
    address = urljoin(f"{PREFIX}/docs", link)
    assert address == f"{PREFIX}/openapi.json"
    document = client.get(address.replace(PREFIX, prefix)).json()
    assert document["servers"] == [{"url": PREFIX}]
    assert "/ledger/{owner_id}" in document["paths"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_every_route_works_through_the_proxy(client: Client, prefix: str, slash: str) -> None:
    batch = {"entries": [entry("a/b", "2"), entry("ledger", "1")]}
    assert client.post(f"{prefix}/ledger{slash}", json=entry("a/b", "1")).status_code == 201
    assert client.post(f"{prefix}/ledger/batch{slash}", json=batch).status_code == 201
    assert client.get(f"{prefix}/ledger/a%2Fb{slash}").json()["balance"] == 2
    assert client.get(f"{prefix}/ledger/ledger{slash}").json()["balance"] == 1
    assert client.head(f"{prefix}/readyz{slash}").status_code == 200
    assert client.options(f"{prefix}/healthz{slash}").headers["allow"] == "OPTIONS, GET, HEAD"
    assert_problem(client.get(f"{prefix}/ledger/"), 422, "invalid_request")
    missing = assert_problem(client.get(f"{prefix}/nothing{slash}"), 404, "not_found")
    assert missing["detail"] == f"Not Found: see {PREFIX}/docs for the paths"


@pytest.mark.parametrize("path", [PREFIX, f"{PREFIX}2/ledger/ann", "/apps%2Fsample/"])
def test_the_prefix_alone_or_something_like_it_is_not_found(client: Client, path: str) -> None:
    assert_problem(client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    "value", ["content", "/a//b", "/a b", "/a?b", "/..", "/ledger", "/ledger/", "/ledger/x"]
)
def test_a_prefix_that_cannot_work_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SAMPLE_ROOT_PATH", value)
    with pytest.raises(ConfigurationError, match="ROOT_PATH"):
        read_settings(ServiceSettings, "sample")


@pytest.mark.parametrize(
    "value, expected", [("/", None), ("/content/", "/content"), ("/ledgers", "/ledgers")]
)
def test_a_slash_at_the_end_of_the_prefix_is_ignored(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: str | None
) -> None:
    monkeypatch.setenv("SAMPLE_ROOT_PATH", value)
    assert read_settings(ServiceSettings, "sample").root_path == expected
