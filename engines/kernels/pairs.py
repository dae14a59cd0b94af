"""The two nearest prototypes of every row, exactly: the fused search, and a second look where rounding could decide.

Distances, ties and their order are those of `engines.kernels.exact`; the first of the pair is what every label is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from engines.kernels.exact import Labels, frozen
from engines.kernels.lanes import WIDTHS, Writer, cgutils, tiled, width_of
from engines.kernels.vectors import squared_distance

Floats = NDArray[Any]

ROWS = 6
"""Rows that are searched for at once."""
VECTORS = 2
"""Vectors of prototypes in a tile."""
PIECE = 1536
"""Rows that are laid out for the search at once: a multiple of `ROWS`."""
CHUNK = 96
"""Columns whose products are added up on their own: short chains of sums leave fewer rows in doubt."""
FEW = 8
"""Doubtful rows that are looked at exactly at once, without a search in float64 before."""


class PairSearch:
    """Prototypes (M, d) made ready to be searched.

    Attributes
    ----------
    piece : int
        Rows between two looks at a stop token: a tenth of a second at most.
    """

    def __init__(self, prototypes: Floats) -> None:
        self._prototypes = frozen(prototypes)
        self.piece = max(ROWS, 2**28 // prototypes.size // ROWS * ROWS)
        centre = prototypes.mean(axis=0, dtype=np.float64)
        spread = float(np.sqrt(np.sum(np.var(prototypes, axis=0, dtype=np.float64))))
        exponent = -np.round(np.log2(spread)) if spread > 0 and np.isfinite(spread) else 0.0
        self._scale = float(2.0 ** np.clip(exponent, -100, 100))  # a power of two costs no digit
        self._offset = centre.astype(prototypes.dtype)
        self._tiles: dict[np.dtype[Any], tuple[Floats, Floats, float]] = {}

    def find(self, block: Floats, first: Labels, second: Labels) -> None:
        """Fill in the nearest and the second nearest prototype (b,) of the rows `block` (b, d).

        Of equally near ones the lower index comes first; a single prototype is its own second.
        """
        n = len(block)
        if WIDTHS is None or len(self._prototypes) == 1:
            exact_pairs(frozen(block), self._prototypes, frozen(np.arange(n)), first, second)
            return
        doubtful = self._search(block, block.dtype, first, second)
        if len(doubtful) > FEW and block.dtype == np.float32:
            pair = np.empty((2, len(doubtful)), np.int32)
            still = self._search(block[doubtful], np.dtype(np.float64), pair[0], pair[1])
            first[doubtful], second[doubtful] = pair
            doubtful = doubtful[still]
        if len(doubtful):
            exact_pairs(frozen(block), self._prototypes, frozen(doubtful), first, second)

    def _search(self, block: Floats, dtype: np.dtype[Any], first: Labels, second: Labels) -> NDArray[np.intp]:
        """Find pairs computing in `dtype`; gives the rows that rounding could have decided."""
        tiles, halves, reach = self._laid_out(dtype)
        d = block.shape[1]
        chain = (min(d, CHUNK) + d // CHUNK + 5) * float(np.finfo(dtype).eps)
        blur = 2 * float(np.finfo(block.dtype).eps) + (d / 8 + 8) * 2.0**-53
        doubtful = np.empty(len(block), np.intp)
        scratch = np.empty((min(PIECE, -(-len(block) // ROWS) * ROWS), d), dtype)
        norms = np.empty(len(scratch))
        values, slots = np.empty((ROWS, 3), dtype), np.empty((ROWS, 2), np.int32)
        offset = frozen(self._offset.astype(dtype))
        n_doubtful = search_pairs(
            frozen(block), offset, dtype.type(self._scale), frozen(tiles), frozen(halves),
            reach, chain, blur, scratch, norms, values, slots, first, second, doubtful,
        )  # fmt: skip
        return doubtful[:n_doubtful]

    def _laid_out(self, dtype: np.dtype[Any]) -> tuple[Floats, Floats, float]:
        """Negated tiles, ½‖w‖² (∞ where no prototype is) and the largest ‖w‖, centred and scaled."""
        if dtype not in self._tiles:
            lanes = VECTORS * width_of(dtype)
            centred = (self._prototypes.astype(dtype) - self._offset.astype(dtype)) * dtype.type(self._scale)
            squares = np.einsum("kj,kj->k", centred, centred, dtype=np.float64)
            halves = np.full(-(-len(centred) // lanes) * lanes, np.inf, dtype)
            halves[: len(centred)] = squares / 2
            self._tiles[dtype] = tiled(-centred, lanes), halves, float(np.sqrt(squares.max()))
        return self._tiles[dtype]


@njit(cache=True, nogil=True)
def exact_pairs(X, W, wanted, first, second):  # type: ignore[no-untyped-def]
    """The two nearest prototypes of the rows `wanted` of X (n, d), one exact distance after the other."""
    d = X.shape[1]
    rounded = np.empty(1, X.dtype)
    for i in wanted:
        best, next_best = np.inf, np.inf
        winner, runner_up = 0, 0
        for k in range(W.shape[0]):
            rounded[0] = np.sqrt(squared_distance(X, i * d, W, k * d, d))
            if rounded[0] < best:
                next_best, runner_up = best, winner
                best, winner = rounded[0], k
            elif rounded[0] < next_best:
                next_best, runner_up = rounded[0], k
        first[i], second[i] = winner, runner_up


@njit(cache=True, nogil=True)
def search_pairs(  # type: ignore[no-untyped-def]
    X, offset, scale, tiles, halves, reach, chain, blur, scratch, norms, values, slots, first, second, doubtful
):  # fmt: skip
    """Pairs of the rows of X (n, d) by ½‖w‖² − x·w; returns how many rows `doubtful` then lists.

    Two computed ½‖w‖² − x·w together are off by at most `chain` (½‖w‖² + ‖x‖‖w‖) (chunks of fused multiply-adds, Higham
    2002, section 3.1), and exact distances are rounded, which blurs their squares by at most `blur` (‖x‖ + ‖w‖)².
    ‖w‖ is at most `reach`, and of use only up to ‖x‖ + ‖x − w‖ of the third best.
    """
    n = X.shape[0]
    n_doubtful = 0
    for begin in range(0, n, scratch.shape[0]):
        n_here = min(scratch.shape[0], n - begin)
        _centre(X, begin, n_here, offset, scale, scratch, norms)
        for group in range(0, n_here, ROWS):
            two_nearest(scratch, group, tiles, halves, values, slots)
            for r in range(min(ROWS, n_here - group)):
                i = begin + group + r
                first[i], second[i] = slots[r, 0], slots[r, 1]
                best, next_best, third = np.float64(values[r, 0]), np.float64(values[r, 1]), np.float64(values[r, 2])
                x = norms[group + r]
                w = reach
                if chain < 0.003:
                    w = min(w, 1.1 * x + 1.01 * np.sqrt(max(0.0, 2.0 * third + x * x)))
                if min(next_best - best, third - next_best) <= chain * w * (0.5 * w + x) + blur * (x + w) * (x + w):
                    doubtful[n_doubtful] = i
                    n_doubtful += 1
    return n_doubtful


@njit(cache=True, nogil=True)
def _centre(X, begin, n_here, offset, scale, scratch, norms):  # type: ignore[no-untyped-def]
    """Rows of X, centred and scaled, into `scratch`, zeros after them up to a whole group; their norms too."""
    d = X.shape[1]
    for i in range(n_here):
        for j in range(d):
            scratch[i, j] = (X[begin + i, j] - offset[j]) * scale
        square = 0.0
        for j in range(d):
            square += np.float64(scratch[i, j]) * scratch[i, j]
        norms[i] = np.sqrt(square)
    for i in range(n_here, min(scratch.shape[0], -(-n_here // ROWS) * ROWS)):
        scratch[i] = 0


def _two_nearest(
    typing_context: Any, rows: Any, group: Any, tiles: Any, halves: Any, values: Any, slots: Any
) -> Any:  # fmt: skip
    """Let the rows `group` to `group` + ROWS of `rows` (b, d) search `tiles` (G, d, C), `halves` (G·C,).

    Writes the three smallest ½‖w‖² − x·w of each row to `values` (ROWS, 3), and the prototypes of the first two to
    `slots` (ROWS, 2) int32; of equal values any may come first.
    """
    signature = types.void(rows, types.intp, tiles, halves, values, slots)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        arrays = {i: context.make_array(sig.args[i])(context, builder, args[i]) for i in (0, 2, 3, 4, 5)}
        writer = Writer(context, builder, sig.args[0].dtype)
        n_tiles, d = (builder.extract_value(arrays[2].shape, i) for i in range(2))
        lanes = VECTORS * writer.width
        x = [
            builder.gep(arrays[0].data, [builder.mul(builder.add(args[1], ir.Constant(d.type, r)), d)])
            for r in range(ROWS)
        ]
        sums = [[writer.slot(writer.constant(0.0)) for _ in range(VECTORS)] for _ in range(ROWS)]
        totals = [[writer.slot(writer.constant(0.0)) for _ in range(VECTORS)] for _ in range(ROWS)]
        ranks = [_Ranks(writer) for _ in range(ROWS)]
        with cgutils.for_range(builder, n_tiles) as loop:
            start = builder.mul(loop.index, ir.Constant(d.type, lanes))
            for v in range(VECTORS):
                half = writer.load(writer.at(arrays[3].data, start, v * writer.width))
                for r in range(ROWS):
                    builder.store(half, sums[r][v])
            tile = builder.gep(arrays[2].data, [builder.mul(start, d)])
            _products(writer, x, tile, d, sums, totals)
            for v in range(VECTORS):
                index = writer.numbered(builder.add(start, ir.Constant(d.type, v * writer.width)))
                for r in range(ROWS):
                    ranks[r].enter(builder.load(sums[r][v]), index)
        for r in range(ROWS):
            ranks[r].merge()
            ranks[r].store(arrays[4].data, arrays[5].data, r)
        return context.get_dummy_value()

    return signature, codegen


two_nearest: Any = intrinsic(_two_nearest)


def _products(writer: Writer, x: list[Any], tile: Any, d: Any, sums: Any, totals: Any) -> None:
    """Write the addition of the products of rows `x` and a tile to `sums`, chunk by chunk of columns."""
    builder, size = writer.builder, d.type
    zero, pairs = writer.constant(0.0), [(r, v) for r in range(ROWS) for v in range(VECTORS)]
    wide = builder.icmp_signed(">", d, ir.Constant(size, CHUNK))
    with builder.if_then(wide):
        for r, v in pairs:
            builder.store(zero, totals[r][v])
    with cgutils.for_range_slice(builder, ir.Constant(size, 0), d, ir.Constant(size, CHUNK)) as (first, _):
        with builder.if_then(builder.icmp_signed(">", first, ir.Constant(size, 0))):
            for r, v in pairs:
                builder.store(builder.fadd(builder.load(totals[r][v]), builder.load(sums[r][v])), totals[r][v])
                builder.store(zero, sums[r][v])
        end = builder.add(first, ir.Constant(size, CHUNK))
        end = builder.select(builder.icmp_signed("<", end, d), end, d)
        with cgutils.for_range_slice(builder, first, end, ir.Constant(size, 1)) as (column, _):
            place = builder.mul(column, ir.Constant(size, VECTORS * writer.width))
            w = [writer.load(writer.at(tile, place, v * writer.width)) for v in range(VECTORS)]
            for r in range(ROWS):
                number = writer.spread(builder.load(builder.gep(x[r], [column])))
                for v in range(VECTORS):
                    builder.store(writer.multiply_add(number, w[v], builder.load(sums[r][v])), sums[r][v])
    with builder.if_then(wide):
        for r, v in pairs:
            builder.store(builder.fadd(builder.load(totals[r][v]), builder.load(sums[r][v])), sums[r][v])


class _Ranks:
    """Writes how the prototypes of one row compete in each lane: the three smallest, the indices of the first two."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        infinite, nobody = writer.constant(float("inf")), ir.Constant(writer.indices, [0] * writer.width)
        self._values = [writer.slot(infinite) for _ in range(3)]
        self._indices = [writer.slot(nobody) for _ in range(2)]

    def enter(self, value: Any, index: Any) -> None:
        """Let one more compete; an equal one that comes later does not win."""
        writer, builder = self._writer, self._writer.builder
        best, second, third = (builder.load(slot) for slot in self._values)
        winner, runner_up = (builder.load(slot) for slot in self._indices)
        wins, places = writer.less(value, best), writer.less(value, second)
        news = (
            writer.least(value, best),
            writer.least(writer.most(value, best), second),
            writer.least(writer.most(value, second), third),
        )
        for slot, new in zip(self._values, news, strict=True):
            builder.store(new, slot)
        builder.store(builder.select(wins, winner, builder.select(places, index, runner_up)), self._indices[1])
        builder.store(builder.select(wins, index, winner), self._indices[0])

    def merge(self) -> None:
        """Let the lanes compete among themselves, until each knows the outcome of all."""
        writer, builder = self._writer, self._writer.builder
        apart = writer.width // 2
        while apart:
            best, second, third = (writer.rotated(builder.load(slot), apart) for slot in self._values)
            winner, runner_up = (writer.rotated(builder.load(slot), apart) for slot in self._indices)
            self.enter(best, winner)
            self.enter(second, runner_up)
            builder.store(writer.least(third, builder.load(self._values[2])), self._values[2])
            apart //= 2

    def store(self, values: Any, slots: Any, row: int) -> None:
        """Write the merged values and indices to their places of row `row`."""
        builder, short = self._writer.builder, ir.IntType(32)
        zero = ir.Constant(ir.IntType(64), 0)
        for rank, slot in enumerate(self._values):
            value = builder.extract_element(builder.load(slot), ir.Constant(short, 0))
            builder.store(value, self._writer.at(values, zero, 3 * row + rank))
        for rank, slot in enumerate(self._indices):
            index = builder.extract_element(builder.load(slot), ir.Constant(short, 0))
            index = builder.trunc(index, short) if self._writer.double else index
            builder.store(index, self._writer.at(slots, zero, 2 * row + rank))
