"""Logarithms and exponentials of SPD matrices against SciPy and the laws of the log-Euclidean distance."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engines.spd.matrices import eigen, exponential, first_fault, logarithm, side_of, stack_of, vectors_of
from tests.signals import random_spd

SIDES = st.integers(1, 6)
SEEDS = st.integers(0, 2**31 - 1)


def distances(X, W):
    """‖log X - log W‖²_F of pairs."""
    return ((vectors_of(logarithm(X)) - vectors_of(logarithm(W))) ** 2).sum(axis=1)


@pytest.mark.filterwarnings("ignore:logm result may be inaccurate:RuntimeWarning")  # by 5e-13, SciPy says, of 1e-10
@settings(max_examples=15)  # SciPy's logarithm takes a while
@given(SIDES, SEEDS)
@example(5, 517)
def test_logarithm_and_exponential_are_those_of_scipy_and_undo_each_other(k, seed):
    X = random_spd(4, k, seed)
    S = logarithm(X)
    np.testing.assert_allclose(S, [scipy.linalg.logm(x) for x in X], atol=1e-10)
    np.testing.assert_allclose(exponential(S), X, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(exponential(S), [scipy.linalg.expm(s) for s in S], rtol=1e-10, atol=1e-12)
    assert np.array_equal(S, S.swapaxes(1, 2))
    assert np.array_equal(exponential(S), exponential(S).swapaxes(1, 2))


@given(SIDES, SEEDS)
def test_vectors_keep_distances_and_come_back_as_matrices(k, seed):
    S, T = logarithm(random_spd(3, k, seed)), logarithm(random_spd(3, k, seed + 1))
    u, v = vectors_of(S), vectors_of(T)
    assert u.shape == (3, k * (k + 1) // 2)
    np.testing.assert_allclose(((u - v) ** 2).sum(axis=1), ((S - T) ** 2).sum(axis=(1, 2)), rtol=1e-12)
    np.testing.assert_allclose(stack_of(u), S, rtol=1e-15)


@given(SIDES, SEEDS)
def test_the_distance_does_not_change_under_rotation_scaling_and_inversion(k, seed):
    X, W = random_spd(3, k, seed), random_spd(3, k, seed + 1)
    d = distances(X, W)
    Q = np.linalg.qr(np.random.default_rng(seed).normal(size=(k, k)))[0]
    np.testing.assert_allclose(distances(Q @ X @ Q.T, Q @ W @ Q.T), d, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(distances(1e-3 * X, 1e-3 * W), d, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(distances(np.linalg.inv(X), np.linalg.inv(W)), d, rtol=1e-8, atol=1e-10)


def test_the_logarithm_of_a_diagonal_matrix_is_that_of_its_diagonal():
    diagonals = np.random.default_rng(0).uniform(0.1, 9, (5, 3))
    S = logarithm(diagonals[:, None] * np.eye(3))
    np.testing.assert_allclose(S, np.log(diagonals)[:, None] * np.eye(3), atol=1e-14)


def test_shrinkage_moves_eigenvalues_towards_their_mean():
    X = random_spd(4, 3)
    for rho in (0.0, 0.3, 1.0):
        shrunk = (1 - rho) * X + rho * np.trace(X, axis1=1, axis2=2)[:, None, None] / 3 * np.eye(3)
        np.testing.assert_allclose(eigen(X, rho)[0], np.linalg.eigvalsh(shrunk), rtol=1e-12)


def test_single_precision_is_computed_in_double_precision():
    X = random_spd(5, 4).astype(np.float32)
    assert np.array_equal(logarithm(X), logarithm(X.astype(np.float64)))


# --- what is refused


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_first_matrix_that_is_not_positive_definite_is_named_with_its_eigenvalues(dtype):
    X = random_spd(6, 3).astype(dtype)
    X[4] = np.diag([2.0, 1.0, -0.5])
    with pytest.raises(ValueError, match=r"^Matrix 4 is not positive definite: its smallest eigenvalue is -0.5, its"):
        logarithm(X)
    X[3] = np.outer([1, 2, 2], [1, 2, 2])
    with pytest.raises(ValueError, match=r"^Matrix 3 is singular: its smallest eigenvalue is .*, its largest 9\.$"):
        logarithm(X)
    assert first_fault(X, eigen(X)[0]).singular
    assert not first_fault(X[4:], eigen(X[4:])[0]).singular


def test_the_first_matrix_that_is_not_symmetric_is_named_with_its_entries():
    X = random_spd(6, 3)
    X[2, 0, 1], X[2, 1, 0] = 0.5, 0.7
    with pytest.raises(
        ValueError, match=r"^Matrix 2 is not symmetric: its entries \(0, 1\) and \(1, 0\) are 0.5 and 0.7\.$"
    ):
        logarithm(X)


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e-6), (np.float64, 1e-12)])
def test_an_asymmetry_of_rounding_is_evened_out(dtype, size):
    X = random_spd(4, 3).astype(dtype)
    skew = X.copy()
    skew[:, 0, 1] += size
    np.testing.assert_allclose(logarithm(skew), logarithm(X), atol=20 * size)


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 4), (2, 0, 0), (2, 3, 3, 1)])
def test_what_is_no_stack_of_square_matrices_is_refused(shape):
    with pytest.raises(ValueError, match=r"shape \(n, k, k\) are needed"):
        logarithm(np.ones(shape))


def test_numbers_of_entries_that_make_no_matrix_are_refused():
    assert [side_of(n) for n in (1, 4, 9, 400)] == [1, 2, 3, 20]
    for n in (0, 2, 8, 10):
        with pytest.raises(ValueError, match="no square matrices"):
            side_of(n)
    with pytest.raises(ValueError, match="no triangles"):
        stack_of(np.ones((2, 5)))
