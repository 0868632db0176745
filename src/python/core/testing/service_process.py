"""Runs an app's service in a process of its own, as in production."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import IO

from pydantic import SecretStr

from core.testing.http_clients import http_client
from core.testing.process_environment import environment
from core.testing.programs import Program, start

PATIENT = {"LOCK_TIMEOUT": "60", "STATEMENT_TIMEOUT": "60"}
"""Settings of a service that answers every post, even if a busy machine stalls a lock holder."""


def command(module: str) -> list[str]:
    """Returns the command that runs a service's module, such as `apps.content.service`."""
    return [sys.executable, "-m", module]


class Service:
    """A running service, with a client."""

    def __init__(self, process: "Program | subprocess.Popen[str]") -> None:
        self.process = process
        assert process.stdout is not None
        self.greeting = ""
        while "try" not in self.greeting:
            line = process.stdout.readline()
            assert line, f"the service ended:\n{self.greeting}"
            self.greeting += line
        [self.address] = re.findall(r"runs at (\S+)", self.greeting)
        self.client = http_client(self.address)

    def refuses(self) -> bool:
        """Whether the service refuses new connections."""
        url = self.client.base_url
        try:
            socket.create_connection((url.host, url.port or 0), timeout=5).close()
        except OSError:
            return True
        return False

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def service(
    module: str, *options: str, **settings: str | SecretStr
) -> Generator[Service, None, None]:
    """Runs a service on a free port. It is killed at the end of the block if still running.

    `options` are those of the command, such as `--workers`.
    """
    with logged_service(None, module, *options, **settings) as running:
        yield running


@contextmanager
def logged_service(
    log: IO[str] | None, module: str, *options: str, **settings: str | SecretStr
) -> Generator[Service, None, None]:
    """Like `service`, but its log goes to the file `log`."""
    program = start(module, "--port", "0", *options, env=environment(**settings), stderr=log)
    with closing(program):
        running = Service(program)
        with running.client:
            yield running


def workers_of(process: "Program | subprocess.Popen[str]") -> set[int]:
    """Returns the process IDs of the workers that a service runs with `--workers`."""
    listed = ["ps", "-A", "-o", "pid=", "-o", "ppid="]
    lines = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.splitlines()
    pairs = [tuple(map(int, line.split())) for line in lines]
    return {child for child, parent in pairs if parent == process.pid}
