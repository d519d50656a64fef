"""Pages and gold questions -> what a model is taught: token numbers, the line of each, and which lines answer."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from procqa.embedding.encoder import FloatArray
from procqa.embedding.pieces import WordPieces
from procqa.errors import GoldError
from procqa.evaluation.gold import GoldItem, load_gold
from procqa.index.tokens import OUTSIDE, line_owners
from procqa.passages import embedded_prefix, split_document
from procqa.readers import Page, read_corpus
from procqa.retrieval.interaction import word_weights
from procqa.retrieval.query import Query, read_query
from procqa.settings import Settings
from procqa.types import Document, Passage

# A token of an earlier question counts this much beside one of the question itself.
HISTORY_WEIGHT = 0.5
# As in an index built with default settings.
PASSAGE_TOKENS = Settings().passage_tokens


@dataclass(frozen=True, slots=True, eq=False)
class TrainingPassage:
    """A passage as tokens; `owners` as `index.tokens.line_owners` tells them."""

    passage: Passage
    ids: tuple[int, ...]
    owners: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingPage:
    """A page and its passages in order."""

    document: Document
    passages: tuple[TrainingPassage, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """A question's text as tokens, and how much each counts in late interaction (special ones nothing)."""

    ids: tuple[int, ...]
    weights: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class TrainingQuestion:
    """A gold question with its places in a training set.

    `lines` are (page, passage, line) that answer, `passages` (page, passage) in the sections that answer, `pages` the
    right ones: for a question without an answer the page that it is about, if any. `query` is how the engine takes it;
    of its words `focus` is the asking part, None where the whole `context` is.
    """

    item: GoldItem
    query: Query
    context: Words
    focus: Words | None
    pages: frozenset[int]
    passages: frozenset[tuple[int, int]]
    lines: frozenset[tuple[int, int, int]]

    @property
    def sections(self) -> frozenset[str]:
        """The names of the sections that answer."""
        return frozenset(place.section for place in self.item.relevant)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Pages, and the questions asked of them."""

    pages: tuple[TrainingPage, ...]
    questions: tuple[TrainingQuestion, ...]


def load_training_set(corpus: Path, gold: Sequence[Path], pieces: WordPieces) -> TrainingSet:
    """Read a corpus and gold files about it. Raises GoldError when a question names a page that is not there."""
    documents = [item.document for item in read_corpus(corpus) if isinstance(item, Page)]
    pages = tuple(_page(document, pieces) for document in documents)
    numbers = {document.doc_id: number for number, document in enumerate(documents)}
    items = [item for path in gold for item in load_gold(path).items]
    for item in items:
        for place in item.relevant:
            if place.doc_id not in numbers:
                raise GoldError(f"Question {item.id} names the page {place.doc_id!r}, which is not in {corpus}.")
    return TrainingSet(pages, tuple(_question(item, pages, numbers, pieces) for item in items))


def apart(held: TrainingSet) -> TrainingSet:
    """The same set with every passage a page of its own: for sets whose pages are only collections of passages."""
    places = [(page, n) for page, whole in enumerate(held.pages) for n in range(len(whole.passages))]
    number = {place: row for row, place in enumerate(places)}
    pages = tuple(TrainingPage(held.pages[p].document, (held.pages[p].passages[n],)) for p, n in places)
    questions = []
    for question in held.questions:
        lines = frozenset((number[page, n], 0, line) for page, n, line in question.lines)
        own = frozenset(page for page, _, _ in lines)
        if own:
            passages = frozenset((page, 0) for page in own)
            questions.append(replace(question, pages=own, passages=passages, lines=lines))
    return TrainingSet(pages, tuple(questions))


def joined(parts: Sequence[TrainingSet]) -> TrainingSet:
    """Several sets as one."""
    pages: list[TrainingPage] = []
    questions: list[TrainingQuestion] = []
    for part in parts:
        shift = len(pages)
        pages += part.pages
        questions += [
            replace(
                question,
                pages=frozenset(page + shift for page in question.pages),
                passages=frozenset((page + shift, n) for page, n in question.passages),
                lines=frozenset((page + shift, n, line) for page, n, line in question.lines),
            )
            for question in part.questions
        ]
    return TrainingSet(tuple(pages), tuple(questions))


def some_of(held: TrainingSet, most: int, seed: int) -> TrainingSet:
    """The same pages with at most so many of the questions."""
    chance = random.Random(seed)  # noqa: S311 - a choice of examples, not a secret
    return TrainingSet(held.pages, tuple(chance.sample(held.questions, min(most, len(held.questions)))))


def _page(document: Document, pieces: WordPieces) -> TrainingPage:
    passages = split_document(document, pieces, PASSAGE_TOKENS)
    prefixes = [embedded_prefix(p.title, p.heading or p.section, pieces) for p in passages]
    texts = [prefix + document.text[p.start : p.end] for prefix, p in zip(prefixes, passages, strict=True)]
    made = []
    for passage, prefix, split in zip(passages, prefixes, pieces.split(texts), strict=True):
        owners = line_owners(split.offsets, passage, len(prefix))
        owners[np.array(split.special)] = OUTSIDE
        made.append(TrainingPassage(passage, split.ids, tuple(owners.tolist())))
    return TrainingPage(document, tuple(made))


def _question(
    item: GoldItem, pages: Sequence[TrainingPage], numbers: dict[str, int], pieces: WordPieces
) -> TrainingQuestion:
    query = read_query(item.question, item.history)
    same = query.focus == query.context
    relevant = {(numbers[place.doc_id], place.section) for place in item.relevant}
    passages = {
        (page, place)
        for page, section in relevant
        for place, held in enumerate(pages[page].passages)
        if held.passage.section == section
    }
    quotes = [quote for answer in item.answers for quote in answer]
    about = {numbers[item.about]} if item.about in numbers else set()
    return TrainingQuestion(
        item,
        query,
        words_of(query.context, pieces, query.said_before),
        None if same else words_of(query.focus, pieces),
        frozenset({page for page, _ in relevant} or about),
        frozenset(passages),
        frozenset((page, place, line) for page, place in passages for line in _quoted(pages[page], place, quotes)),
    )


def _quoted(page: TrainingPage, place: int, quotes: Sequence[str]) -> set[int]:
    """The lines of a passage that hold words of any quote."""
    passage, text = page.passages[place].passage, page.document.text
    found = set()
    for quote in quotes:
        start = text.find(quote, passage.start)
        if 0 <= start < passage.end:
            end = start + len(quote)
            found |= {n for n, line in enumerate(passage.lines) if line.start < end and start < line.end}
    return found


def words_of(text: str, pieces: WordPieces, said_before: int = 0) -> Words:
    """The first tokens of a text, as many as the model reads at once; `said_before` as in `Query`."""
    (split,) = pieces.split([text])
    weights = word_weights(text, split.offsets.tolist(), said_before, HISTORY_WEIGHT)
    weights[np.array(split.special)] = 0.0
    length = pieces.max_tokens
    return Words(split.ids[:length], weights[:length] / max(float(weights[:length].sum()), 1e-9))
