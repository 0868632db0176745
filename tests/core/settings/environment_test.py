"""Settings are read from the environment: an app's own variable, or else the one for all apps."""

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
def unset_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for group in GROUPS:
        for name in group.model_fields:
            for prefix in ("", "SHOP_"):
                monkeypatch.delenv(f"{prefix}{name.upper()}", raising=False)


def database_url(app: str) -> str:
    url = read_settings(DatabaseSettings, app).database_url
    assert url is not None
    return url.get_secret_value()


def test_the_apps_own_variable_takes_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://all")
    monkeypatch.setenv("SHUTDOWN_TIMEOUT", "3")
    monkeypatch.setenv("SHOP_SHUTDOWN_TIMEOUT", "4")
    assert read_settings(ServiceSettings, "shop").shutdown_timeout == 4
    assert read_settings(ServiceSettings, "other").shutdown_timeout == 3
    assert database_url("shop") == "postgresql://all"


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", "")
    monkeypatch.setenv("DATABASE_URL", "postgresql://all")
    assert database_url("shop") == "postgresql://all"


def test_the_repr_of_the_settings_hides_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@all")
    assert "secret" not in repr(read_settings(DatabaseSettings, "shop"))


def test_the_error_names_every_unusable_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUE_SIZE", "none")
    monkeypatch.setenv("SHOP_LOG_LEVEL", "loud")
    with pytest.raises(ConfigurationError, match="QUEUE_SIZE: .*; LOG_LEVEL: "):
        read_settings(ServiceSettings, "shop")


def test_the_home_directory_in_a_path_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/you")
    monkeypatch.setenv("DATA_DIR", "~/ledgers")
    assert read_settings(EmbeddedSettings, "shop").data_dir == Path("/home/you/ledgers")


def ambiguous_names() -> list[tuple[str, str]]:
    """Each app name and setting that together spell the name of a setting for all apps.

    For example `migration` and `lock_timeout`, because of `migration_lock_timeout`.
    """
    names = {name for group in GROUPS for name in group.model_fields}
    return [
        (longer.removesuffix(f"_{name}"), name)
        for name in names
        for longer in names
        if longer.endswith(f"_{name}")
    ]


def test_a_setting_for_all_apps_is_not_mistaken_for_an_apps_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ("migration", "lock_timeout") in ambiguous_names()
    for app, name in ambiguous_names():
        group = next(group for group in GROUPS if name in group.model_fields)
        expected = getattr(read_settings(group, app), name)
        monkeypatch.setenv(f"{app}_{name}".upper(), "77")
        assert getattr(read_settings(group, app), name) == expected


def test_an_app_with_an_ambiguous_name_still_has_its_own_settings(
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
