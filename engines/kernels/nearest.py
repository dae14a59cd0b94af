"""Which prototype is nearest to each row; the labels are always those of the exact distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.kernels.exact import Labels, candidate_distances, frozen, nearest_rows
from engines.kernels.fused import candidate_costs, nearest_of_some, pack_prototypes, pack_rows, search, settle
from engines.kernels.panels import FEW, Layout, layout_of

Floats = NDArray[Any]
UNIT64 = 2.0**-53

PIECE_WORK = 2**28
"""Multiply-adds between two looks at a stop token: at most a tenth of a second, mostly a hundredth."""


@dataclass(frozen=True)
class Frame:
    """Where the search puts the origin and the unit; labels do not depend on it, the number of near ties does.

    Attributes
    ----------
    offset : (d,), in the rows' precision
    scale : float
        A power of two: it keeps squares within float32's range and costs no digit.
    """

    offset: Floats
    scale: float


@dataclass(frozen=True)
class Packed:
    """Rows laid out for the search: panels (P, d, lanes), norms (P * lanes,)."""

    panels: Floats
    norms: NDArray[np.float64]

    def part(self, start: int, n_rows: int) -> Packed:
        """`n_rows` rows from row `start` on, which begins a panel."""
        lanes = self.panels.shape[2]
        panels = slice(start // lanes, -(-(start + n_rows) // lanes))
        return Packed(self.panels[panels], self.norms[panels.start * lanes : panels.stop * lanes])


def frame_for(mean: NDArray[Any], variance: float, dtype: np.dtype[Any]) -> Frame:
    """Origin at `mean`, unit near the root of `variance` (of all columns together)."""
    spread = np.sqrt(variance) if variance > 0 and np.isfinite(variance) else 1.0
    return Frame(np.ascontiguousarray(mean, dtype), float(2.0 ** np.clip(-np.round(np.log2(spread)), -100, 100)))


def pack(block: Floats, frame: Frame) -> Packed | None:
    """A block of rows (b, d) ready to be searched, in 64-row units; None where the search is plain."""
    layout = layout_of(block.dtype)
    return None if layout is None else _packed(block, frame, layout)


class Codebook:
    """Prototypes (K, d) made ready to be searched.

    Attributes
    ----------
    piece : int
        Rows that are labelled at once, a multiple of 64.
    """

    def __init__(self, prototypes: Floats, frame: Frame | None = None) -> None:
        self._prototypes = frozen(prototypes)
        if frame is None:
            centre = prototypes.mean(axis=0, dtype=np.float64)
            frame = frame_for(centre, float(np.sum(np.var(prototypes, axis=0, dtype=np.float64))), prototypes.dtype)
        self._frame = frame
        self._layout = layout_of(prototypes.dtype)
        self._tiles: dict[str, _Tiles] = {}
        self.piece = max(64, PIECE_WORK // prototypes.size // 64 * 64)
        if self._layout is not None:
            for dtype in _dtypes(prototypes):
                layout = layout_of(np.dtype(dtype))
                assert layout is not None
                self._tiles[dtype] = _tiles(prototypes, frame, np.dtype(dtype), layout.tile)

    def label(self, block: Floats, labels: Labels, packed: Packed | None = None) -> None:
        """Fill in `labels` (b,) for the rows `block` (b, d), or `packed` from them in the codebook's own frame."""
        if self._layout is None:
            nearest_rows(frozen(block), self._prototypes, labels)
            return
        packed = packed or _packed(block, self._frame, self._layout)
        # the exact distance: a float64 sum of d squares in eight lanes, its root rounded to the rows' precision
        blur = 2 * float(np.finfo(block.dtype).eps) + (block.shape[1] / 8 + 8) * UNIT64
        doubtful = self._search(packed, block.dtype, blur, labels)
        if len(doubtful) and block.dtype == np.float32:
            wide = block[doubtful].astype(np.float64)
            frame = Frame(self._frame.offset.astype(np.float64), self._frame.scale)
            layout = layout_of(wide.dtype)
            assert layout is not None
            again = np.empty(len(doubtful), np.int32)
            still = self._search(_packed(wide, frame, layout), wide.dtype, blur, again)
            labels[doubtful] = again
            doubtful = doubtful[still]
        if len(doubtful):
            nearest_of_some(frozen(block), self._prototypes, frozen(doubtful), labels)

    def _search(self, packed: Packed, dtype: np.dtype[Any], blur: float, labels: Labels) -> NDArray[np.intp]:
        """Label rows and tell which of them are in doubt."""
        tiles = self._tiles[dtype.name]
        n_panels, d, lanes = packed.panels.shape
        best, second = np.empty((n_panels, lanes), dtype), np.empty((n_panels, lanes), dtype)
        index = np.empty((n_panels, lanes), np.int32)
        search(packed.panels, tiles.tiles, tiles.halves, best, second, index)
        doubtful = np.empty(len(labels), np.intp)
        # rounded centring, rounded ½‖w‖² and d fused multiply-adds (Higham 2002, section 3.1), for two of them
        chain = (d + 4) * float(np.finfo(dtype).eps)
        n_doubtful = settle(
            best.ravel(), second.ravel(), index.ravel(), packed.norms, tiles.reach, chain, blur, labels, doubtful
        )
        return doubtful[:n_doubtful]


class Candidates:
    """A few points (L, d) whose squared distances to all rows of a block are wanted."""

    def __init__(self, points: Floats, frame: Frame) -> None:
        self._points, self._frame = frozen(points), frame
        self._plain = layout_of(points.dtype) is None
        if not self._plain:
            self._tiles = _tiles(points, frame, points.dtype, FEW)

    def costs(self, block: Floats, packed: Packed | None, closest: NDArray[np.float64]) -> NDArray[np.float64]:
        """min(closest (b,), squared distance) of each point and each row: (L, b) float64."""
        found = np.empty((len(self._points), len(block)))
        if packed is None:
            candidate_distances(frozen(block), self._points, frozen(closest), found)
            return found
        chain = (block.shape[1] + 4) * float(np.finfo(block.dtype).eps)
        candidate_costs(
            frozen(block),
            packed.panels,
            packed.norms,
            self._frame.scale,
            self._points,
            self._tiles.tiles,
            self._tiles.halves,
            chain,
            frozen(closest),
            found,
        )
        return found


@dataclass(frozen=True)
class _Tiles:
    """Prototypes laid out for the search: tiles (G, d, C), halves (G, C), and the largest norm."""

    tiles: Floats
    halves: Floats
    reach: float


def _dtypes(prototypes: Floats) -> tuple[str, ...]:
    return ("float32", "float64") if prototypes.dtype == np.float32 else ("float64",)


def _tiles(prototypes: Floats, frame: Frame, dtype: np.dtype[Any], tile: int) -> _Tiles:
    n_tiles, d = -(-len(prototypes) // tile), prototypes.shape[1]
    tiles, halves = np.empty((n_tiles, d, tile), dtype), np.empty((n_tiles, tile), dtype)
    offset = frozen(frame.offset.astype(dtype))
    reach = pack_prototypes(frozen(prototypes.astype(dtype)), offset, dtype.type(frame.scale), tiles, halves)
    return _Tiles(tiles, halves, reach)


def _packed(block: Floats, frame: Frame, layout: Layout) -> Packed:
    n_panels = -(-len(block) // layout.lanes)
    panels = np.empty((n_panels, block.shape[1], layout.lanes), block.dtype)
    norms = np.empty(n_panels * layout.lanes)
    pack_rows(frozen(block), frozen(frame.offset), block.dtype.type(frame.scale), layout.lanes, panels, norms)
    return Packed(panels, norms)
