"""Sentence choice: figures worked out by hand, the rules for ties, and the plain scorers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procqa.embedding import Encoder
from procqa.errors import GoldError
from procqa.evaluation.choice import average_precision, evaluate_choice, load_choice, reciprocal_rank, relevant_ranks
from procqa.evaluation.choice_scorers import bm25_scorer, dense_scorer


def write(path: Path, *items: Mapping[str, Any]) -> Path:
    path.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    return path


def item(name: str, question: str, candidates: Sequence[str], relevant: Sequence[int]) -> dict[str, Any]:
    return {"id": name, "question": question, "candidates": list(candidates), "relevant": list(relevant)}


def test_figures_by_hand(tmp_path: Path) -> None:
    path = write(tmp_path / "c.jsonl", item("x", "x?", "abcd", [1, 3]), item("y", "y?", "ab", [0]))
    scores = {"x?": [0.9, 0.5, 0.1, 0.4], "y?": [0.2, 0.1]}
    metrics = evaluate_choice(path, lambda question, _: scores[question])
    # x ranks a, b, d, c: b is second and d third, so RR 1/2 and AP (1/2 + 2/3) / 2 = 7/12.
    assert metrics.questions == ({"id": "x", "mrr": 0.5, "map": pytest.approx(7 / 12)}, {"id": "y", "mrr": 1, "map": 1})
    assert metrics.figures["mrr"].value == pytest.approx(0.75)
    assert metrics.figures["map"].value == pytest.approx(19 / 24)
    assert metrics.figures["mrr"].n == 2
    assert (metrics.figures["mrr"].low, metrics.figures["mrr"].high) == (0.5, 1.0)


def test_equal_scores_keep_the_order_of_the_candidates_and_what_is_no_number_comes_last() -> None:
    assert relevant_ranks([0, 0, 0], [1]) == [2]
    assert relevant_ranks([math.nan, -5, math.nan, -math.inf], [0, 1]) == [1, 2]
    assert relevant_ranks([1, 3, 2], [0, 2]) == [2, 3]


def test_too_few_or_too_many_scores_are_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "c.jsonl", item("x", "x?", "abc", [0]))
    for scores in ([0.5, 0.5], [0.5] * 4):
        with pytest.raises(ValueError, match="scores"):
            evaluate_choice(path, lambda _question, _candidates, given=scores: given)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=12), st.data())
def test_metrics_stay_within_bounds_and_are_1_for_a_perfect_ranking(scores: list[float], data: st.DataObject) -> None:
    relevant = data.draw(st.lists(st.integers(0, len(scores) - 1), min_size=1, unique=True))
    ranks = relevant_ranks(scores, relevant)
    assert 0 < average_precision(ranks) <= 1
    assert 0 < reciprocal_rank(ranks) <= 1
    perfect = relevant_ranks([float(place in relevant) for place in range(len(scores))], relevant)
    assert average_precision(perfect) == reciprocal_rank(perfect) == 1


@given(st.lists(st.integers(0, 50), min_size=2, max_size=12, unique=True), st.data())
def test_ours_and_ir_measures_agree(scores: list[int], data: st.DataObject) -> None:
    ir_measures = pytest.importorskip("ir_measures", reason="ir-measures is not installed")
    relevant = data.draw(st.lists(st.integers(0, len(scores) - 1), min_size=1, unique=True))
    run = [ir_measures.ScoredDoc("q", str(place), float(score)) for place, score in enumerate(scores)]
    qrels = [ir_measures.Qrel("q", str(place), 1) for place in relevant]
    theirs = ir_measures.calc_aggregate([ir_measures.AP, ir_measures.RR], qrels, run)
    ranks = relevant_ranks(scores, relevant)
    assert average_precision(ranks) == pytest.approx(theirs[ir_measures.AP])
    assert reciprocal_rank(ranks) == pytest.approx(theirs[ir_measures.RR])


def test_every_bad_line_is_named(tmp_path: Path) -> None:
    bad = [
        {"id": "", "question": "x?", "candidates": ["a"], "relevant": [0]},
        {"id": "x", "question": "x?", "candidates": "a", "relevant": [0]},
        {"id": "x", "question": "x?", "candidates": ["a"], "relevant": []},
        {"id": "x", "question": "x?", "candidates": ["a"], "relevant": [1]},
        {"id": "x", "question": "x?", "candidates": ["a"], "relevant": [True]},
    ]
    path = tmp_path / "c.jsonl"
    path.write_text("\n".join([*map(json.dumps, bad), "[]", "{"]), encoding="utf-8")
    with pytest.raises(GoldError) as caught:
        load_choice(path)
    assert [f"line {number}:" in str(caught.value) for number in range(1, 8)] == [True] * 7


def test_an_empty_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match="holds no questions"):
        load_choice(write(tmp_path / "c.jsonl"))
    with pytest.raises(GoldError, match="check its name"):
        load_choice(tmp_path / "none.jsonl")


def test_bm25_by_hand(tmp_path: Path) -> None:
    candidates = ["Skin heals.", "Bone heals slowly, bone heals.", "Rest."]
    items = load_choice(write(tmp_path / "c.jsonl", item("x", "bone?", candidates, [1])))
    scores = bm25_scorer(items)("Does BONE, bone heal?", candidates)
    # One of 3 sentences has the word, twice in 5 words; the mean length is 8/3. Inflected "heals" is another word.
    idf = math.log(1 + 2.5 / 1.5)
    assert scores == pytest.approx([0, idf * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 5 / (8 / 3))), 0])


def test_dense_scores_are_cosines_also_of_sentences_too_long_for_the_encoder(encoder: Encoder) -> None:
    score = dense_scorer(encoder)
    long = "bone " * (encoder.max_tokens + 1)
    assert score("bone", ["bone", long, "skin heals"]) == pytest.approx([1, 1, 0])
    assert score("bone", []) == []
