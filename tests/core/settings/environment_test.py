from pathlib import Path

import pytest

from core.ledgers.errors import ConfigurationError
from core.settings.environment import read_settings
from core.settings.groups import (
    GROUPS,
    DatabaseSettings,
    EmbeddedSettings,
    MigrationSettings,
    ServiceSettings,
    SettingsGroup,
)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for group in GROUPS:
        for name in group.model_fields:
            for prefix in ("", "SHOP_"):
                monkeypatch.delenv(f"{prefix}{name.upper()}", raising=False)


def database_url(app: str) -> str:
    url = read_settings(DatabaseSettings, app).database_url
    assert url is not None
    return url.get_secret_value()


def test_the_variable_of_the_app_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://all")
    monkeypatch.setenv("SHUTDOWN_TIMEOUT", "3")
    monkeypatch.setenv("SHOP_SHUTDOWN_TIMEOUT", "4")
    assert read_settings(ServiceSettings, "shop").shutdown_timeout == 4
    assert read_settings(ServiceSettings, "other").shutdown_timeout == 3
    assert database_url("shop") == "postgresql://all"


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", "")
    monkeypatch.setenv("DATABASE_URL", "postgresql://all")
    assert database_url("shop") == "postgresql://all"


def test_a_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@all")
    assert "secret" not in repr(read_settings(DatabaseSettings, "shop"))


def test_every_unusable_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUE_SIZE", "none")
    monkeypatch.setenv("SHOP_LOG_LEVEL", "loud")
    with pytest.raises(ConfigurationError, match="QUEUE_SIZE: .*; LOG_LEVEL: "):
        read_settings(ServiceSettings, "shop")


def test_a_home_directory_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/you")
    monkeypatch.setenv("DATA_DIR", "~/ledgers")
    assert read_settings(EmbeddedSettings, "shop").data_dir == Path("/home/you/ledgers")


def prefixed_names() -> list[tuple[str, str]]:
    """Each app name that makes a setting for all apps look like the app's own, and that setting."""
    names = {name for group in GROUPS for name in group.model_fields}
    return [
        (longer.removesuffix(f"_{name}"), name)
        for name in names
        for longer in names
        if longer.endswith(f"_{name}")
    ]


def test_no_app_takes_a_setting_for_all_apps_for_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ("migration", "lock_timeout") in prefixed_names()
    for app, name in prefixed_names():
        group = next(group for group in GROUPS if name in group.model_fields)
        expected = getattr(read_settings(group, app), name)
        monkeypatch.setenv(f"{app}_{name}".upper(), "77")
        assert getattr(read_settings(group, app), name) == expected


def test_an_app_with_such_a_name_still_has_settings_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def value(group: type[SettingsGroup], name: str) -> object:
        return getattr(read_settings(group, "migration"), name)

    monkeypatch.setenv("MIGRATION_LOCK_TIMEOUT", "77")
    monkeypatch.setenv("MIGRATION_CONNECT_TIMEOUT", "8")
    assert value(MigrationSettings, "migration_lock_timeout") == 77
    assert value(DatabaseSettings, "connect_timeout") == 8
    monkeypatch.setenv("MIGRATION_MIGRATION_LOCK_TIMEOUT", "78")
    assert value(MigrationSettings, "migration_lock_timeout") == 78
