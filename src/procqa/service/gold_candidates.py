"""Feedback as candidates for gold questions, to be read by a person before they are used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from procqa.service.feedback_store import Feedback
from procqa.types import Reason, Status

# What a refusal that was found right says of its question, in the words of the gold format.
_UNANSWERABLE: Mapping[Reason, str] = {
    Reason.NO_RELEVANT_CONTENT: "off_domain",
    Reason.NOT_A_QUESTION: "off_domain",
    Reason.UNKNOWN_PROCEDURE: "not_in_corpus",
    Reason.SECTION_MISSING: "not_stated",
    Reason.LOW_CONFIDENCE: "not_stated",
}

# (question, history) of an answer, where the service keeps questions.
Asked = Callable[[str], tuple[str, Sequence[str]] | None]


@dataclass
class Candidates:
    """Lines of gold files, as objects for JSON."""

    right: list[dict[str, Any]] = field(default_factory=list)  # found right: whole gold items, to be confirmed
    to_label: list[dict[str, Any]] = field(default_factory=list)  # found wrong: no labels yet, and what was said
    without_question: int = 0


def candidates(said: Iterable[Feedback], asked: Asked) -> Candidates:
    """Sort feedback into what confirms an answer and what asks for a better one.

    The question is the one sent with the feedback, or else the one that the service kept; without either there is no
    candidate, and it is only counted.
    """
    found = Candidates()
    for feedback in said:
        words = (feedback.question, feedback.history) if feedback.question else asked(feedback.id)
        if words is None:
            found.without_question += 1
            continue
        item = _item(feedback, *words)
        labels = _labels(feedback) if feedback.rating == "up" else None
        if labels is None:
            told = {"reason": feedback.reason, "comment": feedback.comment, "given": feedback.given}
            found.to_label.append({**item, "relevant": [], "answers": [], "unanswerable": None, "feedback": told})
        else:
            found.right.append({**item, **labels})
    return found


def _item(feedback: Feedback, question: str, history: Sequence[str]) -> dict[str, Any]:
    tags = ["feedback", feedback.rating, *([feedback.reason] if feedback.reason else [])]
    return {"id": f"feedback-{feedback.id[:12]}", "question": question, "history": list(history), "tags": tags}


def _labels(feedback: Feedback) -> dict[str, Any] | None:
    """The labels that a confirmed answer or refusal gives; None when it is not known what was answered, or which."""
    given = feedback.given
    if given is None or given["status"] == Status.NEEDS_CLARIFICATION:
        return None
    if given["status"] == Status.ABSTAINED:
        return {"relevant": [], "answers": [], "unanswerable": _UNANSWERABLE[Reason(given["reason"])]}
    return {"relevant": list(given["relevant"]), "answers": [list(given["quotes"])], "unanswerable": None}
