"""Runs the sample's program many times, and returns everything that it writes."""

import json
import subprocess
import sys
from collections.abc import Sequence

from core.testing.service_process import environment

# Runs the program once for each line of its standard input: the settings and the arguments. Each
# run is in a fork of this process, which has imported the program and all of its commands.
_PROGRAM = """
import json, os, sys, traceback
from core.cli import commands
from core.cli.main import main
from sample.ledger import LEDGER

for name in commands.NAMES:
    commands.command(name, LEDGER)
for settings, arguments in map(json.loads, sys.stdin):
    if not os.fork():
        os.environ.update(settings)
        sys.argv[1:] = arguments
        try:
            main(LEDGER)
        except SystemExit as end:
            print(end.code or "", flush=True)
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.wait()
    print("--- end of run", flush=True)
"""


def outputs(runs: Sequence[tuple[dict[str, str], list[str]]]) -> list[str]:
    """Returns what the program writes to its standard output and standard error in each run.

    A run is its settings and its arguments. The log has every level.
    """
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env=environment(LOG_LEVEL="debug"),
        input="\n".join(map(json.dumps, runs)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    *shown, rest = done.stdout.split("--- end of run\n")
    assert (len(shown), rest) == (len(runs), "")
    return shown
