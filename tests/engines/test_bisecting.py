"""Bisecting k-means against its mathematics: what is split and how, laws of the cost and labels, scikit-learn's."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from codebook_help import Source, clouds, cost, squared
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cluster import BisectingKMeans
from sklearn.datasets import load_digits, load_iris

from engines import KMeans, blocks
from engines.clustering import inside

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def bisecting(n_clusters, **parameters):
    return KMeans(n_clusters, algorithm="bisecting", **{"random_state": 0, **parameters})


# --- what it finds


@BOTH
def test_separate_clouds_get_a_prototype_each(dtype):
    centres = np.array([[0, 0], [50, 0], [0, 60], [70, 70], [200, 5], [5, 300]])
    X = (np.repeat(centres, 30, axis=0) + np.random.default_rng(0).normal(size=(180, 2))).astype(dtype)
    model = bisecting(6, n_init=5).fit(X)
    assert np.all(model.counts_ == 30)
    assert len({tuple(set(model.labels_[i : i + 30])) for i in range(0, 180, 30)}) == 6


@pytest.mark.parametrize(("load", "n_clusters"), [(load_iris, 9), (load_digits, 16)])
def test_it_costs_no_more_than_scikit_learns_on_average(load, n_clusters):
    X = load().data
    ours = [bisecting(n_clusters, random_state=seed).fit(X).inertia_ for seed in range(4)]
    peers = [BisectingKMeans(n_clusters, init="k-means++", random_state=seed).fit(X).inertia_ for seed in range(4)]
    assert np.mean(ours) <= np.mean(peers)


def test_the_first_split_is_k_means_with_two_prototypes():
    X = clouds(300)
    best = KMeans(2, n_init=10, tol=0, random_state=1).fit(X)
    assert bisecting(2, n_init=10, tol=0).fit(X).inertia_ == pytest.approx(best.inertia_)


# --- its steps


def test_it_begins_at_the_mean_and_every_step_splits_the_cell_of_greatest_cost():
    X = clouds(500, 4)
    snapshots = list(bisecting(12).train(X))
    assert np.allclose(snapshots[0].arrays["prototypes"], X.mean(axis=0)[None])
    assert [len(s.arrays["prototypes"]) for s in snapshots] == list(range(1, 13))
    for before, after in pairwise(snapshots):
        old, new = before.arrays["prototypes"], after.arrays["prototypes"]
        distances = squared(X, old)
        cell = int(np.argmax(np.bincount(distances.argmin(axis=1), distances.min(axis=1))))
        moved = np.flatnonzero(np.any(old != new[: len(old)], axis=1))
        assert list(moved) == [cell]
        assert after.message == f"split prototype {cell}"


def test_the_halves_are_the_means_of_k_means_inside_the_cell():
    X = clouds(500, 4)
    *_, before, after = bisecting(7, tol=0).train(X)
    old, new = before.arrays["prototypes"], after.arrays["prototypes"]
    cell = int(np.flatnonzero(np.any(old != new[:-1], axis=1))[0])
    rows = X[squared(X, old).argmin(axis=1) == cell]
    halves = new[[cell, -1]]
    nearer = squared(rows, halves).argmin(axis=1)
    assert np.allclose(halves, [rows[nearer == side].mean(axis=0) for side in (0, 1)])


@settings(max_examples=80, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(6, 40), st.integers(1, 3)), elements=st.integers(-6, 6)),
    st.integers(1, 6),
    st.booleans(),
    st.sampled_from([0.0, 1e3, 1e6]),
    st.sampled_from(["k-means++", "random", "pca"]),
    st.booleans(),
)
def test_the_cost_never_rises_and_every_row_has_its_nearest_prototype(X, n_clusters, single, offset, init, weighted):
    X = (X + offset).astype(np.float32 if single else np.float64)
    weights = np.arange(len(X)) % 4 + (0.0 if weighted else 1.0)
    model = bisecting(n_clusters, init=init, n_init=1, n_jobs=1)
    if np.count_nonzero(weights) < n_clusters:
        return
    before = np.inf
    for snapshot in model.train(X, sample_weight=weights):
        W = snapshot.arrays["prototypes"]
        assert snapshot.cost <= before
        before = snapshot.cost
        assert snapshot.cost == pytest.approx(cost(X, W, weights), rel=1e-5, abs=1e-9)
        assert np.array_equal(model.labels_, model.predict(X))
        assert np.array_equal(model.counts_, np.bincount(model.labels_, weights, minlength=len(W)))
    n_different = len(np.unique(X[weights > 0], axis=0))
    assert len(model.prototypes_) <= n_clusters
    assert np.count_nonzero(model.counts_) >= min(n_clusters, n_different)
    if n_different <= n_clusters:
        assert model.inertia_ == 0


@BOTH
def test_labels_follow_prototypes_through_many_splits(dtype):
    X = np.random.default_rng(0).normal(size=(3000, 2)).astype(dtype)
    for _ in (model := bisecting(60)).train(X):
        assert np.array_equal(model.labels_, model.predict(X))
    assert model.history_["changed"][-1] < 0.2  # that most rows are passed over


def test_the_metrics_are_what_they_are_called():
    X, held_out = clouds(), clouds(50, seed=3)
    weights = np.random.default_rng(1).random(len(X))
    for snapshot in bisecting(6).train(X, sample_weight=weights, validation=(held_out, None)):
        W = snapshot.arrays["prototypes"]
        assert snapshot.metrics["error_per_row"] == pytest.approx(snapshot.cost / weights.sum())
        assert snapshot.metrics["error_per_component"] == pytest.approx(snapshot.cost / weights.sum() / 3)
        assert snapshot.metrics["n_prototypes"] == len(W)
        assert snapshot.metrics["validation_error_per_row"] == pytest.approx(cost(held_out, W) / 50)
        assert snapshot.n_iterations == 5


# --- weights and few different rows


def test_whole_weights_are_repeated_rows_for_a_start_without_chance():
    X = clouds(200)
    weights = np.random.default_rng(0).integers(0, 4, 200)
    weighted = bisecting(6, init="pca").fit(X, sample_weight=weights)
    repeated = bisecting(6, init="pca").fit(np.repeat(X, weights, axis=0))
    assert np.allclose(weighted.prototypes_, repeated.prototypes_)
    assert np.array_equal(weighted.counts_, repeated.counts_)


def test_rows_of_weight_zero_never_matter():
    X = clouds(200)
    weights = np.r_[np.ones(200), np.zeros(100)]
    model = bisecting(5).fit(np.vstack([X, np.full((100, 3), 1e3)]), sample_weight=weights)
    assert model.prototypes_.max() < 100
    assert model.inertia_ == pytest.approx(cost(X, model.prototypes_))


@BOTH
def test_too_few_different_rows_end_in_a_smaller_codebook_of_cost_zero(dtype):
    X = np.repeat([[1.0, 2.0], [3.0, 4.0], [9.0, 9.5]], 10, axis=0).astype(dtype)
    model = bisecting(8).fit(X)
    assert sorted(model.prototypes_.tolist()) == np.unique(X, axis=0).tolist()
    assert model.inertia_ == 0


def test_as_many_prototypes_as_rows_end_at_cost_zero():
    assert bisecting(20).fit(clouds(20).astype(np.float32)).inertia_ == 0


@pytest.mark.parametrize("d", [1, 12_000])
def test_very_narrow_and_very_wide_rows_serve(d):
    X = np.random.default_rng(0).normal(size=(20, d))
    model = bisecting(4).fit(X)
    assert model.inertia_ == pytest.approx(cost(X, model.prototypes_))


def test_given_prototypes_are_refused():
    with pytest.raises(ValueError, match="init must name how each split starts"):
        bisecting(3, init=np.zeros((3, 3))).fit(clouds(30))


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_values_whose_squares_overflow_are_refused():
    with pytest.raises(ValueError, match="scale them"):
        bisecting(2).fit(clouds(30) * 1e200)


def test_a_state_that_fits_not_is_refused():
    training = bisecting(6).train(clouds(60))
    list(training)
    with pytest.raises(ValueError, match=r"6 prototypes .* does not fit 4"):
        bisecting(4).train(clouds(60), resume=training.state())
    with pytest.raises(ValueError, match="other data"):
        bisecting(6).train(clouds(60, seed=5), resume=training.state())


# --- blocks


@BOTH
def test_cells_in_memory_or_read_where_they_lie_give_the_same_bits(dtype, monkeypatch):
    monkeypatch.setattr(blocks, "MIN_ROWS", 64)
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)
    X = clouds(700, 6).astype(dtype)
    plain = bisecting(9, n_jobs=1).fit(X)
    gathered = bisecting(9, n_jobs=3).fit(Source(X))
    monkeypatch.setattr(inside, "MAX_GATHERED_BYTES", 0)
    for model in (gathered, bisecting(9).fit(X), bisecting(9).fit(Source(X))):
        assert np.array_equal(model.prototypes_, plain.prototypes_)
        assert model.inertia_ == plain.inertia_
