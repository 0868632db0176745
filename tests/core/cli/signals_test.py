"""A program that `nohup` has started outlives its terminal."""

import os
import shutil
import signal
import subprocess

import pytest

from core.testing.databases import Databases
from core.testing.process_environment import environment
from core.testing.service_process import Service, command


@pytest.mark.skipif(not shutil.which("nohup"), reason="this machine has no nohup")
def test_a_service_under_nohup_ignores_the_end_of_its_terminal(databases: Databases) -> None:
    # With a drain, /readyz says at once that a signal was not ignored.
    url = databases.migrated("sample")
    process = subprocess.Popen(
        ["nohup", *command("sample.service"), "--port", "0"],
        env=environment(DATABASE_URL=url, DRAIN_SECONDS="600"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            running = Service(process)
            with running.client:
                os.killpg(process.pid, signal.SIGHUP)  # as the system does when a terminal ends
                for _ in range(20):
                    assert running.client.get("/readyz").status_code == 200
                process.terminate()
                assert running.client.get("/readyz").status_code == 503
            assert running.stop() == 0
        finally:
            process.kill()
