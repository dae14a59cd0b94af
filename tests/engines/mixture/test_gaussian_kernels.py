"""The kernels under mixtures: exp and log over lanes against NumPy, panels against plain sums."""

from __future__ import annotations

import numpy as np
import pytest

from engines.kernels.elementary import TINIEST, exponentials, logarithms
from engines.kernels.exact import frozen
from engines.kernels.gaussians import normalise, triangular_step

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def test_exp_is_right_to_two_units_in_the_last_place():
    rng = np.random.default_rng(0)
    x = np.concatenate([-rng.random(200_000) * -TINIEST, -(2.0 ** -rng.integers(0, 60, 1000)), [0.0, -np.log(2) / 2]])
    found, total = x.copy(), np.zeros(len(x))
    exponentials(found, np.zeros(len(x)), total)
    exact = np.exp(x.astype(np.longdouble))
    assert np.max(np.abs(found - exact) / np.spacing(np.exp(x))) < 2
    assert np.array_equal(total, found)
    assert found[-2] == 1.0


def test_exp_of_the_unlikely_is_nothing():
    x = np.array([TINIEST - 1, -1e5, -np.inf, TINIEST / 2])
    exponentials(x, np.zeros(4), np.zeros(4))
    assert np.array_equal(x[:3], np.zeros(3))
    assert x[3] > 0


def test_log_is_right_to_two_units_in_the_last_place():
    rng = np.random.default_rng(0)
    x = np.concatenate([1 + rng.random(100_000) * 64, np.exp(rng.normal(size=100_000) * 50), 2.0 ** np.arange(-50, 50)])
    found = np.empty_like(x)
    logarithms(x, found)
    exact = np.log(x.astype(np.longdouble))
    with np.errstate(invalid="ignore"):
        assert np.max(np.abs(found - exact) / np.spacing(np.abs(np.log(x)) + 1e-300)) < 2
    assert found[x == 1.0] == 0.0


def test_normalised_shares_sum_to_one_and_the_density_is_the_log_sum():
    logs = np.random.default_rng(0).normal(size=(5, 48)) * 15 - 100
    shares, lanes = logs.copy(), np.empty((3, 48))
    normalise(shares, lanes, lanes[2])
    highest = logs.max(axis=0)
    exact = highest + np.log(np.exp(logs - highest).sum(axis=0))
    assert np.allclose(lanes[2], exact, rtol=1e-15, atol=0)
    assert np.allclose(shares, np.exp(logs - exact), rtol=1e-12, atol=1e-30)
    assert np.allclose(shares.sum(axis=0), 1)


@BOTH
@pytest.mark.parametrize("n", [1, 7, 48, 49, 200])
def test_a_step_adds_the_weighted_moments(dtype, n):
    rng = np.random.default_rng(n)
    d, k, lanes = 8, 3, 48
    X, means = rng.normal(size=(n, d)).astype(dtype), rng.normal(size=(k, d)).astype(dtype)
    factors = np.triu(rng.normal(size=(k, d, d))).astype(dtype)
    constants, weights = rng.normal(size=k), rng.random(n)
    counts, sums, scatters = np.zeros(k), np.zeros((k, d)), np.zeros((k, d, d))
    densities, labels = np.empty(n), np.empty(n, np.int32)
    triangular_step(
        frozen(X), frozen(weights), frozen(means), frozen(factors), frozen(constants), np.empty((d, lanes), dtype),
        np.empty((d, lanes), dtype), np.empty((1, lanes), dtype), np.empty((k, lanes)), np.empty((3, lanes)),
        densities, labels, counts, sums, scatters
    )  # fmt: skip
    gap = X.astype(float)[:, None] - means
    logs = constants - 0.5 * (np.einsum("nkj,kji->nki", gap, factors.astype(float)) ** 2).sum(axis=2)
    highest = logs.max(axis=1, keepdims=True)
    total = np.exp(logs - highest).sum(axis=1, keepdims=True)
    shares = np.exp(logs - highest) / total
    close = {"rtol": 1e-4, "atol": 1e-4} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-12}
    assert np.allclose(densities, (highest + np.log(total))[:, 0], **close)
    assert np.array_equal(labels, shares.argmax(axis=1))
    r = shares * weights[:, None]
    assert np.allclose(counts, r.sum(axis=0), **close)
    assert np.allclose(sums, np.einsum("nk,nki->ki", r, gap), **close)
    assert np.allclose(np.tril(scatters), np.tril(np.einsum("nk,nki,nkj->kij", r, gap, gap)), **close)
