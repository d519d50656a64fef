"""Which words of a question tell the page, and which the line: worked by hand over two tokens and two pages."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from procqa.embedding import Encoded
from procqa.retrieval.query import Query, read_query
from procqa.retrieval.telling import (
    ASKED,
    EARLIER,
    KNOWN,
    KNOWN_APART,
    LINE_APART,
    LINE_KNOWN,
    LINE_NAMES,
    tells_line,
    tells_page,
)

# "hose pain": two words of content.
QUERY = read_query("hose pain")
TOKENS = Encoded(np.zeros(2), np.zeros((2, 2)), np.array([[0, 4], [5, 9]], dtype=np.int32))


def test_a_word_that_one_page_knows_tells_the_page() -> None:
    # One page knows the hose and the other does not; both know pain as well.
    weights = tells_page(QUERY, TOKENS, np.array([[0.9, 0.1], [0.7, 0.7]], dtype=np.float32))
    hose = math.exp(KNOWN * 0.9 + KNOWN_APART * 0.4)
    pain = math.exp(KNOWN * 0.7)
    assert weights.tolist() == pytest.approx([hose / (hose + pain), pain / (hose + pain)], abs=1e-5)
    assert weights[0] > 0.75


def test_what_is_asked_and_what_was_said_before_tell_less() -> None:
    alike = np.full((2, 2), 0.5, dtype=np.float32)
    # The first word was said before; then the second alone is asked.
    followed = tells_page(Query("pain", "hose pain", said_before=5, earlier=("hose",)), TOKENS, alike)
    ratio = math.exp(EARLIER - ASKED)
    assert followed.tolist() == pytest.approx([ratio / (1 + ratio), 1 / (1 + ratio)], abs=1e-5)
    # In one message, the word that stands around what is asked tells more of the page.
    around = tells_page(Query("pain", "hose pain"), TOKENS, alike)
    assert around[0] > around[1]


def test_a_word_that_tells_the_page_tells_no_line() -> None:
    # Lines 0 and 1 are of the first page, line 2 of the second. Only the first page knows the hose, in each line alike.
    best = np.array([[0.9, 0.9, 0.1], [0.8, 0.2, 0.5]], dtype=np.float32)
    weights = tells_line(QUERY, TOKENS, best, np.array([0, 2]))
    hose = math.exp(LINE_KNOWN * 0.9 + LINE_NAMES * 0.4)
    pain = math.exp(LINE_KNOWN * 0.8 + LINE_APART * 0.3 + LINE_NAMES * 0.15)
    assert weights[:, 0].tolist() == pytest.approx([hose / (hose + pain), pain / (hose + pain)], abs=1e-5)
    assert weights[0, 0] < 0.15
    # The second page has one line, so that none of its words tells one.
    assert weights.shape == (2, 2)


cosines = st.floats(-1, 1, width=32)


@given(best=arrays(np.float32, (2, 6), elements=cosines), first=st.sampled_from([[0], [0, 2], [0, 1, 5]]))
def test_weights_are_shares(best: np.ndarray, first: list[int]) -> None:
    pages = np.array(first)
    of_page = tells_page(QUERY, TOKENS, np.maximum.reduceat(best, pages, axis=1))
    of_lines = tells_line(QUERY, TOKENS, best, pages)
    assert of_lines.shape == (2, len(pages))
    assert (of_page > 0).all()
    assert (of_lines > 0).all()
    assert of_page.sum() == pytest.approx(1, abs=1e-5)
    assert of_lines.sum(axis=0) == pytest.approx(np.ones(len(pages)), abs=1e-5)
