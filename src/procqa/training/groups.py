"""Which pages are taught side by side: near twins, so that telling them apart is what is learned.

A step holds a few groups of pages and every question that is asked of them. The pages of a group are each other's
hardest negatives, the sections of one page the next hardest, and the other groups keep the coarse differences alive.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from procqa.training.examples import TrainingPage, TrainingQuestion, TrainingSet

GROUP_PAGES, STEP_GROUPS = 3, 3
# Where every page is one passage, it takes more of them to fill a step.
SHORT_GROUP_PAGES, SHORT_STEP_GROUPS = 8, 4
# A group of long pages is cut at so many passages, and a step of many questions at so many of these.
GROUP_PASSAGES, STEP_QUESTIONS = 60, 200


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """The pages of one training step, by number, and the questions about them."""

    pages: tuple[int, ...]
    questions: tuple[TrainingQuestion, ...]


def epochs_of(training: TrainingSet, count: int, seed: int) -> Iterator[Step]:
    """So many epochs one after the other, each in another order."""
    for turn in range(count):
        yield from epoch(training, seed * 1000 + turn)


def epoch(training: TrainingSet, seed: int) -> Iterator[Step]:
    """Every page that is asked about, once, in steps of near twins; the same seed gives the same steps."""
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret
    asked: dict[int, list[TrainingQuestion]] = defaultdict(list)
    for question in training.questions:
        if question.pages:
            asked[min(question.pages)].append(question)
    wanted = sorted({page for question in training.questions for page in question.pages})
    short = all(len(training.pages[page].passages) == 1 for page in wanted)
    group_pages, step_groups = (SHORT_GROUP_PAGES, SHORT_STEP_GROUPS) if short else (GROUP_PAGES, STEP_GROUPS)
    groups = near_twins([training.pages[page] for page in wanted], group_pages, chance)
    for first in range(0, len(groups), step_groups):
        pages = [wanted[place] for group in groups[first : first + step_groups] for place in group]
        questions = [question for page in pages for question in asked[page]]
        # A question across pages is taught where its first page is, with the others brought along.
        pages = sorted({*pages, *(page for question in questions for page in question.pages)})
        chance.shuffle(questions)
        if questions:
            yield Step(tuple(pages), tuple(questions[:STEP_QUESTIONS]))


def near_twins(pages: Sequence[TrainingPage], most: int, chance: random.Random) -> list[list[int]]:
    """Groups of up to `most` pages alike in title and words, in random order; every page is in one group."""
    texts = [f"{page.document.title} " * 5 + page.document.text for page in pages]
    words = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit_transform(texts)
    alike = (words @ words.T).tocsr()
    left = set(range(len(pages)))
    order = sorted(left)
    chance.shuffle(order)
    groups = []
    for seed in order:
        if seed not in left:
            continue
        row = alike[seed]
        group, held = [seed], len(pages[seed].passages)
        for place in row.indices[np.argsort(-row.data, kind="stable")].tolist():
            size = len(pages[place].passages)
            if len(group) < most and place != seed and place in left and held + size <= GROUP_PASSAGES:
                group.append(place)
                held += size
        left -= set(group)
        groups.append(group)
    return groups
