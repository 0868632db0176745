"""The database's URL may be in a file, as Docker and Kubernetes mount secrets."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.ledgers.errors import ConfigurationError
from core.settings.environment import read_settings, source_of
from core.settings.groups import DatabaseSettings, ServiceSettings

SECRET = "postgresql://me:s3cr3t-p4ss@"


@pytest.fixture(autouse=True)
def unset_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "DATABASE_URL_FILE", "SECRETS_DIR"):
        for prefix in ("", "SHOP_"):
            monkeypatch.delenv(f"{prefix}{name}", raising=False)


def database(app: str = "shop") -> str:
    """The host of the database that the settings name."""
    url = read_settings(DatabaseSettings, app).database_url
    assert url is not None
    return url.get_secret_value().removeprefix(SECRET)


def write(file: Path, host: str) -> str:
    file.write_text(f"{SECRET}{host}\n")
    return str(file)


def test_the_first_place_in_the_order_of_precedence_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    write(folder / "database_url", "shared_in_folder")
    monkeypatch.setenv("SECRETS_DIR", str(folder))
    assert (database(), source_of("shop", "database_url")) == ("shared_in_folder", "SECRETS_DIR")
    write(folder / "shop_database_url", "own_in_folder")
    assert (database(), database("other")) == ("own_in_folder", "shared_in_folder")
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv("SHOP_SECRETS_DIR", str(own))
    assert database() == "own_in_folder"  # in SECRETS_DIR: the app's own folder has no file
    write(own / "database_url", "in_own")
    assert (database(), source_of("shop", "database_url")) == ("in_own", "SHOP_SECRETS_DIR")
    monkeypatch.delenv("SHOP_SECRETS_DIR")
    monkeypatch.setenv("DATABASE_URL_FILE", write(tmp_path / "1", "shared_file"))
    assert (database(), source_of("shop", "database_url")) == ("shared_file", "DATABASE_URL_FILE")
    monkeypatch.setenv("DATABASE_URL", f"{SECRET}shared")
    assert database() == "shared"
    monkeypatch.setenv("SHOP_DATABASE_URL_FILE", write(tmp_path / "2", "own_file"))
    assert (database(), database("other")) == ("own_file", "shared")
    monkeypatch.setenv("SHOP_DATABASE_URL", f"{SECRET}own")
    assert database() == "own"


def test_a_folder_need_not_have_api_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(tmp_path / "database_url", "here")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    assert read_settings(ServiceSettings, "shop").api_keys is None
    (tmp_path / "api_keys").write_text("reader read sha256:00")
    assert source_of("shop", "api_keys") == "SECRETS_DIR"


def test_the_case_of_a_files_name_and_a_byte_order_mark_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "SHOP_DATABASE_URL").write_bytes(f"\ufeff{SECRET}here\r\n".encode())
    monkeypatch.setenv("SHOP_SECRETS_DIR", str(tmp_path))
    assert database() == "here"


def a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def a_binary_file(folder: Path) -> Path:
    (folder / "binary").write_bytes(f"{SECRET}\xff".encode("latin-1"))
    return folder / "binary"


@pytest.mark.parametrize(
    "file, reason",
    [
        (lambda folder: folder / "missing", "No such file or directory"),
        # The secret itself, instead of the name of a file.
        (lambda _: f"{SECRET}host/db", "No such file or directory"),
        (lambda folder: folder, "Not a regular file"),
        (a_pipe, "Not a regular file"),
        (a_binary_file, "Not UTF-8 text"),
    ],
    ids=["missing", "secret", "folder", "pipe", "binary"],
)
def test_a_file_that_cannot_be_read_is_reported_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: Callable[[Path], object], reason: str
) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL_FILE", str(file(tmp_path)))
    with pytest.raises(ConfigurationError, match=reason) as caught:
        read_settings(DatabaseSettings, "shop")
    assert "SHOP_DATABASE_URL_FILE names a file that cannot be read" in str(caught.value)
    assert "s3cr3t" not in str(caught.value) and caught.value.__cause__ is None


def test_an_empty_file_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "database_url").write_text("\n")
    for variable, path in (
        ("SECRETS_DIR", tmp_path),
        ("DATABASE_URL_FILE", tmp_path / "database_url"),
    ):
        monkeypatch.setenv(variable, str(path))
        with pytest.raises(ConfigurationError, match=f"{variable}: Must not be blank"):
            read_settings(DatabaseSettings, "shop")


@pytest.mark.parametrize(
    "folder, reason",
    [
        ("missing", "names a folder that cannot be read: No such file or directory"),
        (f"{SECRET}host/db", "names a folder that cannot be read: No such file or directory"),
        (".", "names a folder that has no file shop_database_url or database_url"),
    ],
)
def test_a_folder_without_the_file_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str, reason: str
) -> None:
    (tmp_path / "other_secret").write_text("s3cr3t")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / folder))
    with pytest.raises(ConfigurationError, match=f"SECRETS_DIR {reason}") as caught:
        read_settings(DatabaseSettings, "shop")
    assert "s3cr3t" not in str(caught.value)
    monkeypatch.setenv("SHOP_DATABASE_URL", f"{SECRET}own")
    assert database() == "own"
