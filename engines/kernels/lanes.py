"""A writer of LLVM vector code over tiles of prototypes, which are the lanes; the kernels themselves live beside.

A tile is (d, C): column j of its C prototypes in one piece, so that a vector holds one column of several prototypes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba.core import cgutils as cgutils_module
from numpy.typing import NDArray

cgutils: Any = cgutils_module


def widths(features: Mapping[str, bool]) -> dict[str, int] | None:
    """Numbers in a vector register by precision; None on a processor that cannot multiply and add at once."""
    if features.get("avx512f"):
        return {"float32": 16, "float64": 8}
    if features.get("fma"):
        return {"float32": 8, "float64": 4}
    if features.get("neon"):
        return {"float32": 4, "float64": 2}
    return None


WIDTHS = widths(llvm.get_host_cpu_features())
"""Of this processor."""
GENERIC = {"float32": 8, "float64": 4}
"""Where there is no better: LLVM makes of such vectors what the processor has."""
CACHE_LINE = 64


def width_of(dtype: object) -> int:
    """Numbers in a vector of this precision."""
    return (WIDTHS or GENERIC)[str(dtype)]


def tiled(prototypes: NDArray[Any], lanes: int, fill: float = 0.0) -> NDArray[Any]:
    """Prototypes (M, d) as tiles (⌈M / lanes⌉, d, lanes), filled up with `fill`."""
    n, d = prototypes.shape
    padded = np.full((-(-n // lanes) * lanes, d), fill, prototypes.dtype)
    padded[:n] = prototypes
    tiles = aligned((len(padded) // lanes, d, lanes), prototypes.dtype)
    tiles[...] = padded.reshape(-1, lanes, d).transpose(0, 2, 1)
    return tiles


def untiled(tiles: NDArray[Any], n: int) -> NDArray[Any]:
    """The first `n` prototypes (n, d) of tiles (G, d, lanes), as a new array."""
    n_tiles, d, lanes = tiles.shape
    return np.array(tiles.transpose(0, 2, 1).reshape(n_tiles * lanes, d)[:n], order="C")


def aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array that begins with a cache line: vectors that lie across two take twice as long."""
    n_bytes = math.prod(shape) * dtype.itemsize
    room = np.empty(n_bytes + CACHE_LINE, np.uint8)
    first = -room.ctypes.data % CACHE_LINE
    return room[first : first + n_bytes].view(dtype).reshape(shape)


def spread(builder: Any, number: Any, lanes: int) -> Any:
    """A vector with the number in each of its lanes."""
    short = ir.IntType(32)
    vector = ir.VectorType(number.type, lanes)
    lone = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.Constant(short, 0))
    everywhere = ir.Constant(ir.VectorType(short, lanes), [0] * lanes)
    return builder.shuffle_vector(lone, ir.Constant(vector, ir.Undefined), everywhere)


class Writer:
    """Vector instructions of one precision; what is kept in stack slots, LLVM puts into registers."""

    def __init__(self, context: Any, builder: Any, dtype: Any) -> None:
        self.builder = builder
        self.number = context.get_value_type(dtype)
        self.width = width_of(dtype)
        self.double = isinstance(self.number, ir.DoubleType)
        self.vector = ir.VectorType(self.number, self.width)
        self.index = ir.IntType(64 if self.double else 32)  # as wide as the numbers, as compares give them
        self.indices = ir.VectorType(self.index, self.width)
        self._fma = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(self.vector, [self.vector] * 3),
            f"llvm.fma.v{self.width}f{64 if self.double else 32}",
        )

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """a·b + c, rounded once."""
        return self.builder.call(self._fma, [a, b, c])

    def constant(self, value: float) -> Any:
        return ir.Constant(self.vector, [value] * self.width)

    def slot(self, start: Any) -> Any:
        """A place in the stack that holds `start`."""
        return cgutils.alloca_once_value(self.builder, start)

    def at(self, pointer: Any, start: Any, offset: int = 0) -> Any:
        """Pointer to element `start + offset`."""
        return self.builder.gep(pointer, [self.builder.add(start, ir.Constant(start.type, offset))])

    def load(self, pointer: Any) -> Any:
        """A vector from anywhere."""
        return self.builder.load(self.builder.bitcast(pointer, self.vector.as_pointer()), align=8 if self.double else 4)

    def store(self, value: Any, pointer: Any) -> None:
        """A vector, of numbers or of indices (written as int32), to anywhere."""
        if value.type == self.indices and self.double:
            value = self.builder.trunc(value, ir.VectorType(ir.IntType(32), self.width))
        self.builder.store(value, self.builder.bitcast(pointer, value.type.as_pointer()), align=4)

    def spread(self, number: Any) -> Any:
        """The number in every lane."""
        return spread(self.builder, number, self.width)

    def numbered(self, first: Any) -> Any:
        """first, first + 1, … as indices."""
        start = first if self.double else self.builder.trunc(first, self.index)
        return self.builder.add(self.spread(start), ir.Constant(self.indices, list(range(self.width))))

    def rotated(self, vector: Any, lanes: int) -> Any:
        """Lane i gets what lane i + `lanes` had, round the end."""
        order = [(i + lanes) % self.width for i in range(self.width)]
        whole = ir.Constant(ir.VectorType(ir.IntType(32), self.width), order)
        return self.builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), whole)

    def less(self, a: Any, b: Any) -> Any:
        return self.builder.fcmp_ordered("<", a, b)

    def least(self, a: Any, b: Any) -> Any:
        return self.builder.select(self.less(a, b), a, b)

    def most(self, a: Any, b: Any) -> Any:
        return self.builder.select(self.less(a, b), b, a)

    def any_but_zero(self, vectors: list[Any]) -> Any:
        """Whether any lane of any of the vectors differs from zero."""
        builder = self.builder
        found = [builder.fcmp_unordered("!=", vector, self.constant(0.0)) for vector in vectors]
        mask = found[0]
        for other in found[1:]:
            mask = builder.or_(mask, other)
        bits = builder.bitcast(mask, ir.IntType(self.width))
        return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))
