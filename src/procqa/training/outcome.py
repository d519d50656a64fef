"""What a training run was worth on the dev questions: figures before and after, with paired intervals, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from procqa.evaluation.intervals import weighted_means
from procqa.evaluation.significance import Change, paired_changes
from procqa.training.encoder import EncoderResult
from procqa.training.reader import ReaderResult

ENCODER_FIGURES = ("right page", "right section", "right line")
READER_FIGURES = ("right passage", "right line in it")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Changes by name; those of the reader are empty where none was there before."""

    questions: int
    encoder: dict[str, Change]
    reader: dict[str, Change]
    result: EncoderResult
    read: ReaderResult

    @property
    def better(self) -> bool:
        """Whether the encoder finds more right lines than chance explains, and neither pages nor sections fewer.

        Where it was left as it was, whether the reader got better at one thing and worse at none.
        """
        told = [_verdict(change) for change in self._judged.values()]
        wanted = told if self._judged is self.reader else told[-1:]
        return "better" in wanted and "worse" not in told

    @property
    def _judged(self) -> dict[str, Change]:
        return self.reader if self.result.kept is None else self.encoder

    def describe(self) -> str:
        """A table and a verdict, as plain text."""
        rows = "\n".join(f"  {row}" for row in self.rows("{:17} {} -> {}  {}"))
        return f"On {self.questions} dev questions, before and after:\n{rows}\n{self.verdict}"

    @property
    def verdict(self) -> str:
        """The whole in a sentence or two."""
        losses = [name for name, change in self._judged.items() if _verdict(change) == "worse"]
        if losses:
            return f"It got worse at {' and '.join(losses)}: keep the model you have."
        if self.better:
            what = "the reader tells more" if self._judged is self.reader else "more lines are right"
            return f"It got better: {what} than chance explains."
        return "It did not get better by more than chance: keep the model you have, or write more questions."

    def rows(self, form: str) -> list[str]:
        """Each figure by a form of four places: its name, before, after, and the change in words."""
        rows = [_row(form, name, change) for name, change in self.encoder.items()]
        rows += [_row(form, f"reader: {name}", change) for name, change in self.reader.items()]
        after, before = self.read.after, self.read.before
        if before is None:
            new = zip(READER_FIGURES, (after.choice, after.line), strict=True)
            rows += [form.format(f"reader: {name}", "  –  ", f"{value:.3f}", "").rstrip() for name, value in new]
        was = "  –  " if before is None else f"{before.answered:.3f}"
        rows.append(form.format("reader: AUROC", was, f"{after.answered:.3f}", "").rstrip())
        return rows


def outcome_of(result: EncoderResult, read: ReaderResult) -> Outcome:
    """Compare before and after, question by question."""
    before = read.before
    reader = {} if before is None else _changes(READER_FIGURES, before.right, read.after.right)
    encoder = _changes(ENCODER_FIGURES, result.before.right, result.after.right)
    return Outcome(len(result.after.right), encoder, reader, result, read)


def _changes(
    names: Sequence[str], before: Sequence[Sequence[float]], after: Sequence[Sequence[float]]
) -> dict[str, Change]:
    rows = np.array([*before, *after], dtype=np.float64)
    changes = paired_changes(lambda weights: weighted_means(rows, weights), len(before))
    return dict(zip(names, changes, strict=True))


def _row(form: str, name: str, change: Change) -> str:
    return form.format(name, f"{change.first or 0.0:.3f}", f"{change.second or 0.0:.3f}", _in_words(change))


def _in_words(change: Change) -> str:
    low, high = change.low or 0.0, change.high or 0.0
    return f"{change.difference or 0.0:+.3f} (95% interval {low:+.3f} to {high:+.3f}): {_verdict(change)}"


def _verdict(change: Change) -> str:
    if not change.significant or not change.difference:
        return "no more than chance"
    return "better" if change.difference > 0 else "worse"
