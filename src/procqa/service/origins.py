"""Which names the service goes by, and which web origins may call it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from starlette.requests import Request

from procqa.service.keys import KeyRing
from procqa.service.kinds import HOST_NOT_ALLOWED, ORIGIN_NOT_ALLOWED
from procqa.service.problems import ServiceError


class AllowedOrigins(Collection[str]):
    """The origins of the settings and of the live site keys, at the moment of looking."""

    def __init__(self, always: Collection[str], keys: KeyRing) -> None:
        self._always = frozenset(always)
        self._keys = keys

    def __contains__(self, origin: object) -> bool:
        return origin in self._always or origin in self._keys.origins()

    def __iter__(self) -> Iterator[str]:
        return iter(self._always | self._keys.origins())

    def __len__(self) -> int:
        return len(self._always | self._keys.origins())


class HostCheck:
    """Refuses a Host header that names something else, with which a web page could reach a service near its reader.

    Addresses and the machine's own names always pass: only a name that someone else can point here is a danger.
    """

    def __init__(self, names: Collection[str]) -> None:
        """`names` may hold patterns such as `*.example.org`; `*` allows any."""
        self._names = {"localhost", socket.gethostname().lower(), *(name.lower() for name in names)}

    def __call__(self, request: Request) -> None:
        """Raise ServiceError for a name that is not allowed."""
        name = host_name(request.headers.get("host", ""))
        if not _is_address(name) and not any(fnmatchcase(name, known) for known in self._names):
            raise ServiceError(HOST_NOT_ALLOWED)


class OriginCheck:
    """Refuses calls from the pages of origins that are neither the service's own nor allowed."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = allowed

    def __call__(self, request: Request) -> None:
        """Raise ServiceError for an origin that is not allowed; without an Origin header no page is calling."""
        origin = request.headers.get("origin")
        if origin is not None and not is_own(origin, request) and origin not in self._allowed:
            raise ServiceError(ORIGIN_NOT_ALLOWED)


def is_own(origin: str, request: Request) -> bool:
    """Whether an origin is the service itself, as the client named it; a proxy may have changed only the scheme."""
    return bool(urlsplit(origin).netloc) and urlsplit(origin).netloc == request.headers.get("host", "").lower()


def host_name(header: str) -> str:
    """The name or address in a Host header, without its port."""
    name = header.strip().lower()
    return name.partition("]")[0][1:] if name.startswith("[") else name.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
