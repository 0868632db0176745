"""Reads an app's settings from the environment.

For an app `content`, each setting is `CONTENT_<NAME>` if that is set, else `<NAME>`.
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
    """The variables with the app's prefix."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        # An app named `migration` has no LOCK_TIMEOUT of its own in MIGRATION_LOCK_TIMEOUT: that
        # is a setting for all apps.
        if f"{self.env_prefix}{field_name}" in _EVERY_NAME:
            return None, field_name, False
        return super().get_field_value(field, field_name)


def read_settings(group: type[GroupT], app: str) -> GroupT:
    """The settings of `app` in this group, from the environment.

    Raises ConfigurationError naming each variable that cannot be used.
    """

    try:
        return group(**_AppSource(group, env_prefix=f"{app}_")())
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc'])).upper()}: {problem['msg']}"
            for problem in error.errors(include_input=False)
        ]
        raise ConfigurationError("Unusable settings: " + "; ".join(problems)) from None
