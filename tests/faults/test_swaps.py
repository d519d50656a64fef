"""A real service under questions while snapshots change: no failure, no mixed answer, and the memory comes back.

`pytest tests/faults/test_swaps.py --rounds 20` swaps twenty times under a thousand questions, with the real encoder.
"""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from procqa.index.build import build_index
from procqa.settings import Settings

pytestmark = [pytest.mark.faults, pytest.mark.model]
CLIENTS, QUESTIONS_A_SWAP = 8, 56  # 7 a client; twenty swaps then see over a thousand
MOST_GROWTH = 1.10
SERVE = """
import logging, sys
from pathlib import Path
from procqa.service.server import run
from procqa.settings import Settings
logging.basicConfig(level=logging.INFO)
# One machine asks more than a person would, and a question may wait while a snapshot is built on the same cores.
run(Settings(index=Path(sys.argv[1]), port=0, threads=1, rate_address="", queue_seconds=30.0))
"""


@pytest.fixture
def settings(real_index: Path, tmp_path: Path) -> Settings:
    """A copy of the real index, and its pages."""
    shutil.copytree(real_index.parent, tmp_path / "real")
    return Settings(corpus=tmp_path / "real" / "corpus", index=tmp_path / "real" / "index", threads=1)


@pytest.fixture
def service(settings: Settings) -> Iterator[tuple[httpx.Client, int]]:
    """A client of a service in a process of its own, and the number of that process."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(settings.index)], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        lines = iter(process.stderr)
        reader = threading.Thread(target=lambda: list(lines), daemon=True)  # so that its log never fills the pipe
        try:
            address = next(found.group() for line in lines if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
            reader.start()
            with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
                wait_for(lambda: client.get("/readyz").status_code == 200)
                yield client, process.pid
        finally:
            process.terminate()
            process.wait()
            if reader.ident:
                reader.join()  # it ends with the log, before the pipe is closed under it


def publish(settings: Settings, days: int) -> str:
    page = settings.corpus / "heart" / "aortic.txt"
    page.write_text(re.sub(r"hospital for \d+ days", f"hospital for {days} days", page.read_text()))
    return build_index(settings).version


def test_no_question_fails_or_mixes_while_snapshots_change(
    settings: Settings, service: tuple[httpx.Client, int], rounds: Callable[[int], int]
) -> None:
    client, process = service
    swaps = rounds(2)
    truth = {client.get("/v1/index").json()["version"]: "You stay in hospital for 7 days."}
    replies: list[tuple[int, str, str]] = []
    last_seen = threading.Event()
    last_seen.set()

    def ask(least: int) -> None:
        """So many questions, and on until the last snapshot has been seen."""
        for number in itertools.count():
            if number >= least and last_seen.is_set():
                return
            body = {"question": "How long do I stay in hospital after aortic valve repair?"}
            response = client.post("/v1/ask", json=body)
            reply = response.json()
            told = reply["answers"][0]["text"] if reply.get("answers") else response.text
            replies.append((response.status_code, reply["index"]["version"], told))

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(ask, [5] * CLIENTS))  # so that every thread of the service has what it needs
        before = memory(process)
        last_seen.clear()
        asking = [pool.submit(ask, swaps * QUESTIONS_A_SWAP // CLIENTS) for _ in range(CLIENTS)]
        for days in range(100, 100 + swaps):
            version = publish(settings, days)
            truth[version] = f"You stay in hospital for {days} days."
            wait_for(lambda version=version: client.get("/v1/index").json()["version"] == version)  # type: ignore[misc]
        last_seen.set()
        for task in asking:
            task.result()
    assert len(replies) >= swaps * QUESTIONS_A_SWAP
    assert {status for status, _, _ in replies} == {200}
    assert all(truth[version] == told for _, version, told in replies)
    assert client.get("/v1/index").json()["swaps"] == swaps
    try:
        wait_for(lambda: memory(process) <= before * MOST_GROWTH)
    except AssertionError:
        raise AssertionError(f"{before:.0f} MB before {swaps} swaps, {memory(process):.0f} MB after") from None
    deleted = [line for line in Path(f"/proc/{process}/maps").read_text().splitlines() if "(deleted)" in line]
    assert deleted == []  # no snapshot that was pruned is still mapped


def memory(process: int) -> float:
    """The resident memory of a process, MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to pass")
