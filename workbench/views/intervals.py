"""How sure a figure is that was taken on some rows: 95 % intervals of shares and of means."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""


def wilson(n_right: int, n_rows: int, z: float = Z) -> tuple[float, float]:
    """95 % score interval of a share (Wilson 1927, JASA 22:209); NaN for no rows."""
    if n_rows == 0:
        return float("nan"), float("nan")
    share = n_right / n_rows
    center = (share + z**2 / (2 * n_rows)) / (1 + z**2 / n_rows)
    half = z / (1 + z**2 / n_rows) * np.sqrt(share * (1 - share) / n_rows + z**2 / (4 * n_rows**2))
    return float(max(0.0, center - half)), float(min(1.0, center + half))


def mean_interval(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean of `values` (n,) that are numbers, and the ends of its 95 % interval by Student's t.

    The mean is NaN of none, the interval of fewer than two.
    """
    from scipy.special import stdtrit

    values = values[np.isfinite(values)]
    n = len(values)
    if n < 2:
        return float(values.sum()) if n else float("nan"), float("nan"), float("nan")
    mean = float(values.mean())
    half = float(stdtrit(n - 1, 0.975)) * float(values.std(ddof=1)) / np.sqrt(n)
    return mean, mean - half, mean + half
