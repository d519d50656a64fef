"""What the reports say of each metric, and how its values are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from procqa.evaluation.metrics import METRICS

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Topic:
    """Metrics that are read together; `names` gives their order."""

    title: str
    intro: str
    names: tuple[str, ...]


TOPICS = (
    Topic(
        "The answers",
        "Measured on what the asker reads. Refused and failed questions count as 0.",
        (
            "squad_f1_all",
            "token_f1",
            "exact_match",
            "span_overlap",
            "item_precision",
            "item_recall",
            "verbatim",
            "answer_words_p50",
        ),
    ),
    Topic(
        "The place",
        "Does the answer stand on the right page, and in the right section of it?",
        (
            "right_page",
            "right_section",
            "page_success@1",
            "section_success@1",
            "section_success@5",
            "section_ndcg@10",
            "section_mrr",
        ),
    ),
    Topic(
        "The harm",
        "What must not happen. Less is better.",
        ("twin_answer", "false_answer", "false_refusal", "failed"),
    ),
    Topic(
        "The confidence",
        "Does the system know when it is right, and why it is silent?",
        ("auroc", "aurc", "coverage_at_95_precision", "ece", "true_reason"),
    ),
    Topic("The wait", "Time from question to answer.", ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms")),
)

MEANINGS: Mapping[str, str] = {
    "squad_f1_all": "Token F1, and for a question that no page answers 1 when it was refused, else 0.",
    "token_f1": "How many words the answer shares with the gold words, from 0 (none) to 1 (the same).",
    "exact_match": "The share of answers that are word for word the gold answer, but for case, articles and stops.",
    "span_overlap": "How much of the cited text is the gold text, counted in characters of the page.",
    "item_precision": "Of list questions: the share of the items given that belong there.",
    "item_recall": "Of list questions: the share of the items wanted that were given.",
    "verbatim": "The share of answers whose every quote stands in its page word for word; anything below 1 is a fault.",
    "answer_words_p50": "Half of the answers have at most so many words.",
    "right_page": "The answer’s first quote comes from a page that answers the question.",
    "right_section": "The answer’s first quote comes from a section that answers the question.",
    "page_success@1": "The passage ranked first is from a right page, whatever was answered.",
    "section_success@1": "The passage ranked first is from a right section, whatever was answered.",
    "section_success@5": "A right section is among the first five retrieved.",
    "section_ndcg@10": "How near the top the right sections stand among the first ten; 1 is best.",
    "section_mrr": "One divided by the rank of the first right section, on average.",
    "twin_answer": "Answered from a look-alike procedure’s page, so it reads well and is wrong: the dangerous failure.",
    "false_answer": "Of the questions that no page answers: the share answered all the same.",
    "false_refusal": "Of the questions that a page does answer: the share that got no answer.",
    "true_reason": "Of the refusals that say why (no such page, not on the page, nowhere): how often it is so.",
    "failed": "The share of questions that ended in an error or ran out of time.",
    "auroc": "The chance that a question with an answer gets more confidence than one without; 0.5 is a coin.",
    "aurc": "The average share of wrong answers while ever less confident ones are let through; less is better.",
    "coverage_at_95_precision": "The largest share of questions that could be answered with 95 of 100 answers right.",
    "ece": "How far confidence is from the share that is right, on average; 0 is perfect.",
    "latency_p50_ms": "Half of the questions were answered within this time.",
    "latency_p95_ms": "Nineteen of twenty questions were answered within this time.",
    "latency_p99_ms": "All but one of a hundred questions were answered within this time.",
}


def topics() -> list[Topic]:
    """Every registered metric under a topic; those without one of their own come last."""
    placed = {name for topic in TOPICS for name in topic.names}
    rest = tuple(name for name in METRICS if name not in placed)
    return [*TOPICS, *([Topic("More", "Further metrics.", rest)] if rest else [])]


def shown(metric: str, value: float | None, digits: int = 2, sign: bool = False) -> str:
    """A metric's value as read by a person: a share with some digits, a time, or a count; a dash for nothing.

    `sign` is for differences; a minus is the typographic one.
    """
    if value is None:
        return NOTHING
    decimals = 0 if "_words_" in metric else digits
    text = duration(abs(value)) if metric.endswith("_ms") else f"{abs(value):.{decimals}f}"
    if not any(digit in text for digit in "123456789"):
        return text  # what rounds to nothing has no sign
    return f"−{text}" if value < 0 else f"+{text}" if sign else text


def duration(milliseconds: float) -> str:
    """A time with two or three significant digits: 0.42 ms, 37 ms, 1.2 s."""
    if milliseconds >= 999.5:
        return f"{milliseconds / 1000:.3g} s"
    return f"{milliseconds:.3g} ms" if milliseconds >= 10 else f"{milliseconds:.2g} ms"
