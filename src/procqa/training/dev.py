"""How good a late-interaction model is on dev questions while it is trained: the share whose best line is right."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from procqa.training.examples import TrainingQuestion, TrainingSet
from procqa.training.late_model import LateModel, Lines, compare

# The parts of a line's score that need no index, and how many times as much the page counts where the focus alone does
# not name the procedure.
PAGE_WEIGHT, DENSE_WEIGHT, CONTEXT_FACTOR = 0.5, 0.3, 2.0
CHUNK = 60
# Passages compared line by line when rivals are looked for.
NEAR = 60


@dataclass(frozen=True, slots=True)
class DevFigures:
    """Of each answerable dev question: whether its best line is on a right page, in a right section, and right."""

    right: tuple[tuple[bool, bool, bool], ...]

    @property
    def page(self) -> float:
        """The share of questions whose best line is on a right page."""
        return self._share(0)

    @property
    def section(self) -> float:
        """The share whose best line is in a right section."""
        return self._share(1)

    @property
    def line(self) -> float:
        """The share whose best line is right."""
        return self._share(2)

    def __str__(self) -> str:
        return f"page {self.page:.3f}, section {self.section:.3f}, line {self.line:.3f}"

    def _share(self, column: int) -> float:
        return sum(row[column] for row in self.right) / len(self.right)


@torch.no_grad()
def judge(model: LateModel, dev: TrainingSet) -> DevFigures:
    """Rank every line of the dev corpus for every answerable dev question."""
    model.eval()
    places = [(page, n) for page, held in enumerate(dev.pages) for n in range(len(held.passages))]
    passages = [dev.pages[page].passages[n] for page, n in places]
    encoded = model.encode([passage.ids for passage in passages])
    row_of = {place: row for row, place in enumerate(places)}
    asked = [question for question in dev.questions if question.item.unanswerable is None]
    right = []
    for first in range(0, len(asked), CHUNK):
        part = asked[first : first + CHUNK]
        contexts, foci = [q.context for q in part], [q.focus or q.context for q in part]
        asking = model.encode([words.ids for words in contexts + foci])
        line, page, lines = compare(places, passages, encoded.tokens, contexts + foci, asking.tokens)
        page_of, passage_of = _columns(lines, row_of)
        dense = (asking.vectors[len(part) :] @ encoded.vectors.T)[:, passage_of]
        for row, question in enumerate(part):
            factor = CONTEXT_FACTOR if question.focus else 1.0
            total = line[len(part) + row] + PAGE_WEIGHT * factor * page[row][page_of] + DENSE_WEIGHT * dense[row]
            right.append(_right(question, lines.places[int(total.argmax())]))
    model.train()
    return DevFigures(tuple(right))


@torch.no_grad()
def nearest_passages(model: LateModel, held: TrainingSet, count: int) -> list[list[tuple[int, int]]]:
    """For every question the `count` passages (page, passage) with the best lines, best first.

    Among the NEAR nearest by their one vector: all lines of a set would be too many to compare.
    """
    model.eval()
    places = [(page, n) for page, whole in enumerate(held.pages) for n in range(len(whole.passages))]
    passages = [held.pages[page].passages[n] for page, n in places]
    encoded = model.encode([passage.ids for passage in passages])
    nearest = []
    for first in range(0, len(held.questions), CHUNK):
        words = [question.context for question in held.questions[first : first + CHUNK]]
        asking = model.encode([item.ids for item in words])
        near = (asking.vectors @ encoded.vectors.T).topk(min(NEAR, len(places))).indices.sort().values.tolist()
        for item, own, rows in zip(words, asking.tokens, near, strict=True):
            near_places, near_passages = [places[row] for row in rows], [passages[row] for row in rows]
            score, _, lines = compare(near_places, near_passages, [encoded.tokens[row] for row in rows], [item], [own])
            best = [lines.places[place][:2] for place in score[0].argsort(descending=True).tolist()]
            nearest.append(list(dict.fromkeys(best))[:count])
    model.train()
    return nearest


def _columns(lines: Lines, row_of: dict[tuple[int, int], int]) -> tuple[torch.Tensor, torch.Tensor]:
    """For each line, the column of its page and the row of its passage."""
    column = {page: n for n, page in enumerate(lines.pages)}
    pages = [column[page] for page, _, _ in lines.places]
    return torch.tensor(pages), torch.tensor([row_of[page, n] for page, n, _ in lines.places])


def _right(question: TrainingQuestion, best: tuple[int, int, int]) -> tuple[bool, bool, bool]:
    return best[0] in question.pages, best[:2] in question.passages, best in question.lines
