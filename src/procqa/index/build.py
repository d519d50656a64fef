"""A folder of pages -> a published snapshot. Readable from top to bottom: `build_index`."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from procqa.embedding import Encoder, OnnxEncoder
from procqa.embedding.sources import find_model
from procqa.errors import ProcqaError, SnapshotError
from procqa.index import snapshot as files
from procqa.index.aliases import aliases_text
from procqa.index.before import Before, model_identity, whole
from procqa.index.embed import embed_store
from procqa.index.locks import sole_writer
from procqa.index.manifest import Manifest, file_table
from procqa.index.reading import Changes, Reading, missing_sections, page_changes, read_into, reading_identity
from procqa.index.store import Store
from procqa.index.versions import clean, new_staging, prune, publish, version_of
from procqa.progress import Progress, silent
from procqa.readers import ALIASES_FILE, SetAside, corpus_files
from procqa.settings import Settings
from procqa.threads import at_once

# gate(staging folder) -> why the snapshot there must not be published, a sentence each.
Gate = Callable[[Path], Sequence[str]]
# With less than this left, whatever failed has failed for want of room.
_ROOM_BYTES = 1_000_000


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
    published: bool  # False when nothing had changed, or when it was refused
    changes: Changes
    needs: tuple[str, ...]  # what had to be done again beside the changed pages, and why
    refused: tuple[str, ...] = ()  # what the gate had against it
    pruned: tuple[str, ...] = ()


def build_index(
    settings: Settings,
    *,
    strict: bool = False,
    progress: Progress = silent,
    encoder: Encoder | None = None,
    gate: Gate | None = None,
) -> BuildReport:
    """Read, split and embed the corpus and publish a new snapshot, doing again only what changed since the last one.

    Under `strict` nothing is published when any page is set aside, and with a `gate` nothing that it refuses. Raises
    ProcqaError when there is no page to index, another process builds the index, or it cannot be written.
    """
    corpus_files(settings.corpus)  # a missing corpus is told at once, before a folder is made for it
    index = settings.index
    with sole_writer(index):
        with _failures_told(index):
            clean(index)
            staging = new_staging(index)
        try:
            with _failures_told(index):
                return _build(settings, staging, strict, progress, encoder, gate)
        finally:
            shutil.rmtree(staging, ignore_errors=True)  # published, it has another name


def plan_index(settings: Settings, *, progress: Progress = silent, encoder: Encoder | None = None) -> BuildReport:
    """What `build_index` would do, found by its own first pass in a folder of its own; the index is left alone."""
    corpus_files(settings.corpus)
    with tempfile.TemporaryDirectory(prefix="procqa-") as folder, _failures_told(Path(folder)):
        staging = Path(folder)
        _, before, reading = _begin(settings, staging, progress, encoder)
        store = Store(staging / files.STORE)
        embedded = int((store.origins(before.vectors_store) < 0).sum())
        store.close()
        version = before.manifest.version if before.manifest else ""
        return _report(version, reading, staging, before, embedded)


def _build(
    settings: Settings, staging: Path, strict: bool, progress: Progress, given: Encoder | None, gate: Gate | None
) -> BuildReport:
    index = settings.index
    encoder, before, reading = _begin(settings, staging, progress, given)
    if strict and reading.set_aside:
        return _report("", reading, staging, before)
    if not reading.documents:
        first = f" The first was set aside because: {reading.set_aside[0].reason}" if reading.set_aside else ""
        raise ProcqaError(f"There is no page to index in {settings.corpus}.{first}")
    if before.manifest and not before.needs and before.manifest.corpus_sha256 == reading.sha256:
        pruned = prune(index, settings.keep)
        return _report(before.manifest.version, reading, staging, before, pruned=pruned)
    kept = before.folder if before.same_vectors else None
    embedded = embed_store(encoder, staging, kept, progress, at_once(settings.threads))
    report = _report(version_of(staging), reading, staging, before, embedded.passages, published=True)
    _save_report(report, staging)
    Manifest(
        version=version_of(staging),
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        embedding_model=encoder.name,
        model_sha256=model_identity(encoder),
        passage_tokens=settings.passage_tokens,
        reading=reading_identity(),
        corpus_sha256=reading.sha256,
        documents=reading.documents,
        passages=reading.passages,
        set_aside=len(reading.set_aside),
        sections=embedded.sections,
        search=embedded.search,
        files=file_table(staging),
    ).save(staging)
    refused = tuple(gate(staging)) if gate else ()
    if refused:
        return _report("", reading, staging, before, embedded.passages, refused=refused)
    publish(index, staging)
    return replace(report, pruned=prune(index, settings.keep))


def _begin(
    settings: Settings, staging: Path, progress: Progress, given: Encoder | None
) -> tuple[Encoder, Before, Reading]:
    """The encoder, what can be kept, and the first pass over the corpus."""
    aliases = aliases_text(settings)
    if aliases:
        (staging / ALIASES_FILE).write_text(aliases, encoding="utf-8")
    encoder = given or _encoder(settings, staging / files.ENCODER, progress)
    before = Before.of(settings, encoder, aliases)
    store, previous = staging / files.STORE, before.pages_store
    reading = read_into(store, settings.corpus, encoder, settings.passage_tokens, previous, progress)
    return encoder, before, reading


def _encoder(settings: Settings, folder: Path, progress: Progress) -> Encoder:
    """The encoder exported into `folder`: linked from the current snapshot when it is there, whole and the same."""
    source = find_model(settings.model)
    current = whole(settings.index, below=f"{files.ENCODER}/")
    if current and current[1].model_sha256 == source.identity:
        shutil.copytree(current[0] / files.ENCODER, folder, copy_function=_link)
    else:
        from procqa.embedding.export import place_encoder

        with progress("Preparing the encoder", 1, "model") as advance:
            place_encoder(source, folder)
            advance(1)
    return OnnxEncoder(folder, settings.threads)


def _link(source: str, target: str) -> None:
    """One file under two names; where the file system has no such thing, a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _save_report(report: BuildReport, staging: Path) -> None:
    store = Store(staging / files.STORE)
    values = {
        "set_aside": [asdict(item) for item in report.set_aside],
        "removals": store.removals(),
        "missing_sections": report.missing_sections,
    }
    store.close()
    (staging / files.REPORT).write_text(json.dumps(values, ensure_ascii=False, indent=1), encoding="utf-8")


def _report(
    version: str,
    reading: Reading,
    staging: Path,
    before: Before,
    embedded: int = 0,
    *,
    published: bool = False,
    refused: tuple[str, ...] = (),
    pruned: tuple[str, ...] = (),
) -> BuildReport:
    store = Store(staging / files.STORE)
    report = BuildReport(
        version=version,
        documents=reading.documents,
        passages=reading.passages,
        embedded=embedded,
        set_aside=reading.set_aside,
        removals=store.removal_count(),
        missing_sections=missing_sections(store),
        published=published,
        changes=page_changes(staging / files.STORE, before.store),
        needs=before.needs,
        refused=refused,
        pruned=pruned,
    )
    store.close()
    return report


@contextmanager
def _failures_told(folder: Path) -> Iterator[None]:
    """Tell a full or read-only disk in one sentence; each library fails in a way of its own when it cannot write."""
    try:
        yield
    except ProcqaError:
        raise
    except (OSError, sqlite3.Error, RuntimeError, ValueError) as error:
        number = error.errno if isinstance(error, OSError) else None
        if number in (errno.ENOSPC, errno.EDQUOT) or shutil.disk_usage(folder).free < _ROOM_BYTES:
            raise SnapshotError(
                f"There is no room left for {folder}; nothing was published and what was there stays. "
                "Free some, for instance with `procqa index prune`, and build again."
            ) from error
        if number in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise SnapshotError(
                f"The folder {folder} cannot be written ({os.strerror(number)}); give another by --index."
            ) from None
        raise
