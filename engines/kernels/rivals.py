"""Register-blocked steps of learning with labels: rows through a map, the nearest own and other, outer products.

The layout is that of `engines.kernels.tiles`: prototypes are vector lanes, and a few rows are worked on at once. What
is found here is near, not exact: ½‖w‖² − x·w, rounded; who needs the distance takes it of the two that are found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic

from engines.kernels.lanes import cgutils
from engines.kernels.tiles import FEW_ROWS, LAYOUTS, Layout, Products

OUTER_ROWS = 8
"""Rows of a sum of outer products that stay in registers together."""


def _rivals(layout_for: Callable[[str], Layout]) -> Any:
    """The writer of a search for the two under the layout of a precision."""

    def rivals(
        typing_context: Any, X: Any, places: Any, tiles: Any, halves: Any, owners: Any, own: Any, first: Any,
        last: Any, values: Any, slots: Any, at: Any,
    ) -> Any:  # fmt: skip
        signature = types.void(X, places, tiles, halves, owners, own, types.intp, types.intp, values, slots, types.intp)

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            arrays = {i: context.make_array(sig.args[i])(context, builder, args[i]) for i in (0, 1, 2, 3, 4, 5, 8, 9)}
            layout = layout_for(str(sig.args[0].dtype))
            d = builder.extract_value(arrays[2].shape, 1)
            products = Products(builder, layout, context.get_value_type(sig.args[0].dtype))
            rows = products.rows(arrays[0].data, arrays[1].data)
            competition = _Rivals(products, arrays[4].data, arrays[5].data)
            with cgutils.for_range_slice(builder, args[6], args[7], ir.Constant(d.type, 1)) as (tile, _):
                slot = builder.mul(tile, ir.Constant(d.type, layout.tile))
                products.compute(rows, arrays[2].data, arrays[3].data, slot, d)
                competition.enter(slot)
            side = builder.extract_value(arrays[8].shape, 1)
            competition.store(arrays[8].data, arrays[9].data, [args[10], builder.add(args[10], side)])
            return context.get_dummy_value()

        return signature, codegen

    return intrinsic(rivals)


def _mapped(layout_for: Callable[[str], Layout]) -> Any:
    """The writer of products with all tiles, under the layout of a precision."""

    def mapped(
        typing_context: Any, X: Any, places: Any, tiles: Any, zeros: Any, image: Any, targets: Any
    ) -> Any:  # fmt: skip
        signature = types.void(X, places, tiles, zeros, image, targets)

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            arrays = [context.make_array(kind)(context, builder, arg) for kind, arg in zip(sig.args, args, strict=True)]
            layout = layout_for(str(sig.args[0].dtype))
            n_tiles, d = (builder.extract_value(arrays[2].shape, axis) for axis in (0, 1))
            products = Products(builder, layout, context.get_value_type(sig.args[0].dtype))
            rows = products.rows(arrays[0].data, arrays[1].data)
            targets = products.rows(arrays[4].data, arrays[5].data)
            with cgutils.for_range(builder, n_tiles) as loop:
                slot = builder.mul(loop.index, ir.Constant(d.type, layout.tile))
                products.compute(rows, arrays[2].data, arrays[3].data, slot, d)
                for r, target in enumerate(targets):
                    for v in range(layout.vectors):
                        place = products.at(target, slot, v * layout.width)
                        place = builder.bitcast(place, products.vector.as_pointer())
                        builder.store(builder.load(products.sums[r][v]), place, align=8 if products.double else 4)
            return context.get_dummy_value()

        return signature, codegen

    return intrinsic(mapped)


_rivals_many: Any = _rivals(lambda dtype: (LAYOUTS or {})[dtype])
_rivals_few: Any = _rivals(lambda dtype: (LAYOUTS or {})[dtype].few)
_mapped_many: Any = _mapped(lambda dtype: (LAYOUTS or {})[dtype])
_mapped_few: Any = _mapped(lambda dtype: (LAYOUTS or {})[dtype].few)


@njit(cache=True, nogil=True)
def lay_out(points, slots, tiles, halves):  # type: ignore[no-untyped-def]
    """Points (M, m), negated, as `tiles` (G, m, C) in the order of `slots` (G·C,), and ½‖w‖² as `halves` (G·C,).

    Where a slot is -1, nobody stands: zeros, and ∞.
    """
    tile = tiles.shape[2]
    for s in range(slots.shape[0]):
        j, group, lane = slots[s], s // tile, s % tile
        square = 0.0
        for a in range(tiles.shape[1]):
            value = points[j, a] if j >= 0 else points[0, a] * 0
            tiles[group, a, lane] = -value
            square += np.float64(value) * value
        halves[s] = square / 2 if j >= 0 else np.inf


@njit(cache=True, nogil=True)
def rivals_of_rows(  # type: ignore[no-untyped-def]
    X, places, tiles, halves, owners, own, first, last, values, slots, at
):
    """The nearest prototype of each row's class, and the nearest of any other, among tiles `first` to `last`.

    R rows begin at the flat positions `places` (R,) of X; `own` (R,) are their classes, `owners` (G·C,) those of the
    slots, both integers as wide as the numbers. To R columns from `at` on, it writes ½‖w‖² − x·w, `values` (2, b), ∞
    where there is none, and where these stand, `slots` (2, b) int32; of equal ones any may be found.
    """
    if places.shape[0] == FEW_ROWS:
        _rivals_few(X, places, tiles, halves, owners, own, first, last, values, slots, at)
    else:
        _rivals_many(X, places, tiles, halves, owners, own, first, last, values, slots, at)


@njit(cache=True, nogil=True)
def map_rows(X, places, tiles, zeros, image, targets):  # type: ignore[no-untyped-def]
    """Products of R rows with all columns (G, d, C): G·C numbers of each from the flat position in `targets` on.

    `zeros` (G·C,) are zeros; rows and `places` are as in `rivals_of_rows`.
    """
    if places.shape[0] == FEW_ROWS:
        _mapped_few(X, places, tiles, zeros, image, targets)
    else:
        _mapped_many(X, places, tiles, zeros, image, targets)


def _add_outer_products(typing_context: Any, Y: Any, X: Any, n: Any, row: Any, column: Any, out: Any) -> Any:
    """Write Σᵢ yᵢ xᵢᵀ over the first `n` rows of Y (b, p) and X (b, q) to `out`, from `row` and `column` on.

    As many rows of the sum as `OUTER_ROWS`, as many columns as two vectors hold.
    """
    signature = types.void(Y, X, types.intp, types.intp, types.intp, out)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        arrays = [context.make_array(sig.args[i])(context, builder, args[i]) for i in (0, 1, 5)]
        strides = [builder.extract_value(array.shape, 1) for array in arrays]
        width = (LAYOUTS or {})[str(sig.args[0].dtype)].width
        layout = Layout(width, 2, OUTER_ROWS)
        products = Products(builder, layout, context.get_value_type(sig.args[0].dtype))
        zero = ir.Constant(products.vector, [0.0] * width)
        for sums in products.sums:
            for slot in sums:
                builder.store(zero, slot)
        with cgutils.for_range(builder, args[2]) as loop:
            y, x = (
                builder.gep(array.data, [builder.add(builder.mul(loop.index, stride), start)])
                for array, stride, start in zip(arrays[:2], strides[:2], args[3:5], strict=True)
            )
            size = args[2].type
            rows = [builder.gep(y, [ir.Constant(size, r)]) for r in range(OUTER_ROWS)]
            products.multiply_add(rows, x, ir.Constant(size, 0))
        for r in range(OUTER_ROWS):
            line = builder.add(builder.mul(builder.add(args[3], ir.Constant(args[3].type, r)), strides[2]), args[4])
            for v in range(2):
                place = builder.bitcast(products.at(arrays[2].data, line, v * width), products.vector.as_pointer())
                builder.store(builder.load(products.sums[r][v]), place, align=8 if products.double else 4)
        return context.get_dummy_value()

    return signature, codegen


_outer_tile: Any = intrinsic(_add_outer_products)


@njit(cache=True, nogil=True)
def outer_products(Y, X, n, width, out):  # type: ignore[no-untyped-def]
    """Σᵢ yᵢ xᵢᵀ over the first `n` rows of Y (b, p) and X (b, q) as `out` (p, q).

    p is a multiple of `OUTER_ROWS`, q one of twice the `width` of a vector.
    """
    for row in range(0, out.shape[0], OUTER_ROWS):
        for column in range(0, out.shape[1], 2 * width):
            _outer_tile(Y, X, n, row, column, out)


class _Rivals:
    """Writes how the prototypes of a row's class compete, and all others, in each lane; across the lanes at the end."""

    def __init__(self, products: Any, owners: Any, own: Any) -> None:
        self._products, builder, layout = products, products.builder, products.layout
        self._short = ir.IntType(64 if products.double else 32)  # as wide as what compares give
        self._whole = ir.VectorType(self._short, layout.width)
        self._infinite = ir.Constant(products.vector, [float("inf")] * layout.width)
        self._owners = owners
        zero = ir.Constant(ir.IntType(64), 0)
        self._own = [products.spread(builder.load(products.at(own, zero, r)), self._whole) for r in range(layout.rows)]
        starts = [self._infinite, ir.Constant(self._whole, [0] * layout.width)]
        self._kept = [
            [[cgutils.alloca_once(builder, start.type) for start in starts] for _ in range(2)]
            for _ in range(layout.rows)
        ]
        for pair in self._kept:
            for kept in pair:
                for slot, start in zip(kept, starts, strict=True):
                    builder.store(start, slot)

    def enter(self, slot: Any) -> None:
        """Let the tile that begins with slot number `slot` compete; an equal one that comes later does not win."""
        products, builder, layout = self._products, self._products.builder, self._products.layout
        first = products.spread(slot if products.double else builder.trunc(slot, self._short), self._whole)
        numbers, owners = [], []
        for v in range(layout.vectors):
            lanes = [v * layout.width + lane for lane in range(layout.width)]
            numbers.append(builder.add(first, ir.Constant(self._whole, lanes)))
            place = builder.bitcast(products.at(self._owners, slot, v * layout.width), self._whole.as_pointer())
            owners.append(builder.load(place, align=8 if products.double else 4))
        for sums, own, pair in zip(products.sums, self._own, self._kept, strict=True):
            for value, number, owner in zip(sums, numbers, owners, strict=True):
                value = builder.load(value)
                is_own = builder.icmp_signed("==", owner, own)
                self._compete(builder.select(is_own, value, self._infinite), number, pair[0])
                self._compete(builder.select(is_own, self._infinite, value), number, pair[1])

    def store(self, values: Any, slots: Any, starts: list[Any]) -> None:
        """Settle the competition across the lanes; write values and slots, those of each side from its start on."""
        products, builder = self._products, self._products.builder
        zero, short = ir.Constant(ir.IntType(64), 0), ir.IntType(32)
        numbers = cgutils.alloca_once(
            builder, self._whole
        )  # from which one lane can be read; the others stay registers
        for r, pair in enumerate(self._kept):
            for side, (best, index) in enumerate(pair):
                lanes = builder.load(best)
                smallest = self._smallest(lanes)
                equal = builder.fcmp_ordered("==", lanes, products.spread(smallest, products.vector))
                bits = builder.bitcast(equal, ir.IntType(products.layout.width))
                lane = builder.cttz(bits, ir.Constant(ir.IntType(1), 0))
                builder.store(builder.load(index), numbers)
                chosen = builder.urem(builder.zext(lane, zero.type), ir.Constant(zero.type, products.layout.width))
                slot = builder.load(builder.gep(builder.bitcast(numbers, self._short.as_pointer()), [chosen]))
                builder.store(smallest, products.at(values, starts[side], r))
                slot = builder.trunc(slot, short) if products.double else slot
                builder.store(slot, products.at(slots, starts[side], r))

    def _compete(self, value: Any, number: Any, kept: list[Any]) -> None:
        builder = self._products.builder
        best, index = kept
        wins = builder.fcmp_ordered("<", value, builder.load(best))
        builder.store(builder.select(wins, value, builder.load(best)), best)
        builder.store(builder.select(wins, number, builder.load(index)), index)

    def _smallest(self, lanes: Any) -> Any:
        products = self._products
        name = f"llvm.vector.reduce.fmin.v{products.layout.width}f{64 if products.double else 32}"
        kind = ir.FunctionType(lanes.type.element, [lanes.type])
        reduce = cgutils.get_or_insert_function(products.builder.module, kind, name)
        return products.builder.call(reduce, [lanes], fastmath=("nnan", "nsz"))
