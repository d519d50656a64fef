"""The gate before the doors: checks that look only at the head of a request and raise ServiceError to refuse it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from procqa.service.problems import ServiceError, problem_response

Check = Callable[[Request], None]


class AdmissionMiddleware:
    """Lets a request pass when no check refuses it; the first refusal is the answer."""

    def __init__(self, app: ASGIApp, checks: Sequence[Check]) -> None:
        self._app = app
        self._checks = checks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            request = Request(scope)
            try:
                for check in self._checks:
                    check(request)
            except ServiceError as error:
                response = await problem_response(request, error)
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)
