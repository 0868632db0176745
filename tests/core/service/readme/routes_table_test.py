"""The README lists every route, and docs/security.md those that need no key."""

import re
from pathlib import Path

from pydantic import SecretStr

from core.keys.api_keys import new_key
from core.service.app import openapi_document
from core.service.sample_requests import UNREACHABLE
from core.settings.groups import ServiceSettings
from core.testing.threaded_service import served
from sample.ledger import LEDGER

README = Path("README.md").read_text()
SECURITY = Path("docs/security.md").read_text()
ROUTES = {
    (method.upper(), path): operation
    for path, methods in openapi_document(LEDGER)["paths"].items()
    for method, operation in methods.items()
    if (method, path) != ("get", "/ledger/batch")  # the owner `batch`
}


def test_the_readme_lists_every_route() -> None:
    rows = re.findall(r"^\| (`(?:GET|POST) /.*?) \|", README, re.MULTILINE)
    listed = {route for row in rows for route in re.findall(r"`([A-Z]+) ([^?`]*)", row)}
    assert listed == {*ROUTES, ("GET", "/metrics")}


def test_the_readme_lists_every_parameter_of_a_query() -> None:
    for (method, path), operation in ROUTES.items():
        rows = "".join(re.findall(rf"^\| `{method} {re.escape(path)}[`?].*", README, re.MULTILINE))
        for parameter in operation.get("parameters", ()):
            assert re.search(rf"[`?]{parameter['name']}[`=]", rows) or parameter["in"] == "path"


def test_only_the_paths_that_are_listed_need_no_key() -> None:
    [sentence] = re.findall(
        r"get a `401`, except for the paths (.*?) and the files", SECURITY, re.S
    )
    open_paths = set(re.findall("`(/.*?)`", sentence))
    paths = {"/", "/docs", "/console", "/openapi.json", "/metrics", *(path for _, path in ROUTES)}
    _, line = new_key("reader", ["read"], None, [])
    settings = ServiceSettings(api_keys=SecretStr(line))
    with served(LEDGER, UNREACHABLE, settings) as client:
        assert open_paths == {path for path in paths if client.get(path).status_code != 401}
