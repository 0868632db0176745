"""`/docs` is Swagger UI, without any other host and under a content policy."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
from httpx import Client
from pydantic import SecretStr

from core.service.docs_page import OPEN_PATHS
from core.service.sample_requests import UNREACHABLE
from core.settings.groups import ServiceSettings
from core.testing.threaded_service import assert_problem, served
from sample.ledger import LEDGER

FILES = sorted(OPEN_PATHS - {"/docs"})


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Nobody has the key of this service."""
    keys = SecretStr(f"shop read sha256:{'0' * 64}")
    with served(LEDGER, UNREACHABLE, ServiceSettings(api_keys=keys)) as client:
        yield client


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_the_page_loads_files_of_this_service_only(client: Client, path: str) -> None:
    page = client.get(path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>sample ledger - Swagger UI</title>" in page.text
    loaded = re.findall('(?:src|href)="([^"]*)"', page.text)
    assert sorted(urljoin(path, each) for each in loaded) == FILES
    assert not re.search("//|<style| style=| on[a-z]+=|<script>", page.text)
    [document] = re.findall('data-document="([^"]*)"', page.text)
    assert "/ledger" in client.get(urljoin(path, document)).json()["paths"]


def test_the_policy_allows_no_other_host_and_no_inline_script(client: Client) -> None:
    for path in ("/docs", *FILES):
        headers = client.get(path).headers
        assert headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_the_files_are_those_of_swagger_ui(client: Client) -> None:
    found = {path.split("/")[-1]: client.get(path) for path in FILES}
    assert "SwaggerUIBundle" in found["swagger-ui-bundle.js"].text
    assert ".swagger-ui" in found["swagger-ui.css"].text
    assert found["favicon.png"].content.startswith(b"\x89PNG")
    assert "SwaggerUIBundle(" in found["start.js"].text
    types = {name: each.headers["content-type"].split(";")[0] for name, each in found.items()}
    assert types == {
        "swagger-ui-bundle.js": "text/javascript",
        "swagger-ui.css": "text/css",
        "favicon.png": "image/png",
        "start.js": "text/javascript",
    }


def test_a_file_that_the_browser_has_is_not_sent_again(client: Client) -> None:
    first = client.get("/docs/swagger-ui.css")
    assert first.headers["cache-control"] == "no-cache"
    for known in (first.headers["etag"], f'"x", W/{first.headers["etag"]}'):
        again = client.get("/docs/swagger-ui.css", headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    other = client.get("/docs/swagger-ui.css", headers={"If-None-Match": '"x"'})
    assert (other.status_code, other.content) == (200, first.content)


@pytest.mark.parametrize("path", ["/docs/x", "/docs/../docs/x", "/docs/start.js/x", "/redoc"])
def test_there_are_no_other_files(client: Client, path: str) -> None:
    assert_problem(client.get(path), 401, "unauthorized")
    with served(LEDGER, UNREACHABLE) as open_client:
        assert_problem(open_client.get(path), 404, "not_found")


def test_head_and_other_methods(client: Client) -> None:
    for path in ("/docs", *FILES):
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert client.post(path).headers["allow"] == "OPTIONS, GET, HEAD"
