"""Squared lengths and weighted moments of a panel of rows, written as LLVM vectors; what they mean for a mixture, not.

Rows are vector lanes: a panel is (d, R) with the rows' column j in one piece, d filled up with zeros to a multiple
of 4 and R a multiple of 48. Sums stay in registers over all columns, or over all rows of the panel; those over rows
leave the panel as float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba.core import cgutils as cgutils_module
from numba.core import types
from numba.extending import intrinsic

from engines.kernels.lanes import Writer

cgutils: Any = cgutils_module
TILE = 4
"""Outputs that are summed up at once."""


def _triangular_lengths(typing_context: Any, panel: Any, mean: Any, factor: Any, lengths: Any) -> Any:
    """‖Pᵀ(x − μ)‖² of each row x of `panel` (d, R): `lengths` (R,) from `mean` (d,) and upper triangular P (d, d)."""
    signature = types.void(panel, mean, factor, lengths)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        w = _Writer(context, builder, sig, args)
        (rows, d, lanes), (mu, *_), (upper, *_), (out, *_) = (w.array(i) for i in range(4))
        vectors = 3
        sums = [w.slots(TILE) for _ in range(vectors)]
        norms = w.slots(vectors)
        with w.loop(0, lanes, vectors * w.width) as lane:
            w.clear(norms)
            with w.loop(0, d, TILE) as i:
                w.clear([slot for slots in sums for slot in slots])
                with w.loop(0, w.plus(i, TILE), 1) as j:
                    row, own = w.row(rows, j, lanes, lane), w.row(upper, j, d, i)
                    centre = w.spread_from(w.at(mu, j))
                    u = [builder.fsub(w.load(w.ahead(row, v * w.width)), centre) for v in range(vectors)]
                    for c in range(TILE):
                        p = w.spread_from(own, c)
                        for v in range(vectors):
                            w.add_product(sums[v][c], u[v], p)
                for c in range(TILE):
                    for v in range(vectors):
                        y = builder.load(sums[v][c])
                        w.add_product(norms[v], y, y)
            for v in range(vectors):
                w.store(builder.load(norms[v]), w.at(out, lane, v * w.width))
        return context.get_dummy_value()

    return signature, codegen


def _diagonal_lengths(typing_context: Any, panel: Any, means: Any, precisions: Any, lengths: Any) -> Any:
    """Σⱼ pⱼ (xⱼ − μⱼ)² of each row x of `panel` (d, R) and each component.

    `means` and `precisions` are (d, K), K a multiple of 4; `lengths` is (K, R).
    """
    signature = types.void(panel, means, precisions, lengths)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        w = _Writer(context, builder, sig, args)
        (rows, d, lanes), (mu, _, n_components), (p, *_), (out, *_) = (w.array(i) for i in range(4))
        vectors = 2
        sums = [w.slots(TILE) for _ in range(vectors)]
        with w.loop(0, lanes, vectors * w.width) as lane, w.loop(0, n_components, TILE) as k:
            w.clear([slot for slots in sums for slot in slots])
            with w.loop(0, d, 1) as j:
                row, place = w.row(rows, j, lanes, lane), w.row(mu, j, n_components, k)
                scale = w.row(p, j, n_components, k)
                x = [w.load(w.ahead(row, v * w.width)) for v in range(vectors)]
                for c in range(TILE):
                    centre, precision = w.spread_from(place, c), w.spread_from(scale, c)
                    for v in range(vectors):
                        u = builder.fsub(x[v], centre)
                        w.add_product(sums[v][c], builder.fmul(u, precision), u)
            for c in range(TILE):
                for v in range(vectors):
                    w.store(builder.load(sums[v][c]), w.ahead(w.row(out, w.plus(k, c), lanes, lane), v * w.width))
        return context.get_dummy_value()

    return signature, codegen


def _products(typing_context: Any, panel: Any, products: Any) -> Any:
    """Add the inner products over the rows of columns i and j ≤ i of `panel` (d, R) to `products` (d, d) float64.

    Above the diagonal `products` is filled in some places and not in others.
    """
    signature = types.void(panel, products)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        w = _Writer(context, builder, sig, args)
        (columns, d, lanes), (out, *_) = w.array(0), w.array(1)
        across = 2
        sums = [w.slots(across) for _ in range(TILE)]
        with w.loop(0, d, TILE) as i, w.loop(0, w.plus(i, TILE), across) as j:
            w.clear([slot for slots in sums for slot in slots])
            left = [w.row(columns, w.plus(i, t), lanes) for t in range(TILE)]
            right = [w.row(columns, w.plus(j, t), lanes) for t in range(across)]
            with w.loop(0, lanes, w.width) as lane:
                x = [w.load(w.at(column, lane)) for column in left]
                for c in range(across):
                    y = w.load(w.at(right[c], lane))
                    for t in range(TILE):
                        w.add_product(sums[t][c], x[t], y)
            for t in range(TILE):
                for c in range(across):
                    w.add_total(sums[t][c], w.row(out, w.plus(i, t), d, w.plus(j, c)))
        return context.get_dummy_value()

    return signature, codegen


def _weighted_moments(typing_context: Any, panel: Any, shares: Any, mean: Any, sums: Any, squares: Any) -> Any:
    """Add Σ r u and Σ r u² over the rows, u = x − μ, to `sums` and `squares` (d,) float64.

    `panel` is (d, R), `shares` r (R,), `mean` μ (d,).
    """
    signature = types.void(panel, shares, mean, sums, squares)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        w = _Writer(context, builder, sig, args)
        (columns, d, lanes), (r, *_), (mu, *_), (first, *_), (second, *_) = (w.array(i) for i in range(5))
        ones, twos = w.slots(TILE), w.slots(TILE)
        with w.loop(0, d, TILE) as j:
            w.clear(ones + twos)
            centre = [w.spread_from(w.at(mu, j), c) for c in range(TILE)]
            column = [w.row(columns, w.plus(j, c), lanes) for c in range(TILE)]
            with w.loop(0, lanes, w.width) as lane:
                share = w.load(w.at(r, lane))
                for c in range(TILE):
                    u = builder.fsub(w.load(w.at(column[c], lane)), centre[c])
                    v = builder.fmul(u, share)
                    builder.store(builder.fadd(builder.load(ones[c]), v), ones[c])
                    w.add_product(twos[c], v, u)
            for c in range(TILE):
                w.add_total(ones[c], w.at(first, w.plus(j, c)))
                w.add_total(twos[c], w.at(second, w.plus(j, c)))
        return context.get_dummy_value()

    return signature, codegen


triangular_lengths: Any = intrinsic(_triangular_lengths)
diagonal_lengths: Any = intrinsic(_diagonal_lengths)
products: Any = intrinsic(_products)
weighted_moments: Any = intrinsic(_weighted_moments)


class _Writer(Writer):
    """Writes loops, and sums of vectors in stack slots, over the array arguments of one kernel."""

    def __init__(self, context: Any, builder: Any, sig: Any, args: Any) -> None:
        super().__init__(context, builder, sig.args[0].dtype)
        self._context, self._sig, self._args = context, sig, args

    def array(self, i: int) -> tuple[Any, ...]:
        """Pointer to the first number of argument `i`, and its lengths."""
        made = self._context.make_array(self._sig.args[i])(self._context, self.builder, self._args[i])
        lengths = [self.builder.extract_value(made.shape, axis) for axis in range(self._sig.args[i].ndim)]
        return (made.data, *lengths)

    @contextmanager
    def loop(self, start: int, stop: Any, step: int) -> Iterator[Any]:
        """What is written inside runs for each of start, start + step, ... below `stop`."""
        first, by = ir.Constant(stop.type, start), ir.Constant(stop.type, step)
        with cgutils.for_range_slice(self.builder, first, stop, by) as (index, _):
            yield index

    def plus(self, index: Any, offset: int) -> Any:
        return self.builder.add(index, ir.Constant(index.type, offset))

    def row(self, pointer: Any, index: Any, length: Any, column: Any = None) -> Any:
        """Pointer to row `index` of rows of `length`, or to number `column` of it."""
        place = self.builder.mul(index, length)
        return self.at(pointer, place if column is None else self.builder.add(place, column))

    def ahead(self, pointer: Any, offset: int) -> Any:
        return self.builder.gep(pointer, [ir.Constant(ir.IntType(64), offset)])

    def spread_from(self, pointer: Any, offset: int = 0) -> Any:
        """Number `offset` in every lane."""
        return self.spread(self.builder.load(self.ahead(pointer, offset)))

    def slots(self, n: int) -> list[Any]:
        return [self.slot(self.constant(0.0)) for _ in range(n)]

    def clear(self, slots: list[Any]) -> None:
        for slot in slots:
            self.builder.store(self.constant(0.0), slot)

    def add_product(self, slot: Any, x: Any, y: Any) -> None:
        self.builder.store(self.multiply_add(x, y, self.builder.load(slot)), slot)

    def add_total(self, slot: Any, place: Any) -> None:
        """Add the sum over the slot's lanes to the float64 at `place`."""
        builder, short, vector = self.builder, ir.IntType(32), self.builder.load(slot)
        lanes = self.width
        while lanes > 1:
            lanes //= 2
            halves = [
                builder.shuffle_vector(
                    vector,
                    ir.Constant(vector.type, ir.Undefined),
                    ir.Constant(ir.VectorType(short, lanes), list(range(start, start + lanes))),
                )
                for start in (0, lanes)
            ]
            vector = builder.fadd(*halves)
        total = builder.extract_element(vector, ir.Constant(short, 0))
        total = total if self.double else builder.fpext(total, ir.DoubleType())
        builder.store(builder.fadd(builder.load(place), total), place)
