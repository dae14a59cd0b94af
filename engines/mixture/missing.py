"""A first look at rows of which values may be missing, and the rows with their gaps filled; no mixture is met here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import map_blocks
from engines.kernels.exact import frozen, moments
from engines.rows import DerivedRows, RowSource, check_values
from engines.survey import NO_WEIGHTS, Sample
from engines.training import StopToken

Floats = NDArray[Any]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Observed:
    """What a first pass found out about the values that are there.

    Attributes
    ----------
    mass : float
        Weight of all rows.
    mean, variance : (d,) float64
        Weighted, of the columns.
    n_missing : int
        Values that are missing.
    """

    mass: float
    mean: Doubles
    variance: Doubles
    n_missing: int


@dataclass(frozen=True, eq=False)
class FilledRows(DerivedRows):
    """Another source's rows with column means in the place of missing values: good enough to start from."""

    mean: Doubles

    def read(self, start: int, stop: int) -> Floats:
        block = self.source.read(start, stop)
        return np.where(np.isnan(block), self.mean.astype(block.dtype), block)


def sample_of(rows: RowSource, weights: Doubles | None, observed: Observed, n_jobs: int) -> Sample:
    """The rows as starts want them: with their gaps filled."""
    filled = FilledRows(rows, observed.mean) if observed.n_missing else rows
    return Sample(filled, weights, observed.mass, observed.mean, observed.variance, n_jobs)


def observe(
    rows: RowSource, weights: Doubles | None, bounds: list[tuple[int, int]], n_jobs: int, stop: StopToken
) -> Observed:
    """One pass over the rows: what is missing, and the moments of what is not.

    Raises
    ------
    ValueError
        If a value is infinite or too large to be computed with, or a column has none.
    """
    d = rows.shape[1]

    def one(block: Floats, start: int) -> tuple[float, Doubles, Doubles, Doubles, int]:
        check_values(block, allow_nan=True)
        own = NO_WEIGHTS if weights is None else weights[start : start + len(block)]
        mean, scatter = np.empty(d), np.empty(d)
        mass = moments(frozen(block), frozen(own), mean, scatter)
        if np.all(np.isfinite(mean)) and np.all(np.isfinite(scatter)):
            return mass, np.full(d, mass), mean, scatter, 0
        return (mass, *_moments_with_gaps(block, own if own.size else np.ones(len(block))))

    total, masses, mean, scatter, n_missing = 0.0, np.zeros(d), np.zeros(d), np.zeros(d), 0
    for part in map_blocks(rows, one, bounds, n_jobs=n_jobs, stop=stop):
        mass, part_masses, part_mean, part_scatter, part_missing = part
        joint = masses + part_masses
        share = part_masses / np.where(joint > 0, joint, 1.0)
        gap = part_mean - mean
        mean = mean + gap * share
        scatter = scatter + part_scatter + gap * gap * masses * share
        total, masses, n_missing = total + mass, joint, n_missing + part_missing
    if np.any(masses == 0):
        raise ValueError(f"Column {int(np.argmin(masses))} of X contains NaN only: leave it out.")
    return Observed(total, mean, scatter / masses, n_missing)


def _moments_with_gaps(block: Floats, weights: Doubles) -> tuple[Doubles, Doubles, Doubles, int]:
    """Of every column: weight, mean and scatter of the values that are there; and how many are not."""
    there = ~np.isnan(block)
    masses = weights @ there
    divisor = np.where(masses > 0, masses, 1.0)
    mean = weights @ np.where(there, block, 0.0) / divisor
    deviation = np.where(there, block - mean, 0.0)
    return masses, mean, weights @ (deviation * deviation), int(np.count_nonzero(~there))
