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
        search = _Search(builder, layout, context.get_value_type(sig.args[0].dtype))
        search.run(rows, arrays[2].data, arrays[3].data, n_tiles, d)
        place = builder.mul(args[1], lanes)
        search.store([builder.gep(arrays[i].data, [place]) for i in (4, 5, 6)])
        return context.get_dummy_value()

    return signature, codegen


nearest_panel: Any = intrinsic(_nearest_panel)


class _Search:
    """Writes the search of one panel; what it keeps in stack slots, LLVM puts into registers."""

    def __init__(self, builder: Any, layout: Layout, number: Any) -> None:
        self._builder, self._layout = builder, layout
        self._double = isinstance(number, ir.DoubleType)
        self._vector = ir.VectorType(number, layout.width)
        self._whole = ir.VectorType(ir.IntType(64 if self._double else 32), layout.width)  # compares give its width
        self._align = 8 if self._double else 4
        name = f"llvm.fma.v{layout.width}f{64 if self._double else 32}"
        self._fma = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(self._vector, [self._vector] * 3), name
        )
        infinity = ir.Constant(self._vector, [float("inf")] * layout.width)
        zero = ir.Constant(self._whole, [0] * layout.width)
        vectors = range(layout.vectors)
        self._best = [cgutils.alloca_once_value(builder, infinity) for _ in vectors]
        self._second = [cgutils.alloca_once_value(builder, infinity) for _ in vectors]
        self._index = [cgutils.alloca_once_value(builder, zero) for _ in vectors]
        self._sums = [[cgutils.alloca_once(builder, self._vector) for _ in range(layout.tile)] for _ in vectors]

    def run(self, rows: Any, tiles: Any, halves: Any, n_tiles: Any, d: Any) -> None:
        builder, layout = self._builder, self._layout
        tile = ir.Constant(d.type, layout.tile)
        for slots, value in ((self._best, float("inf")), (self._second, float("inf"))):
            for slot in slots:
                builder.store(ir.Constant(self._vector, [value] * layout.width), slot)
        for slot in self._index:
            builder.store(ir.Constant(self._whole, [0] * layout.width), slot)
        with cgutils.for_range(builder, n_tiles) as tile_loop:
            first = builder.mul(tile_loop.index, tile)
            prototypes = builder.gep(tiles, [builder.mul(first, d)])
            for c in range(layout.tile):
                half = self._spread(builder.load(self._at(halves, first, c)), self._vector)
                for v in range(layout.vectors):
                    builder.store(half, self._sums[v][c])
            with cgutils.for_range(builder, d) as column_loop:
                self._multiply_add(rows, prototypes, column_loop.index)
            for c in range(layout.tile):
                self._compete(first, c)

    def store(self, places: list[Any]) -> None:
        """Write best, second and index to three places."""
        builder, layout = self._builder, self._layout
        short = ir.VectorType(ir.IntType(32), layout.width)
        zero = ir.Constant(ir.IntType(64), 0)
        for v in range(layout.vectors):
            values = [builder.load(slots[v]) for slots in (self._best, self._second, self._index)]
            if self._double:
                values[2] = builder.trunc(values[2], short)
            for place, value in zip(places, values, strict=True):
                target = builder.bitcast(self._at(place, zero, v * layout.width), value.type.as_pointer())
                builder.store(value, target, align=4)

    def _multiply_add(self, rows: Any, prototypes: Any, column: Any) -> None:
        """Add column `column` to all sums."""
        builder, layout = self._builder, self._layout
        row = builder.mul(column, ir.Constant(column.type, layout.lanes))
        own = builder.mul(column, ir.Constant(column.type, layout.tile))
        x = []
        for v in range(layout.vectors):
            pointer = builder.bitcast(self._at(rows, row, v * layout.width), self._vector.as_pointer())
            x.append(builder.load(pointer, align=self._align))
        for c in range(layout.tile):
            w = self._spread(builder.load(self._at(prototypes, own, c)), self._vector)
            for v in range(layout.vectors):
                builder.store(builder.call(self._fma, [x[v], w, builder.load(self._sums[v][c])]), self._sums[v][c])

    def _compete(self, first: Any, c: int) -> None:
        """Let prototype `c` of the tile compete in every lane; an equal one that comes later does not win."""
        builder = self._builder
        k = builder.add(first, ir.Constant(first.type, c))
        k = self._spread(k if self._double else builder.trunc(k, ir.IntType(32)), self._whole)
        for v in range(self._layout.vectors):
            value = builder.load(self._sums[v][c])
            best, second = builder.load(self._best[v]), builder.load(self._second[v])
            wins = builder.fcmp_ordered("<", value, best)
            loser = builder.select(wins, best, value)
            builder.store(builder.select(builder.fcmp_ordered("<", loser, second), loser, second), self._second[v])
            builder.store(builder.select(wins, k, builder.load(self._index[v])), self._index[v])
            builder.store(builder.select(wins, value, best), self._best[v])

    def _at(self, pointer: Any, start: Any, offset: int) -> Any:
        return self._builder.gep(pointer, [self._builder.add(start, ir.Constant(start.type, offset))])

    def _spread(self, number: Any, vector: Any) -> Any:
        """The number in every lane."""
        builder, short = self._builder, ir.IntType(32)
        lone = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.Constant(short, 0))
        everywhere = ir.Constant(ir.VectorType(short, vector.count), [0] * vector.count)
        return builder.shuffle_vector(lone, ir.Constant(vector, ir.Undefined), everywhere)


def layout_of(dtype: np.dtype[Any]) -> Layout | None:
    """The layout for a precision; None calls for the plain search."""
    return None if LAYOUTS is None else LAYOUTS[dtype.name]
