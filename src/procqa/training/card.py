"""The card of a trained model: what it learned from, what it was worth, and what it is not for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from procqa.evaluation.significance import Change
from procqa.training.encoder import EncoderResult
from procqa.training.examples import TrainingSet

CARD = "README.md"


def in_words(change: Change) -> str:
    """A change with its interval."""
    low, high = change.low or 0.0, change.high or 0.0
    return f"{change.difference or 0.0:+.3f} (95% interval {low:+.3f} to {high:+.3f})"


def write_card(
    folder: Path, sources: Sequence[str], stages: Sequence[TrainingSet], result: EncoderResult, change: Change
) -> None:
    """Write README.md into the model's folder. `stages` are what was taught, in order."""
    taught = "\n".join(
        f"| {number} | {len(held.pages):,} | {len(held.questions):,} |" for number, held in enumerate(stages, 1)
    )
    read = "\n".join(f"- `{source}`" for source in sources)
    folder.joinpath(CARD).write_text(
        f"""# A procqa encoder

An encoder for late interaction and vectors, taught with `procqa train`. Build an index with
`procqa index build --model` and this folder.

## Taught

| stage | pages | questions |
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

## Limits

English pages. It finds and ranks words on pages; it knows nothing of medicine beyond how people ask. Not for
deciding about care.
""",
        encoding="utf-8",
    )
