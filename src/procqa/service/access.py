"""Who asks, and what they may: keys where they are needed, and no key on a machine of one's own."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.types import Scope

from procqa.errors import ProcqaError
from procqa.service import kinds
from procqa.service.keys import ADMIN, ASK, SCOPES, Key, KeyRing
from procqa.service.origins import is_own
from procqa.service.problems import ServiceError
from procqa.settings import Settings

# Doors that need no key: they tell nothing that is asked for, or are opened by a browser, which sends no key.
# A name that ends in "/" stands for all below it. Every address that is not named here or below needs the scope ask.
OPEN = ("/healthz", "/readyz", "/openapi.json", "/problems", "/problems/", "/widget.js", "/widget/")
PAGES = ("/", "/ask", "/documents/")
FREE = ("/healthz", "/readyz", "/widget.js", "/widget/")
ADMINISTRATION = ("/metrics", "/v1/questions", "/v1/questions/", "/v1/feedback/")
_CALLER = "caller"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: a key, or anyone at an address."""

    key: Key | None
    address: str
    scopes: frozenset[str]

    @property
    def name(self) -> str:
        """What logs call it: the id of the key; addresses are nobody's business."""
        return self.key.id if self.key else "-"


def anonymous_scopes(settings: Settings) -> frozenset[str]:
    """What may be done without a key: all on a loopback address, to ask with `insecure`, else nothing.

    Raises ProcqaError for settings that contradict each other.
    """
    if settings.require_keys and settings.insecure:
        raise ProcqaError("To need keys and to be insecure exclude each other; leave out --require-keys or --insecure.")
    if settings.require_keys:
        return frozenset()
    if is_loopback(settings.host):
        return frozenset(SCOPES)
    return frozenset({ASK} if settings.insecure else ())


def needed_scope(path: str, private_pages: bool = False) -> str | None:
    """The scope that an address needs, or None for an open one."""
    if _under(path, ADMINISTRATION):
        return ADMIN
    if _under(path, OPEN) or (not private_pages and _under(path, PAGES)):
        return None
    return ASK


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address; any name but localhost may lead elsewhere."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class AccessCheck:
    """Finds the caller of each request and refuses what they may not do."""

    def __init__(self, keys: KeyRing, settings: Settings) -> None:
        self._keys = keys
        self._anonymous = anonymous_scopes(settings)
        self._private_pages = settings.private_pages

    def __call__(self, request: Request) -> None:
        """Note the caller. Raises ServiceError when the address needs a scope that they do not have.

        Where no key is needed none is looked at, since clients of other interfaces must send something.
        """
        address = request.client.host if request.client else ""
        needed = needed_scope(request.scope["path"], self._private_pages)
        key = None
        if needed is not None and needed not in self._anonymous:
            key = self._key(request)
            if needed not in key.scopes:
                raise ServiceError(kinds.SCOPE_MISSING)
        caller = Caller(key, address, self._anonymous | frozenset(key.scopes if key else ()))
        request.scope["state"][_CALLER] = caller

    def _key(self, request: Request) -> Key:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise ServiceError(kinds.KEY_MISSING, {"WWW-Authenticate": "Bearer"})
        key = self._keys.find(token.strip())
        state = key.state(datetime.now(UTC)) if key else "unknown"
        if key is None or state != "live":
            kind = kinds.KEY_EXPIRED if state == "expired" else kinds.KEY_INVALID
            raise ServiceError(kind, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        if key.origins and not _from_its_site(key, request):
            raise ServiceError(kinds.ORIGIN_NOT_ALLOWED)
        return key


def caller_of(scope: Scope) -> Caller | None:
    """Who sent a request; None for one that was refused before anybody looked."""
    caller: Caller | None = scope["state"].get(_CALLER)
    return caller


def _from_its_site(key: Key, request: Request) -> bool:
    """Whether a browser says that a page of the key's own sites is calling.

    A page of the service itself sends no Origin with a GET, but browsers say where it comes from in another header.
    """
    origin = request.headers.get("origin")
    if origin is not None:
        return origin in key.origins
    same = request.headers.get("sec-fetch-site") == "same-origin"
    return same and any(is_own(bound, request) for bound in key.origins)


def is_free(path: str) -> bool:
    """Whether an address costs nothing to answer, so that nobody is counted or kept waiting for it."""
    return _under(path, FREE)


def _under(path: str, names: tuple[str, ...]) -> bool:
    return any(path == name or (name != "/" and name.endswith("/") and path.startswith(name)) for name in names)
