"""A procqa service in a process of its own, and the memory that it takes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0


@contextmanager
def service(
    index: Path, settings: Mapping[str, str] | None = None, options: Sequence[str] = ()
) -> Iterator[tuple[int, int]]:
    """A service over an index, with settings of the environment and options: its process id and port once it listens.

    It may not be ready yet.
    """
    code = "from procqa.cli import main; main()"
    command = [
        sys.executable,
        "-c",
        code,
        "serve",
        "--port",
        "0",
        "--index",
        str(index),
        "--log-level",
        "info",
        *options,
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **(settings or {})}
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as log,
        subprocess.Popen(command, env=environment, stderr=log) as process,
    ):
        try:
            yield process.pid, _port(process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def _port(process: subprocess.Popen[bytes], log: IO[str]) -> int:
    """The port that a starting service says it serves on."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        log.seek(0)
        said = re.search(r"Serving on http://127\.0\.0\.1:(\d+)", log.read())
        if said:
            return int(said[1])
        time.sleep(0.1)
    log.seek(0)
    raise SystemExit(f"The service did not start: {log.read()}")


def memory_of(pid: int) -> float:
    """Resident MB of a process."""
    return _megabytes(Path(f"/proc/{pid}/status"), "VmRSS:")


def share_of(pid: int) -> float:
    """Proportional MB of a process and those it started: what one shares with n others counts for an nth (PSS)."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return sum(_megabytes(Path(f"/proc/{each}/smaps_rollup"), "\nPss:") for each in (pid, *children))


def _megabytes(path: Path, name: str) -> float:
    return round(int(path.read_text(encoding="ascii").partition(name)[2].split()[0]) / 1024, 1)
