"""The fused nearest-prototype search of one panel of rows, written as LLVM vectors; packing and rechecking live beside.

Rows are vector lanes: a panel is (d, lanes) with the rows' column j in one piece. Prototypes come in tiles (d, C)
and negated, accumulators start at ½‖w‖², so that only fused multiply-adds remain and ½‖w‖² − x·w of V·C vectors
stays in registers over all columns; then the smallest, the second smallest and the winner's index are kept lane-wise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba.core import cgutils as cgutils_module
from numba.core import types
from numba.extending import intrinsic

cgutils: Any = cgutils_module


@dataclass(frozen=True)
class Layout:
    """How the search of one precision uses the registers.

    Attributes
    ----------
    width : int
        Numbers in a vector register.
    vectors : int
        Vectors of rows in a panel.
    tile : int
        Prototypes that are worked on at once: vectors × tile accumulators.
    """

    width: int
    vectors: int
    tile: int

    @property
    def lanes(self) -> int:
        """Rows in a panel; divides 64."""
        return self.width * self.vectors


def layouts(features: Mapping[str, bool]) -> dict[str, Layout] | None:
    """Layout for float32 and float64 on a processor with these LLVM features; None where it cannot multiply-add."""
    if features.get("avx512f"):
        return {"float32": Layout(16, 4, 6), "float64": Layout(8, 4, 6)}
    if features.get("fma"):
        return {"float32": Layout(8, 2, 6), "float64": Layout(4, 2, 6)}
    if features.get("neon"):
        return {"float32": Layout(4, 4, 5), "float64": Layout(2, 4, 5)}
    return None


FEW = 4
"""Prototypes in a tile where there are only some to look at, such as the candidates of k-means++."""

LAYOUTS = layouts(llvm.get_host_cpu_features())
"""Of this processor; None calls for the plain search."""


def _nearest_panel(
    typing_context: Any, panels: Any, panel: Any, tiles: Any, halves: Any, best: Any, second: Any, index: Any
) -> Any:
    """Search panel number `panel` of `panels` (P, d, lanes) in `tiles` (G, d, C), `halves` (G, C).

    Writes row `panel` of `best` and `second` (P, lanes), the two smallest ½‖w‖² − x·w, and of `index` (P, lanes)
    int32, the prototype of the smallest.
    """
    signature = types.void(panels, types.intp, tiles, halves, best, second, index)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        arrays = {i: context.make_array(sig.args[i])(context, builder, args[i]) for i in (0, 2, 3, 4, 5, 6)}
        layout = (LAYOUTS or {})[str(sig.args[0].dtype)]
        n_tiles, d = builder.extract_value(arrays[2].shape, 0), builder.extract_value(arrays[2].shape, 1)
        lanes = ir.Constant(d.type, layout.lanes)
        rows = builder.gep(arrays[0].data, [builder.mul(args[1], builder.mul(d, lanes))])
        products = _Products(builder, layout, layout.tile, context.get_value_type(sig.args[0].dtype))
        competition = _Competition(products)
        with cgutils.for_range(builder, n_tiles) as loop:
            first = builder.mul(loop.index, ir.Constant(d.type, layout.tile))
            products.compute(rows, arrays[2].data, arrays[3].data, first, d)
            competition.enter(first)
        place = builder.mul(args[1], lanes)
        competition.store([builder.gep(arrays[i].data, [place]) for i in (4, 5, 6)])
        return context.get_dummy_value()

    return signature, codegen


def _panel_values(typing_context: Any, panels: Any, panel: Any, tiles: Any, halves: Any, values: Any) -> Any:
    """½‖w‖² − x·w of panel number `panel` of `panels` (P, d, lanes) with every prototype of `tiles` (G, d, FEW).

    Writes `values` (G * FEW, lanes).
    """
    signature = types.void(panels, types.intp, tiles, halves, values)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        arrays = {i: context.make_array(sig.args[i])(context, builder, args[i]) for i in (0, 2, 3, 4)}
        layout = (LAYOUTS or {})[str(sig.args[0].dtype)]
        n_tiles, d = builder.extract_value(arrays[2].shape, 0), builder.extract_value(arrays[2].shape, 1)
        lanes = ir.Constant(d.type, layout.lanes)
        rows = builder.gep(arrays[0].data, [builder.mul(args[1], builder.mul(d, lanes))])
        products = _Products(builder, layout, FEW, context.get_value_type(sig.args[0].dtype))
        with cgutils.for_range(builder, n_tiles) as loop:
            first = builder.mul(loop.index, ir.Constant(d.type, FEW))
            products.compute(rows, arrays[2].data, arrays[3].data, first, d)
            products.store(builder.gep(arrays[4].data, [builder.mul(first, lanes)]))
        return context.get_dummy_value()

    return signature, codegen


nearest_panel: Any = intrinsic(_nearest_panel)
panel_values: Any = intrinsic(_panel_values)


class _Products:
    """Writes ½‖w‖² − x·w of a panel and a tile; what it keeps in stack slots, LLVM puts into registers."""

    def __init__(self, builder: Any, layout: Layout, tile: int, number: Any) -> None:
        self.builder, self.layout, self.tile = builder, layout, tile
        self.double = isinstance(number, ir.DoubleType)
        self.vector = ir.VectorType(number, layout.width)
        self._align = 8 if self.double else 4
        self._fma = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(self.vector, [self.vector] * 3),
            f"llvm.fma.v{layout.width}f{64 if self.double else 32}",
        )
        self.sums = [[cgutils.alloca_once(builder, self.vector) for _ in range(tile)] for _ in range(layout.vectors)]

    def compute(self, rows: Any, tiles: Any, halves: Any, first: Any, d: Any) -> None:
        """Fill the sums for the tile that begins with prototype `first`."""
        builder = self.builder
        prototypes = builder.gep(tiles, [builder.mul(first, d)])
        for c in range(self.tile):
            half = self.spread(builder.load(self.at(halves, first, c)), self.vector)
            for v in range(self.layout.vectors):
                builder.store(half, self.sums[v][c])
        with cgutils.for_range(builder, d) as loop:
            self._multiply_add(rows, prototypes, loop.index)

    def store(self, place: Any) -> None:
        """Write the sums as (tile, lanes)."""
        builder, zero = self.builder, ir.Constant(ir.IntType(64), 0)
        for c in range(self.tile):
            for v in range(self.layout.vectors):
                target = self.at(place, zero, c * self.layout.lanes + v * self.layout.width)
                target = builder.bitcast(target, self.vector.as_pointer())
                builder.store(builder.load(self.sums[v][c]), target, align=self._align)

    def at(self, pointer: Any, start: Any, offset: int) -> Any:
        return self.builder.gep(pointer, [self.builder.add(start, ir.Constant(start.type, offset))])

    def spread(self, number: Any, vector: Any) -> Any:
        """The number in every lane."""
        builder, short = self.builder, ir.IntType(32)
        lone = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.Constant(short, 0))
        everywhere = ir.Constant(ir.VectorType(short, vector.count), [0] * vector.count)
        return builder.shuffle_vector(lone, ir.Constant(vector, ir.Undefined), everywhere)

    def _multiply_add(self, rows: Any, prototypes: Any, column: Any) -> None:
        """Add column `column` to all sums."""
        builder, layout = self.builder, self.layout
        row = builder.mul(column, ir.Constant(column.type, layout.lanes))
        own = builder.mul(column, ir.Constant(column.type, self.tile))
        x = []
        for v in range(layout.vectors):
            pointer = builder.bitcast(self.at(rows, row, v * layout.width), self.vector.as_pointer())
            x.append(builder.load(pointer, align=self._align))
        for c in range(self.tile):
            w = self.spread(builder.load(self.at(prototypes, own, c)), self.vector)
            for v in range(layout.vectors):
                builder.store(builder.call(self._fma, [x[v], w, builder.load(self.sums[v][c])]), self.sums[v][c])


class _Competition:
    """Writes how prototypes compete in every lane: the smallest, the second smallest, the index of the smallest."""

    def __init__(self, products: _Products) -> None:
        self._products, builder, layout = products, products.builder, products.layout
        self._whole = ir.VectorType(ir.IntType(64 if products.double else 32), layout.width)  # as compares give
        starts = [
            ir.Constant(products.vector, [float("inf")] * layout.width),
            ir.Constant(products.vector, [float("inf")] * layout.width),
            ir.Constant(self._whole, [0] * layout.width),
        ]
        self._kept = [[cgutils.alloca_once(builder, start.type) for start in starts] for _ in range(layout.vectors)]
        for slots in self._kept:
            for slot, start in zip(slots, starts, strict=True):
                builder.store(start, slot)

    def enter(self, first: Any) -> None:
        """Let the tile that begins with prototype `first` compete; an equal one that comes later does not win."""
        products, builder = self._products, self._products.builder
        for c in range(products.tile):
            k = builder.add(first, ir.Constant(first.type, c))
            k = products.spread(k if products.double else builder.trunc(k, ir.IntType(32)), self._whole)
            for v, slots in enumerate(self._kept):
                value = builder.load(products.sums[v][c])
                best, second, index = (builder.load(slot) for slot in slots)
                wins = builder.fcmp_ordered("<", value, best)
                loser = builder.select(wins, best, value)
                second = builder.select(builder.fcmp_ordered("<", loser, second), loser, second)
                kept = (builder.select(wins, value, best), second, builder.select(wins, k, index))
                for slot, new in zip(slots, kept, strict=True):
                    builder.store(new, slot)

    def store(self, places: list[Any]) -> None:
        """Write smallest, second smallest and index to three places."""
        products, builder = self._products, self._products.builder
        width, zero = products.layout.width, ir.Constant(ir.IntType(64), 0)
        for v, slots in enumerate(self._kept):
            values = [builder.load(slot) for slot in slots]
            if products.double:
                values[2] = builder.trunc(values[2], ir.VectorType(ir.IntType(32), width))
            for place, value in zip(places, values, strict=True):
                target = builder.bitcast(products.at(place, zero, v * width), value.type.as_pointer())
                builder.store(value, target, align=4)


def layout_of(dtype: np.dtype[Any]) -> Layout | None:
    """The layout for a precision; None calls for the plain search."""
    return None if LAYOUTS is None else LAYOUTS[dtype.name]
