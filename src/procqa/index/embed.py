"""The second pass of a build: every vector of a staged store, kept from the snapshot before where nothing changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from procqa.embedding import Encoder
from procqa.embedding.encoder import FloatArray
from procqa.index import snapshot as files
from procqa.index.dense import DenseIndex, write_dense
from procqa.index.lexical import write_lexical
from procqa.index.store import Store
from procqa.index.tokens import Bytes, Owners, TokenIndex, TokenWriter, owned_tokens, whole_tokens
from procqa.passages import embedded_prefix
from procqa.progress import Progress

# Passages encoded between two progress reports.
BLOCK = 256

Vectors = tuple[FloatArray, Bytes, Owners]  # of one passage: its vector, its tokens, and their lines


def embed_store(
    encoder: Encoder, staging: Path, headings: Sequence[str], previous: Path | None, progress: Progress
) -> int:
    """Write all that is searched beside the staged store; returns how many passages had to be encoded.

    `previous` is the folder of a snapshot made by the same encoder, whose vectors are kept for unchanged passages.
    """
    store = Store(staging / files.STORE)
    kept = _Kept(previous, encoder) if previous else None
    try:
        keys = store.embedded_keys()
        fresh = sum(kept is None or key not in kept for key in keys)
        vectors: FloatArray = np.zeros((len(keys), encoder.dimensions), dtype=np.float32)
        with TokenWriter(staging, files.TOKENS) as tokens, progress("Embedding", fresh, "passages") as advance:
            for first in range(0, len(keys), BLOCK):
                rows = range(first, min(first + BLOCK, len(keys)))
                missing = [row for row in rows if kept is None or keys[row] not in kept]
                encoded = dict(zip(missing, _encode(store, missing, encoder), strict=True))
                for row in rows:
                    found = encoded[row] if kept is None or row in encoded else kept[keys[row]]
                    vectors[row] = found[0]
                    tokens.add(*found[1:])
                advance(len(missing))
        write_dense(vectors, staging / files.DENSE)
        write_lexical(store.embedded_texts(), staging / files.LEXICAL)
        # A title or heading of any length is read whole, in windows, as a question is.
        titles = [encoder.encode_question(title).vector for _, title, _ in store.titles()]
        np.save(staging / files.TITLES, np.stack(titles))
        with TokenWriter(staging, files.HEADINGS) as writer:
            for heading in headings:
                writer.add(*whole_tokens(encoder.encode_question(heading)))
        return fresh
    finally:
        store.close()
        if kept:
            kept.close()


def _encode(store: Store, rows: Sequence[int], encoder: Encoder) -> Iterator[Vectors]:
    passages = store.passages(rows)
    prefixes = [embedded_prefix(p.title, p.heading or p.section, encoder) for p in passages]
    texts = [prefix + store.text(passage) for prefix, passage in zip(prefixes, passages, strict=True)]
    for passage, prefix, item in zip(passages, prefixes, encoder.encode_documents(texts), strict=True):
        yield item.vector, *owned_tokens(item, passage, len(prefix))


class _Kept:
    """Vectors of the snapshot before, by the hash of the embedded text."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self._store = Store(folder / files.STORE)
        self._dense = DenseIndex(folder / files.DENSE)
        self._tokens = TokenIndex(folder, files.TOKENS, encoder.token_dimensions)
        self._row_of = {key: row for row, key in enumerate(self._store.embedded_keys())}

    def __contains__(self, key: str) -> bool:
        return key in self._row_of

    def __getitem__(self, key: str) -> Vectors:
        row = self._row_of[key]
        return self._dense.vectors(np.array([row]))[0], *self._tokens.of(row)

    def close(self) -> None:
        self._store.close()
