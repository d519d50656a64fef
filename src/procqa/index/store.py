"""Documents, sections and passages in SQLite: one file, written once, then read only."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from procqa.index.dense import Rows
from procqa.types import Document, DocumentSummary, Line, Passage, Section

_SCHEMA = """
CREATE TABLE documents (
    doc INTEGER PRIMARY KEY, doc_id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, text TEXT NOT NULL,
    sha256 TEXT NOT NULL, metadata TEXT NOT NULL);
CREATE TABLE sections (
    doc INTEGER NOT NULL, ordinal INTEGER NOT NULL, name TEXT NOT NULL, heading TEXT NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (doc, ordinal)) WITHOUT ROWID;
CREATE TABLE passages (
    row INTEGER PRIMARY KEY, passage_id TEXT NOT NULL UNIQUE, doc INTEGER NOT NULL, section TEXT NOT NULL,
    heading TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, lines BLOB NOT NULL, embedded TEXT NOT NULL);
CREATE INDEX passages_by_doc ON passages (doc);
CREATE INDEX passages_by_section ON passages (section);
"""
_PASSAGE = (
    "SELECT p.passage_id, d.doc_id, d.title, p.section, p.heading, p.first, p.last, p.lines "
    "FROM passages p JOIN documents d USING (doc)"
)


class StoreWriter:
    """Writes a store; documents first to last, each with its passages, whose rows count up from 0."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.executescript(_SCHEMA)
        self._documents = self._passages = 0

    def add(self, document: Document, passages: Sequence[Passage], embedded: Sequence[str]) -> None:
        """Add a page, its passages, and for each passage the hash of the text that is embedded for it."""
        number = self._documents
        metadata = json.dumps(dict(document.metadata), ensure_ascii=False, sort_keys=True)
        row = (number, document.doc_id, document.title, document.text, document.sha256, metadata)
        self._connection.execute("INSERT INTO documents VALUES (?,?,?,?,?,?)", row)
        self._connection.executemany(
            "INSERT INTO sections VALUES (?,?,?,?,?,?)",
            [(number, k, s.name, s.heading, s.start, s.end) for k, s in enumerate(document.sections)],
        )
        self._connection.executemany(
            "INSERT INTO passages VALUES (?,?,?,?,?,?,?,?,?)",
            [
                (self._passages + k, p.passage_id, number, p.section, p.heading, p.start, p.end, _pack(p.lines), key)
                for k, (p, key) in enumerate(zip(passages, embedded, strict=True))
            ],
        )
        self._documents += 1
        self._passages += len(passages)

    def close(self) -> None:
        """Commit, and leave one plain file without a journal."""
        self._connection.commit()
        self._connection.close()


class Store:
    """Reads a store from any thread."""

    def __init__(self, path: Path) -> None:
        # immutable: a snapshot never changes, so SQLite needs no locks and no write access to its folder.
        self._uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._local = threading.local()

    def _rows(self, query: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = sqlite3.connect(self._uri, uri=True, check_same_thread=False)
        cursor: sqlite3.Cursor = connection.execute(query, parameters)
        return cursor

    def counts(self) -> tuple[int, int]:
        """Numbers of documents and passages."""
        (documents,), (passages,) = (
            self._rows(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - two fixed names
            for table in ("documents", "passages")
        )
        return documents, passages

    def document(self, doc_id: str) -> Document | None:
        """The whole page, or None."""
        found = self._rows("SELECT doc, title, text, sha256, metadata FROM documents WHERE doc_id = ?", (doc_id,))
        for number, title, text, sha256, metadata in found:
            return Document(doc_id, title, text, self._sections(number), sha256, json.loads(metadata))
        return None

    def documents(self, after: str = "", limit: int = 100) -> list[Document]:
        """Up to `limit` pages whose doc_id sorts after `after`, in that order."""
        found = self._rows("SELECT doc_id FROM documents WHERE doc_id > ? ORDER BY doc_id LIMIT ?", (after, limit))
        return [document for (doc_id,) in found.fetchall() if (document := self.document(doc_id))]

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
        rows = self._rows("SELECT doc_id, title, metadata FROM documents ORDER BY doc")
        return [(doc_id, title, json.loads(metadata)) for doc_id, title, metadata in rows]

    def passages(self, rows: Iterable[int]) -> list[Passage]:
        """The passages of some rows, in the order given."""
        return [_passage(self._rows(f"{_PASSAGE} WHERE p.row = ?", (int(row),)).fetchone()) for row in rows]

    def text(self, passage: Passage) -> str:
        """The words of a passage, as they stand in its document."""
        query = "SELECT substr(text, ?, ?) FROM documents WHERE doc_id = ?"
        found = self._rows(query, (passage.start + 1, passage.end - passage.start, passage.doc_id)).fetchone()
        return str(found[0])

    def embedded_texts(self) -> Iterator[tuple[str, str, str]]:
        """(title, heading, body) of every passage, row by row."""
        query = (
            "SELECT d.title, CASE p.heading WHEN '' THEN p.section ELSE p.heading END, "
            "substr(d.text, p.first + 1, p.last - p.first) "
            "FROM passages p JOIN documents d USING (doc) ORDER BY p.row"
        )
        yield from self._rows(query)

    def embedded_keys(self) -> list[str]:
        """The hash of the embedded text of every passage, row by row."""
        return [key for (key,) in self._rows("SELECT embedded FROM passages ORDER BY row")]

    def layout(self) -> tuple[Rows, list[str], list[str]]:
        """For every passage the number of its document, its section's name, and its heading (or that name)."""
        query = "SELECT doc, section, CASE heading WHEN '' THEN section ELSE heading END FROM passages ORDER BY row"
        found = self._rows(query).fetchall()
        documents = np.array([doc for doc, _, _ in found], dtype=np.int64)
        return documents, [section for _, section, _ in found], [heading for _, _, heading in found]

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None


def _pack(lines: Sequence[Line]) -> bytes:
    return np.array([(x.start, x.end, x.block, x.is_item) for x in lines], dtype="<i4").tobytes()


def _passage(row: tuple[Any, ...]) -> Passage:
    passage_id, doc_id, title, section, heading, start, end, packed = row
    numbers = np.frombuffer(packed, dtype="<i4").reshape(-1, 4).tolist()
    lines = tuple(Line(first, last, block, bool(item)) for first, last, block, item in numbers)
    return Passage(passage_id, doc_id, title, section, heading, start, end, lines)
