"""Rows made by hand for the tests of evaluation."""

from __future__ import annotations

from typing import Any

from procqa.evaluation.records import GoldSpan, PassageRecord, Row, RunHeader, SectionRef, SpanRecord

AORTIC = SectionRef("heart/aortic", "Recovery")


def header(**values: Any) -> RunHeader:
    base: dict[str, Any] = {
        "created": "2024-05-01T10:00:00+00:00",
        "commit": "unknown",
        "procqa": "0.1.0",
        "index_version": "v1",
        "embedding_model": "words",
        "system": "made",
        "gold_file": "gold.jsonl",
        "gold_sha256": "0" * 64,
        "mode": "in_process",
        "documents": 3,
        "passages": 10,
    }
    return RunHeader(**{**base, **values})


def span(text: str, doc_id: str = "heart/aortic", section: str = "Recovery", start: int = 100) -> SpanRecord:
    return SpanRecord(doc_id, section, start, start + len(text), text, verbatim=True)


def passage(doc_id: str, section: str, part: int = 0) -> PassageRecord:
    return PassageRecord(f"{doc_id}#{section}/{part}", doc_id, section, 0, 1, 1.0, "x")


def answered(*texts: str, gold: tuple[tuple[str, ...], ...] = (("stay 7 days",),), **values: Any) -> Row:
    """An answerable question answered with spans from the right section, one at 100, the next at 200, …"""
    spans = tuple(span(text, start=100 * place) for place, text in enumerate(texts, 1))
    base: dict[str, Any] = {
        "id": "q",
        "question": "How long?",
        "history": (),
        "tags": (),
        "unanswerable": None,
        "family": None,
        "relevant": (AORTIC,),
        "gold_answers": gold,
        "gold_spans": tuple(
            tuple((GoldSpan("heart/aortic", 100 * n, 100 * n + len(quote)),) for n, quote in enumerate(quotes, 1))
            for quotes in gold
        ),
        "status": "answered",
        "answer": "\n".join(texts),
        "confidence": 0.8,
        "spans": spans,
        "answer_pages": ("heart/aortic",),
    }
    return Row(**{**base, **values})


def abstained(**values: Any) -> Row:
    """An answerable question that was abstained from."""
    empty = {"status": "abstained", "reason": "low_confidence", "answer": "", "confidence": 0.0, "spans": ()}
    return answered(**{**empty, "answer_pages": (), **values})


def unanswerable(kind: str = "sibling") -> dict[str, Any]:
    """The gold part of an unanswerable question."""
    return {"unanswerable": kind, "relevant": (), "gold_answers": (), "gold_spans": ()}


def crashed(**values: Any) -> Row:
    """An answerable question that failed."""
    return abstained(**{"status": "error", "reason": None, "error": "TimeoutError: too late", **values})
