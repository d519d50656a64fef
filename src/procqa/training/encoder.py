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
from procqa.embedding.projection import fit_projection, sample_sentences
from procqa.embedding.sources import WEIGHTS_FOLDER
from procqa.progress import Progress, silent
from procqa.training.dev import DevFigures, judge
from procqa.training.examples import TrainingSet
from procqa.training.groups import epoch
from procqa.training.late_model import LateModel
from procqa.training.steps import Plan, run_steps

RATE = 7e-5
# The share of the trained weights that is kept: a little of what the model was before keeps what training forgets
# (weights in a line between the two, Wortsman et al. 2022, "WiSE-FT"). By dev questions put to the whole engine.
KEPT = 0.85
CHECKS_PER_EPOCH = 1

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EncoderResult:
    """Dev figures before and after."""

    before: DevFigures
    after: DevFigures


def train_encoder(
    base: Path,
    training: TrainingSet,
    dev: TrainingSet,
    out: Path,
    *,
    epochs: int,
    seed: int,
    progress: Progress = silent,
) -> EncoderResult:
    """Teach the encoder in the sentence-transformers folder `base` and save it as another folder.

    An interrupted run with the same arguments goes on where it was.
    """
    torch.manual_seed(seed)
    model = LateModel(base, _first_projection(base))
    start = {name: value.clone() for name, value in model.state_dict().items()}
    before = judge(model, dev)
    _log.info("Before training, on dev: %s.", before)
    seeds = range(seed * 1000, seed * 1000 + epochs)
    steps = [{"training": training, "step": step} for turn in seeds for step in epoch(training, turn)]
    plan = Plan("the encoder", out / "checkpoints" / "encoder", RATE, seed, checks=epochs * CHECKS_PER_EPOCH)
    run_steps(model, steps, plan, lambda: judge(model, dev).line, _is_fresh, progress)
    model.load_state_dict(_mixed(model.state_dict(), start))
    after = judge(model, dev)
    _log.info("With %.0f%% of the trained weights, on dev: %s.", KEPT * 100, after)
    _save(model, base, out / WEIGHTS_FOLDER)
    return EncoderResult(before, after)


def _mixed(trained: Mapping[str, Tensor], start: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value if _is_fresh(name) else torch.lerp(start[name], value, KEPT) for name, value in trained.items()}


def _is_fresh(name: str) -> bool:
    return not name.startswith(("transformer.", "projection."))


@torch.no_grad()
def _first_projection(base: Path) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """The one that the folder has, or the one that an untrained model gets."""
    kept = base / PROJECTION_FILE
    if kept.exists():
        return np.asarray(np.load(kept), dtype=np.float32)
    model = SentenceTransformer(str(base), device="cpu")
    tokens = model.encode(
        sample_sentences(), output_value="token_embeddings", convert_to_numpy=False, show_progress_bar=False
    )
    # Without the special tokens at both ends, as the index keeps none.
    unit = torch.cat([torch.nn.functional.normalize(item[1:-1].float(), dim=-1) for item in tokens])
    return fit_projection(unit.numpy())


def _save(model: LateModel, base: Path, folder: Path) -> None:
    """Write a sentence-transformers folder with the projection beside the weights."""
    saved = SentenceTransformer(str(base), device="cpu")
    saved[0].auto_model.load_state_dict(model.transformer.state_dict(), strict=False)
    saved.save(str(folder))
    np.save(folder / PROJECTION_FILE, model.projection.weight.detach().numpy().T.astype(np.float32).copy())
