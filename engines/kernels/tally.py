"""What a pass over the rows tells of a map: cell sums, costs, winners that are no neighbours of their runner-up."""

from __future__ import annotations

import numpy as np
from numba import njit

from engines.kernels.vectors import squared_distance


@njit(cache=True, nogil=True)
def tally(X, weights, W, first, second, neighbours, sums, counts):  # type: ignore[no-untyped-def]
    """Add rows into the weighted cell sums (M, d) and counts (M,) of their winners `first`; no weights are empty.

    Returns the weighted sums of squared distances to the winner, of distances, and of ones for rows whose `second`
    is not in the winner's row of `neighbours` (M, 6 or 8); a unit that is its own second tears nothing.
    """
    n, d = X.shape
    squares, distances, torn = 0.0, 0.0, 0.0
    for i in range(n):
        k = first[i]
        weight = weights[i] if weights.size else 1.0
        squared = squared_distance(X, i * d, W, k * d, d)
        squares += weight * squared
        distances += weight * np.sqrt(squared)
        counts[k] += weight
        if weights.size:
            for j in range(d):
                sums[k, j] += weight * X[i, j]
        else:
            for j in range(d):
                sums[k, j] += X[i, j]
        joined = second[i] == k
        for unit in neighbours[k]:
            joined = joined or unit == second[i]
        if not joined:
            torn += weight
    return squares, distances, torn
