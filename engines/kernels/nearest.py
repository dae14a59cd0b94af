"""Which prototype is nearest to each row; the labels are always those of the exact distance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.kernels.exact import Labels, candidate_distances, frozen, nearest_rows
from engines.kernels.fused import (
    candidate_costs,
    move_rows,
    nearest_of_some,
    pack_prototypes,
    rough_norms,
    row_norms,
    search,
    settle,
)
from engines.kernels.panels import Panels, in_panels, label_panels, panels_of
from engines.kernels.tiles import Layout, layout_of

Floats = NDArray[Any]
UNIT64 = 2.0**-53

PIECE_WORK = 2**28
"""Multiply-adds between two looks at a stop token: at most a tenth of a second, mostly a hundredth."""
FEW_WORK = 2**18
"""So many exact differences are sooner taken than avoided by a search in float64."""
FAR = 2.0
"""Rows whose centre is this many of their spreads away from 0 are moved there before they are searched."""


@dataclass(frozen=True)
class Frame:
    """Where the search puts the origin and the unit; labels do not depend on it, the number of near ties does.

    Attributes
    ----------
    offset : (d,), in the rows' precision
    scale : float
        A power of two: it keeps squares within float32's range and costs no digit. 1 unless `moved`.
    moved : bool
        Whether rows are copied to that origin and unit; where they are near it anyway, only prototypes are.
    """

    offset: Floats
    scale: float
    moved: bool

    @property
    def far(self) -> float:
        """By how much rows may be farther from the origin of the search than from the centre, twice."""
        return 0.0 if self.moved else 2.0 * float(np.linalg.norm(self.offset.astype(np.float64)))


@dataclass(frozen=True)
class Placed:
    """Rows ready to be searched.

    Attributes
    ----------
    rows : (b, d)
        In the frame: the block itself, or moved.
    norms : (b,)
        Their distances from the frame's centre, in its unit.
    panels : (P, d + 1, L) or None
        The rows laid out as vector lanes, where they are to be searched so; L divides 64.
    """

    rows: Floats
    norms: Floats
    panels: Floats | None = None

    def part(self, start: int, stop: int) -> Placed:
        """Rows `start` to `stop`; `start` is a multiple of 64."""
        panels = self.panels
        if panels is not None:
            lanes = panels.shape[2]
            panels = panels[start // lanes : -(-stop // lanes)]
        return Placed(self.rows[start:stop], self.norms[start:stop], panels)


def frame_for(mean: NDArray[Any], variance: float, dtype: np.dtype[Any]) -> Frame:
    """Origin at `mean`, unit near the root of `variance` (of all columns together)."""
    spread = float(np.sqrt(variance)) if variance > 0 and np.isfinite(variance) else 1.0
    offset = np.ascontiguousarray(mean, dtype)
    near = float(np.linalg.norm(offset.astype(np.float64))) <= FAR * spread
    if near and 2.0**-20 < spread < 2.0**20:
        return Frame(offset, 1.0, moved=False)
    return Frame(offset, float(2.0 ** np.clip(-np.round(np.log2(spread)), -100, 100)), moved=True)


def place(block: Floats, frame: Frame, *, roughly: bool = False, panels: Panels | None = None) -> Placed:
    """A block of rows (b, d) ready to be searched by codebooks of this frame.

    Norms that are only `roughly` right are enough to tell which labels are in doubt. Laying rows out in `panels` takes
    longer than one search: for rows that are searched again and again.
    """
    norms, offset = np.empty(len(block), block.dtype), frame.offset
    if frame.moved:
        moved = np.empty(block.shape, block.dtype)
        move_rows(frozen(block), frozen(offset), block.dtype.type(frame.scale), moved)
        block, offset = moved, np.zeros_like(offset)
    (rough_norms if roughly else row_norms)(frozen(block), frozen(offset), norms)
    return Placed(block, norms, None if panels is None else in_panels(block, norms, panels))


class Codebook:
    """Prototypes (K, d) made ready to be searched.

    Attributes
    ----------
    piece : int
        Rows that are labelled at once, a multiple of 64.
    tiles : Tiles or None
        The prototypes laid out, in `order` (K,) where one is given; None where the search is plain.
    """

    def __init__(self, prototypes: Floats, frame: Frame | None = None, order: NDArray[np.int32] | None = None) -> None:
        self._prototypes = frozen(prototypes)
        if frame is None:
            centre = prototypes.mean(axis=0, dtype=np.float64)
            frame = frame_for(centre, float(np.sum(np.var(prototypes, axis=0, dtype=np.float64))), prototypes.dtype)
        self._frame = frame
        self.piece = max(64, PIECE_WORK // prototypes.size // 64 * 64)
        layout = layout_of(prototypes.dtype, len(prototypes))
        self.tiles = None if layout is None else tiles_of(prototypes, frame, layout, order=order)

    def label(self, block: Floats, labels: Labels, placed: Placed | None = None) -> None:
        """Fill in `labels` (b,) for the rows `block` (b, d), which may have been placed in the codebook's own frame."""
        if self.tiles is None:
            nearest_rows(frozen(block), self._prototypes, labels)
            return
        placed = placed or place(block, self._frame, roughly=True)
        doubtful = _search(self.tiles if placed.panels is None else self._narrow, placed, labels)
        self.decide(block, labels, doubtful)

    @cached_property
    def _narrow(self) -> Tiles:
        """The prototypes laid out for rows in panels."""
        panels = panels_of(self._prototypes.dtype, *self._prototypes.shape)
        assert panels is not None
        return tiles_of(self._prototypes, self._frame, panels)

    def decide(self, block: Floats, labels: Labels, doubtful: NDArray[np.intp]) -> None:
        """Put right the labels of the rows numbered `doubtful`, of which the search was not sure."""
        if block.dtype == np.float32 and len(doubtful) * self._prototypes.size > FEW_WORK:
            wide = Frame(self._frame.offset.astype(np.float64), self._frame.scale, self._frame.moved)
            layout = layout_of(wide.offset.dtype, len(self._prototypes))
            assert layout is not None
            tiles = tiles_of(self._prototypes.astype(np.float64), wide, layout, blur=blur_of(block))
            again = np.empty(len(doubtful), np.int32)
            still = _search(tiles, place(block[doubtful].astype(np.float64), wide), again)
            labels[doubtful] = again
            doubtful = doubtful[still]
        if len(doubtful):
            nearest_of_some(frozen(block), self._prototypes, frozen(doubtful), labels)


class Candidates:
    """A few points (L, d) whose squared distances to all rows of a block are wanted."""

    def __init__(self, points: Floats, frame: Frame) -> None:
        self._points, self._frame = frozen(points), frame
        layout = layout_of(points.dtype, 1)
        self._tiles = None if layout is None else tiles_of(points, frame, layout)

    def costs(self, block: Floats, placed: Placed, closest: NDArray[np.float64]) -> NDArray[np.float64]:
        """min(closest (b,), squared distance) of each point and each row: (L, b) float64."""
        found = np.empty((len(self._points), len(block)))
        tiles = self._tiles
        if tiles is None:
            candidate_distances(frozen(block), self._points, frozen(closest), found)
            return found
        candidate_costs(
            frozen(block),
            frozen(placed.rows),
            frozen(placed.norms),
            self._frame.far,
            self._frame.scale,
            self._points,
            tiles.tiles,
            tiles.halves,
            tiles.norms,
            tiles.chain,
            frozen(closest),
            np.empty(tiles.layout.rows, np.int64),
            np.empty((tiles.layout.rows, tiles.layout.tile), block.dtype),
            found,
        )
        return found


@dataclass(frozen=True)
class Tiles:
    """Prototypes laid out for the search, and what is known of its rounding.

    Attributes
    ----------
    tiles : (G, d, C)
    halves : (G, C)
    slots : (G * C,) int32
        Which prototype is where; −1 for nobody.
    norms : (K,) float64
        Of the prototypes, in the frame.
    far, reach, chain, blur : float
        As `in_doubt` takes them.
    """

    layout: Layout | Panels
    tiles: Floats
    halves: Floats
    slots: NDArray[np.int32]
    norms: NDArray[np.float64]
    far: float
    chain: float
    blur: float

    @property
    def reach(self) -> float:
        """The largest of the norms."""
        return float(np.linalg.norm(self.norms, np.inf))


def tiles_of(
    prototypes: Floats,
    frame: Frame,
    layout: Layout | Panels,
    *,
    order: NDArray[np.int32] | None = None,
    blur: float | None = None,
) -> Tiles:
    """Prototypes (K, d) laid out in `order` (K,), or as they come."""
    n_prototypes, d = prototypes.shape
    n_tiles = -(-n_prototypes // layout.tile)
    slots = np.full(n_tiles * layout.tile, -1, np.int32)
    slots[:n_prototypes] = np.arange(n_prototypes) if order is None else order
    tiles = np.empty((n_tiles, d, layout.tile), prototypes.dtype)
    halves, norms = np.empty((n_tiles, layout.tile), prototypes.dtype), np.empty(n_prototypes)
    scale = prototypes.dtype.type(frame.scale)
    pack_prototypes(frozen(prototypes), slots, frozen(frame.offset), scale, frame.moved, tiles, halves, norms)
    # rounded centring, rounded ½‖w‖² and d fused multiply-adds (Higham 2002, section 3.1), for two of them
    chain = (d + 4) * float(np.finfo(prototypes.dtype).eps)
    return Tiles(layout, tiles, halves, slots, norms, frame.far, chain, blur_of(prototypes) if blur is None else blur)


def blur_of(rows: Floats) -> float:
    """Relative error of a squared exact distance: a float64 sum of d squares in eight lanes, its root rounded."""
    return float(2 * np.finfo(rows.dtype).eps + (rows.shape[1] / 8 + 8) * UNIT64)


def _search(tiles: Tiles, placed: Placed, labels: Labels) -> NDArray[np.intp]:
    """Label rows and tell which of them are in doubt."""
    rounding = (tiles.far, tiles.reach, tiles.chain, tiles.blur)
    doubtful = np.empty(len(labels), np.intp)
    if placed.panels is not None:
        n_doubtful = label_panels(
            frozen(placed.panels), tiles.tiles, tiles.halves, tiles.slots, *rounding, labels, doubtful
        )
        return doubtful[:n_doubtful]
    room = len(labels) + tiles.layout.rows
    best, second = np.empty(room, placed.rows.dtype), np.empty(room, placed.rows.dtype)
    index, places = np.empty(room, np.int32), np.empty(tiles.layout.rows, np.int64)
    search(frozen(placed.rows), tiles.tiles, tiles.halves, places, best, second, index)
    n_doubtful = settle(best, second, index, tiles.slots, placed.norms, *rounding, labels, doubtful)
    return doubtful[:n_doubtful]
