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


squared_distance: Any = intrinsic(_squared_distance)


def _element(context: Any, builder: Any, array_type: Any, array: Any, position: Any) -> Any:
    """Pointer to element `position` of a contiguous array."""
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [position])


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
