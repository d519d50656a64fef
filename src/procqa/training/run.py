"""One training run, from the files that a user has to a model folder with its card: `train_model`."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from procqa.embedding.export import MAX_TOKENS, export_encoder
from procqa.embedding.onnx import TOKENIZER_FILE
from procqa.embedding.pieces import WordPieces
from procqa.embedding.sources import WEIGHTS_FOLDER, find_model
from procqa.errors import GoldError, ModelError
from procqa.evaluation.intervals import weighted_means
from procqa.evaluation.significance import Change, paired_changes
from procqa.progress import Progress, silent
from procqa.training.base import trainable_folder
from procqa.training.card import CARD, in_words, write_card
from procqa.training.dev import DevFigures
from procqa.training.encoder import train_encoder
from procqa.training.examples import TrainingQuestion, TrainingSet, apart, joined, load_training_set
from procqa.training.reader import train_reader
from procqa.training.reader_export import export_reader

# One question in so many only tells when to stop, where no dev questions are given.
DEV_EVERY = 3
FEWEST = 10  # questions to learn from, and to judge by


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What to teach from what; see the options of `procqa train`."""

    corpus: Path
    gold: tuple[Path, ...]
    out: Path
    base: str = ""
    dev_corpus: Path | None = None
    dev_gold: Path | None = None
    first: tuple[tuple[Path, Path], ...] = ()
    epochs: int = 3
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """Dev figures before and after, and the change of right lines between them."""

    model: Path
    before: DevFigures
    after: DevFigures
    change: Change

    @property
    def better(self) -> bool:
        """Whether there is a gain that is more than chance."""
        return self.change.significant and self.after.line > self.before.line

    def describe(self) -> str:
        """A few lines for the user."""
        verdict = (
            f"It got better: build an index with `procqa index build --model {self.model}`."
            if self.better
            else "It did not get better by more than chance: keep the model you have, or write more questions."
        )
        return (
            f"{len(self.after.right)} dev questions. Before: {self.before}. After: {self.after}.\n"
            f"Change of right lines: {in_words(self.change)}.\n{verdict}"
        )


def train_model(plan: TrainingPlan, progress: Progress = silent) -> Outcome:
    """Teach, save and export a model. Raises GoldError, ModelError and what reading a corpus raises."""
    if (plan.out / CARD).exists():
        raise ModelError(f"{plan.out} holds a finished model; give another folder by --out.")
    plan.out.mkdir(parents=True, exist_ok=True)
    base = trainable_folder(plan.base, plan.out / "checkpoints" / "base")
    pieces = WordPieces(base / TOKENIZER_FILE, MAX_TOKENS)
    general = joined([apart(load_training_set(corpus, [gold], pieces)) for corpus, gold in plan.first])
    training, dev = _training_and_dev(plan, pieces)
    result = train_encoder(base, training, dev, plan.out, epochs=plan.epochs, seed=plan.seed)
    weights = plan.out / WEIGHTS_FOLDER
    reader = train_reader(base, weights, general, training, dev, plan.out, epochs=plan.epochs, seed=plan.seed)
    with progress("Exporting", 2, "models") as advance:
        export_encoder(find_model(str(weights)), plan.out)
        advance(1)
        export_reader(reader.model, plan.out)
        advance(1)
    right = np.array([*result.before.right, *result.after.right], dtype=np.float64)[:, None]
    (change,) = paired_changes(lambda weights: weighted_means(right, weights), len(result.after.right))
    outcome = Outcome(plan.out, result.before, result.after, change)
    sources = [str(path) for path in (*[corpus for corpus, _ in plan.first], *plan.gold)]
    write_card(plan.out, sources, general, training, result, change, reader)
    shutil.rmtree(plan.out / "checkpoints", ignore_errors=True)
    return outcome


def _training_and_dev(plan: TrainingPlan, pieces: WordPieces) -> tuple[TrainingSet, TrainingSet]:
    """What is taught and what is judged by; without dev questions of their own the pages are split."""
    held = load_training_set(plan.corpus, plan.gold, pieces)
    if plan.dev_gold:
        dev = load_training_set(plan.dev_corpus or plan.corpus, [plan.dev_gold], pieces)
    else:
        asked = sorted({min(question.pages) for question in held.questions if question.pages})
        kept = set(asked[::DEV_EVERY])
        dev = TrainingSet(held.pages, tuple(q for q in held.questions if q.pages and min(q.pages) in kept))
        held = TrainingSet(held.pages, tuple(q for q in held.questions if q.pages and min(q.pages) not in kept))
    for questions, what in ((held.questions, "to learn from"), (dev.questions, "to judge by")):
        if _answerable(questions) < FEWEST:
            raise GoldError(
                f"There are {_answerable(questions)} questions with an answer {what}; at least {FEWEST} are needed."
            )
    return held, dev


def _answerable(questions: Sequence[TrainingQuestion]) -> int:
    return sum(bool(question.lines) for question in questions)
