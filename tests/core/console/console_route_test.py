"""`/console` and its files: the policy, what is open without a key, and where links lead."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import pytest
from httpx import Client
from pydantic import SecretStr

import core.console.console_files
from core.console.console_files import NAMES
from core.ledgers.ledger import Ledger
from core.service.app import openapi_document
from core.service.sample_requests import UNREACHABLE
from core.settings.groups import ServiceSettings
from core.testing.threaded_service import assert_problem, served
from sample.ledger import LEDGER
from sample.operations import SampleOperation

PATHS = ["/console", *(f"/console/{name}" for name in sorted(NAMES))]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PREFIX = "/apps/sample"


class Page(HTMLParser):
    """What a page loads, and what of it the policy would refuse."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.loaded += [named[name] or "" for name in ("src", "href") if name in named]
        if tag == "style" or tag == "script" and "src" not in named:
            self.inline.append(tag)
        self.inline += [name for name in named if name == "style" or name.startswith("on")]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Nobody has the key of this service, and its database does not exist."""
    keys = SecretStr(f"shop read sha256:{'0' * 64}")
    with served(LEDGER, UNREACHABLE, ServiceSettings(api_keys=keys)) as client:
        yield client


def test_the_page_and_its_files_need_no_key(client: Client) -> None:
    for path in PATHS:
        assert client.get(path).status_code == 200, path
    page = client.get("/console")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text.count("The sample ledger") == 2  # as the title and as the heading


@pytest.mark.parametrize("path", PATHS)
def test_the_policy_allows_no_other_host_and_nothing_inline(client: Client, path: str) -> None:
    for response in (client.get(path), client.head(path)):
        assert response.headers["content-security-policy"] == POLICY
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"


def test_the_page_has_nothing_inline() -> None:
    assert Page("<p onclick='x' style='y'><style></style><script>").inline == [
        *("onclick", "style", "style", "script")
    ]
    with served(LEDGER, UNREACHABLE) as client:
        assert Page(client.get("/console").text).inline == []


def test_the_folder_has_no_other_files_and_all_of_them_are_small(client: Client) -> None:
    folder = Path(core.console.console_files.__file__).parent
    files = {path.name for path in folder.iterdir() if path.suffix in (".css", ".js", ".svg")}
    assert files == NAMES
    assert sum(len(client.get(path).content) for path in PATHS) < 150_000


def test_each_file_says_what_it_is(client: Client) -> None:
    types = {
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
    }
    for path in PATHS[1:]:
        assert client.get(path).headers["content-type"] == types[Path(path).suffix]


def test_scripts_import_only_each_other_and_never_set_html(client: Client) -> None:
    imported = set[str]()
    for path in PATHS:
        if path.endswith(".js"):
            script = client.get(path).text
            imported |= {urljoin(path, each) for each in re.findall(r'from "([^"]+)"', script)}
            assert not re.search("innerHTML|outerHTML|insertAdjacent|document.write|eval", script)
            assert not re.search("localStorage|sessionStorage|indexedDB|cookie", script)
    scripts = {path for path in PATHS if path.endswith(".js")}
    assert imported == scripts - {"/console/console.js"}


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("prefix", ["", PREFIX])
@pytest.mark.parametrize("root_path", [None, PREFIX])
def test_links_work_behind_every_proxy(root_path: str | None, prefix: str, slash: str) -> None:
    """A proxy may add a prefix and tell the service, or remove the prefix and tell nobody."""
    with served(LEDGER, UNREACHABLE, ServiceSettings(root_path=root_path)) as client:
        sent = prefix if root_path else ""
        page = client.get(f"{sent}/console{slash}")
        assert page.status_code == 200
        loaded = Page(page.text).loaded
        assert sorted(urljoin(f"{prefix}/console{slash}", each) for each in loaded) == [
            f"{prefix}/console/{name}" for name in ("console.css", "console.js", "icon.svg")
        ]
        assert client.get(f"{sent}/console/console.js").status_code == 200


def test_a_file_that_the_browser_has_is_not_sent_again(client: Client) -> None:
    for path in PATHS:
        first = client.get(path)
        assert first.headers["cache-control"] == "no-cache"
        again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize(
    "path", ["/console/x.js", "/console/console.html", "/console/BUILD", "/console/a/b"]
)
def test_there_are_no_other_files(client: Client, path: str) -> None:
    assert_problem(client.get(path), 401, "unauthorized")
    with served(LEDGER, UNREACHABLE) as open_client:
        assert_problem(open_client.get(path), 404, "not_found")
        assert_problem(open_client.get("/console/..%2fBUILD"), 404, "not_found")


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/console.js"])
def test_head_and_other_methods(client: Client, path: str) -> None:
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == client.get(path).headers["content-length"]
    refused = client.post(path)
    assert_problem(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "OPTIONS, GET, HEAD"


def test_the_metrics_have_one_route_for_all_files() -> None:
    with served(LEDGER, UNREACHABLE) as client:
        for path in (*PATHS, "/console/x"):
            client.get(path)
        routes = set(re.findall('http_route="(/console[^"]*)"', client.get("/metrics").text))
        assert routes == {"/console", "/console/{file}"}


def test_the_page_is_not_a_part_of_the_api() -> None:
    assert not [path for path in openapi_document(LEDGER)["paths"] if "console" in path]


def test_the_title_is_the_name_of_the_ledger() -> None:
    other = Ledger(
        name="other", operations=SampleOperation, amounts={SampleOperation.BOOKING_REWARD: 5}
    )
    with served(other, UNREACHABLE) as client:
        assert "<h1>The other ledger</h1>" in client.get("/console").text
