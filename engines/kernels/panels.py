"""The nearest-prototype search with rows as vector lanes, for few prototypes and columns; rows are laid out once.

A panel is (d + 1, L): column j of L rows in one piece, and their norms as the last. Every lane belongs to one row, so
the smallest, the second smallest and the winner's index need no competition across lanes, which costs more than the
products where both are few.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from engines.kernels.exact import frozen
from engines.kernels.fused import in_doubt, safe_gap
from engines.kernels.lanes import WIDTHS, Writer, aligned, cgutils

TOGETHER = 4
"""Prototypes whose sums are kept in registers at once."""
MAX_PROTOTYPES, MAX_COLUMNS = 64, 16
"""More of either, and prototypes as lanes, with bounds, are quicker."""


@dataclass(frozen=True)
class Panels:
    """How rows are laid out.

    Attributes
    ----------
    width : int
        Numbers in a vector register.
    vectors : int
        Vectors of rows in a panel.
    """

    width: int
    vectors: int

    @property
    def rows(self) -> int:
        """Rows in a panel: a divisor of 64."""
        return self.width * self.vectors

    @property
    def tile(self) -> int:
        """Prototypes in a tile."""
        return TOGETHER


def panels_of(dtype: np.dtype[Any], n_prototypes: int, n_columns: int) -> Panels | None:
    """The panels for a precision, so many prototypes and columns; None where another search is quicker."""
    if WIDTHS is None or n_prototypes > MAX_PROTOTYPES or n_columns > MAX_COLUMNS:
        return None
    return Panels(WIDTHS[dtype.name], _vectors(WIDTHS[dtype.name] * dtype.itemsize))


def _vectors(register_bytes: int) -> int:
    """With 32 registers, as where they have 64 bytes, TOGETHER × 4 sums stay in them; with 16, TOGETHER × 2."""
    return 4 if register_bytes == 64 else 2


def in_panels(rows: NDArray[Any], norms: NDArray[Any], panels: Panels) -> NDArray[Any]:
    """Rows (n, d) and their norms (n,) as panels (P, d + 1, L), filled up with zeros."""
    n, d = rows.shape
    found = aligned((-(-n // panels.rows), d + 1, panels.rows), rows.dtype)
    found[-1] = 0
    _lay_out(frozen(rows), frozen(norms), found)
    return found


@njit(cache=True, nogil=True)
def _lay_out(rows, norms, panels):  # type: ignore[no-untyped-def]
    n, d = rows.shape
    lanes = panels.shape[2]
    for p in range(panels.shape[0]):
        for i in range(p * lanes, min((p + 1) * lanes, n)):
            for j in range(d):
                panels[p, j, i - p * lanes] = rows[i, j]
            panels[p, d, i - p * lanes] = norms[i]


def _search_panel(
    typing_context: Any, panels: Any, panel: Any, tiles: Any, halves: Any, safe: Any, best: Any, second: Any, index: Any
) -> Any:
    """Write the two smallest ½‖w‖² − x·w of the rows of a panel, and the slot of the smallest: (L,) each.

    Gives whether the two differ, for any row, by no more than safe[0] + ‖x‖ (safe[1] + ‖x‖ safe[2]).
    """
    signature = types.boolean(panels, types.intp, tiles, halves, safe, best, second, index)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        arrays: list[Any] = [
            None if i == 1 else context.make_array(sig.args[i])(context, builder, args[i]) for i in range(len(args))
        ]
        search = _Search(Writer(context, builder, sig.args[0].dtype), arrays, args[1])
        with cgutils.for_range(builder, search.n_tiles) as loop:
            search.compete(builder.mul(loop.index, search.constant(TOGETHER)))
        for place, kept in zip(arrays[5:], search.kept, strict=True):
            search.write_out(place.data, kept)
        return search.in_doubt(arrays[4].data)

    return signature, codegen


class _Search:
    """Writes the search of one panel; what it keeps in stack slots, LLVM puts into registers.

    Attributes
    ----------
    kept : three lists of slots, one for each vector of rows
        The smallest value, the second smallest, the slot of the smallest.
    """

    def __init__(self, write: Writer, arrays: list[Any], panel: Any) -> None:
        builder, shape = write.builder, arrays[2].shape
        self._write, self._tiles, self._halves = write, arrays[2].data, arrays[3].data
        self.n_tiles, self._d = (builder.extract_value(shape, axis) for axis in (0, 1))
        self._vectors = range(_vectors(write.width * (8 if write.double else 4)))
        self._lanes = len(self._vectors) * write.width
        numbers = builder.mul(builder.add(self._d, self.constant(1)), self.constant(self._lanes))
        self._columns = builder.gep(arrays[0].data, [builder.mul(panel, numbers)])
        infinity, nobody = write.constant(float("inf")), ir.Constant(write.indices, [0] * write.width)
        self.kept = [[write.slot(start) for _ in self._vectors] for start in (infinity, infinity, nobody)]
        self._sums = [[write.slot(infinity) for _ in self._vectors] for _ in range(TOGETHER)]

    def constant(self, value: int) -> Any:
        return ir.Constant(self._d.type, value)

    def compete(self, first: Any) -> None:
        """Let the tile that begins with slot number `first` compete; an equal one that comes later does not win."""
        write, builder, sums = self._write, self._write.builder, self._sums
        tile = builder.gep(self._tiles, [builder.mul(first, self._d)])
        for r in range(TOGETHER):
            half = write.spread(builder.load(write.at(self._halves, first, r)))
            for v in self._vectors:
                builder.store(half, sums[r][v])
        with cgutils.for_range(builder, self._d) as column:
            own = builder.mul(column.index, self.constant(TOGETHER))
            x = [self._read(column.index, v) for v in self._vectors]
            for r in range(TOGETHER):
                w = write.spread(builder.load(write.at(tile, own, r)))
                for v in self._vectors:
                    builder.store(write.multiply_add(x[v], w, builder.load(sums[r][v])), sums[r][v])
        for r in range(TOGETHER):
            slot = builder.add(first, self.constant(r))
            number = write.spread(slot if write.double else builder.trunc(slot, write.index))
            for v in self._vectors:
                self._enter(v, builder.load(sums[r][v]), number)

    def write_out(self, place: Any, kept: list[Any]) -> None:
        """Write what was kept of one kind, lane by lane."""
        for v in self._vectors:
            start = self.constant(v * self._write.width)
            self._write.store(self._write.builder.load(kept[v]), self._write.at(place, start))

    def in_doubt(self, safe: Any) -> Any:
        """Whether smallest and second smallest are too close in any lane; a row's norm is its last column."""
        write, builder = self._write, self._write.builder
        fixed, linear, quadratic = (write.spread(builder.load(write.at(safe, self.constant(k)))) for k in range(3))
        doubt = ir.Constant(ir.IntType(write.width), 0)
        for v in self._vectors:
            norm = self._read(self._d, v)
            bound = write.multiply_add(norm, write.multiply_add(norm, quadratic, linear), fixed)
            gap = builder.fsub(builder.load(self.kept[1][v]), builder.load(self.kept[0][v]))
            close = builder.fcmp_unordered("<=", gap, bound)
            doubt = builder.or_(doubt, builder.bitcast(close, doubt.type))
        return builder.icmp_unsigned("!=", doubt, ir.Constant(doubt.type, 0))

    def _read(self, column: Any, v: int) -> Any:
        start = self._write.builder.mul(column, self.constant(self._lanes))
        return self._write.load(self._write.at(self._columns, start, v * self._write.width))

    def _enter(self, v: int, value: Any, number: Any) -> None:
        write, builder = self._write, self._write.builder
        best, second, index = (builder.load(kept[v]) for kept in self.kept)
        wins = write.less(value, best)
        builder.store(builder.select(wins, value, best), self.kept[0][v])
        builder.store(write.least(write.most(value, best), second), self.kept[1][v])
        builder.store(builder.select(wins, number, index), self.kept[2][v])


_panel: Any = intrinsic(_search_panel)


@njit(cache=True, nogil=True)
def label_panels(  # type: ignore[no-untyped-def]
    panels, tiles, halves, slots, far, reach, chain, blur, labels, doubtful
):
    """Label the rows of panels (P, d + 1, L) by their nearest prototypes, in tiles (G, d, TOGETHER), as `settle` does.

    Returns how many rows are in doubt; their numbers go into `doubtful`.
    """
    n, d, lanes = labels.shape[0], tiles.shape[1], panels.shape[2]
    safe = safe_gap(reach, far, chain, blur, panels)
    best, second = np.empty(lanes, panels.dtype), np.empty(lanes, panels.dtype)
    index = np.empty(lanes, np.int32)
    n_doubtful = 0
    for p in range(panels.shape[0]):
        first = p * lanes
        any_in_doubt = _panel(panels, p, tiles, halves, safe, best, second, index)
        for i in range(first, min(first + lanes, n)):
            labels[i] = slots[index[i - first]]
        if any_in_doubt:
            for i in range(first, min(first + lanes, n)):
                a = i - first
                value, x = np.float64(best[a]), np.float64(panels[p, d, a])
                if in_doubt(np.float64(second[a]) - value, value, x, far, reach, chain, blur):
                    doubtful[n_doubtful] = i
                    n_doubtful += 1
    return n_doubtful
