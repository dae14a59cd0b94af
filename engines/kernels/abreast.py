"""One row against all prototypes, which stand abreast in vector lanes; who learns from it lives beside.

Prototypes (K, d) are laid out as groups (G, d, L): L prototypes side by side, their column j in one piece, so that a
row's component is spread over the lanes, and the sums of L prototypes stay in registers over all columns. Nothing
is kept beyond that, so a prototype may move between one row and the next.

The distance is Σⱼ (xⱼ − wⱼ)² in the rows' own precision, summed in the order of the columns. It starts at 0, or at
infinity in lanes that hold no prototype. Of equal distances the lower index wins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from engines.kernels.lanes import cgutils, spread, tiled

BYTES = 256
"""Of a group's numbers in one column: eight registers of AVX2, so that every multiplier is busy."""
PULLED_BYTES = 32
"""Of the numbers that are read and written together when one prototype moves, as the search will read them again."""


def lay_out(prototypes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Prototypes (K, d) as groups (G, d, L) of their own, and the starts (G, L) of their distances."""
    groups = tiled(prototypes, BYTES // prototypes.itemsize)
    starts = np.full((len(groups), groups.shape[2]), np.inf, prototypes.dtype)
    starts.ravel()[: len(prototypes)] = 0
    return groups, starts


def _nearest_lane(typing_context: Any, X: Any, row: Any, groups: Any, starts: Any) -> Any:
    """Index of the prototype nearest to row number `row` of X (n, d); 0 where no distance is finite."""
    signature = types.intp(X, types.intp, groups, starts)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        search = _Search(context, builder, sig, args)
        return search.index_of_least(search.n_groups, search.distances)

    return signature, codegen


def _least_lane(typing_context: Any, distances: Any, starts: Any) -> Any:
    """Index of the least of `distances` + `starts`, both (G, L); 0 where none is finite."""
    signature = types.intp(distances, starts)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        arrays = [context.make_array(kind)(context, builder, value) for kind, value in zip(sig.args, args, strict=True)]
        lanes = _Lanes(context, builder, sig.args[0].dtype)
        n_groups = builder.extract_value(arrays[0].shape, 0)

        def sums(group: Any) -> Any:
            first = builder.mul(group, ir.Constant(lanes.size, lanes.lanes))
            return builder.fadd(*(lanes.read(builder.gep(array.data, [first]), lanes.lanes) for array in arrays))

        return lanes.index_of_least(n_groups, sums)

    return signature, codegen


def _all_lanes(typing_context: Any, X: Any, row: Any, groups: Any, starts: Any, out: Any) -> Any:
    """Fill `out` (G, L) with the distances of all prototypes to row number `row` of X (n, d)."""
    signature = types.void(X, types.intp, groups, starts, out)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        search = _Search(context, builder, sig, args)
        target = context.make_array(sig.args[4])(context, builder, args[4]).data
        with cgutils.for_range(builder, search.n_groups) as loop:
            place = builder.gep(target, [builder.mul(loop.index, ir.Constant(search.size, search.lanes))])
            search.write(search.distances(loop.index), place)
        return context.get_dummy_value()

    return signature, codegen


def _pull_lane(typing_context: Any, X: Any, row: Any, groups: Any, index: Any, rate: Any) -> Any:
    """w ← w + rate (x − w) for prototype number `index` and row number `row` of X (n, d)."""
    signature = types.void(X, types.intp, groups, types.intp, rate)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        search = _Search(context, builder, sig, args)
        lanes, width = search.lanes, PULLED_BYTES // search.itemsize
        within = builder.urem(args[3], ir.Constant(search.size, lanes))
        lane = builder.urem(within, ir.Constant(search.size, width))
        group = builder.mul(builder.udiv(args[3], ir.Constant(search.size, lanes)), search.group_size)
        first = builder.add(group, builder.sub(within, lane))
        short = ir.IntType(8 * search.itemsize)
        numbered = ir.Constant(ir.VectorType(short, width), list(range(width)))
        lane = lane if short.width == search.size.width else builder.trunc(lane, short)
        own = builder.icmp_signed("==", spread(builder, lane, width), numbered)
        rates, none = spread(builder, args[4], width), ir.Constant(ir.VectorType(search.number, width), [0.0] * width)
        with cgutils.for_range(builder, search.d) as loop:
            column = builder.mul(loop.index, ir.Constant(search.size, lanes))
            place = builder.gep(search.groups, [builder.add(first, column)])
            old = search.read(place, width)
            gap = builder.fsub(spread(builder, search.component(loop.index), width), old)
            gap = builder.select(own, gap, none)  # the others gain nothing: a store under a mask takes far longer
            search.write(search.multiply_add(rates, gap, old), place)
        return context.get_dummy_value()

    return signature, codegen


nearest_lane: Any = intrinsic(_nearest_lane)
least_lane: Any = intrinsic(_least_lane)
all_lanes: Any = intrinsic(_all_lanes)
pull_lane: Any = intrinsic(_pull_lane)


class _Lanes:
    """Writes what is done with the numbers of a group: one long vector, which LLVM cuts to the registers."""

    def __init__(self, context: Any, builder: Any, dtype: Any) -> None:
        self.builder, self.size = builder, context.get_value_type(types.intp)
        self.number = context.get_value_type(dtype)
        self.itemsize = 8 if isinstance(self.number, ir.DoubleType) else 4
        self.lanes = BYTES // self.itemsize

    def index_of_least(self, n_groups: Any, vector_of: Callable[[Any], Any]) -> Any:
        """Index of the least number of all groups, whose vectors `vector_of` writes; 0 where none is finite."""
        builder = self.builder
        best = cgutils.alloca_once_value(builder, ir.Constant(self.number, float("inf")))
        index = cgutils.alloca_once_value(builder, ir.Constant(self.size, 0))
        with cgutils.for_range(builder, n_groups) as loop:
            vector = vector_of(loop.index)
            smallest = self.smallest(vector)
            with builder.if_then(builder.fcmp_ordered("<", smallest, builder.load(best))):
                builder.store(smallest, best)
                first = builder.mul(loop.index, ir.Constant(self.size, self.lanes))
                builder.store(builder.add(first, self.first_lane_at(vector, smallest)), index)
        return builder.load(index)

    def smallest(self, distances: Any) -> Any:
        name = f"llvm.vector.reduce.fmin.v{self.lanes}f{8 * self.itemsize}"
        kind = ir.FunctionType(self.number, [distances.type])
        reduce = cgutils.get_or_insert_function(self.builder.module, kind, name)
        return self.builder.call(reduce, [distances], fastmath=("nnan", "nsz"))

    def first_lane_at(self, distances: Any, value: Any) -> Any:
        """The lowest lane whose distance is `value`."""
        builder, lanes = self.builder, self.lanes
        equal = builder.fcmp_ordered("==", distances, spread(self.builder, value, lanes))
        lane = builder.cttz(builder.bitcast(equal, ir.IntType(lanes)), ir.Constant(ir.IntType(1), 0))
        return lane if lanes == self.size.width else builder.zext(lane, self.size)

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """a b + c, rounded once where the processor does that at no cost."""
        name = f"llvm.fmuladd.v{a.type.count}f{8 * self.itemsize}"
        function = cgutils.get_or_insert_function(self.builder.module, ir.FunctionType(a.type, [a.type] * 3), name)
        return self.builder.call(function, [a, b, c])

    def read(self, place: Any, count: int) -> Any:
        vector = ir.VectorType(self.number, count)
        return self.builder.load(self.builder.bitcast(place, vector.as_pointer()), align=self.itemsize)

    def write(self, vector: Any, place: Any) -> None:
        self.builder.store(vector, self.builder.bitcast(place, vector.type.as_pointer()), align=self.itemsize)


class _Search(_Lanes):
    """Writes the distances of one row to the prototypes of a group."""

    def __init__(self, context: Any, builder: Any, sig: Any, args: Any) -> None:
        super().__init__(context, builder, sig.args[0].dtype)
        X, groups = (context.make_array(sig.args[i])(context, builder, args[i]) for i in (0, 2))
        self.groups = groups.data
        self._starts: Any = None
        if isinstance(sig.args[3], types.Array):
            self._starts = context.make_array(sig.args[3])(context, builder, args[3]).data
        self.n_groups, self.d = (builder.extract_value(groups.shape, axis) for axis in (0, 1))
        self.group_size = builder.mul(self.d, ir.Constant(self.size, self.lanes))
        self._row = builder.gep(X.data, [builder.mul(args[1], self.d)])

    def distances(self, group: Any) -> Any:
        """The vector of a group's distances."""
        builder, lanes = self.builder, self.lanes
        start = builder.gep(self._starts, [builder.mul(group, ir.Constant(self.size, lanes))])
        sums = cgutils.alloca_once(builder, ir.VectorType(self.number, lanes))
        builder.store(self.read(start, lanes), sums)
        first = builder.gep(self.groups, [builder.mul(group, self.group_size)])
        with cgutils.for_range(builder, self.d) as loop:
            column = builder.gep(first, [builder.mul(loop.index, ir.Constant(self.size, lanes))])
            gap = builder.fsub(spread(self.builder, self.component(loop.index), lanes), self.read(column, lanes))
            builder.store(self.multiply_add(gap, gap, builder.load(sums)), sums)
        return builder.load(sums)

    def component(self, column: Any) -> Any:
        return self.builder.load(self.builder.gep(self._row, [column]))
