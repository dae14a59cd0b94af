"""Where the cells of a codebook can be cut in two: how they spread, and what lies on either side of their means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.kernels.exact import Labels, frozen
from engines.rows import RowSource
from engines.survey import NO_WEIGHTS
from engines.training import StopToken

Floats = NDArray[Any]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Cuts:
    """One cut through every cell, at its mean and across its direction; all float64, weighted.

    Attributes
    ----------
    means : (K, d)
        Of the rows of each cell; the prototype where a cell is empty.
    directions : (K, d)
        The standard deviation of each column, with the sign of that column's covariance with the column of largest
        deviation. So signed, no cell of two different rows is without extent along its direction.
    distortions : (K,)
        Sum of the squared distances of each cell's rows to its mean.
    halves : (K, 2, d)
        Means of the rows that lie forward of the mean (or level with it), and of those behind.
    possible : (K,) bool
        Whether there are rows on both sides.
    """

    means: Doubles
    directions: Doubles
    distortions: Doubles
    halves: Doubles
    possible: NDArray[np.bool_]


def cuts(
    rows: RowSource, weights: Doubles | None, prototypes: Floats, labels: Labels, *, n_jobs: int, stop: StopToken
) -> Cuts:
    """Where to cut each cell, in three passes over the rows.

    Parameters
    ----------
    rows : RowSource of shape (n, d)
    weights : (n,) float64 or None
    prototypes : (K, d)
        Points near the cells' means, from which deviations are measured.
    labels : (n,) int32
        The cell of each row.

    Raises
    ------
    Stopped
        When `stop` is set.
    """
    n_cells, d = prototypes.shape
    passes = _Passes(rows, weights, labels, n_cells, n_jobs, stop)
    origin = frozen(prototypes.astype(np.float64))
    shape = (n_cells, d)
    sums, squares, counts = passes.summed(_deviations, (origin,), shape, shape, (n_cells,))
    mass = np.where(counts > 0, counts, 1.0)[:, None]
    means = frozen(origin + sums / mass)
    variances = np.maximum(squares / mass - (sums / mass) ** 2, 0.0)
    widest = frozen(np.argmax(variances, axis=1))
    (products,) = passes.summed(_products, (means, widest), shape)
    directions = frozen(np.sqrt(variances) * np.where(products < 0, -1.0, 1.0))
    side_sums, side_counts = passes.summed(_sides, (means, directions), (n_cells, 2, d), (n_cells, 2))
    halves = means[:, None] + side_sums / np.where(side_counts > 0, side_counts, 1.0)[:, :, None]
    distortions = variances.sum(axis=1) * counts
    return Cuts(means, directions, distortions, halves, np.all(side_counts > 0, axis=1))


@dataclass(frozen=True)
class _Passes:
    """Sums over the rows of cells, block by block."""

    rows: RowSource
    weights: Doubles | None
    labels: Labels
    n_cells: int
    n_jobs: int
    stop: StopToken

    def summed(self, kernel: Callable[..., None], fixed: tuple[Floats, ...], *shapes: tuple[int, ...]) -> list[Doubles]:
        """What `kernel(block, weights, labels, *fixed, *totals)` adds up in arrays of these shapes."""

        def one(block: Floats, start: int) -> list[Doubles]:
            here = slice(start, start + len(block))
            own = NO_WEIGHTS if self.weights is None else self.weights[here]
            parts = [np.zeros(shape) for shape in shapes]
            kernel(frozen(block), frozen(own), frozen(self.labels[here]), *fixed, *parts)
            return parts

        n, d = self.rows.shape
        bounds = block_bounds(n, d, self.rows.dtype.itemsize, self.n_cells)
        totals = [np.zeros(shape) for shape in shapes]
        for parts in map_blocks(self.rows, one, bounds, n_jobs=self.n_jobs, stop=self.stop):
            for total, part in zip(totals, parts, strict=True):
                total += part
        return totals


@njit(cache=True, nogil=True)
def _deviations(X, weights, labels, origin, sums, squares, counts):  # type: ignore[no-untyped-def]
    """Add the deviations from each row's own origin to sums (K, d), their squares to squares (K, d)."""
    for i in range(X.shape[0]):
        k = labels[i]
        weight = weights[i] if weights.size else 1.0
        counts[k] += weight
        for j in range(X.shape[1]):
            deviation = X[i, j] - origin[k, j]
            sums[k, j] += weight * deviation
            squares[k, j] += weight * deviation * deviation


@njit(cache=True, nogil=True)
def _products(X, weights, labels, means, columns, products):  # type: ignore[no-untyped-def]
    """Add to products (K, d) the deviations times that in the cell's column `columns` (K,)."""
    for i in range(X.shape[0]):
        k = labels[i]
        weight = weights[i] if weights.size else 1.0
        leading = weight * (X[i, columns[k]] - means[k, columns[k]])
        for j in range(X.shape[1]):
            products[k, j] += leading * (X[i, j] - means[k, j])


@njit(cache=True, nogil=True)
def _sides(X, weights, labels, means, directions, sums, counts):  # type: ignore[no-untyped-def]
    """Add the deviations of rows forward of their mean to sums (K, 0, d), of those behind to (K, 1, d)."""
    for i in range(X.shape[0]):
        k = labels[i]
        weight = weights[i] if weights.size else 1.0
        along = 0.0
        for j in range(X.shape[1]):
            along += (X[i, j] - means[k, j]) * directions[k, j]
        side = 0 if along >= 0.0 else 1
        counts[k, side] += weight
        for j in range(X.shape[1]):
            sums[k, side, j] += weight * (X[i, j] - means[k, j])
