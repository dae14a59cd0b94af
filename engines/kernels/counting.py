"""How many of some numbers are smaller than each of them, written as LLVM vectors; who ranks by that lives beside."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils as cgutils_module
from numba.core import types
from numba.extending import intrinsic

cgutils: Any = cgutils_module

BYTES = 128
"""Of the numbers that are held against all at once: four registers of AVX2, and four more for what is counted."""


def room(n: int, itemsize: int) -> int:
    """Length that arrays must have for n numbers of `itemsize` bytes: the last vector may reach beyond them."""
    return n + BYTES // itemsize


def _count_smaller(typing_context: Any, keys: Any, start: Any, end: Any, counts: Any) -> Any:
    """Fill in `counts`[i]: how many of `keys`[start:end] are smaller than keys[start + i].

    `counts` are integers as wide as the keys. Both arrays are read or written beyond the end, up to `room`.
    """
    signature = types.void(keys, types.intp, types.intp, counts)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        numbers, found = (context.make_array(sig.args[i])(context, builder, args[i]).data for i in (0, 3))
        number = context.get_value_type(sig.args[0].dtype)
        itemsize = 8 if isinstance(number, ir.DoubleType) else 4
        lanes, size = BYTES // itemsize, args[1].type
        vector, whole = ir.VectorType(number, lanes), ir.VectorType(ir.IntType(8 * itemsize), lanes)
        short = ir.IntType(32)
        everywhere = ir.Constant(ir.VectorType(short, lanes), [0] * lanes)
        with cgutils.for_range_slice(builder, args[1], args[2], ir.Constant(size, lanes)) as (first, _):
            own = builder.bitcast(builder.gep(numbers, [first]), vector.as_pointer())
            mine = builder.load(own, align=itemsize)
            counted = cgutils.alloca_once(builder, whole)
            builder.store(ir.Constant(whole, [0] * lanes), counted)
            with cgutils.for_range_slice(builder, args[1], args[2], ir.Constant(size, 1)) as (i, _):
                other = builder.load(builder.gep(numbers, [i]))
                lone = builder.insert_element(ir.Constant(vector, ir.Undefined), other, ir.Constant(short, 0))
                others = builder.shuffle_vector(lone, ir.Constant(vector, ir.Undefined), everywhere)
                smaller = builder.sext(builder.fcmp_ordered("<", others, mine), whole)
                builder.store(builder.sub(builder.load(counted), smaller), counted)
            place = builder.gep(found, [builder.sub(first, args[1])])
            builder.store(builder.load(counted), builder.bitcast(place, whole.as_pointer()), align=itemsize)
        return context.get_dummy_value()

    return signature, codegen


count_smaller: Any = intrinsic(_count_smaller)
