"""Runs the sample's program many times, and returns everything that it writes."""

from collections.abc import Sequence

from core.testing.process_environment import environment
from core.testing.programs import run


def outputs(runs: Sequence[tuple[dict[str, str], list[str]]]) -> list[str]:
    """Returns what the program writes to its standard output and standard error in each run.

    A run is its settings and its arguments. The log has every level.
    """
    return [
        run(
            "sample.service",
            *arguments,
            env=environment(**{"LOG_LEVEL": "debug", **settings}),
            merged=True,
        ).stdout
        for settings, arguments in runs
    ]
