"""Whether to answer, and whether to ask back: several weak signals, one calibrated probability, one threshold.

A similarity threshold alone passes most unanswerable questions. So the probability that an answer is right is a
logistic model of several signals, fitted on questions with known answers (`procqa eval calibrate`).
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

from procqa.errors import SnapshotError
from procqa.retrieval import NAMES_ONE
from procqa.types import Reason

_log = logging.getLogger(__name__)
CALIBRATION_FILE = "calibration.json"
# Ends the identity of models whose reader is not used, and the name of the calibration that is good for them.
UNREAD = "-unread"
# Two pages fit a question equally well whose best scores differ by less than this, with titles this much alike, when it
# says as much of the name of one as of the other. From dev: a wider gap asks back where people had been clear.
CLOSE_SCORES, ALIKE_TITLES, SAME_NAME = 0.08, 0.63, 0.01
# A question says the whole name of a page that it calls so far.
WHOLE_NAME = 0.99
# A page is the one asked about whose title is so near to the question, from dev, or half of one of whose names it says.
NAMED_TITLE = 0.5
# A question names no procedure when it says less than this of every page's names, and at least so many pages know even
# those of its words that they know least so well. From dev: where that many do, those who name one say more of it.
NAMES_LITTLE, KNOWN_TO, KNOWN = 0.15, 5, 0.65
# A passage is far from a question by one vector, as one in five best ones of dev are. This, and what titles and known
# words are compared with above, hang on the encoder: an encoder with other cosines needs others.
FAR = 0.42
# More strange words than this say no more of a question.
MOST_UNSEEN = 5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the best passage. Cosines unless said otherwise.

    `line`, `page` and `weakest` are late-interaction means: of the best line, of the whole page, and of the third of
    the question's words that the page knows least. `evenly` and `surely` are of the best line, with every word of the
    question counting alike, and over the third of them that it knows best. `bm25` is relative to the best passage,
    `section` the log probability of the section by the question's wording, `named` the share of the names in the
    question that are the page's own. The margins are differences of total score to the best passage of another page,
    and of another section of the page. `explained` is the share of the question's content words that the page holds,
    `unseen` how many of them (at most MOST_UNSEEN) no page holds: the name of a procedure that there is no page about,
    for one. `called` is how far the question says one of the page's names. `same_page`, `right_section`, `answered` are
    the reader's log odds of the passage, `mark` and `best_mark` of its best marked line and of the line that was found
    best, `least` the least of these five, since an answer must have them all; 0 where nothing is read. `follows` is 1
    where something was said before, and `turns` how clearly the wording is of another procedure than before, as
    `Query.turns`. `told` is the log odds, by the wording alone, that pages about procedures tell such things.
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


SIGNALS = tuple(field.name for field in fields(Evidence))


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic model of the evidence: probability = 1 / (1 + exp(-(bias + sum of weight x signal)))."""

    weights: Mapping[str, float]
    bias: float

    def probability(self, evidence: Evidence) -> float:
        """From 0 to 1."""
        total = self.bias + sum(self.weights[name] * getattr(evidence, name) for name in SIGNALS)
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, total))))


@dataclass(frozen=True, slots=True)
class Judge:
    """How probable it is that the pages hold an answer, and that the one found is right if they do.

    They are two models because they are two questions: a good answer that narrowly misses the gold one must not teach
    the first that such questions have none.
    """

    answerable: Logistic
    right: Logistic


@dataclass(frozen=True, slots=True)
class Calibration:
    """A judge of questions that stand alone, and one of those that follow others, whose signals mean something else.

    Of a follow-up the page is mostly known, and what its few words are like tells more.
    """

    model: str  # identity of the models whose signals it was fitted on
    alone: Judge
    following: Judge
    threshold: float  # answer from this probability of `answerable` on

    def confidence(self, evidence: Evidence) -> float:
        """The probability that an answer from the best passage is right."""
        judge = self._judge(evidence)
        return judge.answerable.probability(evidence) * judge.right.probability(evidence)

    def answers(self, evidence: Evidence) -> bool:
        """Whether to answer at all."""
        return self._judge(evidence).answerable.probability(evidence) >= self.threshold

    def _judge(self, evidence: Evidence) -> Judge:
        return self.following if evidence.follows else self.alone

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
    # One that was fitted when procqa knew no difference has one judge, for both.
    alone, following = (_judge(values.get(kind, values)) for kind in ("alone", "following"))
    return Calibration(str(values["model"]), alone, following, float(values["threshold"]))


def _judge(values: Mapping[str, Any]) -> Judge:
    return Judge(_logistic(values["answerable"]), _logistic(values["right"]))


def _logistic(values: Mapping[str, Any]) -> Logistic:
    # A signal that procqa did not have when it was fitted weighs nothing.
    return Logistic({name: float(values["weights"].get(name, 0.0)) for name in SIGNALS}, float(values["bias"]))


def refusal(evidence: Evidence, *, alone: bool) -> Reason:
    """Why an answer is held back. `alone` tells whether no other page fits as well as the best one."""
    if evidence.dense < FAR and evidence.explained < 0.5:
        return Reason.NO_RELEVANT_CONTENT
    if evidence.title < NAMED_TITLE and evidence.called < NAMES_ONE:
        return Reason.UNKNOWN_PROCEDURE
    return Reason.SECTION_MISSING if alone else Reason.LOW_CONFIDENCE


def names_none(called: Sequence[float], weakest: Sequence[float]) -> bool:
    """Whether a question could be about any page: "and the risks?", with nothing said before.

    `called[i]` is how far it says a name of page i, `weakest[i]` how well that page knows the words it knows least.
    """
    known = sorted(weakest, reverse=True)[:KNOWN_TO]
    return max(called) < NAMES_LITTLE and len(known) == KNOWN_TO and known[-1] >= KNOWN


def equally_good(
    scores: Sequence[float], named: Sequence[float], called: Sequence[float], title_cosines: Sequence[float]
) -> int:
    """How many of the pages, best first, fit equally well: 1 means that the best stands alone.

    `named[i]` is the share of the names in the question that are page i's own, `called[i]` how far it says one of them,
    `title_cosines[i]` the cosine of its title with the best page's.
    """
    count = 1
    while (
        count < len(scores)
        # "Total knee replacement" is all of one page's name, though the page about its revision has each of the words.
        and not called[count] < WHOLE_NAME <= called[0]
        and scores[0] - scores[count] < CLOSE_SCORES
        and named[count] > named[0] - SAME_NAME
        and title_cosines[count] >= ALIKE_TITLES
    ):
        count += 1
    return count
