"""Learning vector quantization, one row after another: each row moves labelled prototypes before the next one comes.

Rows are X (n, d) with class codes (n,); `incomplete` (n,) tells which lack values, and is empty where none does.
Prototypes are `places` (with `starts` and the scratch `distances`, see `engines.kernels.standing`), moved in place.
`labels` (M,) are their class codes; where `movable` (M,) is False, one stays. Rates (n,) are in X's precision. Of equal
distances the lower index wins. Each kernel gives the number of rows that moved a prototype.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engines.kernels.standing import least, measure, nearest, pull


@njit(cache=True, nogil=True)
def show_to_winners(X, incomplete, codes, rates, places, starts, labels, movable, distances):  # type: ignore[no-untyped-def]
    """LVQ1: the nearest prototype moves by w ← w ± rate (x − w), + where its class is the row's."""
    n_moving = 0
    for i in range(X.shape[0]):
        lacks = incomplete.size > 0 and incomplete[i]
        s = nearest(X, i, lacks, places, starts, distances)
        if movable[s]:
            n_moving += 1
            pull(X, i, lacks, places, s, rates[i] if labels[s] == codes[i] else -rates[i])
    return n_moving


@njit(cache=True, nogil=True)
def show_at_own_rates(X, incomplete, codes, weights, own, most, places, starts, labels, movable, distances):  # type: ignore[no-untyped-def]
    """OLVQ1: as LVQ1, at rates `own` (M,) float64 of the prototypes, which become 1/(1/α + s w) before the move.

    s is 1 where the winner's class is the row's and −1 elsewhere, w is the row's weight, of `weights` (n,). No rate
    passes `most`. The move is w α: exactly that of w rows in turn where they attract; 1 − (1 − α)^w where they repel.
    """
    n_moving = 0
    for i in range(X.shape[0]):
        lacks = incomplete.size > 0 and incomplete[i]
        s = nearest(X, i, lacks, places, starts, distances)
        if not movable[s]:
            continue
        n_moving += 1
        weight, right = weights[i], labels[s] == codes[i]
        if right:
            own[s] = min(most, own[s] / (1.0 + weight * own[s]))
            rate = weight * own[s]
        else:
            left = 1.0 - weight * own[s]
            own[s] = min(most, own[s] / left) if left > 0.0 else most
            rate = own[s] if weight == 1.0 else (-np.expm1(weight * np.log1p(-own[s])) if own[s] < 1.0 else 1.0)
        pull(X, i, lacks, places, s, X.dtype.type(rate if right else -rate))
    return n_moving


@njit(cache=True, nogil=True)
def show_to_pairs(X, incomplete, codes, rates, soft_rates, share, places, starts, labels, movable, distances):  # type: ignore[no-untyped-def]
    """LVQ2.1 and LVQ3: the two nearest prototypes move where one is of the row's class and the other is not.

    The right one is attracted and the wrong one repelled, provided that the smaller of their squared distances is
    more than `share`, in X's precision, times the larger. Where both are right, both are attracted at `soft_rates`
    (n,), wherever the row lies; these are empty for LVQ2.1.
    """
    n_moving = 0
    flat = distances.reshape(distances.size)
    for i in range(X.shape[0]):
        lacks = incomplete.size > 0 and incomplete[i]
        measure(X, i, lacks, places, starts, distances)
        first = least(distances, starts)
        closest = flat[first]
        flat[first] = np.inf
        second = least(distances, starts)
        right, other_right = labels[first] == codes[i], labels[second] == codes[i]
        if right and other_right:
            if soft_rates.size == 0:
                continue
            rate = other_rate = soft_rates[i]
        elif right != other_right and closest > share * flat[second]:
            rate = rates[i] if right else -rates[i]
            other_rate = -rate
        else:
            continue
        n_moving += movable[first] or movable[second]
        if movable[first]:
            pull(X, i, lacks, places, first, rate)
        if movable[second]:
            pull(X, i, lacks, places, second, other_rate)
    return n_moving


@njit(cache=True, nogil=True)
def show_to_rivals(X, incomplete, codes, rates, own, others, places, starts, labels, movable, distances):  # type: ignore[no-untyped-def]
    """The nearest prototype of the row's class is attracted and the nearest of any other repelled, wherever they are.

    `own` and `others`, starts for each class, are 0 where a prototype is of it, or is not, and infinity elsewhere.
    """
    n_moving = 0
    for i in range(X.shape[0]):
        lacks = incomplete.size > 0 and incomplete[i]
        measure(X, i, lacks, places, starts, distances)
        plus, minus = least(distances, own[codes[i]]), least(distances, others[codes[i]])
        n_moving += movable[plus] or movable[minus]
        if movable[plus]:
            pull(X, i, lacks, places, plus, rates[i])
        if movable[minus]:
            pull(X, i, lacks, places, minus, -rates[i])
    return n_moving
