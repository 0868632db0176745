"""A service as a process of its own: how it starts, stops and crashes."""

import re
import shlex
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from core.embedded.copied_data import copied
from core.service.sample_requests import assert_consistent, post
from core.testing import programs
from core.testing.blocking_store import blocking_store
from core.testing.databases import Databases, execute
from core.testing.process_environment import environment
from core.testing.racers import run_over_http
from core.testing.races import races_of
from core.testing.service_process import PATIENT, service
from core.testing.waiting import until
from sample.ledger import LEDGER
from sample.limited_ledger import LIMITED_LEDGER


def run(*arguments: str, **settings: str | SecretStr) -> "subprocess.CompletedProcess[str]":
    return programs.run("sample.service", *arguments, env=environment(**settings), merged=True)


def test_the_embedded_database_survives_a_restart(tmp_path: Path) -> None:
    with service("sample.service", DATA_DIR=str(tmp_path)) as first:
        assert str(tmp_path / "sample" / "postgresql") in first.greeting
        assert f"{first.address}/docs" in first.greeting
        assert first.client.get("/docs").status_code == 200
        assert post(first.client, "ann", "1").json()["balance"] == 1
        assert first.stop() == 0
    assert not (tmp_path / "sample" / "postgresql" / "postmaster.pid").exists()
    with service("sample.service", DATA_DIR=str(tmp_path)) as second:
        assert post(second.client, "ann", "2").json()["balance"] == 2


@pytest.fixture(scope="module")
def stopped_service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The DATA_DIR of a service that was started once."""
    folder = tmp_path_factory.mktemp("stopped")
    with service("sample.service", DATA_DIR=str(folder)) as running:
        assert running.stop() == 0
    return folder


@pytest.fixture
def data(tmp_path: Path, stopped_service: Path) -> str:
    """A DATA_DIR for tests that are not about its creation."""
    return str(copied(stopped_service, tmp_path / "data"))


def test_the_curl_command_in_the_greeting_works(data: str) -> None:
    with service("sample.service", DATA_DIR=data) as running:
        [command_line] = re.findall(r"try +(curl .*)", running.greeting)
        words = shlex.split(command_line)
        name, value = words[words.index("-H") + 1].split(": ")
        content = words[words.index("-d") + 1]
        answer = running.client.post(words[-1], content=content, headers={name: value})
        assert answer.status_code == 201


@pytest.mark.parametrize("options", [[], ["--workers", "2"]], ids=["one process", "workers"])
def test_a_killed_service_leaves_no_database_server_behind(data: str, options: list[str]) -> None:
    with service("sample.service", *options, DATA_DIR=data) as running:
        assert post(running.client, "ann", "1").status_code == 201
        pid_file = Path(data) / "sample" / "postgresql" / "postmaster.pid"
        assert pid_file.exists()
        running.stop(signal.SIGKILL)
        until(lambda: not pid_file.exists(), "the database server outlives its service")
    with service("sample.service", DATA_DIR=data) as again:
        assert again.client.get("/ledger/ann").json()["balance"] == 1


def test_a_second_service_on_the_same_data_exits_and_names_the_first(data: str) -> None:
    with service("sample.service", DATA_DIR=data) as running:
        second = run("--port", "0", DATA_DIR=data)
        assert second.returncode == 1
        assert f"in use by process {running.process.pid}: stop that one first" in second.stdout
        assert post(running.client, "ann", "1").status_code == 201


def test_a_port_in_use_is_reported_before_a_database_is_created(
    tmp_path: Path, url: SecretStr
) -> None:
    with service("sample.service", DATABASE_URL=url) as running:
        port = running.address.rsplit(":", 1)[1]
        second = run("--port", port, DATA_DIR=str(tmp_path))
        assert second.returncode == 1
        assert f"Cannot listen on 127.0.0.1 port {port}: Address already in use" in second.stdout
        assert second.stdout.endswith(
            "choose another port, for example: "
            "./pants run src/python/apps/sample:service -- --port 8000\n"
        )
        elsewhere = run("--port", port, DATABASE_URL="postgresql:///x?host=/nowhere")
        assert "The database does not answer" in elsewhere.stdout  # which no port would change
    assert list(tmp_path.iterdir()) == []


def test_an_address_of_another_machine_is_reported(url: SecretStr) -> None:
    refused = run("--host", "192.0.2.1", "--port", "0", DATABASE_URL=url)
    assert refused.returncode == 1
    assert "choose another host, for example: ./pants run" in refused.stdout
    assert refused.stdout.endswith(":service -- --host 127.0.0.1\n")


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_a_port_that_does_not_exist_is_reported_without_a_traceback(port: str) -> None:
    refused = run("--port", port, DATABASE_URL="postgresql:///unused")
    assert refused.returncode == 2
    assert "Invalid value for '--port'" in refused.stdout
    assert "Traceback" not in refused.stdout


def test_a_service_refuses_to_start_until_its_database_is_migrated(databases: Databases) -> None:
    url = databases.empty()
    refused = run("--port", "0", DATABASE_URL=url)
    assert refused.returncode == 1
    assert "Traceback" not in refused.stdout
    assert "./pants run src/python/apps/sample:service -- migrate" in refused.stdout
    migrated = run("migrate", DATABASE_URL=url)
    assert (migrated.returncode, "Traceback" in migrated.stdout) == (0, False)
    with service("sample.service", DATABASE_URL=url) as running:
        assert running.client.get("/readyz").status_code == 200
    assert "(head)" in run("migrate", "current", DATABASE_URL=url).stdout


@pytest.mark.parametrize(
    "arguments, status", [(["--help"], 0), (["upgrade", "--help"], 0), (["--hepl"], 2)]
)
def test_the_usage_of_migrate_needs_no_database(
    tmp_path: Path, arguments: list[str], status: int
) -> None:
    done = run("migrate", *arguments, DATA_DIR=str(tmp_path))
    assert done.returncode == status
    assert "usage: sample migrate" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"DATABASE_URL": "mysql://x"}, "must begin with postgresql://"),
        ({"DATABASE_URL": "postgresql:///x?host=/nowhere"}, "The database does not answer"),
        ({"SAMPLE_QUEUE_SIZE": "0"}, "SAMPLE_QUEUE_SIZE: Input should be"),
        ({"SAMPLE_DATA_DIR": "/dev/null"}, "set SAMPLE_DATA_DIR to another folder"),
        ({"DATABASE_URL_FILE": "/nowhere"}, "DATABASE_URL_FILE names a file that cannot be read"),
    ],
)
def test_unusable_settings_are_reported_without_a_traceback(
    settings: dict[str, str], message: str
) -> None:
    for arguments in (["--port", "0"], ["migrate"]):  # the usual port may be in use
        refused = run(*arguments, **settings)
        assert refused.returncode != 0
        assert message in refused.stdout
        assert "Traceback" not in refused.stdout


@pytest.mark.parametrize(
    "hosts, described",
    [
        ("127.0.0.1:1", "127.0.0.1 port 1: Connection refused"),
        ("no-such-host.invalid", "no-such-host.invalid port 5432: cannot resolve the host"),
        ("no-such-host.invalid,127.0.0.1:1", "no-such-host.invalid port 5432 or 127.0.0.1 port 1"),
        # The password 1/x, with a slash that should be percent-encoded.
        ("user:1/x@127.0.0.1:1", "cannot resolve the host"),
    ],
)
def test_a_database_that_does_not_answer_is_named_with_the_variable_of_its_url(
    hosts: str, described: str
) -> None:
    refused = run("--port", "0", SAMPLE_DATABASE_URL=f"postgresql://{hosts}/ledger")
    assert refused.returncode == 1
    assert f"sample: The database does not answer: {described}" in refused.stdout
    assert refused.stdout.endswith("\nCheck SAMPLE_DATABASE_URL\n")


def test_services_killed_under_load_lose_no_acknowledged_post(url: SecretStr) -> None:
    """Nor do they invent any: an unacknowledged post has one entry or none."""
    with ExitStack() as stack:
        services = [
            stack.enter_context(service("sample.service", DATABASE_URL=url, **PATIENT))
            for _ in range(2)
        ]
        acknowledged: list[str] = []

        def post_until_killed(number: int) -> None:
            client = services[number % 2].client
            for count in range(100_000):
                nonce = f"{number} {count}"
                try:
                    response = post(client, "ann", nonce)
                except httpx.TransportError:
                    return
                assert response.status_code == 201
                acknowledged.append(nonce)

        with ThreadPoolExecutor(8) as pool:
            posting = [pool.submit(post_until_killed, number) for number in range(8)]
            until(lambda: len(acknowledged) > 100, "too little was acknowledged")
            for running in services:
                running.process.kill()
            for future in posting:
                future.result()
        # PostgreSQL finishes the statements that the killed services had sent.
        sessions = (
            "SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        until(lambda: not execute(url, sessions), "a session of a killed service remains")
        with blocking_store(LEDGER, url) as store:
            entries = [entry.nonce for entry in store.entries("ann")]
            assert set(acknowledged) <= set(entries)
            assert len(entries) == len(set(entries)) == store.balance("ann")
            assert len(entries) <= len(acknowledged) + 8
        assert_consistent(url)


def test_races_between_services_on_one_database_have_no_wrong_outcome(url: SecretStr) -> None:
    with ExitStack() as stack:
        addresses = [
            stack.enter_context(
                service("sample.limited_service", DATABASE_URL=url, **PATIENT)
            ).address
            for _ in range(2)
        ]
        for make_race in races_of(LIMITED_LEDGER):
            race = make_race(LIMITED_LEDGER)
            assert not run_over_http(LIMITED_LEDGER, url, addresses, race), race.name
