"""X-Request-ID: every response carries one, the client's own where it is a plain token."""

from __future__ import annotations

import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-ID"
_KEY = "request_id"
# Nothing that could break a log line or a header.
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIdMiddleware:
    """Names each HTTP request, and says the name in the response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identity = accepted(Headers(scope=scope).get(HEADER, ""))
        scope.setdefault("state", {})[_KEY] = identity

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = identity
            await send(message)

        await self._app(scope, receive, send_named)


def accepted(given: str) -> str:
    """The client's own name for a request where it is a plain token, else a new one."""
    return given if _TOKEN.fullmatch(given) else uuid.uuid4().hex


def request_id(scope: Scope) -> str:
    """The name of the request that a scope belongs to."""
    return str(scope["state"][_KEY])
