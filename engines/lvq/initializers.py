"""Where prototypes start, and the moments of the rows that starts and scales are taken from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import kmeans_plusplus

from engines.blocks import block_bounds, map_blocks
from engines.lvq.labels import LabelledRows
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
    scatter : float64 array of shape (d, d)
        Weighted mean of (x - mean)(x - mean)ᵀ, the covariance.
    """

    mean: NDArray[np.float64]
    class_means: NDArray[np.float64]
    scatter: NDArray[np.float64]

    @property
    def spread(self) -> float:
        """Root mean variance of the columns, 1 where all rows are alike."""
        variance = float(np.trace(self.scatter)) / len(self.mean)
        return float(np.sqrt(variance)) if variance > 0 else 1.0


def moments(data: LabelledRows, n_classes: int, *, n_jobs: int, stop: StopToken) -> Moments:
    """Moments of `data`, the same bits for any number of threads.

    Raises
    ------
    ValueError
        If a row holds NaN or infinity.
    """
    n, d = data.rows.shape
    bounds = block_bounds(n, d, 8, d, min_rows=256)

    def sums(block: NDArray[Any], start: int) -> NDArray[np.float64]:
        here = slice(start, start + len(block))
        by_class = np.zeros((len(block), n_classes))
        by_class[np.arange(len(block)), data.codes[here]] = data.weights[here]
        total: NDArray[np.float64] = by_class.T @ block.astype(np.float64)
        if not np.all(np.isfinite(total)) and not np.all(np.isfinite(block)):
            raise ValueError("Input X contains NaN or infinity: fill or drop missing values before training.")
        return total

    totals = np.zeros((n_classes, d))
    for part in map_blocks(data.rows, sums, bounds, n_jobs=n_jobs, stop=stop):
        totals += part
    weights = np.bincount(data.codes, data.weights, n_classes)
    mean = totals.sum(axis=0) / weights.sum()
    class_means = totals / np.where(weights > 0, weights, 1)[:, None]

    def products(block: NDArray[Any], start: int) -> NDArray[np.float64]:
        centred = block - mean
        weighted: NDArray[np.float64] = (centred * data.weights[start : start + len(block), None]).T @ centred
        return weighted

    scatter = np.zeros((d, d))
    for part in map_blocks(data.rows, products, bounds, n_jobs=n_jobs, stop=stop):
        scatter += part
    return Moments(mean, class_means, scatter / weights.sum())


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
        by its squared distance from those drawn before); "random" different rows drawn by weight.
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
        return rows[rng.choice(len(rows), count, replace=False, p=weights / weights.sum())]
    seed = int(rng.integers(2**31))
    if init == "kmeans++":
        centres, _ = kmeans_plusplus(rows, count, sample_weight=weights, random_state=seed)
        return np.asarray(centres, dtype=np.float64)
    from engines.kmeans import KMeans

    found = KMeans(count, random_state=seed, n_jobs=1).fit(rows, sample_weight=weights)
    return np.asarray(found.cluster_centers_, dtype=np.float64)
