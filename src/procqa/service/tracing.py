"""Traces for OpenTelemetry (`procqa[otel]`): a span for each request, and one for each stage of an answer.

Where they are sent is set by the OTEL_* variables of OpenTelemetry itself. No word of a request is in them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from procqa import __version__
from procqa.errors import ProcqaError
from procqa.service.observing import METHODS, route_of
from procqa.service.request_id import request_id
from procqa.types import Reply

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


class Tracing:
    """The traces of one application."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self.tracer = provider.get_tracer("procqa", __version__)

    @classmethod
    def open(cls) -> Tracing:
        """Traces that are sent as the OTEL_* variables say. Raises ProcqaError where OpenTelemetry is not installed."""
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import OTELResourceDetector, Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise ProcqaError('Traces need OpenTelemetry; install it with `pip install "procqa[otel]"`.') from error
        named = Resource({"service.name": "procqa", "service.version": __version__})
        provider = TracerProvider(resource=named.merge(OTELResourceDetector().detect()))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def hear(self, history: Sequence[str], reply: Reply) -> None:
        """Add the outcome of a question to the span of its request, and a span for each stage, end to end."""
        from opentelemetry import trace

        span = trace.get_current_span()
        span.set_attribute("procqa.status", reply.status.value)
        span.set_attribute("procqa.reason", reply.abstention.reason.value if reply.abstention else "")
        span.set_attribute("procqa.index", reply.index.version)
        at = time.time_ns() - _nanoseconds(reply.timing_ms["total"])
        for stage, milliseconds in reply.timing_ms.items():
            if stage != "total":
                part = self.tracer.start_span(stage, start_time=at)
                at += _nanoseconds(milliseconds)
                part.end(at)

    def close(self) -> None:
        """Send what is not sent yet."""
        self._provider.shutdown()


class TraceMiddleware:
    """Makes a span of each request, within the trace that its client began if there is one."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        headers = {name: value for name, value in Headers(scope=scope).items() if name in {"traceparent", "tracestate"}}
        began = TraceContextTextMapPropagator().extract(headers)
        method = scope["method"] if scope["method"] in METHODS else "other"
        with self._tracing.tracer.start_as_current_span(
            method, began, SpanKind.SERVER, record_exception=False, set_status_on_exception=False
        ) as span:

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            try:
                await self._app(scope, receive, send_noted)
            finally:
                route = route_of(scope)
                span.update_name(f"{method} {route}")
                span.set_attribute("http.request.method", method)
                span.set_attribute("http.route", route)
                span.set_attribute("procqa.request_id", request_id(scope))


def _nanoseconds(milliseconds: float) -> int:
    return round(milliseconds * 1e6)
