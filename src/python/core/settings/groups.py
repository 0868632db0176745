"""The settings of an app's program, in groups. Times are in seconds.

The README has a table of them, which a test compares with this module.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.ledgers.requests import MAX_BATCH


class SettingsGroup(BaseSettings):
    """Base of the groups."""

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True)


class DatabaseSettings(SettingsGroup):
    """The database that an app posts to and reads from."""

    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL 15 or newer; the embedded server when it is not set"
    )
    connect_timeout: float = Field(default=5, ge=1, description="wait for the database to accept")
    statement_timeout: float = Field(
        default=10, gt=0, description="let one statement run, then answer 503"
    )
    lock_timeout: float = Field(
        default=1, gt=0, description="wait for a busy owner, then answer 503"
    )


class EmbeddedSettings(SettingsGroup):
    """The embedded PostgreSQL."""

    data_dir: Path = Field(
        default=Path(".ledger"),
        description="where the embedded server keeps its data, a folder per app",
    )

    @field_validator("data_dir")
    @classmethod
    def _expand_home(cls, value: Path) -> Path:
        return value.expanduser()


class ServiceSettings(SettingsGroup):
    """The HTTP service."""

    queue_size: int = Field(
        default=10 * MAX_BATCH,
        ge=MAX_BATCH,  # or the largest batch could never be accepted
        description="let this many posts wait, and as many reads, then answer 503",
    )
    shutdown_timeout: int = Field(default=30, ge=1, description="let requests in flight finish")
    log_level: Literal["critical", "error", "warning", "info", "debug"] = Field(
        default="info", description="of the service's log, on standard error"
    )


class MigrationSettings(SettingsGroup):
    """Migrations of an app's schema."""

    migration_lock_timeout: float = Field(
        default=10, gt=0, description="let a migration wait for a table in use, then give up"
    )
    migration_statement_timeout: float = Field(
        default=600, gt=0, description="let one statement of a migration run, then give up"
    )
    migration_wait: float = Field(
        default=120, gt=0, description="wait for another deployer's migrations, then give up"
    )


GROUPS: tuple[type[SettingsGroup], ...] = (
    DatabaseSettings,
    EmbeddedSettings,
    ServiceSettings,
    MigrationSettings,
)
