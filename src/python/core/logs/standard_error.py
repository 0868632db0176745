"""Writes a program's log to standard error."""

import logging

from core.logs.line_formats import FORMATS, LogFormat


def log_to_standard_error(level: str, line_format: LogFormat) -> None:
    """Logs what is at least as important as `level`, also of libraries, from now on.

    Does nothing if a log is set up already.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(FORMATS[line_format]())
    logging.basicConfig(level=level.upper(), handlers=[handler])
