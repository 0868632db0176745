"""Several processes serve one address: they replace each other, and start and stop together."""

import errno
import os
import signal

import pytest
from pydantic import SecretStr

from core.http_server.raw_client import post as raw_post
from core.http_server.raw_client import raw_client
from core.service.killed_services import kill_workers_under_load
from core.service.sample_requests import post
from core.service.scarce_processes import WORKERS
from core.testing import programs
from core.testing.process_environment import environment
from core.testing.racers import run_over_http
from core.testing.races import mixed_owners
from core.testing.service_process import PATIENT, service, workers_of
from core.testing.waiting import until
from sample.limited_ledger import LIMITED_LEDGER


def test_workers_killed_one_by_one_under_load_are_replaced_and_lose_nothing(
    url: SecretStr,
) -> None:
    kill_workers_under_load(url, workers=3, kills=3)


def test_a_race_between_workers_has_no_wrong_outcome(url: SecretStr) -> None:
    with service(
        "sample.limited_service", "--workers", "3", DATABASE_URL=url, **PATIENT
    ) as running:
        race = mixed_owners(LIMITED_LEDGER)
        assert not run_over_http(LIMITED_LEDGER, url, [running.address] * 3, race)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_all_processes_lets_the_requests_in_flight_finish(
    url: SecretStr, number: signal.Signals
) -> None:
    """As systemd and terminals send it. Each worker then gets another one from its supervisor."""
    settings = {"DRAIN_SECONDS": "1"}
    with service("sample.service", "--workers", "2", DATABASE_URL=url, **settings) as running:
        with raw_client(running.client) as raw:
            raw.send(raw_post("1")[:-5])
            for process in (*workers_of(running.process), running.process.pid):
                os.kill(process, number)
            until(lambda: running.refuses(), "the service still accepts connections")
            raw.send(raw_post("1")[-5:])
            answer = raw.answer()
            assert (answer.status, answer.headers["connection"]) == (201, "close")
        assert running.process.wait(60) == 0


def test_workers_end_when_their_supervisor_is_killed(url: SecretStr) -> None:
    with service("sample.service", "--workers", "2", DATABASE_URL=url) as running:
        assert post(running.client, "ann", "1").status_code == 201
        running.stop(signal.SIGKILL)
        until(lambda: running.refuses(), "the workers outlive their supervisor")


def test_the_others_serve_while_no_process_can_be_started(
    url: SecretStr, capfd: pytest.CaptureFixture[str]
) -> None:
    program, workers = "core.service.scarce_processes", f"{WORKERS}"
    with service(program, "--workers", workers, DATABASE_URL=url) as running:
        first = workers_of(running.process)
        killed = min(first)
        os.kill(killed, signal.SIGKILL)
        until(lambda: len(workers_of(running.process) - {killed}) == WORKERS, "no replacement")
        assert len(workers_of(running.process) & first) == WORKERS - 1
        assert post(running.client, "ann", "1").status_code == 201
    assert f"Cannot start a worker, trying again: [Errno {errno.EAGAIN}]" in capfd.readouterr().err


def test_a_worker_that_cannot_start_ends_the_service() -> None:
    ended = programs.run("core.service.failing_workers", env=environment())
    assert "exited with status 3 while it was starting: see the log above" in ended.stdout
    assert "ready" not in ended.stdout
