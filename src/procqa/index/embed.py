"""The second pass of a build: every vector of a staged store, kept from the snapshot before where nothing changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from procqa.embedding import Encoder
from procqa.embedding.encoder import FloatArray
from procqa.embedding.heads import written_questions
from procqa.index import snapshot as files
from procqa.index.aliases import OWN_ALIASES, own_aliases
from procqa.index.dense import DenseIndex, DenseWriter, Rows
from procqa.index.lexical import write_lexical
from procqa.index.spelling import write_words
from procqa.index.store import Store
from procqa.index.tokens import Bytes, Owners, TokenIndex, TokenWriter, owned_tokens
from procqa.passages import embedded_prefix
from procqa.progress import Progress
from procqa.threads import in_order

# Passages, or titles, that a thread encodes before it takes others.
BLOCK = 32
# On so many questions is an approximate search measured.
_QUESTIONS = 200

T = TypeVar("T")
Vectors = tuple[FloatArray, Bytes, Owners]  # of one passage: its vector, its tokens, and their lines


@dataclass(frozen=True, slots=True)
class Embedded:
    """What the second pass made: how many passages had to be encoded, and what the manifest says of the rest."""

    passages: int
    sections: tuple[str, ...]
    search: dict[str, Any]


def embed_store(
    encoder: Encoder, staging: Path, previous: Path | None, progress: Progress, threads: int = 1
) -> Embedded:
    """Write all that is searched beside the staged store.

    `previous` is the folder of a snapshot made by the same encoder, whose vectors are kept for what has not changed. So
    many threads encode, each a block of texts, while the blocks before are written.
    """
    store = Store(staging / files.STORE)
    kept = _Kept(previous, encoder) if previous else None
    try:
        origins = store.origins(previous / files.STORE if previous else None)
        dense = _write_passages(store, origins, kept, encoder, staging, progress, threads)
        _write_titles(store, kept, encoder, staging, progress, threads)
        layout, sections = store.layout()
        np.save(staging / files.LAYOUT, layout)
        with progress("Indexing words", len(origins), "passages") as advance:
            write_lexical(_counted(store.worded_texts(), advance), staging / files.LEXICAL)
        is_word = write_words(store.each_text(), staging)
        learned = own_aliases(store.each_names(), is_word)
        (staging / OWN_ALIASES).write_text(json.dumps(learned, ensure_ascii=False, indent=1), encoding="utf-8")
        with progress("Indexing vectors", len(origins), "passages") as advance:
            search = dense.finish(lambda: _sample_questions(encoder), advance)
        return Embedded(int((origins < 0).sum()), sections, search)
    finally:
        store.close()


def _write_passages(
    store: Store, origins: Rows, kept: _Kept | None, encoder: Encoder, staging: Path, progress: Progress, threads: int
) -> DenseWriter:
    """The vectors and tokens of all passages, block by block."""

    def encoded(first: int) -> list[Vectors]:
        block = origins[first : first + BLOCK]
        return _block(store, range(first, first + len(block)), block, kept, encoder)

    with (
        progress("Embedding", int((origins < 0).sum()), "passages") as advance,
        DenseWriter(staging, encoder.dimensions) as dense,
        TokenWriter(staging, files.TOKENS) as tokens,
    ):
        firsts = range(0, len(origins), BLOCK)
        for first, vectors in zip(firsts, in_order(encoded, firsts, threads), strict=True):
            dense.add(np.stack([vector for vector, _, _ in vectors]))
            for _, owned, lines in vectors:
                tokens.add(owned, lines)
            advance(int((origins[first : first + BLOCK] < 0).sum()))
    return dense


def _block(store: Store, rows: range, origins: Rows, kept: _Kept | None, encoder: Encoder) -> list[Vectors]:
    """The vectors of a run of rows: encoded where the origin is negative, else those of that row before."""
    missing = [row for row, origin in zip(rows, origins, strict=True) if origin < 0]
    encoded = _encode(store, missing, encoder)
    stored = kept.passages(origins[origins >= 0]) if kept else iter(())
    return [next(encoded if origin < 0 else stored) for origin in origins]


def _encode(store: Store, rows: Sequence[int], encoder: Encoder) -> Iterator[Vectors]:
    if not rows:
        return
    passages = store.passages(rows)
    prefixes = [embedded_prefix(p.title, p.heading or p.section, encoder) for p in passages]
    texts = [prefix + store.text(passage) for prefix, passage in zip(prefixes, passages, strict=True)]
    for passage, prefix, item in zip(passages, prefixes, encoder.encode_documents(texts), strict=True):
        yield item.vector, *owned_tokens(item, passage, len(prefix))


def _write_titles(
    store: Store, kept: _Kept | None, encoder: Encoder, staging: Path, progress: Progress, threads: int
) -> None:
    """One vector a page. A title of any length is read whole, in windows, as a question is."""

    def encoded(titles: Sequence[str]) -> list[FloatArray]:
        known = ((title, kept.title(title) if kept else None) for title in titles)
        return [encoder.encode_question(title).vector if before is None else before for title, before in known]

    documents, _ = store.counts()
    header = {"descr": "<f4", "fortran_order": False, "shape": (documents, encoder.dimensions)}
    # Written, not mapped for writing: that ends the process when the disk is full.
    with progress("Embedding titles", documents, "pages") as advance, (staging / files.TITLES).open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for vectors in in_order(encoded, _blocks(store.each_title()), threads):
            file.write(np.stack(vectors).astype("<f4").tobytes())
            advance(len(vectors))


def _blocks(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while block := list(islice(rest, BLOCK)):
        yield block


def _counted(items: Iterable[T], advance: Callable[[int], None]) -> Iterator[T]:
    for item in items:
        yield item
        advance(1)


def _sample_questions(encoder: Encoder) -> FloatArray:
    """Vectors of questions as people write them, evenly spread over those that were written for training."""
    questions = written_questions()
    chosen = questions[:: max(1, len(questions) // _QUESTIONS)][:_QUESTIONS]
    return np.stack([encoder.encode_question(item["question"]).vector for item in chosen])


class _Kept:
    """Vectors of the snapshot before."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        store = Store(folder / files.STORE)
        self._title_rows = {title: row for row, title in enumerate(store.each_title())}
        store.close()
        self._titles: FloatArray = np.load(folder / files.TITLES, mmap_mode="r")
        self._dense = DenseIndex(folder)
        self._tokens = TokenIndex(folder, files.TOKENS, encoder.token_dimensions)

    def passages(self, rows: Rows) -> Iterator[Vectors]:
        """Of some rows, in the order given."""
        for row, vector in zip(rows.tolist(), self._dense.vectors(rows), strict=True):
            yield vector, *self._tokens.of(row)

    def title(self, title: str) -> FloatArray | None:
        """Of a title, if a page had it."""
        row = self._title_rows.get(title)
        return None if row is None else self._titles[row]
