"""Builds upon builds: what is read, split and embedded again, what is said of it, and that nothing else differs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spying import Build, SpyEncoder

from procqa.engine import Engine
from procqa.errors import SnapshotError
from procqa.index import before
from procqa.index import build as building
from procqa.index.build import build_index, plan_index
from procqa.index.locks import sole_writer
from procqa.index.manifest import Manifest
from procqa.index.reading import Changes
from procqa.index.versions import current_folder, list_versions
from procqa.settings import Settings

# Files that differ between two builds of the same pages: names and hashes of the lexical index are drawn by chance.
BY_CHANCE = ("lexical/", "manifest.json")


def whole_content(index: Path) -> dict[str, bytes]:
    folder = current_folder(index)
    assert folder is not None
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if not name.startswith(BY_CHANCE)}


def add_ankle(corpus: Path) -> None:
    (corpus / "ankle.md").write_text("# Ankle repair\n\n## Recovery\n\nRest for 2 weeks.\n")


def change_stay(corpus: Path) -> None:
    page = corpus / "heart" / "aortic.txt"
    page.write_text(page.read_text().replace("7 days", "8 days"))


def delete_mitral(corpus: Path) -> None:
    (corpus / "heart" / "mitral.txt").unlink()


def move_knee(corpus: Path) -> None:
    (corpus / "joints").mkdir()
    (corpus / "knee.md").rename(corpus / "joints" / "arthroscopy.md")


def rename_a_heading(corpus: Path) -> None:
    page = corpus / "knee.md"
    page.write_text(page.read_text().replace("## Recovery", "## Getting home"))


def double_a_page(corpus: Path) -> None:
    shutil.copyfile(corpus / "knee.md", corpus / "knee.txt")


def change_a_record(corpus: Path) -> None:
    records = [json.loads(line) for line in (corpus / "more.jsonl").read_text().splitlines()]
    records[1]["sections"][0]["text"] = "Three weeks."
    (corpus / "more.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))


def spoil_a_page(corpus: Path) -> None:
    (corpus / "knee.md").write_bytes(b"\x00\x01")


EDITS = [
    add_ankle,
    change_stay,
    delete_mitral,
    move_knee,
    rename_a_heading,
    change_a_record,
    spoil_a_page,
]


@pytest.fixture
def records(settings: Settings) -> None:
    """A file of three pages beside the others, one of them bad."""
    pages = [
        {"doc_id": name, "title": f"{name.title()} operation", "sections": [{"heading": "Recovery", "text": text}]}
        for name, text in (("hand", "One week."), ("elbow", "Two weeks."))
    ]
    lines = [json.dumps(page) for page in pages] + ['{"title": "empty"}']
    (settings.corpus / "more.jsonl").write_text("".join(f"{line}\n" for line in lines))


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("edit", EDITS)
def test_an_update_is_to_the_bit_what_a_build_from_nothing_is(
    edit: Callable[[Path], None], settings: Settings, build: Build, spy: SpyEncoder, tmp_path: Path
) -> None:
    build()
    edit(settings.corpus)
    updated = build()
    fresh = build_index(replace(settings, index=tmp_path / "fresh"), encoder=spy)
    assert updated.published
    assert updated.embedded < fresh.embedded
    assert whole_content(settings.index) == whole_content(tmp_path / "fresh")
    for name in ("corpus_sha256", "documents", "passages", "set_aside", "sections", "search"):
        ours, theirs = (Manifest.load(current_folder(index)) for index in (settings.index, tmp_path / "fresh"))  # type: ignore[arg-type]
        assert getattr(ours, name) == getattr(theirs, name)
    assert (updated.set_aside, updated.missing_sections) == (fresh.set_aside, fresh.missing_sections)
    with_update, from_nothing = (Engine.open(index, encoder=spy) for index in (settings.index, tmp_path / "fresh"))
    for question in ("How long is the stay after aortic valve repair?", "risks of mitral repair", "elbow recovery"):
        ours, theirs = (engine.ask(question, passages=10) for engine in (with_update, from_nothing))
        assert (ours.answers, ours.hits, ours.abstention) == (theirs.answers, theirs.hits, theirs.abstention)
    with_update.close()
    from_nothing.close()


def test_a_chain_of_updates_ends_where_a_build_from_nothing_does(
    records: None, settings: Settings, build: Build, spy: SpyEncoder, tmp_path: Path
) -> None:
    build()
    for edit in (double_a_page, add_ankle, change_a_record, delete_mitral, change_stay):
        edit(settings.corpus)
        build()
    (settings.corpus / "knee.md").unlink()  # now its double counts, which was set aside before
    assert build().changes.moved == ()
    build_index(replace(settings, index=tmp_path / "fresh"), encoder=spy)
    assert whole_content(settings.index) == whole_content(tmp_path / "fresh")


def test_only_files_that_changed_are_read(
    settings: Settings, build: Build, monkeypatch: pytest.MonkeyPatch, spy: SpyEncoder
) -> None:
    build()
    change_stay(settings.corpus)
    read, split = [], []
    from procqa.index import reading

    reader, splitter = reading.read_file, reading.split_document
    monkeypatch.setattr(reading, "read_file", lambda path, root: read.append(path.name) or reader(path, root))
    monkeypatch.setattr(
        reading, "split_document", lambda page, *rest: split.append(page.doc_id) or splitter(page, *rest)
    )
    build()
    assert (read, split) == (["aortic.txt"], ["heart/aortic"])
    assert len(spy.embedded) == 1


def test_of_a_file_of_records_only_the_changed_one_is_split(
    records: None, settings: Settings, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    build()
    change_a_record(settings.corpus)
    split = []
    from procqa.index import reading

    splitter = reading.split_document
    monkeypatch.setattr(
        reading, "split_document", lambda page, *rest: split.append(page.doc_id) or splitter(page, *rest)
    )
    report = build()
    assert split == ["elbow"]
    assert report.changes == Changes(changed=("elbow",))


def test_new_changed_moved_and_deleted_pages_are_told_apart(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    first = build()
    assert set(first.changes.new) == {"heart/aortic", "heart/mitral", "knee"}
    add_ankle(settings.corpus)
    change_stay(settings.corpus)
    delete_mitral(settings.corpus)
    move_knee(settings.corpus)
    report = build()
    assert report.changes == Changes(
        new=("ankle",), changed=("heart/aortic",), moved=(("knee", "joints/arthroscopy"),), deleted=("heart/mitral",)
    )
    assert report.needs == ()
    assert report.embedded == 2  # the stay and the ankle; a moved page keeps its vectors
    assert not build().changes


def test_another_reader_reads_all_again(build: Build, monkeypatch: pytest.MonkeyPatch, spy: SpyEncoder) -> None:
    build()
    for module in (before, building):
        monkeypatch.setattr(module, "reading_identity", lambda: "another")
    report = build()
    assert (report.published, report.embedded) == (True, 0)
    assert "read anew" in report.needs[0]
    assert not build().published


def test_a_plan_is_what_the_build_then_does_and_changes_nothing(
    settings: Settings, build: Build, spy: SpyEncoder
) -> None:
    nothing_yet = plan_index(settings, encoder=spy)
    assert (nothing_yet.version, nothing_yet.embedded) == ("", 10)
    assert not settings.index.exists()
    first = build()
    add_ankle(settings.corpus)
    delete_mitral(settings.corpus)
    before = sorted(path for path in settings.index.rglob("*"))
    plan = plan_index(settings, encoder=spy)
    assert sorted(path for path in settings.index.rglob("*")) == before
    assert (plan.version, plan.published, plan.embedded) == (first.version, False, 1)
    done = build()
    assert (plan.changes, plan.embedded, plan.passages) == (done.changes, done.embedded, done.passages)


def test_two_builds_at_once_are_one(settings: Settings, build: Build) -> None:
    build()
    with sole_writer(settings.index), pytest.raises(SnapshotError, match=r"Process \d+ is changing the index .*; wait"):
        build()
    assert build().version


def test_a_gate_that_refuses_leaves_the_current_snapshot(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    first = build()
    add_ankle(settings.corpus)
    seen = []

    def gate(staging: Path) -> list[str]:
        engine = Engine(building.files.Snapshot(staging, spy))
        seen.append([page.doc_id for page in engine.documents()])
        engine.close()
        return ["It is worse."]

    refused = build(gate=gate)
    assert seen == [["ankle", "heart/aortic", "heart/mitral", "knee"]]
    assert (refused.version, refused.published, refused.refused) == ("", False, ("It is worse.",))
    assert [version.name for version in list_versions(settings.index)] == [first.version]
    assert build(gate=lambda staging: []).published


def test_what_was_kept_is_not_kept_from_a_damaged_snapshot(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    build()
    folder = current_folder(settings.index)
    assert folder is not None
    content = bytearray((folder / "vectors.faiss").read_bytes())
    content[-1] ^= 1
    (folder / "vectors.faiss").write_bytes(content)
    report = build()
    assert (report.published, report.embedded) == (True, 10)


def test_links_are_copies_where_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: str, target: str) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(building.os, "link", refuse)
    (tmp_path / "a").write_bytes(b"weights")
    building._link(str(tmp_path / "a"), str(tmp_path / "b"))
    assert (tmp_path / "b").read_bytes() == b"weights"


def test_kept_vectors_are_those_that_were_stored(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    build()
    before = np.load(current_folder(settings.index) / "titles.npy")  # type: ignore[operator]
    spy.encode_question = None  # type: ignore[method-assign,assignment]
    change_stay(settings.corpus)
    build()
    np.testing.assert_array_equal(np.load(current_folder(settings.index) / "titles.npy"), before)  # type: ignore[operator]
