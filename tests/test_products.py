"""Products of bytes and floats in whole numbers are those of floats, to the digits that are promised."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from procqa.embedding.products import byte_products


def products(vectors: np.ndarray, floats: np.ndarray) -> np.ndarray:
    whole, factors = byte_products(vectors, floats)
    assert whole.shape == (len(vectors), len(floats))
    return whole * factors


def test_a_hand_worked_product() -> None:
    # 127 * 0.5 - 127 * 0.25 = 31.75, and -128 * 0.5 + 3 * 0.25 = -63.25
    vectors = np.array([[127, -127], [-128, 3]], dtype=np.int8)
    found = products(vectors, np.array([[0.5, 0.25]], dtype=np.float32))
    np.testing.assert_allclose(found, [[31.75], [-63.25]], atol=0.01)


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(0, 40),
    dimensions=st.sampled_from([1, 3, 16, 128, 384]),
    asked=st.integers(1, 20),
    size=st.sampled_from([1e-6, 1.0, 1e4]),
)
def test_they_are_the_products_of_floats(seed: int, rows: int, dimensions: int, asked: int, size: float) -> None:
    numbers = np.random.default_rng(seed)
    vectors = numbers.integers(-128, 128, (rows, dimensions)).astype(np.int8)
    floats = (numbers.normal(size=(asked, dimensions)) * size).astype(np.float32)
    # Each number of a float vector is off by at most a 15,000th of the greatest, and a byte is at most 128.
    most = np.abs(floats).max(axis=1) / 15_000 * 128 * dimensions
    assert (np.abs(products(vectors, floats) - vectors.astype(np.float64) @ floats.T) <= most + 1e-5 * size).all()


def test_the_extremes_do_not_overflow() -> None:
    vectors = np.full((2, 384), -128, dtype=np.int8)
    np.testing.assert_allclose(products(vectors, np.ones((1, 384), np.float32)), -128 * 384, rtol=1e-5)


def test_nothing_and_zeros_have_products_of_zero() -> None:
    assert products(np.zeros((0, 4), np.int8), np.ones((2, 4), np.float32)).shape == (0, 2)
    assert (products(np.full((3, 4), 9, np.int8), np.zeros((2, 4), np.float32)) == 0).all()
