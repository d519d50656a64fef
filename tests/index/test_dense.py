"""Vectors in large numbers: candidates from lists, exact scores, and a recall that is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from procqa.embedding.encoder import FloatArray
from procqa.index.dense import RECALL_WANTED, DenseIndex, DenseWriter

COUNT, DIMENSIONS = 6000, 24


def unit(vectors: FloatArray) -> FloatArray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def vectors() -> FloatArray:
    """Points around two hundred centres, as passages stand around their subjects; of numbers in half precision."""
    numbers = np.random.default_rng(7)
    centres = numbers.normal(size=(200, DIMENSIONS))
    points = unit(centres[numbers.integers(0, 200, COUNT)] + 0.35 * numbers.normal(size=(COUNT, DIMENSIONS)))
    return points.astype(np.float16).astype(np.float32)


@pytest.fixture(scope="module")
def questions(vectors: FloatArray) -> FloatArray:
    numbers = np.random.default_rng(8)
    return unit(vectors[::100] + 0.2 * numbers.normal(size=(len(vectors[::100]), DIMENSIONS)))


def write(folder: Path, vectors: FloatArray, questions: FloatArray) -> dict[str, object]:
    with DenseWriter(folder, DIMENSIONS) as writer:
        for first in range(0, len(vectors), 1000):
            writer.add(vectors[first : first + 1000])
    return writer.finish(lambda: questions, lambda count: None, exact_up_to=5000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, vectors: FloatArray, questions: FloatArray) -> Path:
    folder = tmp_path_factory.mktemp("dense")
    search = write(folder, vectors, questions)
    assert search["kind"] == "IVF256,SQ8"
    assert search["questions"] == len(questions)
    assert search["recall_at_10"] >= RECALL_WANTED  # type: ignore[operator]
    assert search["nprobe"] < 256  # type: ignore[operator]
    return folder


def test_a_large_index_finds_what_comparing_all_finds(folder: Path, vectors: FloatArray, questions: FloatArray) -> None:
    index = DenseIndex(folder)
    assert (len(index), index.dimensions) == (COUNT, DIMENSIONS)
    found = 0
    for question in questions:
        rows, scores = index.search(question, 10)
        np.testing.assert_allclose(scores, vectors[rows] @ question, atol=1e-6)  # exact, not of the byte vectors
        assert (np.diff(scores) <= 0).all()
        found += len(np.intersect1d(rows, np.argsort(-(vectors @ question))[:10]))
    assert found / (10 * len(questions)) >= 0.98
    np.testing.assert_array_equal(index.vectors(np.array([5999, 0])), vectors[[5999, 0]])


@pytest.mark.parametrize("step", [2, 50, 2000])
def test_a_filter_holds_before_the_search(
    step: int, folder: Path, vectors: FloatArray, questions: FloatArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = DenseIndex(folder)
    allowed = np.arange(0, COUNT, step)
    for most_compared in (65_536, 100):
        monkeypatch.setattr("procqa.index.dense._BLOCK", most_compared)
        for question in questions[:5]:
            rows, _ = index.search(question, 10, allowed)
            assert set(rows) <= set(allowed.tolist())
            wanted = allowed[np.argsort(-(vectors[allowed] @ question))[:10]]
            assert len(np.intersect1d(rows, wanted)) >= min(9, len(wanted))


def test_the_same_vectors_give_the_same_file(
    folder: Path, vectors: FloatArray, questions: FloatArray, tmp_path: Path
) -> None:
    write(tmp_path, vectors, questions)
    for name in ("vectors.faiss", "vectors.f32"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_a_small_index_compares_all(tmp_path: Path, vectors: FloatArray, questions: FloatArray) -> None:
    assert write(tmp_path, vectors[:5000], questions) == {"kind": "exact"}
    assert [path.name for path in tmp_path.iterdir()] == ["vectors.faiss"]


def test_vectors_are_kept_to_within_half_precision(tmp_path: Path, vectors: FloatArray, questions: FloatArray) -> None:
    jittered = unit(vectors[:4000] + 0.001)
    write(tmp_path, jittered, questions)
    index = DenseIndex(tmp_path)
    kept = index.vectors(np.arange(4000))
    np.testing.assert_array_equal(kept, jittered.astype(np.float16))
    for question in questions:
        rows, scores = index.search(question, 10)
        np.testing.assert_allclose(scores, kept[rows] @ question, atol=1e-6)
        np.testing.assert_allclose(scores, jittered[rows] @ question, atol=1e-3)
        assert len(np.intersect1d(rows, np.argsort(-(kept @ question))[:10])) >= 9  # ties at the border
