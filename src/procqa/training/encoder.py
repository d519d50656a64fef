"""Training the late-interaction encoder, from questions and pages to a saved model folder."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor

from procqa.embedding.onnx import PROJECTION_FILE
from procqa.embedding.sources import WEIGHTS_FOLDER
from procqa.progress import Progress, silent
from procqa.training.dev import DevFigures, judge
from procqa.training.examples import TrainingSet
from procqa.training.groups import epochs_of
from procqa.training.late_model import LateModel, first_projection, is_fresh
from procqa.training.pupil import learn_from
from procqa.training.steps import Plan, run_steps
from procqa.training.teacher import Teacher

RATE = 7e-5
# Shares of what was learned that are tried on dev: a little of what the model was before keeps what training forgets
# (weights in a line between the two, Wortsman et al. 2022, "WiSE-FT").
SHARES = (1.0, 0.85, 0.7, 0.5)
CHECKS_PER_EPOCH = 1

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EncoderResult:
    """Dev figures before and after, and the share of what was learned that is kept: None where nothing was to be."""

    before: DevFigures
    after: DevFigures
    kept: float | None


def train_encoder(
    base: Path,
    training: TrainingSet,
    dev: TrainingSet,
    out: Path,
    *,
    epochs: int,
    seed: int,
    teacher: Teacher | None = None,
    progress: Progress = silent,
) -> EncoderResult:
    """Teach the encoder in the sentence-transformers folder `base` and save it as another folder.

    With a teacher it learns to be like that, and else from the questions themselves; with no epochs it is saved as it
    is. An interrupted run with the same arguments goes on where it was.
    """
    torch.manual_seed(seed)
    model = LateModel(base, first_projection(base))
    before = judge(model, dev)
    _log.info("Before training, on dev: %s.", before)
    if not epochs:
        _save(model, base, out / WEIGHTS_FOLDER)
        return EncoderResult(before, before, None)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    folder = out / "checkpoints" / "encoder"
    if teacher is None:
        _learn_questions(model, training, dev, folder, epochs, seed, progress)
    else:
        learn_from(teacher, model, dev, folder, epochs=epochs, seed=seed, progress=progress)
    kept, after = _drawn_back(model, start, dev)
    _log.info("After it, with %.0f%% of what was learned, on dev: %s.", 100 * kept, after)
    _save(model, base, out / WEIGHTS_FOLDER)
    return EncoderResult(before, after, kept)


def _learn_questions(
    model: LateModel, training: TrainingSet, dev: TrainingSet, folder: Path, epochs: int, seed: int, progress: Progress
) -> None:
    steps = [{"training": training, "step": step} for step in epochs_of(training, epochs, seed)]
    plan = Plan("the encoder", folder, RATE, seed, checks=epochs * CHECKS_PER_EPOCH)
    run_steps(model, steps, plan, lambda: judge(model, dev).line, is_fresh, progress, model.rivals)


def _drawn_back(model: LateModel, start: Mapping[str, Tensor], dev: TrainingSet) -> tuple[float, DevFigures]:
    """Leave the model with the share of what it learned that is best on dev; the share, and its figures there."""
    trained = {name: value.clone() for name, value in model.state_dict().items()}
    figures = {}
    for share in SHARES:
        model.load_state_dict(_between(start, trained, share))
        figures[share] = judge(model, dev)
    best = max(SHARES, key=lambda share: figures[share].line)
    model.load_state_dict(_between(start, trained, best))
    return best, figures[best]


def _between(start: Mapping[str, Tensor], trained: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    return {name: value if is_fresh(name) else torch.lerp(start[name], value, share) for name, value in trained.items()}


def _save(model: LateModel, base: Path, folder: Path) -> None:
    """Write a sentence-transformers folder with the projection beside the weights."""
    saved = SentenceTransformer(str(base), device="cpu")
    saved[0].auto_model.load_state_dict(model.transformer.state_dict(), strict=False)
    saved.save(str(folder))
    np.save(folder / PROJECTION_FILE, model.projection.weight.detach().numpy().T.astype(np.float32).copy())
