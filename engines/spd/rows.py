"""Rows that are SPD matrices, seen as the vectors of their logarithms: a `RowSource` over a `RowSource`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.rows import RowSource, check_values
from engines.spd.matrices import Fault, composed, eigen, first_fault, side_of, vectors_of

HELD_BYTES = 2**30
"""Logarithms of up to this size are kept once they are taken; more are taken again at every pass."""


class LogRows:
    """Matrices, row by row (n, k²), as vectors of their logarithms (n, k(k+1)/2), taken when first read.

    Logarithms are taken in float64 and then rounded to the source's type. Threads may read at once: what two of them
    make of one matrix has the same bits.

    Parameters
    ----------
    source : RowSource of shape (n, k²), float32 or float64
    shrinkage : float
        ρ: the logarithm is that of (1 - ρ)X + ρ (tr X / k) I.
    """

    def __init__(self, source: RowSource, shrinkage: float = 0.0) -> None:
        n, n_entries = source.shape
        self._source, self._shrinkage, self._k = source, shrinkage, side_of(n_entries)
        self._shape = (n, self._k * (self._k + 1) // 2)
        kept = n if n * self._shape[1] * source.dtype.itemsize <= HELD_BYTES else 0
        self._vectors = np.empty((kept, self._shape[1]), source.dtype)
        self._known = np.zeros(kept, dtype=bool)

    @property
    def shape(self) -> tuple[int, int]:
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._source.dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Rows `start` to `stop` as a C-contiguous array, not to be written to.

        Raises
        ------
        ValueError
            If a matrix among them is not SPD; the sentence says which, counting from 0, and what to do.
        """
        if not len(self._known):
            return self._taken(start, stop)
        if not self._known[start:stop].all():
            self._vectors[start:stop] = self._taken(start, stop)
            self._known[start:stop] = True
        return self._vectors[start:stop]

    def _taken(self, start: int, stop: int) -> NDArray[Any]:
        block = self._source.read(start, stop)
        check_values(block)
        stack = block.reshape(-1, self._k, self._k)
        values, vectors = eigen(stack, self._shrinkage)
        fault = first_fault(stack, values)
        if fault is not None:
            raise ValueError(_told(fault, start))
        return np.ascontiguousarray(vectors_of(composed(np.log(values), vectors)), self.dtype)


def _told(fault: Fault, start: int) -> str:
    mend = ": set regularization above 0, such as 0.01, or leave it out" if fault.singular else ""
    return f"Matrix {start + fault.which} {fault.reason}{mend}."
