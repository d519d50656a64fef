"""Runs the service on an address; everything that can be wrong beforehand is told before it is bound."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from contextlib import closing, suppress

import uvicorn

from procqa.engine import Engine
from procqa.errors import ProcqaError, SnapshotError
from procqa.index.manifest import Manifest
from procqa.index.versions import current_folder
from procqa.service.access import anonymous_scopes
from procqa.service.app import create_app
from procqa.service.connections import KEEP_ALIVE_SECONDS, IdleWatch, raise_file_limit
from procqa.service.keys import ADMIN, KeyFile, KeyRing
from procqa.service.shared import Shared
from procqa.service.workers import Supervisor, fitting_count
from procqa.settings import Settings
from procqa.threads import at_once

# Time for running questions to end after a signal to stop.
GRACE_SECONDS = 10
# Connections that the system holds until they are accepted.
BACKLOG = 2048
logger = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Serve until a signal says stop. Raises ProcqaError when there is no index or the address cannot be had."""
    _check_index(settings)
    _check_access(settings)
    count = settings.workers or fitting_count()
    with closing(listen(settings.host, settings.port)) as listener:

        def serving() -> None:
            host, port = listener.getsockname()[:2]
            logger.info("Serving on http://%s:%d/", f"[{host}]" if ":" in host else host, port)
            logger.info("%s", who_may_ask(settings))

        if count == 1:
            serve(settings, listener, Shared(), serving)
        else:
            logger.info("Starting %d processes.", count)
            Supervisor(serve, settings, listener, count, grace=GRACE_SECONDS + 5).run(serving)


def serve(settings: Settings, listener: socket.socket, shared: Shared, serving: Callable[[], None]) -> None:
    """Serve in this process, and call `serving` when everything that can be wrong beforehand is not.

    Raises ProcqaError for settings that cannot be used.
    """
    shared.enter()
    app = create_app(
        lambda: Engine.open(settings.index, threads=settings.threads, read=not settings.fast),
        settings,
        watch=settings.index,
        threads=max(1, at_once(settings.threads) // shared.count),
        shared=shared,
    )
    # Of the server's own lines only warnings and errors are of use.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        # The other parser, which uvicorn takes wherever it is installed, has no limit on the size of a request's head.
        http="h11",
        ws="none",
        lifespan="on",
        # Otherwise any client could say that it is another one.
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        timeout_keep_alive=int(KEEP_ALIVE_SECONDS),
        timeout_graceful_shutdown=GRACE_SECONDS,
        # Also how many connections the event loop accepts at a time: of several processes one must not take them all.
        backlog=BACKLOG if shared.count == 1 else 1,
    )
    serving()
    # Ctrl+C is how a server on a terminal is ended, so it is no failure.
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(uvicorn.Server(config), listener))


def who_may_ask(settings: Settings) -> str:
    """One sentence on who is let in."""
    scopes = anonymous_scopes(settings)
    if not scopes:
        return "Every question needs a key."
    if ADMIN in scopes:
        return "No key is needed on this machine; behind a proxy, where others reach it, start with --require-keys."
    return f"Every machine that reaches {settings.host} may ask without a key."


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve, and close what stays idle meanwhile."""
    watch = IdleWatch(server.server_state.connections, raise_file_limit())
    beside = [asyncio.create_task(watch.run()), asyncio.create_task(_widen(server, listener))]
    try:
        await server.serve(sockets=[listener])
    finally:
        for task in beside:
            task.cancel()


async def _widen(server: uvicorn.Server, listener: socket.socket) -> None:
    """Let as many connections wait as should, whatever the event loop told the system when it began to listen."""
    while not server.started:
        await asyncio.sleep(0.001)
    listener.listen(BACKLOG)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the address; port 0 takes a free one. Raises ProcqaError when it cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that no host can have
        number = getattr(error, "errno", None)
        if number == errno.EADDRINUSE:
            message = f"Port {port} of {host} is in use; stop what uses it, or choose another with --port."
        elif number == errno.EACCES:
            message = f"Port {port} of {host} is not allowed to this user; choose one above 1023 with --port."
        else:
            message = f"{host} is no address of this machine; choose another with --host, for instance 127.0.0.1."
        raise ProcqaError(message) from error
    # Connections inherit it. Without it the kernel holds back the second packet of a response, headers being the first,
    # for 40 ms; the event loop sets it only on sockets made with the protocol named.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _check_index(settings: Settings) -> None:
    """Raise SnapshotError for an index that is missing or of another format, without loading it."""
    folder = current_folder(settings.index)
    if folder is None:
        raise SnapshotError(
            f"There is no index in {settings.index}; make one with `procqa index build --index {settings.index}`."
        )
    Manifest.load(folder)


def _check_access(settings: Settings) -> None:
    """Raise ProcqaError where nobody could ask, or where anybody could and nobody said that they may."""
    if anonymous_scopes(settings) or KeyRing(KeyFile(settings.state)).live():
        return
    reason = "--require-keys was given" if settings.require_keys else f"other machines reach {settings.host}"
    raise ProcqaError(
        f"Every question needs a key, since {reason}, and there is none in {settings.state}; make one with "
        "`procqa keys create NAME`, or let everyone ask with --insecure."
    )
