"""A request's span continues its client's trace, and that of its transaction is linked to it."""

import subprocess
import sys

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pydantic import SecretStr

from core.service.sample_requests import UNREACHABLE, entry, post
from core.settings.groups import DatabaseSettings
from core.testing.process_environment import environment
from core.testing.service_process import service
from core.testing.threaded_service import served
from core.traces.configuration import configured_spans
from core.traces.exporting import resource_of
from core.traces.spans import Spans
from sample.ledger import LEDGER

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def spans_of(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Spans:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Spans(provider)


def test_a_post_continues_the_trace_of_its_client(
    url: SecretStr, spans: Spans, exporter: InMemorySpanExporter
) -> None:
    with served(LEDGER, DatabaseSettings(database_url=url), spans=spans) as client:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "one"}
        client.post("/ledger", json=entry("ann", "1"), headers=headers)
        client.get("/ledger/ann")
    found = spans_of(exporter)
    assert set(found) == {"POST /ledger", "transaction", "GET /ledger/{owner_id}"}
    request, transaction = found["POST /ledger"], found["transaction"]
    assert request.context is not None and request.parent is not None
    assert f"{request.context.trace_id:032x}" == TRACE
    assert f"{request.parent.span_id:016x}" == PARENT
    assert dict(request.attributes or {}) == {
        "ledger.request_id": "one",
        "http.request.method": "POST",
        "http.route": "/ledger",
        "http.response.status_code": 201,
        "ledger.outcome": "posted",
    }
    [link] = transaction.links
    assert link.context == request.context
    assert (transaction.attributes or {})["ledger.group.size"] == 1
    assert not any("ann" in span.to_json() for span in found.values())


def test_a_failure_is_an_error(spans: Spans, exporter: InMemorySpanExporter) -> None:
    with served(LEDGER, UNREACHABLE, spans=spans) as client:
        post(client, "ann", "1")
    request = spans_of(exporter)["POST /ledger"]
    assert request.status.status_code is StatusCode.ERROR
    assert (request.attributes or {})["ledger.outcome"] == "database_unavailable"


def test_spans_are_exported_if_a_variable_says_so(url: SecretStr) -> None:
    assert configured_spans("sample", {}) is None
    asked = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"}
    assert configured_spans("sample", asked) is None
    options = ("--workers", "2")  # which export their own
    variables = {"OTEL_TRACES_EXPORTER": "console"}
    variables["FASTAPI_OTEL_AUTO_CONFIGURE"] = "true"  # which must have no effect
    with service("sample.service", *options, DATABASE_URL=url, **variables) as running:
        running.client.get("/ledger/ann")
        running.process.terminate()
        assert running.process.stdout is not None
        exported = running.process.stdout.read()
    assert '"name": "GET /ledger/{owner_id}"' in exported
    assert '"service.name": "sample-ledger"' in exported


def test_the_name_of_the_service_may_be_a_resource_attribute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=mine,region=north")
    attributes = resource_of("sample").attributes
    assert (attributes["service.name"], attributes["region"]) == ("mine", "north")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "another")
    assert resource_of("sample").attributes["service.name"] == "another"


def test_fastapi_makes_no_spans_which_would_name_the_owner(
    url: SecretStr, exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    # What OpenTelemetry's own instrumentation of a process does.
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    with served(LEDGER, DatabaseSettings(database_url=url)) as client:
        assert client.get("/ledger/ann").status_code == 200
    assert not exporter.get_finished_spans()


def test_nothing_is_imported_otherwise() -> None:
    code = (
        "import sys, sample.service, core.traces.configuration as c\n"
        "assert c.configured_spans('sample', {}) is None\n"
        "sys.exit(any(name.startswith('opentelemetry.sdk') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], env=environment(), check=True)


def test_a_missing_package_is_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    monkeypatch.delitem(sys.modules, "core.traces.exporting", raising=False)
    assert configured_spans("sample", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}) is None
    [record] = caplog.records
    assert "install opentelemetry-exporter-otlp-proto-http" in record.getMessage()
