"""No output of the program contains a password, wherever it stands in a database URL."""

import json
import logging
from itertools import cycle, product

import pytest
from pydantic import SecretStr, ValidationError

from core.cli.program_runs import outputs
from core.service.sample_requests import post
from core.settings.groups import DatabaseSettings
from core.storage.connections import connect
from core.testing.databases import Databases, execute
from core.testing.service_process import service
from core.testing.threaded_service import served
from sample.ledger import LEDGER

# Each contains a password with the word s3cr3t. These lead to no server.
UNREACHABLE = [
    "postgresql://user:s3cr3t-p4ss@127.0.0.1:1/db",
    "postgresql+psycopg2://user:s3cr3t%2Dp4ss@127.0.0.1:1/db",
    "postgresql://user@127.0.0.1:1/db?password=s3cr3t-p4ss",
    "postgresql://user@127.0.0.1:1/db?password=other&password=s3cr3t-p4ss",
    "postgresql://user@127.0.0.1:1/db?sslpassword=s3cr3t-p4ss",
    "postgresql://user:s3cr3t-p4ss@%2Fnowhere/db",
    "postgresql://user:s3cr3t-p4ss@127.0.0.1:1,127.0.0.1:2/db",
]
URL = UNREACHABLE[0]

# One for each reason to refuse a URL.
REFUSED = [
    "postgresql://user:s3cr3t%p4ss@127.0.0.1:1/db",
    "postgresql://user:s3cr3t\udcffp4ss@127.0.0.1:1/db",
    "postgresql://user:s3cr3t-p4ss@127.0.0.1:99999/db",
    "postgresql://user@127.0.0.1:1/db?passwd=s3cr3t-p4ss",
    "host=127.0.0.1 port=1 password=s3cr3t-p4ss",
]

ODD = [
    # With characters that should be percent-encoded.
    "postgresql://user:pa@s3cr3t-p4ss@127.0.0.1:1/db",
    "postgresql://user:s3cr3t@p4ss@127.0.0.1:1/db",
    "postgresql://user:pa/s3cr3t-p4ss@127.0.0.1:1/db",
    "postgresql://user:1/s3cr3t-p4ss@127.0.0.1:1/db",
    "postgresql://user:s3cr3t/p4ss@127.0.0.1:1/db",
    "postgresql://user:s3cr3t?p4ss@127.0.0.1:1/db",
    "postgresql://user:s3cr3t#p4ss@127.0.0.1:1/db",
    "postgresql://user:[s3cr3t-p4ss@127.0.0.1:1/db",
    "postgresql://user:s3cr3t p4ss@127.0.0.1:1/db",
    "postgresql://user:s3cr3t%00p4ss@127.0.0.1:1/db",
    # With something wrong elsewhere.
    "postgresql://user:s3cr3t-p4ss@127.0.0.1:port/db",
    "postgresql://user:s3cr3t-p4ss@[::1/db",
    "postgresql://user:s3cr3t-p4ss@127.0.0.1:1/db?pool=5",
    "postgresql://user:s3cr3t-p4ss",
    "postgresql://user:s3cr3t-p4ss/db",
    "postgresql://user:s3cr3t-p4ss:5432/db",
    "postgresql://127.0.0.1:5432:s3cr3t-p4ss/db",
    "postgresql:/user:s3cr3t-p4ss@127.0.0.1:1/db",
    "mysql://user:s3cr3t-p4ss@127.0.0.1:1/db",
    "user:s3cr3t-p4ss@127.0.0.1:1/db",
    "'postgresql://user:s3cr3t-p4ss@127.0.0.1:1/db'",
]

COMMANDS = [
    ["--port", "0"],
    ["migrate"],
    ["rename-from", "former"],
    ["verify"],
    ["replay"],
    ["export", "--format", "csv"],
]

# The URL is in another setting by mistake. Every command starts by reading those of the program.
OF_THE_PROGRAM = ["SECRETS_DIR", "QUEUE_SIZE", "SHUTDOWN_TIMEOUT", "LOG_LEVEL"]
OF_THE_DATABASE = ["DATABASE_URL_FILE", "CONNECT_TIMEOUT", "LOCK_TIMEOUT"]

TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def assert_hidden(text: str) -> None:
    assert "s3cr3t" not in text and "p4ss" not in text
    assert "Traceback" not in text


def test_no_command_shows_the_password_of_a_url() -> None:
    pairs = [*product([*UNREACHABLE, *REFUSED], COMMANDS)]
    # All commands share the code that refuses a URL, so each odd one is given to one command.
    pairs += zip(ODD, cycle(COMMANDS))
    for shown in outputs([({"DATABASE_URL": url}, arguments) for url, arguments in pairs]):
        assert "\nsample: " in "\n" + shown
        assert_hidden(shown)


def test_no_command_shows_a_url_in_another_setting() -> None:
    pairs = [
        *product(OF_THE_PROGRAM, [["migrate"], ["openapi"]]),
        *product(OF_THE_DATABASE, COMMANDS),
    ]
    shown = outputs([({name: URL}, arguments) for name, arguments in pairs])
    for (name, arguments), text in zip(pairs, shown):
        if arguments == ["migrate"]:
            assert f"{name} " in text or f"{name}: " in text
        assert_hidden(text)


def test_no_command_shows_the_password_of_a_service_s_url() -> None:
    urls = ["http://user:s3cr3t-p4ss@127.0.0.1:1", "http://user:1/s3cr3t-p4ss@127.0.0.1:1"]
    urls.append("http://127.0.0.1:1?password=s3cr3t-p4ss")
    asking = ["balance", "ann", "--timeout", "0.1"]
    runs = [*(({"LEDGER_URL": url}, asking) for url in urls), ({}, [*asking, "--url", urls[0]])]
    for shown in outputs(runs):
        assert "\nsample: The service's URL must " in "\n" + shown
        assert_hidden(shown)


def test_the_openapi_document_does_not_depend_on_the_database_settings() -> None:
    settings: list[dict[str, str]] = [
        {name: URL for name in ("DATABASE_URL", *OF_THE_DATABASE)},
        {"DATABASE_URL": REFUSED[-1], "CONNECT_TIMEOUT": "nonsense"},
    ]
    for shown in outputs([(each, ["openapi"]) for each in settings]):
        assert json.loads(shown)["info"]["title"] == "sample ledger"
        assert_hidden(shown)


def test_a_running_service_does_not_log_the_password(
    databases: Databases, capfd: pytest.CaptureFixture[str]
) -> None:
    url = databases.migrated("sample")
    given = SecretStr(f"{url.get_secret_value()}&password=s3cr3t-p4ss&sslpassword=s3cr3t-p4ss")
    with service("sample.service", DATABASE_URL=given, LOG_LEVEL="debug") as running:
        for nonce in "1", "2":
            post(running.client, "ann", nonce)
            running.client.get("/readyz")
            execute(url, TERMINATE)  # so that it has something to log
        assert running.stop() == 0
    shown = capfd.readouterr()
    assert "/readyz" in shown.err  # the log of the requests
    assert "s3cr3t" not in shown.out + shown.err + running.greeting


@pytest.mark.parametrize("url", UNREACHABLE)
def test_a_failing_service_shows_the_password_nowhere(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = DatabaseSettings(database_url=SecretStr(url))
    with served(LEDGER, settings) as client:
        answers = [client.get("/readyz"), post(client, "ann", "1"), client.get("/ledger/ann")]
    assert {answer.status_code for answer in answers} == {503}
    shown = [*(answer.text for answer in answers), *map(repr, answers), caplog.text]
    assert "s3cr3t" not in "".join(shown)


def test_the_representations_of_settings_and_errors_hide_the_password() -> None:
    settings = DatabaseSettings(database_url=SecretStr(URL))
    engine = connect(SecretStr(UNREACHABLE[2]))
    shown = [repr(settings), str(settings), settings.model_dump_json()]
    shown += [repr(engine), repr(engine.url), str(engine.url)]
    for wrong in (
        {"database_urls": URL},
        {"database_url": [URL]},
        {"lock_timeout": URL},
    ):
        with pytest.raises(ValidationError) as caught:
            DatabaseSettings.model_validate(wrong)
        shown += [str(caught.value), repr(caught.value)]
    assert "s3cr3t" not in "".join(shown)
