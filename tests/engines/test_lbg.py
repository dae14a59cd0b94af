"""LBG against its mathematics: published quantizers, where cells are cut, laws of the cost, the growth and weights."""

from __future__ import annotations

import numpy as np
import pytest
from codebook_help import Source, clouds, cost, squared
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from engines import LBG, KMeans
from engines.clustering.splitting import cuts
from engines.rows import ArrayRows
from engines.training import StopToken

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def cut(X, labels, n_cells, weights=None):
    """Where cells would be cut, seen from the origin."""
    labels = np.asarray(labels, np.int32)
    W = np.zeros((n_cells, X.shape[1]), X.dtype)
    return cuts(ArrayRows(X), weights, W, labels, n_jobs=1, stop=StopToken())


# --- what it finds


@pytest.mark.parametrize(("n_clusters", "published"), [(2, 0.3634), (4, 0.1175), (8, 0.03454), (16, 0.009497)])
def test_it_finds_the_optimal_quantizers_of_the_normal_distribution(n_clusters, published):
    """Max, "Quantizing for minimum distortion", 1960, table I."""
    n = 40_001
    X = norm.ppf((np.arange(n) + 0.5) / n)[:, None]
    model = LBG(n_clusters, tol=1e-7, max_iter=2000).fit(X)
    assert model.inertia_ / n == pytest.approx(published, rel=2e-3)


@BOTH
def test_separate_clouds_get_a_prototype_each(dtype):
    corners = np.array([[x, y, z] for x in (0, 100) for y in (0, 60) for z in (0, 30)])
    X = (np.repeat(corners, 30, axis=0) + np.random.default_rng(0).normal(size=(240, 3))).astype(dtype)
    model = LBG(8).fit(X)
    assert len({tuple(set(model.labels_[i : i + 30])) for i in range(0, 240, 30)}) == 8
    assert np.all(model.counts_ == 30)


def test_it_costs_little_more_than_the_best_of_many_k_means():
    X = clouds(1500, 6)
    best = KMeans(16, n_init=20, random_state=0).fit(X).inertia_
    assert LBG(16, tol=1e-6).fit(X).inertia_ < 1.05 * best


@BOTH
def test_run_to_the_end_every_prototype_is_the_mean_of_its_rows(dtype):
    X = clouds(300).astype(dtype)
    model = LBG(8, tol=0).fit(X)
    means = [X[model.labels_ == k].mean(axis=0, dtype=float) for k in range(8)]
    assert np.allclose(model.prototypes_, means, rtol=1e-6)


# --- how it grows


def test_it_begins_at_the_mean_and_doubles_up_to_the_number_asked_for():
    X = clouds()
    snapshots = list(LBG(11).train(X))
    assert np.allclose(snapshots[0].arrays["prototypes"], X.mean(axis=0)[None])
    sizes = [len(snapshot.arrays["prototypes"]) for snapshot in snapshots]
    assert list(dict.fromkeys(sizes)) == [1, 2, 4, 8, 11]
    assert [snapshot.metrics["n_prototypes"] for snapshot in snapshots] == sizes
    assert snapshots[1].message == "split to 2 prototypes"


@pytest.mark.parametrize("tol", [1e-3, 0.05])
def test_a_size_is_left_when_the_relative_fall_of_the_cost_is_under_tol_and_not_before(tol):
    history = LBG(16, tol=tol).fit(clouds(2000, 5)).history_
    sizes, costs = history["n_prototypes"], history["cost"]
    for i in range(2, len(costs) - 1):
        if sizes[i] == sizes[i - 1]:
            fall = (costs[i - 1] - costs[i]) / costs[i - 1]
            assert (fall <= tol) == (sizes[i + 1] != sizes[i]) or history["changed"][i] == 0


def test_max_iter_bounds_the_iterations_at_each_size():
    history = LBG(8, tol=0, max_iter=3).fit(np.random.default_rng(0).normal(size=(1000, 3))).history_
    _, lengths = np.unique(history["n_prototypes"], return_counts=True)
    assert list(lengths) == [1, 3, 3, 3]


def test_no_power_of_two_splits_the_cells_of_highest_distortion():
    rng = np.random.default_rng(0)
    spread = np.repeat([1.0, 2.0, 8.0, 9.0], 100)
    X = np.repeat([0.0, 1000, 2000, 3000], 100)[:, None] + spread[:, None] * rng.normal(size=(400, 1))
    model = LBG(6).fit(X)
    assert [len(set(model.labels_[i : i + 100])) for i in range(0, 400, 100)] == [1, 1, 2, 2]


def test_chance_has_no_part_in_it():
    X = clouds()
    assert np.array_equal(LBG(9).fit(X).prototypes_, LBG(9).fit(X).prototypes_)


# --- where cells are cut


@BOTH
@pytest.mark.parametrize("weighted", [False, True])
def test_cuts_are_those_of_their_definition(dtype, weighted):
    X = clouds(300, 4).astype(dtype)
    weights = np.random.default_rng(1).random(300) if weighted else None
    labels = np.arange(300) % 3
    found = cut(X, labels, 3, weights)
    for k in range(3):
        rows = X[labels == k].astype(float)
        mass = np.ones(100) if weights is None else weights[labels == k]
        mean = np.average(rows, axis=0, weights=mass)
        covariance = np.cov(rows.T, aweights=mass, bias=True)
        widest = np.argmax(np.diag(covariance))
        direction = np.sqrt(np.diag(covariance)) * np.sign(covariance[widest])
        assert np.allclose(found.means[k], mean)
        assert np.allclose(found.directions[k], direction)
        assert found.distortions[k] == pytest.approx(mass @ ((rows - mean) ** 2).sum(axis=1))
        forward = (rows - mean) @ direction >= 0
        for side, inside in enumerate((forward, ~forward)):
            assert np.allclose(found.halves[k, side], np.average(rows[inside], axis=0, weights=mass[inside]))
    assert np.all(found.possible)


def test_rows_across_the_direction_of_equal_signs_are_cut_too():
    t = np.linspace(-1, 1, 64)
    model = LBG(2, tol=0).fit(np.c_[t, -t, t])
    assert model.inertia_ == pytest.approx(cost(np.c_[t, -t, t], np.outer([-0.5, 0.5], [1, -1, 1]) * 64 / 63))


@settings(max_examples=80, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(2, 12), st.integers(1, 5)), elements=st.integers(-3, 3)))
def test_a_cell_can_be_cut_exactly_if_it_has_two_different_rows_and_its_halves_cost_less(X):
    found = cut(X, np.zeros(len(X)), 1)
    assert found.possible[0] == (len(np.unique(X, axis=0)) > 1)
    if found.possible[0]:
        assert cost(X, found.halves[0]) < squared(X, found.means).sum()


def test_cells_without_rows_or_weight_are_not_cut():
    X = np.array([[0.0], [1.0], [5.0], [7.0]])
    found = cut(X, [0, 0, 1, 1], 3, np.array([1.0, 1.0, 1.0, 0.0]))
    assert list(found.possible) == [True, False, False]
    assert np.array_equal(found.distortions, [0.5, 0, 0])


# --- the cost


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(5, 40), st.integers(1, 4)), elements=st.integers(-6, 6)),
    st.integers(1, 5),
    st.booleans(),
    st.sampled_from([0.0, 1e3, 1e6]),
    st.sampled_from([1e-9, 0.01, 1.0, 50.0]),
)
def test_the_cost_never_rises_and_is_that_of_the_arrays(X, n_clusters, single, offset, epsilon):
    X = (X + offset).astype(np.float32 if single else np.float64)
    before = np.inf
    for snapshot in LBG(n_clusters, epsilon=epsilon, tol=0, n_jobs=1).train(X):
        assert snapshot.cost <= before
        before = snapshot.cost
        assert snapshot.cost == pytest.approx(cost(X, snapshot.arrays["prototypes"]), rel=1e-5, abs=1e-9)
        assert snapshot.arrays["counts"].sum() == len(X)
        assert snapshot.iteration <= snapshot.n_iterations


@BOTH
@pytest.mark.parametrize("epsilon", [1e-12, 1e3])
def test_an_epsilon_of_no_use_is_made_up_for_by_the_halves_of_the_cells(dtype, epsilon):
    X = clouds(500).astype(dtype) + 1000
    model = LBG(8, epsilon=epsilon).fit(X)
    assert len(model.prototypes_) == 8
    assert model.inertia_ < 1.3 * KMeans(8, n_init=5, random_state=0).fit(X).inertia_


def test_the_metrics_are_what_they_are_called():
    X, held_out = clouds(), clouds(50, seed=3)
    weights = np.random.default_rng(1).random(len(X))
    engine = LBG(5)
    for snapshot in engine.train(X, sample_weight=weights, validation=(held_out, None)):
        W = snapshot.arrays["prototypes"]
        assert snapshot.cost == pytest.approx(cost(X, W, weights))
        assert snapshot.metrics["error_per_row"] == pytest.approx(snapshot.cost / weights.sum())
        assert snapshot.metrics["error_per_component"] == pytest.approx(snapshot.cost / weights.sum() / 3)
        assert snapshot.metrics["validation_error_per_row"] == pytest.approx(cost(held_out, W) / 50)
        assert engine.inertia_ == snapshot.cost
        assert np.array_equal(engine.predict(X), engine.labels_)


# --- weights and few different rows


@BOTH
def test_whole_weights_are_repeated_rows(dtype):
    X = clouds(200).astype(dtype)
    weights = np.random.default_rng(0).integers(0, 4, 200)
    weighted = LBG(6).fit(X, sample_weight=weights)
    repeated = LBG(6).fit(np.repeat(X, weights, axis=0))
    assert np.allclose(weighted.prototypes_, repeated.prototypes_, rtol=1e-5)
    assert np.array_equal(weighted.counts_, repeated.counts_)
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=1e-6)


def test_rows_of_weight_zero_never_matter():
    X = clouds(200)
    weights = np.r_[np.ones(200), np.zeros(100)]
    model = LBG(5).fit(np.vstack([X, np.full((100, 3), 1e3)]), sample_weight=weights)
    assert np.array_equal(model.counts_, LBG(5).fit(X).counts_)
    assert model.prototypes_.max() < 100


@BOTH
@pytest.mark.parametrize("offset", [0, 1e5])
def test_too_few_different_rows_end_in_a_smaller_codebook_of_cost_zero(dtype, offset):
    X = (np.repeat([[1.0, 2.0], [3.0, 4.0], [9.0, 9.5]], 10, axis=0) + offset).astype(dtype)
    model = LBG(8).fit(X)
    assert sorted(model.prototypes_.tolist()) == np.unique(X, axis=0).tolist()
    assert model.inertia_ == 0
    assert np.all(model.counts_ == 10)


def test_equal_rows_among_others_do_not_stop_the_growth():
    X = np.vstack([np.full((50, 2), 0.1), clouds(100, 2)])
    model = LBG(16).fit(X)
    assert len(model.prototypes_) == 16
    assert np.all(model.counts_ > 0)


def test_as_many_prototypes_as_rows_end_at_cost_zero():
    X = clouds(21).astype(np.float32)
    model = LBG(21).fit(X)
    assert model.inertia_ == 0
    assert len(model.prototypes_) == 21


def test_one_prototype_is_the_mean():
    X = clouds(50)
    model = LBG(1).fit(X)
    assert np.allclose(model.prototypes_, X.mean(axis=0)[None])
    assert model.n_iter_ == 0


@pytest.mark.parametrize("d", [1, 12_000])
def test_very_narrow_and_very_wide_rows_serve(d):
    X = np.random.default_rng(0).normal(size=(20, d))
    model = LBG(4).fit(Source(X))
    assert model.inertia_ == pytest.approx(cost(X, model.prototypes_))


@pytest.mark.parametrize("kind", [np.float16, np.int8, "fortran", "read-only", "constant"])
def test_arrays_of_any_kind_serve(kind):
    X = np.rint(clouds(100) * 4)
    plain = LBG(4).fit(X)
    if kind == "constant":
        X = np.c_[X, np.full(100, 7.0)]
    elif kind == "fortran":
        X = np.asfortranarray(X)
    elif kind == "read-only":
        X.flags.writeable = False
    else:
        X = X.astype(kind)
    assert np.array_equal(LBG(4).fit(X).labels_, plain.labels_)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_clusters": 31}, "n_samples=30 should be >= n_clusters=31"),
        ({"epsilon": 0}, "epsilon must be a number above 0"),
        ({"tol": -1.0}, "tol must be a number of at least 0"),
    ],
)
def test_unfit_parameters_are_refused_in_one_sentence(parameters, words):
    with pytest.raises(ValueError, match=words):
        LBG(**parameters).fit(clouds(30))


def test_a_state_of_more_prototypes_than_wanted_is_refused():
    training = LBG(8).train(clouds(60))
    list(training)
    with pytest.raises(ValueError, match="8 prototypes, more than n_clusters=4"):
        LBG(4).train(clouds(60), resume=training.state())
