"""Reads an app's settings from environment variables.

For the app `content`, the variable `CONTENT_<NAME>` takes precedence over `<NAME>`.
"""

from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from core.ledgers.errors import ConfigurationError
from core.settings.groups import GROUPS, SettingsGroup

GroupT = TypeVar("GroupT", bound=SettingsGroup)

_EVERY_NAME = frozenset(name for group in GROUPS for name in group.model_fields)


class _AppSource(EnvSettingsSource):
    """Reads the variables that have the app's prefix."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        # For an app named `migration`, MIGRATION_LOCK_TIMEOUT is still the setting of that name,
        # which applies to all apps, and not the app's LOCK_TIMEOUT.
        if f"{self.env_prefix}{field_name}" in _EVERY_NAME:
            return None, field_name, False
        return super().get_field_value(field, field_name)


def read_settings(group: type[GroupT], app: str) -> GroupT:
    """Returns the settings of `app` in this group.

    Raises ConfigurationError, which names every setting that is invalid.
    """

    try:
        return group(**_AppSource(group, env_prefix=f"{app}_")())
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc'])).upper()}: {problem['msg']}"
            for problem in error.errors(include_input=False)
        ]
        raise ConfigurationError("Invalid settings: " + "; ".join(problems)) from None
