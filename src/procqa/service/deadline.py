"""A time budget for each request, from its head to the end of its response."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from procqa.service.kinds import BODY_TOO_SLOW, TIMED_OUT
from procqa.service.problems import ServiceError, problem_response


class DeadlineMiddleware:
    """Ends a request that takes longer than `seconds`: told as a problem, or cut where a response has begun."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        arrived = begun = False

        async def receive_noted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived = arrived or not message.get("more_body", False)
            return message

        async def send_noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as budget:
                await self._app(scope, receive_noted, send_noted)
        except TimeoutError as error:
            if not budget.expired():
                raise
            if begun:  # too late to say so: what stands around cuts the connection
                raise ServiceError(TIMED_OUT) from error
            # A request without a body is not waited for, so its doors may never have received anything.
            slow = not arrived and ("content-length" in _names(scope) or "transfer-encoding" in _names(scope))
            response = await problem_response(Request(scope), ServiceError(BODY_TOO_SLOW if slow else TIMED_OUT))
            await response(scope, receive, send)


def _names(scope: Scope) -> set[str]:
    return {name.decode("latin-1") for name, _ in scope["headers"]}
