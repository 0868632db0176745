"""Defines the settings of an app's program, in groups. Times are in seconds.

A test compares this module with the table of settings in the README.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.ledgers.requests import MAX_BATCH

_DAY = 24 * 60 * 60

# PostgreSQL counts milliseconds, so anything shorter would become 0, which means no limit.
Seconds = Annotated[float, Field(ge=0.001, le=_DAY, allow_inf_nan=False)]


class SettingsGroup(BaseSettings):
    """Base class of the groups."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,  # which may be a password
    )

    @field_validator("*", mode="before")
    @classmethod
    def _strip(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if not value.strip():
            raise ValueError("Must not be blank; unset it to use the default")
        return value.strip()


def _connect_and_statement_timeout(valid: dict[str, Any]) -> float:
    total: float = valid.get("connect_timeout", 0) + valid.get("statement_timeout", 0)
    return min(total, _DAY)


class DatabaseSettings(SettingsGroup):
    """The database that stores an app's ledger."""

    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL 15 or newer; by default, the embedded server"
    )
    connect_timeout: Annotated[Seconds, Field(ge=1)] = Field(
        default=5, description="how long to wait for a connection to the database"
    )
    statement_timeout: Seconds = Field(
        default=10, description="how long a statement may run before the request gets a 503"
    )
    lock_timeout: Seconds = Field(
        default=1, description="how long a post waits for a locked owner before it gets a 503"
    )
    request_timeout: Seconds = Field(
        default_factory=_connect_and_statement_timeout,
        description="how long a request may take in total before it gets a 503",
    )

    @field_validator("database_url")
    @classmethod
    def _is_text(cls, value: SecretStr | None) -> SecretStr | None:
        try:
            (value or SecretStr("")).get_secret_value().encode()
        except UnicodeEncodeError:  # which contains the value
            raise ValueError("Must be UTF-8 text") from None
        return value


class EmbeddedSettings(SettingsGroup):
    """The embedded PostgreSQL."""

    data_dir: Path = Field(
        default=Path(".ledger"),
        description="data folder of the embedded server, with a subfolder for each app",
    )

    @field_validator("data_dir")
    @classmethod
    def _expand_home(cls, value: Path) -> Path:
        try:
            return value.expanduser()
        except RuntimeError as error:  # the user has no home directory, or does not exist
            raise ValueError(f"{error} Use a path that does not begin with ~") from None


class ServiceSettings(SettingsGroup):
    """The HTTP service."""

    queue_size: int = Field(
        default=10 * MAX_BATCH,
        ge=MAX_BATCH,  # otherwise the largest batch would always be rejected
        le=1_000 * MAX_BATCH,  # otherwise memory would be the limit
        description="how many posts, and how many reads, may wait in each worker before requests "
        "get a 503",
    )
    api_keys: SecretStr | None = Field(
        default=None,
        description="the keys that may use the API: see [API keys](docs/security.md#api-keys); by "
        "default, everybody may",
    )
    root_path: str | None = Field(
        default=None,
        pattern=r"^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?$",
        description="path prefix under which a proxy serves the ledger, such as `/content`, "
        "whether or not the proxy removes it",
    )
    metrics_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="port of `/metrics`, which is then not on the service's own port; 0 picks a "
        "free one",
    )
    max_connections: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        description="how many connections each worker may have open, if the limit on open files "
        "(`ulimit -n`) allows it; further ones get a 503",
    )
    keep_alive_timeout: Seconds = Field(
        default=75,
        description="how long a connection may be idle before it is closed; more than the idle "
        "timeout of a load balancer",
    )
    receive_timeout: Seconds = Field(
        default=60, description="how long a request may take to arrive, with its body"
    )
    drain_seconds: int = Field(
        default=0,
        ge=0,
        le=_DAY,
        description="how long the service still serves after a signal to stop, while `/readyz` is "
        "503: as long as a load balancer needs to notice",
    )
    shutdown_timeout: int = Field(
        default=30,
        ge=1,
        le=_DAY,
        description="how long requests in flight may take to finish at shutdown",
    )
    log_level: Literal["critical", "error", "warning", "info", "debug"] = Field(
        default="info", description="level of the service's log, which goes to standard error"
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="form of the log: lines of `text`, or of `json`"
    )
    access_log: bool = Field(
        default=False,
        description="whether to log a line for each request: see [logs](docs/operating/logs.md)",
    )

    @field_validator("root_path")
    @classmethod
    def _can_be_told_from_a_path(cls, value: str | None) -> str | None:
        value = (value or "").removesuffix("/")
        if f"{value}/".startswith("/ledger/"):
            raise ValueError(
                "must not begin with /ledger: it could not be told from the path of an owner"
            )
        return value or None

    @field_validator("log_level", mode="before")
    @classmethod
    def _ignore_case(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value


class MigrationSettings(SettingsGroup):
    """Migrations of an app's schema."""

    migration_lock_timeout: Seconds = Field(
        default=10, description="how long a migration waits for a table lock before it fails"
    )
    migration_statement_timeout: Seconds = Field(
        default=600, description="how long a statement of a migration may run before it fails"
    )
    migration_wait: Seconds = Field(
        default=120, description="how long to wait for another deployer's migrations"
    )
    service_role: str | None = Field(
        default=None,
        max_length=63,
        description="the database role of services: migrations grant it what they need, and no "
        "more",
    )


GROUPS: tuple[type[SettingsGroup], ...] = (
    DatabaseSettings,
    EmbeddedSettings,
    ServiceSettings,
    MigrationSettings,
)
