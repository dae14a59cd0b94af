"""Cells of a grid as one index image: which unit each pixel belongs to, so that any values can be coloured at once.

A torus is cut open where people like, and repeats beyond the cut what follows there, paler.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engines.maps.grid import Grid

_FINEST, _COARSEST = 64, 3
_GAP = 1.3
"""Pixels between cells, where cells are wide enough for them."""
_BEYOND = 0.62
"""Of a unit, so much is shown again beyond the cut of a torus."""


@dataclass(frozen=True, eq=False)
class CellImage:
    """A grid as pixels, row 0 of the units at the top, or the row where a torus is cut.

    Attributes
    ----------
    units : (h, w) int32
        Unit of each pixel; -1 between the cells and outside.
    owners : (h, w) int32
        The same without gaps between the cells.
    repeated : (h, w) bool
        Whether the pixel lies beyond the cut of a torus.
    cut : (h, w) bool
        The cut itself, as a line.
    angles : (h, w) float32
        Direction from the middle of the cell, 0 to 1 once around, clockwise from the top.
    radii : (h, w) float32
        Distance from the middle of the cell; 1 at the largest circle inside it.
    pitch : int
        Pixels from one unit to the next in a row.
    boxes : (M, 4) float64
        Left, top, right and bottom of each unit's cell, in pixels.
    period : (float, float)
        Pixels across and down after which a torus repeats itself; infinite otherwise.
    """

    units: NDArray[np.int32]
    owners: NDArray[np.int32]
    repeated: NDArray[np.bool_]
    cut: NDArray[np.bool_]
    angles: NDArray[np.float32]
    radii: NDArray[np.float32]
    pitch: int
    boxes: NDArray[np.float64]
    period: tuple[float, float]


@lru_cache(maxsize=8)
def shared(grid: Grid) -> Grid:
    """The first grid that was like this one: what it has worked out need not be worked out again."""
    return grid


@lru_cache(maxsize=8)
def grid_edges(grid: Grid) -> NDArray[np.int64]:
    """(e, 2) pairs of neighbouring units, each once; of a rectangular grid without the diagonals."""
    near = grid.neighbours
    unit = np.repeat(np.arange(grid.n_units), near.shape[1])
    pairs = np.column_stack([unit, near.ravel()]).astype(np.int64)
    pairs = pairs[pairs[:, 1] > pairs[:, 0]]
    if grid.topology == "rectangular":
        same = pairs // grid.cols == pairs[:, ::-1] // grid.cols, pairs % grid.cols == pairs[:, ::-1] % grid.cols
        pairs = pairs[same[0][:, 0] | same[1][:, 0]]
    pairs.flags.writeable = False
    return pairs


Origin = tuple[int, int]
"""Row and column of the unit at the top left."""


def origin_of(grid: Grid, down: int, right: int) -> Origin:
    """Where a torus may be cut, nearest to the unit so many rows down and columns right of unit 0.

    Hexagonal grids are cut above an even row, since odd ones are shifted; only a torus can be cut elsewhere than at 0.
    """
    if not grid.toroidal:
        return 0, 0
    step = grid.n_parities
    return down // step * step % grid.rows, right % grid.cols


@lru_cache(maxsize=24)
def cell_image(grid: Grid, longest: int, origin: Origin = (0, 0)) -> CellImage:
    """The cells of `grid` on about `longest` pixels along its longer side, the unit of `origin` at the top left.

    Rectangular cells are squares; hexagonal ones are hexagons that stand on a corner, odd rows shifted by half.
    """
    if origin != (0, 0):
        return _cut_at(cell_image(grid, longest), grid, origin)
    left, right, top, bottom = _frame(grid)
    pitch = int(np.clip(longest // max(right - left, bottom - top), _COARSEST, _FINEST))
    width, height = math.ceil((right - left) * pitch), math.ceil((bottom - top) * pitch)
    x = ((np.arange(width) + 0.5) / pitch + left)[None, :]
    y = ((np.arange(height) + 0.5) / pitch + top)[:, None]
    row, column, dx, dy = _nearest(grid, x, y)
    if grid.topology == "hexagonal":
        size = np.maximum(np.abs(dx), 0.5 * np.abs(dx) + math.sqrt(0.75) * np.abs(dy)) / 0.5
    else:
        size = np.maximum(np.abs(dx), np.abs(dy)) / 0.5
    limit = 1.0 - (_GAP / pitch if pitch >= 8 else 0.0)
    number = (row % grid.rows * grid.cols + column % grid.cols).astype(np.int32)
    repeated = (row < 0) | (row >= grid.rows) | (column < 0) | (column >= grid.cols)
    across, down = grid.extent
    made = CellImage(
        units=np.where(size <= limit + 1e-9, number, np.int32(-1)),
        owners=np.where(size <= 1 + 1e-9, number, np.int32(-1)),
        repeated=repeated,
        cut=rim(repeated, pitch, outside=True),
        angles=np.mod(np.arctan2(dx, -dy) / (2 * np.pi), 1.0).astype(np.float32),
        radii=(np.hypot(dx, dy) / 0.5).astype(np.float32),
        pitch=pitch,
        boxes=_boxes(grid, (left, top), pitch),
        period=(across * pitch, down * pitch) if grid.toroidal else (math.inf, math.inf),
    )
    return _sealed(made)


def _cut_at(image: CellImage, grid: Grid, origin: Origin) -> CellImage:
    """The image of a torus with other units in the places of its cells."""
    row, column = np.divmod(np.arange(grid.n_units), grid.cols)
    shown = (row + origin[0]) % grid.rows * grid.cols + (column + origin[1]) % grid.cols
    numbers = np.append(shown, -1).astype(np.int32)
    boxes = np.empty_like(image.boxes)
    boxes[shown] = image.boxes
    return _sealed(replace(image, units=numbers[image.units], owners=numbers[image.owners], boxes=boxes))


def _sealed(image: CellImage) -> CellImage:
    for array in (image.units, image.owners, image.repeated, image.cut, image.angles, image.radii, image.boxes):
        array.flags.writeable = False
    return image


def _frame(grid: Grid) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of what is shown, in units of the grid."""
    half = 0.5 if grid.topology == "rectangular" else 1 / math.sqrt(3)
    more = _BEYOND if grid.toroidal else 0.0
    x, y = grid.positions[:, 0], grid.positions[:, 1]
    return (
        float(x.min()) - 0.5 - more,
        float(x.max()) + 0.5 + more,
        float(y.min()) - half - more,
        float(y.max()) + half + more,
    )


def _boxes(grid: Grid, corner: tuple[float, float], pitch: int) -> NDArray[np.float64]:
    half = np.array([0.5, 0.5 if grid.topology == "rectangular" else 1 / math.sqrt(3)])
    middle = grid.positions - np.array(corner)
    return np.hstack([middle - half, middle + half]) * pitch


def _nearest(
    grid: Grid, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Row and column of the nearest unit of every pixel, and where the pixel lies from it.

    It is the nearest of two rows, of one unit in each. A torus goes on beyond its cut.
    """
    pitch = math.sqrt(0.75) if grid.topology == "hexagonal" else 1.0
    beyond = 2 if grid.toroidal else 0
    above = np.floor(y / pitch)
    shape = y.shape[0], x.shape[1]
    best = np.full(shape, np.inf)
    rows, columns = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    dx, dy = np.zeros(shape), np.zeros(shape)
    for row in (above, above + 1):
        row = np.clip(row, -beyond, grid.rows - 1 + beyond)
        shift = 0.5 * (row % 2) if grid.topology == "hexagonal" else 0.0 * row
        column = np.clip(np.rint(x - shift), -beyond, grid.cols - 1 + beyond)
        right, down = x - shift - column, y - row * pitch + 0.0 * x
        squared = right**2 + down**2
        nearer = squared < best
        best = np.where(nearer, squared, best)
        rows, columns = np.where(nearer, row, rows), np.where(nearer, column, columns)
        dx, dy = np.where(nearer, right, dx), np.where(nearer, down, dy)
    return rows.astype(np.int64), columns.astype(np.int64), dx, dy


def joined(image: CellImage, one: int, other: int) -> list[tuple[float, float, float, float]]:
    """The straight line between the middles of two units, in pixels: x and y of its start and of its end.

    On a torus it goes the shorter way round, once for each time that it is seen; it may leave the picture.
    """
    middles = (image.boxes[:, :2] + image.boxes[:, 2:]) / 2
    start, way = middles[one], middles[other] - middles[one]
    period = np.array(image.period)
    if not np.isfinite(period).all():
        return [(*start.tolist(), *(start + way).tolist())]
    way -= np.rint(way / period) * period
    h, w = image.units.shape
    lines = []
    for down, across in itertools.product((0, -1, 1), repeat=2):
        begin = start + period * (across, down)
        low, high = np.minimum(begin, begin + way), np.maximum(begin, begin + way)
        if (high > 0).all() and (low < (w, h)).all():
            lines.append((*begin.tolist(), *(begin + way).tolist()))
    return lines


def rim(mask: NDArray[np.bool_], pitch: int, *, outside: bool) -> NDArray[np.bool_]:
    """The pixels of `mask` next to others; beyond the picture it is as `outside` says."""
    thick = 2 if pitch >= 12 else 1
    found = np.zeros(mask.shape, np.bool_)
    for axis, step in itertools.product((0, 1), (*range(-thick, 0), *range(1, thick + 1))):
        found |= mask & ~_moved(mask, axis, step, outside=outside)
    return found


def _moved(mask: NDArray[np.bool_], axis: int, step: int, *, outside: bool) -> NDArray[np.bool_]:
    """`mask` moved by some pixels along an axis, `outside` where nothing comes in."""
    made = np.full(mask.shape, outside)
    target, source = [slice(None)] * 2, [slice(None)] * 2
    target[axis], source[axis] = (
        (slice(step, None), slice(None, -step)) if step > 0 else (slice(None, step), slice(-step, None))
    )
    made[tuple(target)] = mask[tuple(source)]
    return made
