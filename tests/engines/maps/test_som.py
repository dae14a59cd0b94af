"""Self-organizing maps against their rules row by row, MiniSom from the same start, k-means, and laws of the batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale

from engines import SOM, KMeans
from engines.maps import online
from engines.maps.grid import Grid
from engines.maps.starts import principal_axes
from engines.rows import ArrayRows
from engines.survey import survey
from engines.training import Stopped, StopToken

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])
MODES = pytest.mark.parametrize("mode", ["batch", "online"])


def clouds(n=300, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) + rng.integers(0, 3, (n, 1)) * 3


def steady(sigma, **others):
    """A map whose neighbourhood never changes."""
    return SOM(sigma_start=sigma, sigma_end=sigma, **{"tol": 0.0, **others})


def gaussian(grid, sigma):
    return np.exp(-(grid.distances**2) / (2 * sigma**2))


def best_units(X, W):
    return ((X[:, None].astype(float) - W[None].astype(float)) ** 2).sum(axis=2).argmin(axis=1)


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


# --- the end of a training


@MODES
def test_a_still_map_is_not_done_before_the_annealing_is(mode):
    X = np.ones((30, 2))
    model = SOM((2, 3), mode=mode, max_iter=20, annealing=0.5).fit(X)
    assert model.history_["shift"][2] == 0  # nothing moves, long before
    assert model.n_iter_ == 10
    assert steady(1.0, shape=(2, 3), max_iter=20, tol=1e-4).fit(X).n_iter_ <= 2


def test_tol_is_relative_to_the_mean_column_variance():
    X = clouds()
    fits = [SOM((4, 4), init=rows[:16], tol=1e-3, max_iter=60).fit(rows) for rows in (X, X * 1024)]
    assert fits[0].n_iter_ == fits[1].n_iter_ < 60
    shift = fits[0].history_["shift"]
    assert shift[-1] ** 2 <= 1e-3 * X.var(axis=0).mean() < shift[-2] ** 2


def test_width_and_rate_are_told_as_they_were_in_each_epoch():
    model = SOM(
        (4, 8), mode="online", max_iter=5, annealing=0.6, tol=0, sigma_end=0.5, learning_rate_start=0.4,
        learning_rate_end=0.1, learning_rate_schedule="linear", random_state=0,
    ).fit(clouds())  # fmt: skip
    np.testing.assert_allclose(model.history_["sigma"], [2.0, 2.0, 1.0, 0.5, 0.5, 0.5])
    np.testing.assert_allclose(model.history_["rate"], [0.4, 0.4, 0.25, 0.1, 0.1, 0.1])


def test_a_diverging_map_stops_and_says_so():
    X = clouds()
    engine = SOM((6, 6), mode="online", neighbourhood="mexican_hat", sigma_start=2.0, learning_rate_start=0.9)
    *_, last = engine.train(X)
    assert "diverged" in last.message
    assert np.abs(engine.prototypes_).max() < 1e8
    assert engine.n_iter_ < engine.max_iter
    with pytest.raises(ValueError, match="diverge"):
        engine.partial_fit(np.repeat(X, 5, axis=0))


def test_a_batch_with_a_mexican_hat_stays_with_the_rows():
    X = clouds()
    for sigma in (0.5, 1.0, 3.0):
        model = steady(sigma, shape=(6, 6), neighbourhood="mexican_hat", max_iter=60).fit(X)
        assert np.abs(model.prototypes_).max() < 3 * np.abs(X).max()


# --- history


def test_the_metrics_are_what_they_are_called():
    X, weights, held_out = clouds(), np.random.default_rng(1).random(300), clouds(50, seed=2)
    grid, labels = Grid(3, 4, "hexagonal"), None
    engine = SOM((3, 4), topology="hexagonal", max_iter=4)
    for snapshot in engine.train(X, sample_weight=weights, validation=(held_out, None)):
        W = snapshot.arrays["prototypes"]
        apart = np.linalg.norm(X[:, None] - W, axis=2)
        order = np.argsort(apart, axis=1)
        nearest = apart.min(axis=1)
        assert snapshot.cost == pytest.approx(np.sum(weights * nearest**2))
        metrics = snapshot.metrics
        assert metrics["error_per_row"] == pytest.approx(np.average(nearest**2, weights=weights))
        assert metrics["error_per_component"] == pytest.approx(metrics["error_per_row"] / 3)
        assert metrics["mean_distance"] == pytest.approx(np.average(nearest, weights=weights))
        torn = ~grid.adjacent[order[:, 0], order[:, 1]]
        assert metrics["topographic_error"] == pytest.approx(np.average(torn, weights=weights))
        assert metrics["changed"] == (0 if labels is None else np.mean(labels != order[:, 0]))
        assert metrics["n_empty"] == 12 - len(set(order[:, 0]))
        held = np.linalg.norm(held_out[:, None] - W, axis=2).min(axis=1)
        assert metrics["validation_error_per_row"] == pytest.approx(np.mean(held**2))
        labels = order[:, 0]
    np.testing.assert_array_equal(engine.labels_, labels)
    assert engine.mean_distance(X, weights) == pytest.approx(engine.mean_distance_)
    assert engine.topographic_error(X, weights) == pytest.approx(engine.topographic_error_)
    assert engine.quantization_error(X, weights) == pytest.approx(engine.inertia_ / weights.sum())


# --- starts


def test_the_principal_start_lies_evenly_on_the_plane_one_deviation_to_each_side():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 3)) * [1.0, 5.0, 0.1] + [3, 4, 5]
    W = next(SOM((3, 5)).train(X)).arrays["prototypes"].reshape(3, 5, 3)
    X = X - X.mean(axis=0)
    spread = np.linalg.svd(X, compute_uv=False) / np.sqrt(len(X))
    assert np.ptp(W[:, :, 1], axis=1) == pytest.approx(2 * spread[0], rel=1e-2)  # the longer side, the first axis
    assert np.ptp(W[:, :, 0], axis=0) == pytest.approx(2 * spread[1], rel=1e-2)
    np.testing.assert_allclose(W.mean(axis=(0, 1)), [3, 4, 5], atol=0.2)
    np.testing.assert_allclose(np.diff(W, n=2, axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.diff(W, n=2, axis=1), 0, atol=1e-12)


@pytest.mark.parametrize("d", [2, 30, 400])
def test_principal_axes_are_those_of_the_singular_value_decomposition(d):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, d))
    X[:, 0] += 9 * rng.normal(size=500)
    X[:, 1] += 20 * rng.normal(size=500)
    weights = rng.integers(0, 3, 500).astype(float)
    repeated = np.repeat(X, weights.astype(int), axis=0)
    _, values, vectors = np.linalg.svd(repeated - repeated.mean(axis=0), full_matrices=False)
    sample = survey(ArrayRows(X), weights, [(0, 200), (200, 500)], 1, StopToken())
    axes, deviations = principal_axes(sample, 2, StopToken())
    assert np.abs(np.sum(axes * vectors[:2], axis=1)) == pytest.approx(np.ones(2), abs=1e-5)
    assert deviations == pytest.approx(values[:2] / np.sqrt(len(repeated)), rel=1e-4)


@pytest.mark.parametrize("X", [clouds(50, 1), np.outer(np.arange(50.0), [1, 2, 3])], ids=["one column", "a line"])
@pytest.mark.parametrize("shape", [(4, 6), (6, 4), (1, 5), (5, 1)])
def test_units_start_apart_where_rows_have_one_direction_only(X, shape):
    W = next(SOM(shape).train(X)).arrays["prototypes"]
    assert len({tuple(w) for w in W.round(9)}) == shape[0] * shape[1]


def test_random_units_are_rows_different_ones_while_there_are_enough():
    X = clouds(40)
    own = {row.tobytes() for row in X}
    W = next(SOM((5, 6), init="random", random_state=0).train(X)).arrays["prototypes"]
    assert {w.tobytes() for w in W} <= own
    assert len({w.tobytes() for w in W}) == 30
    W = next(SOM((9, 9), init="random", random_state=0).train(X)).arrays["prototypes"]
    assert {w.tobytes() for w in W} == own


def test_given_units_may_be_laid_out_as_the_grid():
    start = np.random.default_rng(0).normal(size=(3, 4, 3))
    one, other = (SOM((3, 4), init=init, max_iter=2).fit(clouds()) for init in (start, start.reshape(12, 3)))
    np.testing.assert_array_equal(one.prototypes_, other.prototypes_)


# --- streaming


def test_pieces_of_a_stream_at_a_steady_width_are_the_stream():
    X = clouds(90)
    still = {"learning_rate_start": 0.2, "learning_rate_end": 0.2, "init": X[:9]}
    parts = steady(1.0, shape=(3, 3), **still)
    for piece in (X[:30], X[30:31], X[31:]):
        parts.partial_fit(piece)
    whole = steady(1.0, shape=(3, 3), **still).partial_fit(X)
    np.testing.assert_array_equal(parts.prototypes_, whole.prototypes_)
    assert parts.n_iter_ == 3
    assert len(parts.labels_) == 59


def test_calls_of_partial_fit_anneal_as_epochs_do():
    X = clouds(60)
    model, steps = SOM((4, 4), init=X[:16], max_iter=4, annealing=1.0), X[:16]
    sigmas, rates = np.geomspace(1.0, 0.5, 4), np.geomspace(0.5, 0.01, 4)
    for epoch in (0, 1, 2, 3, 3):
        alone = steady(sigmas[epoch], shape=(4, 4), init=steps, learning_rate_start=rates[epoch])
        steps = alone.partial_fit(X).prototypes_
        np.testing.assert_allclose(model.partial_fit(X).prototypes_, steps, rtol=1e-12)


# --- threads and stops


@BOTH
def test_an_online_map_has_the_same_bits_for_any_number_of_threads(dtype):
    X = clouds(9000).astype(dtype)
    fits = [SOM((3, 4), mode="online", max_iter=2, random_state=0, n_jobs=n_jobs).fit(X) for n_jobs in (1, 3)]
    np.testing.assert_array_equal(fits[0].prototypes_, fits[1].prototypes_)
    assert fits[0].inertia_ == fits[1].inertia_


def test_a_stop_within_an_online_epoch_leaves_the_epoch_before(monkeypatch):
    monkeypatch.setattr(online, "PIECE_WORK", 1)  # a look at the token before every row
    X = clouds(50)
    engine = SOM((3, 4), mode="online", random_state=0)
    training = engine.train(X)
    next(training)
    next(training)
    before = engine.prototypes_.copy()
    looks = []

    def check(self):
        looks.append(1)
        if len(looks) == 20:
            training.stop()
        if training.stopped:
            raise Stopped

    monkeypatch.setattr(StopToken, "check", check)
    assert list(training) == []
    assert len(looks) == 20
    np.testing.assert_array_equal(engine.prototypes_, before)
    assert engine.n_iter_ == 1


# --- odd rows


@MODES
@pytest.mark.parametrize(
    "X",
    [
        np.ones((1, 3)),
        np.ones((20, 2)),
        clouds(5),
        clouds(40, 1),
        np.c_[clouds(40), np.full(40, 7.0)],
        np.random.default_rng(0).random((12, 10_001)).astype(np.float32),
        clouds().astype(np.float16),
        np.arange(60).reshape(20, 3),
        np.asfortranarray(clouds()),
        [[0.0, 1.0], [2.0, 3.0], [4.0, 4.0]],
    ],
    ids=["one row", "equal", "few", "narrow", "constant", "wide", "half", "integers", "Fortran", "lists"],
)
def test_odd_rows_give_a_map_within_their_bounds(mode, X):
    model = SOM((3, 3), mode=mode, max_iter=4, random_state=0).fit(X)
    rows = np.asarray(X, np.float64)
    slack = 1e-5 * (1 + np.abs(rows).max())
    assert np.all(model.prototypes_ <= rows.max(axis=0) + slack + np.ptp(rows, axis=0))
    assert np.all(model.prototypes_ >= rows.min(axis=0) - slack - np.ptp(rows, axis=0))
    np.testing.assert_array_equal(model.labels_, model.predict(X))


def test_read_only_rows_are_left_alone():
    X = clouds()
    X.flags.writeable = False
    for mode in ("batch", "online"):
        SOM((3, 3), mode=mode, max_iter=2).fit(X)


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"shape": (4,)}, r"shape must be two numbers, rows and columns of units, got \(4,\)"),
        ({"shape": (0, 4)}, "shape must be a list of integers of at least 1"),
        ({"shape": 9}, "shape must be"),
        ({"shape": (3, 4), "topology": "hexagonal", "toroidal": True}, "even number of rows, got 3"),
        ({"init": np.zeros((4, 3))}, r"init has shape \(4, 3\), expected \(64, 3\)"),
        ({"init": np.full((64, 3), np.nan)}, "contains NaN"),
        ({"sigma_end": 0.0}, "sigma_schedule must be 'linear'"),
        ({"learning_rate_start": 0.0}, "learning_rate_start must be a number above 0"),
        ({"neighbourhood": "cone"}, "neighbourhood must be 'gaussian'"),
        ({"n_jobs": 0}, "n_jobs must not be 0"),
    ],
)
def test_unfit_parameters_are_refused_in_one_sentence(parameters, words):
    with pytest.raises(ValueError, match=words):
        SOM(**parameters).fit(clouds(70))


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
@MODES
def test_values_whose_squares_overflow_are_refused(mode):
    with pytest.raises(ValueError, match="scale them"):
        SOM((2, 2), mode=mode, init=clouds(4) * 1e200).fit(clouds(30) * 1e200)


def test_a_state_of_other_data_or_another_shape_is_refused():
    training = SOM((3, 4)).train(clouds(60))
    next(training)
    with pytest.raises(ValueError, match="other data"):
        SOM((3, 4)).train(clouds(60, seed=5), resume=training.state())
    with pytest.raises(ValueError, match="does not fit a map of 3 x 5 units"):
        SOM((3, 5)).train(clouds(60), resume=training.state())
