"""Vector code that numba cannot be asked for in Python, written as LLVM vectors; no array is made here."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils as cgutils_module
from numba.core import types
from numba.extending import intrinsic

cgutils: Any = cgutils_module
LANES = 8  # of the exact distance: fixed on every machine, so that its bits are


def _squared_distance(typing_context: Any, X: Any, x_start: Any, W: Any, w_start: Any, d: Any) -> Any:
    """‖x − w‖² in float64 of `d` numbers from flat position `x_start` of X and `w_start` of W.

    The order of its sums is fixed (eight lanes, then the rest one by one) and nothing is fused, so the bits are
    the same on every processor.
    """
    signature = types.float64(X, types.intp, W, types.intp, types.intp)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointers = [_element(context, builder, sig.args[i], args[i], args[i + 1]) for i in (0, 2)]
        double = ir.DoubleType()
        total = cgutils.alloca_once_value(builder, ir.Constant(ir.VectorType(double, LANES), [0.0] * LANES))
        rest = cgutils.alloca_once_value(builder, ir.Constant(double, 0.0))
        size = args[4].type
        whole = builder.and_(args[4], ir.Constant(size, -LANES))
        with cgutils.for_range_slice(builder, ir.Constant(size, 0), whole, ir.Constant(size, LANES)) as (j, _):
            x, w = (_widened(builder, p, j, LANES) for p in pointers)
            difference = builder.fsub(x, w)
            builder.store(builder.fadd(builder.load(total), builder.fmul(difference, difference)), total)
        with cgutils.for_range_slice(builder, whole, args[4], ir.Constant(size, 1)) as (j, _):
            x, w = (_widened(builder, p, j, 1) for p in pointers)
            difference = builder.fsub(x, w)
            builder.store(builder.fadd(builder.load(rest), builder.fmul(difference, difference)), rest)
        vector = builder.load(total)
        lanes = [builder.extract_element(vector, ir.Constant(ir.IntType(32), i)) for i in range(LANES)]
        while len(lanes) > 1:
            half = len(lanes) // 2
            lanes = [builder.fadd(a, b) for a, b in zip(lanes[:half], lanes[half:], strict=True)]
        return builder.fadd(lanes[0], builder.load(rest))

    return signature, codegen


def _add_twofold(
    typing_context: Any, high: Any, low: Any, start: Any, X: Any, x_start: Any, factor: Any, d: Any
) -> Any:
    """Add `factor` times `d` numbers from flat position `x_start` of X to the twofold sums from position `start` on.

    A sum is high + low, float64: what rounding takes from `high` goes to `low` (Knuth's TwoSum).
    """
    signature = types.void(high, low, types.intp, X, types.intp, types.float64, types.intp)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        sums = [_element(context, builder, sig.args[i], args[i], args[2]) for i in (0, 1)]
        rows = _element(context, builder, sig.args[3], args[3], args[4])
        size = args[6].type
        whole = builder.and_(args[6], ir.Constant(size, -LANES))

        def add(j: Any, lanes: int) -> None:
            double: Any = ir.DoubleType() if lanes == 1 else ir.VectorType(ir.DoubleType(), lanes)
            high_at, low_at = (builder.bitcast(builder.gep(p, [j]), double.as_pointer()) for p in sums)
            value = builder.fmul(_in_all(builder, args[5], lanes), _widened(builder, rows, j, lanes))
            before = builder.load(high_at, align=8)
            total = builder.fadd(before, value)
            part = builder.fsub(total, before)
            lost = builder.fadd(builder.fsub(before, builder.fsub(total, part)), builder.fsub(value, part))
            builder.store(builder.fadd(builder.load(low_at, align=8), lost), low_at, align=8)
            builder.store(total, high_at, align=8)

        with cgutils.for_range_slice(builder, ir.Constant(size, 0), whole, ir.Constant(size, LANES)) as (j, _):
            add(j, LANES)
        with cgutils.for_range_slice(builder, whole, args[6], ir.Constant(size, 1)) as (j, _):
            add(j, 1)
        return context.get_dummy_value()

    return signature, codegen


def _add_scaled(typing_context: Any, total: Any, start: Any, X: Any, x_start: Any, factor: Any, d: Any) -> Any:
    """Add `factor` times `d` numbers from flat position `x_start` of X to the float64 sums from position `start` on."""
    signature = types.void(total, types.intp, X, types.intp, types.float64, types.intp)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        sums, rows = (_element(context, builder, sig.args[i], args[i], args[i + 1]) for i in (0, 2))
        size = args[5].type
        whole = builder.and_(args[5], ir.Constant(size, -LANES))

        def add(j: Any, lanes: int) -> None:
            double: Any = ir.DoubleType() if lanes == 1 else ir.VectorType(ir.DoubleType(), lanes)
            place = builder.bitcast(builder.gep(sums, [j]), double.as_pointer())
            value = builder.fmul(_in_all(builder, args[4], lanes), _widened(builder, rows, j, lanes))
            builder.store(builder.fadd(builder.load(place, align=8), value), place, align=8)

        with cgutils.for_range_slice(builder, ir.Constant(size, 0), whole, ir.Constant(size, LANES)) as (j, _):
            add(j, LANES)
        with cgutils.for_range_slice(builder, whole, args[5], ir.Constant(size, 1)) as (j, _):
            add(j, 1)
        return context.get_dummy_value()

    return signature, codegen


squared_distance: Any = intrinsic(_squared_distance)
add_scaled: Any = intrinsic(_add_scaled)
add_twofold: Any = intrinsic(_add_twofold)


def _element(context: Any, builder: Any, array_type: Any, array: Any, position: Any) -> Any:
    """Pointer to element `position` of a contiguous array."""
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [position])


def _in_all(builder: Any, number: Any, lanes: int) -> Any:
    """The float64 number in each lane of a vector; itself where there is but one."""
    if lanes == 1:
        return number
    vector, short = ir.VectorType(ir.DoubleType(), lanes), ir.IntType(32)
    lone = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.Constant(short, 0))
    everywhere = ir.Constant(ir.VectorType(short, lanes), [0] * lanes)
    return builder.shuffle_vector(lone, ir.Constant(vector, ir.Undefined), everywhere)


def _widened(builder: Any, pointer: Any, offset: Any, lanes: int) -> Any:
    """`lanes` numbers from `pointer + offset`, as float64."""
    element = pointer.type.pointee
    place = builder.gep(pointer, [offset])
    double: Any = ir.DoubleType()
    if lanes > 1:
        place = builder.bitcast(place, ir.VectorType(element, lanes).as_pointer())
        double = ir.VectorType(double, lanes)
    value = builder.load(place, align=4 if isinstance(element, ir.FloatType) else 8)
    return builder.fpext(value, double) if isinstance(element, ir.FloatType) else value
