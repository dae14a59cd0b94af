"""Compiled: all that complete rows add to a cost of the GLVQ kind and its gradient, in one pass over the rows.

Rows are worked on in chunks that stay in the cache: moved to the origin, seen through the maps of the metric, searched
for the nearest prototype of their class and the nearest other, and summed up at these two.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engines.kernels.rivals import map_rows, outer_products, rivals_of_rows
from engines.kernels.vectors import add_scaled, squared_distance
from engines.lvq.kernels import relative_terms

PLAIN, DIAGONAL, MATRIX = 0, 1, 2
"""What the metric's maps are."""
CANCELLED = 0.05
"""Of ‖x‖² + ‖w‖²: a smaller ‖x‖² + (‖w‖² - 2 x·w) has lost digits, and the distance is taken of the differences."""


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
    tiles, halves, owners, slots : (G', m, C), (G'·C,), (G'·C,), (G'·C,)
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
        As in `engines.lvq.sums.Sums`.
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
    winners, seen_from = np.empty((2, chunk), np.int64), np.empty((2, chunk), np.int64)
    distances, pulls, scratch = np.empty((2, chunk)), np.empty((2, chunk)), np.empty((4, chunk))
    values, found = np.empty((2, chunk + own.shape[0]), X.dtype), np.empty((2, chunk + own.shape[0]), np.int32)
    cost, n_right, n_lost = 0.0, 0, 0
    for begin in range(0, n, chunk):
        n_here = min(chunk, n - begin)
        _see(X, begin, n_here, origin, kind, roots, maps, zeros, moved, images, sources, targets)
        winners[:] = -1
        distances[:] = np.inf
        for k in range(images.shape[0]):
            _search(images, k, n_here, tiles, halves, owners, first, codes, begin, places, own, values, found)
            _take(images, k, n_here, halves, slots, prototypes, values, found, winners, distances, seen_from)
        part, right = relative_terms(
            distances[0, :n_here], distances[1, :n_here], winners[:, :n_here], weights[begin : begin + n_here],
            code, beta, margin, scratch[:, :n_here], pulls[0, :n_here], pulls[1, :n_here],
        )  # fmt: skip
        cost += part
        n_right += right
        for i in range(n_here):
            n_lost += not (distances[0, i] < np.inf and distances[1, i] < np.inf)
        if not n_lost:
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
def _search(  # type: ignore[no-untyped-def]
    images, k, n_here, tiles, halves, owners, first, codes, begin, places, own, values, found
):
    """Among the prototypes of map `k`, the nearest of each row's class and the nearest other, as they are found."""
    stride = images.shape[2]
    top = k * images.shape[1] * stride
    for start in range(0, n_here, places.shape[0]):
        for r in range(places.shape[0]):
            i = min(start + r, n_here - 1)
            places[r] = top + i * stride
            own[r] = codes[begin + i]
        rivals_of_rows(images, places, tiles, halves, owners, own, first[k], first[k + 1], values, found, start)


@njit(cache=True, nogil=True)
def _take(  # type: ignore[no-untyped-def]
    images, k, n_here, halves, slots, prototypes, values, found, winners, distances, seen_from
):
    """Keep what was found through map `k` where it is nearer than what was found before: number, distance, map."""
    m, stride = prototypes.shape[1], images.shape[2]
    top = k * images.shape[1] * stride
    for i in range(n_here):
        square = _square(images[k, i], m)
        for side in range(2):
            value, slot = np.float64(values[side, i]), found[side, i]
            if value < np.inf:
                j = slots[slot]
                distance = square + 2.0 * value
                if not distance > CANCELLED * (square + 2.0 * halves[slot]):
                    distance = squared_distance(images, top + i * stride, prototypes, j * m, m)
                if distance < distances[side, i]:
                    distances[side, i], winners[side, i], seen_from[side, i] = distance, j, k


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _square(z, m):  # type: ignore[no-untyped-def]
    total = z[0] * 0
    for a in range(m):
        total += z[a] * z[a]
    return np.float64(total)


@njit(cache=True, nogil=True)
def _add(moved, n_here, winners, pulls, by_prototype, factors):  # type: ignore[no-untyped-def]
    """Σ c x and Σ c at both winners."""
    d, stride = by_prototype.shape[1], moved.shape[1]
    for i in range(n_here):
        for side in range(2):
            j, c = winners[side, i], pulls[side, i]
            factors[j] += c
            add_scaled(by_prototype, j * d, moved, i * stride, c, d)


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
    k_all, m, d = by_metric.shape
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
            add_scaled(by_metric, (k * m + a) * d, part, a * part.shape[1], 1.0, d)


@njit(cache=True, nogil=True)
def _scale_row(c, x, out):  # type: ignore[no-untyped-def]
    for j in range(out.shape[0]):
        out[j] = c * x[j]
