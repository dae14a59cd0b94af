"""Raw rows of a dataset as an engine shall see them, streaming or held in memory, with the same bits either way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines import RowSource
from workbench.data import FittedRecipe
from workbench.errors import Cancelled

HELD_BYTES = 2**30
"""Training rows up to this size are held in memory while an engine learns from them."""
_BLOCK_BYTES = 2**23
_TILE_NUMBERS = 2**16


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """Rows `index` of `raw` (all, when None), transformed by `recipe` as they are read; from any thread.

    A matrix product may round differently for blocks of another height, so rows are always transformed in tiles that
    depend on the raw row number and the width alone: a row has the same bits whoever asks for it.
    """

    raw: RowSource
    recipe: FittedRecipe
    index: NDArray[np.int64] | None = None  # increasing

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def shape(self) -> tuple[int, int]:
        n = self.raw.shape[0] if self.index is None else len(self.index)
        return n, len(self.recipe.feature_names)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.recipe.dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Rows `start` to `stop` (cut at the end) as a C-contiguous array."""
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        wanted = np.arange(start, stop) if self.index is None else self.index[start:stop]
        block = np.empty((len(wanted), self.shape[1]), self.dtype)
        tile = tile_rows(self.raw.shape[1])
        done = 0
        while done < len(wanted):
            first = int(wanted[done]) // tile * tile
            end = int(np.searchsorted(wanted, first + tile))
            seen = self.recipe.transform(self.raw.read(first, min(first + tile, self.raw.shape[0])))
            block[done:end] = seen[wanted[done:end] - first]
            done = end
        return block

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.read(0, self.shape[0]).astype(dtype or self.dtype, copy=False)


def tile_rows(n_columns: int) -> int:
    """Rows transformed together: a multiple of 64 of about 64k numbers, a function of the width alone."""
    return 64 * max(1, _TILE_NUMBERS // 64 // max(1, n_columns))


def held(rows: RowSource, cancelled: Callable[[], bool]) -> NDArray[Any]:
    """All of `rows` as one array, read block by block; raises Cancelled soon after `cancelled()` turns True."""
    n, d = rows.shape
    array = np.empty((n, d), rows.dtype)
    for start, stop in blocks(n, d):
        if cancelled():
            raise Cancelled
        array[start:stop] = rows.read(start, stop)
    array.flags.writeable = False
    return array


def blocks(n_rows: int, n_columns: int) -> list[tuple[int, int]]:
    """Bounds of consecutive blocks of about 8 MiB in float64."""
    step = tile_rows(n_columns) * max(1, _BLOCK_BYTES // 8 // max(1, n_columns) // tile_rows(n_columns))
    return [(start, min(start + step, n_rows)) for start in range(0, n_rows, step)]
