"""Rows held in memory, for engines that take them one at a time and in any order."""

from __future__ import annotations

import numpy as np

from engines.blocks import block_bounds
from engines.rows import ArrayRows, RowSource
from engines.training import StopToken


def held(rows: RowSource, stop: StopToken) -> ArrayRows:
    """The rows as an array (n, d): themselves if they are one, else read once, block by block.

    Raises
    ------
    Stopped
        When `stop` is set.
    """
    if isinstance(rows, ArrayRows):
        return rows
    n, d = rows.shape
    array = np.empty((n, d), rows.dtype)
    for start, end in block_bounds(n, d, rows.dtype.itemsize):
        stop.check()
        array[start:end] = rows.read(start, end)
    return ArrayRows(array)
