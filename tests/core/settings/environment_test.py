"""Settings are read from the environment: an app's own variable, or else the one for all apps."""

from pathlib import Path

import pytest

from core.ledgers.errors import ConfigurationError
from core.settings.environment import read_settings, source_of
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
    names = [name.upper() for group in GROUPS for name in group.model_fields]
    for name in [*names, "DATABASE_URL_FILE", "SECRETS_DIR"]:
        for prefix in ("", "SHOP_"):
            monkeypatch.delenv(f"{prefix}{name}", raising=False)


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
    with pytest.raises(ConfigurationError, match=": QUEUE_SIZE: .*; SHOP_LOG_LEVEL: "):
        read_settings(ServiceSettings, "shop")


def test_the_source_of_a_setting_is_the_variable_that_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert source_of("shop", "database_url") == "SHOP_DATABASE_URL or DATABASE_URL"
    monkeypatch.setenv("DATABASE_URL", "postgresql://all")
    assert source_of("shop", "database_url") == "DATABASE_URL"
    monkeypatch.setenv("SHOP_DATABASE_URL", "postgresql://shop")
    assert source_of("shop", "database_url") == "SHOP_DATABASE_URL"


TIMES = [
    name
    for group in GROUPS
    for name, field in group.model_fields.items()
    if field.annotation in (float, int) and name not in ("queue_size", "max_connections")
]


def group_of(name: str) -> type[SettingsGroup]:
    [group] = (group for group in GROUPS if name in group.model_fields)
    return group


@pytest.mark.parametrize(
    "name, value",
    [
        (name, value)
        for name in TIMES
        for value in ("inf", "-inf", "nan", "0.0004", "0", "-1", "1e12", "86401")
        if (name, value) != ("drain_seconds", "0")  # its default: no drain
    ],
)
def test_a_time_that_cannot_be_meant_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    assert len(TIMES) >= 7
    monkeypatch.setenv(f"SHOP_{name.upper()}", value)
    with pytest.raises(ConfigurationError, match=f"Invalid settings: SHOP_{name.upper()}: Input"):
        read_settings(group_of(name), "shop")


@pytest.mark.parametrize("name", TIMES)
def test_a_time_may_be_as_long_as_a_day(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name.upper(), "86400")
    assert getattr(read_settings(group_of(name), "shop"), name) == 86400


@pytest.mark.parametrize("value", ["inf", "nan", "0", "-1", "999", "1000001", "9" * 50])
def test_a_queue_that_is_too_short_or_too_long_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("QUEUE_SIZE", value)
    with pytest.raises(ConfigurationError, match="Invalid settings: QUEUE_SIZE: Input"):
        read_settings(ServiceSettings, "shop")


def test_the_case_of_the_log_level_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "INFO")
    assert read_settings(ServiceSettings, "shop").log_level == "info"


def test_whitespace_around_a_value_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", " postgresql://all\n")
    monkeypatch.setenv("DATA_DIR", "/data\r\n")
    monkeypatch.setenv("LOG_LEVEL", "debug ")
    monkeypatch.setenv("QUEUE_SIZE", " 2000\t")
    assert database_url("shop") == "postgresql://all"
    assert read_settings(EmbeddedSettings, "shop").data_dir == Path("/data")
    assert read_settings(ServiceSettings, "shop").log_level == "debug"
    assert read_settings(ServiceSettings, "shop").queue_size == 2000


@pytest.mark.parametrize("name", ["database_url", "data_dir", "lock_timeout", "log_level"])
def test_a_blank_value_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name.upper(), " \n")
    with pytest.raises(ConfigurationError, match=f"{name.upper()}: Must not be blank"):
        read_settings(group_of(name), "shop")


def test_a_home_directory_that_does_not_exist_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", "~nobody-has-this-name/ledgers")
    with pytest.raises(ConfigurationError, match="DATA_DIR: Could not determine home directory"):
        read_settings(EmbeddedSettings, "shop")


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
