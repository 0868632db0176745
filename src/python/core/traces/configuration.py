"""Decides whether a service exports traces. It imports OpenTelemetry only if it does."""

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.traces.spans import Spans

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

log = logging.getLogger(__name__)


def configured_spans(app: str, environment: Mapping[str, str] = os.environ) -> "Spans | None":
    """Returns the spans of a service, if OpenTelemetry's variables ask for traces.

    They do if they have an endpoint for OTLP, or say `OTEL_TRACES_EXPORTER=console`. Returns None
    otherwise, and, with a warning, if the packages are not installed.
    """
    exporter = _exporter(environment)
    if exporter == "none" or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        from core.traces.exporting import exported_spans

        return exported_spans(app, exporter)
    except ImportError as error:
        log.warning(
            "OTEL_* variables ask for traces, but %s is missing: install "
            "opentelemetry-exporter-otlp-proto-http, or set OTEL_TRACES_EXPORTER=none",
            error.name,
        )
        return None


def _exporter(environment: Mapping[str, str]) -> str:
    has_endpoint = any(environment.get(name) for name in _ENDPOINTS)
    given = environment.get("OTEL_TRACES_EXPORTER") or ("otlp" if has_endpoint else "none")
    return given.strip().lower()
