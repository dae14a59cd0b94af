"""The winners of rows on a map, block by block, and how well the map follows them; nothing is learned here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.kernels.exact import Labels, frozen
from engines.kernels.pairs import PairSearch
from engines.kernels.tally import tally
from engines.maps.grid import Grid
from engines.rows import RowSource
from engines.survey import NO_WEIGHTS
from engines.training import StopToken

Floats = NDArray[Any]


@dataclass(frozen=True)
class Winners:
    """The rows' cells under M prototypes.

    Attributes
    ----------
    labels : (n,) int32
        The best unit of each row, of equally near ones the lowest.
    sums : (M, d) float64
        Weighted sums of the cells' rows.
    counts : (M,) float64
        Weight of the rows of each cell.
    cost : float
        Weighted sum of squared distances to the best unit.
    mean_distance : float
        Weighted mean of the distances themselves: the quantization error of the literature on maps.
    topographic_error : float
        Weighted share of rows whose two best units are no neighbours.
    """

    labels: Labels
    sums: NDArray[np.float64]
    counts: NDArray[np.float64]
    cost: float
    mean_distance: float
    topographic_error: float


def winners(
    rows: RowSource,
    weights: NDArray[np.float64] | None,
    prototypes: Floats,
    grid: Grid,
    *,
    n_jobs: int = 1,
    stop: StopToken | None = None,
) -> Winners:
    """Find the two best units of every row (n, d) among `prototypes` (M, d), which are in the rows' precision.

    Raises
    ------
    ValueError
        If squared distances overflow.
    Stopped
        When `stop` is set.
    """
    (n, d), n_units = rows.shape, len(prototypes)
    stop = stop or StopToken()
    search, fixed, neighbours = PairSearch(prototypes), frozen(prototypes), frozen(grid.neighbours)
    labels = np.empty(n, np.int32)

    def one(block: Floats, start: int) -> tuple[Floats, Floats, NDArray[np.float64]]:
        sums, counts, totals = np.zeros((n_units, d)), np.zeros(n_units), np.zeros(3)
        for begin in range(0, len(block), search.piece):
            stop.check()
            piece = block[begin : begin + search.piece]
            here = slice(start + begin, start + begin + len(piece))
            second = np.empty(len(piece), np.int32)
            search.find(piece, labels[here], second)
            own = NO_WEIGHTS if weights is None else weights[here]
            totals += tally(
                frozen(piece), frozen(own), fixed, frozen(labels[here]), frozen(second), neighbours, sums, counts
            )
        return sums, counts, totals

    sums, counts, totals = np.zeros((n_units, d)), np.zeros(n_units), np.zeros(3)
    bounds = block_bounds(n, d, rows.dtype.itemsize, n_units)
    for part in map_blocks(rows, one, bounds, n_jobs=n_jobs, stop=stop):
        sums += part[0]
        counts += part[1]
        totals += part[2]
    if not np.isfinite(totals[0]):
        raise ValueError("Input X contains values so large that their squared distances overflow: scale them.")
    mass = counts.sum()
    return Winners(labels, sums, counts, float(totals[0]), float(totals[1] / mass), float(totals[2] / mass))
