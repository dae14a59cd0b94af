"""How far rows lie from what their codes stand for, block by block, for any coder; nothing is learned here."""

from __future__ import annotations

from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.rows import RowSource
from engines.training import StopToken

Floats = NDArray[Any]


class RowCoder(Protocol):
    """What gives rows codes, and tells the error of what these stand for."""

    @property
    def mean(self) -> Floats: ...

    @property
    def n_units(self) -> int: ...

    def codes(self, X: Floats) -> NDArray[Any]: ...

    def squared_errors(self, X: Floats, codes: NDArray[Any]) -> NDArray[np.float64]: ...

    def astype(self, dtype: np.dtype[Any]) -> Self: ...


def squared_errors(rows: RowSource, coder: RowCoder, n_jobs: int, stop: StopToken | None = None) -> NDArray[np.float64]:
    """‖x - decode(encode(x))‖² of each row, (n,).

    Raises
    ------
    Stopped
        When `stop` is set.
    """
    coder, found = coder.astype(rows.dtype), np.empty(rows.shape[0])

    def one(block: Floats, start: int) -> None:
        found[start : start + len(block)] = coder.squared_errors(block, coder.codes(block))

    for _ in map_blocks(rows, one, coding_bounds(rows.shape[0], coder), n_jobs=n_jobs, stop=stop):
        pass
    return found


def coding_bounds(n: int, coder: RowCoder) -> list[tuple[int, int]]:
    """Blocks of `n` rows by the work that the coder has with them."""
    return block_bounds(n, len(coder.mean), coder.mean.dtype.itemsize, coder.n_units)
