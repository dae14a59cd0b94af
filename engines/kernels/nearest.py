"""Which prototype is nearest to each row; the labels are always those of the exact distance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.kernels.exact import Labels, frozen, nearest_rows
from engines.rows import RowSource

Floats = NDArray[Any]

PIECE_WORK = 2**25
"""Multiply-adds between two looks at the stop token."""


class Finder:
    """Finds nearest prototypes for the rows of one source, many times over."""

    def __init__(
        self,
        rows: RowSource,
        mean: NDArray[np.float64],
        variance: NDArray[np.float64],
        bounds: list[tuple[int, int]],
    ) -> None:
        self._rows = rows

    def among(self, prototypes: Floats) -> Codebook:
        return Codebook(prototypes)


class Codebook:
    """Prototypes made ready to be searched."""

    def __init__(self, prototypes: Floats) -> None:
        self._prototypes = prototypes
        self.piece = max(64, PIECE_WORK // prototypes.size // 64 * 64)

    def label(self, block: Floats, start: int, labels: Labels) -> None:
        """Fill in `labels` (b,) for the rows `block` (b, d), of which `start` is the first."""
        nearest_rows(frozen(block), frozen(self._prototypes), labels)
