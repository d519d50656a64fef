"""A folder of pages -> a published snapshot. Readable from top to bottom: `build_index`."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from procqa.embedding import Encoder, OnnxEncoder
from procqa.errors import ProcqaError, SnapshotError
from procqa.index import snapshot as files
from procqa.index.embed import embed_store
from procqa.index.store import StoreWriter
from procqa.passages import embedded_prefix, split_document
from procqa.progress import Progress, silent
from procqa.readers import Page, SetAside, read_corpus
from procqa.settings import Settings


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did; `documents + set_aside` is every page met."""

    version: str  # of the snapshot that is current now; empty when the build was refused
    documents: int
    passages: int
    embedded: int  # passages whose vectors were not kept from the snapshot before
    set_aside: tuple[SetAside, ...]
    removals: int
    missing_sections: dict[str, int]  # canonical section: pages without it
    published: bool  # False when nothing had changed


def build_index(
    settings: Settings, *, strict: bool = False, progress: Progress = silent, encoder: Encoder | None = None
) -> BuildReport:
    """Read, split and embed the corpus and publish a new snapshot, keeping the vectors of unchanged passages.

    Under `strict` nothing is published when any page is set aside. Raises ProcqaError when there is no page to index.
    """
    index = settings.index
    pages = read_corpus(settings.corpus)
    begun = list(islice(pages, 1))  # a missing corpus is told at once, before the encoder takes its time
    version = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    staging = index / files.FOLDER / f".{version}.building"
    try:
        staging.mkdir(parents=True)
    except OSError as error:
        raise SnapshotError(
            f"The folder {index} cannot be written ({error.strerror}); give another by --index."
        ) from None
    try:
        chosen = encoder or _encoder(settings, staging / files.ENCODER, progress)
        reading = _read(chain(begun, pages), settings, chosen, staging, progress)
        if strict and reading.set_aside:
            return _report("", reading, embedded=0, published=False)
        if not reading.documents:
            first = f" The first was set aside because: {reading.set_aside[0].reason}" if reading.set_aside else ""
            raise ProcqaError(f"There is no page to index in {settings.corpus}.{first}")
        previous = _previous(index, chosen, settings)
        if previous and previous.corpus_sha256 == reading.sha256:
            return _report(previous.version, reading, embedded=0, published=False)
        kept = index / files.FOLDER / previous.version if previous else None
        embedded = embed_store(chosen, staging, reading.headings, kept, progress)
        _save_report(reading, staging)
        manifest = files.Manifest(
            version=version,
            built_at=datetime.now(UTC).isoformat(timespec="seconds"),
            embedding_model=chosen.name,
            model_sha256=_model_sha256(chosen),
            passage_tokens=settings.passage_tokens,
            corpus_sha256=reading.sha256,
            documents=reading.documents,
            passages=reading.passages,
            set_aside=len(reading.set_aside),
            headings=reading.headings,
            files=files.file_table(staging),
        )
        manifest.save(staging)
        staging.rename(index / files.FOLDER / version)
        files.sync_folder(index / files.FOLDER)
        files.publish(index, version)
        return _report(version, reading, embedded, published=True)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the first pass over the corpus found."""

    documents: int
    passages: int
    headings: tuple[str, ...]
    set_aside: tuple[SetAside, ...]
    removals: tuple[dict[str, Any], ...]
    missing: Counter[str]
    sha256: str


def _read(
    pages: Iterable[Page | SetAside], settings: Settings, encoder: Encoder, staging: Path, progress: Progress
) -> _Reading:
    """Read and split every page into the store, one at a time."""
    writer = StoreWriter(staging / files.STORE)
    digest = hashlib.sha256()
    set_aside: list[SetAside] = []
    removals: list[dict[str, Any]] = []
    missing: Counter[str] = Counter()
    headings: dict[str, None] = {}
    documents = count = 0
    with progress("Reading", None, "pages") as advance:
        for page in pages:
            advance(1)
            if isinstance(page, SetAside):
                set_aside.append(page)
                continue
            document = page.document
            passages = split_document(document, encoder, settings.passage_tokens)
            bodies = [document.text[p.start : p.end] for p in passages]
            keys = [
                _key(embedded_prefix(p.title, p.heading or p.section, encoder) + body)
                for p, body in zip(passages, bodies, strict=True)
            ]
            writer.add(document, passages, keys)
            headings |= dict.fromkeys(p.heading or p.section for p in passages)
            removals += [{"path": page.path, **asdict(removal)} for removal in page.removals]
            missing.update(page.missing)
            digest.update(_page_key(page))
            documents, count = documents + 1, count + len(passages)
    writer.close()
    return _Reading(documents, count, tuple(headings), tuple(set_aside), tuple(removals), missing, digest.hexdigest())


def _encoder(settings: Settings, folder: Path, progress: Progress) -> Encoder:
    """The encoder exported into `folder`: linked from the current snapshot when it is there, whole and the same."""
    from procqa.embedding.export import export_encoder, model_identity, recipe

    _, digest = model_identity(settings.model)
    current = _current(settings.index, below=f"{files.ENCODER}/", checksums=True)
    if current and current.model_sha256 == f"{digest}+{recipe()}":
        stored = settings.index / files.FOLDER / current.version / files.ENCODER
        shutil.copytree(stored, folder, copy_function=os.link)
    else:
        with progress("Exporting the encoder", 1, "model") as advance:
            export_encoder(settings.model, folder)
            advance(1)
    return OnnxEncoder(folder, settings.threads)


def _previous(index: Path, encoder: Encoder, settings: Settings) -> files.Manifest | None:
    """The current snapshot's manifest, when its vectors can be kept."""
    manifest = _current(index)
    if manifest is None or manifest.model_sha256 != _model_sha256(encoder):
        return None
    return manifest if manifest.passage_tokens == settings.passage_tokens else None


def _current(index: Path, *, below: str = "", checksums: bool = False) -> files.Manifest | None:
    """The current snapshot's manifest, or None when there is none or its files `below` a folder are damaged."""
    try:
        folder = files.current_folder(index)
        manifest = files.Manifest.load(folder) if folder else None
    except SnapshotError:
        return None  # a damaged snapshot is replaced by a full build
    if folder is None or manifest is None:
        return None
    listed = {name: entry for name, entry in manifest.files.items() if name.startswith(below)}
    return None if files.damage(folder, replace(manifest, files=listed), checksums=checksums) else manifest


def _model_sha256(encoder: Encoder) -> str:
    return encoder.card.identity if isinstance(encoder, OnnxEncoder) else encoder.name


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _page_key(page: Page) -> bytes:
    document = page.document
    sections = [(s.name, s.heading, s.start, s.end) for s in document.sections]
    parts = (document.doc_id, document.title, document.sha256, dict(document.metadata), sections)
    return json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()


def _save_report(reading: _Reading, staging: Path) -> None:
    report = {
        "set_aside": [asdict(item) for item in reading.set_aside],
        "removals": list(reading.removals),
        "missing_sections": dict(reading.missing),
    }
    (staging / files.REPORT).write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")


def _report(version: str, reading: _Reading, embedded: int, *, published: bool) -> BuildReport:
    return BuildReport(
        version,
        reading.documents,
        reading.passages,
        embedded,
        reading.set_aside,
        len(reading.removals),
        dict(reading.missing),
        published,
    )
