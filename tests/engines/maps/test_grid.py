"""The grid of a map against brute force over copies of it laid side by side."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.maps.grid import Grid

shapes = st.tuples(st.integers(1, 7), st.integers(1, 7))


def laid_out(grid):
    """Every unit's place, and the places of its copies where the grid repeats itself, by unit (M, copies, 2)."""
    pitch = 1.0 if grid.topology == "rectangular" else np.sqrt(3) / 2
    places = [
        (c + (0.5 if grid.topology == "hexagonal" and r % 2 else 0.0), r * pitch)
        for r in range(grid.rows)
        for c in range(grid.cols)
    ]
    around = (-1, 0, 1) if grid.toroidal else (0,)
    shifts = np.array([(i * grid.cols, j * grid.rows * pitch) for i in around for j in around], float)
    return np.array(places)[:, None] + shifts


def grids(rows, cols):
    for topology in ("rectangular", "hexagonal"):
        for toroidal in (False, True):
            if not (topology == "hexagonal" and toroidal and rows % 2):
                yield Grid(rows, cols, topology, toroidal)


@given(shapes)
def test_distances_are_the_least_over_all_copies_of_the_grid(shape):
    for grid in grids(*shape):
        copies = laid_out(grid)
        brute = np.sqrt(((grid.positions[:, None, None] - copies[None]) ** 2).sum(axis=3)).min(axis=2)
        np.testing.assert_allclose(grid.distances, brute, atol=1e-12)


@given(shapes)
def test_neighbours_are_the_units_within_one_step(shape):
    for grid in grids(*shape):
        reach = 1.0 if grid.topology == "hexagonal" else np.sqrt(2)  # a diagonal step counts on a rectangular grid
        brute = (grid.distances < reach + 1e-9) & ~np.eye(grid.n_units, dtype=bool)
        np.testing.assert_array_equal(grid.adjacent, brute)
        np.testing.assert_array_equal(grid.adjacent, grid.adjacent.T)


@pytest.mark.parametrize(("topology", "inside"), [("rectangular", 8), ("hexagonal", 6)])
def test_units_inside_have_eight_or_six_neighbours_and_on_a_torus_all_do(topology, inside):
    grid = Grid(6, 7, topology)
    row, col = np.divmod(np.arange(42), 7)
    middle = (row > 0) & (row < 5) & (col > 0) & (col < 6)
    degree = grid.adjacent.sum(axis=1)
    assert set(degree[middle]) == {inside}
    assert degree[~middle].max() < inside
    assert set(Grid(6, 7, topology, toroidal=True).adjacent.sum(axis=1)) == {inside}


def test_neighbours_of_a_hexagonal_unit_are_at_distance_one():
    grid = Grid(8, 8, "hexagonal", toroidal=True)
    np.testing.assert_allclose(grid.distances[grid.adjacent], 1.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 4), "at least one row"),
        ((3, 3, "round"), "'rectangular' or 'hexagonal'"),
        ((3, 4, "hexagonal", True), "even number of rows, got 3"),
    ],
)
def test_grids_that_cannot_be_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        Grid(*arguments)
