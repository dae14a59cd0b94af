"""Rows for mini-batches: their mean and spread, and taking them in a new order, from memory, a file or a device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.optimize import torch_module
from engines.rows import SMALLEST, RowSource
from engines.training import StopToken

if TYPE_CHECKING:
    from torch import Tensor

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


def read_singly(rows: RowSource, numbers: NDArray[np.int64], stop: StopToken) -> Floats:
    """The rows of these numbers (m,), in that order, (m, d).

    Raises
    ------
    Stopped
        When `stop` is set.
    """
    found = np.empty((len(numbers), rows.shape[1]), rows.dtype)
    for place, number in enumerate(numbers.tolist()):
        stop.check()
        found[place] = rows.read(number, number + 1)[0]
    return found


class Batches:
    """Rows as tensors of z = (x - mean) / scale on a device, in a new order each epoch.

    They are kept on the device where there is room, and else read and copied batch by batch: the same order, and on
    the processor the same bits.

    Parameters
    ----------
    mean : (d,), scale : (1,)
    device : {"cpu", "cuda"}
    room : int
        Bytes that rows may take on the device.

    Raises
    ------
    Stopped
        When `stop` is set.
    """

    def __init__(self, rows: RowSource, mean: Floats, scale: Floats, device: str, room: int, stop: StopToken) -> None:
        self._rows, self._mean, self._scale, self._device = rows, mean, scale, device
        n, d = rows.shape
        self._kept: Tensor | None = None
        if n * d * rows.dtype.itemsize <= room:
            blocks = []
            for start, end in block_bounds(n, d, rows.dtype.itemsize):
                stop.check()
                blocks.append(self.scaled(rows.read(start, end)))
            self._kept = torch_module().cat(blocks)

    def scaled(self, block: Floats) -> Tensor:
        """Rows (b, d) as such a tensor."""
        tensor: Tensor = torch_module().from_numpy((block - self._mean) / self._scale).to(self._device)
        return tensor

    def shuffled(
        self, size: int, rng: np.random.Generator, stop: StopToken
    ) -> Iterator[tuple[Tensor, NDArray[np.int64]]]:
        """All rows once, in a new order, in batches (b, d) with the numbers (b,) of their rows.

        Raises
        ------
        Stopped
            When `stop` is set; it is looked at before each reading and each batch.
        """
        n, d = self._rows.shape
        for pieces, numbers, order in _windows(n, d * self._rows.dtype.itemsize, size, rng):
            if self._kept is None:
                held = self._read(pieces, stop)
            for start in range(0, len(order), size):
                stop.check()
                chosen = order[start : start + size]
                which = numbers[chosen]
                if self._kept is None:
                    yield self.scaled(held[chosen]), which
                else:
                    yield self._kept[torch_module().from_numpy(which).to(self._device)], which

    def _read(self, pieces: list[tuple[int, int]], stop: StopToken) -> Floats:
        blocks = []
        for start, end in pieces:
            stop.check()
            blocks.append(self._rows.read(start, end))
        return np.concatenate(blocks)


def room_on(device: str) -> int:
    """Bytes of a device that rows may take: half of what is free; none of the processor's, where they are already."""
    return 0 if device == "cpu" else int(torch_module().cuda.mem_get_info()[0]) // 2


def _windows(
    n: int, row_bytes: int, size: int, rng: np.random.Generator
) -> Iterator[tuple[list[tuple[int, int]], NDArray[np.int64], NDArray[np.int64]]]:
    """Pieces of rows that are read together, the numbers (m,) of their rows, and the order (m,) in which to take them.

    All rows are in one window each; batches hold `size` of a window's rows.
    """
    runs = rng.permutation(-(-n // RUN_ROWS))
    fitting = max(1, WINDOW_BYTES // (row_bytes * RUN_ROWS))
    step = max(fitting, -(-size // RUN_ROWS))
    for first in range(0, len(runs), step):
        chosen = sorted(runs[first : first + step].tolist())
        pieces = [(run * RUN_ROWS, min(n, (run + 1) * RUN_ROWS)) for run in chosen]
        numbers = np.concatenate([np.arange(start, end) for start, end in pieces])
        yield pieces, numbers, rng.permutation(len(numbers))
