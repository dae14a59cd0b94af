"""Which prototype of one run is which of another: one to one, or unit by unit for maps; nothing of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.maps.grid import Grid
from engines.maps.symmetry import symmetries
from workbench.views.scene import Array
from workbench.views.wording import number

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Matching:
    """Pairs of prototypes of two codebooks.

    Attributes
    ----------
    first, second : (p,) int64
        Numbers of the partners, by rising number in the first codebook; p is the lesser of both sizes.
    squares : (p,) float64
        Squared Euclidean distance of partners in training units.
    method : str
        How they were found, in a sentence.
    disparity : float
        Of maps laid onto each other, what Procrustes analysis leaves, 0 to 1; NaN otherwise.
    """

    first: Codes
    second: Codes
    squares: Floats
    method: str
    disparity: float = float("nan")

    def partners(self, n_first: int) -> Codes:
        """(n_first,) partner of each prototype of the first codebook; -1 for none."""
        found = np.full(n_first, -1, np.int64)
        found[self.first] = self.second
        return found


def match(A: Array, B: Array, codes_a: Codes, codes_b: Codes) -> Matching:
    """The one-to-one matching of the least sum of squared distances (Kuhn 1955, Naval Res. Logist. Q. 2:83).

    Parameters
    ----------
    A, B : (M, d) and (N, d)
        Codebooks in training units.
    codes_a, codes_b : (M,) and (N,)
        Class codes; -1 for none. Where all have a class, as few partners as possible are of different classes, and
        among these matchings the nearest is taken.
    """
    from scipy.optimize import linear_sum_assignment

    squares = squared_distances(A, B)
    has_classes = len(codes_a) > 0 and len(codes_b) > 0 and min(codes_a.min(), codes_b.min()) >= 0
    asked = squares
    if has_classes:
        beyond = 1.0 + min(squares.shape) * float(squares.max(initial=0.0))
        asked = squares + np.where(codes_a[:, None] != codes_b[None, :], beyond, 0.0)
    first, second = linear_sum_assignment(asked)
    method = "matched one to one, with the least sum of squared distances"
    return Matching(
        first.astype(np.int64),
        second.astype(np.int64),
        squares[first, second],
        method + (" within classes" if has_classes else ""),
    )


def match_maps(A: Array, B: Array, grid: Grid) -> Matching:
    """Units of two maps on the same grid, the second laid onto the first by that symmetry which brings it nearest.

    `A` and `B` are (M, d) in training units. The disparity is what is left between the maps, as point sets in feature
    space, when they are moved, scaled and turned onto each other (Gower 1975, Psychometrika 40:33).
    """
    squares = squared_distances(A, B)
    units = np.arange(grid.n_units)
    best, least = None, np.inf
    for symmetry in symmetries(grid):
        sum_of_squares = float(squares[units, symmetry.order].sum())
        if sum_of_squares < least:
            best, least = symmetry, sum_of_squares
    assert best is not None
    disparity = _disparity(np.asarray(A, float), np.asarray(B, float)[best.order])
    method = f"units matched on the grid, the other map {best.words} (Procrustes disparity {number(disparity, 3)})"
    return Matching(units, best.order, squares[units, best.order], method, disparity)


def _disparity(A: Floats, B: Floats) -> float:
    """Procrustes disparity; 0 where both are one point, NaN where one of them is, as it has no shape."""
    from scipy.spatial import procrustes

    points = [float(np.ptp(W, axis=0).max(initial=0.0)) == 0.0 for W in (A, B)]
    if any(points):
        return 0.0 if all(points) else float("nan")
    return round(float(procrustes(A, B)[2]), 12)  # what is less is rounding


def squared_distances(A: Array, B: Array) -> Floats:
    """(M, N) exact squared Euclidean distances of rows, so that equal rows are at 0."""
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(np.asarray(A, float), np.asarray(B, float), "sqeuclidean"))
