"""Rows for mini-batches: their mean and spread, and reading them in a new order, from memory or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.rows import SMALLEST, RowSource
from engines.training import StopToken

Floats = NDArray[Any]
WINDOW_BYTES, RUN_ROWS = 2**26, 64
"""Rows are shuffled in runs, and singly among the runs that a window holds: a file is read in long enough pieces."""


def mean_and_scale(
    rows: RowSource, weights: NDArray[np.float64], n_jobs: int, stop: StopToken
) -> tuple[Floats, Floats]:
    """Mean (d,) of the rows and their root mean square distance to it over √d, (1,); 1 for rows that are all alike.

    One scale for all columns keeps the squared error of scaled rows that of the rows but for a factor.
    """
    n, d = rows.shape
    bounds = block_bounds(n, d, rows.dtype.itemsize)
    mass = float(weights.sum())

    def sums(block: Floats, start: int) -> tuple[NDArray[np.float64], float]:
        w = weights[start : start + len(block)]
        return np.sum(block * w[:, None], axis=0, dtype=np.float64), float(np.abs(block).max())

    total, size = np.zeros(d), 0.0
    for part, largest in map_blocks(rows, sums, bounds, n_jobs=n_jobs, stop=stop):
        total, size = total + part, max(size, largest)
    if 0 < size < max(SMALLEST[np.dtype(np.float64)], 100 * float(np.finfo(rows.dtype).tiny)):
        raise ValueError("Input X contains only values so small that their squared distances vanish: scale them.")
    mean = (total / mass).astype(rows.dtype)

    def squares(block: Floats, start: int) -> float:
        return float(weights[start : start + len(block)] @ np.square((block - mean).astype(np.float64)).sum(axis=1))

    spread = sum(map_blocks(rows, squares, bounds, n_jobs=n_jobs, stop=stop))
    scale = np.sqrt(spread / (mass * d))
    alike = scale <= 4 * np.finfo(rows.dtype).eps * size
    return mean, np.array([1.0 if alike else scale], rows.dtype)


def shuffled_batches(
    rows: RowSource, size: int, rng: np.random.Generator, stop: StopToken
) -> Iterator[tuple[Floats, NDArray[np.int64]]]:
    """All rows once, in a new order, in batches (b, d) with the numbers (b,) of their rows.

    Raises
    ------
    Stopped
        When `stop` is set; it is looked at before each reading and each batch.
    """
    n, d = rows.shape
    runs = rng.permutation(-(-n // RUN_ROWS))
    fitting = max(1, WINDOW_BYTES // (d * rows.dtype.itemsize * RUN_ROWS))
    step = max(fitting, -(-size // RUN_ROWS))
    for first in range(0, len(runs), step):
        blocks, numbers = [], []
        for run in sorted(runs[first : first + step].tolist()):
            stop.check()
            start, end = run * RUN_ROWS, min(n, (run + 1) * RUN_ROWS)
            blocks.append(rows.read(start, end))
            numbers.append(np.arange(start, end))
        held, which = np.concatenate(blocks), np.concatenate(numbers)
        order = rng.permutation(len(which))
        for start in range(0, len(order), size):
            stop.check()
            chosen = order[start : start + size]
            yield held[chosen], which[chosen]
