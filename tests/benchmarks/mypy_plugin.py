"""Prints how much longer a cold mypy run of the workspace takes with the plugin, as a ratio.

    PYTHONPATH=src/python python tests/benchmarks/mypy_plugin.py [ROUNDS]

Runs with and without it alternate, so that a change in the speed of the machine affects both.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORKSPACE = Path(__file__).parents[2]
PLUGIN = "src/python/core/mypy_plugin/plugin.py"
CHECKED = ["src/python/core", "src/python/apps"]
TARGET = 1.10


def cold_run(settings: str) -> float:
    """The seconds that one run of mypy takes with an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        config = WORKSPACE / ".benchmark-mypy.ini"  # its paths are relative to its folder
        config.write_text(settings)
        try:
            command = [sys.executable, "-m", "mypy", "--config-file", str(config)]
            begin = time.perf_counter()
            done = subprocess.run(
                [*command, "--cache-dir", cache, *CHECKED], cwd=WORKSPACE, capture_output=True
            )
            seconds = time.perf_counter() - begin
            assert done.returncode in (0, 1), done.stderr.decode()  # 1 means that it found errors
            return seconds
        finally:
            config.unlink()


def main(rounds: int) -> None:
    with_plugin = (WORKSPACE / "mypy.ini").read_text()
    without = with_plugin.replace(f", {PLUGIN}", "")
    assert without != with_plugin, "mypy.ini does not name the plugin"
    cold_run(with_plugin)  # a warm-up of the file system's cache
    times = [(cold_run(with_plugin), cold_run(without)) for _ in range(rounds)]
    medians = [statistics.median(column) for column in zip(*times)]
    ratio = statistics.median(one / other for one, other in times)
    print(f"with the plugin {medians[0]:.2f} s, without {medians[1]:.2f} s, median of {rounds}")
    print(f"ratio {ratio:.3f} (target: below {TARGET})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
