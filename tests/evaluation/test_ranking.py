"""Metrics of the ranking: hand-worked values, our own formulas beside ir-measures, and TREC files there and back."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import abstained, answered, crashed, passage, unanswerable

from procqa.errors import ProcqaError
from procqa.evaluation.ranking import RANKING_METRICS, ranking_scores, trec_scores, write_trec
from procqa.evaluation.records import Row, SectionRef

MADE = [
    answered(id="first", passages=(passage("heart/aortic", "Recovery"), passage("knee", "Recovery"))),
    answered(
        id="third",  # the second passage of a section does not take a rank of its own
        passages=(
            passage("heart/aortic", "Duration", 0),
            passage("heart/aortic", "Duration", 1),
            passage("heart/mitral", "Recovery"),
            passage("heart/aortic", "Recovery"),
        ),
    ),
    abstained(id="nothing found"),
    crashed(id="crash"),
    answered(id="none", **unanswerable(), passages=(passage("knee", "Recovery"),)),
]


def test_hand_worked_values() -> None:
    assert ranking_scores(MADE) == {
        "page_success@1": [1, 1, 0, 0, None],
        "section_success@1": [1, 0, 0, 0, None],
        "section_success@5": [1, 1, 0, 0, None],
        "section_ndcg@10": [1, pytest.approx(1 / math.log2(4)), 0, 0, None],
        "section_mrr": [1, pytest.approx(1 / 3), 0, 0, None],
    }


def test_no_rows_and_no_answerable_rows() -> None:
    assert ranking_scores([]) == {name: [] for name in RANKING_METRICS}
    assert ranking_scores(MADE[4:]) == {name: [None] for name in RANKING_METRICS}


SECTIONS = [SectionRef(page, section) for page in ("a", "b b", "c/ü") for section in ("Recovery", "Risks & more")]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(SECTIONS), min_size=1, max_size=3, unique=True),
            st.lists(st.sampled_from(SECTIONS), max_size=10),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_ir_measures_agrees_with_the_formulas(questions: list[tuple[list[SectionRef], list[SectionRef]]]) -> None:
    rows = [
        answered(
            id=f"q {number}",
            relevant=tuple(relevant),
            passages=tuple(passage(place.doc_id, place.section, rank) for rank, place in enumerate(ranked)),
        )
        for number, (relevant, ranked) in enumerate(questions)
    ]
    scores = ranking_scores(rows)
    for number, (relevant, ranked) in enumerate(questions):
        units = list(dict.fromkeys(ranked))
        gains = [1 / math.log2(rank + 2) for rank, unit in enumerate(units) if unit in relevant]
        ideal = sum(1 / math.log2(rank + 2) for rank in range(len(relevant)))
        ranks = [rank for rank, unit in enumerate(units, 1) if unit in relevant]
        pages = {place.doc_id for place in relevant}
        assert scores["section_mrr"][number] == pytest.approx(1 / ranks[0] if ranks else 0)
        assert scores["section_success@5"][number] == float(bool(ranks) and ranks[0] <= 5)
        assert scores["section_success@1"][number] == float(bool(ranks) and ranks[0] == 1)
        assert scores["section_ndcg@10"][number] == pytest.approx(sum(gains) / ideal)
        assert scores["page_success@1"][number] == float(bool(ranked) and ranked[0].doc_id in pages)


def test_trec_files_give_the_same_figures(tmp_path: Path) -> None:
    run, qrels = tmp_path / "run.trec", tmp_path / "qrels.trec"
    write_trec(MADE, run, qrels, "made by hand")
    assert run.read_text().splitlines()[0] == "first Q0 heart/aortic#Recovery 0 2 made%20by%20hand"
    assert "none 0" not in qrels.read_text()
    read = trec_scores(run, qrels)
    ours = ranking_scores(MADE)
    for name, of_ids in read.items():
        assert list(of_ids.values()) == pytest.approx(ours[name][:4])
    assert set(read) == set(ours) - {"page_success@1"}


def test_files_that_are_not_trec(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("what is this\n")
    (tmp_path / "qrels").write_text("q 0 d 1\n")
    with pytest.raises(ProcqaError, match="cannot be read as TREC"):
        trec_scores(tmp_path / "run", tmp_path / "qrels")
    with pytest.raises(ProcqaError, match="cannot be read as TREC"):
        trec_scores(tmp_path / "gone", tmp_path / "qrels")


def test_ids_may_hold_anything() -> None:
    row: Row = answered(id="what? / 100% ü", passages=(passage("heart/aortic", "Recovery"),))
    assert ranking_scores([row])["section_mrr"] == [1.0]
