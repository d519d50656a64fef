"""Words of passages in tantivy: BM25 over title, heading and body, each with its weight, mapped from disk."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import tantivy

from procqa.embedding.encoder import FloatArray
from procqa.index.dense import Rows

# Weights of the fields: a word of the title tells the page, a word of the heading the section.
FIELDS = {"title": 2.0, "heading": 1.5, "body": 1.0}
_ANALYZER = "procqa_english"
_WRITER_BYTES = 64_000_000
# Words that tell neither the page nor the section.
FUNCTION_WORDS = frozenset(
    "a about after again ah all also am an and any are aren as at be because been before being but by can cannot "
    "could d did didn do does doesn doing don done for from get gets getting go going gonna got had has have having he "
    "her here hers him his how i if in into is isn it its just ll m me more most much my no nor not now of off ok okay "
    "on once one only or other our out over please re s she should shouldn so some such t tell than that the their "
    "them then there these they this those to too u up us ve very was we were what when where which while who whom "
    "why will with won would yes you your".split()
)


def _analyzer() -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in (tantivy.Filter.lowercase(), tantivy.Filter.ascii_fold(), tantivy.Filter.stemmer("english")):
        builder = builder.filter(step)
    return builder.build()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for field in FIELDS:
        builder.add_text_field(field, tokenizer_name=_ANALYZER)
    builder.add_unsigned_field("row", indexed=True, fast=True)
    return builder.build()


def write_lexical(passages: Iterable[tuple[str, str, str]], folder: Path) -> None:
    """Store (title, heading, body) of passage 0, 1, 2, …"""
    folder.mkdir(parents=True)
    schema = _schema()
    index = tantivy.Index(schema, path=str(folder))
    index.register_tokenizer(_ANALYZER, _analyzer())
    # One thread and one commit: the same passages always give the same segments.
    writer = index.writer(heap_size=_WRITER_BYTES, num_threads=1)
    for row, (title, heading, body) in enumerate(passages):
        document = tantivy.Document(title=title, heading=heading, body=body)
        document.add_unsigned("row", row)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    # tantivy keeps some of its files to their maker; who may read the folder may read what is in it.
    for path in folder.iterdir():
        path.chmod(folder.stat().st_mode & 0o666)


def _writable(folder: Path) -> bool:
    """Whether a file can be made there; a disk that is mounted read only has none, whatever the rights say."""
    return os.access(folder, os.W_OK)


class LexicalIndex:
    """BM25 search over a stored folder; read only."""

    def __init__(self, folder: Path) -> None:
        self._index = tantivy.Index.open(str(folder if _writable(folder) else self._linked(folder)))
        self._index.config_reader(reload_policy="Manual")  # nothing is ever committed to it again
        self._analyzer = _analyzer()
        self._index.register_tokenizer(_ANALYZER, self._analyzer)
        self._function_terms = {term for word in FUNCTION_WORDS for term in self.terms(word)}
        self._schema = self._index.schema
        self._searcher = self._index.searcher()

    def _linked(self, folder: Path) -> Path:
        """Links to the files, in a place of their own while this lives: tantivy opens nothing without a lock file."""
        links = Path(tempfile.mkdtemp(prefix="procqa-"))
        weakref.finalize(self, shutil.rmtree, links, ignore_errors=True)
        for path in folder.iterdir():
            if path.suffix != ".lock":
                (links / path.name).symlink_to(path.resolve())
        return links

    def terms(self, text: str) -> list[str]:
        """The words of a text as they are indexed: lower case, folded, stemmed."""
        return list(self._analyzer.analyze(text))

    def content_terms(self, text: str) -> set[str]:
        """The distinct words of a text, as indexed, that carry its subject."""
        return set(self.terms(text)) - self._function_terms

    def frequency(self, term: str) -> int:
        """How many passages hold a term in their body."""
        return int(self._searcher.doc_freq("body", term))

    def search(self, text: str, k: int, rows: Rows | None = None) -> tuple[Rows, FloatArray]:
        """The k best rows for the words of a text, best first, with BM25 scores; only among `rows` when given."""
        terms = list(dict.fromkeys(self.terms(text)))
        clauses = [(tantivy.Occur.Should, self._weighted(field, term)) for term in terms for field in FIELDS]
        if not clauses:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        query = tantivy.Query.boolean_query(clauses)
        if rows is not None:
            allowed = tantivy.Query.term_set_query(self._schema, "row", [int(row) for row in rows])
            none_of_the_score = tantivy.Query.const_score_query(allowed, 0.0)
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, none_of_the_score)])
        found = self._searcher.search(query, limit=k).hits
        scores = np.array([score for score, _ in found], dtype=np.float32)
        numbers = self._rows([address for _, address in found])
        order = np.lexsort((numbers, -scores))  # ties by row, so that results never depend on segment order
        return numbers[order], scores[order]

    def _weighted(self, field: str, term: str) -> tantivy.Query:
        return tantivy.Query.boost_query(tantivy.Query.term_query(self._schema, field, term), FIELDS[field])

    def _rows(self, addresses: Sequence[tantivy.DocAddress]) -> Rows:
        if not addresses:
            return np.zeros(0, dtype=np.int64)
        return np.array(self._searcher.fast_field_values("row", list(addresses)), dtype=np.int64)
