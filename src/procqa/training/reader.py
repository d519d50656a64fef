"""Training the reader, from questions and pages to weights beside those of the encoder."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from sklearn.metrics import roc_auc_score

from procqa.embedding.export import MAX_TOKENS
from procqa.embedding.onnx import PROJECTION_FILE, TOKENIZER_FILE
from procqa.embedding.pieces import WordPieces
from procqa.progress import Progress, silent
from procqa.training.base import READER_WEIGHTS, start_reader
from procqa.training.dev import nearest_passages
from procqa.training.examples import TrainingSet, some_of
from procqa.training.late_model import LateModel
from procqa.training.reader_examples import ReadQuestion, near_by_words, read_questions, steps
from procqa.training.reader_model import ReaderModel
from procqa.training.steps import Plan, run_steps

LAYERS = 4
# Of a reader that is new, and of one that goes on.
RATE, RATE_ON = 1.5e-4, 1e-4
# A pass over so many questions of the general sets takes a quarter of an hour on two cores.
GENERAL_EPOCHS, GENERAL_QUESTIONS = 1, 10_000
CHECKS = 4
# Passages that share words with a general question, and those that the encoder takes for an answer.
GENERAL_RIVALS, RIVALS = 8, 12

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReaderFigures:
    """On dev questions beside the passages that the encoder finds.

    `right` has for each question whether the passage that it judges best answers, and the share of the answering
    passages whose best mark is on a line that answers; NaN for a question that no passage answers. `answered` is the
    area under the ROC curve of telling passages that answer from others.
    """

    right: tuple[tuple[float, float], ...]
    answered: float

    @property
    def choice(self) -> float:
        """The share of questions whose passage judged best answers."""
        return float(np.nanmean([choice for choice, _ in self.right]))

    @property
    def line(self) -> float:
        """The mean share of answering passages whose best mark is on a line that answers."""
        return float(np.nanmean([line for _, line in self.right]))

    @property
    def mean(self) -> float:
        """What training stops by."""
        return (self.choice + self.line + self.answered) / 3

    def __str__(self) -> str:
        return f"passage {self.choice:.3f}, line {self.line:.3f}, AUROC {self.answered:.3f}"


@dataclass(frozen=True, slots=True)
class ReaderResult:
    """The trained reader, and dev figures before (None where there was no reader) and after."""

    model: ReaderModel
    before: ReaderFigures | None
    after: ReaderFigures


def train_reader(
    base: Path,
    weights: Path,
    general: TrainingSet,
    training: TrainingSet,
    dev: TrainingSet,
    out: Path,
    *,
    epochs: int,
    seed: int,
    progress: Progress = silent,
) -> ReaderResult:
    """Teach a reader over the encoder in the folder `weights`, and save it there.

    It begins from the reader in `base`, or from the encoder's lower layers. First it is taught the `general` set, whose
    negatives share words with the question, in one pass, then `training` in `epochs`, whose negatives the encoder takes
    for answers. An interrupted run with the same arguments goes on where it was.
    """
    torch.manual_seed(seed)
    encoder = LateModel(weights, np.load(weights / PROJECTION_FILE))
    pieces = WordPieces(weights / TOKENIZER_FILE, MAX_TOKENS)
    judged = read_questions(dev, nearest_passages(encoder, dev, RIVALS), pieces, seed)
    stages = []
    if general.questions:
        general = some_of(general, GENERAL_QUESTIONS, seed)
        near = near_by_words(general, GENERAL_RIVALS)
        stages.append(("general sets", read_questions(general, near, pieces, seed, general=True), GENERAL_EPOCHS))
    own = read_questions(training, nearest_passages(encoder, training, RIVALS), pieces, seed)
    stages.append(("the questions", own, epochs))
    del encoder
    model = ReaderModel(weights, LAYERS)
    before = after = judge(model, judged) if start_reader(model, base) else None
    for number, (name, questions, turns) in enumerate(stages):
        taught = [{"questions": step} for turn in range(turns) for step in steps(questions, seed * 1000 + turn)]
        folder = out / "checkpoints" / f"reader-{number}"
        plan = Plan(f"the reader on {name}", folder, RATE if before is None else RATE_ON, seed, checks=CHECKS)
        run_steps(model, taught, plan, lambda: judge(model, judged).mean, _is_fresh, progress)
        after = judge(model, judged)
        _log.info("The reader taught on %s, on dev: %s.", name, after)
    assert after is not None, "the questions themselves are a stage"
    save_file(model.state_dict(), str(weights / READER_WEIGHTS))
    return ReaderResult(model, before, after)


@torch.no_grad()
def judge(model: ReaderModel, questions: Sequence[ReadQuestion]) -> ReaderFigures:
    """How well the reader tells what answers, on questions that it was not taught."""
    model.eval()
    right, truths, odds = [], [], []
    for step in steps(questions, 0):
        judged = model.judge([reading.pair for question in step for reading in question.readings])
        first = 0
        for question in step:
            answered = judged.heads[first : first + len(question.readings), 2]
            truths += [reading.answered for reading in question.readings]
            odds += answered.tolist()
            marked = [
                int(judged.lines[row].argmax()) in reading.lines
                for row, reading in enumerate(question.readings, first)
                if reading.answered
            ]
            chosen = question.readings[int(answered.argmax())].answered
            right.append((float(chosen), float(np.mean(marked))) if marked else (np.nan, np.nan))
            first += len(question.readings)
    model.train()
    return ReaderFigures(tuple(right), float(roc_auc_score(truths, odds)))


def _is_fresh(name: str) -> bool:
    return not name.startswith("transformer.")
