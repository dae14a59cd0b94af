"""Self-organizing maps against their rules row by row, MiniSom from the same start, k-means, and laws of the batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale
from som_cases import BOTH, MODES, best_units, clouds, gaussian, steady

from engines import SOM, KMeans
from engines.maps.grid import Grid

# --- what it finds


def test_iris_is_mapped_as_well_as_is_known():
    X = scale(load_iris().data)
    model = SOM((8, 8), sigma_start=3.0, sigma_end=1.0, sigma_schedule="hyperbolic", max_iter=100, tol=0).fit(X)
    assert model.mean_distance_ == pytest.approx(0.403, rel=0.03)
    assert model.topographic_error_ == pytest.approx(0.007, abs=0.001)


@MODES
@pytest.mark.parametrize("topology", ["rectangular", "hexagonal"])
def test_a_map_of_an_even_square_unfolds_without_tears(mode, topology):
    X = np.random.default_rng(0).random((2000, 2))
    model = SOM((8, 8), mode=mode, topology=topology, init="random", sigma_start=4.0, random_state=3).fit(X)
    assert model.topographic_error_ < 0.05
    assert model.mean_distance_ < 0.07  # 64 squares of side 1/8: 0.048
    assert model.counts_.min() > 0


@pytest.mark.parametrize("toroidal", [False, True])
@pytest.mark.parametrize("topology", ["rectangular", "hexagonal"])
def test_a_batch_epoch_is_the_rule_over_all_rows(topology, toroidal):
    X = clouds()
    grid = Grid(4, 5, topology, toroidal)
    W = X[:20].copy()
    weights = np.random.default_rng(1).random(300)
    for max_iter in (1, 2, 3):
        h = gaussian(grid, 1.3)[:, best_units(X, W)] * weights
        W = h @ X / h.sum(axis=1, keepdims=True)
        model = steady(1.3, shape=(4, 5), topology=topology, toroidal=toroidal, init=X[:20], max_iter=max_iter).fit(
            X, sample_weight=weights
        )
        np.testing.assert_allclose(model.prototypes_, W, rtol=1e-9)


@BOTH
@pytest.mark.parametrize("kind", ["gaussian", "mexican_hat"])
@pytest.mark.parametrize("topology", ["rectangular", "hexagonal"])
def test_an_online_epoch_is_the_rule_row_by_row(dtype, kind, topology):
    X = clouds(200).astype(dtype)
    grid = Grid(4, 3, topology)
    W = X[:12].astype(float)
    ratio = (grid.distances / 1.1) ** 2
    h = np.exp(-ratio / 2) * (1 if kind == "gaussian" else 1 - ratio)
    for x in X.astype(float):
        W += 0.2 * h[best_units(x[None], W)[0]][:, None] * (x - W)
    model = steady(1.1, shape=(4, 3), topology=topology, neighbourhood=kind, init=X[:12], learning_rate_start=0.2)
    model.partial_fit(X)
    np.testing.assert_allclose(model.prototypes_, W, rtol=1e-9 if dtype == np.float64 else 1e-3, atol=1e-5)


# --- beside MiniSom


def peer(X, rows, cols, sigma, rate, kind="gaussian"):
    """A MiniSom that starts on the first rows and keeps its width and rate."""
    minisom = pytest.importorskip("minisom")
    som = minisom.MiniSom(
        rows, cols, X.shape[1], sigma=sigma, learning_rate=rate, neighborhood_function=kind,
        decay_function=lambda rate, t, n: rate,
    )  # fmt: skip
    som._sigma_decay_function = lambda sigma, t, n: sigma
    som._weights = X[: rows * cols].reshape(rows, cols, -1).copy()
    return som


@pytest.mark.parametrize(("kind", "rate"), [("gaussian", 0.1), ("mexican_hat", 0.003)])
def test_online_training_is_minisoms_in_the_same_order(kind, rate):
    X = clouds(150)
    som = peer(X, 4, 5, 1.2, rate, kind)
    rng = np.random.default_rng(7)  # the start is given, so that orders are all that is drawn
    for _ in range(3):
        som.train(X[rng.permutation(150)], 1, use_epochs=True)
    model = steady(
        1.2, shape=(4, 5), mode="online", neighbourhood=kind, learning_rate_start=rate, learning_rate_end=rate,
        init=X[:20], max_iter=3, random_state=7,
    ).fit(X)  # fmt: skip
    np.testing.assert_allclose(model.prototypes_, som.get_weights().reshape(20, 3), rtol=1e-7, atol=1e-9)


def test_batch_training_is_minisoms():
    X = clouds(150)
    som = peer(X, 4, 5, 1.2, 1.0)
    som.train_batch_offline(X, 4)
    model = steady(1.2, shape=(4, 5), init=X[:20], max_iter=4).fit(X)
    np.testing.assert_allclose(model.prototypes_, som.get_weights().reshape(20, 3), rtol=1e-9)
    assert model.mean_distance_ == pytest.approx(som.quantization_error(X))
    assert model.topographic_error_ == pytest.approx(som.topographic_error(X))


def test_an_annealed_map_is_minisoms_with_asymptotic_decay():
    minisom = pytest.importorskip("minisom")
    X = clouds(150)
    som = minisom.MiniSom(4, 5, 3, sigma=2.0, learning_rate=0.5)
    som._weights = X[:20].reshape(4, 5, 3).copy()
    rng = np.random.default_rng(0)
    orders = np.concatenate([rng.permutation(150) for _ in range(6)])
    for t, i in enumerate(orders):
        som.update(X[i], som.winner(X[i]), t // 150, 6)  # σ / (1 + 2t/6)
    last = 1 + 2 * 5 / 6
    model = SOM(
        (4, 5), mode="online", init=X[:20], max_iter=6, annealing=1.0, tol=0, random_state=0, sigma_start=2.0,
        sigma_end=2.0 / last, learning_rate_start=0.5, learning_rate_end=0.5 / last, sigma_schedule="hyperbolic",
        learning_rate_schedule="hyperbolic",
    ).fit(X)  # fmt: skip
    np.testing.assert_allclose(model.prototypes_, som.get_weights().reshape(20, 3), rtol=1e-7, atol=1e-9)


# --- k-means


@BOTH
def test_a_map_without_neighbourhood_takes_lloyds_steps(dtype):
    X = clouds(400).astype(dtype)
    for max_iter in (1, 2, 9):
        som = steady(0.0, shape=(3, 4), init=X[:12], max_iter=max_iter).fit(X)
        lloyd = KMeans(12, init=X[:12], tol=0, max_iter=max_iter).fit(X)
        assert lloyd.history_["n_reseeded"][1:].sum() == 0
        np.testing.assert_allclose(som.prototypes_, lloyd.prototypes_, rtol=1e-5 if dtype == np.float32 else 1e-12)
        assert som.inertia_ == pytest.approx(lloyd.inertia_, rel=1e-6)


def test_a_vanishing_neighbourhood_is_no_neighbourhood_but_for_units_without_rows():
    X = clouds(400)
    still = steady(0.0, shape=(3, 4), init=X[:12], max_iter=5).fit(X)
    nearly = steady(0.02, shape=(3, 4), init=X[:12], max_iter=5).fit(X)
    assert still.counts_.min() > 0
    np.testing.assert_allclose(nearly.prototypes_, still.prototypes_, rtol=1e-12)


def test_a_lone_unit_without_rows_stays_where_it_is():
    X = np.array([[0.0], [1.0], [2.0]])
    model = steady(0.0, shape=(1, 3), init=[[0.0], [50.0], [1.5]], max_iter=3).fit(X)
    assert model.prototypes_.ravel().tolist() == [0.0, 50.0, 1.5]
    assert model.counts_.tolist() == [1.0, 0.0, 2.0]


def test_a_map_of_one_unit_is_the_mean():
    X = clouds()
    model = SOM((1, 1)).fit(X)
    np.testing.assert_allclose(model.prototypes_[0], X.mean(axis=0))
    assert model.topographic_error_ == 0


# --- laws


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 1000), st.sampled_from(["gaussian", "bubble", "mexican_hat"]), st.sampled_from(["batch", "online"])
)
def test_doubling_and_turning_all_signs_of_the_rows_does_so_to_the_units(seed, kind, mode):
    X = clouds(60, seed=seed)
    fits = [
        SOM((3, 3), mode=mode, neighbourhood=kind, init=rows[:9], max_iter=4, learning_rate_start=0.1, random_state=0)
        .fit(rows)
        for rows in (X, -2 * X)
    ]  # fmt: skip
    np.testing.assert_array_equal(fits[0].labels_, fits[1].labels_)
    np.testing.assert_allclose(fits[1].prototypes_, -2 * fits[0].prototypes_, rtol=1e-12)


@MODES
@pytest.mark.parametrize("init", ["pca", "random"])
def test_moving_the_rows_moves_the_units(mode, init):
    X = np.round(clouds() * 64) / 64  # so that the moved rows are exact
    fits = [
        SOM((4, 4), mode=mode, init=init, max_iter=6, random_state=1).fit(X + offset).prototypes_ - offset
        for offset in (0.0, 1024.0)
    ]
    np.testing.assert_allclose(fits[1], fits[0], atol=1e-9)


def test_the_order_of_the_rows_is_nothing_to_a_batch():
    X = clouds()
    mixed = X[np.random.default_rng(0).permutation(300)]
    one, other = (SOM((4, 4), max_iter=8, tol=0).fit(rows) for rows in (X, mixed))
    np.testing.assert_allclose(one.prototypes_, other.prototypes_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("topology", "down"), [("rectangular", 1), ("hexagonal", 2)])
def test_a_torus_has_no_first_unit(topology, down):
    X = clouds(d=2)
    start = np.random.default_rng(0).normal(size=(4, 5, 2))
    rolled = np.roll(start, (down, 2), axis=(0, 1))
    one, other = (
        SOM((4, 5), topology=topology, toroidal=True, init=W, max_iter=6).fit(X).prototypes_.reshape(4, 5, 2)
        for W in (start, rolled)
    )
    np.testing.assert_allclose(np.roll(one, (down, 2), axis=(0, 1)), other, rtol=1e-9, atol=1e-12)


# --- weights


@BOTH
def test_whole_weights_are_repeated_rows_to_a_batch(dtype):
    X = clouds(150).astype(dtype)
    weights = np.random.default_rng(0).integers(0, 4, 150)
    weighted = SOM((3, 3), max_iter=6, tol=0).fit(X, sample_weight=weights)
    repeated = SOM((3, 3), max_iter=6, tol=0).fit(np.repeat(X, weights, axis=0))
    np.testing.assert_allclose(weighted.prototypes_, repeated.prototypes_, rtol=1e-4 if dtype == np.float32 else 1e-9)
    np.testing.assert_array_equal(weighted.counts_, repeated.counts_)
    assert weighted.topographic_error_ == pytest.approx(repeated.topographic_error_)
    assert weighted.mean_distance_ == pytest.approx(repeated.mean_distance_, rel=1e-5)


@BOTH
def test_whole_weights_are_rows_shown_so_many_times_in_turn_online(dtype):
    X = clouds(150).astype(dtype)
    weights = np.random.default_rng(0).integers(0, 4, 150)
    weighted = SOM((3, 3), init=X[:9]).partial_fit(X, sample_weight=weights)
    repeated = SOM((3, 3), init=X[:9]).partial_fit(np.repeat(X, weights, axis=0))
    np.testing.assert_allclose(weighted.prototypes_, repeated.prototypes_, rtol=1e-3 if dtype == np.float32 else 1e-9)
    np.testing.assert_array_equal(weighted.counts_, repeated.counts_)


@MODES
@pytest.mark.parametrize("init", ["pca", "random"])
def test_rows_of_weight_zero_never_matter(mode, init):
    X = clouds(100)
    far = np.vstack([X, np.full((40, 3), 1e3)])
    weights = np.r_[np.ones(100), np.zeros(40)]
    model = SOM((3, 3), mode=mode, init=init, max_iter=5, random_state=0).fit(far, sample_weight=weights)
    assert np.abs(model.prototypes_).max() < 100
    assert model.counts_.sum() == 100
