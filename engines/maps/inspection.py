"""How a trained map looks and how well it follows the data, from prototypes, labels and grid alone; draws nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engines.blocks import resolve_jobs
from engines.maps.grid import Grid
from engines.maps.winners import Winners, winners
from engines.rows import ArrayRows, RowSource, as_float_rows, is_row_source


def u_matrix(prototypes: ArrayLike, grid: Grid) -> NDArray[np.float64]:
    """Mean Euclidean distance (M,) from each unit's prototype to those of its neighbours on the grid.

    Parameters
    ----------
    prototypes : array-like of shape (M, d)
    grid : Grid of M units

    Returns
    -------
    ndarray of shape (M,)
        High where the map is torn between clusters; 0 for a unit without neighbours.

    Raises
    ------
    ValueError
        If the prototypes are not M.

    References
    ----------
    Ultsch & Siemon, "Kohonen's self organizing feature maps for exploratory data analysis", 1990.

    Examples
    --------
    >>> u_matrix([[0.0], [1.0], [3.0]], Grid(1, 3)).tolist()
    [1.0, 1.5, 2.0]
    """
    W = _prototypes(prototypes, grid)
    total = np.zeros(grid.n_units)
    for near in grid.neighbours.T:
        there = near >= 0
        total[there] += np.linalg.norm(W[there] - W[near[there]], axis=1)
    mean: NDArray[np.float64] = total / np.maximum(1, np.count_nonzero(grid.neighbours >= 0, axis=1))
    return mean


def hits(labels: ArrayLike, grid: Grid, sample_weight: ArrayLike | None = None) -> NDArray[np.float64]:
    """How many rows, or how much of their weight, each unit has won: (rows, cols).

    Parameters
    ----------
    labels : array-like of shape (n,)
        Best unit of each row, as `SOM.predict` gives them.
    grid : Grid
    sample_weight : array-like of shape (n,), optional

    Raises
    ------
    ValueError
        If a label is of no unit of the grid.

    Examples
    --------
    >>> hits([0, 0, 3], Grid(2, 2)).tolist()
    [[2.0, 0.0], [0.0, 1.0]]
    """
    units = np.asarray(labels)
    if units.size and not (units.min() >= 0 and units.max() < grid.n_units):
        raise ValueError(f"The labels of a map of {grid.rows} x {grid.cols} units lie from 0 to {grid.n_units - 1}.")
    found = np.bincount(units.astype(np.intp), sample_weight, grid.n_units)
    return found.astype(np.float64).reshape(grid.rows, grid.cols)


def component_planes(prototypes: ArrayLike, grid: Grid) -> NDArray[np.float64]:
    """One map of each feature's values: (d, rows, cols) from prototypes (M, d).

    Raises
    ------
    ValueError
        If the prototypes are not M.

    Examples
    --------
    >>> component_planes([[1.0, 5.0], [2.0, 6.0]], Grid(1, 2)).tolist()
    [[[1.0, 2.0]], [[5.0, 6.0]]]
    """
    return _prototypes(prototypes, grid).T.reshape(-1, grid.rows, grid.cols)


def mean_distance(
    X: Any, prototypes: ArrayLike, *, sample_weight: NDArray[np.float64] | None = None, n_jobs: int | None = None
) -> float:
    """Weighted mean of the Euclidean distance, not squared, of rows to their best unit.

    The literature on maps calls this the quantization error.

    Parameters
    ----------
    X : array-like of shape (n, d), or RowSource
    prototypes : array-like of shape (M, d)
    sample_weight : ndarray of shape (n,), optional
    n_jobs : int or None
        Threads; None is all cores.

    Examples
    --------
    >>> mean_distance([[0.0], [3.0]], [[0.0], [1.0]])
    1.0
    """
    line = Grid(1, len(np.asarray(prototypes)))
    return _winners(X, prototypes, line, sample_weight, n_jobs).mean_distance


def topographic_error(
    X: Any,
    prototypes: ArrayLike,
    grid: Grid,
    *,
    sample_weight: NDArray[np.float64] | None = None,
    n_jobs: int | None = None,
) -> float:
    """Weighted share of rows whose two best units are not adjacent, of 8 neighbours or, hexagonal, 6.

    Parameters
    ----------
    X : array-like of shape (n, d), or RowSource
    prototypes : array-like of shape (M, d)
    grid : Grid of M units
    sample_weight : ndarray of shape (n,), optional
    n_jobs : int or None
        Threads; None is all cores.

    Raises
    ------
    ValueError
        If the prototypes are not M.

    References
    ----------
    Kiviluoto, "Topology preservation in self-organizing maps", 1996.

    Examples
    --------
    >>> topographic_error([[0.0], [2.0]], [[0.0], [1.0], [10.0], [2.0]], Grid(1, 4))
    0.5
    """
    return _winners(X, prototypes, grid, sample_weight, n_jobs).topographic_error


def _winners(
    X: Any, prototypes: ArrayLike, grid: Grid, weights: NDArray[np.float64] | None, n_jobs: int | None
) -> Winners:
    rows: RowSource = as_float_rows(X if is_row_source(X) else ArrayRows(np.ascontiguousarray(X)))
    W = np.ascontiguousarray(_prototypes(prototypes, grid), rows.dtype)
    return winners(rows, weights, W, grid, n_jobs=resolve_jobs(n_jobs))


def _prototypes(prototypes: ArrayLike, grid: Grid) -> NDArray[np.float64]:
    W = np.asarray(prototypes, np.float64)
    if W.ndim != 2 or len(W) != grid.n_units:
        raise ValueError(
            f"A map of {grid.rows} x {grid.cols} units needs {grid.n_units} prototypes, got shape {W.shape}."
        )
    return W
