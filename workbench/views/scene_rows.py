"""What a scene knows of the rows of its data besides the sample: all of them, some at a time, and whence they came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.rows import RowSource

if TYPE_CHECKING:
    from workbench.data import Places

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class EveryRow:
    """All rows of the data, of which the sample is a part.

    Attributes
    ----------
    rows : RowSource of (n, d)
        In training units; read when they are asked for.
    codes : (n,) int, or None
        Class codes, -1 for none.
    split : (n,) uint8
        Part of each, as in `PARTS`.
    take : callable
        Gives (k, d) the rows of increasing numbers (k,).
    raw : RowSource of (n, d')
        The same rows as they were imported.
    kept : (n,) bool
        Whether each may be shown; dropped ones and those of a sealed test part are not in the sample, and are neither
        picked nor counted.
    n_sealed : int
        Rows of the test part while nobody has asked to see it, else 0.
    """

    rows: RowSource
    codes: NDArray[Any] | None
    split: NDArray[np.uint8]
    take: Callable[[NDArray[np.int64]], Array]
    raw: RowSource
    kept: NDArray[np.bool_]
    n_sealed: int = 0

    def take_raw(self, rows: NDArray[np.int64]) -> Array:
        """(k, d') the rows of increasing numbers (k,) as they were imported; for a few of many."""
        runs = np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1) if len(rows) else []
        parts = [self.raw.read(int(run[0]), int(run[-1]) + 1) for run in runs]
        return np.concatenate(parts) if parts else np.empty((0, self.raw.shape[1]))


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of the data, one after the other.

    Attributes
    ----------
    start : int
        Number of the first.
    X : (k, d) array
        In training units.
    codes : (k,) int64
        Class codes, -1 for none.
    split : (k,) uint8
    """

    start: int
    X: Array
    codes: NDArray[np.int64]
    split: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Patches:
    """What is known of rows that were cut from larger pictures.

    Attributes
    ----------
    find : callable
        Gives where they lie there, or None where that was not kept; may read names of all rows.
    to_own : callable
        Maps (k, d) in training units, made of raw rows (k, d'), to (k, d') in original units, with the brightness and
        contrast of these rows.
    own_contrast : bool
        Whether brightness and contrast of each row are taken off before training.
    """

    find: Callable[[], Places | None]
    to_own: Callable[[Array, Array], Array]
    own_contrast: bool = False
