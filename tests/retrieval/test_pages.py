"""What speaks for a page: its tokens where nothing is named, its names where one is. Worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from procqa.retrieval.names import Naming
from procqa.retrieval.pages import CALLED_LESS, CALLED_MORE, NAMED_LESS, NAMED_MORE, page_scores

WEIGHTS = {"page": 2.0, "named": 0.1, "called": 0.05, "literal": 0.3}


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def naming(named: np.ndarray, called: np.ndarray, literal: np.ndarray | None = None) -> Naming:
    return Naming(named, called, np.zeros_like(named) if literal is None else literal)


def test_where_nothing_is_named_tokens_tell() -> None:
    nothing = naming(floats(0, 0), floats(0, 0))
    assert page_scores(floats(0.6, 0.8), nothing, WEIGHTS).tolist() == pytest.approx([1.2, 1.6])


def test_a_name_outweighs_tokens_the_more_it_is_said() -> None:
    scores = page_scores(floats(0.6, 0.65), naming(floats(1, 0), floats(1, 0)), WEIGHTS)
    tokens = 2.0 * math.exp(-CALLED_LESS - NAMED_LESS)
    names = 0.1 * (1 + NAMED_MORE) + 0.05 * (1 + CALLED_MORE)
    assert scores.tolist() == pytest.approx([tokens * 0.6 + names, tokens * 0.65])
    assert scores[0] > scores[1]
    # Half as much of a name, squared, and tokens count more beside it.
    half = page_scores(floats(0.6, 0.65), naming(floats(1, 0), floats(0.25, 0)), WEIGHTS)
    assert half[0] - half[1] < scores[0] - scores[1]


def test_a_name_said_word_for_word_counts_by_itself() -> None:
    plain = page_scores(floats(0.6, 0.65), naming(floats(1, 1), floats(1, 0.5)), WEIGHTS)
    literal = page_scores(floats(0.6, 0.65), naming(floats(1, 1), floats(1, 0.5), floats(1, 0)), WEIGHTS)
    assert (literal - plain).tolist() == pytest.approx([0.3, 0])


def test_an_ablation_leaves_a_part_out() -> None:
    without = page_scores(floats(0.5, 0.5), naming(floats(1, 0), floats(0, 0)), {**WEIGHTS, "named": 0.0})
    assert without[0] == without[1]


def test_no_page_has_no_score() -> None:
    assert page_scores(floats(), naming(floats(), floats()), WEIGHTS).tolist() == []
