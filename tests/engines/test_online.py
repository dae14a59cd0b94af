"""Online vector quantization against brute force, MacQueen's means, the laws of weights and of its schedule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engines.clustering.competitive import Schedule, epoch
from engines.clustering.online import OnlineVQ
from engines.kernels.abreast import lay_out
from engines.kernels.lanes import untiled
from engines.training import Stopped, StopToken

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def clouds(n=400, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) + rng.integers(0, 4, (n, 1)) * 4


def cost(X, W):
    return float(((X.astype(float)[:, None] - W.astype(float)[None]) ** 2).sum(axis=2).min(axis=1).sum())


def by_hand(X, W, rates):
    """Sequential learning as it is written down; `rates` (n,), or None for MacQueen's."""
    W, wins = W.copy(), np.zeros(len(W))
    for i, x in enumerate(X):
        s = int(np.argmin(((x - W) ** 2).sum(axis=1)))
        wins[s] += 1
        W[s] += (1 / wins[s] if rates is None else rates[i]) * (x - W[s])
    return W, wins


def shown(X, W, schedule, weights=None, t=0.0):
    """One epoch in the rows' own order."""
    return epoch(X, weights, W, np.zeros(len(W)), schedule, t, None, StopToken())


# --- one row after another


@BOTH
@pytest.mark.parametrize(
    ("n_prototypes", "d"), [(1, 1), (2, 7), (31, 3), (32, 5), (33, 2), (64, 32), (65, 9), (150, 4)]
)
def test_an_epoch_is_that_of_the_formula_row_by_row(n_prototypes, d, dtype):
    X = clouds(500, d).astype(dtype)
    W = X[:n_prototypes].copy()
    for name in ("hyperbolic", "exponential"):
        rates = (
            0.4 / (1 + 3 * np.arange(500) / 500) if name == "hyperbolic" else 0.4 * np.exp(-3 * np.arange(500) / 500)
        )
        expected, wins = by_hand(X.astype(np.float64), W.astype(np.float64), rates)
        found, counted = shown(X, W, Schedule(name, 0.4, 3.0))
        assert np.array_equal(counted, wins)
        assert np.allclose(found, expected, rtol=0, atol=1e-12 if dtype == np.float64 else 1e-4)


@BOTH
def test_the_winner_of_a_tie_is_the_lowest_index(dtype):
    """Whole numbers and a rate of 1 or 0 leave no rounding: each step is exact, and ties abound."""
    rng = np.random.default_rng(3)
    for n_prototypes in (5, 40, 130):
        X = rng.integers(-2, 3, (600, 3)).astype(dtype)
        W = rng.integers(-2, 3, (n_prototypes, 3)).astype(dtype)
        expected, wins = by_hand(X, W, np.ones(600))
        found, counted = shown(X, W, Schedule("hyperbolic", 1.0, 0.0))
        assert np.array_equal(found, expected)
        assert np.array_equal(counted, wins)


@BOTH
def test_macqueens_prototypes_are_the_means_of_the_rows_they_won(dtype):
    X = clouds(700, 4).astype(dtype)
    start = X[:9] + dtype(0.1)
    expected, wins = by_hand(X.astype(np.float64), start.astype(np.float64), None)
    found, counted = shown(X, start, Schedule("macqueen", 0.1, 1.0))
    assert np.array_equal(counted, wins)
    assert np.allclose(found, expected, atol=1e-12 if dtype == np.float64 else 1e-4)
    won = [[] for _ in start]
    W = start.astype(np.float64)
    for x in X.astype(np.float64):
        s = int(np.argmin(((x - W) ** 2).sum(axis=1)))
        won[s].append(x)
        W[s] = np.mean(won[s], axis=0)
    assert np.allclose(found, W, atol=1e-10 if dtype == np.float64 else 1e-4)


def test_one_prototype_under_macqueens_rate_is_the_mean_of_all_rows():
    X = clouds(333, 5)
    model = OnlineVQ(1, rate="macqueen", max_iter=1, random_state=3).fit(X)
    assert np.allclose(model.prototypes_[0], X.mean(axis=0), atol=1e-12)
    assert model.inertia_ == pytest.approx(X.var(axis=0).sum() * len(X))


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(1, 90), st.integers(1, 12)), elements=st.floats(-9, 9)),
    st.booleans(),
)
def test_prototypes_laid_out_abreast_are_taken_up_as_they_were(W, single):
    W = W.astype(np.float32 if single else np.float64)
    groups, starts = lay_out(W)
    assert np.array_equal(untiled(groups, len(W)), W)
    assert np.count_nonzero(starts == 0) == len(W)
    assert groups.ctypes.data % 64 == 0


# --- schedule and order


def test_time_goes_on_from_epoch_to_epoch():
    X = clouds(50)
    model = OnlineVQ(3, init=X[:3], initial_rate=0.3, decay=2.0, max_iter=4, tol=0, random_state=0).fit(X)
    assert np.allclose(model.history_["rate"], 0.3 / (1 + 2.0 * np.arange(5)))
    model.set_params(rate="exponential").fit(X)
    assert np.allclose(model.history_["rate"], 0.3 * np.exp(-2.0 * np.arange(5)))
    assert "rate" not in model.set_params(rate="macqueen").fit(X).history_


def test_each_epoch_has_an_order_of_its_own():
    """At rate 1 the only prototype ends on the last row shown."""
    X = np.arange(200.0)[:, None]
    training = OnlineVQ(1, init=X[:1], initial_rate=1.0, decay=0.0, max_iter=12, tol=0, random_state=0).train(X)
    ends = [float(snapshot.arrays["prototypes"][0, 0]) for snapshot in training][1:]
    assert len(set(ends)) > 9


def test_an_epoch_shows_every_row_of_positive_weight_once():
    X, weights = clouds(300), np.r_[np.zeros(100), np.ones(200)]
    model = OnlineVQ(6, max_iter=3, tol=0, random_state=0).fit(X, sample_weight=weights)
    assert model.wins_.sum() == 600
    assert model.counts_.sum() == 200


def test_the_cost_is_that_of_exactly_these_prototypes_and_falls_far():
    X = clouds(500)
    snapshots = list(OnlineVQ(6, init="random", random_state=1).train(X))
    for snapshot in snapshots:
        assert snapshot.cost == pytest.approx(cost(X, snapshot.arrays["prototypes"]), rel=1e-10)
        assert snapshot.metrics["error_per_row"] == pytest.approx(snapshot.cost / 500)
        assert snapshot.metrics["error_per_component"] == pytest.approx(snapshot.cost / 1500)
    assert snapshots[-1].cost < 0.8 * snapshots[0].cost


def test_a_run_ends_when_the_prototypes_hardly_move():
    X = clouds(500)
    model = OnlineVQ(4, tol=1e-2, max_iter=500, random_state=0).fit(X)
    shift, limit = model.history_["shift"], 1e-2 * X.var(axis=0).mean()
    assert shift[-1] ** 2 <= limit < shift[-2] ** 2
    assert model.n_iter_ < 500


# --- weights


@BOTH
def test_whole_weights_under_macqueens_rate_are_repeated_rows_in_their_order(dtype):
    X = clouds(200).astype(dtype)
    weights = np.random.default_rng(0).integers(0, 4, 200).astype(float)
    repeated = np.repeat(X, weights.astype(int), axis=0)
    weighted, wins = shown(X, X[:6], Schedule("macqueen", 0.1, 1.0), weights)
    expected, expected_wins = shown(repeated, X[:6], Schedule("macqueen", 0.1, 1.0))
    assert np.allclose(weighted, expected, atol=1e-12 if dtype == np.float64 else 1e-4)
    assert np.array_equal(wins, expected_wins)


@pytest.mark.parametrize("initial", [0.3, 1.0])
def test_whole_weights_at_a_constant_rate_are_repeated_rows(initial):
    X = clouds(200)
    weights = np.random.default_rng(0).integers(0, 4, 200).astype(float)
    schedule = Schedule("hyperbolic", initial, 0.0)
    weighted, wins = shown(X, X[:6], schedule, weights)
    expected, expected_wins = shown(np.repeat(X, weights.astype(int), axis=0), X[:6], schedule)
    assert np.allclose(weighted, expected, atol=1e-12)
    assert np.array_equal(wins, expected_wins)


def test_rows_of_weight_zero_leave_no_trace():
    X = clouds(200)
    far = np.vstack([X, np.full((50, 3), 1e3)])
    weights = np.r_[np.ones(200), np.zeros(50)]
    start = X[:5].copy()
    with_them = OnlineVQ(5, init=start, random_state=4).fit(far, sample_weight=weights)
    without = OnlineVQ(5, init=start, random_state=4).fit(X, sample_weight=np.ones(200))
    assert np.array_equal(with_them.prototypes_, without.prototypes_)
    assert with_them.inertia_ == pytest.approx(without.inertia_)


def test_weights_of_one_are_no_weights():
    X = clouds(200)
    one = OnlineVQ(5, random_state=4).fit(X)
    two = OnlineVQ(5, random_state=4).fit(X, sample_weight=np.ones(200))
    assert np.allclose(one.prototypes_, two.prototypes_, atol=1e-9)


# --- learning from further rows


@BOTH
def test_parts_learned_one_after_another_under_macqueens_rate_are_the_whole(dtype):
    X = clouds(300).astype(dtype)
    start = X[:5].copy()
    parts = OnlineVQ(5, init=start, rate="macqueen")
    for part in np.split(X, [100, 137]):
        parts.partial_fit(part)
    whole = OnlineVQ(5, init=start, rate="macqueen").partial_fit(X)
    assert np.array_equal(parts.prototypes_, whole.prototypes_)
    assert np.array_equal(parts.wins_, whole.wins_)
    assert (parts.n_iter_, whole.n_iter_) == (3, 1)
    assert parts.labels_.shape == (163,)
    assert np.array_equal(whole.labels_, whole.predict(X))
    assert whole.inertia_ == pytest.approx(cost(X, whole.prototypes_), rel=1e-6)


def test_partial_fit_goes_on_from_a_training_and_in_its_time():
    X = clouds(300)
    model = OnlineVQ(5, max_iter=3, tol=0, random_state=0).fit(X)
    expected, _ = shown(X, model.prototypes_, Schedule("hyperbolic", 0.1, 1.0), t=3.0)
    assert np.array_equal(model.partial_fit(X).prototypes_, expected)
    assert model.n_iter_ == 4


def test_partial_fit_refuses_too_few_first_rows_and_takes_one_row_later():
    X = clouds(50)
    model = OnlineVQ(5, random_state=0)
    with pytest.raises(ValueError, match="n_samples=4 should be >= n_prototypes=5"):
        model.partial_fit(X[:4])
    model.partial_fit(X)
    model.partial_fit(X[:1])
    with pytest.raises(ValueError, match="expecting 3"):
        model.partial_fit(X[:, :2])


# --- edges


@BOTH
def test_odd_shapes_are_learned(dtype):
    for X in (
        np.full((9, 2), 3, dtype),
        clouds(9, 1).astype(dtype),
        clouds(12, 10_007).astype(dtype),
        np.asfortranarray(clouds(30).astype(dtype)),
    ):
        X.flags.writeable = False
        for n_prototypes in (1, 4, len(X)):
            model = OnlineVQ(n_prototypes, max_iter=2, random_state=0).fit(X)
            assert np.all(np.isfinite(model.prototypes_))
            assert model.inertia_ == pytest.approx(cost(X, model.prototypes_), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.uint8, np.int64])
def test_other_numbers_are_learned_as_float64(dtype):
    X = (clouds(60) * 3 + 20).astype(dtype)
    assert OnlineVQ(3, random_state=0).fit(X).prototypes_.dtype == np.float64


@BOTH
def test_a_row_far_from_all_others_does_not_spoil_prototypes_that_it_does_not_win(dtype):
    """Differences to it overflow, yet nothing but its own prototype meets them."""
    huge = np.finfo(dtype).max / 2
    X = np.array([[1.0], [2.0], [huge], [-huge]], dtype)
    found, _ = shown(X, np.array([[0.0], [huge], [-huge]], dtype), Schedule("hyperbolic", 0.5, 0.0))
    assert np.all(np.isfinite(found))


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_values_whose_squares_overflow_are_refused():
    with pytest.raises(ValueError, match="scale them"):
        OnlineVQ(2, random_state=0).fit(clouds(30) * 1e200)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_prototypes": 31}, "n_samples=30 should be >= n_prototypes=31"),
        ({"initial_rate": 0.0}, "initial_rate must be a number above 0 and of at most 1"),
        ({"rate": "fast"}, "rate must be 'hyperbolic'"),
        ({"decay": -1.0}, "decay must be a number of at least 0"),
        ({"init": np.zeros((2, 3))}, r"init has shape \(2, 3\), expected \(8, 3\)"),
    ],
)
def test_unfit_parameters_are_refused_in_one_sentence(parameters, words):
    with pytest.raises(ValueError, match=words):
        OnlineVQ(**parameters).fit(clouds(30))


def test_a_stop_is_felt_inside_an_epoch():
    class Late(StopToken):
        looks = 0

        def check(self):
            self.looks += 1
            if self.looks == 3:
                self.set()
            super().check()

    stop = Late()
    X = clouds(200_000, 2)
    with pytest.raises(Stopped):
        epoch(X, None, X[:64], np.zeros(64), Schedule("macqueen", 0.1, 1.0), 0.0, None, stop)
    assert stop.looks == 3
