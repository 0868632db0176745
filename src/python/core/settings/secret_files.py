"""Reads secrets from files, such as those that Docker and Kubernetes mount.

The messages name the variable that names the file: its value may be the secret itself, by mistake.
"""

from collections.abc import Sequence
from pathlib import Path

from core.ledgers.errors import ConfigurationError


def read_file(path: str, variable: str) -> str:
    """Returns the text of a file. Raises ConfigurationError if that is not possible."""
    return _text(Path(path.strip()), f"{variable} names a file that cannot be read")


def find_in_folder(path: str, names: Sequence[str], variable: str) -> str | None:
    """Returns the text of the first file in a folder that has one of the names, in any case.

    Returns None if there is none. Raises ConfigurationError if the folder or the file cannot be
    read.
    """
    try:
        files = {file.name.lower(): file for file in Path(path.strip()).iterdir()}
    except OSError as error:
        raise ConfigurationError(
            f"{variable} names a folder that cannot be read: {error.strerror}"
        ) from None
    for name in names:
        if name in files:
            return _text(files[name], f"The file {name} in {variable} cannot be read")
    return None


def _text(file: Path, problem: str) -> str:
    try:
        if file.exists() and not file.is_file():  # a pipe, for example, can be read only once
            raise ConfigurationError(f"{problem}: Not a regular file")
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{problem}: {error.strerror}") from None
    except UnicodeDecodeError:  # which contains the text
        raise ConfigurationError(f"{problem}: Not UTF-8 text") from None
