"""Late interaction: each question token's nearest token in a line, its title or its heading."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from procqa.embedding import Encoded, Encoder
from procqa.index.tokens import CONTEXT, Tokens
from procqa.retrieval import interaction
from procqa.retrieval.interaction import FUNCTION_WEIGHT, compare_lines, token_weights, word_weights

# Tokens of one passage: (line, vector), context first and lines in order.
Passage = list[tuple[int, list[float]]]
ASKED = np.array([[1, 0], [0, 1]], dtype=np.float32)


def tokens_of(passages: list[Passage], dimensions: int = 2) -> Tokens:
    flat = [(place, line, vector) for place, passage in enumerate(passages) for line, vector in passage]
    return Tokens(
        np.array([vector for _, _, vector in flat], dtype=np.float32).reshape(-1, dimensions),
        np.array([place for place, _, _ in flat], dtype=np.int64),
        np.array([line for _, line, _ in flat], dtype=np.int16),
    )


def compared(passages: list[Passage], question: np.ndarray = ASKED) -> dict[tuple[int, int], list[float]]:
    """The best cosines of each (passage, line)."""
    similar = compare_lines(question, tokens_of(passages, question.shape[1]))
    assert similar.best.shape == (len(question), len(similar.passages)) == (len(question), len(similar.lines))
    places = zip(similar.passages.tolist(), similar.lines.tolist(), strict=True)
    return dict(zip(places, similar.best.T.tolist(), strict=True))


def test_a_token_finds_its_nearest_in_a_line() -> None:
    # 0.6 * 1 + 0.8 * 0 and 0.6 * 0 + 0.8 * 1 against the first line, 1 and 0 against the second.
    found = compared([[(0, [0.6, 0.8]), (0, [0.8, 0.6]), (1, [1, 0])]])
    assert found == {(0, 0): pytest.approx([0.8, 0.8]), (0, 1): pytest.approx([1, 0])}


def test_title_and_heading_speak_for_every_line_of_their_passage_alone() -> None:
    first: Passage = [(CONTEXT, [0.6, 0.8]), (0, [1, 0]), (1, [0, 1])]
    second: Passage = [(0, [-1, 0]), (1, [0, -1])]
    assert compared([first, second]) == {
        (0, 0): pytest.approx([1, 0.8]),
        (0, 1): pytest.approx([0.6, 1]),
        (1, 0): pytest.approx([-1, 0]),
        (1, 1): pytest.approx([0, -1]),
    }


def test_passages_keep_their_places_when_one_has_no_line_or_no_token() -> None:
    only_title: Passage = [(CONTEXT, [1, 0])]
    assert compared([only_title, [(2, [0, 1])], [], [(0, [1, 0])], only_title]) == {
        (1, 2): pytest.approx([0, 1]),
        (3, 0): pytest.approx([1, 0]),
    }


def test_equal_line_numbers_of_neighbouring_passages_stay_apart() -> None:
    assert compared([[(0, [1, 0])], [(0, [0, 1])]]) == {(0, 0): pytest.approx([1, 0]), (1, 0): pytest.approx([0, 1])}


def test_nothing_beside_a_question_and_a_question_of_nothing() -> None:
    assert compared([]) == compared([[(CONTEXT, [1, 0])]]) == {}
    assert compare_lines(ASKED, tokens_of([])).best.shape == (2, 0)
    nothing = np.zeros((0, 2), dtype=np.float32)
    assert compared([[(0, [1, 0])]], nothing) == {(0, 0): []}


parts = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.75, 1.0])
vectors = st.lists(parts, min_size=3, max_size=3)
passages = st.lists(
    st.lists(st.tuples(st.integers(CONTEXT, 4), vectors), max_size=8).map(
        lambda all_: sorted(all_, key=lambda x: x[0])
    ),
    max_size=5,
)


@given(passages=passages, question=arrays(np.float32, st.tuples(st.integers(0, 4), st.just(3)), elements=parts))
def test_it_is_a_plain_double_loop(passages: list[Passage], question: np.ndarray) -> None:
    expected = {}
    for place, passage in enumerate(passages):
        for line in {line for line, _ in passage} - {CONTEXT}:
            near = [vector for owner, vector in passage if owner in (line, CONTEXT)]
            expected[place, line] = [max(float(np.dot(asked, vector)) for vector in near) for asked in question]
    # A cosine is never below -1, and a passage without title is given that for its title.
    expected = {place: pytest.approx([max(value, -1.0) for value in best]) for place, best in expected.items()}
    in_reach = {place: [max(value, -1.0) for value in best] for place, best in compared(passages, question).items()}
    assert in_reach == expected


def test_words_of_content_count_more(encoder: Encoder) -> None:
    question = "How are my knees?"
    weights = token_weights(question, encoder.encode_question(question))
    assert FUNCTION_WEIGHT == 0.3
    assert weights.tolist() == pytest.approx([0.3 / 1.9, 0.3 / 1.9, 0.3 / 1.9, 1 / 1.9])


def test_signs_count_as_little_as_function_words() -> None:
    encoded = Encoded(np.zeros(2), np.zeros((3, 2)), np.array([[0, 3], [4, 8], [8, 9]], dtype=np.int32))
    assert token_weights("THE knee?", encoded).tolist() == pytest.approx([0.3 / 1.6, 1 / 1.6, 0.3 / 1.6])


def test_what_was_said_before_counts_its_share(encoder: Encoder) -> None:
    said = "knee\nhip pain"
    weights = word_weights(said, encoder.encode_question(said).offsets.tolist(), len("knee\n"), 0.5)
    assert weights.tolist() == pytest.approx([0.5, 1, 1])


@given(text=st.text(max_size=60))
def test_weights_are_shares(text: str, encoder: Encoder) -> None:
    encoded = encoder.encode_question(text)
    weights = token_weights(text, encoded)
    assert weights.shape == (len(encoded.tokens),)
    assert (weights > 0).all()
    assert not len(weights) or weights.sum() == pytest.approx(1, abs=1e-5)


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=12), at_once=st.integers(1, 20), seed=st.integers(0, 99)
)
def test_lines_are_compared_alike_however_many_tokens_at_once(lengths: list[int], at_once: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    count = sum(lengths)
    tokens = Tokens(
        chance.integers(-127, 128, (count, 8), dtype=np.int8),
        np.repeat(np.arange(len(lengths)), lengths),
        np.zeros(count, dtype=np.int16),
        127.0,
    )
    question = chance.normal(size=(3, 8)).astype(np.float32)
    whole = compare_lines(question, tokens)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(interaction, "AT_ONCE", at_once)
        parts = compare_lines(question, tokens)
    assert np.array_equal(whole.best, parts.best)
    assert np.array_equal(whole.passages, parts.passages)
