"""Symmetries of grids: they keep every distance on the grid, each comes once, and their number is known."""

from __future__ import annotations

import numpy as np
import pytest

from engines.maps.grid import Grid
from engines.maps.symmetry import symmetries


@pytest.mark.parametrize(
    ("grid", "number"),
    [
        (Grid(3, 5), 4),
        (Grid(4, 4), 8),
        (Grid(1, 6), 2),
        (Grid(1, 1), 1),
        (Grid(3, 4, "hexagonal"), 2),
        (Grid(4, 4, "hexagonal"), 2),
        (Grid(4, 5, toroidal=True), 4 * 20),
        (Grid(4, 4, toroidal=True), 8 * 16),
        (Grid(4, 5, "hexagonal", toroidal=True), 4 * 20),
    ],
)
def test_symmetries_keep_all_distances_and_there_are_as_many_as_geometry_says(grid: Grid, number: int) -> None:
    found = list(symmetries(grid))
    assert len(found) == len({symmetry.order.tobytes() for symmetry in found}) == number
    np.testing.assert_array_equal(found[0].order, np.arange(grid.n_units))
    assert found[0].words == "as it is"
    for symmetry in found:
        assert sorted(symmetry.order) == list(range(grid.n_units))
        moved = grid.distances[np.ix_(symmetry.order, symmetry.order)]
        np.testing.assert_allclose(moved, grid.distances, atol=1e-9)


def test_the_words_say_what_is_done() -> None:
    grid = Grid(2, 3, toroidal=True)
    by_words = {symmetry.words: symmetry.order for symmetry in symmetries(grid)}
    first = by_words["shifted by 0 down and 1 right"]
    assert first[1] == 0  # unit 0 comes to lie where unit 1 was
    np.testing.assert_array_equal(by_words["turned by 180°"][[0, 1, 2]], [0, 2, 1])
