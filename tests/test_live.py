"""The engine over a changing index: who leased one keeps it, the next gets the new one, a bad one is refused."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from procqa.embedding import Encoder
from procqa.engine import Engine
from procqa.index.build import build_index
from procqa.index.manifest import Manifest, damage
from procqa.index.versions import current_folder, list_versions, prune, roll_back
from procqa.live import LiveEngine
from procqa.settings import Settings

STAY = "How long do I stay in hospital after aortic valve repair?"


@pytest.fixture
def rebuild(settings: Settings, encoder: Encoder) -> Callable[[int], str]:
    """Publishes pages on which the stay after aortic valve repair is so many days; returns the version."""

    def run(days: int) -> str:
        page = settings.corpus / "heart" / "aortic.txt"
        before, _, after = page.read_text().partition("in hospital for ")
        page.write_text(f"{before}in hospital for {days}{after[after.index(' days') :]}")
        return build_index(settings, encoder=encoder).version

    return run


@pytest.fixture
def live(index: Path, encoder: Encoder) -> Iterator[LiveEngine]:
    opened = LiveEngine(lambda: Engine.open(index, encoder=encoder), index, every=3600)
    opened.start()
    yield opened
    opened.close()


def answer(live: LiveEngine) -> str:
    with live.lease() as engine:
        assert engine is not None
        return engine.ask(STAY).answers[0].text


def damage_current(index: Path) -> Path:
    folder = current_folder(index)
    assert folder is not None
    content = bytearray((folder / "titles.npy").read_bytes())
    content[-1] ^= 1
    (folder / "titles.npy").write_bytes(content)
    return folder


def test_a_new_snapshot_takes_over(live: LiveEngine, rebuild: Callable[[int], str]) -> None:
    assert answer(live) == "You stay in hospital for 7 days."
    assert not live.look()
    version = rebuild(9)
    assert answer(live) == "You stay in hospital for 7 days."
    assert live.look()
    assert answer(live) == "You stay in hospital for 9 days."
    assert (live.swaps, live.refused) == (1, None)
    assert live.engine is not None
    assert live.engine.info.version == version
    assert live.loaded_at is not None


def test_who_leased_the_old_one_keeps_it_and_then_its_files_may_go(
    live: LiveEngine, index: Path, rebuild: Callable[[int], str]
) -> None:
    with live.lease() as old:
        assert old is not None
        rebuild(9)
        assert live.look()
        assert answer(live) == "You stay in hospital for 9 days."
        assert old.ask(STAY).answers[0].text == "You stay in hospital for 7 days."
        assert [version.held for version in list_versions(index)] == [True, True]
        assert prune(index, 1) == ()
    assert [version.held for version in list_versions(index)] == [True, False]
    assert len(prune(index, 1)) == 1
    assert answer(live) == "You stay in hospital for 9 days."


def test_a_damaged_snapshot_is_refused_by_name_and_the_old_one_stays(
    live: LiveEngine, index: Path, rebuild: Callable[[int], str], caplog: pytest.LogCaptureFixture
) -> None:
    version = rebuild(9)
    damage_current(index)
    with caplog.at_level(logging.ERROR):
        assert not live.look()
    assert live.refused is not None
    assert live.refused.version == version
    assert "titles.npy does not match its checksum" in live.refused.reason
    assert caplog.text.count("titles.npy") == 1
    assert not live.look()  # it is remembered, not read again and again
    assert caplog.text.count("titles.npy") == 1
    assert answer(live) == "You stay in hospital for 7 days."
    rebuild(10)
    assert live.look()
    assert live.refused is None
    assert answer(live) == "You stay in hospital for 10 days."


@pytest.mark.parametrize("pointer", ["", "gone", "../x"])
def test_a_pointer_to_nowhere_is_refused(live: LiveEngine, index: Path, pointer: str) -> None:
    (index / "CURRENT").write_text(pointer)
    assert not live.look()
    assert live.refused is not None
    assert "`procqa index build" in live.refused.reason
    assert answer(live) == "You stay in hospital for 7 days."


def test_a_pointer_that_changes_during_the_first_check_withdraws_nothing(
    index: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    checking, go_on = threading.Event(), threading.Event()

    def slow_check(folder: Path, manifest: Manifest, *, checksums: bool) -> list[str]:
        checking.set()
        assert go_on.wait(10)
        return damage(folder, manifest, checksums=checksums)

    monkeypatch.setattr("procqa.live.damage", slow_check)
    live = LiveEngine(lambda: Engine.open(index, encoder=encoder), index, every=0.01)
    live.start()
    try:
        assert checking.wait(10)
        loaded, version = live.loaded_at, (index / "CURRENT").read_text()
        (index / "CURRENT").write_text("")
        assert not live.look()
        go_on.set()
        (index / "CURRENT").write_text(version)
        wait_for(lambda: live.refused is None)
        assert live.loaded_at == loaded  # what answers was never taken away
    finally:
        live.close()


def test_going_back_is_a_new_snapshot_too(live: LiveEngine, index: Path, rebuild: Callable[[int], str]) -> None:
    rebuild(9)
    assert live.look()
    roll_back(index)
    assert live.look()
    assert answer(live) == "You stay in hospital for 7 days."
    assert live.swaps == 2


def test_what_was_opened_damaged_is_found_and_withdrawn(index: Path, encoder: Encoder, settings: Settings) -> None:
    damage_current(index)
    live = LiveEngine(lambda: Engine.open(index, encoder=encoder), index, every=0.01)
    live.start()
    try:
        wait_for(lambda: live.refused is not None and live.engine is None)
        assert live.refused is not None
        assert "titles.npy" in live.refused.reason
        build_index(settings, encoder=encoder)
        wait_for(lambda: live.engine is not None)
        assert answer(live) == "You stay in hospital for 7 days."
    finally:
        live.close()


def test_an_index_that_comes_later_is_taken(settings: Settings, encoder: Encoder) -> None:
    live = LiveEngine(lambda: Engine.open(settings.index, encoder=encoder), settings.index, every=0.01)
    live.start()
    try:
        assert live.engine is None
        with live.lease() as engine:
            assert engine is None
        build_index(settings, encoder=encoder)
        wait_for(lambda: live.engine is not None)
        assert (live.swaps, live.refused) == (0, None)
    finally:
        live.close()


def test_answers_are_of_one_version_while_snapshots_change(
    index: Path, encoder: Encoder, rebuild: Callable[[int], str]
) -> None:
    live = LiveEngine(lambda: Engine.open(index, encoder=encoder), index, every=0.01)
    live.start()
    seen: list[tuple[str, str]] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            with live.lease() as engine:
                assert engine is not None
                reply = engine.ask(STAY)
                seen.append((reply.index.version, reply.answers[0].text))

    pool = ThreadPoolExecutor(4)
    asking = [pool.submit(ask) for _ in range(4)]
    assert live.engine is not None
    truth = {live.engine.info.version: "You stay in hospital for 7 days."}
    for days in (11, 12, 13):
        version = rebuild(days)
        truth[version] = f"You stay in hospital for {days} days."
        wait_for(lambda version=version: live.engine is not None and live.engine.info.version == version)  # type: ignore[misc]
    wait_for(lambda: seen[-1][0] == version)
    done.set()
    for task in asking:
        task.result()
    pool.shutdown()
    live.close()
    assert {version for version, _ in seen} == set(truth)
    assert all(truth[version] == text for version, text in seen)
    assert [version.held for version in list_versions(index)] == [False] * 3  # and the fourth was pruned


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to pass")
