"""Rows that need not fit in memory: the `RowSource` protocol, the array that plays it, and conversion to floats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class RowSource(Protocol):
    """A table of numbers that is read block by block, from any thread, always with the same result."""

    @property
    def shape(self) -> tuple[int, int]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Rows `start` to `stop` as a C-contiguous (stop - start, d) array."""
        ...


@dataclass(frozen=True, eq=False)
class ArrayRows:
    """An in-memory (n, d) array, or a memory map, as a `RowSource`; reading copies nothing."""

    array: NDArray[Any]

    @property
    def shape(self) -> tuple[int, int]:
        return self.array.shape[0], self.array.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array.dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        return np.ascontiguousarray(self.array[start:stop])


@dataclass(frozen=True, eq=False)
class FloatRows:
    """Another source's rows, each block converted to float64 as it is read."""

    source: RowSource

    @property
    def shape(self) -> tuple[int, int]:
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float64)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        return np.ascontiguousarray(self.source.read(start, stop), dtype=np.float64)


def is_row_source(X: object) -> bool:
    """Whether `X` is to be read block by block (arrays, frames and lists are not)."""
    return not isinstance(X, np.ndarray) and isinstance(X, RowSource)


def as_float_rows(source: RowSource) -> RowSource:
    """`source` itself if it holds float32 or float64, else its rows as float64."""
    return source if source.dtype in (np.float32, np.float64) else FloatRows(source)


@dataclass(frozen=True, eq=False)
class SelectedRows:
    """Some rows of a source, in any order; reading copies those asked for, in as long pieces as there are.

    Attributes
    ----------
    source : RowSource of shape (n, d)
    index : int64 array of shape (m,)
        Numbers of the rows.
    """

    source: RowSource
    index: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.index), self.source.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.source.dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        wanted = self.index[start:stop]
        if isinstance(self.source, ArrayRows):
            return np.ascontiguousarray(self.source.array[wanted])
        order = np.argsort(wanted, kind="stable")
        ordered = wanted[order]
        block = np.empty((len(wanted), self.shape[1]), dtype=self.dtype)
        ends = np.flatnonzero(np.diff(ordered) != 1) + 1
        for first, last in zip([0, *ends], [*ends, len(ordered)], strict=True):
            if first < last:
                block[order[first:last]] = self.source.read(int(ordered[first]), int(ordered[last - 1]) + 1)
        return block
