"""Rows that need not fit in memory: the `RowSource` protocol, the array that plays it, what makes rows fit to use."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
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
class DerivedRows(ABC):
    """Another source's rows, changed as they are read; of its shape and type, unless a subclass says otherwise."""

    source: RowSource

    @property
    def shape(self) -> tuple[int, int]:
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.source.dtype

    @abstractmethod
    def read(self, start: int, stop: int) -> NDArray[Any]: ...


@dataclass(frozen=True, eq=False)
class FloatRows(DerivedRows):
    """Another source's rows, each block converted to float64 as it is read."""

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float64)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        return np.ascontiguousarray(self.source.read(start, stop), dtype=np.float64)


LARGEST = {np.dtype(np.float32): 1e34, np.dtype(np.float64): 1e70}
"""Values above this are refused: sums of the fourth powers of float64 ones, and of differences, would overflow."""
SMALLEST = {np.dtype(np.float32): 1e-16, np.dtype(np.float64): 1e-150}
"""Engines that do not bring rows near 1 refuse tables below this: squared distances would vanish."""


def check_values(block: NDArray[Any], *, allow_nan: bool = False) -> None:
    """Raise ValueError, in one sentence, unless the values of a float32 or float64 `block` can be computed with.

    Infinities and values of which sums of squares overflow are refused, NaN too unless it stands for what is missing.
    """
    if block.size == 0:
        return
    least, most = (np.fmin, np.fmax) if allow_nan else (np.minimum, np.maximum)
    lowest, highest = float(least.reduce(block, axis=None)), float(most.reduce(block, axis=None))
    if math.isnan(lowest):
        if not allow_nan:
            raise ValueError("Input X contains NaN.")
        return
    size = max(-lowest, highest)
    if math.isinf(size):
        raise ValueError(f"Input X contains infinity or a value too large for {block.dtype}.")
    if size > LARGEST[block.dtype]:
        raise ValueError("Input X contains values so large that their squared distances overflow: scale them.")


@dataclass(frozen=True, eq=False)
class CheckedRows(DerivedRows):
    """Another source's float32 or float64 rows, `check_values` being asked about each block as it is read."""

    allow_nan: bool

    def read(self, start: int, stop: int) -> NDArray[Any]:
        block = self.source.read(start, stop)
        check_values(block, allow_nan=self.allow_nan)
        return block


def scale_for(size: float, dtype: np.dtype[Any]) -> np.floating[Any]:
    """A power of two, in `dtype`, that brings values of about this `size` near 1; 1 for middling ones and for zero."""
    middling = not size or 2.0**-20 < size < 2.0**20
    found: np.floating[Any] = dtype.type(1.0 if middling else 2.0 ** np.clip(-np.round(np.log2(size)), -120, 120))
    return found


def is_row_source(X: object) -> bool:
    """Whether `X` is to be read block by block (arrays, frames and lists are not)."""
    return not isinstance(X, np.ndarray) and isinstance(X, RowSource)


def as_float_rows(source: RowSource) -> RowSource:
    """`source` itself if it holds float32 or float64, else its rows as float64."""
    return source if source.dtype in (np.float32, np.float64) else FloatRows(source)


@dataclass(frozen=True, eq=False)
class SelectedRows(DerivedRows):
    """Some rows of a source, in any order; reading copies those asked for, in as long pieces as there are.

    Attributes
    ----------
    source : RowSource of shape (n, d)
    index : int64 array of shape (m,)
        Numbers of the rows.
    """

    index: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.index), self.source.shape[1]

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
