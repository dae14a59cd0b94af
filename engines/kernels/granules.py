"""Granules, the reference values near a value, as ranges of ranks; distances between them, and learning by these.

`references` (r, d) are sorted by columns, of which the first `counts` (d,) are values; `radii` (d,) say what is near.
A granule is [lower, upper): its ranks in the column. A value that is missing (NaN) has lower −1 and is left out.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SMALLEST = 1e-3
"""Share of the winner's rate under which no neighbour moves."""


@njit(cache=True, nogil=True)
def granulate(X, references, counts, radii, lower, upper):  # type: ignore[no-untyped-def]
    """Fill in the granules `lower` and `upper` (n, d) int32 of the values of X (n, d): |x − reference| ≤ radius."""
    for i in range(X.shape[0]):
        granulate_row(X, i, references, counts, radii, lower, upper, i)


@njit(cache=True, nogil=True)
def granulate_row(X, i, references, counts, radii, lower, upper, k):  # type: ignore[no-untyped-def]
    """The granules number `k` become those of row number `i` of X."""
    for a in range(X.shape[1]):
        value = X[i, a]
        if np.isnan(value):
            lower[k, a] = -1
            continue
        first, last = value - radii[a], value + radii[a]
        left, right = 0, counts[a]
        while left < right:
            middle = (left + right) // 2
            if references[middle, a] < first:
                left = middle + 1
            else:
                right = middle
        lower[k, a] = left
        right = counts[a]
        while left < right:
            middle = (left + right) // 2
            if references[middle, a] <= last:
                left = middle + 1
            else:
                right = middle
        upper[k, a] = left


@njit(cache=True, nogil=True)
def granular_distance(lower, upper, i, others_lower, others_upper, k, counts, relative):  # type: ignore[no-untyped-def]
    """Mean over the observed features of row i of |s △ t| / |s ∪ t|, 0 where both are empty, or of |s △ t| / count."""
    total, n_seen = 0.0, 0
    for a in range(lower.shape[1]):
        if lower[i, a] < 0:
            continue
        n_seen += 1
        common = min(upper[i, a], others_upper[k, a]) - max(lower[i, a], others_lower[k, a])
        common = max(common, 0)
        either = upper[i, a] - lower[i, a] + others_upper[k, a] - others_lower[k, a] - common
        if relative:
            if either > 0:
                total += (either - common) / either
        elif counts[a] > 0:
            total += (either - common) / counts[a]
    return total / n_seen if n_seen else np.nan


@njit(cache=True, nogil=True)
def squared_granular_distances(X, W, references, counts, radii, relative, out):  # type: ignore[no-untyped-def]
    """Fill in `out` (M, n) with the squared distances of the rows of X (n, d) to prototypes W (M, d)."""
    shape = (1, X.shape[1])
    lower, upper = np.empty(shape, np.int32), np.empty(shape, np.int32)
    own_lower, own_upper = np.empty(W.shape, np.int32), np.empty(W.shape, np.int32)
    granulate(W, references, counts, radii, own_lower, own_upper)
    for i in range(X.shape[0]):
        granulate_row(X, i, references, counts, radii, lower, upper, 0)
        for k in range(W.shape[0]):
            out[k, i] = granular_distance(lower, upper, 0, own_lower, own_upper, k, counts, relative) ** 2


@njit(cache=True, nogil=True)
def show_granules(X, codes, rates, cooperation, relative, granulation, W, granules, labels, movable, distances):  # type: ignore[no-untyped-def]
    """Show the rows of X (n, d) in order: the prototype at the least granular distance moves by w ← w ± rate (x − w).

    + where its class, of `labels` (M,), is the row's, of `codes` (n,); where it is not, it moves in the features alone
    in which its granule and the row's have a reference in common. The r-th nearest of the other prototypes of its
    class moves likewise, at rate · cooperation^r. `granulation` is references, counts and radii. W (M, d) and its
    `granules`, lower and upper (M, d), are changed in place, but where `movable` (M,) is False. `distances` (M,) is
    scratch. Gives the number of rows that moved a prototype.
    """
    references, counts, radii = granulation
    own_lower, own_upper = granules
    n_moving = 0
    shape = (1, X.shape[1])
    lower, upper = np.empty(shape, np.int32), np.empty(shape, np.int32)
    for i in range(X.shape[0]):
        granulate_row(X, i, references, counts, radii, lower, upper, 0)
        for k in range(W.shape[0]):
            distances[k] = granular_distance(lower, upper, 0, own_lower, own_upper, k, counts, relative)
        s = int(np.argmin(distances))
        own_class, strength, moves = labels[s], 1.0, False
        rate = rates[i] if own_class == codes[i] else -rates[i]
        while strength >= SMALLEST:
            if movable[s]:
                for a in range(X.shape[1]):
                    shared = min(upper[0, a], own_upper[s, a]) > max(lower[0, a], own_lower[s, a])
                    if lower[0, a] >= 0 and (shared or rate > 0):
                        moves = True
                        W[s, a] += X.dtype.type(rate * strength) * (X[i, a] - W[s, a])
                granulate_row(W, s, references, counts, radii, own_lower, own_upper, s)
            distances[s] = np.inf
            strength *= cooperation
            best = np.inf
            for k in range(W.shape[0]):
                if labels[k] == own_class and distances[k] < best:
                    best, s = distances[k], k
            if best == np.inf:
                break
        n_moving += moves
    return n_moving
