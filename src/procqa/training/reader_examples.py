"""What the reader is taught: questions beside passages that answer them, and beside passages that only seem to.

Hard cases are worth most: passages that the encoder ranks high and that do not answer, and the answering passage
without the lines that answer, which is about the right thing and does not say it.

Each is shown as `answering.reading` shows it: a follow-up as asked of the page that the passage is on. So a follow-up
is not read beside passages of other pages: asked of them, it may well be answered there.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from procqa.answering.reading import question_tokens
from procqa.embedding.pairs import Pair, pair
from procqa.embedding.pieces import WordPieces
from procqa.evaluation.gold import NO_PAGE
from procqa.index.lexical import FUNCTION_WORDS
from procqa.retrieval import Query
from procqa.training.examples import TrainingQuestion, TrainingSet

Place = tuple[int, int]  # page, passage

NEGATIVES, GENERAL_NEGATIVES = 4, 2  # passages that do not answer, beside each question
CUT_SHARE = 0.5  # of the questions, that also get the right passage without its answer
MOST_RIGHT = 2
# Of the questions, that are read as keywords: without the words that carry no content.
TERSE_SHARE = 0.25
# Tokens of a step, padding counted.
STEP_TOKENS = 4096
_SORTED_AT_ONCE = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One pair with what is true of it; None is not known. `lines` are those that answer."""

    pair: Pair
    same_page: bool | None
    right_section: bool | None
    answered: bool
    lines: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class ReadQuestion:
    """A question with the passages that it is read beside."""

    readings: tuple[Reading, ...]


def read_questions(
    held: TrainingSet,
    rivals: Sequence[Sequence[Place]],
    pieces: WordPieces,
    seed: int,
    *,
    general: bool = False,
) -> list[ReadQuestion]:
    """Every question beside right passages and some of its `rivals`, best first: passages that it may be taken for.

    One that has neither is left out. In a `general` set only whether a passage answers is known, since its pages are
    not told in sections.
    """
    chance = random.Random(seed)  # noqa: S311 - a choice of examples, not a secret
    made = []
    wanted = GENERAL_NEGATIVES if general else NEGATIVES
    for question, near in zip(held.questions, rivals, strict=True):
        right = sorted({(page, n) for page, n, _ in question.lines})
        wrong = [place for place in near if place not in right and _readable(question, place)]
        # The nearest is always there; of the others some.
        others = wrong[:1] + chance.sample(wrong[1:], min(len(wrong) - 1, wanted - 1)) if wrong else []
        query = _terse(question.query) if chance.random() < TERSE_SHARE else question.query
        readings = [
            _reading(held, question, question_tokens(pieces, query, _title(held, place)), place, general)
            for place in right[:MOST_RIGHT] + others
        ]
        if right and chance.random() < CUT_SHARE:
            readings += _without_answer(readings[0])
        if readings:
            made.append(ReadQuestion(tuple(readings)))
    return made


def near_by_words(held: TrainingSet, count: int) -> list[list[Place]]:
    """For every question the `count` passages that share most of its words (tf-idf), best first."""
    places = [(page, n) for page, whole in enumerate(held.pages) for n in range(len(whole.passages))]
    texts = [_text(held, place) for place in places]
    words = TfidfVectorizer(sublinear_tf=True, stop_words="english")
    passages = words.fit_transform(texts).T.tocsr()
    near = []
    for first in range(0, len(held.questions), 1000):
        asked = words.transform([q.item.question for q in held.questions[first : first + 1000]])
        for row in (asked @ passages).tocsr():
            best = np.argsort(-row.data, kind="stable")[:count]
            near.append([places[place] for place in row.indices[best].tolist()])
    return near


def steps(questions: Sequence[ReadQuestion], seed: int) -> Iterator[list[ReadQuestion]]:
    """All questions once, in steps of about equally long ones; the same seed gives the same steps."""
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret
    order = list(questions)
    chance.shuffle(order)
    made: list[list[ReadQuestion]] = []
    for first in range(0, len(order), _SORTED_AT_ONCE):
        step: list[ReadQuestion] = []
        for question in sorted(order[first : first + _SORTED_AT_ONCE], key=_longest):
            if (
                step
                and (sum(len(q.readings) for q in step) + len(question.readings)) * _longest(question) > STEP_TOKENS
            ):
                made.append(step)
                step = []
            step.append(question)
        made.append(step)
    chance.shuffle(made)
    yield from made


def _reading(
    held: TrainingSet, question: TrainingQuestion, asked: Sequence[int], place: Place, general: bool
) -> Reading:
    passage = held.pages[place[0]].passages[place[1]]
    lines = frozenset(line for page, n, line in question.lines if (page, n) == place)
    answerable = question.item.unanswerable is None
    pages_known = not general and (bool(question.pages) or question.item.unanswerable in NO_PAGE)
    return Reading(
        pair(asked, passage.ids, passage.owners),
        place[0] in question.pages if pages_known else None,
        passage.passage.section in question.sections if answerable and not general else None,
        bool(lines),
        lines,
    )


def _without_answer(whole: Reading) -> list[Reading]:
    """The same passage without the lines that answer, if any other line is left."""
    kept = [n for n, owner in enumerate(whole.pair.owners) if owner not in whole.lines]
    if not any(whole.pair.owners[n] >= 0 for n in kept):
        return []
    cut = Pair(*(tuple(values[n] for n in kept) for values in (whole.pair.ids, whole.pair.types, whole.pair.owners)))
    return [Reading(cut, whole.same_page, whole.right_section, answered=False, lines=frozenset())]


def _readable(question: TrainingQuestion, place: Place) -> bool:
    """Whether it is known what a passage that does not answer says to the question, as it would be shown beside it."""
    return not question.query.said_before or not question.pages or place[0] in question.pages


def _terse(query: Query) -> Query:
    """The same question in keywords."""
    return replace(query, focus=_content(query.focus), context=_content(query.context))


def _content(text: str) -> str:
    """The words that carry content, or the whole text where none does."""
    words = [word for word in re.findall(r"\w+", text) if word.lower() not in FUNCTION_WORDS]
    return " ".join(words) or text


def _title(held: TrainingSet, place: Place) -> str:
    return held.pages[place[0]].passages[place[1]].passage.title


def _text(held: TrainingSet, place: Place) -> str:
    document, passage = held.pages[place[0]].document, held.pages[place[0]].passages[place[1]].passage
    return document.text[passage.start : passage.end]


def _longest(question: ReadQuestion) -> int:
    return max(len(reading.pair.ids) for reading in question.readings)
