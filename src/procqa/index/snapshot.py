"""An opened snapshot: one immutable built index, in a folder of its own.

manifest.json (written last), documents.sqlite, layout.npy, vectors.faiss (and vectors.f32 in a large one), titles.npy,
tokens/, lexical/, words.txt, english.npy, encoder/, own-aliases.json, aliases.txt (if there are any), report.json.
Which folder is current is a matter of versions.py.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from procqa.embedding import Encoder, OnnxEncoder
from procqa.embedding.encoder import FloatArray
from procqa.embedding.heads import QuestionHeads
from procqa.embedding.reader import READER_FILE, Reader
from procqa.errors import ProcqaError, SnapshotError
from procqa.index.aliases import Aliases
from procqa.index.dense import DenseIndex, Rows
from procqa.index.lexical import LexicalIndex
from procqa.index.locks import share
from procqa.index.manifest import MANIFEST, Manifest, damage
from procqa.index.spelling import Spelling
from procqa.index.store import Store
from procqa.index.tokens import TokenIndex
from procqa.index.versions import current_folder
from procqa.types import IndexInfo

STORE, LEXICAL, ENCODER, REPORT = "documents.sqlite", "lexical", "encoder", "report.json"
LAYOUT, TITLES, TOKENS = "layout.npy", "titles.npy", "tokens"


class Labels:
    """The name of every row, from numbers that are mapped from disk: row i is called names[numbers[i]]."""

    def __init__(self, numbers: Rows, names: Sequence[str]) -> None:
        self.numbers = numbers
        self.names = names

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, row: int) -> str:
        return self.names[int(self.numbers[row])]

    def where(self, condition: Callable[[str], bool]) -> NDArray[np.bool_]:
        """Which rows have a name that fulfils the condition, which is asked once a name, (n,)."""
        return np.array([condition(name) for name in self.names], dtype=bool)[self.numbers]

    def __iter__(self) -> Iterator[str]:
        return (self.names[number] for number in self.numbers.tolist())


class Snapshot:
    """What retrieval and answering read. While it is open, nobody removes its files."""

    def __init__(self, folder: Path, encoder: Encoder | None = None, threads: int = 0, *, read: bool = True) -> None:
        """Open it; `encoder` replaces the stored one (tests), and without `read` no reader is loaded.

        Raises SnapshotError or ModelError.
        """
        self.folder = folder
        if not folder.is_dir():
            raise SnapshotError(f"The index {folder.name} is gone; rebuild it with `procqa index build`.")
        lease = share(folder / MANIFEST)
        self.manifest = Manifest.load(folder)
        if lease is None:
            raise SnapshotError(f"The index {folder.name} is being removed; open the current one.")
        self._give_back = weakref.finalize(self, os.close, lease)
        wrong = damage(folder, self.manifest, checksums=False)
        if wrong:
            raise SnapshotError(f"The index {folder.name} is damaged: {wrong[0]}; rebuild with `procqa index build`.")
        try:
            self.store = Store(folder / STORE)
            self.dense = DenseIndex(folder)
            self.lexical = LexicalIndex(folder / LEXICAL)
            # Plain arrays over the mapped files, of which parts are taken faster.
            self.titles: FloatArray = np.asarray(np.load(folder / TITLES, mmap_mode="r"))
            # For every passage the number of its document and of its section.
            self.document_of, sections = np.asarray(np.load(folder / LAYOUT, mmap_mode="r"))
            self.section_of = Labels(sections, self.manifest.sections)
            self.aliases = Aliases.load(folder)
            self.heads = QuestionHeads.load(folder / ENCODER)
            self.encoder = encoder or OnnxEncoder(folder / ENCODER, threads)
            has_reader = (folder / ENCODER / READER_FILE).is_file()
            # An exported encoder has the reader's tokenizer already; one of another kind (tests) has none.
            pieces = getattr(self.encoder, "pieces", None)
            self.reader = Reader(folder / ENCODER, threads, pieces) if read and has_reader else None
            self.unread = has_reader and not read
            self.tokens = TokenIndex(folder, TOKENS, self.encoder.token_dimensions)
            other_names = (name for entry in self.aliases.entries for name in (entry.name, *entry.others))
            self.spelling = Spelling.load(folder, other_names)
        except ProcqaError:
            raise
        except Exception as error:  # each library raises kinds of its own for a file it cannot read
            raise SnapshotError(
                f"The index {folder.name} cannot be opened ({type(error).__name__}); "
                "see `procqa index verify`, or rebuild with `procqa index build`."
            ) from error
        if self.encoder.dimensions != self.dense.dimensions:
            raise SnapshotError(
                f"The index {folder.name} holds vectors of {self.dense.dimensions} dimensions and the encoder makes "
                f"{self.encoder.dimensions}; rebuild with `procqa index build`."
            )

    @classmethod
    def open(cls, index: Path, encoder: Encoder | None = None, threads: int = 0, *, read: bool = True) -> Snapshot:
        """Open the current snapshot below `index`."""
        for last in (False, False, True):
            folder = current_folder(index)
            if folder is None:
                raise SnapshotError(
                    f"There is no index in {index}; make one with `procqa index build CORPUS --index {index}`."
                )
            try:
                return cls(folder, encoder, threads, read=read)
            except SnapshotError:
                # A newer one may have been published, and this one removed, since its name was read.
                if last or current_folder(index) == folder:
                    raise
        raise AssertionError("the last try returns or raises")

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
        """Give back file handles; from now on its files may be removed."""
        self.store.close()
        self._give_back()
