"""One line and one count for each request, without any word of it."""

from __future__ import annotations

import logging
import time

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from procqa.service.access import caller_of
from procqa.service.metrics import Metrics
from procqa.service.problems import problem_response, problem_told
from procqa.service.request_id import request_id

WATCHED = frozenset({"/healthz", "/readyz", "/metrics"})
_LINE = "%(method)s %(route)s %(status)s %(milliseconds)s ms key=%(key)s problem=%(problem)s request_id=%(request_id)s"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
logger = logging.getLogger(__name__)


class ObserveMiddleware:
    """Measures, counts and logs each request, and answers what fails inside.

    A failure ends here: the server around would log the words of the exception, which may hold the question.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        began = time.perf_counter()

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._metrics.in_progress.track_inprogress():
            try:
                await self._app(scope, receive, send_noted)
            except Exception as error:  # noqa: BLE001 - the last resort of every door; told and logged as a problem
                response = await problem_response(Request(scope), error)
                if not status:
                    await response(scope, receive, send_noted)
            finally:
                self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # Of the request itself only what the service knows by its own names: a path can hold anything.
        route, method = route_of(scope), scope["method"] if scope["method"] in METHODS else "other"
        self._metrics.requests.labels(method, route, status).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        code = problem_told(scope)
        if code is not None:
            self._metrics.problems.labels(code).inc()
        caller = caller_of(scope)
        fields = {
            "request_id": request_id(scope),
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000, 2),
            "key": caller.name if caller else "-",
            "problem": code or "-",
        }
        # Those who only look whether it is well do so all day.
        level = logging.DEBUG if status == 200 and route in WATCHED else logging.INFO
        logger.log(level, _LINE, fields, extra={"fields": fields})


def route_of(scope: Scope) -> str:
    """The address as the service declares it, such as /v1/documents/{doc_id:path}; `-` for one that it has not."""
    route = scope.get("route")
    return str(getattr(route, "path", "-")) if route is not None else "-"
