"""`scripts/audit` reports what is vulnerable in any lock, and says so when it cannot know."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path("scripts/audit").resolve()
HASH = "    --hash=sha256:" + "0" * 64
LOCK = f"""\
fine==1.0 \\
{HASH}
Not.Fine==2.0 ; sys_platform == 'win32' \\
{HASH}
"""
NOT_FINE = {
    "id": "GHSA-1",
    "aliases": ["CVE-2026-1"],
    "summary": "It is not fine",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "not-fine"},
            "ranges": [
                {"type": "GIT", "events": [{"fixed": "0123abc"}]},
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]},
            ],
        }
    ],
}


class Osv(HTTPServer):
    """Answers as OSV does, from `vulnerable`, on a page for each vulnerability."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.vulnerable: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.asked: list[tuple[str, str]] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def of(self, query: dict[str, Any]) -> dict[str, Any]:
        assert query["package"]["ecosystem"] == "PyPI"
        package = (query["package"]["name"], query["version"])
        self.asked.append(package)
        vulnerabilities = self.vulnerable.get(package, [])
        page = int(query.get("page_token", 0))
        if not vulnerabilities:
            return {}
        more = {"next_page_token": f"{page + 1}"} if page + 1 < len(vulnerabilities) else {}
        return {"vulns": [{"id": vulnerabilities[page]["id"]}], **more}


class Answering(BaseHTTPRequestHandler):
    @property
    def osv(self) -> Osv:
        assert isinstance(self.server, Osv)
        return self.server

    def do_POST(self) -> None:
        assert self.path == "/v1/querybatch"
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer({"results": [self.osv.of(query) for query in body["queries"]]})

    def do_GET(self) -> None:
        everything = [each for found in self.osv.vulnerable.values() for each in found]
        self.answer(next(e for e in everything if self.path == f"/v1/vulns/{e['id']}"))

    def answer(self, content: object) -> None:
        self.send_response(self.osv.status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def osv() -> Iterator[Osv]:
    with Osv() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Clone:
    """A clone that has two locks."""

    def __init__(self, root: Path) -> None:
        self.locks = root / "3rdparty/python"
        self.locks.mkdir(parents=True)
        (root / "scripts").mkdir()
        self.script = Path(shutil.copy(SCRIPT, root / "scripts/audit"))
        (self.locks / "default.lock").write_text(LOCK)
        (self.locks / "tool.lock").write_text(f"fine==0.9 \\\n{HASH}\nnot_fine==2.0 \\\n{HASH}\n")

    def accept(self, line: str) -> None:
        (self.locks / "accepted-vulnerabilities.txt").write_text(f"# Why\n\n{line}\n")

    def audit(self, url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, self.script, *arguments],
            env={**os.environ, "AUDIT_URL": url, "no_proxy": "127.0.0.1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_each_version_of_every_lock_is_looked_up_once(clone: Clone, osv: Osv) -> None:
    done = clone.audit(osv.url)
    assert (done.returncode, done.stdout) == (
        0,
        "audit: 3 packages have 0 vulnerabilities to act on\n",
    )
    assert sorted(osv.asked) == [("fine", "0.9"), ("fine", "1.0"), ("not-fine", "2.0")]


def test_a_vulnerability_fails_the_audit_and_says_what_fixes_it(clone: Clone, osv: Osv) -> None:
    twice = {**NOT_FINE, "id": "PYSEC-1"}  # the same one, from another database
    osv.vulnerable["not-fine", "2.0"] = [NOT_FINE, twice, {"id": "GHSA-2"}]
    done = clone.audit(osv.url)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "not-fine 2.0 in default, tool: CVE-2026-1 GHSA-1: It is not fine; fixed in 2.1",
        "not-fine 2.0 in default, tool: GHSA-2: no summary; no version fixes it yet",
        "audit: 3 packages have 2 vulnerabilities to act on",
        "audit: run scripts/lock, or accept them for a time: CONTRIBUTING.md says how",
    ]


def test_a_withdrawn_vulnerability_is_none(clone: Clone, osv: Osv) -> None:
    osv.vulnerable["not-fine", "2.0"] = [{**NOT_FINE, "withdrawn": "2026-01-01T00:00:00Z"}]
    assert clone.audit(osv.url).returncode == 0


@pytest.mark.parametrize("identifier", ["GHSA-1", "CVE-2026-1"])
def test_a_vulnerability_may_be_accepted_until_a_date(
    clone: Clone, osv: Osv, identifier: str
) -> None:
    osv.vulnerable["not-fine", "2.0"] = [NOT_FINE]
    clone.accept(f"{identifier} 2999-12-31 we do not call it")
    done = clone.audit(osv.url)
    assert (done.returncode, "remove it" in done.stdout) == (0, False)
    clone.accept(f"{identifier} 2020-12-31 we do not call it")
    done = clone.audit(osv.url)
    assert done.returncode == 1
    assert f"{identifier} was accepted until 2020-12-31" in done.stdout


def test_what_is_accepted_in_vain_and_what_lacks_a_reason_is_reported(
    clone: Clone, osv: Osv
) -> None:
    clone.accept("GHSA-1 2999-12-31 we do not call it")
    done = clone.audit(osv.url)
    assert done.returncode == 0 and "GHSA-1 is not found any more: remove it" in done.stdout
    clone.accept("GHSA-1 2999-12-31")
    done = clone.audit(osv.url)
    assert done.returncode == 1 and "lines of the form ID DATE REASON" in done.stdout


def test_without_the_service_nothing_is_audited_and_this_is_said(clone: Clone, osv: Osv) -> None:
    osv.status = 503
    for url in (osv.url, "http://127.0.0.1:1"):
        done = clone.audit(url)
        assert done.returncode == 0
        assert done.stdout.startswith(f"audit: skipped, because {url} cannot be reached: ")
        assert done.stdout.count("\n") == 1
        assert clone.audit(url, "--required").returncode == 1


def test_a_request_that_the_service_does_not_understand_is_an_error(clone: Clone, osv: Osv) -> None:
    osv.status = 400
    done = clone.audit(osv.url)
    assert done.returncode == 1 and "/v1/querybatch answers 400" in done.stdout
