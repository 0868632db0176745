"""Reads an app's settings from environment variables, and its secrets also from files.

For the app `content`, the variable `CONTENT_<NAME>` takes precedence over `<NAME>`.
"""

import os
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from core.ledgers.errors import ConfigurationError
from core.settings.groups import GROUPS, SettingsGroup
from core.settings.secret_files import find_in_folder, read_file

GroupT = TypeVar("GroupT", bound=SettingsGroup)

_EVERY_NAME = frozenset(name for group in GROUPS for name in group.model_fields)
_SECRETS = ("database_url", "api_keys")


@dataclass(frozen=True)
class _Given:
    """The value of a setting, and the variable that it comes from."""

    source: str
    value: str = field(repr=False)


def read_settings(group: type[GroupT], app: str) -> GroupT:
    """Returns the settings of `app` in this group.

    Raises ConfigurationError, which names every variable whose value is invalid.
    """
    given = {name: _given(app, name) for name in group.model_fields}
    values: dict[str, Any] = {name: each.value for name, each in given.items() if each}
    try:
        return group(**values)
    except ValidationError as error:
        problems = [
            f"{source_of(app, str(problem['loc'][0]))}: "
            + problem["msg"].removeprefix("Value error, ")
            for problem in error.errors(include_input=False)
        ]
        raise ConfigurationError("Invalid settings: " + "; ".join(problems)) from None


def source_of(app: str, name: str) -> str:
    """Returns the variable that a setting is read from; if none is set, those that could be."""
    given = _given(app, name)
    return given.source if given else f"{app.upper()}_{name.upper()} or {name.upper()}"


def _given(app: str, name: str) -> _Given | None:
    variables = {variable.lower(): value for variable, value in os.environ.items() if value}
    names = _names(app, name)
    for each in names:
        if each in variables:
            return _Given(each.upper(), variables[each])
        file = f"{each}_file"
        if name in _SECRETS and file in variables:
            return _Given(file.upper(), read_file(variables[file], file.upper()))
    if name not in _SECRETS:
        return None
    folders = [each for each in _names(app, "secrets_dir") if each in variables]
    for each in folders:
        text = find_in_folder(variables[each], names, each.upper())
        if text is not None:
            return _Given(each.upper(), text)
    if folders and name == "database_url":  # not the embedded database by mistake
        given = " and ".join(each.upper() for each in folders)
        verb = "names a folder that has" if len(folders) == 1 else "name folders that have"
        raise ConfigurationError(
            f"{given} {verb} no file {' or '.join(names)}: add it, or unset {given}"
        )
    return None


def _names(app: str, name: str) -> tuple[str, ...]:
    own = f"{app}_{name}"
    # For an app named `migration`, MIGRATION_LOCK_TIMEOUT is still the setting of that name, which
    # applies to all apps, and not the app's LOCK_TIMEOUT.
    return (name,) if own in _EVERY_NAME else (own, name)
