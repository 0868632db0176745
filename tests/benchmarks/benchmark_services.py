"""Runs the services that the benchmarks compare, and measures their processes."""

import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
from pydantic import SecretStr

from core.testing.process_environment import environment


class Running:
    """A service that is ready, and how long it took to start."""

    def __init__(self, address: str, process: "subprocess.Popen[bytes]", seconds: float) -> None:
        self.address = address
        self.seconds_to_start = seconds
        self._process = process

    def memory(self) -> int:
        """The resident memory of the process, in KiB."""
        command = ["ps", "-o", "rss=", "-p", str(self._process.pid)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    def processor_seconds(self) -> float:
        """How long the process has run on a processor. Linux only."""
        nanoseconds = Path(f"/proc/{self._process.pid}/schedstat").read_text().split()[0]
        return int(nanoseconds) / 1e9


@contextmanager
def running(
    module: str, url: SecretStr, *more: str, **settings: str
) -> Generator[Running, None, None]:
    """Runs the service `benchmarks.<module>` on a free port, with the database at `url`.

    `more` are further arguments of the module.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    message = f"{module} did not start"
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{module}", url.get_secret_value(), str(port), *more],
        env=environment(**settings),
    )
    try:
        while not _answers(f"{address}/openapi.json"):
            assert process.poll() is None and time.perf_counter() < begin + 60, message
            time.sleep(0.01)
        yield Running(address, process, time.perf_counter() - begin)
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False
