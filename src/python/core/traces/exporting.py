"""Exports spans as OpenTelemetry's variables say, in the background."""

from importlib import import_module

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

from core.traces.spans import Spans

_OTLP = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


def exported_spans(app: str, exporter: str) -> Spans:
    """Returns spans that are exported by `console`, or else over OTLP.

    Raises ImportError if the exporter is not installed.
    """
    provider = TracerProvider(resource=resource_of(app))
    export = _exporter(exporter)
    # Not now: it starts a thread, which a forked process would not have.
    return Spans(provider, start=lambda: provider.add_span_processor(BatchSpanProcessor(export)))


def resource_of(app: str) -> Resource:
    """Returns what OpenTelemetry's variables say of the service, with a default for its name."""
    default = Resource({"service.name": f"{app}-ledger"})
    return Resource.create().merge(default).merge(OTELResourceDetector().detect())


def _exporter(name: str) -> SpanExporter:
    if name == "console":
        return ConsoleSpanExporter()
    # By name, because a service that exports nothing is packaged without it.
    exporter: SpanExporter = import_module(_OTLP).OTLPSpanExporter()
    return exporter
