"""Packing for the fused search, and its answers made exact: near ties are looked at again, in float64, then exactly."""

from __future__ import annotations

import numpy as np
from numba import njit

from engines.kernels.exact import nearest
from engines.kernels.panels import nearest_panel, panel_values
from engines.kernels.vectors import squared_distance


@njit(cache=True, nogil=True)
def pack_rows(X, offset, scale, lanes, panels, norms):  # type: ignore[no-untyped-def]
    """Rows (n, d), centred and scaled, as panels (P, d, lanes) filled up with zeros; norms (P * lanes,) float64."""
    n, d = X.shape
    step = 32  # columns at a time: their cache lines stay near
    for panel in range(panels.shape[0]):
        for lane in range(lanes):
            norms[panel * lanes + lane] = 0.0
        for left in range(0, d, step):
            right = min(left + step, d)
            for lane in range(lanes):
                i = panel * lanes + lane
                if i < n:
                    squares = 0.0
                    for j in range(left, right):
                        value = (X[i, j] - offset[j]) * scale
                        panels[panel, j, lane] = value
                        squares += np.float64(value) * value
                    norms[i] += squares
                else:
                    for j in range(left, right):
                        panels[panel, j, lane] = 0
    for i in range(norms.shape[0]):
        norms[i] = np.sqrt(norms[i])


@njit(cache=True, nogil=True)
def pack_prototypes(W, offset, scale, tiles, halves):  # type: ignore[no-untyped-def]
    """Prototypes (K, d), centred, scaled and negated, as tiles (G, d, C); halves (G, C) are ½‖w‖², ∞ where none is.

    Returns the largest norm.
    """
    n_prototypes, d = W.shape
    n_tiles, tile = halves.shape
    largest = 0.0
    for g in range(n_tiles):
        for c in range(tile):
            k = g * tile + c
            square = 0.0
            for j in range(d):
                value = (W[k, j] - offset[j]) * scale if k < n_prototypes else offset[j] * 0
                tiles[g, j, c] = -value
                square += np.float64(value) * value
            halves[g, c] = square / 2 if k < n_prototypes else np.inf
            largest = max(largest, square)
    return np.sqrt(largest)


@njit(cache=True, nogil=True)
def search(panels, tiles, halves, best, second, index):  # type: ignore[no-untyped-def]
    """The two smallest ½‖w‖² − x·w of every row, and the prototype of the smallest: (P, lanes) each."""
    for panel in range(panels.shape[0]):
        nearest_panel(panels, panel, tiles, halves, best, second, index)


@njit(cache=True, nogil=True)
def settle(best, second, index, norms, reach, chain, blur, labels, doubtful):  # type: ignore[no-untyped-def]
    """Take over the labels (n,) that rounding cannot have changed; the other rows go into `doubtful`.

    Two computed ½‖w‖² − x·w together are off by at most `chain` (½‖w‖² + ‖x‖‖w‖), and the exact distances are blurred
    by at most `blur` (‖x‖ + ‖w‖)². ‖w‖ is at most `reach`, and of use only up to ‖x‖ + ‖x − w_best‖.
    Returns the number of doubtful rows.
    """
    n_doubtful = 0
    for i in range(labels.shape[0]):
        labels[i] = index[i]
        gap = np.float64(second[i]) - np.float64(best[i])
        x = norms[i]
        w = reach
        if gap > chain * w * (0.5 * w + x) + blur * (x + w) * (x + w):
            continue
        if chain < 0.003:
            w = min(w, 1.1 * x + 1.01 * np.sqrt(max(0.0, 2.0 * np.float64(best[i]) + x * x)))
            if gap > chain * w * (0.5 * w + x) + blur * (x + w) * (x + w):
                continue
        doubtful[n_doubtful] = i
        n_doubtful += 1
    return n_doubtful


@njit(cache=True, nogil=True)
def nearest_of_some(X, W, wanted, labels):  # type: ignore[no-untyped-def]
    """Exact labels of the rows `wanted` of X."""
    rounded = np.empty(1, X.dtype)
    for i in wanted:
        labels[i] = nearest(X, i, W, rounded)


@njit(cache=True, nogil=True)
def candidate_costs(X, panels, norms, scale, candidates, tiles, halves, chain, closest, costs):  # type: ignore[no-untyped-def]
    """min(closest (n,), squared distance of each row to each candidate (L, d)) as `costs` (L, n), float64.

    Distances that rounding could falsify by more than a hundredth are taken exactly.
    """
    n, d = X.shape
    n_tiles, few = halves.shape
    lanes = panels.shape[2]
    values = np.empty((n_tiles * few, lanes), panels.dtype)
    unscale = 1.0 / (np.float64(scale) * np.float64(scale))
    for panel in range(panels.shape[0]):
        panel_values(panels, panel, tiles, halves, values)
        first = panel * lanes
        for c in range(candidates.shape[0]):
            half = np.float64(halves[c // few, c % few])
            for lane in range(min(lanes, n - first)):
                i = first + lane
                square = norms[i] * norms[i]
                squared = square + 2.0 * values[c, lane]
                if squared < 100.0 * chain * (square + 2.0 * half):
                    costs[c, i] = min(closest[i], squared_distance(X, i * d, candidates, c * d, d))
                else:
                    costs[c, i] = min(closest[i], squared * unscale)
