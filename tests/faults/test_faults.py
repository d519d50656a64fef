"""Whatever befalls a build, whoever asks gets answers of one whole snapshot, and the next build succeeds.

`pytest tests/faults --rounds 200` kills two hundred times; without it, a few times.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from killed import PAGES, write_state

from procqa.embedding import Encoder
from procqa.engine import Engine
from procqa.errors import SnapshotError
from procqa.index.build import build_index
from procqa.index.versions import current_folder, leftovers, list_versions, version_damage
from procqa.live import LiveEngine
from procqa.settings import Settings

pytestmark = pytest.mark.faults
LONGEST_LIFE = 0.6  # seconds; a build of these pages takes a tenth to a third of one


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "corpus").mkdir()
    write_state(tmp_path / "corpus", 99)
    return Settings(corpus=tmp_path / "corpus", index=tmp_path / "index")


def days_told(engine: Engine) -> set[str]:
    """What all pages say; of a whole snapshot it is one number."""
    pages = engine.documents()
    assert len(pages) == PAGES
    told = {match for page in pages for match in re.findall(r"rest for (\d+) days", page.text)}
    for page in pages:
        hits = engine.search(f"{page.title} rest days", top_k=20)
        told |= {match for hit in hits for match in re.findall(r"rest for (\d+) days", hit.text)}
    return told


def kill_one(settings: Settings, seed: int) -> None:
    """Start a process that builds for ever, and kill -9 it at a moment drawn by chance."""
    here = Path(__file__).parent
    command = [sys.executable, str(here / "killed.py"), str(settings.corpus), str(settings.index), str(seed)]
    path = ":".join([str(here.parents[1]), *sys.path])
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": path, "PATH": ""}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(random.Random(seed).uniform(0, LONGEST_LIFE))
        process.kill()


def test_a_kill_at_any_moment_leaves_a_whole_snapshot(
    settings: Settings, encoder: Encoder, rounds: Callable[[int], int]
) -> None:
    build_index(settings, encoder=encoder)
    live = LiveEngine(lambda: Engine.open(settings.index, encoder=encoder), settings.index, every=0.02)
    live.start()
    unfinished = 0
    try:
        for seed in range(rounds(3)):
            kill_one(settings, seed)
            with live.lease() as engine:  # the service that ran all the while
                assert engine is not None
                assert len(days_told(engine)) == 1
            folder = current_folder(settings.index) if settings.index.exists() else None
            if folder is not None:  # a service that is started now; there is none while the first build is not done
                opened = Engine.open(settings.index, encoder=encoder)
                assert len(days_told(opened)) == 1
                opened.close()
                assert all(version_damage(version) == [] for version in list_versions(settings.index))
            unfinished += bool(leftovers(settings.index))
            write_state(settings.corpus, 1000 + seed)
            report = build_index(settings, encoder=encoder)
            assert leftovers(settings.index) == []
            assert current_folder(settings.index) == settings.index / "snapshots" / report.version
            wait_until(lambda report=report: live.engine is not None and live.engine.info.version == report.version)  # type: ignore[misc]
            with live.lease() as engine:
                assert engine is not None
                assert days_told(engine) == {str(1000 + seed)}
    finally:
        live.close()
    if rounds(3) >= 50:
        assert unfinished > rounds(3) // 10, "the kills hit builds in their midst"


def test_a_full_disk_is_told_and_costs_nothing(
    settings: Settings, encoder: Encoder, small_disk: Callable[[str], Path], rounds: Callable[[int], int]
) -> None:
    disk = small_disk("size=4m")
    on_disk = replace(settings, index=disk / "index", keep=1)
    version = build_index(on_disk, encoder=encoder).version
    refused = 0
    for step in range(rounds(12)):
        filler = disk / "filler"
        free = space(disk)
        filler.write_bytes(b"x" * int(free * (step + 1) / (rounds(12) + 1)))
        write_state(settings.corpus, 200 + step)
        try:
            version = build_index(on_disk, encoder=encoder).version
        except SnapshotError as error:
            refused += 1
            assert re.fullmatch(r"There is no room left for .*\. Free some, .*", str(error)) or "No space left" in str(
                error
            )
        opened = Engine.open(on_disk.index, encoder=encoder)
        assert opened.info.version == version
        assert len(days_told(opened)) == 1
        opened.close()
        assert leftovers(on_disk.index) == []
        filler.unlink()
    assert refused
    write_state(settings.corpus, 400)
    assert build_index(on_disk, encoder=encoder).published


def test_a_read_only_folder_can_be_asked_but_not_built(
    settings: Settings, encoder: Encoder, small_disk: Callable[[str], Path]
) -> None:
    disk = small_disk("size=4m")
    inside = replace(settings, index=disk / "index")
    build_index(inside, encoder=encoder)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    opened = Engine.open(inside.index, encoder=encoder)
    assert days_told(opened) == {"99"}
    opened.close()
    write_state(settings.corpus, 100)
    with pytest.raises(SnapshotError, match=r"cannot be written \(Read-only file system\); give another by --index"):
        build_index(inside, encoder=encoder)


def test_a_damaged_file_of_any_kind_is_refused_by_its_name(
    settings: Settings, encoder: Encoder, rounds: Callable[[int], int]
) -> None:
    build_index(settings, encoder=encoder)
    live = LiveEngine(lambda: Engine.open(settings.index, encoder=encoder), settings.index, every=3600)
    live.start()
    chance = random.Random(5)
    try:
        for step in range(rounds(0) or 24):
            write_state(settings.corpus, 300 + step)
            build_index(settings, encoder=encoder)
            folder = current_folder(settings.index)
            assert folder is not None
            files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
            hurt = files[step % len(files)]
            content = bytearray(hurt.read_bytes())
            if chance.random() < 0.5:
                del content[chance.randrange(len(content)) :]
            else:
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            hurt.write_bytes(content)
            before = live.engine.info.version if live.engine else ""
            name = hurt.relative_to(folder).as_posix()
            taken = live.look()
            if name == "manifest.json" and taken:
                continue  # a bit of the manifest that names nothing, such as the time it was built
            assert live.refused is not None, name
            assert name in live.refused.reason or name == "manifest.json"
            with live.lease() as engine:
                assert engine is not None
                assert engine.info.version == before
                assert len(days_told(engine)) == 1
    finally:
        live.close()
    write_state(settings.corpus, 999)
    assert build_index(settings, encoder=encoder).published


def space(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to pass")
