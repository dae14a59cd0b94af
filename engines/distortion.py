"""How far rows lie from the prototype nearest to each, block by block; nothing is learned here."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.kernels.exact import frozen, squared_to_own
from engines.kernels.nearest import Codebook
from engines.rows import RowSource
from engines.training import StopToken


def squared_errors(
    rows: RowSource, prototypes: NDArray[Any], *, n_jobs: int = 1, stop: StopToken | None = None
) -> NDArray[np.float64]:
    """Squared Euclidean distance (n,), float64, of each row to its nearest prototype.

    Parameters
    ----------
    rows : RowSource of shape (n, d)
    prototypes : ndarray of shape (K, d)
        Taken in the rows' precision.
    n_jobs : int
        Threads, already resolved.
    stop : StopToken, optional

    Raises
    ------
    Stopped
        When `stop` is set.
    """
    n, d = rows.shape
    prototypes = np.ascontiguousarray(prototypes, rows.dtype)
    codebook = Codebook(prototypes)
    squared = np.empty(n)

    def one(block: NDArray[Any], start: int) -> None:
        labels = np.empty(len(block), np.int32)
        codebook.label(block, labels)
        squared_to_own(frozen(block), frozen(prototypes), frozen(labels), squared[start : start + len(block)])

    for _ in map_blocks(rows, one, block_bounds(n, d, rows.dtype.itemsize, len(prototypes)), n_jobs=n_jobs, stop=stop):
        pass
    return squared


def squared_to_labelled(
    rows: RowSource,
    prototypes: NDArray[Any],
    labels: NDArray[np.int32],
    *,
    n_jobs: int = 1,
    stop: StopToken | None = None,
) -> NDArray[np.float64]:
    """‖x - w‖² (n,) of each row and the prototype that its label names, in the rows' own space."""
    found = np.empty(rows.shape[0])
    prototypes = frozen(np.ascontiguousarray(prototypes, rows.dtype))

    def one(block: NDArray[Any], start: int) -> None:
        here = slice(start, start + len(block))
        squared_to_own(frozen(block), prototypes, frozen(labels[here]), found[here])

    for _ in map_blocks(rows, one, block_bounds(*rows.shape, rows.dtype.itemsize), n_jobs=n_jobs, stop=stop):
        pass
    return found
