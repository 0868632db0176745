"""`/` is a page for people, which links to the other pages."""

import re

import httpx
import pytest
from pydantic import SecretStr

from core.service.sample_requests import UNREACHABLE
from core.settings.groups import ServiceSettings
from core.testing.threaded_service import served
from sample.ledger import LEDGER


def links(client: httpx.Client, path: str) -> list[str]:
    page = client.get(path)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>The sample ledger</h1>" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert not re.search("<script|<style| style=| on[a-z]+=", page.text)
    return re.findall('href="([^"]*)"', page.text)


def test_the_page_links_to_pages_that_exist_and_needs_neither_a_key_nor_the_database() -> None:
    keys = SecretStr(f"shop read sha256:{'0' * 64}")
    with served(LEDGER, UNREACHABLE, ServiceSettings(api_keys=keys)) as client:
        found = links(client, "/")
        assert {"/docs", "/healthz", "/readyz"} <= set(found)
        assert client.get("/metrics").status_code == 401  # unless METRICS_PORT moves it
        others = set(found) - {"/metrics"}
        assert {client.get(path).status_code for path in others} <= {200, 503}
        assert client.get("/other").status_code == 401
        assert "/" not in client.get("/openapi.json").json()["paths"]


@pytest.mark.parametrize("path", ["/", "/shop/"])
def test_links_have_the_prefix_of_the_proxy(path: str) -> None:
    with served(LEDGER, UNREACHABLE, ServiceSettings(root_path="/shop")) as client:
        assert "/shop/docs" in links(client, path)
