"""Finds the line that says why a PostgreSQL program has failed."""

import re
import signal

# What follows the severity, unless it is an answer to a client, such as our probe.
_FATAL = re.compile(r"(?:FATAL|PANIC|initdb: error): +(?! |the database system is )(.*)")
_MORE = re.compile(r"(?:DETAIL|HINT|initdb: hint): +(.*)")
_LOG = re.compile(r"LOG: +(.*)")


def reason(output: str, status: int) -> str:
    """Returns why a program failed that wrote `output` and ended with this status.

    The status is that of a process, which is negative if a signal killed it, or of a shell.
    """
    lines = [line for line in output.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if fatal := _FATAL.search(line):
            parts = [fatal[1]]
            if number and "contains errors" in fatal[1] and (log := _LOG.search(lines[number - 1])):
                parts.insert(0, log[1])  # the line before names the errors
            for following in lines[number + 1 :]:
                more = _MORE.search(following)
                if not more:
                    break
                parts.append(more[1])
            return ". ".join(part.rstrip(".") for part in parts)
    number = -status if status < 0 else status - 128
    if number in set(signal.Signals):
        return f"it was killed by {signal.Signals(number).name}"
    told = [line for line in lines if not _LOG.search(line)]
    return " ".join(told[-3:]) or "it wrote no reason, as is common when the disk is full"
