"""Where prototypes start, and the moments of the rows that starts and scales are taken from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.clustering.kmeans import KMeans
from engines.clustering.seeding import kmeans_plus_plus, random_rows
from engines.lvq.labels import LabelledRows
from engines.rows import SMALLEST, ArrayRows, check_values
from engines.training import StopToken

MAX_SAMPLE = 10_000
"""Rows of a class that a start by sampling or clustering looks at; more are drawn from."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Weighted moments of labelled rows.

    Attributes
    ----------
    mean : float64 array of shape (d,)
    class_means : float64 array of shape (C, d)
    spread : float
        Root of the mean column variance, 1 where all rows are alike.
    """

    mean: NDArray[np.float64]
    class_means: NDArray[np.float64]
    spread: float


def moments(data: LabelledRows, n_classes: int, *, n_jobs: int, stop: StopToken, allow_nan: bool = False) -> Moments:
    """Moments of `data`, the same bits for any number of threads, over the values that there are.

    A feature of which a class has no value counts there as the mean of all rows, one of which no row has any as 0.

    Raises
    ------
    ValueError
        If a value is infinite or too large to be computed with, or is missing without `allow_nan`, or if all are
        so small that squared distances vanish.
    """
    n, d = data.rows.shape
    bounds = block_bounds(n, d, 8, n_classes)

    def sums(block: NDArray[Any], start: int) -> NDArray[np.float64]:
        check_values(block, allow_nan=allow_nan)
        here = slice(start, start + len(block))
        by_class = np.zeros((len(block), n_classes))
        by_class[np.arange(len(block)), data.codes[here]] = data.weights[here]
        missing = np.isnan(block)
        filled = np.where(missing, 0, block).astype(np.float64)
        return np.stack([by_class.T @ filled, by_class.T @ missing])

    totals, lost = _summed(map_blocks(data.rows, sums, bounds, n_jobs=n_jobs, stop=stop))
    seen = np.bincount(data.codes, data.weights, n_classes)[:, None] - lost
    mean = totals.sum(axis=0) / _or_one(seen.sum(axis=0))
    class_means = np.where(seen > 0, totals / _or_one(seen), mean)

    def squares(block: NDArray[Any], start: int) -> NDArray[np.float64]:
        deviations = np.square(block - mean)
        return np.asarray(data.weights[start : start + len(block)] @ np.where(np.isnan(deviations), 0, deviations))

    total = _summed(map_blocks(data.rows, squares, bounds, n_jobs=n_jobs, stop=stop))
    variance = float(np.mean(total / _or_one(seen.sum(axis=0))))
    size = max(float(np.abs(class_means).max()), math.sqrt(variance))
    if 0 < size < SMALLEST[data.rows.dtype]:
        raise ValueError(
            f"Input X contains no value much above {size:.0e}, and squared distances of so small ones vanish in "
            f"{data.rows.dtype}: scale them."
        )
    return Moments(mean, class_means, math.sqrt(variance) if variance > 0 else 1.0)


def covariance(data: LabelledRows, mean: NDArray[np.float64], *, n_jobs: int, stop: StopToken) -> NDArray[np.float64]:
    """Weighted mean (d, d) of (x - mean)(x - mean)ᵀ, where missing values count as the mean."""
    n, d = data.rows.shape

    def products(block: NDArray[Any], start: int) -> NDArray[np.float64]:
        centred = block - mean
        centred[np.isnan(centred)] = 0
        return np.asarray((centred * data.weights[start : start + len(block), None]).T @ centred)

    bounds = block_bounds(n, d, 8, d, min_rows=256)
    total = _summed(map_blocks(data.rows, products, bounds, n_jobs=n_jobs, stop=stop))
    return np.asarray(total / data.weights.sum())


def _or_one(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(weights > 0, weights, 1)


def _summed(parts: Iterator[NDArray[np.float64]]) -> NDArray[np.float64]:
    total = next(parts).copy()
    for part in parts:
        total += part
    return total


def start_prototypes(
    init: str | NDArray[Any],
    counts: NDArray[np.int64],
    data: LabelledRows,
    found: Moments,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Starting prototypes (M, d), those of the first class first.

    Parameters
    ----------
    init : {"mean", "kmeans", "kmeans++", "random"} or array of shape (M, d)
        "mean" takes the class mean, and for further prototypes moves it at random by a tenth of the class's
        spread; "kmeans" the means that k-means finds within each class; "kmeans++" its starting rows (each drawn
        by its squared distance from those drawn before); "random" different rows drawn by weight. Where rows lack
        values, these count as the class's mean.
    counts : int64 array of shape (C,)
        Prototypes of each class.

    Raises
    ------
    ValueError
        If a class has fewer rows of positive weight than prototypes, or a given array does not fit.
    """
    if not isinstance(init, str):
        return _given(init, counts, data.rows.shape[1])
    starts = []
    for code, count in enumerate(counts.tolist()):
        mean = found.class_means[code]
        if init == "mean" or (init == "kmeans" and count == 1):
            start = np.repeat(mean[None], count, axis=0)
            if count > 1:
                start = start + 0.1 * found.spread * rng.standard_normal(start.shape)
        else:
            rows, weights = _class_sample(data, code, count, rng)
            rows = np.where(np.isnan(rows), mean, rows)
            start = _from_rows(init, count, rows, weights, rng)
        starts.append(start)
    return np.concatenate(starts)


def _given(init: Any, counts: NDArray[np.int64], d: int) -> NDArray[np.float64]:
    given = np.array(init, dtype=np.float64)
    if given.shape != (int(counts.sum()), d):
        raise ValueError(
            f"init has shape {given.shape}, expected ({counts.sum()}, {d}): {counts.tolist()} prototypes "
            f"of the classes in order, with {d} features."
        )
    if not np.all(np.isfinite(given)):
        raise ValueError("init must be finite everywhere.")
    return given


def _class_sample(
    data: LabelledRows, code: int, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    index = np.flatnonzero((data.codes == code) & (data.weights > 0))
    if len(index) > MAX_SAMPLE:
        index = np.sort(rng.choice(index, MAX_SAMPLE, replace=False))
    if len(index) < count:
        raise ValueError(f"A class has {len(index)} rows but {count} prototypes: ask for fewer, or for 'auto'.")
    part = data.part(index)
    return part.rows.read(0, len(index)).astype(np.float64), part.weights


def _from_rows(
    init: str, count: int, rows: NDArray[np.float64], weights: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    if init == "random":
        return np.asarray(random_rows(ArrayRows(rows), weights, count, rng), dtype=np.float64)
    if init == "kmeans++":
        return np.asarray(kmeans_plus_plus(ArrayRows(rows), weights, count, rng), dtype=np.float64)
    found = KMeans(count, random_state=int(rng.integers(2**31)), n_jobs=1).fit(rows, sample_weight=weights)
    return np.asarray(found.prototypes_, dtype=np.float64)
