"""The headers that keep browsers from running, framing, guessing or storing what they should not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from procqa.service.caching import NOTHING_KEPT

POLICY = "Content-Security-Policy"
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'"
ALWAYS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# A script that other sites load by its address; every other resource is for pages of the service alone.
SHARED = frozenset({"/widget.js"})
NOBODY = "'none'"
_YEAR = 365 * 24 * 60 * 60
# What names the site that frames a page: the id of its site key, or the key, which is public.
SITE = "site"


class SecurityHeadersMiddleware:
    """Adds to each response what it does not say itself; who may frame a page is said here alone."""

    def __init__(self, app: ASGIApp, framing: Callable[[str], Collection[str]]) -> None:
        """`framing` gives the origins that may frame the pages of a site, by what the address names it with."""
        self._app = app
        self._framing = framing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._guard(MutableHeaders(scope=message), scope)
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _guard(self, headers: MutableHeaders, scope: Scope) -> None:
        for name, value in ALWAYS.items():
            headers.setdefault(name, value)
        headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if scope["path"] in SHARED else "same-origin")
        # Answers tell what was asked.
        headers.setdefault("Cache-Control", NOTHING_KEPT)
        if scope["scheme"] == "https":
            headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}")
        site = parse_qs(scope["query_string"].decode("latin-1")).get(SITE, [""])[0]
        origins = sorted(self._framing(site)) if site else []
        headers[POLICY] = framed_by(headers.get(POLICY, NOTHING), origins)
        if not origins:
            headers["X-Frame-Options"] = "DENY"


def framed_by(policy: str, origins: Collection[str]) -> str:
    """A content security policy with these origins, and no other, as those that may frame the page."""
    kept = [part.strip() for part in policy.split(";") if not part.strip().lower().startswith("frame-ancestors")]
    return "; ".join([*filter(None, kept), f"frame-ancestors {' '.join(origins) or NOBODY}"])
