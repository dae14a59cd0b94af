"""Plain kernels over rows: the one distance that decides every label, cell sums, column moments; no fast approximation.

The distance between a row and a prototype is `sqrt` of the float64 sum of squared differences, rounded to the
data's own precision; equal distances go to the lower index. Every label an engine gives is that of this distance.
Arrays that are only read are to be passed through `frozen`, so that each kernel is compiled once per precision.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engines.kernels.vectors import squared_distance

Array = TypeVar("Array", bound=np.ndarray[Any, Any])


def frozen(array: Array) -> Array:
    """A read-only view: numba knows memory maps and ordinary arrays apart, read-only ones it does not."""
    view = array.view()
    view.flags.writeable = False
    return view


@njit(cache=True, nogil=True)
def nearest(X, row, W, rounded):  # type: ignore[no-untyped-def]
    """Index of the prototype nearest to row `row`; `rounded` is scratch of one number in X's precision."""
    d = X.shape[1]
    best, winner = np.inf, 0
    for k in range(W.shape[0]):
        rounded[0] = np.sqrt(squared_distance(X, row * d, W, k * d, d))
        if rounded[0] < best:
            best, winner = rounded[0], k
    return winner


@njit(cache=True, nogil=True)
def nearest_rows(X, W, labels):  # type: ignore[no-untyped-def]
    """Labels (n,) of the rows of X (n, d) among the prototypes W (K, d)."""
    rounded = np.empty(1, X.dtype)
    for i in range(X.shape[0]):
        labels[i] = nearest(X, i, W, rounded)


@njit(cache=True, nogil=True)
def distances(X, W, out):  # type: ignore[no-untyped-def]
    """The distances (n, K), unsquared, in X's precision."""
    d = X.shape[1]
    for i in range(X.shape[0]):
        for k in range(W.shape[0]):
            out[i, k] = np.sqrt(squared_distance(X, i * d, W, k * d, d))


@njit(cache=True, nogil=True)
def squared_to_own(X, W, labels, out):  # type: ignore[no-untyped-def]
    """Squared distance (n,) of each row to its own prototype, float64."""
    d = X.shape[1]
    for i in range(X.shape[0]):
        out[i] = squared_distance(X, i * d, W, labels[i] * d, d)


@njit(cache=True, nogil=True)
def add_rows(X, weights, labels, sums, masses):  # type: ignore[no-untyped-def]
    """Add rows (n, d) to the weighted sums (K, d) and masses (K,) of their labels; no weights are an empty array."""
    n, d = X.shape
    for i in range(n):
        k = labels[i]
        weight = weights[i] if weights.size else 1.0
        masses[k] += weight
        for j in range(d):
            sums[k, j] += weight * X[i, j]


@njit(cache=True, nogil=True)
def moments(X, weights, mean, scatter):  # type: ignore[no-untyped-def]
    """Fill in the weighted column means (d,) and sums of squared deviations (d,); returns the sum of weights."""
    n, d = X.shape
    total = 0.0
    mean[:] = 0.0
    scatter[:] = 0.0
    for i in range(n):
        weight = weights[i] if weights.size else 1.0
        total += weight
        for j in range(d):
            mean[j] += weight * X[i, j]
    if total > 0.0:
        for j in range(d):
            mean[j] /= total
    for i in range(n):
        weight = weights[i] if weights.size else 1.0
        for j in range(d):
            deviation = X[i, j] - mean[j]
            scatter[j] += weight * deviation * deviation
    return total


@njit(cache=True, nogil=True)
def candidate_distances(X, candidates, closest, out):  # type: ignore[no-untyped-def]
    """min(closest (n,), squared distance of each row to each candidate (L, d)) as out (L, n)."""
    d = X.shape[1]
    for i in range(X.shape[0]):
        for c in range(candidates.shape[0]):
            out[c, i] = min(closest[i], squared_distance(X, i * d, candidates, c * d, d))


Labels = NDArray[np.int32]
