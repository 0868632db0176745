"""A program that `nohup` has started outlives its terminal."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from core.service.sample_requests import post
from core.testing.process_environment import environment
from core.testing.service_process import Service, command


@pytest.mark.skipif(not shutil.which("nohup"), reason="this machine has no nohup")
def test_a_service_under_nohup_ignores_the_end_of_its_terminal(tmp_path: Path) -> None:
    process = subprocess.Popen(
        ["nohup", *command("sample.service"), "--port", "0"],
        env=environment(DATA_DIR=str(tmp_path)),
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
                # It would have begun to shut down within a moment.
                deadline, count = time.monotonic() + 2, 0
                while time.monotonic() < deadline:
                    count += 1
                    assert post(running.client, "ann", str(count)).status_code == 201
            assert running.stop() == 0
        finally:
            process.kill()
