"""Torn rows by unit and by pair, against loops over the rows and the topographic error of the whole."""

from __future__ import annotations

import numpy as np
import pytest

from engines.maps.folds import folds, two_best_units
from engines.maps.grid import Grid
from engines.maps.inspection import topographic_error

GRIDS = [Grid(4, 5), Grid(4, 5, toroidal=True), Grid(4, 5, "hexagonal"), Grid(4, 5, "hexagonal", toroidal=True)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_two_best_units_are_those_of_a_loop(dtype):
    rng = np.random.default_rng(0)
    X, W = rng.normal(size=(3000, 3)).astype(dtype), rng.normal(size=(20, 3)).astype(dtype)
    apart = np.linalg.norm(X[:, None].astype(float) - W[None], axis=2)
    np.testing.assert_array_equal(two_best_units(X, W), np.argsort(apart, axis=1)[:, :2])


def test_whole_numbers_are_rows_too_and_of_equals_the_lower_unit_comes_first():
    assert two_best_units([[1], [5]], [[0], [2], [5], [5]]).tolist() == [[0, 1], [2, 3]]
    assert two_best_units(np.empty((0, 2)), np.zeros((3, 2))).shape == (0, 2)


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_torn_rows_are_those_of_a_loop_whose_two_best_units_lie_more_than_a_step_apart(grid):
    rng = np.random.default_rng(1)
    X, W = rng.normal(size=(400, 3)), rng.normal(size=(20, 3))
    step = 1.01 if grid.topology == "hexagonal" else 1.5  # eight neighbours, two of which lie √2 apart
    n_rows, n_torn, pairs = np.zeros(20, int), np.zeros(20, int), {}
    for x in X:
        best, second = np.argsort(np.linalg.norm(x - W, axis=1))[:2].tolist()
        n_rows[best] += 1
        if grid.distances[best, second] > step:
            n_torn[best] += 1
            pair = (min(best, second), max(best, second))
            pairs[pair] = pairs.get(pair, 0) + 1
    found = folds(two_best_units(X, W), grid)
    np.testing.assert_array_equal(found.n_rows, n_rows)
    np.testing.assert_array_equal(found.n_torn, n_torn)
    expected = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    assert [tuple(pair) for pair in found.pairs.tolist()] == [pair for pair, _ in expected]
    assert found.counts.tolist() == [count for _, count in expected]
    assert found.n_torn.sum() / 400 == pytest.approx(topographic_error(X, W, grid), abs=1e-12)
    assert 0 < found.n_torn.sum() < 400


def test_a_torus_tears_less_than_the_same_map_cut_open():
    rng = np.random.default_rng(2)
    two_best = two_best_units(rng.normal(size=(400, 3)), rng.normal(size=(20, 3)))
    flat, round_ = folds(two_best, Grid(4, 5)), folds(two_best, Grid(4, 5, toroidal=True))
    assert set(map(tuple, round_.pairs.tolist())) < set(map(tuple, flat.pairs.tolist()))


def test_a_lone_unit_and_no_rows_are_not_torn():
    assert folds(two_best_units(np.ones((3, 2)), np.zeros((1, 2))), Grid(1, 1)).n_torn.tolist() == [0]
    empty = folds(np.empty((0, 2)), Grid(2, 2))
    assert (empty.n_rows.tolist(), empty.pairs.shape) == ([0] * 4, (0, 2))


def test_units_of_another_map_are_refused():
    with pytest.raises(ValueError, match="have numbers from 0 to 5"):
        folds([[0, 6]], Grid(2, 3))
