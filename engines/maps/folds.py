"""Where a map is folded: rows whose two best units are no neighbours, unit by unit and pair by pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engines.kernels.exact import Labels
from engines.kernels.pairs import PairSearch
from engines.maps.grid import Grid


@dataclass(frozen=True, eq=False)
class Folds:
    """Torn rows: those whose second-best unit is no neighbour of the best one.

    Attributes
    ----------
    n_rows, n_torn : (M,) int64
        Rows of which each unit is the best, and those among them that are torn.
    pairs : (q, 2) int64
        Units that share torn rows as best and second best, in either order; the lower number first, each pair once.
    counts : (q,) int64
        Torn rows of each pair, falling; of equal ones the pair of lower numbers comes first.
    """

    n_rows: NDArray[np.int64]
    n_torn: NDArray[np.int64]
    pairs: NDArray[np.int64]
    counts: NDArray[np.int64]


def two_best_units(X: ArrayLike, prototypes: ArrayLike) -> Labels:
    """Best and second-best unit of each row, (n, 2) int32; of equally near ones the lower number comes first.

    A lone unit is its own second. Distances are Euclidean, in the precision of the rows, as in training.

    Parameters
    ----------
    X : array-like of shape (n, d)
    prototypes : array-like of shape (M, d)

    Examples
    --------
    >>> two_best_units([[0.2], [2.9]], [[0.0], [1.0], [3.0]]).tolist()
    [[0, 1], [2, 1]]
    """
    rows: NDArray[Any] = np.ascontiguousarray(X)
    if rows.dtype not in (np.float32, np.float64):
        rows = rows.astype(np.float64)
    search = PairSearch(np.ascontiguousarray(prototypes, rows.dtype))
    best, second = np.empty(len(rows), np.int32), np.empty(len(rows), np.int32)
    for start in range(0, len(rows), search.piece):
        here = slice(start, start + search.piece)
        search.find(rows[here], best[here], second[here])
    return np.column_stack([best, second])


def folds(two_best: ArrayLike, grid: Grid) -> Folds:
    """Count torn rows by unit and by pair of units; opposite edges of a torus are neighbours.

    Their share of all rows is the topographic error.

    Parameters
    ----------
    two_best : array-like of shape (n, 2)
        As `two_best_units` gives them.
    grid : Grid of M units

    Raises
    ------
    ValueError
        If a unit is none of the grid's.

    References
    ----------
    Kiviluoto, "Topology preservation in self-organizing maps", 1996.

    Examples
    --------
    >>> found = folds([[0, 1], [0, 3], [3, 0]], Grid(1, 4))
    >>> found.n_torn.tolist(), found.pairs.tolist(), found.counts.tolist()
    ([1, 0, 0, 1], [[0, 3]], [2])
    >>> folds([[0, 1], [0, 3], [3, 0]], Grid(1, 4, toroidal=True)).counts.tolist()
    []
    """
    units = np.asarray(two_best, np.int64).reshape(-1, 2)
    if units.size and not (units.min() >= 0 and units.max() < grid.n_units):
        raise ValueError(f"The units of a map of {grid.rows} x {grid.cols} have numbers from 0 to {grid.n_units - 1}.")
    best, second = units.T
    torn = (best != second) & ~(grid.neighbours[best] == second[:, None]).any(axis=1)
    low, high = np.sort(units[torn], axis=1).T
    pair, counts = np.unique(low * grid.n_units + high, return_counts=True)
    falling = np.argsort(-counts, kind="stable")
    return Folds(
        n_rows=np.bincount(best, minlength=grid.n_units),
        n_torn=np.bincount(best[torn], minlength=grid.n_units),
        pairs=np.column_stack(np.divmod(pair[falling], grid.n_units)),
        counts=counts[falling],
    )
