"""Nearest prototypes of rows that remember how near and how far prototypes were, so that few are looked at again.

A row keeps by how much a lower bound of the distance to any other prototype passes an upper bound of that to its own
and, for each tile of prototypes, a lower bound of the distance to any other one in it. Prototypes that travel loosen
bounds by no more than they travel (triangle inequality: Hamerly 2010; groups of prototypes: Ding et al. 2015). Bounds
are kept less the distance travelled up to then, so that a row whose bounds still hold costs two reads. All are
rounded to the safe side.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engines.kernels.fused import in_doubt, rows_in_cache
from engines.kernels.tiles import Layout, prefetch, search_rows

CHUNK = 512
"""Rows that are looked at together, at most: what of them is needed again and again stays in the cache."""


class Rounding(NamedTuple):
    """How far off computed distances may be, as `in_doubt` takes it."""

    far: float
    reach: float
    chain: float
    blur: float


class Travel(NamedTuple):
    """How far prototypes have come since the start, summed over steps and rounded up, in the rows' precision.

    `both` (K,): each prototype, and beside it the farthest of the others; `tiles` (G,): the farthest of each tile.
    """

    both: NDArray[Any]
    tiles: NDArray[Any]


class Memory(NamedTuple):
    """What a block of rows remembers, in their precision.

    `margin` (b,) is the lower bound of the distance to any other prototype less the upper bound of that to the own;
    `lower` (G, b) are the lower bounds by tile.
    """

    margin: NDArray[Any]
    lower: NDArray[Any]


class Scratch(NamedTuple):
    """Room for a chunk: R places, results of the search, and by active row what is known of it so far."""

    places: NDArray[np.int64]
    offsets: NDArray[np.int64]
    best: NDArray[Any]
    second: NDArray[Any]
    slots: NDArray[np.int32]
    rows: NDArray[np.int32]
    listed: NDArray[np.int32]
    asked: NDArray[np.int32]
    homes: NDArray[np.int32]
    winners: NDArray[np.int32]
    squares: NDArray[Any]
    slacks: NDArray[Any]
    values: NDArray[Any]
    others: NDArray[Any]
    runners: NDArray[Any]
    limits: NDArray[Any]
    bounds: NDArray[Any]


def scratch(n_tiles: int, dtype: np.dtype[Any], layout: Layout) -> Scratch:
    """Room for the rows of a chunk."""
    room = CHUNK + layout.rows
    numbers, whole = np.empty((9, room), dtype), np.empty((6, room), np.int32)
    return Scratch(
        np.empty(layout.rows, np.int64), np.empty(n_tiles + 1, np.int64), numbers[0], numbers[1], *whole, *numbers[2:]
    )


@njit(cache=True, nogil=True)
def bounded_labels(  # type: ignore[no-untyped-def]
    X, norms, first, last, tiles, halves, slots, tile_of, rounding, travel, memory, price, labels, doubtful, scratch
):
    """Renew the labels of those rows `first` to `last` of a block whose bounds no longer prove the one they have.

    Parameters
    ----------
    X, norms : (b, d), (b,)
        Rows in the frame of `tiles`.
    tiles, halves, slots : (G, d, C), (G, C), (G * C,) int32
    tile_of : (K,) int32
    rounding, travel, memory : Rounding, Travel, Memory
        The memory of the b rows is changed in place.
    price : float
        A chunk in which the share of active rows is more than 1 / price is searched as a whole.
    labels : (b,) int32
        Changed in place.
    doubtful : (b,) intp
        Takes the numbers of rows that only the exact distance can label; their bounds are given up.

    Returns the number of doubtful rows, and how often a tile was asked for a row.
    """
    n_doubtful, n_asked = 0, 0
    chunk = min(CHUNK, rows_in_cache(X))
    for start in range(first, last, chunk):
        stop = min(start + chunk, last)
        n_active = 0
        for i in range(start, stop):
            scratch.rows[n_active] = i
            n_active += memory.margin[i] <= travel.both[labels[i]]
        if n_active == 0:
            continue
        if n_active * price > stop - start:
            n_doubtful = _search_all(
                X, norms, tiles, halves, slots, tile_of, start, stop, rounding, travel, memory, labels, doubtful,
                n_doubtful, scratch,
            )  # fmt: skip
            n_asked += (stop - start) * tiles.shape[0]
            continue
        if n_active < stop - start:
            _announce(X, norms, scratch.rows, n_active)
        n_asked += _ask_home(X, norms, tiles, halves, tile_of, labels, n_active, rounding, scratch)
        if tiles.shape[0] > 1:
            n_asked += _ask_others(X, tiles, halves, n_active, travel, memory, scratch)
        n_doubtful = _remember(norms, slots, n_active, rounding, travel, memory, labels, doubtful, n_doubtful, scratch)
    return n_doubtful, n_asked


@njit(cache=True, nogil=True)
def _announce(X, norms, rows, n_active):  # type: ignore[no-untyped-def]
    """Let the computer's memory know which rows will be read."""
    d, step = X.shape[1], 64 // X.itemsize
    for a in range(n_active):
        prefetch(norms, rows[a])
        for line in range(min(8, (d + step - 1) // step)):
            prefetch(X, rows[a] * d + line * step)


# Bounds are computed in the rows' precision: each operation is off by at most half an eps, and SAFE times as much is
# given away.
SAFE = 16


@njit(cache=True, nogil=True)
def _know(norms, rows, n_rows, rounding, s):  # type: ignore[no-untyped-def]
    """Norms² of rows, and by how much squared distances of theirs that the search gives may be off at the very most."""
    number = norms.dtype.type
    w = rounding.reach
    fixed = number(2.0 * rounding.chain * w * (0.5 * w + rounding.far) + 2.0 * rounding.blur * w * w)
    linear = number(2.0 * rounding.chain * w + 4.0 * rounding.blur * w)
    quadratic = number(2.0 * rounding.blur + SAFE * np.finfo(norms.dtype).eps)
    for a in range(n_rows):
        x = norms[rows[a]]
        s.squares[a] = x * x
        s.slacks[a] = fixed + linear * x + quadratic * (x * x)


@njit(cache=True, nogil=True)
def _upper(value, square, slack):  # type: ignore[no-untyped-def]
    """No less than the distance of a row of norm² `square` whose ½‖w‖² − x·w came out as `value`, rounding apart."""
    return np.sqrt(max(square * 0, square + (value + value)) + slack)


@njit(cache=True, nogil=True)
def _lower(value, square, slack):  # type: ignore[no-untyped-def]
    """No more than that distance, rounding apart."""
    return np.sqrt(max(square * 0, square + (value + value) - slack))


@njit(cache=True, nogil=True)
def _margin(lowest, limit, travelled, eps):  # type: ignore[no-untyped-def]
    """The margin as it is kept: with what prototypes have travelled up to now added, rounded down."""
    return (lowest - limit + travelled) - eps * (lowest + limit + travelled)


@njit(cache=True, nogil=True)
def _doubted(value, other, x, slack, rounding):  # type: ignore[no-untyped-def]
    """Whether rounding may have falsified the winner; most often the slack tells at once that it has not."""
    if other - value > slack:
        return False
    value, other, x = np.float64(value), np.float64(other), np.float64(x)
    return in_doubt(other - value, value, x, rounding.far, rounding.reach, rounding.chain, rounding.blur)


@njit(cache=True, nogil=True)
def _search_all(  # type: ignore[no-untyped-def]
    X, norms, tiles, halves, slots, tile_of, start, stop, rounding, travel, memory, labels, doubtful, n_doubtful, s
):
    """Search all tiles for all rows of a chunk, which is quicker than many rows asking many tiles."""
    d, step = X.shape[1], s.places.shape[0]
    number = X.dtype.type
    safe, down = number(SAFE * np.finfo(X.dtype).eps), number(1.0 - SAFE * np.finfo(X.dtype).eps)
    for first in range(start, stop, step):
        for r in range(step):
            s.places[r] = min(first + r, stop - 1) * d
        search_rows(X, s.places, tiles, halves, 0, tiles.shape[0], s.best, s.second, s.slots, first - start)
    for a in range(stop - start):
        s.rows[a] = start + a
    _know(norms, s.rows, stop - start, rounding, s)
    for a in range(stop - start):  # apart from the rest, so that it is done in vectors
        s.limits[a] = _upper(s.best[a], s.squares[a], s.slacks[a])
        s.bounds[a] = _lower(s.second[a], s.squares[a], s.slacks[a])
    for a in range(stop - start):
        i, k = start + a, slots[s.slots[a]]
        if (
            k != labels[i] and tiles.shape[0] > 1
        ):  # the tile that was home now holds a rival, which is at least as far as the winner
            g = tile_of[labels[i]]
            least = _lower(s.best[a], s.squares[a], s.slacks[a])
            memory.lower[g, i] = min(memory.lower[g, i], (least + travel.tiles[g]) * down)
        labels[i] = k
        memory.margin[i] = _margin(s.bounds[a], s.limits[a], travel.both[k], safe)
        if _doubted(s.best[a], s.second[a], norms[i], s.slacks[a], rounding):
            doubtful[n_doubtful] = i
            n_doubtful += 1
            memory.margin[i] = -np.inf
            memory.lower[:, i] = -np.inf
    return n_doubtful


@njit(cache=True, nogil=True)
def _ask_home(X, norms, tiles, halves, tile_of, labels, n_active, rounding, s):  # type: ignore[no-untyped-def]
    """Let active rows ask the tile of their present prototype: it most often wins, and makes the upper bound tight."""
    up = X.dtype.type(1.0 + SAFE * np.finfo(X.dtype).eps)
    _know(norms, s.rows, n_active, rounding, s)
    s.offsets[:] = 0
    for a in range(n_active):
        g = tile_of[labels[s.rows[a]]]
        s.homes[a] = s.asked[a] = g
        s.offsets[g + 1] += 1
    for g in range(tiles.shape[0]):
        s.offsets[g + 1] += s.offsets[g]
    for g in range(tiles.shape[0]):
        n = 0
        if s.offsets[g + 1] > s.offsets[g]:
            for a in range(n_active):
                s.listed[n] = a
                n += s.asked[a] == g
            _ask(X, tiles, halves, g, n, s)
        for m in range(n):
            a = s.listed[m]
            s.values[a], s.others[a], s.runners[a], s.winners[a] = s.best[m], s.second[m], s.second[m], s.slots[m]
    for a in range(n_active):
        s.limits[a] = _upper(s.values[a], s.squares[a], s.slacks[a]) * up
    return n_active


@njit(cache=True, nogil=True)
def _ask_others(X, tiles, halves, n_active, travel, memory, s):  # type: ignore[no-untyped-def]
    """Let active rows ask each further tile that may hold a nearer prototype; returns how often one was asked."""
    eps = np.finfo(X.dtype).eps
    up, down = X.dtype.type(1.0 + SAFE * eps), X.dtype.type(1.0 - SAFE * eps)
    n_asked = 0
    for g in range(tiles.shape[0]):
        travelled, lower = travel.tiles[g], memory.lower[g]
        n = 0
        for a in range(n_active):
            s.listed[n] = a
            n += (lower[s.rows[a]] - travelled <= s.limits[a]) & (s.asked[a] != g)
        _ask(X, tiles, halves, g, n, s)
        n_asked += n
        for m in range(n):
            a = s.listed[m]
            s.bounds[m] = (_lower(s.best[m], s.squares[a], s.slacks[a]) + travelled) * down
        for m in range(n):
            a = s.listed[m]
            i = s.rows[a]
            if s.best[m] < s.values[a]:
                home = s.homes[a]
                least = _lower(s.values[a], s.squares[a], s.slacks[a])
                memory.lower[home, i] = (least + travel.tiles[home]) * down
                s.runners[a] = min(s.values[a], s.second[m])
                s.values[a], s.others[a], s.winners[a], s.homes[a] = s.best[m], s.second[m], s.slots[m], g
                s.limits[a] = _upper(s.values[a], s.squares[a], s.slacks[a]) * up
            else:
                s.runners[a] = min(s.runners[a], s.best[m])
                lower[i] = s.bounds[m]
    return n_asked


@njit(cache=True, nogil=True)
def _ask(X, tiles, halves, g, n_listed, s):  # type: ignore[no-untyped-def]
    """Search tile `g` for the active rows listed."""
    d, step = X.shape[1], s.places.shape[0]
    for first in range(0, n_listed, step):
        for r in range(step):
            s.places[r] = s.rows[s.listed[min(first + r, n_listed - 1)]] * d
        search_rows(X, s.places, tiles, halves, g, g + 1, s.best, s.second, s.slots, first)


@njit(cache=True, nogil=True)
def _remember(  # type: ignore[no-untyped-def]
    norms, slots, n_active, rounding, travel, memory, labels, doubtful, n_doubtful, s
):
    """Take over labels and bounds of the active rows; give up those of rows that only the exact distance can label."""
    eps = np.finfo(norms.dtype).eps
    safe, down = norms.dtype.type(SAFE * eps), norms.dtype.type(1.0 - SAFE * eps)
    several = travel.tiles.shape[0] > 1  # a single tile's bound is in the margin already
    for a in range(n_active):
        s.bounds[a] = _lower(s.others[a], s.squares[a], s.slacks[a]) * down
        if several:
            memory.lower[s.homes[a], s.rows[a]] = (s.bounds[a] + travel.tiles[s.homes[a]]) * down
    for g in range(travel.tiles.shape[0] if several else 0):
        travelled, lower = travel.tiles[g], memory.lower[g]
        for a in range(n_active):
            s.bounds[a] = min(s.bounds[a], lower[s.rows[a]] - travelled)
    for a in range(n_active):
        i, k = s.rows[a], slots[s.winners[a]]
        labels[i] = k
        lowest = max(s.bounds[a], s.bounds[a] * 0)
        memory.margin[i] = _margin(lowest, s.limits[a], travel.both[k], safe)
        if _doubted(s.values[a], s.runners[a], norms[i], s.slacks[a], rounding):
            doubtful[n_doubtful] = i
            n_doubtful += 1
            memory.margin[i] = -np.inf
            memory.lower[:, i] = -np.inf
    return n_doubtful
