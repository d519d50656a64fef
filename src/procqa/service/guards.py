"""What every request passes before it reaches a door, in this order."""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from procqa.service.access import AccessCheck
from procqa.service.admission import AdmissionMiddleware
from procqa.service.body_limit import BodyLimitMiddleware
from procqa.service.capacity import CapacityMiddleware
from procqa.service.deadline import DeadlineMiddleware
from procqa.service.head import HeadMiddleware
from procqa.service.headers import SecurityHeadersMiddleware
from procqa.service.keys import KeyRing
from procqa.service.metrics import Metrics
from procqa.service.observing import ObserveMiddleware
from procqa.service.origins import AllowedOrigins, HostCheck, OriginCheck
from procqa.service.rates import RateCheck
from procqa.service.request_id import RequestIdMiddleware
from procqa.service.tracing import TraceMiddleware, Tracing
from procqa.settings import Settings

# What pages of other origins may send and read, beyond what browsers allow anyway.
SENT = ("Authorization", "Content-Type", "Last-Event-ID", "Mcp-Protocol-Version", "Mcp-Session-Id", "X-Request-ID")
READ = ("ETag", "Mcp-Session-Id", "Retry-After", "X-Request-ID")
# Below one packet there is nothing to gain.
SMALLEST_COMPRESSED = 1400


def guards(
    settings: Settings, keys: KeyRing, metrics: Metrics, rates: RateCheck, tracing: Tracing | None, most: int
) -> list[Middleware]:
    """The middleware of an application, the outermost first; `most` requests are in progress at a time."""
    origins = AllowedOrigins(settings.origins, keys)
    return [
        Middleware(RequestIdMiddleware),
        *([Middleware(TraceMiddleware, tracing)] if tracing else []),
        Middleware(ObserveMiddleware, metrics),
        Middleware(SecurityHeadersMiddleware, keys.origins),
        Middleware(AdmissionMiddleware, [HostCheck(settings.hosts), OriginCheck(origins)]),
        # A preflight carries no key, so it is answered before keys are looked at; so are refusals readable by pages.
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "POST", "DELETE"),
            allow_headers=SENT,
            expose_headers=READ,
        ),
        Middleware(AdmissionMiddleware, [AccessCheck(keys, settings), rates]),
        Middleware(CapacityMiddleware, most),
        Middleware(HeadMiddleware),
        Middleware(GZipMiddleware, minimum_size=SMALLEST_COMPRESSED, compresslevel=5),
        Middleware(DeadlineMiddleware, settings.request_seconds),
        Middleware(BodyLimitMiddleware),
    ]
