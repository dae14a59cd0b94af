"""Rows and the prototypes nearest to them: labels, counts and cost in one pass; nothing is learned here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.kernels.exact import Labels, frozen, squared_to_own
from engines.kernels.nearest import Codebook
from engines.rows import RowSource
from engines.training import StopToken


@dataclass(frozen=True)
class Assignment:
    """Which rows belong to which of K prototypes.

    Attributes
    ----------
    labels : (n,) int32
        Index of the nearest prototype, of equally near ones the lowest.
    counts : (K,) float64
        Weight of the rows of each prototype.
    cost : float
        J: the weighted sum of squared distances.
    """

    labels: Labels
    counts: NDArray[np.float64]
    cost: float


def assigned(
    rows: RowSource,
    weights: NDArray[np.float64] | None,
    prototypes: NDArray[Any],
    *,
    n_jobs: int = 1,
    stop: StopToken | None = None,
) -> Assignment:
    """Assign rows (n, d) to `prototypes` (K, d), which are in the rows' precision.

    Raises
    ------
    ValueError
        If squared distances overflow.
    Stopped
        When `stop` is set.
    """
    n, d = rows.shape
    n_prototypes = len(prototypes)
    codebook, fixed = Codebook(prototypes), frozen(prototypes)
    labels = np.empty(n, np.int32)

    def one(block: NDArray[Any], start: int) -> tuple[NDArray[np.float64], float]:
        here = slice(start, start + len(block))
        codebook.label(block, labels[here])
        squared = np.empty(len(block))
        squared_to_own(frozen(block), fixed, frozen(labels[here]), squared)
        own = np.ones(len(block)) if weights is None else weights[here]
        mass = np.asarray(np.bincount(labels[here], own, n_prototypes), np.float64)
        return mass, float(np.sum(own * squared))

    counts, cost = np.zeros(n_prototypes), 0.0
    bounds = block_bounds(n, d, rows.dtype.itemsize, n_prototypes)
    for part in map_blocks(rows, one, bounds, n_jobs=n_jobs, stop=stop):
        counts += part[0]
        cost += part[1]
    if not np.isfinite(cost):
        raise ValueError("Input X contains values so large that their squared distances overflow: scale them.")
    return Assignment(labels, counts, cost)
