"""No output of the program contains a password, wherever it stands in a database URL."""

import json
import logging

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

# Each contains a password with the word s3cr3t. Those that can be parsed lead to no server.
URLS = [
    "postgresql://user:s3cr3t-p4ss@127.0.0.1:1/db",
    "postgresql+psycopg2://user:s3cr3t%2Dp4ss@127.0.0.1:1/db",
    "postgresql://user@127.0.0.1:1/db?password=s3cr3t-p4ss",
    "postgresql://user@127.0.0.1:1/db?password=other&password=s3cr3t-p4ss",
    "postgresql://user@127.0.0.1:1/db?sslpassword=s3cr3t-p4ss",
    "postgresql://user:s3cr3t-p4ss@%2Fnowhere/db",
    "postgresql://user:s3cr3t-p4ss@127.0.0.1:1,127.0.0.1:2/db",
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
    "postgresql://user:s3cr3t%p4ss@127.0.0.1:1/db",
    "postgresql://user:s3cr3t%00p4ss@127.0.0.1:1/db",
    "postgresql://user:s3cr3t\udcffp4ss@127.0.0.1:1/db",
    # With something wrong elsewhere.
    "postgresql://user:s3cr3t-p4ss@127.0.0.1:port/db",
    "postgresql://user:s3cr3t-p4ss@127.0.0.1:99999/db",
    "postgresql://user:s3cr3t-p4ss@[::1/db",
    "postgresql://user:s3cr3t-p4ss@127.0.0.1:1/db?pool=5",
    "postgresql://user@127.0.0.1:1/db?passwd=s3cr3t-p4ss",
    "postgresql://user:s3cr3t-p4ss",
    "postgresql://user:s3cr3t-p4ss/db",
    "postgresql://user:s3cr3t-p4ss:5432/db",
    "postgresql://127.0.0.1:5432:s3cr3t-p4ss/db",
    "postgresql:/user:s3cr3t-p4ss@127.0.0.1:1/db",
    "mysql://user:s3cr3t-p4ss@127.0.0.1:1/db",
    "user:s3cr3t-p4ss@127.0.0.1:1/db",
    "'postgresql://user:s3cr3t-p4ss@127.0.0.1:1/db'",
    "host=127.0.0.1 port=1 password=s3cr3t-p4ss",
]

WITH_A_DATABASE = [
    ["--port", "0"],
    ["migrate"],
    ["verify"],
    ["replay"],
    ["export", "--format", "csv"],
]
COMMANDS = [*WITH_A_DATABASE, ["openapi"]]

# The URL is in another setting by mistake.
OTHER_SETTINGS = [
    *("DATABASE_URL_FILE", "SECRETS_DIR", "QUEUE_SIZE", "SHUTDOWN_TIMEOUT", "LOG_LEVEL"),
    *("CONNECT_TIMEOUT", "LOCK_TIMEOUT"),
]

TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def assert_hidden(text: str) -> None:
    assert "s3cr3t" not in text and "p4ss" not in text
    assert "Traceback" not in text


def test_no_command_shows_the_password_of_a_url() -> None:
    runs = [({"DATABASE_URL": url}, arguments) for url in URLS for arguments in WITH_A_DATABASE]
    for shown in outputs(runs):
        assert "\nsample: " in "\n" + shown
        assert_hidden(shown)


def test_no_command_shows_a_url_in_another_setting() -> None:
    runs = [({name: URLS[0]}, arguments) for name in OTHER_SETTINGS for arguments in COMMANDS]
    for (settings, arguments), shown in zip(runs, outputs(runs)):
        [name] = settings
        if arguments == ["migrate"]:
            assert f"{name} " in shown or f"{name}: " in shown
        assert_hidden(shown)


def test_the_openapi_document_does_not_depend_on_the_database_settings() -> None:
    settings = [
        {"CONNECT_TIMEOUT": "nonsense"},
        {"DATABASE_URL_FILE": "nonsense"},
        *({"DATABASE_URL": url} for url in (URLS[0], URLS[-1])),
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


@pytest.mark.parametrize("url", URLS[:7])
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
    settings = DatabaseSettings(database_url=SecretStr(URLS[0]))
    engine = connect(SecretStr(URLS[2]))
    shown = [repr(settings), str(settings), settings.model_dump_json()]
    shown += [repr(engine), repr(engine.url), str(engine.url)]
    for wrong in (
        {"database_urls": URLS[0]},
        {"database_url": [URLS[0]]},
        {"lock_timeout": URLS[0]},
    ):
        with pytest.raises(ValidationError) as caught:
            DatabaseSettings.model_validate(wrong)
        shown += [str(caught.value), repr(caught.value)]
    assert "s3cr3t" not in "".join(shown)
