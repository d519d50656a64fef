"""Each system as a process that builds, and one that serves."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load.http import post
from benchmarks.load.process import ROOT, service
from benchmarks.peers.environments import HERE, Peer
from benchmarks.peers.material import Material


@dataclass(frozen=True, slots=True)
class Procqa:
    """procqa with a model; it is asked, which is more than to be searched."""

    name: str
    model: str  # a folder, or empty for the shipped one

    def build(self, material: Material, folder: Path) -> dict[str, Any]:
        """Build an index of the pages; seconds and passages."""
        command = [sys.executable, "-m", "benchmarks.peers.procqa_system", material.pages, folder, self.model]
        return _told(command, {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"})

    @contextmanager
    def serving(self, folder: Path) -> Iterator[tuple[int, int]]:
        """A service over a built index: its process id and port."""
        settings = {"PROCQA_QUEUE": "1000", "PROCQA_QUEUE_SECONDS": "60", "PROCQA_REMEMBERED": "0"}
        with service(folder, settings) as started:
            yield started

    def request(self, question: str, passages: int = 0) -> bytes:
        """A whole request, and how many passages are to come with the answer."""
        return post("/v1/ask", json.dumps({"question": question, "passages": passages}).encode())


@dataclass(frozen=True, slots=True)
class Other:
    """A peer in its own environment."""

    peer: Peer
    python: Path

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.peer.name

    def build(self, material: Material, folder: Path) -> dict[str, Any]:
        """Build an index of the passages; seconds and passages."""
        return _told([self.python, HERE / self.peer.script, "build", material.passages, folder])

    @contextmanager
    def serving(self, folder: Path) -> Iterator[tuple[int, int]]:
        """A service over a built index: its process id and port, which nothing listens on yet."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [str(self.python), str(HERE / self.peer.script), "serve", str(folder), str(port)]
        with subprocess.Popen(command, env=_offline(), stderr=subprocess.DEVNULL) as process:
            try:
                yield process.pid, port
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=30)

    def request(self, question: str, passages: int = 10) -> bytes:
        """A whole request."""
        return post("/search", json.dumps({"question": question, "k": max(passages, 10)}).encode())


System = Procqa | Other


def _told(command: list[Any], settings: dict[str, str] | None = None) -> dict[str, Any]:
    """What a process says in the last line that it prints."""
    done = subprocess.run(command, env=_offline() | (settings or {}), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _offline() -> dict[str, str]:
    """The environment, in which no library looks for models elsewhere."""
    return {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "true",
        "HAYSTACK_TELEMETRY_ENABLED": "False",
    }
