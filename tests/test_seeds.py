"""The two seed pages with the real encoder: whole sections, and answers in their own words."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from procqa.engine import Engine
from procqa.index.build import build_index
from procqa.readers import CANONICAL_SECTIONS
from procqa.settings import Settings
from procqa.types import Reply, Status

SEEDS = Path(__file__).parents[2] / "shared" / "seeds"
CLOSURE, PACING = "000_dba4e0e5085f2ff4", "002_b6c00fc60ce1c1b7"

pytestmark = [
    pytest.mark.data,
    pytest.mark.model,
    pytest.mark.skipif(not SEEDS.is_dir(), reason="the seed pages are not beside the project"),
]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory, real_index: Path) -> Iterator[Engine]:
    index = tmp_path_factory.mktemp("seeds") / "index"
    shutil.copytree(real_index, index)  # whose encoder and heads the build takes over, so that none is exported anew
    report = build_index(Settings(corpus=SEEDS, index=index), strict=True)
    assert (report.documents, report.set_aside, report.missing_sections) == (2, (), {})
    engine = Engine.open(index)
    yield engine
    engine.close()


def check_verbatim(engine: Engine, reply: Reply) -> None:
    citations = {citation.id: citation for citation in reply.citations}
    for span in (span for answer in reply.answers for span in answer.spans):
        citation = citations[span.citation]
        page = engine.document(citation.doc_id)
        assert page is not None
        assert page.text[citation.start : citation.end] == citation.exact == span.text


@pytest.mark.parametrize("doc_id", [PACING, CLOSURE])
def test_a_seed_has_its_thirteen_sections(doc_id: str, seeds: Engine) -> None:
    page = seeds.document(doc_id)
    assert page is not None
    assert [section.name for section in page.sections] == list(CANONICAL_SECTIONS)


@pytest.mark.parametrize(
    ("doc_id", "title"),
    [
        (
            PACING,
            "Insertion of pacing electrode, cardiac venous system, for left ventricular pacing, at time of insertion "
            "of implantable defibrillator or pacemaker pulse generator (e.g., for upgrade to dual chamber system)",
        ),
        (
            CLOSURE,
            "Percutaneous Transcatheter Closure of Paravalvular Leak; Initial Occlusion Device, Mitral Valve",
        ),
    ],
)
def test_a_seed_has_its_whole_title_and_no_site_furniture(doc_id: str, title: str, seeds: Engine) -> None:
    page = seeds.document(doc_id)
    assert page is not None
    assert page.title == title
    bodies = "\n".join(page.text[section.start : section.end] for section in page.sections)
    for furniture in ("CPT4", "Search all medical codes", "Medical Policies", "Related policies", "Similar Codes"):
        assert furniture not in bodies


@pytest.mark.parametrize(
    ("question", "doc_id", "sentence"),
    [
        (
            "How long will I stay in hospital after the paravalvular leak is closed?",
            CLOSURE,
            "Close monitoring in a hospital setting for 1-2 days post-procedure",
        ),
        (
            "How long will I stay in hospital after the pacing electrode is inserted?",
            PACING,
            "Patients may need to stay in the hospital for 1-2 days.",
        ),
    ],
    ids=["closure", "pacing"],
)
def test_the_hospital_stay_is_answered_from_recovery(question: str, doc_id: str, sentence: str, seeds: Engine) -> None:
    reply = seeds.ask(question)
    assert reply.status is Status.ANSWERED
    assert reply.answers[0].text == sentence
    first = next(citation for citation in reply.citations if citation.id == reply.answers[0].spans[0].citation)
    assert (first.doc_id, first.section) == (doc_id, "Recovery")
    check_verbatim(seeds, reply)


@pytest.mark.parametrize(
    ("question", "doc_id", "section", "words"),
    [
        ("How long does closing a paravalvular leak take?", CLOSURE, "Duration", "between 1 to 3 hours"),
        ("Who carries out the insertion of the pacing electrode?", PACING, "Personnel", "electrophysiologist"),
        (
            "Where is the paravalvular leak closure performed?",
            CLOSURE,
            "Setting",
            "catheterization lab",
        ),
    ],
)
def test_an_answer_comes_from_its_page_and_section(
    question: str, doc_id: str, section: str, words: str, seeds: Engine
) -> None:
    reply = seeds.ask(question)
    assert reply.status is Status.ANSWERED
    assert words in reply.answers[0].text
    assert (reply.citations[0].doc_id, reply.citations[0].section) == (doc_id, section)
    check_verbatim(seeds, reply)


@pytest.mark.parametrize("question", ["What is the capital of France?", "How do I bake sourdough bread?"])
def test_a_question_from_elsewhere_is_not_answered(question: str, seeds: Engine) -> None:
    reply = seeds.ask(question)
    assert reply.status is Status.ABSTAINED
    assert reply.answers == reply.citations == ()
    assert reply.abstention is not None
    assert reply.abstention.message
