"""No more requests at a time than can be worked or wait: the rest is refused before anything of it is read.

The queue alone would not do. To read, check and route a request takes ten times longer than to refuse it here, and at a
load far beyond what the cores can answer the event loop would do nothing else.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from procqa.service.access import is_free
from procqa.service.kinds import OVERLOADED
from procqa.service.problems import ServiceError, problem_response

# Who watches the service wants to see it most when it is overloaded.
METRICS = "/metrics"


class CapacityMiddleware:
    """Refuses a request when `most` are in progress; what costs nothing is answered, so that all see it lives."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most
        self._in_progress = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or is_free(scope["path"]) or scope["path"] == METRICS:
            await self._app(scope, receive, send)
            return
        if self._in_progress >= self._most:
            response = await problem_response(Request(scope), ServiceError(OVERLOADED))
            await response(scope, receive, send)
            return
        self._in_progress += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_progress -= 1
