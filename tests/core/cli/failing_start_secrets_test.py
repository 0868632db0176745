"""However a start fails, no output contains the password, an API key or its hash."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from core.cli.program_runs import outputs
from core.keys.api_keys import new_key
from core.settings.groups import ServiceSettings
from core.testing.databases import execute, throwaway_databases

PASSWORD = "s3cr3t-p4ss"
KEY, LINE = new_key("shop", ["read", "post"], None, ["CREDIT_ADD"])
HASH = LINE.split()[2]
DIGEST = HASH.removeprefix("sha256:")

SERVE = ["--port", "0"]
READING = [SERVE, ["verify"], ["replay"], ["export", "--format", "csv"]]
HELP = [["--help"], ["serve", "--help"], ["migrate", "--help"], ["keys", "new", "--help"]]


def assert_hidden(shown: str) -> None:
    for secret in (PASSWORD, KEY, DIGEST):
        assert secret not in shown
    assert "Traceback" not in shown


Run = tuple[dict[str, str], list[str], str]
"""The settings, the arguments, and what the output must contain."""


def refused_logins(url: str) -> list[Run]:
    """Runs as roles that the server does not let in. `url` is an empty database's."""
    reasons = {
        "asked": "password authentication failed",
        "shut_out": "is not permitted to log in",
        "banned": "pg_hba.conf rejects connection",
        "nobody": 'role "nobody" does not exist',
    }
    return [
        ({"DATABASE_URL": f"{url}&user={role}", "API_KEYS": LINE}, arguments, reason)
        for role, reason in reasons.items()
        for arguments in (SERVE, ["migrate"])
    ]


def malformed_keys(url: str) -> list[Run]:
    return [
        ({"DATABASE_URL": url, "API_KEYS": keys}, SERVE, reason)
        for keys, reason in (
            (KEY, "key 1 is invalid: it must have the form"),
            (f"{KEY} read {HASH}", "key 1 is invalid: it must have the form"),
            (f"shop {KEY} {HASH}", "key 1, 'shop', is invalid: something is not a scope"),
            (f"shop read {HASH} {KEY}", "key 1, 'shop', is invalid: an expiry must be"),
            (f"{LINE}; shop {HASH} read", "key 2, 'shop', is invalid: it must have the form"),
            (f"shop post:NOPE {HASH}", "key 1, 'shop', is invalid: 'post:NOPE' is not a scope"),
        )
    ]


def unreadable_files(url: str, folder: Path) -> list[Run]:
    (folder / "binary").write_bytes(f"{LINE}\xff".encode("latin-1"))
    (folder / "api_keys").mkdir()
    return [
        ({"DATABASE_URL": url, variable: value}, SERVE, reason)
        for variable, value, reason in (
            ("API_KEYS_FILE", str(folder / "missing"), "No such file"),
            ("API_KEYS_FILE", str(folder / "binary"), "Not UTF-8 text"),
            ("API_KEYS_FILE", LINE, "API_KEYS_FILE names a file that cannot be read"),
            ("API_KEYS_FILE", KEY, "API_KEYS_FILE names a file that cannot be read"),
            ("SECRETS_DIR", str(folder), "The file api_keys in SECRETS_DIR cannot be read"),
            ("SECRETS_DIR", KEY, "SECRETS_DIR names a folder that cannot be read"),
        )
    ]


def secrets_in_other_settings(url: str) -> list[Run]:
    reasons = {name: name for name in ("LOG_LEVEL", "QUEUE_SIZE", "ROOT_PATH", "CONNECT_TIMEOUT")}
    reasons["DATABASE_URL"] = "The database URL must begin with postgresql://"
    return [
        ({"DATABASE_URL": url, "API_KEYS": LINE, name: KEY}, SERVE, reason)
        for name, reason in reasons.items()
    ]


def test_no_start_that_fails_shows_a_secret(tmp_path: Path) -> None:
    with throwaway_databases() as databases:
        empty, migrated = databases.empty(), databases.migrated("sample")
        execute(empty, f"CREATE ROLE asked LOGIN PASSWORD 'not {PASSWORD}'")
        execute(empty, "CREATE ROLE shut_out NOLOGIN")
        [(file,)] = execute(empty, "SHOW hba_file")
        rules = Path(file).read_text()
        Path(file).write_text(f"local all asked scram-sha-256\nlocal all banned reject\n{rules}")
        execute(empty, "SELECT pg_reload_conf()")
        unmigrated, usable = (
            f"{url.get_secret_value()}&password={PASSWORD}" for url in (empty, migrated)
        )
        runs = [
            *refused_logins(unmigrated),
            *(
                ({"DATABASE_URL": unmigrated}, command, "no ledger of 'sample'")
                for command in READING
            ),
            *malformed_keys(usable),
            *unreadable_files(usable, tmp_path),
            *secrets_in_other_settings(usable),
        ]
        shown = outputs([(settings, arguments) for settings, arguments, _ in runs])
    for (_, _, reason), text in zip(runs, shown):
        assert reason in text and "\nsample: " in f"\n{text}", text
        assert_hidden(text)


def test_neither_the_help_nor_the_openapi_document_shows_a_secret() -> None:
    settings = {"DATABASE_URL": f"postgresql://me:{PASSWORD}@127.0.0.1:1/x", "API_KEYS": LINE}
    for shown in outputs([(settings, arguments) for arguments in [*HELP, ["openapi"]]]):
        assert "sage:" in shown or '"openapi"' in shown
        assert_hidden(shown)


def test_the_representations_of_settings() -> None:
    settings = ServiceSettings(api_keys=SecretStr(LINE))
    assert_hidden(repr(settings) + str(settings) + settings.model_dump_json())
    with pytest.raises(ValidationError) as refused:
        ServiceSettings.model_validate({"api_keys": [LINE], "queue_size": KEY, "other": LINE})
    assert_hidden(str(refused.value) + repr(refused.value))
