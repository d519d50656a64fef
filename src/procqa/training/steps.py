"""Running training steps: transformers' Trainer with checkpoints, resuming, and early stopping on dev questions."""

from __future__ import annotations

import json
import logging
import shutil
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from torch.utils.data import Dataset
from transformers import (
    EarlyStoppingCallback,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    get_linear_schedule_with_warmup,
)
from transformers.trainer import TRAINER_STATE_NAME

from procqa.progress import Advance, Progress, silent

HEAD_RATE = 1e-3  # of parameters that begin from nothing
CHECKPOINT_SECONDS = 180.0  # what a stop costs at most, beside the checks
LOSS_STEPS = 5  # the loss that is told is the mean of so many steps
FINISHED, MEMORY = "finished.safetensors", "memory.safetensors"
_DEV_FIGURE = "eval_dev"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train: `checks` times on the way the dev figure is taken, a checkpoint kept and the best remembered."""

    name: str
    folder: Path
    rate: float
    seed: int
    checks: int
    patience: int = 3  # checks without a better dev figure before it stops


class Memory(Protocol):
    """What the steps of a run keep beside the parameters."""

    def save(self, file: Path) -> None:
        """Write it into a checkpoint."""

    def load(self, file: Path) -> None:
        """Read it from there."""


def run_steps(
    model: nn.Module,
    steps: Sequence[dict[str, Any]],
    plan: Plan,
    judge: Callable[[], float],
    fresh: Callable[[str], bool],
    progress: Progress = silent,
    memory: Memory | None = None,
) -> float:
    """Train on all steps, each the keyword arguments of a forward pass; the model ends as it was best on dev.

    `fresh` tells by name which parameters begin from nothing; `memory` is what the steps keep beside parameters. An
    interrupted run in the same folder goes on from its last checkpoint, and a finished one is not taught again. Returns
    the best dev figure.
    """
    finished = plan.folder / FINISHED
    if finished.is_file():
        _log.info("Taught in an earlier sitting: %s.", plan.name)
        model.load_state_dict(load_file(str(finished)))
        with safe_open(str(finished), "pt") as held:
            return float(held.metadata()[_DEV_FIGURE])
    checkpoint = _last_checkpoint(plan.folder)
    done = int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
    if checkpoint:
        _log.info("Going on from step %d of %d: %s.", done, len(steps), plan.name)
    with progress(f"Teaching {plan.name}" + f", on from {done}" * bool(done), len(steps) - done, "steps") as advance:
        trainer = _JudgedTrainer(
            model,
            _arguments(plan, len(steps)),
            train_dataset=_Steps(steps),
            eval_dataset=_Steps([]),  # it insists on one; judging needs none
            data_collator=_only,
            optimizers=_optimizer(model, plan, len(steps), fresh),
            callbacks=[EarlyStoppingCallback(plan.patience), _Watch(plan.name, advance)],
        )
        trainer.remove_callback(PrinterCallback)  # it would print dictionaries
        trainer.judge, trainer.memory = judge, memory
        if memory and checkpoint and (checkpoint / MEMORY).is_file():
            memory.load(checkpoint / MEMORY)
        with warnings.catch_warnings():
            # Of checkpoints that are less than a second apart it says that it orders them by number.
            warnings.filterwarnings("ignore", message="mtime may not be reliable")
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    best = float(trainer.state.best_metric)
    _keep(model, finished, best)
    return best


def _arguments(plan: Plan, steps: int) -> TrainingArguments:
    every = -(-steps // plan.checks)
    return TrainingArguments(
        output_dir=str(plan.folder),
        per_device_train_batch_size=1,
        num_train_epochs=1,
        max_grad_norm=1.0,
        seed=plan.seed,
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model=_DEV_FIGURE,
        greater_is_better=True,
        restore_callback_states_from_checkpoint=True,
        logging_steps=LOSS_STEPS,
        disable_tqdm=True,
        report_to="none",
        use_cpu=True,
        dataloader_pin_memory=False,
        remove_unused_columns=False,
    )


def _optimizer(
    model: nn.Module, plan: Plan, steps: int, fresh: Callable[[str], bool]
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    trained = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": [value for name, value in trained if not fresh(name)], "lr": plan.rate},
            {"params": [value for name, value in trained if fresh(name)], "lr": HEAD_RATE},
        ],
        weight_decay=0.01,
    )
    return optimizer, get_linear_schedule_with_warmup(optimizer, steps // 10, steps)


def _last_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint; one that a stop left half written is removed. Its state is what is written last."""
    newest_first = sorted(folder.glob("checkpoint-*"), key=lambda path: -int(path.name.rpartition("-")[2]))
    for checkpoint in newest_first:
        try:
            json.loads((checkpoint / TRAINER_STATE_NAME).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            shutil.rmtree(checkpoint)
        else:
            return checkpoint
    return None


def _keep(model: nn.Module, finished: Path, best: float) -> None:
    """Write what was taught, at once or not at all, in place of the checkpoints."""
    partial = finished.with_suffix(".partial")
    save_file(model.state_dict(), str(partial), {_DEV_FIGURE: repr(best)})
    partial.rename(finished)
    for checkpoint in finished.parent.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)


class _Watch(TrainerCallback):  # type: ignore[misc]
    """Tells how it goes, saves every few minutes, and has the last step judged as the checks before."""

    def __init__(self, name: str, advance: Advance) -> None:
        self._name, self._advance = name, advance
        self._loss, self._dev = "", ""
        self._saved = time.monotonic()

    def on_log(self, _: Any, state: Any, control: Any, logs: dict[str, float], **__: Any) -> None:
        if "loss" in logs:
            self._loss = f"loss {logs['loss']:.3f}"

    def on_step_end(self, _: Any, state: Any, control: Any, **__: Any) -> None:
        self._advance(1, self._figures())
        if time.monotonic() - self._saved >= CHECKPOINT_SECONDS:
            control.should_save = True
        if state.global_step >= state.max_steps:
            control.should_evaluate = True

    def on_evaluate(self, _: Any, state: Any, control: Any, metrics: dict[str, float], **__: Any) -> None:
        figure = metrics[_DEV_FIGURE]
        best = max(figure, state.best_metric or figure)
        self._dev = f"dev {figure:.3f}, best {best:.3f}"
        _log.info("%s, step %d of %d: %s.", self._name, state.global_step, state.max_steps, self._figures())

    def on_save(self, *_: Any, **__: Any) -> None:
        self._saved = time.monotonic()

    def _figures(self) -> str:
        """What is known yet."""
        return ", ".join(filter(None, (self._loss, self._dev)))


class _JudgedTrainer(Trainer):  # type: ignore[misc]
    """The dev figure is what the engine would get right, not a loss over batches: so evaluating is a call."""

    judge: Callable[[], float]
    memory: Memory | None

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Write a checkpoint's weights, and the memory before its state, which makes the checkpoint whole."""
        super()._save(output_dir, state_dict)
        if self.memory and output_dir:
            self.memory.save(Path(output_dir) / MEMORY)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        metrics = {_DEV_FIGURE: self.judge()}
        self.log(metrics)
        self.control: Any = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


class _Steps(Dataset[dict[str, Any]]):
    def __init__(self, steps: Sequence[dict[str, Any]]) -> None:
        self._steps = steps

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, place: int) -> dict[str, Any]:
        return self._steps[place]


def _only(items: list[dict[str, Any]]) -> dict[str, Any]:
    (item,) = items
    return item
