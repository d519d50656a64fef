"""Small run folders made by hand, for the tests of what reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from procqa.evaluation import outputs
from procqa.evaluation.metrics import measure
from procqa.evaluation.records import GoldSpan, PassageRecord, Row, RunHeader, SectionRef, SpanRecord

HEADER = RunHeader(
    created="2031-05-04T10:00:00+00:00",
    commit="0123456789abcdef0123456789abcdef01234567-dirty",
    procqa="0.1.0",
    index_version="index-7",
    embedding_model="words",
    system="procqa",
    gold_file="gold.jsonl",
    gold_sha256="ab" * 32,
    mode="in_process",
    documents=3,
    passages=12,
    settings={"passage_tokens": 180},
)
GOLD = "Driving is allowed after 6 weeks."
TEXT = f"You stay in hospital. {GOLD}"
BLANK = Row(
    id="q",
    question="when can i drive?",
    history=(),
    tags=("lay",),
    unanswerable=None,
    family="heart",
    relevant=(SectionRef("heart/aortic", "Recovery"),),
    gold_answers=((GOLD,),),
    gold_spans=(((GoldSpan("heart/aortic", 122, 155),),),),
    twin_pages=("heart/mitral",),
    passages=(
        PassageRecord("p1", "heart/mitral", "Recovery", 0, 20, 0.9, "You stay for 3 days."),
        PassageRecord("p2", "heart/aortic", "Recovery", 100, 155, 0.8, TEXT),
    ),
    timing_ms={"wall": 12.5},
)


def answered(text: str, doc_id: str = "heart/aortic", section: str = "Recovery", **changes: object) -> Row:
    """The question, answered with these words of a page."""
    span = SpanRecord(doc_id, section, 122, 122 + len(text), text, True)
    row = replace(BLANK, status="answered", answer=text, confidence=0.8, spans=(span,), answer_pages=(doc_id,))
    return replace(row, **changes)


def refused(**changes: object) -> Row:
    """The question, refused."""
    return replace(BLANK, status="abstained", reason="low_confidence", confidence=0.2, **changes)


def unanswerable(row: Row, kind: str = "sibling") -> Row:
    """The same outcome of a question that no page answers."""
    return replace(row, unanswerable=kind, relevant=(), gold_answers=(), gold_spans=(), twin_pages=None, family=None)


def numbered(rows: Sequence[Row]) -> list[Row]:
    return [replace(row, id=f"q{number}") for number, row in enumerate(rows)]


def write_folder(folder: Path, rows: Sequence[Row], header: RunHeader = HEADER) -> Path:
    """A run folder of these rows, numbered q0, q1, ..."""
    folder.mkdir(parents=True)
    outputs.write_run(folder, header, numbered(rows))
    outputs.write_metrics(folder, measure(header, numbered(rows)))
    return folder
