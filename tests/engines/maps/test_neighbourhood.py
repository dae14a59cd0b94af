"""Neighbourhoods and schedules against their formulas, unit by unit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.maps.grid import Grid
from engines.maps.neighbourhood import Neighbourhood
from engines.maps.schedule import Schedule

GRIDS = [
    Grid(1, 1),
    Grid(1, 6),
    Grid(5, 1, "hexagonal"),
    Grid(4, 5),
    Grid(4, 5, toroidal=True),
    Grid(5, 3, "hexagonal"),
    Grid(4, 3, "hexagonal", toroidal=True),
]
KINDS = ["gaussian", "bubble", "mexican_hat"]


def strength(kind, r, sigma):
    if sigma == 0:
        return 1.0 * (r == 0)
    if kind == "bubble":
        return 1.0 * (r <= sigma + 1e-9)
    bell = np.exp(-(r**2) / (2 * sigma**2))
    return bell if kind == "gaussian" else bell * (1 - r**2 / sigma**2)


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sigma", [0.0, 0.6, 1.0, 3.0])
def test_the_table_holds_the_formula_of_every_pair_of_units(grid, kind, sigma):
    table = Neighbourhood(kind, sigma, grid).table
    h = strength(kind, grid.distances, sigma)
    for k, (row, col) in enumerate(np.ndindex(grid.rows, grid.cols)):
        own = table[row % len(table), grid.rows - 1 - row : 2 * grid.rows - 1 - row]
        found = own[:, grid.cols - 1 - col : 2 * grid.cols - 1 - col].ravel()
        np.testing.assert_allclose(found, h[k], atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(GRIDS), st.sampled_from(KINDS), st.sampled_from([0.0, 0.5, 1.7, 9.0]), st.integers(0, 99))
def test_a_batch_step_puts_units_where_all_rows_pull_them(grid, kind, sigma, seed):
    rng = np.random.default_rng(seed)
    n_units = grid.n_units
    X, weights, labels = rng.normal(size=(30, 3)), rng.random(30), rng.integers(0, n_units, 30)
    W = rng.normal(size=(n_units, 3))
    h = strength(kind, grid.distances, sigma)[:, labels] * weights  # (M, n)
    sums = np.zeros((n_units, 3))
    np.add.at(sums, labels, weights[:, None] * X)
    placed = Neighbourhood(kind, sigma, grid).placed(W, sums, np.bincount(labels, weights, n_units))
    for k in range(n_units):
        mass = h[k].sum()
        if mass > max(1e-200, np.abs(h[k]).sum() * 0.33333):
            pull = (h[k][:, None] * (X - W[k])).sum(axis=0) / np.abs(h[k]).sum()
            np.testing.assert_allclose(placed[k], W[k] + pull, rtol=1e-9, atol=1e-9)
        else:
            np.testing.assert_array_equal(placed[k], W[k])


def test_a_unit_that_is_pushed_stays():
    grid = Grid(1, 3)
    W = np.array([[0.0], [5.0], [7.0]])
    # σ = 1: h is 1 at r = 0, 0 at r = 1, negative at r = 2; all rows belong to unit 0
    placed = Neighbourhood("mexican_hat", 1.0, grid).placed(W, np.array([[8.0], [0], [0]]), np.array([4.0, 0, 0]))
    np.testing.assert_allclose(placed, [[2.0], [5.0], [7.0]])


def test_a_unit_moves_only_where_rows_pull_it_twice_as_much_as_they_push_it():
    push = 3 * np.exp(-2)  # of a row at distance 2, with σ = 1
    for weight, moved in ((1.99 * push, False), (2.01 * push, True)):
        counts = np.array([weight, 0, 1.0])
        placed = Neighbourhood("mexican_hat", 1.0, Grid(1, 3)).placed(np.zeros((3, 1)), counts[:, None] * 4, counts)
        assert bool(placed[0, 0]) is moved


def test_a_step_of_the_mexican_hat_never_leaves_the_reach_of_rows_and_unit():
    rng = np.random.default_rng(0)
    W, X = rng.normal(size=(36, 2)), rng.normal(size=(36, 2))
    for sigma in (0.5, 1.0, 2.0, 4.0):
        placed = Neighbourhood("mexican_hat", sigma, Grid(6, 6)).placed(W, X, np.ones(36))
        reach = np.linalg.norm(W[:, None] - X[None], axis=2).max(axis=1)
        assert np.all(np.linalg.norm(placed - W, axis=1) <= reach + 1e-12)


def test_a_unit_so_far_from_all_rows_that_digits_run_out_stays():
    W = np.arange(40.0)[:, None]
    counts = np.zeros(40)
    counts[0] = 1.0
    placed = Neighbourhood("gaussian", 1.0, Grid(1, 40)).placed(W, counts[:, None] * 100, counts)
    assert np.allclose(placed[:20], 100)
    assert placed[39, 0] == 39.0


@pytest.mark.parametrize("course", ["linear", "exponential", "hyperbolic"])
@pytest.mark.parametrize(("start", "end"), [(4.0, 0.5), (0.1, 0.7)])
def test_a_schedule_goes_from_start_to_end_one_way_and_stays(course, start, end):
    schedule = Schedule(start, end, course, 11)
    values = [schedule.at(epoch) for epoch in range(20)]
    assert values[0] == start
    assert set(values[10:]) == {end}
    steps = np.diff(values[:11]) * np.sign(end - start)
    assert np.all(steps > 0)
    assert [schedule.settled(epoch) for epoch in range(20)] == [False] * 10 + [True] * 10


def test_the_courses_of_a_schedule_are_the_formulas():
    middle = {course: Schedule(8.0, 2.0, course, 3).at(1) for course in ("linear", "exponential", "hyperbolic")}
    assert middle == pytest.approx({"linear": 5.0, "exponential": 4.0, "hyperbolic": 8 / 2.5})


def test_a_single_epoch_of_annealing_is_the_start_and_then_comes_the_end():
    schedule = Schedule(3.0, 1.0, "linear", 1)
    assert [schedule.at(epoch) for epoch in range(3)] == [3.0, 1.0, 1.0]
    assert [schedule.settled(epoch) for epoch in range(3)] == [False, True, True]
    assert Schedule(2.0, 2.0, "linear", 9).settled(0)
