"""Builds, updates and snapshots, through `build_index` and `Engine`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spying import Build, SpyEncoder

from procqa.embedding import Encoder
from procqa.engine import Engine
from procqa.errors import ProcqaError, ReadError, SnapshotError
from procqa.index.build import build_index
from procqa.index.dense import DenseIndex, DenseWriter
from procqa.index.manifest import FORMAT_VERSION, Manifest, damage
from procqa.index.snapshot import TOKENS, Snapshot
from procqa.index.tokens import CONTEXT, TokenIndex
from procqa.index.versions import current_folder
from procqa.settings import Settings


def folder_of(settings: Settings) -> Path:
    folder = current_folder(settings.index)
    assert folder is not None
    return folder


def entries(index: Path) -> set[str]:
    """Everything in the index folder and in its folder of snapshots."""
    return {path.name for path in [*index.iterdir(), *(index / "snapshots").iterdir()]}


def doc_ids(settings: Settings, encoder: Encoder) -> list[str]:
    engine = Engine.open(settings.index, encoder=encoder)
    try:
        return [document.doc_id for document in engine.documents()]
    finally:
        engine.close()


def test_counts_add_up(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    (settings.corpus / "empty.txt").write_text(" \n")
    (settings.corpus / "picture.png").write_bytes(b"\x89PNG")
    report = build()
    assert (report.documents, len(report.set_aside), report.published) == (3, 1, True)
    assert "empty.txt" in report.set_aside[0].reason
    # Four sections of each text page and two of the Markdown page, each short enough for one passage.
    assert report.passages == report.embedded == len(spy.embedded) == 10
    assert report.missing_sections["Benefits"] == 3
    assert report.missing_sections["Summary"] == 1
    assert "Recovery" not in report.missing_sections
    manifest = Manifest.load(folder_of(settings))
    assert (manifest.version, manifest.documents, manifest.passages) == (report.version, 3, 10)
    snapshot = Snapshot.open(settings.index, spy)
    assert snapshot.store.counts() == (3, 10)
    assert len(snapshot.dense) == len(snapshot.document_of) == len(snapshot.section_of) == 10
    assert snapshot.titles.shape == (3, spy.dimensions)
    assert list(snapshot.section_of) == [p.section for p in snapshot.store.passages(range(10))]
    snapshot.close()


def test_what_is_embedded_names_title_and_heading(build: Build, spy: SpyEncoder) -> None:
    build()
    assert "Aortic valve repair\nDuration\nThe operation takes 3 to 4 hours." in spy.embedded


def test_stored_rows_belong_together(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    build()
    snapshot = Snapshot.open(settings.index, spy)
    passages = snapshot.store.passages(range(len(snapshot.dense)))
    vectors = snapshot.dense.vectors(np.arange(len(passages)))
    ids = [doc_id for doc_id, _, _ in snapshot.store.titles()]
    for row, (passage, vector) in enumerate(zip(passages, vectors, strict=True)):
        document = snapshot.store.document(passage.doc_id)
        assert document is not None
        body = document.text[passage.start : passage.end]
        assert snapshot.store.text(passage) == body
        assert ids[snapshot.document_of[row]] == passage.doc_id
        assert snapshot.section_of[row] == passage.section
        embedded = spy.encode_documents([f"{passage.title}\n{passage.heading}\n{body}"])[0].vector
        np.testing.assert_allclose(vector, embedded, atol=1e-3)  # kept in half precision
        assert row in snapshot.lexical.search(body, 10)[0]
        for line in passage.lines:
            assert document.text[line.start : line.end].strip() == document.text[line.start : line.end] != ""
    snapshot.close()


def test_stored_tokens_belong_to_their_lines(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    report = build()
    snapshot = Snapshot.open(settings.index, spy)
    tokens = TokenIndex(folder_of(settings), TOKENS, spy.token_dimensions)
    for row, passage in enumerate(snapshot.store.passages(range(report.passages))):
        text = snapshot.store.text(passage)
        vectors, lines = tokens.of(row)
        assert (lines == CONTEXT).sum() == spy.count_tokens([f"{passage.title}\n{passage.heading}"])[0]
        for number, line in enumerate(passage.lines):
            own = spy.encode_question(text[line.start - passage.start : line.end - passage.start]).tokens
            np.testing.assert_array_equal(vectors[lines == number], np.rint(own * 127))
        gathered = tokens.gather(np.array([row, 0]))
        assert len(gathered.vectors) == len(vectors) + len(tokens.of(0)[0])
        np.testing.assert_array_equal(gathered.lines[gathered.texts == 0], lines)
    snapshot.close()


def test_a_stored_page_is_the_page_that_was_read(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    build()
    engine = Engine.open(settings.index, encoder=spy)
    page = engine.document("heart/mitral")
    assert page is not None
    assert page.sha256 == hashlib.sha256(page.text.encode()).hexdigest()
    assert "It’s safe to shower on day 2 😀." in page.text
    assert [section.name for section in page.sections] == ["Summary", "Duration", "Risks and Complications", "Recovery"]
    assert engine.document("knee").metadata["aliases"] == ["keyhole knee surgery"]  # type: ignore[union-attr]
    assert engine.document("no/such") is None
    engine.close()


def test_documents_are_listed_in_order_and_in_parts(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    build()
    engine = Engine.open(settings.index, encoder=spy)
    assert [page.doc_id for page in engine.documents()] == ["heart/aortic", "heart/mitral", "knee"]
    assert [page.doc_id for page in engine.documents(after="heart/aortic", limit=1)] == ["heart/mitral"]
    assert engine.documents(after="knee") == []
    engine.close()


def test_an_unchanged_corpus_publishes_nothing(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    first = build()
    before = entries(settings.index)
    again = build()
    assert (again.version, again.published, again.embedded) == (first.version, False, 0)
    assert spy.embedded == []
    assert entries(settings.index) == before


def test_a_changed_page_embeds_only_what_changed(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    first = build()
    page = settings.corpus / "heart" / "aortic.txt"
    page.write_text(page.read_text().replace("7 days", "8 days"))
    second = build()
    assert second.published
    assert second.version > first.version
    assert second.embedded == 1
    assert [text.splitlines()[:2] for text in spy.embedded] == [["Aortic valve repair", "Recovery"]]
    engine = Engine.open(settings.index, encoder=spy)
    hit = engine.search("hospital 8 days")[0]
    assert "8 days" in hit.text
    assert hit.passage.doc_id == "heart/aortic"
    engine.close()


def test_an_update_equals_a_build_from_nothing(
    settings: Settings, build: Build, spy: SpyEncoder, tmp_path: Path
) -> None:
    build()
    (settings.corpus / "heart" / "mitral.txt").unlink()
    (settings.corpus / "ankle.md").write_text("# Ankle repair\n\n## Recovery\n\nRest for 2 weeks.\n")
    build()
    fresh = replace(settings, index=tmp_path / "fresh")
    build_index(fresh, encoder=spy)
    updated, full = Snapshot.open(settings.index, spy), Snapshot.open(fresh.index, spy)
    rows = np.arange(len(full.dense))
    assert updated.store.documents() == full.store.documents()
    assert updated.store.passages(rows) == full.store.passages(rows)
    np.testing.assert_array_equal(updated.dense.vectors(rows), full.dense.vectors(rows))
    np.testing.assert_array_equal(updated.titles, full.titles)
    updated.close()
    full.close()


def test_a_deleted_page_leaves_nothing_behind(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    build()
    (settings.corpus / "heart" / "mitral.txt").unlink()
    report = build()
    assert (report.documents, report.embedded, report.published) == (2, 0, True)
    assert doc_ids(settings, spy) == ["heart/aortic", "knee"]
    snapshot = Snapshot.open(settings.index, spy)
    assert snapshot.store.document("heart/mitral") is None
    assert [doc_id for doc_id, _, _ in snapshot.store.titles()] == ["heart/aortic", "knee"]
    assert snapshot.lexical.frequency(snapshot.lexical.terms("camera")[0]) == 0
    assert len(snapshot.lexical.search("mitral groin camera shower", 10)[0]) == 0
    assert len(snapshot.dense) == snapshot.store.counts()[1] == report.passages
    snapshot.close()
    held = b"".join(path.read_bytes() for path in folder_of(settings).rglob("*") if path.is_file())
    assert b"keyhole camera" not in held
    assert b"heart/mitral" not in held


def test_a_renamed_title_embeds_the_page_anew(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    build()
    page = settings.corpus / "knee.md"
    page.write_text(page.read_text().replace("Knee arthroscopy", "Keyhole knee operation"))
    assert build().embedded == 2
    assert {text.splitlines()[0] for text in spy.embedded} == {"Keyhole knee operation"}


def test_another_model_embeds_all_anew(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    build()
    spy.name = "other words"
    report = build()
    assert (report.published, report.embedded) == (True, report.passages)
    (need,) = report.needs
    assert need.startswith("The model is other words, not the words that this index was built with: ")


def test_another_passage_size_splits_anew_and_keeps_the_vectors_of_what_stays(
    settings: Settings, build: Build, spy: SpyEncoder
) -> None:
    (settings.corpus / "long.txt").write_text("Long\n\nSummary\n\n" + "Words make this sentence rather long. " * 12)
    build()
    smaller = replace(settings, passage_tokens=64)
    spy.embedded.clear()
    report = build_index(smaller, encoder=spy)
    assert report.published
    assert {text.split()[0] for text in spy.embedded} == {"Long"}
    assert report.embedded == len(spy.embedded) == report.passages - 10
    assert "Passages have 64 tokens, not 180" in report.needs[0]


def test_every_file_is_in_the_manifest_with_its_checksum(settings: Settings, build: Build) -> None:
    build()
    folder = folder_of(settings)
    listed = json.loads((folder / "manifest.json").read_text())["files"]
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert set(listed) == set(found) - {"manifest.json"}
    for name, entry in listed.items():
        content = found[name].read_bytes()
        assert entry == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert damage(folder, Manifest.load(folder), checksums=True) == []


@pytest.mark.parametrize(
    "name", ["documents.sqlite", "vectors.faiss", "titles.npy", "tokens/vectors.i8", "report.json"]
)
def test_a_truncated_file_is_refused_by_name(name: str, settings: Settings, build: Build, spy: SpyEncoder) -> None:
    build()
    path = folder_of(settings) / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SnapshotError, match=rf"{name} has \d+ bytes.*`procqa index build`"):
        Engine.open(settings.index, encoder=spy)


def test_a_missing_file_is_refused_by_name(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    build()
    (folder_of(settings) / "vectors.faiss").unlink()
    with pytest.raises(SnapshotError, match=r"vectors\.faiss is missing.*`procqa index build`"):
        Engine.open(settings.index, encoder=spy)


def test_a_flipped_bit_is_found_by_checksum(settings: Settings, build: Build) -> None:
    build()
    folder = folder_of(settings)
    content = bytearray((folder / "titles.npy").read_bytes())
    content[-1] ^= 1
    (folder / "titles.npy").write_bytes(content)
    assert damage(folder, Manifest.load(folder), checksums=False) == []
    assert damage(folder, Manifest.load(folder), checksums=True) == ["titles.npy does not match its checksum"]


def test_garbage_of_the_right_size_is_one_sentence(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    build()
    path = folder_of(settings) / "vectors.faiss"
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(SnapshotError, match=r"cannot be opened.*`procqa index build`\.$"):
        Engine.open(settings.index, encoder=spy)


def test_a_damaged_snapshot_is_replaced_by_a_build(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    build()
    (folder_of(settings) / "vectors.faiss").unlink()
    report = build()
    assert (report.published, report.embedded) == (True, 10)
    assert len(doc_ids(settings, spy)) == 3


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "no readable manifest.json"),
        ("[]", "no readable manifest.json"),
        ('{"format_version": 999}', "has format 999 and this procqa reads format"),
        (f'{{"format_version": {FORMAT_VERSION}}}', "no readable manifest.json"),
    ],
)
def test_a_wrong_manifest_is_refused_and_replaced(
    text: str, sentence: str, settings: Settings, build: Build, spy: SpyEncoder
) -> None:
    build()
    (folder_of(settings) / "manifest.json").write_text(text)
    with pytest.raises(SnapshotError, match=rf"{sentence}.*`procqa index build`"):
        Engine.open(settings.index, encoder=spy)
    assert build().published
    assert len(doc_ids(settings, spy)) == 3


@pytest.mark.parametrize("pointer", ["", "../elsewhere", ".hidden", "gone"])
def test_a_wrong_pointer_is_refused_and_replaced(
    pointer: str, settings: Settings, build: Build, spy: SpyEncoder
) -> None:
    build()
    (settings.index / "CURRENT").write_text(pointer)
    with pytest.raises(SnapshotError, match="`procqa index build`"):
        Engine.open(settings.index, encoder=spy)
    assert build().published
    assert len(doc_ids(settings, spy)) == 3


def test_no_index_yet_names_the_command(settings: Settings, spy: SpyEncoder) -> None:
    with pytest.raises(SnapshotError, match=rf"There is no index in {settings.index}; .*`procqa index build CORPUS"):
        Engine.open(settings.index, encoder=spy)


def test_another_encoder_than_the_one_built_with_is_refused(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    build()
    spy.dimensions = 3
    with pytest.raises(SnapshotError, match=r"256 dimensions and the encoder makes 3.*`procqa index build`"):
        Engine.open(settings.index, encoder=spy)


def test_strict_publishes_nothing_when_a_page_is_bad(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    first = build()
    (settings.corpus / "bad.txt").write_bytes(b"\xff\xfe\x00")
    report = build(strict=True)
    assert (report.version, report.published, len(report.set_aside)) == ("", False, 1)
    assert folder_of(settings).name == first.version
    assert spy.embedded == []
    assert not [name for name in entries(settings.index) if "building" in name]


def test_strict_publishes_when_every_page_is_good(build: Build) -> None:
    assert build(strict=True).published


def test_an_empty_corpus_is_refused(settings: Settings, build: Build, spy: SpyEncoder, tmp_path: Path) -> None:
    build()
    before = entries(settings.index)
    (tmp_path / "bare").mkdir()
    with pytest.raises(ProcqaError, match=r"no page to index in .*bare"):
        build_index(replace(settings, corpus=tmp_path / "bare"), encoder=spy)
    assert entries(settings.index) == before
    (tmp_path / "bare" / "a.txt").write_text("")
    with pytest.raises(ProcqaError, match=r"no page to index in .*set aside because: .*a\.txt"):
        build_index(replace(settings, corpus=tmp_path / "bare"), encoder=spy)
    with pytest.raises(ReadError, match="nowhere"):
        build_index(replace(settings, corpus=tmp_path / "nowhere"), encoder=spy)


def test_a_build_that_fails_leaves_the_index_as_it_was(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    build()
    before = entries(settings.index), (settings.index / "CURRENT").read_bytes()
    page = settings.corpus / "knee.md"
    page.write_text(page.read_text() + "\n## Setting\n\nA day ward.\n")
    spy.fails = True
    with pytest.raises(MemoryError):
        build()
    assert (entries(settings.index), (settings.index / "CURRENT").read_bytes()) == before
    assert len(doc_ids(settings, spy)) == 3


def test_an_open_engine_keeps_its_snapshot_while_a_new_one_is_published(
    settings: Settings, build: Build, spy: SpyEncoder
) -> None:
    build()
    opened = Engine.open(settings.index, encoder=spy)
    (settings.corpus / "knee.md").unlink()
    build()
    assert opened.document("knee") is not None
    assert [page.doc_id for page in opened.documents()] == ["heart/aortic", "heart/mitral", "knee"]
    assert doc_ids(settings, spy) == ["heart/aortic", "heart/mitral"]
    opened.close()


def test_what_was_set_aside_and_removed_is_reported(settings: Settings, build: Build) -> None:
    (settings.corpus / "bad.txt").write_bytes(b"\x00\x01")
    build()
    report = json.loads((folder_of(settings) / "report.json").read_text())
    assert [item["path"] for item in report["set_aside"]] == ["bad.txt"]
    assert set(report) == {"set_aside", "removals", "missing_sections"}


def test_dense_search_is_exact_and_keeps_to_its_rows(tmp_path: Path) -> None:
    vectors = np.array([[1, 0], [0, 1], [0.625, 0.75], [0.75, 0.625]], dtype=np.float32)
    with DenseWriter(tmp_path, 2) as writer:
        writer.add(vectors[:3])
        writer.add(vectors[3:])
    assert writer.finish(lambda: vectors, lambda count: None) == {"kind": "exact"}
    index = DenseIndex(tmp_path)
    rows, scores = index.search(np.array([1, 0], dtype=np.float32), 3)
    assert rows.tolist() == [0, 3, 2]
    np.testing.assert_allclose(scores, [1.0, 0.75, 0.625], atol=1e-6)
    rows, _ = index.search(np.array([1, 0], dtype=np.float32), 9, np.array([1, 2]))
    assert rows.tolist() == [2, 1]
    np.testing.assert_array_equal(index.vectors(np.array([2, 0])), vectors[[2, 0]])
    assert index.vectors(np.zeros(0, dtype=np.int64)).shape == (0, 2)
