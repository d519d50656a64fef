"""A build is published only when gold questions are answered as well as before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from procqa.embedding import Encoder
from procqa.errors import GoldError
from procqa.evaluation.publication import publication_gate
from procqa.index.build import BuildReport, build_index
from procqa.settings import Settings

STAYS = [
    ("How long do I stay in hospital after aortic valve repair?", "heart/aortic", "You stay in hospital for 7 days."),
    ("How long do I stay in hospital after mitral valve repair?", "heart/mitral", "You stay in hospital for 3 days."),
    ("When is driving allowed after aortic valve repair?", "heart/aortic", "Driving is allowed after 6 weeks."),
]


def item(number: int, question: str, doc_id: str, quote: str) -> dict[str, Any]:
    relevant = [{"doc_id": doc_id, "section": "Recovery"}]
    return {"id": f"q{number}", "question": question, "relevant": relevant, "answers": [[quote]]}


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    path.write_text("".join(json.dumps(item(n, *stay)) + "\n" for n, stay in enumerate(STAYS)))
    return path


@pytest.fixture
def gated(index: Path, settings: Settings, encoder: Encoder, gold: Path) -> Callable[[], BuildReport]:
    gate = publication_gate(gold, index, encoder=encoder)
    return lambda: build_index(settings, encoder=encoder, gate=gate)


def test_pages_that_answer_as_well_are_published(gated: Callable[[], BuildReport], settings: Settings) -> None:
    (settings.corpus / "knee.md").unlink()
    report = gated()
    assert (report.published, report.refused) == (True, ())


def test_pages_that_answer_worse_are_not(gated: Callable[[], BuildReport], settings: Settings) -> None:
    current = (settings.index / "CURRENT").read_text()
    # A page that says all that is asked for, and so gets in the way of the right ones.
    decoy = "\n\n".join(f"## Recovery\n\n{question} Nobody knows." for question, _, _ in STAYS)
    (settings.corpus / "decoy.md").write_text(f"# Aortic valve repair and mitral valve repair stay\n\n{decoy}\n")
    report = gated()
    assert not report.published
    assert "falls from" in report.refused[0]
    assert "q0" in report.refused[-1]
    assert (settings.index / "CURRENT").read_text() == current


def test_gold_must_fit_the_new_pages(gated: Callable[[], BuildReport], settings: Settings) -> None:
    (settings.corpus / "heart" / "mitral.txt").unlink()
    report = gated()
    assert report.refused[0] == "The gold does not fit the new pages: q1: there is no page heart/mitral."


def test_questions_about_new_words_are_not_compared(
    gated: Callable[[], BuildReport], settings: Settings, gold: Path, encoder: Encoder
) -> None:
    page = settings.corpus / "heart" / "aortic.txt"
    page.write_text(page.read_text().replace("7 days", "8 days"))
    gold.write_text(gold.read_text().replace("7 days", "8 days"))
    report = build_index(settings, encoder=encoder, gate=publication_gate(gold, settings.index, encoder=encoder))
    assert (report.published, report.refused) == (True, ())


def test_a_first_build_has_nothing_to_hold_against(settings: Settings, encoder: Encoder, gold: Path) -> None:
    gate = publication_gate(gold, settings.index, encoder=encoder)
    assert build_index(settings, encoder=encoder, gate=gate).published


def test_gold_that_cannot_be_read_is_told_before_the_build(index: Path, tmp_path: Path) -> None:
    with pytest.raises(GoldError, match="nowhere"):
        publication_gate(tmp_path / "nowhere.jsonl", index)
