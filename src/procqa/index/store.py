"""Documents, sections and passages in SQLite: one file, written once by `StoreWriter`, then read only."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from procqa.errors import SnapshotError
from procqa.index.dense import Rows
from procqa.types import Document, DocumentSummary, Line, Passage, Section

_PASSAGE = (
    "SELECT p.row, p.passage_id, d.doc_id, d.title, p.section, p.heading, p.first, p.last, p.lines "
    "FROM passages p JOIN documents d USING (doc)"
)
# Passages that one query reads; a query takes some thousand parameters.
_AT_ONCE = 500
# A question looks at its page several times, and others ask about the same pages.
_RECENT_PAGES = 64


def read_only(path: Path) -> str:
    """The address of a store that nobody writes to: SQLite then needs no locks and no write access to its folder."""
    return f"{path.resolve().as_uri()}?mode=ro&immutable=1"


class Store:
    """Reads a store from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # One for all threads, opened now: it goes on reading when the folder is moved or removed meanwhile, and the
        # microseconds of a query are not worth more of them.
        self._connection = sqlite3.connect(read_only(path), uri=True, check_same_thread=False)
        self._lock = threading.Lock()
        self._recent: OrderedDict[str, Document] = OrderedDict()

    def _rows(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with self._lock:
            return self._connection.execute(query, parameters).fetchall()

    def _stream(self, query: str) -> Iterator[Any]:
        """Rows one at a time, for who reads them all; from a connection of their own, so that nobody waits."""
        with closing(sqlite3.connect(read_only(self._path), uri=True)) as connection:
            yield from connection.execute(query)

    def counts(self) -> tuple[int, int]:
        """Numbers of documents and passages."""
        ((documents, passages),) = self._rows(
            "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages)"
        )
        return documents, passages

    def document(self, doc_id: str) -> Document | None:
        """The whole page, or None. Raises SnapshotError when its words are not those that were stored."""
        with self._lock:
            recent = self._recent.get(doc_id)
            if recent is not None:
                self._recent.move_to_end(doc_id)
                return recent
        document = self._read(doc_id)
        if document is not None:
            with self._lock:
                self._recent[doc_id] = document
                if len(self._recent) > _RECENT_PAGES:
                    self._recent.popitem(last=False)
        return document

    def _read(self, doc_id: str) -> Document | None:
        found = self._rows("SELECT doc, title, text, sha256, metadata FROM documents WHERE doc_id = ?", (doc_id,))
        for number, title, text, sha256, metadata in found:
            if hashlib.sha256(text.encode()).hexdigest() != sha256:
                raise SnapshotError(
                    f"The page {doc_id} in the index {self._path.parent.name} does not match its checksum; "
                    "rebuild with `procqa index build`."
                )
            return Document(doc_id, title, text, self._sections(number), sha256, json.loads(metadata))
        return None

    def documents(self, after: str = "", limit: int = 100) -> list[Document]:
        """Up to `limit` pages whose doc_id sorts after `after`, in that order."""
        found = self._rows("SELECT doc_id FROM documents WHERE doc_id > ? ORDER BY doc_id LIMIT ?", (after, limit))
        return [document for (doc_id,) in found if (document := self.document(doc_id))]

    def summaries(self, after: str = "", limit: int = 100) -> list[DocumentSummary]:
        """As `documents`, without reading any text."""
        query = (
            "SELECT doc_id, title, sha256, metadata, "
            "(SELECT json_group_array(name) FROM "
            "(SELECT name FROM sections WHERE sections.doc = documents.doc ORDER BY ordinal)) "
            "FROM documents WHERE doc_id > ? ORDER BY doc_id LIMIT ?"
        )
        return [
            DocumentSummary(doc_id, title, sha256, tuple(json.loads(names)), json.loads(metadata))
            for doc_id, title, sha256, metadata, names in self._rows(query, (after, limit))
        ]

    def _sections(self, number: int) -> tuple[Section, ...]:
        query = "SELECT name, heading, first, last FROM sections WHERE doc = ? ORDER BY ordinal"
        return tuple(Section(*row) for row in self._rows(query, (number,)))

    def titles(self) -> list[tuple[str, str, dict[str, Any]]]:
        """(doc_id, title, metadata) of every document, in their stored order."""
        rows = self._stream("SELECT doc_id, title, metadata FROM documents ORDER BY doc")
        return [(doc_id, title, json.loads(metadata)) for doc_id, title, metadata in rows]

    def names(self, number: int) -> list[str]:
        """What a document is called, by its number: its title, and the aliases and codes of its front matter."""
        ((title, metadata),) = self._rows("SELECT title, metadata FROM documents WHERE doc = ?", (int(number),))
        return _names(title, metadata)

    def numbers(self, doc_ids: Iterable[str]) -> list[int]:
        """The numbers of those documents that there are."""
        query = "SELECT doc FROM documents WHERE doc_id = ?"
        return [number for doc_id in doc_ids for (number,) in self._rows(query, (doc_id,))]

    def each_title(self) -> Iterator[str]:
        """The title of every document, in their stored order."""
        return (title for (title,) in self._stream("SELECT title FROM documents ORDER BY doc"))

    def each_names(self) -> Iterator[list[str]]:
        """What each document is called, in their stored order, as `names`."""
        rows = self._stream("SELECT title, metadata FROM documents ORDER BY doc")
        return (_names(title, metadata) for title, metadata in rows)

    def each_text(self) -> Iterator[str]:
        """The names and the text of every document, in their stored order."""
        for title, text, metadata in self._stream("SELECT title, text, metadata FROM documents ORDER BY doc"):
            yield "\n".join([*_names(title, metadata), text])

    def passages(self, rows: Iterable[int]) -> list[Passage]:
        """The passages of some rows, in the order given."""
        numbers = [int(row) for row in rows]
        found: dict[int, Passage] = {}
        for first in range(0, len(numbers), _AT_ONCE):
            part = numbers[first : first + _AT_ONCE]
            query = f"{_PASSAGE} WHERE p.row IN ({','.join('?' * len(part))})"
            found.update((row, _passage(rest)) for row, *rest in self._rows(query, tuple(part)))
        return [found[row] for row in numbers if row in found]

    def text(self, passage: Passage) -> str:
        """The words of a passage, as they stand in its document."""
        query = "SELECT substr(text, ?, ?) FROM documents WHERE doc_id = ?"
        ((text,),) = self._rows(query, (passage.start + 1, passage.end - passage.start, passage.doc_id))
        return str(text)

    def worded_texts(self) -> Iterator[tuple[str, str, str]]:
        """(title, heading, body) of every passage, row by row; a document's first begins with its other names."""
        rows = self._stream(
            "SELECT doc, d.title, d.metadata, CASE p.heading WHEN '' THEN p.section ELSE p.heading END, "
            "substr(d.text, p.first + 1, p.last - p.first) "
            "FROM passages p JOIN documents d USING (doc) ORDER BY p.row"
        )
        before = None
        for doc, title, metadata, heading, body in rows:
            yield title, heading, body if doc == before else "\n".join([*_names(title, metadata)[1:], body])
            before = doc

    def origins(self, previous: Path | None) -> Rows:
        """For every passage the row of one in another store that is embedded the same, or -1, (n,)."""
        _, passages = self.counts()
        origins = np.full(passages, -1, dtype=np.int64)
        if previous is None:
            return origins
        query = (
            "SELECT row, (SELECT min(o.row) FROM old.passages o WHERE o.embedded = n.embedded) "
            "FROM passages n ORDER BY row"
        )
        with closing(sqlite3.connect(read_only(self._path), uri=True)) as connection:
            connection.execute("ATTACH ? AS old", (read_only(previous),))
            for row, origin in connection.execute(query):
                if origin is not None:
                    origins[row] = origin
        return origins

    def page_keys(self) -> dict[str, tuple[bytes, str]]:
        """Of every page, by doc_id, the key of all that was read of it and the hash of its text."""
        return {
            doc_id: (key, sha256) for doc_id, key, sha256 in self._stream("SELECT doc_id, key, sha256 FROM documents")
        }

    def sources(self) -> dict[str, str]:
        """Of every file that was read, by its path in the corpus, the hash of its content."""
        return dict(self._rows("SELECT path, sha256 FROM sources WHERE path != ''"))

    def set_aside(self) -> list[tuple[str, str]]:
        """(path, reason) of everything that could not be read, in the order of the files."""
        lists = self._stream("SELECT set_aside FROM sources ORDER BY source")
        return [(path, reason) for (stored,) in lists for path, reason in json.loads(stored)]

    def removals(self) -> list[dict[str, Any]]:
        """Every boilerplate line that was left out, with its page."""
        return [
            item
            for (stored,) in self._stream("SELECT removals FROM documents ORDER BY doc")
            for item in json.loads(stored)
        ]

    def removal_count(self) -> int:
        """How many boilerplate lines were left out."""
        ((count,),) = self._rows("SELECT coalesce(sum(json_array_length(removals)), 0) FROM documents")
        return int(count)

    def section_counts(self) -> dict[str, int]:
        """How many documents have each section."""
        return dict(self._rows("SELECT name, count(DISTINCT doc) FROM sections GROUP BY name"))

    def layout(self) -> tuple[Rows, tuple[str, ...]]:
        """The numbers of every passage's document and section, (2, n), and the sections' names by their numbers.

        Names come in the order of their first passage.
        """
        _, passages = self.counts()
        numbers = np.zeros((2, passages), dtype=np.int64)
        sections: dict[str, int] = {}
        for row, (doc, section) in enumerate(self._stream("SELECT doc, section FROM passages ORDER BY row")):
            numbers[:, row] = doc, sections.setdefault(section, len(sections))
        return numbers, tuple(sections)

    def close(self) -> None:
        """Give back the file; nobody reads it any more."""
        self._connection.close()


def pack_lines(lines: Sequence[Line], start: int = 0) -> bytes:
    """Lines as the store keeps them, with offsets from `start` on."""
    return np.array([(x.start - start, x.end - start, x.block, x.is_item) for x in lines], dtype="<i4").tobytes()


def _passage(row: Sequence[Any]) -> Passage:
    passage_id, doc_id, title, section, heading, start, end, packed = row
    numbers = np.frombuffer(packed, dtype="<i4").reshape(-1, 4).tolist()
    lines = tuple(Line(first, last, block, bool(item)) for first, last, block, item in numbers)
    return Passage(passage_id, doc_id, title, section, heading, start, end, lines)


def _names(title: str, metadata: str) -> list[str]:
    told = json.loads(metadata)
    return [title, *_texts(told.get("aliases")), *_texts(told.get("codes"))]


def _texts(value: object) -> list[str]:
    """The texts in a value of front matter, of whatever form: codes may be a list, or lists by the name of a system."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return [] if value is None else [str(value)]
