"""The grid on which a map's units sit: positions, distances and neighbours; it knows nothing of data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Topology = Literal["rectangular", "hexagonal"]

ROW_PITCH = {"rectangular": 1.0, "hexagonal": math.sqrt(3) / 2}
"""Distance between rows of units; between units of a row it is 1."""

_STEPS = {
    "rectangular": (((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)),) * 2,
    "hexagonal": (
        ((0, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0)),
        ((0, 1), (1, 1), (1, 0), (0, -1), (-1, 0), (-1, 1)),
    ),
}
"""(rows, columns) to the neighbours of a unit in an even row and of one in an odd row."""


@dataclass(frozen=True)
class Grid:
    """Units numbered row by row: unit k sits in row k // cols and column k % cols.

    Hexagonal grids shift each odd row by half a unit, so that a unit inside has six neighbours at distance 1.
    On a toroidal grid the last row is next to the first and the last column next to the first.

    Parameters
    ----------
    rows, cols : int
        At least 1 each.
    topology : {"rectangular", "hexagonal"}
    toroidal : bool

    Raises
    ------
    ValueError
        If a side is below 1, the topology unknown, or the grid hexagonal and toroidal with an odd number of rows
        (its first and last row would not fit into each other).

    Examples
    --------
    >>> grid = Grid(2, 3, "hexagonal")
    >>> grid.positions.round(2).tolist()
    [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.5, 0.87], [1.5, 0.87], [2.5, 0.87]]
    >>> grid.adjacent[0].tolist()
    [False, True, False, True, False, False]
    """

    rows: int
    cols: int
    topology: Topology = "rectangular"
    toroidal: bool = False

    def __post_init__(self) -> None:
        if self.rows < 1 or self.cols < 1:
            raise ValueError(f"A grid needs at least one row and one column, got {self.rows} x {self.cols}.")
        if self.topology not in ROW_PITCH:
            raise ValueError(f"The topology of a grid is 'rectangular' or 'hexagonal', got {self.topology!r}.")
        if self.toroidal and self.topology == "hexagonal" and self.rows % 2:
            raise ValueError(
                f"A toroidal hexagonal grid needs an even number of rows, got {self.rows}: take one row more or less."
            )

    @property
    def n_units(self) -> int:
        """Units M in all."""
        return self.rows * self.cols

    @cached_property
    def positions(self) -> NDArray[np.float64]:
        """Where the units sit, (M, 2) as (x, y), one unit apart in a row."""
        row, col = np.divmod(np.arange(self.n_units), self.cols)
        shift = 0.5 * (row % 2) if self.topology == "hexagonal" else 0.0
        found = np.column_stack([col + shift, row * ROW_PITCH[self.topology]])
        found.flags.writeable = False
        return found

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height after which a toroidal grid repeats itself."""
        return float(self.cols), self.rows * ROW_PITCH[self.topology]

    @cached_property
    def offsets(self) -> NDArray[np.float64]:
        """Distance (P, 2·rows − 1, 2·cols − 1) to the unit so many rows down and columns right, both possibly negative.

        Entry [p, rows − 1 + i, cols − 1 + j] is from a unit whose row number is p modulo P, i rows down and j columns
        right. P is 2 on hexagonal grids, whose odd rows are shifted, else 1.
        """
        down, right = np.arange(1 - self.rows, self.rows), np.arange(1 - self.cols, self.cols)
        found = []
        for parity in range(self.n_parities):
            shift = (0.5 - parity) * (down % 2) if self.n_parities == 2 else 0.0 * down
            across = self.shorter(np.abs(right + shift[:, None]), 0)
            found.append(np.hypot(across, self.shorter(np.abs(down) * ROW_PITCH[self.topology], 1)[:, None]))
        return np.array(found)

    @property
    def n_parities(self) -> int:
        """2 where odd rows are shifted, else 1."""
        return 2 if self.topology == "hexagonal" else 1

    @cached_property
    def distances(self) -> NDArray[np.float64]:
        """Euclidean distance (M, M) between units on the grid, the shorter way round where it is toroidal."""
        squares = np.zeros((self.n_units, self.n_units))
        for axis in (0, 1):
            apart = np.abs(self.positions[:, None, axis] - self.positions[None, :, axis])
            squares += self.shorter(apart, axis) ** 2
        found = np.sqrt(squares)
        found.flags.writeable = False
        return found

    @cached_property
    def neighbours(self) -> NDArray[np.int32]:
        """Units next to each unit, (M, 8) rectangular or (M, 6) hexagonal: falling numbers, filled up with −1."""
        row, col = np.divmod(np.arange(self.n_units)[:, None], self.cols)
        steps = np.array(_STEPS[self.topology])[row[:, 0] % 2]  # (M, 8 or 6, 2)
        down, right = row + steps[:, :, 0], col + steps[:, :, 1]
        if self.toroidal:
            down, right = down % self.rows, right % self.cols
        there = (down >= 0) & (down < self.rows) & (right >= 0) & (right < self.cols)
        found = np.where(there & ((down != row) | (right != col)), down * self.cols + right, -1).astype(np.int32)
        for place in range(1, found.shape[1]):  # a narrow torus leads to the same unit on both ways
            again = (found[:, :place] == found[:, place : place + 1]).any(axis=1)
            found[again, place] = -1
        found.sort(axis=1)
        found = np.ascontiguousarray(found[:, ::-1])
        found.flags.writeable = False
        return found

    @cached_property
    def adjacent(self) -> NDArray[np.bool_]:
        """Whether two different units are neighbours, (M, M)."""
        found = np.zeros((self.n_units, self.n_units), np.bool_)
        unit, place = np.nonzero(self.neighbours >= 0)
        found[unit, self.neighbours[unit, place]] = True
        found.flags.writeable = False
        return found

    def shorter(self, apart: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        """Lengths along an axis, or those the other way round a torus where these are shorter."""
        return np.minimum(apart, np.abs(self.extent[axis] - apart)) if self.toroidal else apart
