"""The card of a trained model: what it learned from, what it was worth, how to make it again, what it is not for."""

from __future__ import annotations

import shlex
from pathlib import Path

from procqa.training.examples import TrainingSet
from procqa.training.outcome import Outcome
from procqa.training.plan import TrainingPlan
from procqa.training.reader import LAYERS
from procqa.training.texts import GENERAL_QUESTIONS, GENERAL_TEXTS, LINES

CARD = "README.md"
_UNSTATED = "Not stated by who trained it (`procqa train --licence`)."


def write_card(
    plan: TrainingPlan,
    general: TrainingSet,
    training: TrainingSet,
    for_reader: TrainingSet,
    outcome: Outcome,
    seconds: float,
) -> None:
    """Write README.md into the model's folder, last of all."""
    both = [("both, then", training)]
    apart = [("the encoder", training), ("the reader, then", for_reader)]
    sets = [("the reader, first", general), *(both if for_reader is training else apart)]
    taught = "\n".join(
        f"| {part} | {len(held.pages):,} | {len(held.questions):,} |" for part, held in sets if held.questions
    )
    read = "\n".join(f"- `{source}`" for source in plan.sources())
    rows = "\n".join(outcome.rows("| {} | {} | {} | {} |"))
    plan.out.joinpath(CARD).write_text(
        f"""# {plan.out.resolve().name}

An encoder for late interaction and vectors, and a reader of question and passage, taught with `procqa train`. Build an
index with `procqa index build --model` and this folder.

## Data

| what | pages | questions |
| --- | --- | --- |
{taught}

Read from:

{read}

## Licence

{plan.licence or _UNSTATED} The licences of the model that it began from and of the sets above apply too; check them
before passing the weights on.

## Figures

Of {outcome.questions} dev questions, before and after: the share whose best line is on the right page, in the right
section, is right. Of the reader ({LAYERS} layers or fewer), beside the passages that the encoder finds: how often the
passage that answers is judged best, how often its best mark is on a line that answers, and the area under the ROC
curve of telling passages that answer from others. Intervals are paired, by bootstrap over questions.

| | before | after | change |
| --- | --- | --- | --- |
{rows}

{outcome.verdict}
{_how(plan, outcome.result.kept)}
The dev questions chose when to stop, so held-out questions give lower figures.

## How it was made

Seed {plan.seed}, {_duration(seconds)}, by

    {shlex.join(plan.command())}

## Limits

English pages. It finds and ranks words on pages; it knows nothing of medicine beyond how people ask. Not for
deciding about care.
""",
        encoding="utf-8",
    )


def _how(plan: TrainingPlan, kept: float | None) -> str:
    if kept is None:
        return "The encoder was left as it was; the reader alone was taught."
    return f"{_taught(plan)} {kept:.0%} of what it learned was kept, the rest is what it was before; dev chose."


def _taught(plan: TrainingPlan) -> str:
    if not plan.teacher:
        return "The encoder was taught the questions itself."
    others = [f"up to {LINES:,} lines of these pages"]
    if plan.reader_gold:
        others.append("the further texts that the reader was taught")
    if plan.first:
        others.append(
            f"up to {GENERAL_TEXTS:,} general questions with their passages and {GENERAL_QUESTIONS:,} without"
        )
    if plan.asked:
        others.append("questions without answers")
    return (
        f"The questions were taught to a larger model, {Path(plan.teacher).name}, and the encoder learned to be like "
        f"that, on their texts and also on {', '.join(others)}."
    )


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return (
        f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min" if minutes else "under a minute"
    )
