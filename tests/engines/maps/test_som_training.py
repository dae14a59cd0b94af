"""Training of maps: its end, its figures, starts, streams, threads and stops, odd rows and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from som_cases import BOTH, MODES, clouds, steady

from engines import SOM
from engines.maps import online
from engines.maps.grid import Grid
from engines.maps.starts import principal_axes
from engines.rows import ArrayRows
from engines.survey import survey
from engines.training import Stopped, StopToken

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
