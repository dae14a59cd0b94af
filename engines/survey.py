"""A first pass over the rows: are they finite, and what are their column means and variances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import map_blocks
from engines.kernels.exact import frozen, moments
from engines.rows import RowSource, check_values
from engines.training import StopToken

Floats = NDArray[Any]
NO_WEIGHTS = np.empty(0)


@dataclass(frozen=True)
class Sample:
    """The rows to learn from, with what one first pass found out about them.

    Attributes
    ----------
    weights : (n,) float64 or None
    mass : float
        Sum of the weights.
    mean, variance : (d,) float64
        Weighted, of the columns.
    """

    rows: RowSource
    weights: NDArray[np.float64] | None
    mass: float
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    n_jobs: int


def survey(
    rows: RowSource,
    weights: NDArray[np.float64] | None,
    bounds: list[tuple[int, int]],
    n_jobs: int,
    stop: StopToken,
) -> Sample:
    """One pass over the rows: column means and variances.

    Raises
    ------
    ValueError
        If a value is not finite, or too large to be computed with.
    """
    d = rows.shape[1]

    def one(block: Floats, start: int) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        check_values(block)
        own = NO_WEIGHTS if weights is None else weights[start : start + len(block)]
        mean, scatter = np.empty(d), np.empty(d)
        mass = moments(frozen(block), frozen(own), mean, scatter)
        return mass, mean, scatter

    total, mean, scatter = 0.0, np.zeros(d), np.zeros(d)
    for part in map_blocks(rows, one, bounds, n_jobs=n_jobs, stop=stop):
        mass, part_mean, part_scatter = part
        if mass == 0:
            continue
        joint = total + mass
        gap = part_mean - mean
        mean = mean + gap * (mass / joint)
        scatter = scatter + part_scatter + gap * gap * (total * mass / joint)
        total = joint
    return Sample(rows, weights, total, mean, scatter / total, n_jobs)
