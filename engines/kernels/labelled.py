"""Learning vector quantization, one row after another: each row moves labelled prototypes before the next one comes.

Rows are X (n, d) with class codes (n,). Prototypes stand abreast as groups (G, d, L) with starts (G, L), moved in
place, with class codes `labels` (M,); where `movable` (M,) is False, one stays. `incomplete` (n,) tells which rows
lack values (NaN), and is empty where none does: such a row is compared, and moves prototypes, in its observed
features. All prototypes are compared in the same features, so that no factor is needed to say which is nearer. Rates
(n,) are in X's precision; `distances` (G, L) is scratch. Each kernel gives the number of rows that moved a prototype.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engines.kernels.abreast import all_lanes, least_lane, nearest_lane, pull_lane


@njit(cache=True, nogil=True)
def show_to_winners(X, incomplete, codes, rates, groups, starts, labels, movable, distances):  # type: ignore[no-untyped-def]
    """LVQ1: the nearest prototype moves by w ← w ± rate (x − w), + where its class is the row's."""
    n_moving = 0
    for i in range(X.shape[0]):
        s = _winner(X, i, incomplete, groups, starts, distances)
        if movable[s]:
            n_moving += 1
            _pull(X, i, incomplete, groups, s, rates[i] if labels[s] == codes[i] else -rates[i])
    return n_moving


@njit(cache=True, nogil=True)
def show_at_own_rates(X, incomplete, codes, weights, own, most, groups, starts, labels, movable, distances):  # type: ignore[no-untyped-def]
    """OLVQ1: as LVQ1, at rates `own` (M,) float64 of the prototypes, which become 1/(1/α + s w) before the move.

    s is 1 where the winner's class is the row's and −1 elsewhere, w is the row's weight, of `weights` (n,). No rate
    passes `most`. The move is w α: exactly that of w rows in turn where they attract; 1 − (1 − α)^w where they repel.
    """
    n_moving = 0
    for i in range(X.shape[0]):
        s = _winner(X, i, incomplete, groups, starts, distances)
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
        _pull(X, i, incomplete, groups, s, X.dtype.type(rate if right else -rate))
    return n_moving


@njit(cache=True, nogil=True)
def show_to_pairs(X, incomplete, codes, rates, soft_rates, least, groups, starts, labels, movable, distances):  # type: ignore[no-untyped-def]
    """LVQ2.1 and LVQ3: the two nearest prototypes move where one is of the row's class and the other is not.

    The right one is attracted and the wrong one repelled, provided that the smaller of their squared distances is
    more than `least`, in X's precision, times the larger. Where both are right, both are attracted at `soft_rates`
    (n,), wherever the row lies; these are empty for LVQ2.1.
    """
    n_moving = 0
    flat = distances.reshape(distances.size)
    for i in range(X.shape[0]):
        _measure(X, i, incomplete, groups, starts, distances)
        first = least_lane(distances, starts)
        nearest = flat[first]
        flat[first] = np.inf
        second = least_lane(distances, starts)
        right, other_right = labels[first] == codes[i], labels[second] == codes[i]
        if right and other_right:
            if soft_rates.size == 0:
                continue
            rate = other_rate = soft_rates[i]
        elif right != other_right and nearest > least * flat[second]:
            rate = rates[i] if right else -rates[i]
            other_rate = -rate
        else:
            continue
        n_moving += movable[first] or movable[second]
        if movable[first]:
            _pull(X, i, incomplete, groups, first, rate)
        if movable[second]:
            _pull(X, i, incomplete, groups, second, other_rate)
    return n_moving


@njit(cache=True, nogil=True)
def show_to_rivals(X, incomplete, codes, rates, own, others, groups, starts, labels, movable, distances):  # type: ignore[no-untyped-def]
    """The nearest prototype of the row's class is attracted and the nearest of any other repelled, wherever they are.

    `own` and `others` (C, G, L) are 0 where a prototype is of class c, or is not, and infinity elsewhere.
    """
    n_moving = 0
    for i in range(X.shape[0]):
        _measure(X, i, incomplete, groups, starts, distances)
        plus, minus = least_lane(distances, own[codes[i]]), least_lane(distances, others[codes[i]])
        n_moving += movable[plus] or movable[minus]
        if movable[plus]:
            _pull(X, i, incomplete, groups, plus, rates[i])
        if movable[minus]:
            _pull(X, i, incomplete, groups, minus, -rates[i])
    return n_moving


@njit(cache=True, nogil=True)
def _winner(X, i, incomplete, groups, starts, distances):  # type: ignore[no-untyped-def]
    if incomplete.size and incomplete[i]:
        _measure_observed(X[i], groups, starts, distances)
        return least_lane(distances, starts)
    return nearest_lane(X, i, groups, starts)


@njit(cache=True, nogil=True)
def _measure(X, i, incomplete, groups, starts, distances):  # type: ignore[no-untyped-def]
    if incomplete.size and incomplete[i]:
        _measure_observed(X[i], groups, starts, distances)
    else:
        all_lanes(X, i, groups, starts, distances)


@njit(cache=True, nogil=True)
def _pull(X, i, incomplete, groups, index, rate):  # type: ignore[no-untyped-def]
    if not (incomplete.size and incomplete[i]):
        pull_lane(X, i, groups, index, rate)
        return
    g, lane = index // groups.shape[2], index % groups.shape[2]
    for j in range(groups.shape[1]):
        if not np.isnan(X[i, j]):
            groups[g, j, lane] += rate * (X[i, j] - groups[g, j, lane])


@njit(cache=True, nogil=True, fastmath={"contract"})
def _measure_observed(x, groups, starts, distances):  # type: ignore[no-untyped-def]
    for g in range(groups.shape[0]):
        own = distances[g]
        own[:] = starts[g]
        for j in range(groups.shape[1]):
            if not np.isnan(x[j]):
                column = groups[g, j]
                for lane in range(column.shape[0]):
                    gap = x[j] - column[lane]
                    own[lane] += gap * gap
