"""The small encoder learning to be like its teacher: the vectors of the same tokens, and texts alike that are alike."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from procqa.progress import Progress, silent
from procqa.training.dev import judge
from procqa.training.examples import TrainingSet
from procqa.training.late_model import Encoded, LateModel
from procqa.training.steps import Plan, run_steps
from procqa.training.teacher import Teacher

RATE = 5e-4
# What is learned from at once. Passages and the words of questions are apart, since one is padded to the longest.
STEP_PASSAGES, STEP_WORDS = 8, 64
# Of texts being as much alike as to the teacher, beside tokens having its vectors.
ALIKE_WEIGHT = 5.0
# Texts by which the projections are brought together, and the ridge that keeps it from hanging on few of them.
ALIGNED, RIDGE = 1500, 1e-2


class Pupil(nn.Module):
    """A model beside its teacher, as `run_steps` trains it."""

    def __init__(self, model: LateModel, teacher: Teacher) -> None:
        """Begin the model's projection with the one that brings its tokens nearest to the teacher's."""
        super().__init__()
        self.model = model
        self._teacher = teacher
        self._align()

    def forward(self, parts: Sequence[Sequence[int]]) -> dict[str, Tensor]:
        """How unlike the teacher the model is: of each part the mean of 1 - cosine over tokens, and of all texts the
        mean squared difference of their cosines."""
        own = [self.model.encode([self._teacher.texts[text] for text in part]) for part in parts]
        its = [self._teacher.makes_of(part) for part in parts]
        tokens = [1 - (torch.cat(a.tokens) * torch.cat(b.tokens)).sum(1).mean() for a, b in zip(own, its, strict=True)]
        return {"loss": torch.stack(tokens).sum() + ALIKE_WEIGHT * (_cosines(own) - _cosines(its)).square().mean()}

    @torch.no_grad()
    def _align(self) -> None:
        every = -(-len(self._teacher.texts) // ALIGNED)
        texts = range(0, len(self._teacher.texts), every)
        hidden = torch.cat(self.model.hidden([self._teacher.texts[text] for text in texts]))
        wanted = torch.cat(self._teacher.makes_of(texts).tokens)
        products = hidden.T @ hidden
        products += RIDGE * products.diagonal().mean() * torch.eye(len(products))
        self.model.projection.weight.copy_(torch.linalg.solve(products, hidden.T @ wanted).T)


def learn_from(
    teacher: Teacher,
    model: LateModel,
    dev: TrainingSet,
    folder: Path,
    *,
    epochs: int,
    seed: int,
    progress: Progress = silent,
) -> None:
    """Make a model like its teacher; so many times it sees every passage.

    An interrupted run in the same folder with the same arguments goes on where it was.
    """
    pupil = Pupil(model, teacher)
    steps = [{"parts": parts} for turn in range(epochs) for parts in _steps(teacher, seed * 1000 + turn)]
    plan = Plan("the encoder", folder, RATE, seed, checks=epochs)
    run_steps(pupil, steps, plan, lambda: judge(model, dev).line, lambda _: False, progress)


def _steps(teacher: Teacher, seed: int) -> Iterator[tuple[list[int], list[int]]]:
    """Every passage once, in some order, and beside them as many words of questions as there are in a step."""
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret
    passages = chance.sample(teacher.passages, len(teacher.passages))
    for first in range(0, len(passages), STEP_PASSAGES):
        words = chance.sample(teacher.words, min(STEP_WORDS, len(teacher.words)))
        yield passages[first : first + STEP_PASSAGES], words


def _cosines(parts: Sequence[Encoded]) -> Tensor:
    vectors = torch.cat([part.vectors for part in parts])
    return vectors @ vectors.T
