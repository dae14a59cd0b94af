"""Nearest prototypes of rows that remember how near and how far prototypes were, so that few are looked at again.

A row keeps an upper bound of the distance to its own prototype and, for each tile of prototypes, a lower bound of the
distance to any other one in it. Prototypes that travel loosen bounds by no more than they travel (triangle inequality:
Hamerly 2010; groups of prototypes: Ding et al. 2015, "Yinyang k-means"). Bounds are kept less the distance travelled
up to then, so that a row whose bounds still hold costs three reads. All are rounded to the safe side.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engines.kernels.fused import in_doubt
from engines.kernels.tiles import search_rows

CHUNK = 512
"""Rows that are looked at together: what of them is needed again and again stays in the cache."""


@njit(cache=True, nogil=True)
def _upper(value, x, slack, eps):  # type: ignore[no-untyped-def]
    """No less than the distance of a row of norm `x` whose ½‖w‖² − x·w came out as `value`."""
    return np.sqrt(max(0.0, x * x + 2.0 * value) + slack) * (1.0 + 4.0 * eps)


@njit(cache=True, nogil=True)
def _lower(value, x, slack, eps):  # type: ignore[no-untyped-def]
    """No more than the distance of a row of norm `x` whose ½‖w‖² − x·w came out as `value`."""
    return np.sqrt(max(0.0, x * x + 2.0 * value - slack)) * (1.0 - 4.0 * eps)


@njit(cache=True, nogil=True)
def _kept(bound, travelled, eps):  # type: ignore[no-untyped-def]
    """A lower bound as it is stored: with what the tile has travelled up to now added, rounded down."""
    return (bound + travelled) * (1.0 - 4.0 * eps)


@njit(cache=True, nogil=True)
def _ask(X, rows, lists, n_listed, g, tiles, halves, places, best, second, index):  # type: ignore[no-untyped-def]
    """Let the active rows `lists[g, :n_listed]` search tile `g`."""
    d = X.shape[1]
    step = places.shape[0]
    for first in range(0, n_listed, step):
        for r in range(step):
            places[r] = rows[lists[g, min(first + r, n_listed - 1)]] * d
        search_rows(X, places, tiles, halves, g, g + 1, best, second, index, first)


@njit(cache=True, nogil=True)
def bounded_labels(  # type: ignore[no-untyped-def]
    X, norms, tiles, halves, slots, tile_of, far, reach, chain, blur, eps,
    travelled, tile_travelled, farthest,
    labels, upper, lowest, lower, doubtful,
    places, best, second, index, rows, values, others, runners, winners, homes, nearest, lists, n_listed,
):  # fmt: skip
    """Label the rows of X (n, d), in the frame of `tiles`, whose bounds no longer prove the label they have.

    Parameters
    ----------
    norms : (n,)
    slots : (G * C,) int32
        Prototype in each slot of the tiles.
    tile_of : (K,) int32
    far, reach, chain, blur : float
        Rounding, as `in_doubt` takes it.
    eps : float
        Of the rows' precision.
    travelled, tile_travelled, farthest : (K,), (G,) and one float64
        How far each prototype, the farthest of each tile, and the farthest of all have come since the start, summed
        over steps.
    labels, upper, lowest, lower : (n,) int32, (n,), (n,), (n, G)
        Changed in place.
    doubtful : (n,) intp
        Takes the numbers of rows that only the exact distance can label; their bounds are given up.
    places, ... : scratch for `CHUNK` rows.

    Returns the number of doubtful rows, and that of searches of a tile by a row.
    """
    n_tiles = halves.shape[0]
    n_doubtful, n_asked = 0, 0
    for start in range(0, labels.shape[0], CHUNK):
        n_active = 0
        for i in range(start, min(start + CHUNK, labels.shape[0])):
            if not (upper[i] + travelled[labels[i]]) * (1.0 + 8.0 * eps) < lowest[i] - farthest:
                rows[n_active] = i
                n_active += 1
        if n_active == 0:
            continue
        # the tile of the present prototype first: it most often wins, and makes the upper bound tight
        n_listed[:] = 0
        for a in range(n_active):
            g = tile_of[labels[rows[a]]]
            lists[g, n_listed[g]] = a
            n_listed[g] += 1
        for g in range(n_tiles):
            if n_listed[g] > 0:
                _ask(X, rows, lists, n_listed[g], g, tiles, halves, places, best, second, index)
                n_asked += n_listed[g]
                for m in range(n_listed[g]):
                    a = lists[g, m]
                    x = np.float64(norms[rows[a]])
                    values[a], others[a], runners[a] = best[m], second[m], second[m]
                    winners[a], homes[a] = index[m], g
                    slack = 2.0 * chain * reach * (0.5 * reach + x + far) + 4.0 * eps * x * x
                    nearest[a] = _upper(values[a], x, slack, eps)
        n_listed[:] = 0
        for a in range(n_active):
            i, own = rows[a], homes[a]
            limit = nearest[a] * (1.0 + 8.0 * eps)
            for g in range(n_tiles):
                if g != own and lower[i, g] - tile_travelled[g] <= limit:
                    lists[g, n_listed[g]] = a
                    n_listed[g] += 1
        for g in range(n_tiles):
            n = 0
            for m in range(n_listed[g]):  # a tile before this one may have won and made the bound tighter
                a = lists[g, m]
                if lower[rows[a], g] - tile_travelled[g] <= nearest[a] * (1.0 + 8.0 * eps):
                    lists[g, n] = a
                    n += 1
            if n == 0:
                continue
            _ask(X, rows, lists, n, g, tiles, halves, places, best, second, index)
            n_asked += n
            for m in range(n):
                a = lists[g, m]
                i = rows[a]
                x = np.float64(norms[i])
                slack = 2.0 * chain * reach * (0.5 * reach + x + far) + 4.0 * eps * x * x
                value = np.float64(best[m])
                if value < values[a]:
                    home = homes[a]
                    lower[i, home] = _kept(_lower(values[a], x, slack, eps), tile_travelled[home], eps)
                    runners[a] = min(values[a], np.float64(second[m]))
                    values[a], others[a], winners[a], homes[a] = value, second[m], index[m], g
                    nearest[a] = _upper(value, x, slack, eps)
                else:
                    runners[a] = min(runners[a], value)
                    lower[i, g] = _kept(_lower(value, x, slack, eps), tile_travelled[g], eps)
        for a in range(n_active):
            i, home = rows[a], homes[a]
            x = np.float64(norms[i])
            slack = 2.0 * chain * reach * (0.5 * reach + x + far) + 4.0 * eps * x * x
            k = slots[winners[a]]
            labels[i] = k
            if in_doubt(runners[a] - values[a], values[a], x, far, reach, chain, blur):
                doubtful[n_doubtful] = i
                n_doubtful += 1
                upper[i] = np.inf
                lowest[i] = -np.inf
                lower[i, :] = -np.inf
                continue
            lower[i, home] = _kept(_lower(others[a], x, slack, eps), tile_travelled[home], eps)
            least = np.inf
            for g in range(n_tiles):
                least = min(least, lower[i, g] - tile_travelled[g])
            lowest[i] = _kept(max(0.0, least), farthest, eps)
            upper[i] = nearest[a] - travelled[k] + 4.0 * eps * (nearest[a] + travelled[k])
    return n_doubtful, n_asked
