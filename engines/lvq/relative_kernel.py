"""Compiled: all that complete rows add to a cost of the GLVQ kind and its gradient, in one pass over the rows.

Rows are worked on in chunks that stay in the cache: moved to the origin, seen through the maps of the metric, searched
for the nearest prototype of their class and the nearest other, and summed up at these two.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engines.kernels.rivals import map_rows, outer_products, rivals_of_rows
from engines.lvq.kernels import relative_terms

PLAIN, DIAGONAL, MATRIX = 0, 1, 2
"""What the metric's maps are."""


@njit(cache=True, nogil=True)
def relative_sums(  # type: ignore[no-untyped-def]
    X, origin, kind, roots, maps, zeros, tiles, halves, owners, slots, first, prototypes, codes, weights,
    code, beta, margin, moved, images, sources, targets, places, own, by_prototype, factors, by_metric, width,
):  # fmt: skip
    """Cost and sums of rows X (n, d), whose classes are `codes` and weights s `weights`; adds to the last arrays.

    Parameters
    ----------
    kind : int
        Whether rows are seen as they are, times `roots` (d,), or through each of `maps` (k, G, d, C).
    tiles, halves, owners, slots : (G', m, C), (G', C), (G'·C,), (G'·C,)
        Prototypes of all maps as `engines.kernels.rivals` takes them, and their numbers; `first` (k + 1,) are the
        tiles with which each map begins.
    prototypes : (M, m)
        Each through its map.
    moved, images : (chunk, q), (k, chunk, p)
        Scratch: zeros beyond the columns of rows and maps; where rows are seen as they are, one is the other.
    sources, targets : (R',)
    places, own : (R,)
        Scratch for the layouts of maps and prototypes.
    by_prototype, factors : (M, d), (M,)
        As in `engines.lvq.sums.Sums`; no gradient is wanted where they are empty.
    by_metric : (k, m, d)
        As there, of a diagonal (1, 1, d); empty where it is not wanted.

    Returns
    -------
    cost : float
    n_right : int
    n_lost : int
        Rows without a finite distance to both sides.
    """
    n = X.shape[0]
    chunk = moved.shape[0]
    winners = np.empty((2, chunk), np.int64)
    distances = np.empty((2, chunk))
    pulls = np.empty((2, chunk))
    scratch = np.empty((4, chunk))
    seen_from = np.empty((2, chunk), np.int64)
    cost, n_right, n_lost = 0.0, 0, 0
    for begin in range(0, n, chunk):
        n_here = min(chunk, n - begin)
        _see(X, begin, n_here, origin, kind, roots, maps, zeros, moved, images, sources, targets)
        _find(
            images, n_here, tiles, halves, owners, slots, first, prototypes, codes[begin : begin + n_here], places, own,
            winners, distances, seen_from,
        )  # fmt: skip
        part, right = relative_terms(
            distances[0, :n_here], distances[1, :n_here], weights[begin : begin + n_here], code, beta, margin,
            scratch[:, :n_here], pulls[0, :n_here], pulls[1, :n_here],
        )  # fmt: skip
        cost += part
        n_right += right
        for i in range(n_here):
            n_lost += not (distances[0, i] < np.inf and distances[1, i] < np.inf)
        if by_prototype.size and not n_lost:
            _add(moved, n_here, winners, pulls, by_prototype, factors)
            if by_metric.size and kind == DIAGONAL:
                _add_squares(moved, n_here, pulls, by_metric[0, 0])
            elif by_metric.size:
                _add_products(moved, images, n_here, pulls, seen_from, by_metric, width)
    return cost, n_right, n_lost


@njit(cache=True, nogil=True)
def _see(  # type: ignore[no-untyped-def]
    X, begin, n_here, origin, kind, roots, maps, zeros, moved, images, sources, targets
):
    """Rows of X from `begin` on, moved and through the maps."""
    d = X.shape[1]
    for i in range(n_here):
        x, z = X[begin + i], moved[i]
        for j in range(d):
            z[j] = x[j] - origin[j]
        if kind == DIAGONAL:
            image = images[0, i]
            for j in range(d):
                image[j] = z[j] * roots[j]
    if kind == MATRIX:
        chunk, stride = images.shape[1], images.shape[2]
        for k in range(maps.shape[0]):
            for start in range(0, n_here, sources.shape[0]):
                for r in range(sources.shape[0]):
                    i = min(start + r, n_here - 1)
                    sources[r] = i * moved.shape[1]
                    targets[r] = (k * chunk + i) * stride
                map_rows(moved, sources, maps[k], zeros, images, targets)


@njit(cache=True, nogil=True)
def _find(  # type: ignore[no-untyped-def]
    images, n_here, tiles, halves, owners, slots, first, prototypes, codes, places, own, winners, distances, seen_from
):
    """The nearest prototype of each row's class and the nearest other: number, distance, and map it is seen through."""
    chunk, stride = images.shape[1], images.shape[2]
    step = places.shape[0]
    values, found = np.empty((step, 2), images.dtype), np.empty((step, 2), np.int32)
    winners[:] = -1
    distances[:] = np.inf
    for k in range(images.shape[0]):
        for start in range(0, n_here, step):
            for r in range(step):
                i = min(start + r, n_here - 1)
                places[r] = (k * chunk + i) * stride
                own[r] = codes[i]
            rivals_of_rows(images, places, tiles, halves, owners, own, first[k], first[k + 1], values, found)
            for r in range(min(step, n_here - start)):
                i = start + r
                for side in range(2):
                    if values[r, side] < np.inf:
                        j = slots[found[r, side]]
                        exact = _squared_distance(images[k, i], prototypes[j])
                        if exact < distances[side, i]:
                            distances[side, i], winners[side, i], seen_from[side, i] = exact, j, k


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _squared_distance(z, w):  # type: ignore[no-untyped-def]
    total = z[0] * 0
    for a in range(w.shape[0]):
        gap = z[a] - w[a]
        total += gap * gap
    return np.float64(total)


@njit(cache=True, nogil=True)
def _add(moved, n_here, winners, pulls, by_prototype, factors):  # type: ignore[no-untyped-def]
    """Σ c x and Σ c at both winners."""
    for i in range(n_here):
        for side in range(2):
            j, c = winners[side, i], pulls[side, i]
            factors[j] += c
            _add_row(c, moved[i], by_prototype[j])


@njit(cache=True, nogil=True)
def _add_row(c, x, total):  # type: ignore[no-untyped-def]
    for j in range(total.shape[0]):
        total[j] += c * np.float64(x[j])


@njit(cache=True, nogil=True)
def _add_squares(moved, n_here, pulls, by_diagonal):  # type: ignore[no-untyped-def]
    """Σ c x²."""
    for i in range(n_here):
        c, z = pulls[0, i] + pulls[1, i], moved[i]
        for j in range(by_diagonal.shape[0]):
            x = np.float64(z[j])
            by_diagonal[j] += c * x * x


@njit(cache=True, nogil=True)
def _add_products(moved, images, n_here, pulls, seen_from, by_metric, width):  # type: ignore[no-untyped-def]
    """Σ c Ωx xᵀ of each map, over the rows that have a winner seen through it."""
    k_all, m = by_metric.shape[0], by_metric.shape[1]
    chunk, stride = images.shape[1], images.shape[2]
    part = np.empty((stride, moved.shape[1]), images.dtype)
    scaled = np.empty((chunk, stride), images.dtype)
    chosen = np.zeros((chunk if k_all > 1 else 0, moved.shape[1]), moved.dtype)
    for k in range(k_all):
        n_chosen = 0
        for i in range(n_here):
            c = 0.0
            for side in range(2):
                if seen_from[side, i] == k:
                    c += pulls[side, i]
            if c != 0.0 or k_all == 1:
                _scale_row(images.dtype.type(c), images[k, i], scaled[n_chosen])
                if k_all > 1:
                    chosen[n_chosen] = moved[i]
                n_chosen += 1
        outer_products(scaled, chosen if k_all > 1 else moved, n_chosen, width, part)
        for a in range(m):
            _add_row(1.0, part[a], by_metric[k, a])


@njit(cache=True, nogil=True)
def _scale_row(c, x, out):  # type: ignore[no-untyped-def]
    for j in range(out.shape[0]):
        out[j] = c * x[j]
