"""The card of a trained model: what it learned from, what it was worth, and what it is not for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from procqa.evaluation.significance import Change
from procqa.training.encoder import EncoderResult
from procqa.training.examples import TrainingSet
from procqa.training.reader import LAYERS, ReaderResult

CARD = "README.md"


def in_words(change: Change) -> str:
    """A change with its interval."""
    low, high = change.low or 0.0, change.high or 0.0
    return f"{change.difference or 0.0:+.3f} (95% interval {low:+.3f} to {high:+.3f})"


def write_card(
    folder: Path,
    sources: Sequence[str],
    general: TrainingSet,
    training: TrainingSet,
    result: EncoderResult,
    change: Change,
    reader: ReaderResult,
) -> None:
    """Write README.md into the model's folder, last of all."""
    taught = "\n".join(
        f"| {part} | {len(held.pages):,} | {len(held.questions):,} |"
        for part, held in (("the reader, first", general), ("both, then", training))
        if held.questions
    )
    read = "\n".join(f"- `{source}`" for source in sources)
    folder.joinpath(CARD).write_text(
        f"""# A procqa model

An encoder for late interaction and vectors, and a reader of question and passage, taught with `procqa train`. Build an
index with `procqa index build --model` and this folder.

## Taught

| what | pages | questions |
| --- | --- | --- |
{taught}

Read from:

{read}

The licences of these sets apply to what is made of them; check them before passing the weights on.

## Worth

Share of {len(result.after.right)} dev questions whose best line is on the right page, in the right section, is right:

| | page | section | line |
| --- | --- | --- | --- |
| before | {result.before.page:.3f} | {result.before.section:.3f} | {result.before.line:.3f} |
| after | {result.after.page:.3f} | {result.after.section:.3f} | {result.after.line:.3f} |

Change of right lines {in_words(change)}.
{result.share:.0%} of the trained weights were kept, the rest are those it began from. The dev questions chose when to
stop and that share, so held-out questions give lower figures.

The reader ({LAYERS} layers), on these questions beside the passages that the encoder finds: how often the passage that
answers is judged best, how often its best mark is on a line that answers, and the area under the ROC curve of telling
passages that answer from others:

| | passage | line | AUROC |
| --- | --- | --- | --- |
| before | {reader.before.choice:.3f} | {reader.before.line:.3f} | {reader.before.answered:.3f} |
| after | {reader.after.choice:.3f} | {reader.after.line:.3f} | {reader.after.answered:.3f} |

## Limits

English pages. It finds and ranks words on pages; it knows nothing of medicine beyond how people ask. Not for
deciding about care.
""",
        encoding="utf-8",
    )
