"""Runs PgBouncer in front of the embedded server, with its default settings."""

import os
import shutil
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from core.testing.waiting import until

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

Mode = Literal["session", "transaction"]

_CONFIGURATION = """
[databases]
* = host={host} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {pool_size}
"""


@contextmanager
def pooled(
    url: SecretStr, mode: Mode, folder: Path, *, pool_size: int = 20
) -> Generator[SecretStr, None, None]:
    """Yields a URL that reaches the database at `url` through PgBouncer."""
    assert PGBOUNCER is not None
    parts = urlsplit(url.get_secret_value())
    [host] = parse_qs(parts.query)["host"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = folder / "pgbouncer.ini"
    file.write_text(
        _CONFIGURATION.format(host=host, port=port, mode=mode, pool_size=pool_size), "utf-8"
    )
    command = [PGBOUNCER, "--quiet", str(file)]
    if os.getuid() == 0:  # as whom it refuses to run
        command = ["unshare", "--user", "--map-user=1000", *command]
    process = subprocess.Popen(command)
    try:
        until(lambda: _accepts(port), "PgBouncer did not start")
        yield SecretStr(f"postgresql://postgres@127.0.0.1:{port}{parts.path}")
    finally:
        process.kill()
        process.wait()


def _accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
