"""The real service in a process of its own, and a site on another origin that brings the widget with a script tag."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import URLError

WAIT = 60


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class RunningService:
    """The service on one port, which can be stopped, killed and started again."""

    def __init__(self, index: Path, port: int, origins: tuple[str, ...] = ()) -> None:
        self.url = f"http://127.0.0.1:{port}"
        serve = ["-c", "from procqa.cli import main; main()", "serve", "--index", str(index), "--port", str(port)]
        self._command = [sys.executable, *serve]
        self._environment = os.environ | {
            "PROCQA_ORIGINS": ",".join(origins),
            "PROCQA_STATE": str(index.parent / "state"),
            "PROCQA_RATE_ADDRESS": "",  # one machine asks more than one person would
            "PROCQA_THREADS": "1",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self._process = subprocess.Popen(self._command, env=self._environment, stdout=subprocess.DEVNULL)
        ending = time.monotonic() + WAIT
        while time.monotonic() < ending:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5):
                    return
            except (URLError, OSError):
                if self._process.poll() is not None:
                    break
                time.sleep(0.1)
        raise RuntimeError("the service did not start")

    def freeze(self) -> None:
        """Let it take questions and answer none."""
        self._signal(signal.SIGSTOP)

    def end(self) -> None:
        """Kill it, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "start it first"
        os.kill(self._process.pid, number)


@contextmanager
def service(index: Path, port: int | None = None, origins: tuple[str, ...] = ()) -> Iterator[RunningService]:
    """A service over an index, ready, and ended at the end."""
    running = RunningService(index, port or free_port(), origins)
    running.start()
    try:
        yield running
    finally:
        running.end()


@contextmanager
def site(pages: dict[str, str], headers: dict[str, str] | None = None, port: int | None = None) -> Iterator[str]:
    """A web site of a few pages, {path: content}, with these headers on each; gives its origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = pages.get(self.path.partition("?")[0])
            self.send_response(200 if content is not None else 404)
            kind = "text/javascript" if self.path.endswith(".js") else "text/html"
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write((content or "").encode())

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port or 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
