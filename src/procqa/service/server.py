"""Runs the service on an address; everything that can be wrong beforehand is told before it is bound."""

from __future__ import annotations

import errno
import ipaddress
import logging
import socket
from contextlib import closing, suppress

import uvicorn

from procqa.engine import Engine
from procqa.errors import ProcqaError, SnapshotError
from procqa.index.manifest import Manifest
from procqa.index.versions import current_folder
from procqa.service.app import create_app
from procqa.settings import Settings

# Time for running questions to end after a signal to stop.
GRACE_SECONDS = 10
logger = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Serve until a signal says stop. Raises ProcqaError when there is no index or the address cannot be had."""
    _check_index(settings)
    app = create_app(lambda: Engine.open(settings.index, threads=settings.threads), watch=settings.index)
    # The caller decides about logging; of the server's own lines only warnings and errors are of use.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    with closing(listen(settings.host, settings.port)) as listener:
        host, port = listener.getsockname()[:2]
        logger.info("Serving on http://%s:%d/", f"[{host}]" if ":" in host else host, port)
        if not ipaddress.ip_address(host).is_loopback:
            logger.warning("Every machine that reaches %s can ask: there is no access control.", host)
        # Ctrl+C is how a server on a terminal is ended, so it is no failure.
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the address; port 0 takes a free one. Raises ProcqaError when it cannot be had."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that no host can have
        number = getattr(error, "errno", None)
        if number == errno.EADDRINUSE:
            message = f"Port {port} of {host} is in use; stop what uses it, or choose another with --port."
        elif number == errno.EACCES:
            message = f"Port {port} of {host} is not allowed to this user; choose one above 1023 with --port."
        else:
            message = f"{host} is no address of this machine; choose another with --host, for instance 127.0.0.1."
        raise ProcqaError(message) from error


def _check_index(settings: Settings) -> None:
    """Raise SnapshotError for an index that is missing or of another format, without loading it."""
    folder = current_folder(settings.index)
    if folder is None:
        raise SnapshotError(
            f"There is no index in {settings.index}; make one with `procqa index build --index {settings.index}`."
        )
    Manifest.load(folder)
