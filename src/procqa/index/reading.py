"""The first pass of a build: every page into the staged store, read and split only where something changed."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import metadata, resources
from pathlib import Path

from procqa.embedding import Encoder
from procqa.index.store import Store, pack_lines
from procqa.index.store_writer import StoreWriter
from procqa.passages import embedded_text, split_document
from procqa.progress import Progress
from procqa.readers import CANONICAL_SECTIONS, FirstCome, Page, SetAside, corpus_files, read_file
from procqa.types import Document, Passage

# Libraries that decide what is read of a page and where it is split.
_LIBRARIES = ("markdown-it-py", "markitdown", "pyyaml", "selectolax", "sentencex", "tiktoken")


@dataclass(frozen=True, slots=True)
class Changes:
    """Pages by doc_id, against the snapshot before; `moved` are (from, to) with the same title and words."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()
    deleted: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.moved or self.deleted)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the first pass found. `sha256` is that of all pages in their order."""

    documents: int
    passages: int
    set_aside: tuple[SetAside, ...]
    sha256: str


@lru_cache(maxsize=1)
def reading_identity() -> str:
    """Equal for code that reads and splits the same pages in the same way."""
    package = resources.files("procqa")
    sources = sorted(package.joinpath("readers").iterdir(), key=lambda item: item.name)
    digest = hashlib.sha256()
    for source in [*sources, package.joinpath("passages.py")]:
        if source.is_file():
            digest.update(source.read_bytes())
    for library in _LIBRARIES:
        digest.update(f"{library} {_version(library)}\n".encode())
    return digest.hexdigest()[:16]


def read_into(
    store: Path, corpus: Path, encoder: Encoder, passage_tokens: int, previous: Path | None, progress: Progress
) -> Reading:
    """Write the store of a corpus. `previous` is a store that was read and split in the same way.

    Raises ReadError when there is no such corpus.
    """
    root, files, unreadable = corpus_files(corpus)
    writer = StoreWriter(store, previous)
    reader = _Reader(writer, encoder, passage_tokens)
    try:
        writer.end_file("", "", [(item.path, item.reason) for item in unreadable])
        reader.set_aside += unreadable
        with progress("Reading", len(files), "files") as advance:
            for path in files:
                reader.read(path, root)
                advance(1)
        writer.close()
    except BaseException:
        writer.abandon()
        raise
    return Reading(writer.documents, writer.passages, tuple(reader.set_aside), reader.digest.hexdigest())


class _Reader:
    """Reads files one after another into a store."""

    def __init__(self, writer: StoreWriter, encoder: Encoder, passage_tokens: int) -> None:
        self.set_aside: list[SetAside] = []
        self.digest = hashlib.sha256()
        self._writer = writer
        self._encoder = encoder
        self._passage_tokens = passage_tokens
        self._first = FirstCome()

    def read(self, path: Path, root: Path) -> None:
        """Write what a file holds: copied when it was read before, else page by page."""
        relative, sha256 = path.relative_to(root).as_posix(), file_sha256(path)
        known = self._writer.known_file(relative, sha256)
        aside: list[SetAside] = []
        doubles = False
        if known is None:
            for item in read_file(path, root):
                refused = self._page(item) if isinstance(item, Page) else None
                doubles = doubles or refused is not None
                aside += [refused] if refused else [item] if isinstance(item, SetAside) else []
        else:
            aside = [SetAside(*item) for item in known[1]]
            for number, doc_id, key in known[0]:
                refused = self._first.refusal(doc_id, relative)
                if refused:
                    doubles = True
                    aside.append(refused)
                else:
                    self._copy(number, key)
        # Which of two pages with one doc_id counts depends on other files: this one is read again the next time.
        # So is one whose name SQLite cannot hold.
        name = relative if relative.isprintable() else ""
        self._writer.end_file(name, "" if doubles or not name else sha256, [(x.path, x.reason) for x in aside])
        self.set_aside += aside

    def _page(self, page: Page) -> SetAside | None:
        refused = self._first.refusal(page.document.doc_id, page.path)
        if refused:
            return refused
        document, key = page.document, _page_key(page)
        known = self._writer.known_page(document.doc_id, key)
        if known is not None:
            self._copy(known, key)
            return None
        passages = split_document(document, self._encoder, self._passage_tokens)
        embedded = [_embedded_key(passage, document, self._encoder) for passage in passages]
        removals = [{"path": page.path, **asdict(removal)} for removal in page.removals]
        self._writer.add(document, key, removals, passages, embedded)
        self.digest.update(key)
        return None

    def _copy(self, number: int, key: bytes) -> None:
        self._writer.copy(number)
        self.digest.update(key)


def page_changes(store: Path, previous: Path | None) -> Changes:
    """How the pages of a store differ from those of another."""
    now, before = _page_keys(store), _page_keys(previous)
    new = [doc_id for doc_id in now if doc_id not in before]
    deleted = [doc_id for doc_id in before if doc_id not in now]
    homes: dict[str, list[str]] = defaultdict(list)
    for doc_id in reversed(deleted):
        homes[before[doc_id][1]].append(doc_id)
    moved = {doc_id: homes[now[doc_id][1]].pop() for doc_id in new if homes[now[doc_id][1]]}
    left = set(moved.values())
    return Changes(
        new=tuple(doc_id for doc_id in new if doc_id not in moved),
        changed=tuple(doc_id for doc_id, (key, _) in now.items() if doc_id in before and before[doc_id][0] != key),
        moved=tuple((source, doc_id) for doc_id, source in moved.items()),
        deleted=tuple(doc_id for doc_id in deleted if doc_id not in left),
    )


def missing_sections(store: Store) -> dict[str, int]:
    """How many pages lack each canonical section that some page lacks."""
    documents, _ = store.counts()
    present = store.section_counts()
    missing = {name: documents - present.get(name, 0) for name in CANONICAL_SECTIONS}
    return {name: count for name, count in missing.items() if count}


def _page_keys(store: Path | None) -> Mapping[str, tuple[bytes, str]]:
    if store is None:
        return {}
    opened = Store(store)
    try:
        return opened.page_keys()
    finally:
        opened.close()


def _page_key(page: Page) -> bytes:
    """A hash of all that is read of a page."""
    document = page.document
    sections = [(s.name, s.heading, s.start, s.end) for s in document.sections]
    removals = [(page.path, *asdict(removal).values()) for removal in page.removals]
    parts = (document.doc_id, document.title, document.sha256, dict(document.metadata), sections, removals)
    return _digest(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode())


def _embedded_key(passage: Passage, document: Document, encoder: Encoder) -> bytes:
    """A hash of what is embedded for a passage, and of where its lines are in that."""
    text = embedded_text(passage, document.text, encoder).encode()
    return _digest(text + b"\0" + pack_lines(passage.lines, passage.start))


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def file_sha256(path: Path) -> str:
    """Of a file's content, before it is read: what changes in between is read again the next time."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "none"
