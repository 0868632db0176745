"""Writes a program's log to standard error."""

import logging

from core.logs.line_formats import FORMATS, LogFormat


def log_to_standard_error(level: str, line_format: LogFormat) -> None:
    """Logs messages of at least `level` from now on, including those of libraries.

    Does nothing if a log is set up already.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(FORMATS[line_format]())
    logging.basicConfig(level=level.upper(), handlers=[handler])
