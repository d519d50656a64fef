"""How many requests a key, or an address without a secret key, may send in a time."""

from __future__ import annotations

import ipaddress
import math

from limits import RateLimitItem, parse
from starlette.requests import Request

from procqa.errors import ProcqaError
from procqa.service.access import Caller, caller_of, is_free, is_loopback
from procqa.service.keys import ADMIN
from procqa.service.kinds import RATE_LIMITED
from procqa.service.problems import ServiceError
from procqa.service.windows import SlidingWindows
from procqa.settings import Settings


def rate(text: str) -> RateLimitItem | None:
    """A rate such as `120/minute` or `5 per 10 seconds`; None for no limit. Raises ProcqaError for another form."""
    if not text:
        return None
    try:
        return parse(text)
    except ValueError:
        raise ProcqaError(f"{text!r} is no rate; give one like 120/minute or 10/second.") from None


class RateCheck:
    """Counts each request in windows that slide; two counters for each client that was seen in the last two windows."""

    def __init__(self, settings: Settings, windows: SlidingWindows) -> None:
        self._windows = windows
        self._of_key = rate(settings.rate_key)
        self._of_address = rate(settings.rate_address)

    def __call__(self, request: Request) -> None:
        """Raise ServiceError when the caller has sent too many; what costs nothing is not counted."""
        if not is_free(request.scope["path"]):
            self.charge(request)

    def charge(self, request: Request, cost: int = 1) -> None:
        """Count so many requests. Raises ServiceError when the caller has fewer left."""
        caller = caller_of(request.scope)
        if caller is None:
            return
        key = caller.key
        if key is None or key.origins:
            # Those who have the machine to themselves are not limited on it.
            own = ADMIN in caller.scopes and is_loopback(caller.address)
            self._hit(None if own else self._of_address, cost, "address", _network(caller))
        if key is not None:
            self._hit(rate(key.rate) or self._of_key, cost, "key", key.id)

    def _hit(self, limit: RateLimitItem | None, cost: int, *name: str) -> None:
        wait = self._windows.hit(limit, *name, cost=cost) if limit is not None and cost else 0.0
        if wait:
            raise ServiceError(RATE_LIMITED, {"Retry-After": str(max(1, math.ceil(wait)))})


def _network(caller: Caller) -> str:
    """The address, or of IPv6 the /64 network, within which one client has as many addresses as it likes."""
    try:
        address = ipaddress.ip_address(caller.address)
    except ValueError:
        return caller.address
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return caller.address
