"""What a question's wording tells, and the projection that is fitted beside its heads."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from procqa.embedding import OnnxEncoder
from procqa.embedding.heads import QuestionHeads
from procqa.embedding.projection import fit_projection, sample_sentences
from procqa.engine import Engine
from procqa.index.snapshot import ENCODER
from procqa.index.versions import current_folder
from procqa.readers import CANONICAL_SECTIONS

MADE = QuestionHeads(
    ("Recovery", "Risks", "Setting"),
    np.array([[1, 0], [0, 1], [0, 0], [2, 3], [1, 1], [0, -3]], dtype=np.float32),
    np.array([0, 0, 1, -0.5, 0.25, 2], dtype=np.float32),
)
finite = st.floats(-1000, 1000, width=32)


def test_sections_are_a_softmax_and_told_is_log_odds() -> None:
    found = MADE.read(np.array([2, -1], dtype=np.float32))
    whole = math.exp(2) + math.exp(-1) + math.exp(1)
    assert found.sections == {
        "Recovery": pytest.approx(2 - math.log(whole), abs=1e-6),
        "Risks": pytest.approx(-1 - math.log(whole), abs=1e-6),
        "Setting": pytest.approx(1 - math.log(whole), abs=1e-6),
    }
    assert found.told == pytest.approx(2 * 2 + 3 * -1 - 0.5)
    assert found.named == pytest.approx(2 - 1 + 0.25)
    assert found.whole == pytest.approx(3 + 2)


@given(
    weights=arrays(np.float32, (7, 3), elements=finite),
    bias=arrays(np.float32, 7, elements=finite),
    vector=arrays(np.float32, 3, elements=st.floats(-1, 1, width=32)),
)
def test_probabilities_sum_to_one(weights: np.ndarray, bias: np.ndarray, vector: np.ndarray) -> None:
    before = vector.copy()
    found = QuestionHeads(("A", "B", "C", "D"), weights, bias).read(vector).sections
    assert list(found) == ["A", "B", "C", "D"]
    assert sum(math.exp(value) for value in found.values()) == pytest.approx(1, abs=1e-5)
    assert all(value <= 1e-6 for value in found.values())
    np.testing.assert_array_equal(vector, before)


def test_heads_are_kept_with_their_encoder(tmp_path: Path) -> None:
    assert QuestionHeads.load(tmp_path) is None
    MADE.save(tmp_path)
    found = QuestionHeads.load(tmp_path)
    assert found is not None
    assert found.sections == MADE.sections
    np.testing.assert_array_equal(found.weights, MADE.weights)
    np.testing.assert_array_equal(found.bias, MADE.bias)


@pytest.mark.parametrize("missing", [1, 2])
def test_heads_of_an_older_index_say_nothing_of_what_they_do_not_know(missing: int, tmp_path: Path) -> None:
    QuestionHeads(MADE.sections, MADE.weights[:-missing], MADE.bias[:-missing]).save(tmp_path)
    found = QuestionHeads.load(tmp_path)
    assert found is not None
    vector = np.array([2, -1], dtype=np.float32)
    wording, whole = found.read(vector), MADE.read(vector)
    assert (wording.sections, wording.told) == (whole.sections, whole.told)
    assert (wording.named, wording.whole) == (whole.named if missing == 1 else 0.0, 0.0)


@pytest.fixture(scope="module")
def fitted(real_index: Path) -> QuestionHeads:
    """The heads that were exported with the real encoder."""
    folder = current_folder(real_index)
    assert folder is not None
    heads = QuestionHeads.load(folder / ENCODER)
    assert heads is not None
    return heads


@pytest.mark.model
def test_a_fit_knows_every_canonical_section(fitted: QuestionHeads, real_encoder: OnnxEncoder) -> None:
    assert set(fitted.sections) == set(CANONICAL_SECTIONS)
    assert fitted.weights.shape == (len(fitted.sections) + 3, real_encoder.dimensions)
    assert fitted.weights.dtype == fitted.bias.dtype == np.float32


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "section"),
    [
        ("who will do it", "Personnel"),
        ("Who will be in the room?", "Personnel"),
        ("What could go wrong?", "Risks and Complications"),
        ("When can I drive again?", "Recovery"),
        ("Can I eat beforehand?", "Preparation"),
        ("Are there other options?", "Alternatives"),
        ("Is it done in a hospital or a clinic?", "Setting"),
        ("How many minutes does it take?", "Duration"),
        ("Will it hurt?", "Patient Experience"),
    ],
)
def test_plain_questions_find_their_section(
    question: str, section: str, fitted: QuestionHeads, real_encoder: OnnxEncoder
) -> None:
    found = fitted.read(real_encoder.encode_question(question).vector).sections
    assert max(found, key=found.__getitem__) == section
    assert sum(math.exp(value) for value in found.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.model
def test_what_pages_tell_is_told_from_what_none_does(fitted: QuestionHeads, real_encoder: OnnxEncoder) -> None:
    def told(question: str) -> float:
        return fitted.read(real_encoder.encode_question(question).vector).told

    every_page = [told("What are the risks of a hip replacement?"), told("Who carries out a hip replacement?")]
    some_pages = [told("May I drink wine the evening after a hip replacement?")]
    no_page = [told("Write a limerick about my dog."), told("How much is a taxi to the station?")]
    assert min(every_page) > 0 > max(some_pages) and max(no_page) < 0


def test_a_projection_is_a_rotation_onto_fewer_dimensions() -> None:
    spread = np.linspace(1, 4, 16)
    tokens = (np.random.default_rng(7).normal(size=(500, 16)) * spread).astype(np.float32)
    whole, fewer = fit_projection(tokens, 16), fit_projection(tokens, 5)
    assert (whole.shape, fewer.shape, fewer.dtype) == ((16, 16), (16, 5), np.float32)
    np.testing.assert_allclose(whole.T @ whole, np.eye(16), atol=1e-5)
    np.testing.assert_array_equal(fewer, whole[:, :5])
    held = ((tokens @ whole) ** 2).sum(axis=0)
    assert (np.diff(held) <= 1e-3 * held[0]).all(), "each direction holds no more than the one before"
    assert held[0] > 2 * held[-1]
    np.testing.assert_array_equal(fit_projection(tokens, 16), whole)


def test_the_projection_is_fitted_on_whole_sentences() -> None:
    sentences = sample_sentences()
    assert len(sentences) > 200
    assert all(sentence.strip() == sentence != "" for sentence in sentences)


@pytest.mark.model
def test_a_name_is_told_from_a_description(fitted: QuestionHeads, real_encoder: OnnxEncoder) -> None:
    named = ("How long is recovery after a vasectomy?", "Booked for a TURP.\nWhen can I drive?")
    described = (
        "they're snipping the tubes so he can't have kids, when is he back at work",
        "a camera goes up where I wee to shave the gland.\nWhen can I drive?",
    )
    for text in named:
        assert fitted.read(real_encoder.encode_question(text).vector).named > 1
    for text in described:
        assert fitted.read(real_encoder.encode_question(text).vector).named < -1


@pytest.mark.model
def test_where_a_name_is_said_that_is_not_the_pages_it_is_misnamed(real_index: Path) -> None:
    engine = Engine.open(real_index)
    title = engine.titles()[0][1]
    found = {
        asked: engine.examine(asked) for asked in (f"How long does {title} take?", "How long does a vasectomy take?")
    }
    evidence = [examined[0] for examined in found.values() if examined is not None]
    right, wrong = evidence
    assert right.names > 1
    assert right.misnamed == 0.0
    assert right.uncalled < 0.1
    assert wrong.names > 1
    assert wrong.misnamed > 0.7
    assert wrong.uncalled > 0.7
    engine.close()


@pytest.mark.model
def test_what_asks_for_a_whole_list_is_told_from_what_asks_for_one_fact(
    fitted: QuestionHeads, real_encoder: OnnxEncoder
) -> None:
    def whole(question: str) -> float:
        return fitted.read(real_encoder.encode_question(question).vector).whole

    lists = (
        "Who will be looking after me?",
        "Who is suitable for a skin graft?",
        "bunion surgery, what might go wrong",
    )
    facts = ("When can I drive?", "How long does it take?", "Do I stop warfarin?", "What is the chance of infection?")
    assert min(map(whole, lists)) > 0 > max(map(whole, facts))
