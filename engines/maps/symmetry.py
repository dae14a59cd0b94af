"""The ways in which a grid can be laid onto itself: turned, mirrored and, on a torus, shifted; nothing of data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from engines.maps.grid import Grid

_CLOSE = 1e-6


@dataclass(frozen=True, eq=False)
class Symmetry:
    """One way to lay a grid onto itself, so that neighbours stay neighbours.

    Attributes
    ----------
    turned : int
        Degrees, by which it is turned after it was mirrored.
    mirrored : bool
        Whether it is mirrored top to bottom before it is turned.
    shifted : (rows, columns)
        By which the first unit is shifted after that; (0, 0) where the grid has borders.
    order : (M,) int64
        Unit `order[k]` comes to lie on unit k.
    """

    turned: int
    mirrored: bool
    shifted: tuple[int, int]
    order: NDArray[np.int64]

    @property
    def words(self) -> str:
        """What is done, e.g. "mirrored, turned by 90°"; "as it is" for nothing."""
        down, right = self.shifted
        done = [
            "mirrored" if self.mirrored else "",
            f"turned by {self.turned}°" if self.turned else "",
            f"shifted by {down} down and {right} right" if down or right else "",
        ]
        return ", ".join(filter(None, done)) or "as it is"


def symmetries(grid: Grid) -> Iterator[Symmetry]:
    """Every symmetry of `grid`, each once, the identity first.

    With borders there are at most 8; a torus has up to 8 (rectangular) or 12 (hexagonal) for each of its M shifts.
    """
    seen: set[bytes] = set()  # of images that leave the first unit where it is: no two of them differ by a shift
    step = 90 if grid.topology == "rectangular" else 60
    shifts = _shifts(grid) if grid.toroidal else [((0, 0), np.arange(grid.n_units))]
    for mirrored in (False, True):
        for turned in range(0, 360, step):
            image = _image(grid, turned, mirrored)
            if image is None or image.tobytes() in seen:
                continue
            seen.add(image.tobytes())
            for shifted, moved in shifts:
                yield Symmetry(turned, mirrored, shifted, np.argsort(moved[image]))


def _image(grid: Grid, turned: int, mirrored: bool) -> NDArray[np.int64] | None:
    """The unit on which each one comes to lie, (M,); None where it is no symmetry."""
    angle = math.radians(turned)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    if mirrored:
        turn = turn @ np.diag([1.0, -1.0])
    at = grid.positions
    middle = np.zeros(2) if grid.toroidal else (at.min(axis=0) + at.max(axis=0)) / 2
    image = _units_at(grid, (at - middle) @ turn.T + middle)
    return image if image is not None and _keeps_neighbours(grid, image) else None


def _shifts(grid: Grid) -> list[tuple[tuple[int, int], NDArray[np.int64]]]:
    """Each shift of a torus with the unit on which each one comes to lie."""
    found = []
    for unit, by in enumerate(grid.positions):
        image = _units_at(grid, grid.positions + by)
        assert image is not None
        found.append((divmod(unit, grid.cols), image))
    return found


def _units_at(grid: Grid, places: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Units that sit at `places` (M, 2), round the torus if it is one; None unless each sits at one of them."""
    period = None
    at = grid.positions
    if grid.toroidal:
        period = np.array(grid.extent)
        places, at = np.mod(places + _CLOSE / 2, period), np.mod(at + _CLOSE / 2, period)
    apart, found = cKDTree(at, boxsize=period).query(places)
    if apart.max() > _CLOSE or len(np.unique(found)) < grid.n_units:
        return None
    return np.asarray(found, np.int64)


def _keeps_neighbours(grid: Grid, image: NDArray[np.int64]) -> bool:
    near = grid.neighbours
    moved = np.where(near >= 0, image[near], -1)
    return bool(np.array_equal(np.sort(moved, axis=1)[:, ::-1], near[image]))
