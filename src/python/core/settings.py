"""The settings of a service and of its migrations, read from the environment.

For an app `content`, each setting is `CONTENT_<NAME>` if that is set, else `<NAME>`.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from core.ledgers.errors import ConfigurationError
from core.ledgers.requests import MAX_BATCH


class Settings(BaseSettings):
    """Times are in seconds."""

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True)

    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL 15 or newer; the embedded server when it is not set"
    )
    data_dir: Path = Field(
        default=Path(".ledger"),
        description="where the embedded server keeps its data, a folder per app",
    )
    queue_size: int = Field(
        default=10 * MAX_BATCH,
        ge=MAX_BATCH,  # or the largest batch could never be accepted
        description="let so many posts wait, and reads, then answer 503",
    )
    connect_timeout: float = Field(default=5, ge=1, description="wait for the database to accept")
    statement_timeout: float = Field(
        default=10, gt=0, description="let one statement run, then answer 503"
    )
    lock_timeout: float = Field(
        default=1, gt=0, description="wait for a busy owner, then answer 503"
    )
    migration_lock_timeout: float = Field(
        default=10, gt=0, description="let a migration wait for a table in use, then give up"
    )
    migration_statement_timeout: float = Field(
        default=600, gt=0, description="let one statement of a migration run, then give up"
    )
    migration_wait: float = Field(
        default=120, gt=0, description="wait for another deployer's migrations, then give up"
    )
    shutdown_timeout: int = Field(default=30, ge=1, description="let requests in flight finish")
    log_level: Literal["critical", "error", "warning", "info", "debug"] = Field(
        default="info", description="of the service's log, on standard error"
    )


def read_settings(app: str) -> Settings:
    """The settings of `app`, from the environment.

    Raises ConfigurationError naming each variable that cannot be used.
    """

    class AppSettings(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return EnvSettingsSource(settings_cls, env_prefix=f"{app}_"), env_settings

    try:
        return AppSettings()
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc'])).upper()}: {problem['msg']}"
            for problem in error.errors(include_input=False)
        ]
        raise ConfigurationError("Unusable settings: " + "; ".join(problems)) from None
