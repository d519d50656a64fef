"""A snapshot: one immutable built index in a folder of its own, named by the file `CURRENT`.

index/CURRENT                      the version that readers open, replaced by one atomic rename
index/snapshots/<version>/         manifest.json (written last), documents.sqlite, vectors.faiss, titles.npy,
                                   tokens/, headings/, lexical/, encoder/, report.json
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from procqa.embedding import Encoder, OnnxEncoder
from procqa.embedding.encoder import FloatArray
from procqa.embedding.router import SectionRouter
from procqa.errors import ProcqaError, SnapshotError
from procqa.index.dense import DenseIndex, Rows
from procqa.index.lexical import LexicalIndex
from procqa.index.store import Store
from procqa.index.tokens import TokenIndex
from procqa.types import IndexInfo

FORMAT_VERSION = 1
POINTER, FOLDER, MANIFEST, REPORT = "CURRENT", "snapshots", "manifest.json", "report.json"
STORE, DENSE, LEXICAL, ENCODER = "documents.sqlite", "vectors.faiss", "lexical", "encoder"
TITLES, TOKENS, HEADINGS = "titles.npy", "tokens", "headings"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot says of itself; written last, so that a folder without one was never finished."""

    version: str
    built_at: str
    embedding_model: str
    model_sha256: str  # the identity of the encoder: weights, and what its projection and router were fitted on
    passage_tokens: int
    corpus_sha256: str
    documents: int
    passages: int
    set_aside: int
    headings: tuple[str, ...]  # in the order of the tokens in headings/
    files: dict[str, dict[str, Any]] = field(default_factory=dict)  # path: {"bytes", "sha256"}
    format_version: int = FORMAT_VERSION

    def save(self, folder: Path) -> None:
        """Write manifest.json and push it to the disk."""
        with (folder / MANIFEST).open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Read manifest.json; raises SnapshotError with the command that mends it."""
        try:
            values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            found = values.get("format_version")
            if found != FORMAT_VERSION:
                raise SnapshotError(
                    f"The index {folder.name} has format {found} and this procqa reads format {FORMAT_VERSION}; "
                    "rebuild it with `procqa index build`."
                )
            values["headings"] = tuple(values["headings"])
            return cls(**values)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            raise SnapshotError(
                f"The index {folder.name} has no readable {MANIFEST}; rebuild it with `procqa index build`."
            ) from None


def current_folder(index: Path) -> Path | None:
    """The folder of the snapshot that readers open, or None when nothing was built yet."""
    try:
        version = (index / POINTER).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise SnapshotError(f"{index / POINTER} cannot be read; rebuild with `procqa index build`.") from None
    if not version or "/" in version or version.startswith("."):
        raise SnapshotError(f"{index / POINTER} names no snapshot; rebuild with `procqa index build`.")
    return index / FOLDER / version


def publish(index: Path, version: str) -> None:
    """Point readers to a finished snapshot, by one atomic rename."""
    staged = index / f".{POINTER}.{os.getpid()}"
    with staged.open("w", encoding="utf-8") as file:
        file.write(version + "\n")
        file.flush()
        os.fsync(file.fileno())
    staged.replace(index / POINTER)
    sync_folder(index)


def sync_folder(folder: Path) -> None:
    """Push a folder's entries to the disk, so that a rename outlives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def file_table(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and sha256 of every file below a folder, for the manifest."""
    table = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        table[path.relative_to(folder).as_posix()] = {"bytes": path.stat().st_size, "sha256": digest}
    return table


def damage(folder: Path, manifest: Manifest, *, checksums: bool) -> list[str]:
    """What is wrong with the files of a snapshot, a sentence each; sizes only unless `checksums`."""
    wrong = []
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.is_file():
            wrong.append(f"{name} is missing")
        elif path.stat().st_size != expected["bytes"]:
            wrong.append(f"{name} has {path.stat().st_size} bytes instead of {expected['bytes']}")
        elif checksums:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != expected["sha256"]:
                    wrong.append(f"{name} does not match its checksum")
    return wrong


class Snapshot:
    """An opened snapshot: what retrieval and answering read."""

    def __init__(self, folder: Path, encoder: Encoder | None = None, threads: int = 0) -> None:
        """Open it; `encoder` replaces the stored one (tests). Raises SnapshotError or ModelError."""
        self.manifest = Manifest.load(folder)
        self.folder = folder
        wrong = damage(folder, self.manifest, checksums=False)
        if wrong:
            raise SnapshotError(f"The index {folder.name} is damaged: {wrong[0]}; rebuild with `procqa index build`.")
        try:
            self.store = Store(folder / STORE)
            self.dense = DenseIndex(folder / DENSE)
            self.lexical = LexicalIndex(folder / LEXICAL)
            self.titles: FloatArray = np.load(folder / TITLES)
            self.document_of, self.section_of, self.heading_of = self._layout()
        except ProcqaError:
            raise
        except Exception as error:  # each library raises kinds of its own for a file it cannot read
            raise SnapshotError(
                f"The index {folder.name} cannot be opened ({type(error).__name__}); "
                "see `procqa index verify`, or rebuild with `procqa index build`."
            ) from error
        self.encoder = encoder or OnnxEncoder(folder / ENCODER, threads)
        self.router = SectionRouter.load(folder / ENCODER)
        self.tokens = TokenIndex(folder, TOKENS, self.encoder.token_dimensions)
        self.headings = TokenIndex(folder, HEADINGS, self.encoder.token_dimensions)
        if self.encoder.dimensions != self.dense.dimensions:
            raise SnapshotError(
                f"The index {folder.name} holds vectors of {self.dense.dimensions} dimensions and the encoder makes "
                f"{self.encoder.dimensions}; rebuild with `procqa index build`."
            )

    @classmethod
    def open(cls, index: Path, encoder: Encoder | None = None, threads: int = 0) -> Snapshot:
        """Open the current snapshot below `index`."""
        folder = current_folder(index)
        if folder is None:
            raise SnapshotError(
                f"There is no index in {index}; make one with `procqa index build CORPUS --index {index}`."
            )
        if not folder.is_dir():
            raise SnapshotError(f"The index {folder.name} is gone from {index}; rebuild it with `procqa index build`.")
        return cls(folder, encoder, threads)

    def _layout(self) -> tuple[Rows, list[str], Rows]:
        """For every passage the number of its document, its section, and the number of its heading."""
        documents, sections, headings = self.store.layout()
        number = {heading: place for place, heading in enumerate(self.manifest.headings)}
        return documents, sections, np.array([number[heading] for heading in headings], dtype=np.int64)

    @property
    def index(self) -> Path:
        """The index folder that the snapshot stands in."""
        return self.folder.parents[1]

    @property
    def info(self) -> IndexInfo:
        """What an answer says of the index it came from."""
        m = self.manifest
        return IndexInfo(m.version, m.built_at, m.documents, m.passages, m.embedding_model)

    def close(self) -> None:
        """Give back this thread's file handles."""
        self.store.close()
