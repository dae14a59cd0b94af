"""What surrounds the fused search: prototypes laid out for it, answers made exact, the costs of a few candidates."""

from __future__ import annotations

import numpy as np
from numba import njit

from engines.kernels.exact import nearest
from engines.kernels.tiles import search_rows, tile_values
from engines.kernels.vectors import squared_distance

CACHE_BYTES = 2**18
"""Half of a common second-level cache."""


@njit(cache=True, nogil=True)
def pack_prototypes(W, slots, offset, scale, moved, tiles, halves, norms):  # type: ignore[no-untyped-def]
    """Prototypes (K, d), centred, scaled and negated, as tiles (G, d, C).

    Slot s holds prototype `slots[s]`, nobody where that is −1: its half is ∞. Halves (G, C) are ½‖w‖² where rows will
    be `moved` into the frame, and ½‖w‖² + offset·w where they stay. Fills in `norms` (K,), float64, of the w.
    """
    d = W.shape[1]
    n_tiles, tile = halves.shape
    for g in range(n_tiles):
        for c in range(tile):
            k = slots[g * tile + c]
            if k < 0:
                halves[g, c] = np.inf
                for j in range(d):
                    tiles[g, j, c] = offset[j] * 0
                continue
            square, shift = 0.0, 0.0
            for j in range(d):
                value = (W[k, j] - offset[j]) * scale
                tiles[g, j, c] = -value
                square += np.float64(value) * value
                shift += np.float64(value) * offset[j]
            norms[k] = np.sqrt(square)
            halves[g, c] = square / 2 if moved else square / 2 + shift


@njit(cache=True, nogil=True)
def move_rows(X, offset, scale, moved):  # type: ignore[no-untyped-def]
    """Rows (n, d) brought into the frame: `moved` (n, d)."""
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            moved[i, j] = (X[i, j] - offset[j]) * scale


@njit(cache=True, nogil=True)
def row_norms(X, offset, norms):  # type: ignore[no-untyped-def]
    """‖x − offset‖ of the rows (n, d): `norms` (n,)."""
    n, d = X.shape
    for i in range(n):
        norms[i] = np.sqrt(squared_distance(X, i * d, offset, 0, d))


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def rough_norms(X, offset, norms):  # type: ignore[no-untyped-def]
    """No less than ‖x − offset‖ of the rows (n, d), and little more: `norms` (n,)."""
    for i in range(X.shape[0]):
        square = X[i, 0] * 0
        for j in range(X.shape[1]):
            gap = X[i, j] - offset[j]
            square += gap * gap
        norms[i] = 1.01 * np.sqrt(square)


@njit(cache=True, nogil=True)
def rows_in_cache(X):  # type: ignore[no-untyped-def]
    """How many rows of X fit into a part of the second-level cache; never so few that a tile is read for nothing."""
    return max(96, CACHE_BYTES // (X.shape[1] * X.itemsize))


@njit(cache=True, nogil=True)
def search(X, tiles, halves, places, best, second, index):  # type: ignore[no-untyped-def]
    """The two smallest ½‖w‖² − x·w of every row, and the slot of the smallest: (n + len(places),) each."""
    n = X.shape[0]
    n_tiles = tiles.shape[0]
    if tiles.size * tiles.itemsize <= CACHE_BYTES:
        _search_tiles(X, tiles, halves, 0, n_tiles, 0, n, places, best, second, index)
        return
    chunk = rows_in_cache(X)
    room = chunk + places.shape[0]
    value, other, slot = np.empty(room, X.dtype), np.empty(room, X.dtype), np.empty(room, np.int32)
    for start in range(0, n, chunk):  # rows stay in the cache, and each tile is read once for all of them
        stop = min(start + chunk, n)
        best[start:stop] = np.inf
        second[start:stop] = np.inf
        index[start:stop] = 0
        for g in range(n_tiles):
            _search_tiles(X, tiles, halves, g, g + 1, start, stop, places, value, other, slot)
            for i in range(start, stop):
                a = i - start
                second[i] = min(min(max(best[i], value[a]), second[i]), other[a])
                if value[a] < best[i]:
                    best[i], index[i] = value[a], slot[a]


@njit(cache=True, nogil=True)
def _search_tiles(  # type: ignore[no-untyped-def]
    X, tiles, halves, first_tile, last_tile, start, stop, places, best, second, index
):
    """Let rows `start` to `stop` search some tiles; results are counted from `start`."""
    d, step = X.shape[1], places.shape[0]
    for first in range(start, stop, step):
        for r in range(step):
            places[r] = min(first + r, stop - 1) * d
        search_rows(X, places, tiles, halves, first_tile, last_tile, best, second, index, first - start)


@njit(cache=True, nogil=True)
def in_doubt(gap, best, x, far, reach, chain, blur):  # type: ignore[no-untyped-def]
    """Whether rounding may have falsified which of two prototypes is nearer to a row, whose values differ by `gap`.

    Two computed ½‖w‖² − x·w together are off by at most `chain` ‖w‖ (½‖w‖ + ‖x‖), where the origin may be `far` more
    away from x than the centre is, and exact distances are blurred by at most `blur` (‖x‖ + ‖w‖)². ‖w‖ is at most
    `reach`, and of use only up to ‖x‖ + ‖x − w_best‖.
    """
    w = reach
    if gap > chain * w * (0.5 * w + x + far) + blur * (x + w) * (x + w):
        return False
    if chain < 0.003:
        w = min(w, 1.1 * x + 0.1 * far + 1.01 * np.sqrt(max(0.0, 2.0 * best + x * x)))
        return not gap > chain * w * (0.5 * w + x + far) + blur * (x + w) * (x + w)
    return True


@njit(cache=True, nogil=True)
def safe_gap(reach, far, chain, blur, like):  # type: ignore[no-untyped-def]
    """Coefficients (3,), in the precision of `like`, of a polynomial in ‖x‖: no gap above it is `in_doubt`."""
    safe = np.empty(3, like.dtype)
    safe[0] = 1.01 * (chain * reach * (0.5 * reach + far) + blur * reach * reach)
    safe[1] = 1.01 * (chain * reach + 2.0 * blur * reach)
    safe[2] = 1.01 * blur
    return safe


@njit(cache=True, nogil=True)
def settle(best, second, index, slots, norms, far, reach, chain, blur, labels, doubtful):  # type: ignore[no-untyped-def]
    """Take over the labels (n,) that rounding cannot have changed; the numbers of the other rows go into `doubtful`.

    Returns how many those are.
    """
    n_doubtful = 0
    fixed, linear, quadratic = safe_gap(reach, far, chain, blur, norms)
    for i in range(labels.shape[0]):
        labels[i] = slots[index[i]]
        x = norms[i]
        if second[i] - best[i] > fixed + x * (linear + x * quadratic):
            continue
        value = np.float64(best[i])
        if in_doubt(np.float64(second[i]) - value, value, np.float64(x), far, reach, chain, blur):
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
def candidate_costs(  # type: ignore[no-untyped-def]
    X, own, norms, far, scale, candidates, tiles, halves, reaches, chain, closest, places, values, costs
):
    """min(closest (n,), squared distance of each row of X to each candidate (L, d)) as `costs` (L, n), float64.

    `own` are the rows in the frame of the tiles. Distances that rounding could falsify by more than a hundredth are
    taken exactly.
    """
    n, d = X.shape
    tile = halves.shape[1]
    step = places.shape[0]
    unscale = 1.0 / (np.float64(scale) * np.float64(scale))
    for first in range(0, n, step):
        for r in range(step):
            places[r] = min(first + r, n - 1) * d
        for g in range(halves.shape[0]):
            tile_values(own, places, tiles, halves, g, values)
            for lane in range(min(tile, candidates.shape[0] - g * tile)):
                c = g * tile + lane
                w = reaches[c]
                for r in range(min(step, n - first)):
                    i = first + r
                    x = np.float64(norms[i])
                    squared = x * x + 2.0 * values[r, lane]
                    if squared < 200.0 * chain * (w * (0.5 * w + x + far) + x * x):
                        costs[c, i] = min(closest[i], squared_distance(X, i * d, candidates, c * d, d))
                    else:
                        costs[c, i] = min(closest[i], squared * unscale)
