"""Neural gas: each row pulls all prototypes by their rank; sums for the batch step, and the sequential step itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engines.kernels.abreast import BYTES, PULLED_BYTES, all_lanes, nearest_lane, pull_lane
from engines.kernels.exact import nearest
from engines.kernels.ranks import first_ranks, rank_scratch
from engines.kernels.vectors import squared_distance


@njit(cache=True, nogil=True)
def rank_rows(X, W, groups, starts, strengths, doubt, floor, labels, squared, energies, order, scratch):  # type: ignore[no-untyped-def]
    """Fill in `order` (n, R): of each row of X (n, d), the R nearest of the prototypes W (K, d), nearest first.

    `groups` and `starts` are W laid out abreast. Also `labels` (n,) and `squared` (n,) float64, of the exact distance;
    rows whose second distance lies within the share `doubt` and `floor` of the first are looked at again for that.
    `energies` (n,) float64 are Σ_r strengths[r]·d_r over the ranks of `strengths` (at most R). `scratch` is from
    `gas_scratch`.
    """
    distances, keys, counts, places, buckets, ends, rounded = scratch
    n_prototypes, d = W.shape
    flat = distances.reshape(distances.size)[:n_prototypes]
    for i in range(X.shape[0]):
        all_lanes(X, i, groups, starts, distances)
        own = order[i]
        first_ranks(flat, own.shape[0], keys, counts, places, buckets, ends, own)
        winner = own[0]
        if own.shape[0] > 1 and flat[own[1]] <= flat[winner] * (1.0 + doubt) + floor:
            winner = nearest(X, i, W, rounded)
        labels[i] = winner
        squared[i] = squared_distance(X, i * d, W, winner * d, d)
        energies[i] = _energy(flat, own, strengths)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _energy(distances, order, strengths):  # type: ignore[no-untyped-def]
    energy = 0.0
    for r in range(strengths.shape[0]):
        energy += strengths[r] * distances[order[r]]
    return energy


@njit(cache=True, nogil=True)
def pull_sums(X, weights, order, strengths, sums, masses):  # type: ignore[no-untyped-def]
    """Add w h(r) x and w h(r) of the rows of X (n, d) into `sums` (K, d) and `masses` (K,) of the prototypes by rank.

    No weights are an empty array.
    """
    for i in range(X.shape[0]):
        weight = weights[i] if weights.size else 1.0
        for r in range(strengths.shape[0]):
            k = order[i, r]
            pull = weight * strengths[r]
            masses[k] += pull
            for j in range(X.shape[1]):
                sums[k, j] += pull * X[i, j]


@njit(cache=True, nogil=True)
def pulls(weights, order, strengths, out):  # type: ignore[no-untyped-def]
    """Fill in `out` (n, K) float64 with w h(r), by row and prototype; no weights are an empty array."""
    for i in range(order.shape[0]):
        weight = weights[i] if weights.size else 1.0
        for k in range(out.shape[1]):
            out[i, k] = 0.0
        for r in range(strengths.shape[0]):
            out[i, order[i, r]] = weight * strengths[r]


@njit(cache=True, nogil=True)
def present_ranked(X, weights, rates, falls, least, groups, starts, order, pulled, scratch):  # type: ignore[no-untyped-def]
    """Show the rows of X (n, d) in order: the prototype of rank r moves by w ← w + rate · fall^r (x − w).

    `groups` and `starts` are the prototypes laid out abreast, moved in place; `rates` and `falls` (n,) are float64.
    Ranks whose fall^r is below `least` are left out. A row of weight w moves each prototype by
    1 − (1 − rate · fall^r)^w; no weights are an empty array. `order` (K,) and `pulled` (G, L), zero, are scratch.
    """
    distances, keys, counts, places, buckets, ends, _ = scratch
    n_prototypes = order.shape[0]
    flat = distances.reshape(distances.size)[:n_prototypes]
    rates_abreast = pulled.reshape(pulled.size)
    side = np.int64(PULLED_BYTES // X.itemsize)
    for i in range(X.shape[0]):
        n_ranks, strength = 1, falls[i]
        while n_ranks < n_prototypes and strength >= least:
            n_ranks += 1
            strength *= falls[i]
        if n_ranks == 1:
            order[0] = nearest_lane(X, i, groups, starts)
        else:
            all_lanes(X, i, groups, starts, distances)
            first_ranks(flat, n_ranks, keys, counts, places, buckets, ends, order)
        wide = n_ranks * side > pulled.size
        strength = 1.0
        for r in range(n_ranks):
            rate = rates[i] * strength
            if weights.size:
                rate = -np.expm1(weights[i] * np.log1p(-rate)) if rate < 1.0 else 1.0
            if wide:
                rates_abreast[order[r]] = rate
            else:
                pull_lane(X, i, groups, order[r], X.dtype.type(rate))
            strength *= falls[i]
        if wide:
            _pull_all(X[i], groups, pulled)
            rates_abreast[:] = 0


@njit(cache=True, nogil=True, fastmath={"contract"})
def _pull_all(x, groups, rates):  # type: ignore[no-untyped-def]
    """w ← w + rate (x − w) for all prototypes, each with its own of `rates` (G, L)."""
    for g in range(groups.shape[0]):
        own = rates[g]
        for j in range(groups.shape[1]):
            column = groups[g, j]
            for lane in range(column.shape[0]):
                column[lane] += own[lane] * (x[j] - column[lane])


def gas_scratch(n_prototypes: int, dtype: np.dtype[Any]) -> tuple[NDArray[Any], ...]:
    """What the kernels write into on the way, for K prototypes in this precision."""
    lanes = BYTES // dtype.itemsize
    distances = np.empty((-(-n_prototypes // lanes), lanes), dtype)
    return (distances, *rank_scratch(n_prototypes, dtype), np.empty(1, dtype))
