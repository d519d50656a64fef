"""The snapshots of a folder: going back, taking old ones away, and what a killed build left behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from spying import Build, SpyEncoder

from procqa.embedding import Encoder
from procqa.engine import Engine
from procqa.errors import SnapshotError
from procqa.index.build import build_index
from procqa.index.snapshot import Snapshot
from procqa.index.versions import current_folder, leftovers, list_versions, prune, roll_back
from procqa.settings import Settings
from tests import conftest as tiny


@pytest.fixture
def three(settings: Settings, build: Build) -> list[str]:
    """Three versions, oldest first."""
    versions = []
    for days in (11, 12, 13):
        (settings.corpus / "ankle.md").write_text(f"# Ankle repair\n\n## Recovery\n\nRest for {days} days.\n")
        versions.append(build().version)
    tiny.CALIBRATION.save(settings.index)
    return versions


def rest(index: Path, encoder: Encoder) -> str:
    engine = Engine.open(index, encoder=encoder)
    try:
        return engine.ask("How long is the rest after ankle repair?").answers[0].text
    finally:
        engine.close()


def spoil(folder: Path) -> None:
    content = bytearray((folder / "titles.npy").read_bytes())
    content[-1] ^= 1
    (folder / "titles.npy").write_bytes(content)


def test_versions_are_listed_newest_first(three: list[str], settings: Settings) -> None:
    listed = list_versions(settings.index)
    assert [version.name for version in listed] == three[::-1]
    assert [version.current for version in listed] == [True, False, False]
    assert all(version.manifest and version.manifest.documents == 4 for version in listed)


def test_rolling_back_goes_one_back_each_time(three: list[str], settings: Settings, spy: SpyEncoder) -> None:
    assert roll_back(settings.index).name == three[1]
    assert rest(settings.index, spy) == "Rest for 12 days."
    assert roll_back(settings.index).name == three[0]
    with pytest.raises(SnapshotError, match=r"There is no older snapshot in .*`procqa index list`"):
        roll_back(settings.index)
    assert roll_back(settings.index, three[2]).name == three[2]
    assert rest(settings.index, spy) == "Rest for 13 days."
    with pytest.raises(SnapshotError, match="There is no version nonsense"):
        roll_back(settings.index, "nonsense")


def test_rolling_back_passes_over_a_damaged_snapshot(three: list[str], settings: Settings) -> None:
    spoil(settings.index / "snapshots" / three[1])
    with pytest.raises(SnapshotError, match=rf"{three[1]} is damaged \(titles\.npy does not match its checksum\)"):
        roll_back(settings.index, three[1])
    assert roll_back(settings.index).name == three[0]


def test_rolling_back_mends_a_pointer_to_nowhere(three: list[str], settings: Settings) -> None:
    (settings.index / "CURRENT").write_text("../x")
    assert roll_back(settings.index).name == three[2]


def test_a_build_after_going_back_goes_on_from_the_pages(
    three: list[str], settings: Settings, build: Build, spy: SpyEncoder
) -> None:
    roll_back(settings.index)
    report = build()
    assert report.published
    assert report.version > three[2]
    assert rest(settings.index, spy) == "Rest for 13 days."


def test_a_build_keeps_as_many_snapshots_as_it_is_told(three: list[str], settings: Settings, spy: SpyEncoder) -> None:
    (settings.corpus / "ankle.md").unlink()
    report = build_index(replace(settings, keep=2), encoder=spy)
    assert report.pruned == (three[1], three[0])
    assert [version.name for version in list_versions(settings.index)] == [report.version, three[2]]
    assert [path.name for path in (settings.index / "snapshots").iterdir()].count(three[0]) == 0


def test_what_is_read_is_not_pruned(three: list[str], settings: Settings, spy: SpyEncoder) -> None:
    reader = Snapshot(settings.index / "snapshots" / three[0], spy)
    assert [version.held for version in list_versions(settings.index)] == [False, False, True]
    assert prune(settings.index, 1) == (three[1],)
    assert reader.store.document("ankle") is not None
    reader.close()
    assert prune(settings.index, 1) == (three[0],)
    assert rest(settings.index, spy) == "Rest for 13 days."


def test_the_current_snapshot_is_never_pruned(three: list[str], settings: Settings) -> None:
    roll_back(settings.index, three[0])
    assert prune(settings.index, 1) == (three[2], three[1])
    assert [version.name for version in list_versions(settings.index)] == [three[0]]


def test_the_next_build_cleans_up_after_one_that_was_killed(settings: Settings, build: Build) -> None:
    version = build().version
    snapshots = settings.index / "snapshots"
    (snapshots / ".20200101T000000000000Z.building" / "tokens").mkdir(parents=True)
    (snapshots / ".20200101T000000000000Z.building" / "tokens" / "vectors.i8").write_bytes(b"x" * 100)
    (snapshots / ".20190101T000000000000Z.removed").mkdir()
    (settings.index / ".CURRENT.123").write_text("half")
    assert len(leftovers(settings.index)) == 3
    assert build().version == version
    assert leftovers(settings.index) == []


def test_a_clock_that_was_put_back_does_not_turn_the_order_round(settings: Settings, build: Build) -> None:
    first = build().version
    later = "9" + first[1:]
    (settings.index / "snapshots" / first).rename(settings.index / "snapshots" / later)
    (settings.index / "CURRENT").write_text(later)
    (settings.corpus / "knee.md").unlink()
    second = build().version
    assert second > later
    assert current_folder(settings.index) == settings.index / "snapshots" / second
    assert roll_back(settings.index).name == later
