"""Metrics of one question: pure functions of its row, each in [0, 1], or None where the metric says nothing of it.

A question that was abstained from or that failed scores 0 in every metric of quality; it is never left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from procqa.evaluation import text_scores
from procqa.evaluation.gold import NO_PAGE, NOT_ON_THE_PAGE, UNANSWERABLE_KINDS
from procqa.evaluation.records import Row
from procqa.types import Reason, Status

LIST_TAG = "list"
# What a reason for no answer says of the question, where it says more than that an answer is doubtful.
CLAIMS: Mapping[str, Sequence[str]] = {
    Reason.NO_RELEVANT_CONTENT: UNANSWERABLE_KINDS,
    Reason.UNKNOWN_PROCEDURE: NO_PAGE,
    Reason.SECTION_MISSING: NOT_ON_THE_PAGE,
}
CORRECT_F1 = 0.5  # an answer whose token F1 reaches this counts as correct in the curves of confidence


def is_answerable(row: Row) -> bool:
    """Whether the pages answer the question."""
    return row.unanswerable is None


def is_answered(row: Row) -> bool:
    """Whether the system gave an answer; a clarification that brings answers counts by its first one."""
    return row.error is None and row.status in (Status.ANSWERED, Status.NEEDS_CLARIFICATION) and bool(row.spans)


def has_words(row: Row) -> bool:
    """Whether the gold tells the words of the answer; questions of retrieval sets name its section alone."""
    return is_answerable(row) and bool(row.gold_answers)


def is_correct(row: Row) -> bool:
    """Whether the answer is right, by its words or, where gold has none, by its section.

    Any answer to an unanswerable question is wrong.
    """
    return (token_f1(row) or 0.0) >= CORRECT_F1 if has_words(row) else bool(right_section(row))


def right_page(row: Row) -> float | None:
    """1 when the answer's first citation is in a relevant page."""
    if not is_answerable(row):
        return None
    return float(is_answered(row) and row.spans[0].doc_id in {place.doc_id for place in row.relevant})


def right_section(row: Row) -> float | None:
    """1 when the answer's first citation is in a relevant section."""
    if not is_answerable(row):
        return None
    cited = is_answered(row) and (row.spans[0].doc_id, row.spans[0].section)
    return float(cited in {(place.doc_id, place.section) for place in row.relevant})


def exact_match(row: Row) -> float | None:
    """SQuAD exact match with the best acceptable answer, its quotes joined by a space."""
    if not has_words(row):
        return None
    return max(text_scores.exact_match(row.answer, gold) for gold in _golds(row)) if is_answered(row) else 0.0


def token_f1(row: Row) -> float | None:
    """SQuAD F1 against the best acceptable answer, its quotes joined by a space."""
    if not has_words(row):
        return None
    return max(text_scores.token_f1(row.answer, gold) for gold in _golds(row)) if is_answered(row) else 0.0


def squad_f1_all(row: Row) -> float | None:
    """Token F1; for an unanswerable question 1 when abstained from, else 0. The one figure over all questions."""
    if is_answerable(row):
        return token_f1(row)
    return float(row.error is None and row.status == Status.ABSTAINED)


def span_overlap(row: Row) -> float | None:
    """Character F1 of the cited spans with the best acceptable answer's quotes where they stand."""
    if not has_words(row):
        return None
    if not is_answered(row):
        return 0.0
    return max((text_scores.span_overlap(row.spans, quotes) for quotes in row.gold_spans), default=0.0)


def item_precision(row: Row) -> float | None:
    """Of a list question: the share of the answer's items that are gold items."""
    return _items(row)[0]


def item_recall(row: Row) -> float | None:
    """Of a list question: the share of the gold items that the answer has."""
    return _items(row)[1]


def verbatim(row: Row) -> float | None:
    """1 when every span of the answer stands in its page word for word; None without an answer."""
    return float(all(span.verbatim for span in row.spans)) if is_answered(row) else None


def twin_answer(row: Row) -> float | None:
    """1 when the answer comes from a look-alike page that does not answer: the dangerous failure."""
    if not is_answerable(row) or row.twin_pages is None:
        return None
    return float(is_answered(row) and row.spans[0].doc_id in row.twin_pages)


def false_answer(row: Row) -> float | None:
    """1 when an unanswerable question was answered."""
    return None if is_answerable(row) else float(is_answered(row))


def false_refusal(row: Row) -> float | None:
    """1 when an answerable question got no answer, also by failing.

    A request to clarify is no refusal when one of its answers comes from a relevant page.
    """
    if not is_answerable(row):
        return None
    if row.error is None and row.status == Status.NEEDS_CLARIFICATION:
        return float({place.doc_id for place in row.relevant}.isdisjoint(row.answer_pages))
    return float(not is_answered(row))


def true_reason(row: Row) -> float | None:
    """1 when the reason that a question is refused for is so; None where it is answered or no such thing is said."""
    claimed = CLAIMS.get(row.reason or "") if row.status == Status.ABSTAINED else None
    return None if claimed is None or row.error is not None else float(row.unanswerable in claimed)


def failed(row: Row) -> float | None:
    """1 when asking ended in an error or ran out of time."""
    return float(row.error is not None)


def _golds(row: Row) -> list[str]:
    return [" ".join(quotes) for quotes in row.gold_answers]


def _items(row: Row) -> tuple[float | None, float | None]:
    """Precision and recall against the acceptable answer that gives the best F1."""
    if not has_words(row) or LIST_TAG not in row.tags:
        return None, None
    if not is_answered(row):
        return 0.0, 0.0
    scores = [text_scores.item_scores(row.spans, quotes) for quotes in row.gold_answers]
    return max(scores, key=lambda score: (score[0] * score[1] / (sum(score) or 1.0), score))
