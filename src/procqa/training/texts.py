"""The texts that an encoder learns from its teacher: passages, and words as short as questions are.

What a teacher makes of a text is its label, so that texts need no others. Questions are where a small encoder is least
like a large one, and there are far fewer words in them than in pages; so questions that nobody answered and the lines
of pages, which are as short, are learned from too. Few texts are soon learned by heart, so those that only the
reader is taught are among them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from procqa.embedding.pieces import WordPieces
from procqa.errors import GoldError
from procqa.evaluation.importers.files import read_text_lines
from procqa.training.examples import TrainingPage, TrainingPassage, TrainingSet, Words, joined, some_of, words_of

# Questions of the general sets that are learned from with their passages, so that no other English is forgotten.
GENERAL_TEXTS = 2000
# Further ones without, and lines of pages.
GENERAL_QUESTIONS, LINES = 24_000, 20_000

Text = TrainingPassage | Words


def texts_to_learn(
    taught: TrainingSet, general: TrainingSet, asked: Sequence[str], pieces: WordPieces, seed: int
) -> list[Text]:
    """The passages and words of the questions `taught` and of some general ones, further questions, and lines.

    Whatever the pieces, the same texts in the same order.
    """
    words = [question.context for question in some_of(general, GENERAL_QUESTIONS, seed + 1).questions]
    short = [words_of(text, pieces) for text in (*asked, *_lines(taught, seed))]
    return [*texts_of(joined([taught, some_of(general, GENERAL_TEXTS, seed)])), *words, *short]


def texts_of(held: TrainingSet) -> list[Text]:
    """Every text of a set that a question asks of or with: the passages, each once, then the questions' words."""
    passages = [passage for page in _asked_of(held) for passage in page.passages]
    words = [words for question in held.questions for words in (question.context, question.focus) if words is not None]
    return [*passages, *words]


def read_questions(file: Path) -> list[str]:
    """A file of questions, one a line; empty lines are left out. Raises GoldError for none and for what is no text."""
    questions = [line.strip() for line in read_text_lines(file) if line.strip()]
    if not questions:
        raise GoldError(f"{file} holds no question; --asked takes a question a line.")
    return questions


def _asked_of(held: TrainingSet) -> list[TrainingPage]:
    return [held.pages[page] for page in sorted({page for question in held.questions for page in question.pages})]


def _lines(held: TrainingSet, seed: int) -> list[str]:
    """Some of the lines of the pages that are asked about."""
    found = [
        page.document.text[line.start : line.end]
        for page in _asked_of(held)
        for passage in page.passages
        for line in passage.passage.lines
    ]
    different = list(dict.fromkeys(found))
    chance = random.Random(seed)  # noqa: S311 - a choice of examples, not a secret
    return chance.sample(different, min(LINES, len(different)))
