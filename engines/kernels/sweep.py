"""One row after the other through a map: each sweep over the units pulls them to one row and finds the next winner.

Units are vector lanes; distances are sums of squared differences in the rows' own precision, so nothing cancels.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic

from engines.kernels.lanes import Writer, cgutils

VECTORS = 4
"""Vectors of units in a tile."""


@njit(cache=True, nogil=True)
def train_in_order(X, weights, tiles, rates, rows, cols, scratch, slots):  # type: ignore[no-untyped-def]
    """Show the rows of X (n, d), n > 0, one by one to the units in `tiles` (G, d, C), which change in place.

    w_k += ηh(x − w_k). `rates` (P, 2·rows − 1, 2·cols − 1) holds ηh by offset on the grid, P = 2 where it depends on
    whether the winner's row is odd; zeros cost no update. `weights` are (n,), or empty for ones: a row of weight w
    pulls as w of its kind in turn, 1 − (1 − ηh)^w. `scratch` is (G + 1)·C numbers, `slots` C int32.
    """
    lanes = tiles.shape[2]
    pull, values = scratch[: tiles.shape[0] * lanes], scratch[tiles.shape[0] * lanes :]
    pull[:] = 0
    last = 0
    for i in range(X.shape[0]):
        sweep(X, last, i, tiles, pull, values, slots)
        winner = _least(values, slots)
        _fill_pull(pull, rates, rows, cols, winner)
        if weights.size:
            for k in range(rows * cols):
                pull[k] = 1 - (1 - pull[k]) ** weights[i]
        last = i
    sweep(X, last, last, tiles, pull, values, slots)


@njit(cache=True, nogil=True)
def _least(values, slots):  # type: ignore[no-untyped-def]
    """The unit of the smallest value, the lower of equal ones."""
    best = 0
    for lane in range(1, values.shape[0]):
        if values[lane] < values[best] or (values[lane] == values[best] and slots[lane] < slots[best]):
            best = lane
    return slots[best]


@njit(cache=True, nogil=True)
def _fill_pull(pull, rates, rows, cols, winner):  # type: ignore[no-untyped-def]
    """ηh of every unit around the winner, row by row of the grid."""
    row, col = winner // cols, winner % cols
    table = rates[row % rates.shape[0]]
    for r in range(rows):
        line = table[r - row + rows - 1, cols - 1 - col : 2 * cols - 1 - col]
        target = pull[r * cols : (r + 1) * cols]
        for c in range(cols):
            target[c] = line[c]


def _sweep(
    typing_context: Any, X: Any, last: Any, following: Any, tiles: Any, pull: Any, values: Any, slots: Any
) -> Any:  # fmt: skip
    """w += pull (x_last − w) for all units in `tiles` (G, d, C), and their squared distances to x_following.

    Writes lane by lane the smallest of these to `values` (C,) and its unit to `slots` (C,) int32. Tiles whose `pull`
    (G·C,) is zero throughout stay untouched.
    """
    signature = types.void(X, types.intp, types.intp, tiles, pull, values, slots)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        arrays = {i: context.make_array(sig.args[i])(context, builder, args[i]) for i in (0, 3, 4, 5, 6)}
        writer = Writer(context, builder, sig.args[0].dtype)
        n_tiles, d = (builder.extract_value(arrays[3].shape, i) for i in range(2))
        old, new = (builder.gep(arrays[0].data, [builder.mul(args[i], d)]) for i in (1, 2))
        lanes = VECTORS * writer.width
        best = [writer.slot(writer.constant(float("inf"))) for _ in range(VECTORS)]
        unit = [writer.slot(ir.Constant(writer.indices, [0] * writer.width)) for _ in range(VECTORS)]
        sums = [writer.slot(writer.constant(0.0)) for _ in range(VECTORS)]
        with cgutils.for_range(builder, n_tiles) as loop:
            start = builder.mul(loop.index, ir.Constant(d.type, lanes))
            tile = builder.gep(arrays[3].data, [builder.mul(start, d)])
            h = [writer.load(writer.at(arrays[4].data, start, v * writer.width)) for v in range(VECTORS)]
            for v in range(VECTORS):
                builder.store(writer.constant(0.0), sums[v])
            with builder.if_else(writer.any_but_zero(h)) as (moved, unmoved):
                with moved:
                    _columns(writer, tile, d, old, new, h, sums)
                with unmoved:
                    _columns(writer, tile, d, old, new, None, sums)
            for v in range(VECTORS):
                index = writer.numbered(builder.add(start, ir.Constant(d.type, v * writer.width)))
                value, least = builder.load(sums[v]), builder.load(best[v])
                wins = writer.less(value, least)
                builder.store(builder.select(wins, value, least), best[v])
                builder.store(builder.select(wins, index, builder.load(unit[v])), unit[v])
        zero = ir.Constant(ir.IntType(64), 0)
        for v in range(VECTORS):
            writer.store(builder.load(best[v]), writer.at(arrays[5].data, zero, v * writer.width))
            writer.store(builder.load(unit[v]), writer.at(arrays[6].data, zero, v * writer.width))
        return context.get_dummy_value()

    return signature, codegen


sweep: Any = intrinsic(_sweep)


def _columns(writer: Writer, tile: Any, d: Any, old: Any, new: Any, h: list[Any] | None, sums: list[Any]) -> None:
    """Write the loop over the columns of one tile: the pull `h` to `old`, if any, and squared distances to `new`."""
    builder = writer.builder
    with cgutils.for_range(builder, d) as column:
        place = builder.mul(column.index, ir.Constant(d.type, VECTORS * writer.width))
        x = writer.spread(builder.load(builder.gep(new, [column.index])))
        before = None if h is None else writer.spread(builder.load(builder.gep(old, [column.index])))
        for v in range(VECTORS):
            pointer = writer.at(tile, place, v * writer.width)
            w = writer.load(pointer)
            if h is not None:
                w = writer.multiply_add(h[v], builder.fsub(before, w), w)
                writer.store(w, pointer)
            gap = builder.fsub(x, w)
            builder.store(writer.multiply_add(gap, gap, builder.load(sums[v])), sums[v])
