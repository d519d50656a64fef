"""Token vectors on disk: whose each token is, and how exactly it comes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from procqa.embedding import Encoded, Encoder, OnnxEncoder
from procqa.index.tokens import CONTEXT, TokenIndex, TokenWriter, owned_tokens
from procqa.passages import embedded_prefix, split_document
from procqa.types import Document, Line, Passage, Section

BODY = "You rest. You eat 😀.\n\n  • Pain (2.5 cm)\n  - It’s swollen.\n  1. Sit\n"


def passages_of(body: str, encoder: Encoder, size: int = 180) -> list[tuple[Passage, str, str]]:
    """The passages of a page with one section, the text that is embedded before each, and their words."""
    text = f"Hand repair\nRecovery\n{body}"
    start = len("Hand repair\nRecovery\n")
    page = Document("hand", "Hand repair", text, (Section("Recovery", "Recovery", start, len(text)),), "")
    prefix = embedded_prefix(page.title, "Recovery", encoder)
    return [(p, prefix, text[p.start : p.end]) for p in split_document(page, encoder, size)]


def check_owners(body: str, encoder: Encoder, size: int = 180) -> None:
    """Every word of a line belongs to that line, title and heading to none, and bullets are left out."""
    for passage, prefix, words in passages_of(body, encoder, size):
        (encoded,) = encoder.encode_documents([prefix + words])
        vectors, owners = owned_tokens(encoded, passage, len(prefix))
        expected: list[tuple[int, np.ndarray]] = []
        for (_, last), vector in zip(encoded.offsets.tolist(), encoded.tokens, strict=True):
            place = last - 1 - len(prefix) + passage.start  # its last character: some tokens begin with a space
            inside = [n for n, line in enumerate(passage.lines) if line.start <= place < line.end]
            if last <= len(prefix):
                expected.append((CONTEXT, vector))
            elif inside:
                expected.append((inside[0], vector))
        assert owners.tolist() == [owner for owner, _ in expected]
        np.testing.assert_allclose(vectors / 127, [vector for _, vector in expected], atol=1 / 127)
        assert set(owners.tolist()) <= {CONTEXT, *range(len(passage.lines))}


def test_whose_each_token_is(encoder: Encoder) -> None:
    ((passage, prefix, words),) = passages_of(BODY, encoder)
    (encoded,) = encoder.encode_documents([prefix + words])
    _, owners = owned_tokens(encoded, passage, len(prefix))
    # Hand repair Recovery | You rest | You eat | Pain 2 5 cm | It s swollen | Sit; the number before Sit is a bullet.
    assert owners.tolist() == [CONTEXT] * 3 + [0, 0, 1, 1] + [2] * 4 + [3] * 3 + [4]


def test_a_token_that_begins_with_the_space_before_it_is_its_words() -> None:
    passage = Passage("p", "d", "A", "B", "B", 10, 21, (Line(10, 15, 0, False), Line(16, 21, 0, False)))
    tokens = np.eye(4, dtype=np.float32)
    offsets = np.array([[0, 1], [1, 3], [3, 9], [9, 15]], dtype=np.int32)  # of "A\nB\nRests Walks"
    _, owners = owned_tokens(Encoded(tokens[0], tokens, offsets), passage, 4)
    assert owners.tolist() == [CONTEXT, CONTEXT, 0, 1]


pieces = st.sampled_from(
    (
        "Rest 😀.",
        "It’s 2.5 cm.",
        "- Pain",
        "• Swelling",
        "1. Sit",
        "You eat.",
        "\n",
        "心臓病。",
        "a\u0301 b",
        "(e.g. tea)",
    )
)
bodies = st.lists(pieces, min_size=1, max_size=25).map(" \n".join).filter(str.strip)


@settings(deadline=None)
@given(body=bodies, size=st.sampled_from([12, 180]))
def test_every_word_is_owned_by_its_line(body: str, size: int, encoder: Encoder) -> None:
    check_owners(body, encoder, size)


@pytest.mark.model
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=bodies)
def test_every_word_is_owned_by_its_line_with_the_real_encoder(body: str, real_encoder: OnnxEncoder) -> None:
    check_owners(body, real_encoder)


@st.composite
def stored(draw: st.DrawFn) -> list[tuple[np.ndarray, np.ndarray]]:
    """Passages as they are stored; some have no token."""
    counts = draw(st.lists(st.integers(0, 4), min_size=1, max_size=6))
    return [
        (
            draw(arrays(np.int8, (count, 3), elements=st.integers(-127, 127))),
            draw(arrays(np.int16, count, elements=st.integers(CONTEXT, 300))),
        )
        for count in counts
    ]


def write(folder: Path, passages: list[tuple[np.ndarray, np.ndarray]]) -> TokenIndex:
    with TokenWriter(folder, "tokens") as writer:
        for vectors, lines in passages:
            writer.add(vectors, lines)
    return TokenIndex(folder, "tokens", 3)


@given(passages=stored(), data=st.data())
def test_what_is_gathered_is_what_each_passage_holds(
    passages: list[tuple[np.ndarray, np.ndarray]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    index = write(tmp_path_factory.mktemp("tokens"), passages)
    for row, (vectors, lines) in enumerate(passages):
        np.testing.assert_array_equal(index.of(row)[0], vectors)
        np.testing.assert_array_equal(index.of(row)[1], lines)
    rows = data.draw(st.lists(st.integers(0, len(passages) - 1), max_size=8))
    gathered = index.gather(np.array(rows, dtype=np.int64))
    assert gathered.vectors.dtype == np.int8
    assert gathered.vectors.shape[1] == 3
    assert gathered.scale == 127
    for place, row in enumerate(rows):
        own = gathered.texts == place
        np.testing.assert_array_equal(gathered.vectors[own], passages[row][0])
        np.testing.assert_array_equal(gathered.lines[own], passages[row][1])
    assert (np.diff(gathered.texts) >= 0).all()
    assert len(gathered.texts) == len(gathered.lines) == len(gathered.vectors) == sum(len(passages[r][0]) for r in rows)


@given(vector=arrays(np.float32, 3, elements=st.floats(-1, 1, width=32)))
def test_a_unit_vector_comes_back_to_within_a_step(
    vector: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> None:
    unit = (vector / max(float(np.linalg.norm(vector)), 1e-9))[None, :]
    passage = Passage("p", "d", "", "", "", 0, 1, (Line(0, 1, 0, False),))
    encoded = Encoded(unit[0], unit, np.array([[0, 1]], dtype=np.int32))
    index = write(tmp_path_factory.mktemp("tokens"), [owned_tokens(encoded, passage, 0)])
    gathered = index.gather(np.array([0]))
    back = gathered.vectors / np.float32(gathered.scale)
    assert np.abs(back - unit).max() <= 0.5 / 127 + 1e-6
    assert abs(float(back[0] @ unit[0]) - float(unit[0] @ unit[0])) <= 1 / 127
