"""Spherical k-means against its mathematics: brute force, the plain iteration, laws of the cost, rows of zeros."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from codebook_help import Source
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engines import KMeans, SphericalKMeans
from engines.clustering.spherical import at_unit_length

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def directions(n=300, d=4, seed=0):
    """Rows (n, d) about four axes, of lengths between 0.1 and 10."""
    rng = np.random.default_rng(seed)
    axes = rng.normal(size=(4, d)) * 2
    return (axes[rng.integers(0, 4, n)] + rng.normal(size=(n, d))) * 10 ** rng.uniform(-1, 1, (n, 1))


def unit(X):
    norms = np.linalg.norm(X.astype(float), axis=1, keepdims=True)
    return X.astype(float) / np.where(norms > 0, norms, 1)


def cost(X, W, weights=None):
    """Σ (1 − cos), rows of zeros at ½."""
    cosines = (unit(X) @ W.astype(float).T).max(axis=1)
    each = np.where(X.any(axis=1), 1 - cosines, 0.5)
    return float(np.sum(each if weights is None else weights * each))


# --- what it finds


@pytest.mark.parametrize("seed", range(4))
def test_the_best_of_many_starts_is_the_best_of_all_partitions(seed):
    """The optimum is Σ w − Σₖ ‖Σ of the rows of cell k‖ over all ways to put rows in cells."""
    X = np.random.default_rng(seed).normal(size=(8, 3))
    U = unit(X)
    least = min(
        8 - sum(np.linalg.norm(U[np.array(labels) == k].sum(axis=0)) for k in range(3))
        for labels in product(range(3), repeat=8)
    )
    assert SphericalKMeans(3, n_init=60, init="random", tol=0, random_state=0).fit(X).inertia_ == pytest.approx(least)


@BOTH
def test_it_takes_the_steps_of_the_plain_iteration(dtype):
    X = directions(500).astype(dtype)
    start = X[:6].copy()
    W, U = unit(start), unit(X)
    for snapshot in SphericalKMeans(6, init=start, tol=0, max_iter=12).train(X):
        assert np.allclose(snapshot.arrays["prototypes"], W, atol=1e-5 if dtype == np.float32 else 1e-10)
        labels = (U @ W.T).argmax(axis=1)
        W = unit(np.array([U[labels == k].sum(axis=0) for k in range(6)]))


@BOTH
def test_the_winner_has_the_largest_product_and_prototypes_have_unit_norm(dtype):
    X = directions().astype(dtype)
    model = SphericalKMeans(5, random_state=0).fit(X)
    assert np.allclose(np.linalg.norm(model.prototypes_, axis=1), 1, atol=1e-6)
    assert np.array_equal(model.labels_, (X.astype(float) @ model.prototypes_.T.astype(float)).argmax(axis=1))


def test_only_the_direction_of_rows_matters():
    X = directions()
    scales = 2.0 ** np.random.default_rng(0).integers(-200, 200, (len(X), 1))
    one, other = (SphericalKMeans(5, random_state=0).fit(rows) for rows in (X, X * scales))
    assert np.array_equal(one.prototypes_, other.prototypes_)
    assert one.inertia_ == other.inertia_


def test_it_is_not_euclidean_k_means():
    X = np.array([[1.0, 0], [9, 0.5], [0, 1], [0.5, 9]])
    assert len(set(SphericalKMeans(2, random_state=0).fit_predict(X)[:2])) == 1
    assert len(set(KMeans(2, n_init=9, random_state=0).fit_predict(X)[:2])) == 2


# --- the cost


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(5, 40), st.integers(1, 4)), elements=st.integers(-4, 4)),
    st.integers(1, 4),
    st.booleans(),
    st.sampled_from(["k-means++", "random"]),
)
def test_the_cost_never_rises_between_iterations_and_is_that_of_the_arrays(X, n_clusters, single, init):
    X = X.astype(np.float32 if single else np.float64)
    X[:n_clusters, 0] += 9  # as many rows with a direction as prototypes
    engine = SphericalKMeans(n_clusters, init=init, n_init=2, tol=0, random_state=1, n_jobs=1)
    last = {}
    for snapshot in engine.train(X):
        restart = snapshot.metrics["restart"]
        assert snapshot.cost <= last.get(restart, np.inf)
        last[restart] = snapshot.cost
        assert snapshot.cost == pytest.approx(cost(X, snapshot.arrays["prototypes"]), rel=1e-5, abs=1e-5)
        assert np.allclose(np.linalg.norm(snapshot.arrays["prototypes"], axis=1), 1, atol=1e-6)
    assert engine.inertia_ == min(last.values())


def test_the_metrics_are_what_they_are_called():
    X, held_out = directions(), directions(40, seed=1)
    weights = np.random.default_rng(1).random(len(X))
    engine = SphericalKMeans(5, random_state=0)
    for snapshot in engine.train(X, sample_weight=weights, validation=(Source(held_out), None)):
        W = snapshot.arrays["prototypes"]
        assert snapshot.cost == pytest.approx(cost(X, W, weights))
        assert snapshot.metrics["error_per_row"] == pytest.approx(2 * snapshot.cost / weights.sum())
        assert snapshot.metrics["error_per_component"] == pytest.approx(snapshot.cost / weights.sum() / 2)
        assert snapshot.metrics["mean_cosine"] == pytest.approx(1 - snapshot.cost / weights.sum())
        assert snapshot.metrics["validation_error_per_row"] == pytest.approx(2 * cost(held_out, W) / 40)
    assert engine.score(X, sample_weight=weights) == pytest.approx(-engine.inertia_)
    quantized = engine.quantize(X)
    assert engine.quantization_error(X) == pytest.approx(np.mean(((unit(X) - quantized) ** 2).sum(axis=1)))


# --- using what was learned


@BOTH
def test_transform_gives_cosine_distances_and_agrees_with_predict_on_ties(dtype):
    X = np.random.default_rng(0).integers(-1, 2, (300, 3)).astype(dtype)
    model = SphericalKMeans(9, random_state=0).fit(X)
    distances = model.transform(X)
    expected = np.where(X.any(axis=1, keepdims=True), 1 - unit(X) @ model.prototypes_.T, 0.5)
    assert np.allclose(distances, expected, atol=1e-6)
    assert np.array_equal(model.predict(X), model.labels_)
    assert np.array_equal(distances.argmin(axis=1), model.labels_)


@BOTH
def test_unit_length_survives_numbers_whose_squares_do_not(dtype):
    huge, tiny = np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal
    X = np.array([[huge, huge], [tiny, 0], [-3, 4], [0, 0]], dtype)
    expected = np.array([[0.5**0.5, 0.5**0.5], [1, 0], [-0.6, 0.8], [0, 0]])
    assert np.allclose(at_unit_length(X), expected, atol=1e-7)
    assert at_unit_length(X).dtype == dtype


# --- rows of no direction, cells of no sum


def test_a_row_of_zeros_lies_at_one_half_and_moves_nothing():
    X = directions(100)
    start = X[:4].copy()
    plain = SphericalKMeans(4, init=start).fit(X)
    model = SphericalKMeans(4, init=start).fit(np.vstack([X, np.zeros((7, 4))]))
    assert np.allclose(model.prototypes_, plain.prototypes_)
    assert model.inertia_ == pytest.approx(plain.inertia_ + 7 * 0.5)
    assert np.allclose(model.transform(np.zeros((1, 4))), 0.5)


@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_a_row_of_zeros_starts_no_prototype(init):
    X = np.vstack([np.zeros((200, 4)), directions(5)])
    for seed in range(5):
        model = SphericalKMeans(5, init=init, random_state=seed).fit(X)
        assert model.inertia_ == pytest.approx(100)
        assert np.allclose(np.linalg.norm(model.prototypes_, axis=1), 1)


def test_fewer_rows_with_a_direction_than_prototypes_are_refused():
    X = np.vstack([np.zeros((9, 2)), np.eye(2)])
    with pytest.raises(ValueError, match="n_samples=2 with a direction should be >= n_clusters=3"):
        SphericalKMeans(3).fit(X)
    with pytest.raises(ValueError, match="n_samples=1 with a direction should be >= n_clusters=2"):
        SphericalKMeans(2).fit(X, sample_weight=np.r_[np.ones(10), 0])


def test_a_cell_whose_rows_add_up_to_zero_keeps_its_prototype():
    X = np.array([[1.0, 0], [-2, 0], [0, 3], [0, -4]])
    model = SphericalKMeans(1, init=[[3.0, 4.0]]).fit(X)
    assert np.allclose(model.prototypes_, [[0.6, 0.8]])
    assert model.inertia_ == pytest.approx(4)


def test_an_empty_cell_is_reseeded_with_the_farthest_row():
    X = np.array([[1.0, 0.1], [1, -0.1], [1, 0], [-1, 0.5]])
    snapshots = list(SphericalKMeans(2, init=[[1.0, 0], [1.0, 0]], tol=0).train(X))
    assert snapshots[1].metrics["n_reseeded"] == 1
    assert np.allclose(snapshots[1].arrays["prototypes"][1], unit(X[3:])[0])
    assert snapshots[-1].metrics["n_empty"] == 0


# --- weights, starts, what is refused


@BOTH
def test_whole_weights_are_repeated_rows_for_a_given_start(dtype):
    X = directions(200).astype(dtype)
    weights = np.random.default_rng(0).integers(0, 4, 200)
    start = X[weights > 0][:6]
    weighted = SphericalKMeans(6, init=start).fit(X, sample_weight=weights)
    repeated = SphericalKMeans(6, init=start).fit(np.repeat(X, weights, axis=0))
    assert np.allclose(weighted.prototypes_, repeated.prototypes_, atol=1e-6)
    assert np.array_equal(weighted.counts_, repeated.counts_)
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=1e-6)


def test_rows_of_weight_zero_never_matter():
    X = np.abs(directions(100))
    weights = np.r_[np.ones(100), np.zeros(50)]
    model = SphericalKMeans(5, random_state=0).fit(np.vstack([X, -X[:50]]), sample_weight=weights)
    assert np.all(model.prototypes_ >= 0)
    assert model.counts_.sum() == 100


def test_greedy_seeding_starts_lower_than_random_rows():
    X = directions(1000, 8)
    costs = {
        init: np.mean([next(SphericalKMeans(8, init=init, random_state=s).train(X)).cost for s in range(8)])
        for init in ("k-means++", "random")
    }
    assert costs["k-means++"] < costs["random"]


@pytest.mark.parametrize("kind", [np.float16, np.int8, "fortran", "read-only", "constant"])
def test_arrays_of_any_kind_serve(kind):
    X = np.rint(directions(100) * 4).clip(-100, 100)
    plain = SphericalKMeans(4, random_state=0).fit(X)
    if kind == "constant":
        X = np.c_[X, np.zeros(100)]
    elif kind == "fortran":
        X = np.asfortranarray(X)
    elif kind == "read-only":
        X.flags.writeable = False
    else:
        X = X.astype(kind)
    assert np.array_equal(SphericalKMeans(4, random_state=0).fit(X).labels_, plain.labels_)


def test_one_column_knows_two_directions():
    X = np.array([[3.0], [-0.1], [8], [-7]])
    model = SphericalKMeans(2, random_state=0).fit(X)
    assert sorted(model.prototypes_.ravel()) == [-1, 1]
    assert model.inertia_ == 0


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_clusters": 31}, "n_samples=30 should be >= n_clusters=31"),
        ({"init": "pca"}, "init must be 'k-means"),
        ({"init": np.zeros((8, 4))}, "row of zeros, which has no direction"),
        ({"init": np.ones((2, 4))}, r"init has shape \(2, 4\), expected \(8, 4\)"),
    ],
)
def test_unfit_parameters_are_refused_in_one_sentence(parameters, words):
    with pytest.raises(ValueError, match=words):
        SphericalKMeans(**parameters).fit(directions(30))
