"""Competitive learning, one row after another: each row moves prototypes before the next one is looked at."""

from __future__ import annotations

from numba import njit

from engines.kernels.abreast import nearest_lane, pull_lane


@njit(cache=True, nogil=True)
def present(X, weights, rates, groups, starts, wins):  # type: ignore[no-untyped-def]
    """Show the rows of X (n, d) in order: the nearest prototype s moves by w ← w + rate (x − w).

    `groups` (G, d, L) and `starts` (G, L) are prototypes abreast, moved in place. `wins` (K,) float64 grows by the
    row's weight at the winner. `rates` (n,) are in X's precision; where it is empty, the rate is weight / wins after
    that (MacQueen).
    """
    for i in range(X.shape[0]):
        s = nearest_lane(X, i, groups, starts)
        wins[s] += weights[i]
        rate = rates[i] if rates.size else X.dtype.type(weights[i] / wins[s])
        pull_lane(X, i, groups, s, rate)
