"""How well pages and lines know the words of a question: worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from procqa.embedding import Encoded
from procqa.retrieval.query import Query, read_query
from procqa.retrieval.signals import explained, weakest


def encoded(*offsets: tuple[int, int]) -> Encoded:
    return Encoded(np.zeros(2), np.zeros((len(offsets), 2)), np.array(offsets, dtype=np.int32).reshape(-1, 2))


def floats(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


# "the hose hurts him": "the" and "him" are no words of content.
QUERY, TOKENS = read_query("the hose hurts him"), encoded((0, 3), (4, 8), (9, 14), (15, 18))
BEST = floats([0.1, 0.2], [0.9, 0.4], [0.5, 0.6], [0.0, 0.3])


def test_the_weakest_third_of_content_is_what_a_page_knows_least() -> None:
    assert weakest(QUERY, TOKENS, BEST).tolist() == pytest.approx([0.5, 0.4])


def test_what_was_said_before_is_not_asked_of_a_page_unless_nothing_else_is_said() -> None:
    said = Query("hurts him", "hose hurts him", said_before=5, earlier=("hose",))
    tokens = encoded((0, 4), (5, 10), (11, 14))
    assert weakest(said, tokens, floats([0.1], [0.8], [0.0])).tolist() == pytest.approx([0.8])
    only = Query("the", "hose the", said_before=5, earlier=("hose",))
    assert weakest(only, encoded((0, 4), (5, 8)), floats([0.1], [0.8])).tolist() == pytest.approx([0.1])


def test_the_best_line_of_each_passage_is_explained() -> None:
    # Passages of two lines, none and one; of the first the second line is best.
    best = floats([0.1, 0.2, 0.3], [0.9, 0.4, 0.2], [0.5, 0.6, 0.1], [0.0, 0.3, 0.4])
    signals = explained(QUERY, TOKENS, best, np.array([1.0, 2.0, 0.5], dtype=np.float32), np.array([0, 2, 2, 3]))
    # Weights 0.3, 1, 1 and 0.3, by their sum of 2.6; of two words of content the better known one is the third.
    first, last = (0.06 + 0.4 + 0.6 + 0.09) / 2.6, (0.09 + 0.2 + 0.1 + 0.12) / 2.6
    assert signals["evenly"].tolist() == pytest.approx([first, 0, last])
    assert signals["surely"].tolist() == pytest.approx([0.6, 0, 0.2])


def test_of_equal_lines_the_first_is_explained() -> None:
    best = floats([0.1, 0.2], [0.9, 0.4], [0.5, 0.6], [0.0, 0.3])
    signals = explained(QUERY, TOKENS, best, np.array([1.0, 1.0], dtype=np.float32), np.array([0, 2]))
    assert signals["surely"].tolist() == pytest.approx([0.9])


def test_where_nothing_is_asked_nothing_is_explained() -> None:
    nothing = explained(QUERY, encoded(), np.zeros((0, 2), np.float32), np.ones(2, np.float32), np.array([0, 2]))
    assert {name: values.tolist() for name, values in nothing.items()} == {"evenly": [0], "surely": [0]}
