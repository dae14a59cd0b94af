"""Where prototypes start: greedy k-means++, random rows, along the principal axis; all from rows held in memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.kernels.nearest import Candidates, frame_for, place
from engines.rows import ArrayRows, RowSource
from engines.training import StopToken

Floats = NDArray[Any]

MAX_SEED_ROWS = 2**17
"""k-means++ looks at this many rows at most (or 32 a prototype if that is more), drawn at random beyond."""


def kmeans_plus_plus(
    rows: RowSource,
    weights: NDArray[np.float64] | None,
    n_clusters: int,
    rng: np.random.Generator,
    *,
    n_jobs: int = 1,
    stop: StopToken | None = None,
) -> Floats:
    """Greedy k-means++: each next start is the best of 2 + ⌊ln K⌋ rows drawn in proportion to their cost.

    Returns (n_clusters, d) rows of the data. Source: Arthur & Vassilvitskii 2007, section 2.2 and the conclusions.
    """
    stop = stop or StopToken()
    X, weights = _sampled(rows, weights, n_clusters, rng, stop)
    n, d = X.shape
    weights = np.ones(n) if weights is None else weights
    source = ArrayRows(X)
    n_trials = 2 + int(math.log(n_clusters))
    bounds = block_bounds(n, d, X.itemsize, n_trials)
    frame = frame_for(X.mean(axis=0, dtype=np.float64), float(np.sum(X.var(axis=0, dtype=np.float64))), X.dtype)
    placed = dict(
        map_blocks(source, lambda block, start: (start, place(block, frame)), bounds, n_jobs=n_jobs, stop=stop)
    )
    closest = np.full(n, np.inf)

    def tried(rows_tried: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The rows' costs (L, n) if each of these rows were taken, and the sums (L,) of them, weighted."""
        candidates = Candidates(X[rows_tried], frame)
        costs = np.empty((len(rows_tried), n))

        def one(block: Floats, start: int) -> NDArray[np.float64]:
            here = slice(start, start + len(block))
            costs[:, here] = candidates.costs(block, placed[start], closest[here])
            part: NDArray[np.float64] = (costs[:, here] * weights[here]).sum(axis=1)
            return part

        sums = np.zeros(len(rows_tried))
        for part in map_blocks(source, one, bounds, n_jobs=n_jobs, stop=stop):
            sums += part
        return costs, sums

    chosen = _drawn(weights, rng.random(1))
    closest = tried(chosen)[0][0]
    while len(chosen) < n_clusters:
        costs = weights * closest
        if not costs.any():  # fewer distinct rows than prototypes
            costs = weights
        candidates = _drawn(costs, rng.random(n_trials))
        found, sums = tried(candidates)
        best = int(np.argmin(sums))
        chosen.append(candidates[best])
        closest = found[best]
    return X[chosen]


def random_rows(
    rows: RowSource,
    weights: NDArray[np.float64] | None,
    n_clusters: int,
    rng: np.random.Generator,
    *,
    stop: StopToken | None = None,
) -> Floats:
    """`n_clusters` different rows (n_clusters, d), drawn in proportion to their weights."""
    p = None if weights is None else weights / weights.sum()
    return picked(rows, rng.choice(rows.shape[0], n_clusters, replace=False, p=p), stop or StopToken())


def principal_slices(
    rows: RowSource,
    weights: NDArray[np.float64] | None,
    n_clusters: int,
    mean: NDArray[np.float64],
    *,
    n_jobs: int = 1,
    stop: StopToken | None = None,
) -> Floats:
    """Means (n_clusters, d) of equally heavy slices of the rows, ordered along their first principal axis.

    Nothing is drawn: the same data give the same start. The axis is found by at most 50 power iterations.
    """
    n, d = rows.shape
    bounds = block_bounds(n, d, rows.dtype.itemsize)
    mass = np.ones(n) if weights is None else weights
    scores = np.zeros(n)

    def project(axis: NDArray[np.float64]) -> NDArray[np.float64]:
        def one(block: Floats, start: int) -> NDArray[np.float64]:
            centred = block - mean
            score = centred @ axis
            scores[start : start + len(block)] = score
            product: NDArray[np.float64] = (mass[start : start + len(block)] * score) @ centred
            return product

        total = np.zeros(d)
        for part in map_blocks(rows, one, bounds, n_jobs=n_jobs, stop=stop):
            total += part
        return total

    axis = np.random.default_rng(0).standard_normal(d)
    axis /= np.linalg.norm(axis)
    for _ in range(50):
        turned = project(axis)
        length = np.linalg.norm(turned)
        if length == 0:
            break
        turned /= length
        arrived = np.linalg.norm(turned - axis) < 1e-6
        axis = turned
        if arrived:
            break
    project(axis)
    order = np.argsort(scores, kind="stable")
    order = order[mass[order] > 0]
    passed = np.cumsum(mass[order])
    ranks = np.minimum(((passed - mass[order] / 2) / passed[-1] * n_clusters).astype(np.intp), n_clusters - 1)
    slices = np.full(n, -1)
    slices[order] = ranks
    return _slice_means(rows, mass, slices, n_clusters, bounds, mean, stop)


def _slice_means(
    rows: RowSource,
    mass: NDArray[np.float64],
    slices: NDArray[np.intp],
    n_clusters: int,
    bounds: list[tuple[int, int]],
    mean: NDArray[np.float64],
    stop: StopToken | None,
) -> Floats:
    """Weighted mean of each slice; the mean of all where a slice is empty (one row heavier than a slice)."""
    sums = np.zeros((n_clusters, rows.shape[1]))
    totals = np.bincount(slices[slices >= 0], mass[slices >= 0], minlength=n_clusters)

    def one(block: Floats, start: int) -> None:
        own = slices[start : start + len(block)]
        for k in np.unique(own[own >= 0]):
            inside = own == k
            sums[k] += mass[start : start + len(block)][inside] @ block[inside].astype(np.float64)

    for _ in map_blocks(rows, one, bounds, stop=stop):
        pass
    means = np.where(totals[:, None] > 0, sums / np.where(totals > 0, totals, 1)[:, None], mean)
    return means.astype(rows.dtype)


def _sampled(
    rows: RowSource,
    weights: NDArray[np.float64] | None,
    n_clusters: int,
    rng: np.random.Generator,
    stop: StopToken,
) -> tuple[Floats, NDArray[np.float64] | None]:
    """The rows of positive weight in memory, or a random part of them where there are very many."""
    n = rows.shape[0]
    kept = np.arange(n) if weights is None else np.flatnonzero(weights)
    most = max(MAX_SEED_ROWS, 32 * n_clusters)
    if len(kept) > most:
        kept = np.sort(kept[rng.choice(len(kept), most, replace=False)])
    if len(kept) == n and isinstance(rows, ArrayRows):
        return rows.read(0, n), weights
    return picked(rows, kept, stop), None if weights is None else weights[kept]


def picked(rows: RowSource, wanted: NDArray[np.intp], stop: StopToken) -> Floats:
    """The rows of these numbers (m,) in their order, (m, d), read in one pass over the source."""
    n, d = rows.shape
    order = np.argsort(wanted, kind="stable")
    ascending = wanted[order]
    found = np.empty((len(wanted), d), rows.dtype)
    for start, end in block_bounds(n, d, rows.dtype.itemsize):
        low, high = np.searchsorted(ascending, (start, end))
        if high > low:
            stop.check()
            found[order[low:high]] = rows.read(start, end)[ascending[low:high] - start]
    return found


def _drawn(costs: NDArray[np.float64], at: NDArray[np.float64]) -> list[int]:
    """Indices at the shares `at` (in [0, 1)) of the running sum of `costs`; never one of zero cost."""
    passed = np.cumsum(costs)
    found = np.searchsorted(passed, at * passed[-1], side="right")
    return [int(i) for i in np.minimum(found, np.flatnonzero(costs)[-1])]
