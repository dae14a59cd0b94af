"""The fused nearest-prototype search of a few rows, written as LLVM vectors; what is made of it lives beside.

Prototypes are vector lanes: a tile is (d, V·width) with column j of its prototypes in one piece, negated. Rows stay
where they are, in any order, and each number of theirs is spread over a vector. Accumulators start at ½‖w‖², so that
only fused multiply-adds remain and ½‖w‖² − x·w of R rows and V vectors stays in registers over all columns; then the
smallest, the second smallest and the winner's index are kept lane by lane, and across the lanes at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import cgutils as cgutils_module
from numba.core import types
from numba.extending import intrinsic

cgutils: Any = cgutils_module


FEW_ROWS = 10
"""Rows at once where prototypes are few; no other layout has as many, so that it tells the two apart."""


@dataclass(frozen=True)
class Layout:
    """How the search of one precision uses the registers.

    Attributes
    ----------
    width : int
        Numbers in a vector register.
    vectors : int
        Vectors of prototypes in a tile.
    rows : int
        Rows that are worked on at once: rows × vectors accumulators.
    """

    width: int
    vectors: int
    rows: int

    @property
    def tile(self) -> int:
        """Prototypes in a tile."""
        return self.width * self.vectors

    @property
    def few(self) -> Layout:
        """Of the same registers, where one vector holds all prototypes, or there are only some to look at."""
        return Layout(self.width, 1, FEW_ROWS)


def layouts(features: Mapping[str, bool]) -> dict[str, Layout] | None:
    """Layout for float32 and float64 on a processor with these LLVM features; None where it cannot multiply-add."""
    if features.get("avx512f"):
        return {"float32": Layout(16, 2, 8), "float64": Layout(8, 2, 8)}
    if features.get("fma"):
        return {"float32": Layout(8, 2, 6), "float64": Layout(4, 2, 6)}
    if features.get("neon"):
        return {"float32": Layout(4, 4, 5), "float64": Layout(2, 4, 5)}
    return None


LAYOUTS = layouts(llvm.get_host_cpu_features())
"""Of this processor; None calls for the plain search."""


def layout_of(dtype: np.dtype[Any], n_prototypes: int) -> Layout | None:
    """The layout for a precision and so many prototypes; None calls for the plain search."""
    if LAYOUTS is None:
        return None
    layout = LAYOUTS[dtype.name]
    return layout.few if n_prototypes <= layout.width else layout


def _search(layout_for: Callable[[str], Layout]) -> Any:
    """The writer of a search under the layout of a precision."""

    def search(
        typing_context: Any, X: Any, places: Any, tiles: Any, halves: Any, first: Any, last: Any, best: Any,
        second: Any, index: Any, at: Any,
    ) -> Any:  # fmt: skip
        signature = types.void(X, places, tiles, halves, types.intp, types.intp, best, second, index, types.intp)

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            arrays = {i: context.make_array(sig.args[i])(context, builder, args[i]) for i in (0, 1, 2, 3, 6, 7, 8)}
            layout = layout_for(str(sig.args[0].dtype))
            d = builder.extract_value(arrays[2].shape, 1)
            products = Products(builder, layout, context.get_value_type(sig.args[0].dtype))
            rows = products.rows(arrays[0].data, arrays[1].data)
            competition = _Competition(products)
            with cgutils.for_range_slice(builder, args[4], args[5], ir.Constant(d.type, 1)) as (tile, _):
                slot = builder.mul(tile, ir.Constant(d.type, layout.tile))
                products.compute(rows, arrays[2].data, arrays[3].data, slot, d)
                competition.enter(slot)
            competition.store([builder.gep(arrays[i].data, [args[9]]) for i in (6, 7, 8)])
            return context.get_dummy_value()

        return signature, codegen

    return intrinsic(search)


def _tile_values(
    typing_context: Any, X: Any, places: Any, tiles: Any, halves: Any, tile: Any, values: Any
) -> Any:  # fmt: skip
    """½‖w‖² − x·w of R rows, as in `search_rows`, with the prototypes of tile `tile` of few: `values` (R, C)."""
    signature = types.void(X, places, tiles, halves, types.intp, values)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        arrays = {i: context.make_array(sig.args[i])(context, builder, args[i]) for i in (0, 1, 2, 3, 5)}
        layout = (LAYOUTS or {})[str(sig.args[0].dtype)].few
        d = builder.extract_value(arrays[2].shape, 1)
        products = Products(builder, layout, context.get_value_type(sig.args[0].dtype))
        rows = products.rows(arrays[0].data, arrays[1].data)
        slot = builder.mul(args[4], ir.Constant(d.type, layout.tile))
        products.compute(rows, arrays[2].data, arrays[3].data, slot, d)
        products.store(arrays[5].data)
        return context.get_dummy_value()

    return signature, codegen


def _prefetch(typing_context: Any, X: Any, position: Any) -> Any:
    """Have the memory fetch the cache line of the number at flat position `position` of X; waits for nothing."""
    signature = types.void(X, types.intp)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        byte, short = ir.IntType(8).as_pointer(), ir.IntType(32)
        fetch = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte, short, short, short]), "llvm.prefetch.p0i8"
        )
        place = builder.bitcast(builder.gep(data, [args[1]]), byte)
        builder.call(fetch, [place, ir.Constant(short, 0), ir.Constant(short, 3), ir.Constant(short, 1)])
        return context.get_dummy_value()

    return signature, codegen


_search_many: Any = _search(lambda dtype: (LAYOUTS or {})[dtype])
_search_few: Any = _search(lambda dtype: (LAYOUTS or {})[dtype].few)


@njit(cache=True, nogil=True)
def search_rows(X, places, tiles, halves, first, last, best, second, index, at):  # type: ignore[no-untyped-def]
    """Let R rows, whose numbers begin at the flat positions `places` (R,) of X, search tiles `first` to `last`.

    `tiles` are (G, d, C), `halves` (G, C). Writes from element `at` on, R of each: `best` and `second`, the two
    smallest ½‖w‖² − x·w, and `index` int32, the slot (tile number × C + lane) of the smallest.
    """
    if places.shape[0] == FEW_ROWS:
        _search_few(X, places, tiles, halves, first, last, best, second, index, at)
    else:
        _search_many(X, places, tiles, halves, first, last, best, second, index, at)


prefetch: Any = intrinsic(_prefetch)
tile_values: Any = intrinsic(_tile_values)


class Products:
    """Writes ½‖w‖² − x·w of R rows and a tile; what it keeps in stack slots, LLVM puts into registers."""

    def __init__(self, builder: Any, layout: Layout, number: Any) -> None:
        self.builder, self.layout = builder, layout
        self.double = isinstance(number, ir.DoubleType)
        self.vector = ir.VectorType(number, layout.width)
        self._align = 8 if self.double else 4
        self._fma = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(self.vector, [self.vector] * 3),
            f"llvm.fma.v{layout.width}f{64 if self.double else 32}",
        )
        self.sums = [
            [cgutils.alloca_once(builder, self.vector) for _ in range(layout.vectors)] for _ in range(layout.rows)
        ]

    def rows(self, data: Any, places: Any) -> list[Any]:
        """Pointers to the first number of each row."""
        builder, zero = self.builder, ir.Constant(ir.IntType(64), 0)
        return [builder.gep(data, [builder.load(self.at(places, zero, r))]) for r in range(self.layout.rows)]

    def compute(self, rows: list[Any], tiles: Any, halves: Any, slot: Any, d: Any) -> None:
        """Fill the sums for the tile that begins with slot number `slot`."""
        builder, layout = self.builder, self.layout
        prototypes = builder.gep(tiles, [builder.mul(slot, d)])
        for v in range(layout.vectors):
            half = self._loaded(halves, slot, v * layout.width)
            for r in range(layout.rows):
                builder.store(half, self.sums[r][v])
        with cgutils.for_range(builder, d) as loop:
            self.multiply_add(rows, prototypes, loop.index)

    def store(self, place: Any) -> None:
        """Write the sums as (R, C)."""
        builder, layout, zero = self.builder, self.layout, ir.Constant(ir.IntType(64), 0)
        for r in range(layout.rows):
            for v in range(layout.vectors):
                target = self.at(place, zero, r * layout.tile + v * layout.width)
                builder.store(
                    builder.load(self.sums[r][v]), builder.bitcast(target, self.vector.as_pointer()), align=self._align
                )

    def at(self, pointer: Any, start: Any, offset: int) -> Any:
        return self.builder.gep(pointer, [self.builder.add(start, ir.Constant(start.type, offset))])

    def spread(self, number: Any, vector: Any) -> Any:
        """The number in every lane."""
        builder, short = self.builder, ir.IntType(32)
        lone = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.Constant(short, 0))
        everywhere = ir.Constant(ir.VectorType(short, vector.count), [0] * vector.count)
        return builder.shuffle_vector(lone, ir.Constant(vector, ir.Undefined), everywhere)

    def _loaded(self, pointer: Any, start: Any, offset: int) -> Any:
        place = self.builder.bitcast(self.at(pointer, start, offset), self.vector.as_pointer())
        return self.builder.load(place, align=self._align)

    def multiply_add(self, rows: list[Any], prototypes: Any, column: Any) -> None:
        """Add column `column` to all sums."""
        builder, layout = self.builder, self.layout
        own = builder.mul(column, ir.Constant(column.type, layout.tile))
        w = [self._loaded(prototypes, own, v * layout.width) for v in range(layout.vectors)]
        for r, row in enumerate(rows):
            x = self.spread(builder.load(builder.gep(row, [column])), self.vector)
            for v in range(layout.vectors):
                builder.store(builder.call(self._fma, [x, w[v], builder.load(self.sums[r][v])]), self.sums[r][v])


class _Competition:
    """Writes how prototypes compete for every row: the smallest, the second smallest, the slot of the smallest."""

    def __init__(self, products: Products) -> None:
        self._products, builder, layout = products, products.builder, products.layout
        self._short = ir.IntType(64 if products.double else 32)  # as wide as what compares give
        self._whole = ir.VectorType(self._short, layout.width)
        starts = [
            ir.Constant(products.vector, [float("inf")] * layout.width),
            ir.Constant(products.vector, [float("inf")] * layout.width),
            ir.Constant(self._whole, [0] * layout.width),
        ]
        self._kept = [[cgutils.alloca_once(builder, start.type) for start in starts] for _ in range(layout.rows)]
        for kept in self._kept:
            for slot, start in zip(kept, starts, strict=True):
                builder.store(start, slot)

    def enter(self, slot: Any) -> None:
        """Let the tile that begins with slot number `slot` compete; an equal one that comes later does not win."""
        products, builder, layout = self._products, self._products.builder, self._products.layout
        first = products.spread(slot if products.double else builder.trunc(slot, self._short), self._whole)
        numbers = [
            builder.add(first, ir.Constant(self._whole, [v * layout.width + lane for lane in range(layout.width)]))
            for v in range(layout.vectors)
        ]
        for sums, kept in zip(products.sums, self._kept, strict=True):  # one row after the other needs few registers
            held = tuple(builder.load(slot) for slot in kept)
            for value, number in zip(sums, numbers, strict=True):
                held = self._winner(held, (builder.load(value), number))
            for slot, value in zip(kept, held, strict=True):
                builder.store(value, slot)

    def store(self, places: list[Any]) -> None:
        """Settle the competition across the lanes; write smallest, second smallest and slot of each row."""
        products, builder, layout = self._products, self._products.builder, self._products.layout
        zero = ir.Constant(ir.IntType(64), 0)
        for r, kept in enumerate(self._kept):
            best, second, index = (builder.load(slot) for slot in kept)
            width = layout.width
            while width > 1:
                width //= 2
                (best_a, second_a, index_a), (best_b, second_b, index_b) = (
                    [self._part(vector, start, width) for vector in (best, second, index)] for start in (0, width)
                )
                second = self._smaller(second_a, second_b)
                best, second, index = self._winner((best_a, second, index_a), (best_b, index_b))
            lane = ir.Constant(ir.IntType(32), 0)
            values = [builder.extract_element(vector, lane) for vector in (best, second, index)]
            if products.double:
                values[2] = builder.trunc(values[2], ir.IntType(32))
            for place, value in zip(places, values, strict=True):
                builder.store(value, products.at(place, zero, r))

    def _winner(self, holder: tuple[Any, Any, Any], entrant: tuple[Any, Any]) -> tuple[Any, Any, Any]:
        builder, (best, second, index), (value, number) = self._products.builder, holder, entrant
        wins = builder.fcmp_ordered("<", value, best)
        loser = builder.select(wins, best, value)
        return builder.select(wins, value, best), self._smaller(loser, second), builder.select(wins, number, index)

    def _smaller(self, one: Any, other: Any) -> Any:
        return self._products.builder.select(self._products.builder.fcmp_ordered("<", one, other), one, other)

    def _part(self, vector: Any, start: int, width: int) -> Any:
        mask = ir.Constant(ir.VectorType(ir.IntType(32), width), list(range(start, start + width)))
        return self._products.builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), mask)
