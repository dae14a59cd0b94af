"""The two energies of a codebook against brute force, quadrature and each other."""

from __future__ import annotations

import numpy as np
import pytest
from codebook_help import Source, squared
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import quad
from scipy.special import logsumexp
from sklearn.mixture import GaussianMixture

from engines import KMeans, blocks
from engines.clustering.energy import density, energy

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])
POINTS = st.integers(1, 9)


def rows(n=200, d=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)) * 2


@BOTH
def test_the_energies_are_their_definitions(dtype):
    X, W = rows().astype(dtype), rows(7, seed=1).astype(dtype)
    assert np.allclose(energy(X, W), squared(X, W).min(axis=1), rtol=1e-12)
    assert np.allclose(energy(X, W, "sum"), np.log(7) - logsumexp(-squared(X, W), axis=1), rtol=1e-12)


def test_the_mean_of_the_max_energy_is_what_k_means_lowers():
    X = rows(300)
    model = KMeans(6, random_state=0).fit(X)
    assert energy(X, model.prototypes_).sum() == pytest.approx(model.inertia_, rel=1e-12)


def test_the_density_of_the_sum_is_that_of_the_equal_weight_mixture_with_variance_one_half():
    X, W = rows(50, 2), rows(4, 2, seed=1)
    mixture = GaussianMixture(4, covariance_type="spherical")
    mixture.means_, mixture.weights_, mixture.covariances_ = W, np.full(4, 0.25), np.full(4, 0.5)
    mixture.precisions_cholesky_ = 1 / np.sqrt(mixture.covariances_)
    assert np.allclose(np.log(density(X, W, "sum")), mixture.score_samples(X), rtol=1e-10)


@pytest.mark.parametrize("W", [[[0.0]], [[-1.0], [0.5], [0.6]], [[-8.0], [0.0], [9.0]]])
def test_the_density_of_the_sum_integrates_to_one_and_that_of_the_maximum_to_no_less(W):
    integrals = {
        kind: quad(lambda x, kind=kind: density([[x]], W, kind, n_jobs=1)[0], -20, 20, points=np.ravel(W), limit=200)[0]
        for kind in ("sum", "max")
    }
    assert integrals["sum"] == pytest.approx(1, abs=1e-9)
    assert 1 - 1e-9 <= integrals["max"] <= len(W) + 1e-9


def test_the_maximum_of_bumps_far_apart_integrates_to_their_number_in_the_plane():
    grid = np.arange(-12, 12, 0.1)
    X = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    W = np.array([[-6.0, 0], [6, 0], [0, 6]])
    assert density(X, W, "max").sum() * 0.01 == pytest.approx(3, rel=1e-6)
    assert density(X, W, "sum").sum() * 0.01 == pytest.approx(1, rel=1e-6)


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.float64, st.tuples(POINTS, st.just(2)), elements=st.floats(-1e3, 1e3)),
    arrays(np.float64, st.tuples(POINTS, st.just(2)), elements=st.floats(-1e3, 1e3)),
)
def test_the_energies_never_lie_farther_apart_than_the_logarithm_of_the_number_of_prototypes(X, W):
    low, high = energy(X, W, n_jobs=1), energy(X, W, "sum", n_jobs=1)
    slack = 1e-9 * (1 + low)
    assert np.all(low <= high + slack)
    assert np.all(high <= low + np.log(len(W)) + slack)


@BOTH
def test_one_prototype_has_one_energy_and_repeated_prototypes_are_one(dtype):
    X, w = rows(20).astype(dtype), rows(1, seed=2).astype(dtype)
    assert np.array_equal(energy(X, w), energy(X, w, "sum"))
    assert np.allclose(energy(X, np.repeat(w, 5, axis=0), "sum"), energy(X, w), rtol=1e-14)


def test_rows_far_from_every_prototype_keep_a_finite_energy():
    found = energy([[1e6]], [[0.0], [1.0]], "sum")
    assert found[0] == pytest.approx((1e6 - 1) ** 2, rel=1e-12)
    assert density([[1e6]], [[0.0], [1.0]], "sum")[0] == 0


@pytest.mark.parametrize("kind", ["max", "sum"])
@BOTH
def test_the_bits_depend_on_neither_threads_nor_where_the_rows_are(kind, dtype, monkeypatch):
    monkeypatch.setattr(blocks, "MIN_ROWS", 64)
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)
    X, W = rows(700).astype(dtype), rows(5, seed=1).astype(dtype)
    one = energy(X, W, kind, n_jobs=1)
    assert np.array_equal(one, energy(X, W, kind, n_jobs=3))
    assert np.array_equal(one, energy(Source(X), W, kind))
    assert one.dtype == np.float64


@pytest.mark.parametrize("kind", ["max", "sum"])
def test_lists_whole_numbers_and_read_only_fortran_arrays_serve(kind):
    X, W = rows(30), rows(3, seed=1)
    other = np.asfortranarray(X)
    other.flags.writeable = False
    assert np.array_equal(energy(other, W, kind), energy(X.tolist(), W.tolist(), kind))
    assert np.array_equal(energy([[1, 2]], [[0, 0]], kind), [5.0])


@pytest.mark.parametrize(
    ("X", "W", "kind", "words"),
    [
        ([[np.nan]], [[0.0]], "max", "X contains NaN"),
        ([[0.0]], [[np.inf]], "sum", "prototypes contains infinity"),
        ([[0.0, 1.0]], [[0.0]], "sum", "2 features and the prototypes 1"),
        ([[0.0]], [[0.0]], "mean", "kind must be 'max' or 'sum', got 'mean'"),
        ([[0.0]], np.empty((0, 1)), "max", "0 sample"),
    ],
)
def test_unfit_input_is_refused_in_one_sentence(X, W, kind, words):
    with pytest.raises(ValueError, match=words):
        energy(X, W, kind)
