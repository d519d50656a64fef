"""Writes a store: what is new is added, what was read before is copied from the store of the snapshot before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from procqa.index.store import pack_lines, read_only
from procqa.types import Document, Passage

# `key` is a hash of all that was read of a page; `embedded` one of what is embedded for a passage, and of its lines.
# A page's text stands last, since what stands behind a long text is only reached through all of it.
_SCHEMA = """
CREATE TABLE sources (source INTEGER PRIMARY KEY, path TEXT NOT NULL, sha256 TEXT NOT NULL, set_aside TEXT NOT NULL);
CREATE TABLE documents (
    doc INTEGER PRIMARY KEY, doc_id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, sha256 TEXT NOT NULL,
    metadata TEXT NOT NULL, source INTEGER NOT NULL, key BLOB NOT NULL, removals TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE sections (
    doc INTEGER NOT NULL, ordinal INTEGER NOT NULL, name TEXT NOT NULL, heading TEXT NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (doc, ordinal)) WITHOUT ROWID;
CREATE TABLE passages (
    row INTEGER PRIMARY KEY, passage_id TEXT NOT NULL UNIQUE, doc INTEGER NOT NULL, section TEXT NOT NULL,
    heading TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, lines BLOB NOT NULL, embedded BLOB NOT NULL);
"""
_INDEXES = """
CREATE INDEX documents_by_source ON documents (source);
CREATE INDEX passages_by_doc ON passages (doc);
CREATE INDEX passages_by_embedded ON passages (embedded);
"""
# A staged store is thrown away when anything goes wrong, so that nothing has to be kept for a way back.
_PRAGMAS = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;"


class StoreWriter:
    """Writes a store file after file, page after page; the rows of passages count up from 0."""

    def __init__(self, path: Path, previous: Path | None = None) -> None:
        """`previous` is a store whose pages were read and split in the same way."""
        self._connection = sqlite3.connect(path, uri=True, isolation_level=None)
        self._connection.executescript(_PRAGMAS + _SCHEMA)
        self._sources: dict[str, tuple[int, str]] = {}
        self._copies = previous is not None
        if previous is not None:
            self._connection.execute("ATTACH ? AS old", (read_only(previous),))
            found = self._connection.execute("SELECT path, source, sha256 FROM old.sources")
            self._sources = {name: (number, sha256) for name, number, sha256 in found}
        self._connection.execute("BEGIN")
        self.documents = self.passages = self._source = 0

    def known_file(self, path: str, sha256: str) -> tuple[list[tuple[int, str, bytes]], list[tuple[str, str]]] | None:
        """The (number, doc_id, key) of the pages of a file that was read before, and what of it was set aside.

        None when it was not, or when its content differs.
        """
        number, known = self._sources.get(path, (0, ""))
        if not sha256 or known != sha256:
            return None
        query = "SELECT doc, doc_id, key FROM old.documents WHERE source = ? ORDER BY doc"
        pages = self._connection.execute(query, (number,)).fetchall()
        ((aside,),) = self._connection.execute("SELECT set_aside FROM old.sources WHERE source = ?", (number,))
        return pages, [(name, reason) for name, reason in json.loads(aside)]

    def known_page(self, doc_id: str, key: bytes) -> int | None:
        """The number in the previous store of a page that is the same to the letter, or None."""
        if not self._copies:
            return None
        query = "SELECT doc FROM old.documents WHERE doc_id = ? AND key = ?"
        found = self._connection.execute(query, (doc_id, key)).fetchone()
        return None if found is None else int(found[0])

    def end_file(self, path: str, sha256: str, set_aside: Sequence[tuple[str, str]]) -> None:
        """Note the file that the pages since the last call came from; without a hash it will be read again."""
        row = (self._source, path, sha256, json.dumps(set_aside, ensure_ascii=False))
        self._connection.execute("INSERT INTO sources VALUES (?,?,?,?)", row)
        self._source += 1

    def add(
        self,
        document: Document,
        key: bytes,
        removals: Sequence[Mapping[str, Any]],
        passages: Sequence[Passage],
        embedded: Sequence[bytes],
    ) -> None:
        """Add a page, and its passages with the hash of what is embedded for each."""
        number = self.documents
        told = (document.doc_id, document.title, document.sha256, _json(dict(document.metadata)))
        removed = _json([dict(item) for item in removals])
        self._connection.execute(
            "INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,?)",
            (number, *told, self._source, key, removed, document.text),
        )
        self._connection.executemany(
            "INSERT INTO sections VALUES (?,?,?,?,?,?)",
            [(number, k, s.name, s.heading, s.start, s.end) for k, s in enumerate(document.sections)],
        )
        self._connection.executemany(
            "INSERT INTO passages VALUES (?,?,?,?,?,?,?,?,?)",
            [
                (row, p.passage_id, number, p.section, p.heading, p.start, p.end, pack_lines(p.lines), digest)
                for row, (p, digest) in enumerate(zip(passages, embedded, strict=True), self.passages)
            ],
        )
        self._count(len(passages))

    def copy(self, old: int) -> None:
        """Add page number `old` of the previous store, with its passages."""
        values = {"old": old, "doc": self.documents, "source": self._source, "row": self.passages}
        run = self._connection.execute
        run(
            "INSERT INTO documents SELECT :doc, doc_id, title, sha256, metadata, :source, key, removals, text "
            "FROM old.documents WHERE doc = :old",
            values,
        )
        run(
            "INSERT INTO sections SELECT :doc, ordinal, name, heading, first, last "
            "FROM old.sections WHERE doc = :old ORDER BY ordinal",
            values,
        )
        copied = run(
            "INSERT INTO passages SELECT :row + row - min(row) OVER (), passage_id, :doc, section, heading, "
            "first, last, lines, embedded FROM old.passages WHERE doc = :old ORDER BY row",
            values,
        )
        self._count(copied.rowcount)

    def _count(self, passages: int) -> None:
        self.documents += 1
        self.passages += passages

    def close(self) -> None:
        """Finish, and leave one plain file without a journal."""
        self._connection.execute("COMMIT")
        self._connection.executescript(_INDEXES)
        self._connection.close()

    def abandon(self) -> None:
        """Let go of the file without finishing it."""
        self._connection.close()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
