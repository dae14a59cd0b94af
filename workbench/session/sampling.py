"""Some rows of a dataset, enough to draw: what they are, and which are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class DataSample:
    """Some rows of a dataset, enough to draw.

    Attributes
    ----------
    X : (m, d') float32 or float64
        In training units (recipe applied).
    codes : (m,) int32, or None
        Index into the dataset's classes, -1 where the label is missing.
    rows : (m,) int64
        Row numbers, increasing.
    n_total : int
        Rows of the whole dataset that may be shown.
    imported : (m,) int32, or None
        As `codes`, before any correction; None where that is the same.
    """

    X: NDArray[Any]
    codes: NDArray[np.int32] | None
    rows: NDArray[np.int64]
    n_total: int
    imported: NDArray[np.int32] | None = None


def drawn(shown: NDArray[np.bool_], n: int, seed: int) -> NDArray[np.int64]:
    """Row numbers, increasing, of `n` of the rows `shown` (n_rows,), the same for the same seed.

    Where more rows are shown or fewer, others take their place and all the rest stay.
    """
    if n == int(np.count_nonzero(shown)):
        return np.flatnonzero(shown)
    free = shown.copy()
    random = np.random.default_rng(seed)
    rows = random.choice(len(shown), n, replace=False)
    rows = rows[shown[rows]]
    free[rows] = False
    others = random.choice(np.flatnonzero(free), n - len(rows), replace=False) if len(rows) < n else rows[:0]
    return np.sort(np.concatenate([rows, others]))
