"""Building whenever the pages change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from procqa.index import watch as watching
from procqa.index.watch import fingerprint, watch

EVERY = 0.05


@contextmanager
def watched(corpus: Path, build: Callable[[], bool]) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=watch, args=(corpus, build, stop, EVERY))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never came to pass")


def test_each_change_is_built_and_nothing_else(corpus: Path) -> None:
    built: list[set[str]] = []

    def build() -> bool:
        built.append({path.name for path in corpus.rglob("*.*")})
        return True

    with watched(corpus, build):
        wait_for(lambda: len(built) == 1)
        time.sleep(5 * EVERY)
        assert len(built) == 1
        (corpus / "ankle.md").write_text("# Ankle\n\n## Recovery\n\nRest.\n")
        (corpus / "notes.csv").write_text("no page")
        wait_for(lambda: len(built) == 2)
        assert "ankle.md" in built[-1]
        (corpus / "ankle.md").unlink()
        wait_for(lambda: len(built) == 3)
        time.sleep(5 * EVERY)
        assert len(built) == 3


def test_a_build_that_failed_is_tried_again(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "RETRY_SECONDS", EVERY)
    outcomes = [False, False, True]
    with watched(corpus, lambda: outcomes.pop(0)):
        wait_for(lambda: not outcomes)
        time.sleep(5 * EVERY)


def test_a_page_written_to_is_another(corpus: Path) -> None:
    before = fingerprint(corpus)
    assert fingerprint(corpus) == before
    (corpus / "knee.md").write_text((corpus / "knee.md").read_text() + " ")
    assert fingerprint(corpus) != before
    assert fingerprint(corpus / "nowhere") == {}
