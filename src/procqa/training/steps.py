"""Running training steps: transformers' Trainer with checkpoints, resuming, and early stopping on dev questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset
from transformers import EarlyStoppingCallback, Trainer, TrainingArguments, get_linear_schedule_with_warmup
from transformers.trainer_utils import get_last_checkpoint

HEAD_RATE = 1e-3  # of parameters that begin from nothing
_DEV_FIGURE = "eval_dev"


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train: `checks` times on the way the dev figure is taken, a checkpoint kept and the best remembered."""

    folder: Path
    rate: float
    seed: int
    checks: int
    patience: int = 3  # checks without a better dev figure before it stops


def run_steps(
    model: nn.Module,
    steps: Sequence[dict[str, Any]],
    plan: Plan,
    judge: Callable[[], float],
    fresh: Callable[[str], bool],
) -> float:
    """Train on all steps, each the keyword arguments of a forward pass; the model ends as it was best on dev.

    `fresh` tells by name which parameters begin from nothing. An interrupted run in the same folder goes on from its
    last checkpoint. Returns the best dev figure.
    """
    every = max(1, len(steps) // plan.checks)
    arguments = TrainingArguments(
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
        logging_steps=max(1, every // 2),
        report_to="none",
        use_cpu=True,
        dataloader_pin_memory=False,
        remove_unused_columns=False,
    )
    trained = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": [value for name, value in trained if not fresh(name)], "lr": plan.rate},
            {"params": [value for name, value in trained if fresh(name)], "lr": HEAD_RATE},
        ],
        weight_decay=0.01,
    )
    schedule = get_linear_schedule_with_warmup(optimizer, len(steps) // 10, len(steps))
    trainer = _JudgedTrainer(
        model,
        arguments,
        train_dataset=_Steps(steps),
        eval_dataset=_Steps([]),  # it insists on one; judging needs none
        data_collator=_only,
        optimizers=(optimizer, schedule),
        callbacks=[EarlyStoppingCallback(plan.patience)],
    )
    trainer.judge = judge
    plan.folder.mkdir(parents=True, exist_ok=True)
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(plan.folder)))
    return float(trainer.state.best_metric or 0.0)


class _JudgedTrainer(Trainer):  # type: ignore[misc]
    """The dev figure is what the engine would get right, not a loss over batches: so evaluating is a call."""

    judge: Callable[[], float]

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
