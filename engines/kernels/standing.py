"""One row against prototypes that move: one by one, or abreast in vector lanes; kernels ask here and see no layout.

`places` are the prototypes: W (M, d), where they are few, or groups (G, d, L) as `engines.kernels.abreast` has them.
`starts`, and `distances`, which is scratch, are (M,) or (G, L) accordingly, so that flat they go by prototypes. Which
it is, is known when a kernel is compiled. What is asked here is written into the kernel, as arrays are slow to hand
over; `least` alone is called, as numba complains where it is written in twice.

Where `lacks` is true the row lacks values (NaN), and its observed features alone count: all prototypes are compared in
the same ones, so no factor is needed to say which is nearer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numba.extending import overload

from engines.kernels.abreast import all_lanes, least_lane, nearest_lane, pull_lane


def nearest(X: Any, i: int, lacks: bool, places: Any, starts: Any, distances: Any) -> int:
    """Index of the prototype nearest to row number `i` of X (n, d), the lowest of equally near ones."""
    raise NotImplementedError("for kernels")


def measure(X: Any, i: int, lacks: bool, places: Any, starts: Any, distances: Any) -> None:
    """Fill in `distances`: squared, of row number `i` to each prototype, in X's precision; infinity where is none."""
    raise NotImplementedError("for kernels")


def least(distances: Any, starts: Any) -> int:
    """Index of the least of `distances` + `starts`, the lowest of equal ones."""
    raise NotImplementedError("for kernels")


def pull(X: Any, i: int, lacks: bool, places: Any, index: int, rate: Any) -> None:
    """w ← w + rate (x − w) for prototype number `index` and row number `i`."""
    raise NotImplementedError("for kernels")


@overload(nearest, strict=False, inline="always")
def _nearest(X: Any, i: Any, lacks: Any, places: Any, starts: Any, distances: Any) -> Any:
    if places.ndim == 3:

        def abreast(X, i, lacks, places, starts, distances):  # type: ignore[no-untyped-def]
            if lacks:
                _measure_lanes(X, i, places, starts, distances)
                return least_lane(distances, starts)
            return nearest_lane(X, i, places, starts)

        return abreast

    def one_by_one(X, i, lacks, places, starts, distances):  # type: ignore[no-untyped-def]
        best, index = np.inf, 0
        for k in range(places.shape[0]):
            distance = _squared_observed(X, i, places, k) if lacks else _squared(X, i, places, k)
            if distance < best:
                best, index = distance, k
        return index

    return one_by_one


@overload(measure, strict=False, inline="always")
def _measure(X: Any, i: Any, lacks: Any, places: Any, starts: Any, distances: Any) -> Any:
    if places.ndim == 3:

        def abreast(X, i, lacks, places, starts, distances):  # type: ignore[no-untyped-def]
            if lacks:
                _measure_lanes(X, i, places, starts, distances)
            else:
                all_lanes(X, i, places, starts, distances)

        return abreast

    def one_by_one(X, i, lacks, places, starts, distances):  # type: ignore[no-untyped-def]
        for k in range(places.shape[0]):
            distances[k] = _squared_observed(X, i, places, k) if lacks else _squared(X, i, places, k)

    return one_by_one


@overload(least, strict=False)
def _least(distances: Any, starts: Any) -> Any:
    if distances.ndim == 2:
        return lambda distances, starts: least_lane(distances, starts)

    def one_by_one(distances, starts):  # type: ignore[no-untyped-def]
        best, index = np.inf, 0
        for k in range(distances.shape[0]):
            distance = distances[k] + starts[k]
            if distance < best:
                best, index = distance, k
        return index

    return one_by_one


@overload(pull, strict=False, inline="always")
def _pull(X: Any, i: Any, lacks: Any, places: Any, index: Any, rate: Any) -> Any:
    if places.ndim == 3:

        def abreast(X, i, lacks, places, index, rate):  # type: ignore[no-untyped-def]
            if lacks:
                _pull_lane_observed(X, i, places, index // places.shape[2], index % places.shape[2], rate)
            else:
                pull_lane(X, i, places, index, rate)

        return abreast

    def one_by_one(X, i, lacks, places, index, rate):  # type: ignore[no-untyped-def]
        if lacks:
            _pull_observed(X, i, places, index, rate)
        else:
            _pull_whole(X, i, places, index, rate)

    return one_by_one


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _squared(X, i, W, k):  # type: ignore[no-untyped-def]
    total = X.dtype.type(0)
    for j in range(X.shape[1]):
        gap = X[i, j] - W[k, j]
        total += gap * gap
    return total


@njit(cache=True, nogil=True)
def _squared_observed(X, i, W, k):  # type: ignore[no-untyped-def]
    total = X.dtype.type(0)
    for j in range(X.shape[1]):
        if not np.isnan(X[i, j]):
            gap = X[i, j] - W[k, j]
            total += gap * gap
    return total


@njit(cache=True, nogil=True, fastmath={"contract"})
def _measure_lanes(X, i, groups, starts, distances):  # type: ignore[no-untyped-def]
    """`measure` in the observed features."""
    for g in range(groups.shape[0]):
        for lane in range(groups.shape[2]):
            distances[g, lane] = starts[g, lane]
        for j in range(groups.shape[1]):
            if not np.isnan(X[i, j]):
                for lane in range(groups.shape[2]):
                    gap = X[i, j] - groups[g, j, lane]
                    distances[g, lane] += gap * gap


@njit(cache=True, nogil=True, fastmath={"contract"})
def _pull_whole(X, i, W, k, rate):  # type: ignore[no-untyped-def]
    for j in range(X.shape[1]):
        W[k, j] += rate * (X[i, j] - W[k, j])


@njit(cache=True, nogil=True)
def _pull_observed(X, i, W, k, rate):  # type: ignore[no-untyped-def]
    for j in range(X.shape[1]):
        if not np.isnan(X[i, j]):
            W[k, j] += rate * (X[i, j] - W[k, j])


@njit(cache=True, nogil=True)
def _pull_lane_observed(X, i, groups, g, lane, rate):  # type: ignore[no-untyped-def]
    for j in range(X.shape[1]):
        if not np.isnan(X[i, j]):
            groups[g, j, lane] += rate * (X[i, j] - groups[g, j, lane])
