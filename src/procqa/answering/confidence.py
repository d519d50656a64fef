"""Confidence: several weak signals of an answer, calibrated probabilities of it, one threshold.

A similarity threshold alone passes most unanswerable questions. So the probability that an answer is right is a
logistic model of several signals, fitted on questions with known answers (`procqa eval calibrate`).
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from procqa.errors import SnapshotError

_log = logging.getLogger(__name__)
Probability = TypeVar("Probability", float, NDArray[np.float64])
CALIBRATION_FILE = "calibration.json"
# Ends the identity of models whose reader is not used, and the name of the calibration that is good for them.
UNREAD = "-unread"
# What an answer from a wrong page is worth to a question that has one. With as many refused, dev is answered from a
# right page for 0.76, 0.78 and 0.80 of its questions with 1, a half and 0, and falsely for 0.31, 0.31 and 0.39.
WRONG_PAGE = 0.5
# Log odds of a name beyond which it is sure.
SURE_NAME = 6.0
# More strange words than these say no more of a question.
MOST_UNSEEN, MOST_FOREIGN = 5, 2
# Log odds of what is not doubted.
CERTAIN = 50.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the best passage. Cosines unless said otherwise.

    `line`, `page` and `weakest` are late-interaction means: of the best line, of the whole page, and of the third of
    the question's words that the page knows least. `evenly` and `surely` are of the best line, with every word of the
    question counting alike, and over the third of them that it knows best. `bm25` is relative to the best passage,
    `section` the log probability of the section by the question's wording, `named` the share of the names in the
    question that are the page's own. The margins are differences of total score to the best passage of another page,
    and of another section of the page; `rivals` is the logarithm of how many pages fit, the best one counting as 1 and
    others by how near their scores come. `explained` is the share of the question's content words that the page holds,
    `unseen` how many of them (at most MOST_UNSEEN) no page holds: the name of a procedure that there is no page about,
    for one; `foreign` is how many words that name procedures by how they end the page does not hold (at most
    MOST_FOREIGN). `called` is how far the question says one of the page's names. `same_page`, `right_section`,
    `answered` are the reader's log odds of the passage, `mark` and `best_mark` of its best marked line and of the line
    that was found best, `least` the least of these five, since an answer must have them all; 0 where nothing is read.
    `follows` is 1 where something was said before, and only then are there others: `turns` is the probability that the
    message turns to another page; `weakest_before` is `weakest` of the message before, with what had been said before
    that, and `left` how much less the page fits it than the page does that fits it best; `alone_margin` and
    `continues_margin` are margins to the best other page by the message alone, and by going on from the page before.
    `told` is the log odds, by the wording alone, that pages about procedures tell such things. `names` is the log odds,
    by the wording too, that a procedure is called by its name (at most SURE_NAME either way); `uncalled` its
    probability times how far the page is not called, and `misnamed` its probability where not even half of any name of
    the page is said: of a vasectomy a page about hernias, but no page where a procedure is only described.
    """

    line: float
    page: float
    title: float
    dense: float
    bm25: float
    section: float
    named: float
    weakest: float
    page_margin: float
    section_margin: float
    explained: float
    same_page: float = 0.0
    right_section: float = 0.0
    answered: float = 0.0
    mark: float = 0.0
    best_mark: float = 0.0
    called: float = 0.0
    unseen: float = 0.0
    least: float = 0.0
    follows: float = 0.0
    turns: float = 0.0
    told: float = 0.0
    evenly: float = 0.0
    surely: float = 0.0
    rivals: float = 0.0
    weakest_before: float = 0.0
    left: float = 0.0
    foreign: float = 0.0
    names: float = 0.0
    uncalled: float = 0.0
    misnamed: float = 0.0
    alone_margin: float = 0.0
    continues_margin: float = 0.0


SIGNALS = tuple(field.name for field in fields(Evidence))


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic model of the evidence: probability = 1 / (1 + exp(-(bias + sum of weight x signal)))."""

    weights: Mapping[str, float]
    bias: float

    def probability(self, evidence: Evidence) -> float:
        """From 0 to 1."""
        total = self.bias + sum(self.weights[name] * getattr(evidence, name) for name in SIGNALS)
        return 1 / (1 + math.exp(-max(-CERTAIN, min(CERTAIN, total))))


def constant(odds: float) -> Logistic:
    """A model of these log odds, whatever the evidence."""
    return Logistic(dict.fromkeys(SIGNALS, 0.0), odds)


@dataclass(frozen=True, slots=True)
class Judged:
    """The probability that the pages are about what is asked about, that they hold an answer, and where they do, that
    the best page is right and that the answer is."""

    known: float
    answerable: float
    right_page: float
    right: float

    @property
    def confidence(self) -> float:
        """The probability that an answer from the best passage is right."""
        return self.answerable * self.right


@dataclass(frozen=True, slots=True)
class Judge:
    """What each probability of `Judged` is by the evidence.

    They are models of their own because they are questions of their own: a good answer that narrowly misses the gold
    one must not teach `answerable` that such questions have none. Whether to answer is for `answerable` and
    `right_page` to say (`worth`), and why not, for `known` and `answerable` (decide.py).
    """

    known: Logistic
    answerable: Logistic
    right_page: Logistic
    right: Logistic

    def judged(self, evidence: Evidence) -> Judged:
        """Its probabilities."""
        return Judged(*(getattr(self, field.name).probability(evidence) for field in fields(Judge)))


class Kind(StrEnum):
    """Kinds of questions whose signals mean something else.

    Of a follow-up the page is mostly known, and what its few words are like tells more.
    """

    ALONE = "alone"
    FOLLOWING = "following"

    @classmethod
    def of(cls, evidence: Evidence) -> Kind:
        """The kind of the question that this is known of."""
        return cls.FOLLOWING if evidence.follows else cls.ALONE


@dataclass(frozen=True, slots=True)
class Calibration:
    """A judge of each kind of questions."""

    model: str  # identity of the models whose signals it was fitted on
    judges: Mapping[Kind, Judge]
    threshold: float  # answer from this `worth` on

    def judged(self, evidence: Evidence) -> Judged:
        """What the judge of its kind says of a question."""
        return self.judges[Kind.of(evidence)].judged(evidence)

    def answers(self, judged: Judged, *, asks_back: bool = False) -> bool:
        """Whether to answer at all; with `asks_back` whoever asked is to say which page is meant."""
        return worth(judged.answerable, 1.0 if asks_back else judged.right_page) >= self.threshold

    def save(self, folder: Path) -> Path:
        """Write calibration.json into an index folder, beside its snapshots."""
        path = folder / _file_for(self.model)
        staged = path.with_suffix(".tmp")
        staged.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        staged.replace(path)
        return path

    @classmethod
    def load(cls, folder: Path, model: str) -> Calibration:
        """The calibration kept with an index when it was fitted on the same models, else the packaged one.

        Raises SnapshotError when the file is damaged.
        """
        name = _file_for(model)
        path = folder / name
        if path.exists():
            try:
                own = _parsed(path.read_text(encoding="utf-8"))
            except (OSError, ValueError, TypeError, KeyError, AttributeError):
                raise SnapshotError(
                    f"{path} cannot be read; delete it, and fit another with `procqa eval calibrate`."
                ) from None
            if own.model == model:
                return own
        packaged = _parsed(resources.files("procqa.answering").joinpath(name).read_text(encoding="utf-8"))
        if packaged.model != model:
            _log.warning("No calibration fits the model of this index; fit one with `procqa eval calibrate`.")
        return packaged


def _file_for(model: str) -> str:
    stem, _, suffix = CALIBRATION_FILE.partition(".")
    return f"{stem}{UNREAD}.{suffix}" if model.endswith(UNREAD) else CALIBRATION_FILE


def _parsed(text: str) -> Calibration:
    values = json.loads(text)
    # One that was fitted when procqa knew no kinds has one judge, for all.
    held = values.get("judges", values)
    judges = {kind: _judge(held.get(kind, held)) for kind in Kind}
    return Calibration(str(values["model"]), judges, float(values["threshold"]))


def _judge(values: Mapping[str, Any]) -> Judge:
    # What procqa did not ask when it was fitted is taken for granted.
    known, right_page = (
        _logistic(values[name]) if name in values else constant(CERTAIN) for name in ("known", "right_page")
    )
    return Judge(known, _logistic(values["answerable"]), right_page, _logistic(values["right"]))


def _logistic(values: Mapping[str, Any]) -> Logistic:
    # A signal that procqa did not have when it was fitted weighs nothing.
    return Logistic({name: float(values["weights"].get(name, 0.0)) for name in SIGNALS}, float(values["bias"]))


def worth(answerable: Probability, right_page: Probability) -> Probability:
    """What an answer is worth: from the right page 1, from a wrong one WRONG_PAGE, and nothing where there is none."""
    return answerable * (WRONG_PAGE + (1 - WRONG_PAGE) * right_page)
