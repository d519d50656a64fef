"""A limit on request bodies, met before they are read whole, whether or not their length is declared."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 256 * 1024


class BodyLimitMiddleware:
    """Ends the reading of a body that is too large by an HTTPException 413, told as a problem like any other.

    The web framework has a limit of its own, but answers it in plain text.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        # Four digits more than the limit's own are enough to be too large, and few enough for int().
        declared = int(length[:10]) if length.isdecimal() else 0
        total = 0

        async def receive_some() -> Message:
            nonlocal total
            if declared > MOST_BYTES:
                raise HTTPException(413)
            message = await receive()
            total += len(message.get("body", b""))
            if total > MOST_BYTES:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_some, send)
