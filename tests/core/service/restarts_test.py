"""One application that is started several times: in turn, at the same time, and in a fork."""

import asyncio
import os
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from core.service.app import create_app
from core.service.sample_requests import assert_consistent, entry, posted_keys, wait_until_blocked
from core.service.started_application import Started, started
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.databases import execute, held
from core.testing.waiting import until
from sample.ledger import LEDGER


@pytest.fixture
def app(url: SecretStr) -> FastAPI:
    database = DatabaseSettings(
        database_url=url, lock_timeout=60, statement_timeout=60, request_timeout=60
    )
    return create_app(LEDGER, database, ServiceSettings())


def assert_works(client: Started, nonce: str, owner_id: str = "ann") -> None:
    before: int = client.get(f"/ledger/{owner_id}").json()["balance"]
    posted = client.post("/ledger", entry(owner_id, nonce))
    assert (posted.status_code, posted.json()["balance"]) == (201, before + 1)
    assert client.get(f"/ledger/{owner_id}").json()["balance"] == before + 1
    assert client.get("/readyz").status_code == 200


def status_of(child: int) -> int:
    """Waits for the end of a child process."""
    statuses: list[int] = []

    def has_ended() -> bool:
        process, status = os.waitpid(child, os.WNOHANG)
        if process:
            statuses.append(os.waitstatus_to_exitcode(status))
        return bool(process)

    try:
        until(has_ended, "the child process hangs")
    finally:
        if not statuses:
            os.kill(child, 9)
            os.waitpid(child, 0)
    return statuses[0]


def test_an_application_can_be_started_again(app: FastAPI, url: SecretStr) -> None:
    for number in range(3):
        with started(app) as client:
            assert_works(client, f"{number}")
    assert posted_keys(url) == [("ann", f"{number}") for number in range(3)]


def test_an_application_works_without_being_started(app: FastAPI, url: SecretStr) -> None:
    # Each request has an event loop of its own.
    for number in range(3):
        assert_works(Started(app, asyncio.run), f"{number}")
    sessions = "SELECT FROM pg_stat_activity WHERE datname = current_database()"
    assert len(execute(url, sessions)) < 6  # those of closed event loops do not pile up


def test_an_application_can_run_on_several_event_loops_at_once(
    app: FastAPI, url: SecretStr
) -> None:
    def post_many(number: int) -> None:
        with started(app) as client:
            for count in range(15):
                assert_works(client, f"{count}", f"owner {number}")

    with started(app) as outer, ThreadPoolExecutor(4) as pool:
        assert_works(outer, "before")
        assert [*pool.map(post_many, range(4))] == [None] * 4
        assert_works(outer, "after")
    assert_consistent(url)


def test_a_stopped_application_does_not_stop_another_one_of_its_kind(
    app: FastAPI, url: SecretStr
) -> None:
    with started(app) as client, ThreadPoolExecutor(1) as pool:
        assert_works(client, "1")
        with held(url, "sample", "ann"):
            waiting = pool.submit(client.post, "/ledger", entry("ann", "2"))
            wait_until_blocked(url)
            with started(app) as other:
                assert_works(other, "1", "bob")
        assert waiting.result().status_code == 201


def test_an_application_works_in_a_fork_of_a_process_that_is_posting(
    app: FastAPI, url: SecretStr
) -> None:
    with started(app) as client, ThreadPoolExecutor(1) as pool:
        assert_works(client, "1")
        with held(url, "sample", "ann"):
            waiting = pool.submit(client.post, "/ledger", entry("ann", "2"))
            wait_until_blocked(url)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # about threads
                child = os.fork()
            if child == 0:
                status = 1
                try:
                    with started(app) as inherited:
                        assert_works(inherited, "1", "bob")
                    status = 0
                finally:
                    os._exit(status)
            assert status_of(child) == 0
        assert waiting.result().json()["balance"] == 2
        assert_works(client, "3")
    assert posted_keys(url) == [("ann", "1"), ("bob", "1"), ("ann", "2"), ("ann", "3")]
