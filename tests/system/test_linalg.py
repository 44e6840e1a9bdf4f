"""Decompositions by one thread: numpy's values, and the threads that numpy has meanwhile."""

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

from gan_jax.system import linalg

MATRIX = np.random.default_rng(0).normal(size=(7, 4))
SYMMETRIC = MATRIX.T @ MATRIX
CALLS = {
    "eigvalsh": lambda: linalg.eigvalsh(SYMMETRIC),
    "eigh": lambda: linalg.eigh(SYMMETRIC),
    "svd": lambda: linalg.singular_values(MATRIX),
    "qr": lambda: linalg.triangle(MATRIX),
    "lstsq": lambda: linalg.least_squares(MATRIX, MATRIX[:, :2]),
}


def threads() -> set[int]:
    """Of numpy's BLAS; scipy has another, which it may have loaded."""
    pools = ThreadpoolController().select(user_api="blas").info()
    return {pool["num_threads"] for pool in pools if "numpy" in pool["filepath"]}


@pytest.mark.parametrize("name", CALLS)
def test_numpy_has_one_thread_while_it_decomposes_and_all_of_them_afterwards(name, monkeypatch):
    seen, plain = [], getattr(np.linalg, name)

    def watched(*given, **named):
        seen.append(threads())
        return plain(*given, **named)

    monkeypatch.setattr(np.linalg, name, watched)
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        CALLS[name]()
        assert threads() == {2}
    assert seen == [{1}]


def test_the_values_are_those_of_the_decomposition():
    values, vectors = linalg.eigh(SYMMETRIC)
    np.testing.assert_allclose(vectors * values @ vectors.T, SYMMETRIC, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(linalg.eigvalsh(SYMMETRIC), values, rtol=1e-12)
    np.testing.assert_allclose(linalg.singular_values(MATRIX) ** 2, values[::-1], rtol=1e-12)
    upper = linalg.triangle(MATRIX)
    np.testing.assert_allclose(upper.T @ upper, SYMMETRIC, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(linalg.least_squares(MATRIX, MATRIX), np.eye(4), atol=1e-12)
