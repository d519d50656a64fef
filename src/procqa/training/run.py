"""One training run, from the files that a user has to a model folder with its card: `train_model`."""

from __future__ import annotations

import shutil
import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from procqa.embedding.export import MAX_TOKENS, export_encoder
from procqa.embedding.onnx import TOKENIZER_FILE
from procqa.embedding.pieces import WordPieces
from procqa.embedding.sources import WEIGHTS_FOLDER, find_model
from procqa.errors import GoldError, ModelError
from procqa.progress import Progress, silent
from procqa.training.base import trainable_folder, with_layers
from procqa.training.card import CARD, write_card
from procqa.training.encoder import train_encoder
from procqa.training.examples import TrainingQuestion, TrainingSet, apart, joined, load_training_set
from procqa.training.outcome import Outcome, outcome_of
from procqa.training.plan import TrainingPlan
from procqa.training.reader import train_reader
from procqa.training.reader_export import export_reader
from procqa.training.sittings import begin, digest
from procqa.training.teacher import Teacher, taught_teacher
from procqa.training.texts import Text, read_questions, texts_to_learn

# One question in so many only tells when to stop, where no dev questions are given.
DEV_EVERY = 3
FEWEST = 10  # questions to learn from, and to judge by


def train_model(plan: TrainingPlan, progress: Progress = silent) -> Outcome:
    """Teach, save and export a model. Raises GoldError, ModelError and what reading a corpus raises.

    An interrupted run of the same plan goes on where it was.
    """
    began = time.time()
    if (plan.out / CARD).exists():
        raise ModelError(f"{plan.out} holds a finished model; give another folder by --out.")
    asked = [text for file in plan.asked for text in read_questions(file)]
    unfinished = plan.out / "checkpoints"
    base = trainable_folder(plan.base, unfinished / "base")
    if plan.layers is not None:
        base = with_layers(base, plan.layers, unfinished / "cut")
    pieces = WordPieces(base / TOKENIZER_FILE, MAX_TOKENS)
    general = _general(plan, pieces)
    training, dev = _training_and_dev(plan, pieces)
    for_reader = _for_reader(plan, training, dev, pieces)
    earlier = begin(unfinished, _deciding(plan, general, training, for_reader, dev, asked), began)
    teacher = None
    if plan.teacher:
        own = texts_to_learn(for_reader, general, asked, pieces, plan.seed)
        teacher = _teacher(plan, own, asked, unfinished / "teacher", progress)
    result = train_encoder(
        base, training, dev, plan.out, epochs=plan.epochs, seed=plan.seed, teacher=teacher, progress=progress
    )
    del teacher
    weights = plan.out / WEIGHTS_FOLDER
    read = train_reader(
        base,
        weights,
        general,
        for_reader,
        dev,
        plan.out,
        epochs=plan.passes_of_reader,
        seed=plan.seed,
        progress=progress,
    )
    with progress("Exporting", 2, "models") as advance:
        export_encoder(find_model(str(weights)), plan.out)
        advance(1)
        export_reader(read.model, plan.out)
        advance(1)
    outcome = outcome_of(result, read)
    write_card(plan, general, training, for_reader, outcome, earlier + time.time() - began)
    shutil.rmtree(unfinished, ignore_errors=True)
    return outcome


def _deciding(
    plan: TrainingPlan,
    general: TrainingSet,
    training: TrainingSet,
    for_reader: TrainingSet,
    dev: TrainingSet,
    asked: Sequence[str],
) -> Mapping[str, str | int]:
    """What the result depends on, by the words of a message."""
    return {
        "base": plan.base,
        "teacher": plan.teacher,
        "number of layers": -1 if plan.layers is None else plan.layers,
        "number of epochs": plan.epochs,
        "number of epochs of the reader": plan.passes_of_reader,
        "seed": plan.seed,
        "set of questions": digest(training),
        "set of questions of the reader": digest(for_reader),
        "set of dev questions": digest(dev),
        "set of general questions": digest(general),
        "set of further questions": zlib.crc32("\n".join(asked).encode()),
    }


def _teacher(
    plan: TrainingPlan, own: Sequence[Text], asked: Sequence[str], folder: Path, progress: Progress
) -> Teacher:
    """The teacher, with what it makes of the texts that the encoder reads as `own`."""
    base = trainable_folder(plan.teacher, folder / "base")
    pieces = WordPieces(base / TOKENIZER_FILE, MAX_TOKENS)
    its, dev = _training_and_dev(plan, pieces)
    held = _for_reader(plan, its, dev, pieces)
    texts = texts_to_learn(held, _general(plan, pieces), asked, pieces, plan.seed)
    return taught_teacher(base, its, dev, texts, own, folder, seed=plan.seed, progress=progress)


def _general(plan: TrainingPlan, pieces: WordPieces) -> TrainingSet:
    return joined([apart(load_training_set(corpus, [gold], pieces)) for corpus, gold in plan.first])


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


def _for_reader(plan: TrainingPlan, training: TrainingSet, dev: TrainingSet, pieces: WordPieces) -> TrainingSet:
    """What the reader is taught: what the encoder is, and what it alone is but for questions about pages that judge."""
    if not plan.reader_gold:
        return training
    further = load_training_set(plan.corpus, plan.reader_gold, pieces).questions
    judging = frozenset() if plan.dev_gold else frozenset(page for question in dev.questions for page in question.pages)
    taught = (question for question in further if not question.pages & judging)
    return TrainingSet(training.pages, (*training.questions, *taught))


def _answerable(questions: Sequence[TrainingQuestion]) -> int:
    return sum(bool(question.lines) for question in questions)
