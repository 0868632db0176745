"""Chooses the folder of a server's Unix socket, from which its settings and its URL follow."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from pydantic import SecretStr

from core.ledgers.errors import ConfigurationError

_FILE = ".s.PGSQL.5432"
_MAX_BYTES = 103  # of the path of a Unix socket, on macOS; 107 on Linux


@contextmanager
def socket_folder(data: Path) -> Generator[Path, None, None]:
    """Yields a folder for the socket of the server of `data`, and removes it in the end.

    It depends only on `data` and TMPDIR. It is in /tmp if the path would be too long otherwise, or
    if TMPDIR has a comma, which separates hosts in a URL, even percent-encoded.
    """
    digest = hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:16]
    folder = Path(tempfile.gettempdir(), f"ledger-{os.getuid()}-{digest}")
    if "," in str(folder) or len(os.fsencode(folder / _FILE)) > _MAX_BYTES:
        folder = Path("/tmp", folder.name)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise ConfigurationError(f"{folder} is not a folder of this user: remove it")
    try:
        yield folder
    finally:
        with suppress(OSError):  # it is in use until the server has ended
            folder.rmdir()


def settings_of(folder: Path) -> dict[str, str]:
    """Returns PostgreSQL's settings to listen only on the socket in the folder."""
    # The setting is a list of folders, each of which may be in double quotes.
    quoted = str(folder).replace('"', '""')
    return {"listen_addresses": "", "port": "5432", "unix_socket_directories": f'"{quoted}"'}


def url_of(folder: Path) -> SecretStr:
    """Returns the URL of the database `postgres` of the server that listens there."""
    return SecretStr(f"postgresql://postgres@/postgres?host={quote(os.fsencode(folder))}")
