"""The spans of a service: one for each request, and one for the transaction that requests share."""

from collections.abc import Awaitable, Callable, Iterable, Sized
from typing import TypeVar

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    StatusCode,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from core.logs.current_requests import ServedRequest, current_requests

_FLUSH_MILLISECONDS = 2000

ItemsT = TypeVar("ItemsT", bound=Sized)
ResultT = TypeVar("ResultT")


class Spans:
    """Makes spans. No owner and no nonce is in them: a request is known by its route."""

    def __init__(
        self, provider: TracerProvider, *, start: Callable[[], None] = lambda: None
    ) -> None:
        """`start` makes the provider export spans."""
        self._provider = provider
        self._start: Callable[[], None] | None = start
        self._tracer = provider.get_tracer("ledger")
        self._propagator = TraceContextTextMapPropagator()

    def start(self) -> None:
        """Exports spans from now on. Call this in the process that serves."""
        start, self._start = self._start, None
        if start is not None:
            start()

    def flush(self) -> None:
        """Waits until the spans so far are exported, but not for long."""
        self._provider.force_flush(_FLUSH_MILLISECONDS)

    def begin(self, request: ServedRequest, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Begins the span of a request, which continues the trace of its `traceparent`."""
        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in headers
            if name in (b"traceparent", b"tracestate")
        }
        request.span = self._tracer.start_span(
            "request",
            context=self._propagator.extract(carrier),
            kind=SpanKind.SERVER,
            attributes={"ledger.request_id": request.id},
        )

    def end(self, request: ServedRequest, method: str, route: str) -> None:
        """Ends the span of a request, whose route and status are known now."""
        span = request.span
        if not isinstance(span, Span):
            return
        span.update_name(f"{method} {route}".strip())
        span.set_attribute("http.request.method", method)
        span.set_attribute("http.response.status_code", request.status)
        span.set_attribute("ledger.outcome", request.outcome)
        if route:
            span.set_attribute("http.route", route)
        if request.key_name:
            span.set_attribute("ledger.key", request.key_name)
        if request.status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end()

    def around(
        self, name: str, work: Callable[[ItemsT], Awaitable[ResultT]]
    ) -> Callable[[ItemsT], Awaitable[ResultT]]:
        """Returns `work`, which then has a span of its own, linked to those of its requests."""

        async def traced(items: ItemsT) -> ResultT:
            links = [
                Link(request.span.get_span_context())
                for request in current_requests()
                if isinstance(request.span, Span)
            ]
            with self._tracer.start_as_current_span(
                name, kind=SpanKind.CLIENT, links=links
            ) as span:
                span.set_attribute("db.system.name", "postgresql")
                span.set_attribute("ledger.group.size", len(items))
                return await work(items)

        return traced
