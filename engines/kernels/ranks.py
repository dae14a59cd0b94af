"""Which prototypes are nearest, second nearest, … to a row, exactly; only as many ranks as are asked for are found."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engines.kernels.counting import count_smaller, room

FEW = 4
"""Up to so many ranks, every distance is held against the last of them."""
BUCKET = 64
"""Distances in a bucket; they are ranked by comparing all with all, as vectors do best."""
UNDEALT = 192
"""Fewer distances than these are not dealt into buckets first."""


@njit(cache=True, nogil=True)
def first_ranks(distances, n_ranks, keys, counts, places, buckets, ends, order):  # type: ignore[no-untyped-def]
    """Fill in `order`[:n_ranks]: the indices of the `n_ranks` smallest of `distances` (K,), smallest first.

    Of equal ones the lower index comes first. The rest is `rank_scratch`.
    """
    n = distances.shape[0]
    if n_ranks <= FEW:
        _insert(distances, n, n_ranks, keys, order)
        return
    n_buckets = 1 if n < UNDEALT else n // BUCKET
    last = _deal(distances, n, n_ranks, n_buckets, keys, places, buckets, ends)
    start = 0
    for b in range(last + 1):
        _rank(keys, counts, places, start, ends[b], n_ranks, order)
        start = ends[b]


@njit(cache=True, nogil=True)
def _insert(distances, n, n_ranks, keys, order):  # type: ignore[no-untyped-def]
    """A sorted list of the smallest so far."""
    n_held = 0
    for k in range(n):
        value = distances[k]
        if n_held == n_ranks and not value < keys[n_ranks - 1]:
            continue
        at = n_held if n_held < n_ranks else n_ranks - 1
        while at > 0 and value < keys[at - 1]:
            keys[at] = keys[at - 1]
            order[at] = order[at - 1]
            at -= 1
        keys[at] = value
        order[at] = k
        n_held = min(n_held + 1, n_ranks)


@njit(cache=True, nogil=True)
def _deal(distances, n, n_ranks, n_buckets, keys, places, buckets, ends):  # type: ignore[no-untyped-def]
    """Sort distances into buckets of equal width, in their order; returns the bucket that holds the last rank.

    Bucket b ends at position `ends`[b] of `keys` and `places`; those after the last rank's are left out.
    """
    low, high = _range(distances, n)
    scale = n_buckets / (np.float64(high) - np.float64(low)) if high > low else 0.0
    if n_buckets == 1 or not 0.0 < scale < np.inf:
        for k in range(n):
            keys[k] = distances[k]
            places[k] = k
        ends[0] = n
        return 0
    for b in range(n_buckets + 1):
        ends[b] = 0
    for k in range(n):
        b = min(n_buckets - 1, np.int64((distances[k] - low) * scale))
        buckets[k] = b
        ends[b + 1] += 1
    last = 0
    while ends[last] + ends[last + 1] < n_ranks:
        ends[last + 1] += ends[last]
        last += 1
    for k in range(n):
        b = buckets[k]
        if b <= last:
            keys[ends[b]] = distances[k]
            places[ends[b]] = k
            ends[b] += 1
    return last


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz"})
def _range(distances, n):  # type: ignore[no-untyped-def]
    low, high = distances[0], distances[0]
    for k in range(n):
        low = min(low, distances[k])
        high = max(high, distances[k])
    return low, high


@njit(cache=True, nogil=True)
def _rank(keys, counts, places, start, end, n_ranks, order):  # type: ignore[no-untyped-def]
    """Rank the keys `start` to `end` of a bucket, which are also the ranks they take."""
    n = end - start
    count_smaller(keys, start, end, counts)
    n_smaller = 0
    for j in range(n):
        n_smaller += counts[j]
    if 2 * n_smaller != n * (n - 1):  # some are equal: the earlier ones count too
        for j in range(n):
            for i in range(j):
                counts[j] += keys[start + i] == keys[start + j]
    for j in range(n):
        rank = start + counts[j]
        if rank < n_ranks:
            order[rank] = places[start + j]


def rank_scratch(n: int, dtype: np.dtype[Any]) -> tuple[NDArray[Any], ...]:
    """What `first_ranks` writes into on the way, for n distances of this precision."""
    keys = np.zeros(room(n, dtype.itemsize), dtype)
    return (keys, np.zeros(len(keys), f"i{dtype.itemsize}"), *(np.empty(n + 1, np.int32) for _ in range(3)))
