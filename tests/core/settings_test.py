import pytest

from core.ledgers.errors import ConfigurationError
from core.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        for prefix in ("", "SHOP_"):
            monkeypatch.delenv(f"{prefix}{name.upper()}", raising=False)


def test_an_apps_own_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://all")
    monkeypatch.setenv("SHUTDOWN_TIMEOUT", "3")
    monkeypatch.setenv("SHOP_SHUTDOWN_TIMEOUT", "4")
    settings = read_settings("shop")
    assert settings.shutdown_timeout == 4
    assert settings.database_url and settings.database_url.get_secret_value() == "postgresql://all"
    assert read_settings("other").shutdown_timeout == 3


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", "")
    monkeypatch.setenv("DATABASE_URL", "postgresql://all")
    settings = read_settings("shop")
    assert settings.database_url and settings.database_url.get_secret_value() == "postgresql://all"


def test_a_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@all")
    assert "secret" not in repr(read_settings("shop"))


def test_every_unusable_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUE_SIZE", "none")
    monkeypatch.setenv("SHOP_LOG_LEVEL", "loud")
    with pytest.raises(ConfigurationError, match="QUEUE_SIZE: .*; LOG_LEVEL: "):
        read_settings("shop")
