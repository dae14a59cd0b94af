"""The online rules of the LVQ family against the rules as they are written down, row by row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import online_rules
import pytest
from numba import njit

from engines.clustering.competitive import Schedule
from engines.kernels.abreast import lay_out, least_lane
from engines.lvq.epochs import Roster, epoch
from engines.lvq.gaps import hold
from engines.lvq.labels import LabelledRows
from engines.lvq.rules import OwnRate, Pair, Rivals, Winner
from engines.rows import ArrayRows
from engines.training import Stopped, StopToken

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])
SCHEDULE = Schedule("hyperbolic", 0.2, 1.0)
RULES = {
    "winner": (Winner(SCHEDULE), online_rules.winner, {}),
    "rivals": (Rivals(Schedule("hyperbolic", 0.004, 1.0)), online_rules.rivals, {}),
    "pair": (Pair(SCHEDULE, 0.3), online_rules.pair, {"window": 0.3}),
    "pair, soft": (Pair(SCHEDULE, 0.3, 0.4), online_rules.pair, {"window": 0.3, "epsilon": 0.4}),
}
SHAPES = [((1, 1), 1), ((2, 1, 4), 3), ((12, 20), 7), ((30, 1, 33), 5), ((40, 30, 60), 16)]


def clouds(n, d, n_classes, dtype=np.float64, seed=0):
    """Overlapping classes: rows (n, d) and codes (n,)."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n)
    return (rng.normal(size=(n, d)) + 0.8 * y[:, None]).astype(dtype), y


def shown(rule, X, y, W, counts, *, weights=None, memory=None, t=0.0, pinned=()):
    """One epoch in the rows' own order."""
    weights = np.ones(len(X)) if weights is None else weights
    rows = hold(LabelledRows(ArrayRows(X), y.astype(np.int64), weights, 1.0), StopToken())
    roster = Roster(np.arange(len(counts)), np.array(counts), pinned)
    memory = rule.memory(roster.size) if memory is None else memory
    return epoch(rule, roster, rows, None, W, memory, t, StopToken())


def start(X, y, counts):
    """Rows of the right classes, a little aside."""
    rng = np.random.default_rng(3)
    picked = [rng.choice(np.flatnonzero(y == code), count, replace=False) for code, count in enumerate(counts)]
    return (X[np.concatenate(picked)] + 0.1 * rng.normal(size=(sum(counts), X.shape[1]))).astype(X.dtype)


def close(dtype):
    return {"rtol": 0, "atol": 1e-11 if dtype == np.float64 else 2e-4}


# --- one row after another


@BOTH
@pytest.mark.parametrize("name", list(RULES))
@pytest.mark.parametrize(("counts", "d"), SHAPES)
def test_an_epoch_is_that_of_the_rule_row_by_row(name, counts, d, dtype):
    rule, by_hand, more = RULES[name]
    X, y = clouds(400, d, len(counts), dtype)
    W, c = start(X, y, counts), np.repeat(np.arange(len(counts)), counts)
    expected = W.astype(np.float64)
    by_hand(X.astype(np.float64), y, expected, c, rule.schedule.at(np.arange(400) / 400), **more)
    found, _, _ = shown(rule, X, y, W, counts)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, **close(dtype))


@BOTH
@pytest.mark.parametrize(("counts", "d"), SHAPES)
def test_own_rates_are_those_of_the_formula_row_by_row(counts, d, dtype):
    rule = OwnRate(0.3, 0.4)
    X, y = clouds(400, d, len(counts), dtype)
    W, c = start(X, y, counts), np.repeat(np.arange(len(counts)), counts)
    expected, own = W.astype(np.float64), np.full(len(c), 0.3)
    online_rules.own_rate(X.astype(np.float64), y, expected, c, own, 0.4)
    found, rates, _ = shown(rule, X, y, W, counts)
    np.testing.assert_allclose(rates, own, rtol=1e-12)
    np.testing.assert_allclose(found, expected, **close(dtype))


@BOTH
@pytest.mark.parametrize("name", list(RULES))
def test_the_lowest_index_wins_a_tie(name, dtype):
    """Whole numbers and halves leave no rounding in few rows: each step is exact, and ties abound."""
    rule, by_hand, more = RULES[name]
    halves = {"epsilon": 0.5} if "epsilon" in more else {}
    rule = replace(rule, schedule=Schedule("hyperbolic", 0.5, 0.0), **halves)
    rng = np.random.default_rng(5)
    for counts in ((2, 3), (40, 50)):
        c = np.repeat(np.arange(2), counts)
        for _ in range(30):
            X, y = rng.integers(-1, 2, (6, 2)).astype(dtype), rng.integers(0, 2, 6)
            W = rng.integers(-1, 2, (len(c), 2)).astype(dtype)
            expected = W.astype(np.float64)
            by_hand(X.astype(np.float64), y, expected, c, np.full(6, 0.5), **{**more, **halves})
            assert np.array_equal(shown(rule, X, y, W, counts)[0], expected)


@BOTH
def test_the_least_lane_is_the_least_sum(dtype):
    rng = np.random.default_rng(0)
    least = njit(lambda D, starts: least_lane(D, starts))
    for n in (1, 5, 64, 65, 300):
        starts = lay_out(np.zeros((n, 2), dtype))[1]
        D = rng.integers(0, 50, starts.shape).astype(dtype)
        assert least(D, starts) == int(np.argmin((D + starts).ravel()))
        assert least(np.full_like(D, np.inf), starts) == 0


# --- the window


@pytest.mark.parametrize(
    ("x", "moves"),
    [(1.0, True), (0.8, True), (0.77, True), (0.73, False), (0.0, False), (2.0, False), (1.23, True), (1.27, False)],
)
def test_only_rows_in_the_window_move_a_pair(x, moves):
    """Between 0 and 2 with w = 0.25, d₁/d₂ > 0.6 from 0.75 to 1.25: distances, not their squares."""
    W = np.array([[0.0], [2.0]])
    for y in (0, 1):
        found, _, moved = shown(Pair(Schedule("hyperbolic", 0.1, 0.0), 0.25), np.array([[x]]), np.array([y]), W, (1, 1))
        step = 0.1 if y == 0 else -0.1
        expected = W + np.array([[step * x], [-step * (x - 2.0)]]) if moves else W
        np.testing.assert_allclose(found, expected, atol=1e-15)
        assert moved == float(moves)


def test_a_pair_moves_only_if_exactly_one_is_right():
    X, rule = np.array([[1.0]]), Pair(Schedule("hyperbolic", 0.1, 0.0), 0.25)
    W = np.array([[0.0], [1.9], [9.0]])
    assert np.array_equal(shown(rule, X, np.array([0]), W, (2, 1))[0], W)  # both right
    assert np.array_equal(shown(rule, X, np.array([2]), W, (1, 1, 1))[0], W)  # both wrong
    assert not np.array_equal(shown(rule, X, np.array([1]), W, (1, 1, 1))[0], W)


def test_two_right_ones_are_attracted_softly_and_outside_of_the_window_too():
    W = np.array([[0.0], [2.0], [50.0]])
    rule = Pair(Schedule("hyperbolic", 0.5, 0.0), 0.25, 0.2)
    found, _, moved = shown(rule, np.array([[0.1]]), np.array([0]), W, (2, 1))
    np.testing.assert_allclose(found, [[0.01], [1.81], [50.0]], atol=1e-15)
    assert moved == 1


# --- rates of their own


def test_an_own_rate_falls_where_right_rises_where_wrong_and_never_passes_the_most():
    rule, W = OwnRate(0.3, 0.5), np.array([[0.0], [9.0]])
    _, right, _ = shown(rule, np.array([[1.0]]), np.array([0]), W, (1, 1))
    _, wrong, _ = shown(rule, np.array([[1.0]]), np.array([1]), W, (1, 1))
    _, twice, _ = shown(rule, np.array([[1.0], [1.0]]), np.array([1, 1]), W, (1, 1))
    assert right == pytest.approx([0.3 / 1.3, 0.3])
    assert wrong == pytest.approx([0.3 / 0.7, 0.3])
    assert twice == pytest.approx([0.5, 0.3])


def test_all_rows_that_a_prototype_was_right_about_count_the_same():
    """From a rate of 1 they make a mean, of the start as one row and of all rows."""
    X = np.random.default_rng(0).normal(size=(50, 3))
    W = np.vstack([np.ones(3), np.full(3, 99.0)])
    found, rates, _ = shown(OwnRate(1.0, 1.0), X, np.zeros(50, int), W, (1, 1))
    np.testing.assert_allclose(found[0], np.vstack([W[:1], X]).mean(axis=0), atol=1e-12)
    assert rates[0] == pytest.approx(1 / 51)


def test_a_rate_of_one_that_is_wrong_stays_at_the_most():
    found, rates, _ = shown(OwnRate(1.0, 1.0), np.array([[1.0]]), np.array([1]), np.array([[0.0], [9.0]]), (1, 1))
    assert np.array_equal(rates, [1.0, 1.0])
    assert np.array_equal(found, [[-1.0], [9.0]])


# --- weights


@pytest.mark.parametrize("name", ["winner", "pair", "pair, soft", "own rate"])  # of rivals, one is always repelled
def test_whole_weights_of_attracting_rows_are_repeated_rows(name):
    """Far apart, so that winners stay; no row repels in its window."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 60)
    X = rng.normal(size=(60, 3)) + 100 * y[:, None]
    W = np.vstack([X[y == 0][:2], X[y == 1][:2]])
    weights = rng.integers(0, 4, 60).astype(float)
    if name == "own rate":
        rule = OwnRate(0.3, 0.5)
    else:
        rule = replace(RULES[name][0], schedule=Schedule("hyperbolic", 0.2, 0.0))
    repeated = np.repeat(np.arange(60), weights.astype(int))
    heavy, memory, _ = shown(rule, X, y, W, (2, 2), weights=weights)
    many, expected, _ = shown(rule, X[repeated], y[repeated], W, (2, 2))
    np.testing.assert_allclose(heavy, many, atol=1e-10)
    np.testing.assert_allclose(memory, expected, atol=1e-12)


@pytest.mark.parametrize("rule", [Winner(Schedule("hyperbolic", 0.2, 0.0)), OwnRate(0.2, 0.2)])
def test_a_heavy_row_repels_at_most_as_far_as_it_is_away(rule):
    W = np.array([[0.0], [9.0]])
    for weight, step in ((1.0, 0.2), (2.0, 0.36), (1e12, 1.0)):
        found, _, _ = shown(rule, np.array([[1.0]]), np.array([1]), W, (1, 1), weights=np.array([weight]))
        np.testing.assert_allclose(found, [[-step], [9.0]], atol=1e-12)


def test_time_passes_in_proportion_to_the_weights():
    rule = Winner(Schedule("exponential", 0.5, 2.0))
    X, weights = np.array([[1.0], [1.0], [1.0]]), np.array([3.0, 0.0, 1.0])
    found, _, _ = shown(rule, X, np.zeros(3, int), np.array([[0.0], [9.0]]), (1, 1), weights=weights, t=1.0)
    left = (1 - 0.5 * np.exp(-2.0)) ** 3 * (1 - 0.5 * np.exp(-2.0 * 1.75))
    assert found[0, 0] == pytest.approx(1 - left)


# --- gaps and pins


@BOTH
@pytest.mark.parametrize("name", [*RULES, "own rate"])
@pytest.mark.parametrize(("counts", "d"), [((2, 1, 4), 3), ((40, 30, 60), 6)])
def test_rows_with_gaps_meet_and_move_prototypes_in_their_observed_features(name, counts, d, dtype):
    X, y = clouds(300, d, len(counts), dtype)
    W, c = start(X, y, counts), np.repeat(np.arange(len(counts)), counts)
    X[np.random.default_rng(0).random(X.shape) < 0.2] = np.nan
    X[np.isnan(X).all(axis=1), 0] = 0.5
    expected, wide = W.astype(np.float64), X.astype(np.float64)
    if name == "own rate":
        rule, own = OwnRate(0.3, 0.4), np.full(len(c), 0.3)
        online_rules.own_rate(wide, y, expected, c, own, 0.4)
    else:
        rule, by_hand, more = RULES[name]
        by_hand(wide, y, expected, c, rule.schedule.at(np.arange(300) / 300), **more)
    found, _, _ = shown(rule, X, y, W, counts)
    np.testing.assert_allclose(found, expected, **close(dtype))


@BOTH
@pytest.mark.parametrize("name", [*RULES, "own rate"])
def test_pinned_prototypes_stay_bit_for_bit_beside_others_that_move(name, dtype):
    rule = OwnRate(0.3, 0.4) if name == "own rate" else RULES[name][0]
    X, y = clouds(300, 4, 2, dtype)
    W = start(X, y, (3, 3))
    W[4, 1] = -0.0
    found, memory, _ = shown(rule, X, y, W, (3, 3), pinned=(1, 4))
    assert found[[1, 4]].tobytes() == W[[1, 4]].tobytes()
    assert not np.any(np.all(found[[0, 2, 3, 5]] == W[[0, 2, 3, 5]], axis=1))
    assert name != "own rate" or np.array_equal(memory[[1, 4]], [0.3, 0.3])
    assert shown(rule, X, y, W, (3, 3), pinned=tuple(range(6)))[2] == 0


def test_a_stop_is_felt_inside_an_epoch():
    class Late(StopToken):
        looks = 0

        def check(self):
            self.looks += 1
            if self.looks == 3:
                self.set()
            super().check()

    X, y = clouds(200_000, 2, 2)
    rows = hold(LabelledRows(ArrayRows(X), y.astype(np.int64), np.ones(len(X)), 1.0), StopToken())
    stop = Late()
    with pytest.raises(Stopped):
        epoch(Winner(SCHEDULE), Roster(np.arange(2), np.array([2, 2]), ()), rows, None, X[:4], np.empty(0), 0.0, stop)
    assert stop.looks == 3
