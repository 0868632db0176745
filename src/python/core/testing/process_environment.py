"""The environment of a process that tests start."""

import os
import sys
from collections.abc import Mapping

from pydantic import SecretStr


def environment(**settings: str | SecretStr) -> dict[str, str]:
    """Returns this process's environment with `settings`, and without any other database URL."""
    inherited = {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name}
    return {**inherited, "PYTHONPATH": os.pathsep.join(sys.path), **in_clear(settings)}


def in_clear(settings: Mapping[str, str | SecretStr]) -> dict[str, str]:
    """Returns the settings as plain text, including secrets, to pass them to a process."""
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in settings.items()
    }
