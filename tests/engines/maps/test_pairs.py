"""The search for the two nearest prototypes against a full sort of exact distances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engines import KMeans
from engines.kernels import pairs
from engines.kernels.pairs import PairSearch

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def found(X, W):
    first, second = np.empty(len(X), np.int32), np.empty(len(X), np.int32)
    PairSearch(W).find(X, first, second)
    return first, second


def sorted_out(X, W):
    """By distances that numpy sums up in float64 and rounds to the rows' precision, ties to the lower index."""
    squared = ((X.astype(float)[:, None] - W.astype(float)[None]) ** 2).sum(axis=2)
    order = np.argsort(np.sqrt(squared).astype(X.dtype), axis=1, kind="stable")
    return order[:, 0], order[:, min(1, len(W) - 1)]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 40), st.integers(1, 9), st.booleans(), st.sampled_from([0.0, 64.0, 2.0**20]))
def test_the_pair_is_the_exact_one_also_among_ties(data, n_units, d, single, offset):
    whole = st.integers(-3, 3)
    dtype = np.float32 if single else np.float64
    X = (data.draw(arrays(np.float64, (13, d), elements=whole)) + offset).astype(dtype)
    W = (data.draw(arrays(np.float64, (n_units, d), elements=whole)) + offset).astype(dtype)
    for ours, brute in zip(found(X, W), sorted_out(X, W), strict=True):
        np.testing.assert_array_equal(ours, brute)


@BOTH
@pytest.mark.parametrize(("n", "d", "n_units"), [(2000, 7, 150), (50, 300, 33), (7, 10_001, 5), (1, 1, 1), (9, 2, 2)])
def test_the_pair_is_the_exact_one_in_all_sizes(dtype, n, d, n_units):
    rng = np.random.default_rng(n)
    X, W = (rng.normal(5, 1, (rows, d)).astype(dtype) for rows in (n, n_units))
    for ours, brute in zip(found(X, W), sorted_out(X, W), strict=True):
        np.testing.assert_array_equal(ours, brute)


@BOTH
def test_prototypes_that_hardly_differ_are_told_apart(dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 6)).astype(dtype)
    W = (X[0] + 64 * np.finfo(dtype).eps * rng.normal(size=(60, 6))).astype(dtype)
    for ours, brute in zip(found(X, W), sorted_out(X, W), strict=True):
        assert np.mean(ours == brute) > 0.99  # numpy sums in another order
    model = KMeans.from_arrays({"n_clusters": 60}, {"prototypes": W, "counts": np.ones(60)})
    np.testing.assert_array_equal(found(X, W)[0], model.predict(X))


@BOTH
def test_the_first_of_the_pair_is_the_label_of_every_codebook(dtype):
    rng = np.random.default_rng(1)
    X = rng.integers(0, 4, (500, 5)).astype(dtype)
    model = KMeans(20, random_state=0).fit(X)
    np.testing.assert_array_equal(found(X, model.prototypes_)[0], model.predict(X))


def test_values_near_the_end_of_float32_are_searched():
    rng = np.random.default_rng(2)
    X, W = (rng.normal(size=(rows, 4)).astype(np.float32) for rows in (100, 12))
    far = np.float32(2.0**60)
    np.testing.assert_array_equal(found(X * far, W * far), found(X, W))


@BOTH
def test_a_processor_without_multiply_add_finds_the_same(dtype, monkeypatch):
    rng = np.random.default_rng(3)
    X, W = (rng.integers(0, 5, (rows, 3)).astype(dtype) for rows in (200, 17))
    fused = found(X, W)
    monkeypatch.setattr(pairs, "WIDTHS", None)
    np.testing.assert_array_equal(found(X, W), fused)
