"""Cells of a grid as one index image: which unit each pixel belongs to, so that any values can be coloured at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from engines.maps.grid import Grid
from workbench.views.theme import ColorTable, Theme, rgb

_FINEST, _COARSEST = 64, 3
_GAP = 1.3
"""Pixels between cells, where cells are wide enough for them."""
_PALEST = 22


@dataclass(frozen=True, eq=False)
class CellImage:
    """A grid as pixels, row 0 of the units at the top.

    Attributes
    ----------
    units : (h, w) int32
        Unit of each pixel; -1 between the cells and outside.
    angles : (h, w) float32
        Direction from the middle of the cell, 0 to 1 once around, clockwise from the top.
    radii : (h, w) float32
        Distance from the middle of the cell; 1 at the largest circle inside it.
    pitch : int
        Pixels from one unit to the next in a row.
    boxes : (M, 4) float64
        Left, top, right and bottom of each unit's cell, in pixels.
    """

    units: NDArray[np.int32]
    angles: NDArray[np.float32]
    radii: NDArray[np.float32]
    pitch: int
    boxes: NDArray[np.float64]


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


@lru_cache(maxsize=16)
def cell_image(grid: Grid, longest: int) -> CellImage:
    """The cells of `grid` on about `longest` pixels along its longer side.

    Rectangular cells are squares; hexagonal ones are hexagons that stand on a corner, odd rows shifted by half.
    """
    left, right, top, bottom = _frame(grid)
    pitch = int(np.clip(longest // max(right - left, bottom - top), _COARSEST, _FINEST))
    width, height = math.ceil((right - left) * pitch), math.ceil((bottom - top) * pitch)
    x = ((np.arange(width) + 0.5) / pitch + left)[None, :]
    y = ((np.arange(height) + 0.5) / pitch + top)[:, None]
    units, dx, dy = _nearest(grid, x, y)
    if grid.topology == "hexagonal":
        size = np.maximum(np.abs(dx), 0.5 * np.abs(dx) + math.sqrt(0.75) * np.abs(dy)) / 0.5
    else:
        size = np.maximum(np.abs(dx), np.abs(dy)) / 0.5
    limit = 1.0 - (_GAP / pitch if pitch >= 8 else 0.0)
    made = CellImage(
        units=np.where(size <= limit + 1e-9, units, -1).astype(np.int32),
        angles=np.mod(np.arctan2(dx, -dy) / (2 * np.pi), 1.0).astype(np.float32),
        radii=(np.hypot(dx, dy) / 0.5).astype(np.float32),
        pitch=pitch,
        boxes=_boxes(grid, (left, top), pitch),
    )
    for array in (made.units, made.angles, made.radii, made.boxes):
        array.flags.writeable = False
    return made


def _frame(grid: Grid) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of all cells, in units of the grid."""
    half = 0.5 if grid.topology == "rectangular" else 1 / math.sqrt(3)
    x, y = grid.positions[:, 0], grid.positions[:, 1]
    return float(x.min()) - 0.5, float(x.max()) + 0.5, float(y.min()) - half, float(y.max()) + half


def _boxes(grid: Grid, corner: tuple[float, float], pitch: int) -> NDArray[np.float64]:
    half = np.array([0.5, 0.5 if grid.topology == "rectangular" else 1 / math.sqrt(3)])
    middle = grid.positions - np.array(corner)
    return np.hstack([middle - half, middle + half]) * pitch


def _nearest(
    grid: Grid, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Nearest unit of every pixel, and where the pixel lies from it: the nearest of two rows, of one unit in each."""
    pitch = math.sqrt(0.75) if grid.topology == "hexagonal" else 1.0
    above = np.floor(y / pitch)
    best = np.full((y.shape[0], x.shape[1]), np.inf)
    units, dx, dy = np.zeros(best.shape, np.int64), np.zeros(best.shape), np.zeros(best.shape)
    for row in (above, above + 1):
        row = np.clip(row, 0, grid.rows - 1)
        shift = 0.5 * (row % 2) if grid.topology == "hexagonal" else 0.0 * row
        column = np.clip(np.rint(x - shift), 0, grid.cols - 1)
        right, down = x - shift - column, y - row * pitch + 0.0 * x
        squared = right**2 + down**2
        nearer = squared < best
        best = np.where(nearer, squared, best)
        units = np.where(nearer, (row * grid.cols + column).astype(np.int64), units)
        dx, dy = np.where(nearer, right, dx), np.where(nearer, down, dy)
    return units, dx, dy


@cache
def cell_table(theme: Theme) -> ColorTable:
    """The theme's sequential map without its palest part, so that no cell is taken for the ground."""
    table = theme.sequential[np.linspace(_PALEST, 255, 256).round().astype(np.int64)]
    table.flags.writeable = False
    return table


def colour_cells(
    image: CellImage, values: NDArray[np.floating], low: float, high: float, theme: Theme
) -> NDArray[np.uint8]:
    """(h, w, 3) uint8: every cell in the colour of its value (M,) between low and high, grey where it has none."""
    span = high - low if high > low else 1.0
    scaled = (np.asarray(values, float) - low) / span
    known = np.isfinite(scaled)
    colours = np.empty((len(scaled) + 1, 3), np.uint8)
    colours[:-1] = cell_table(theme)[np.clip(np.where(known, scaled, 0) * 255, 0, 255).astype(np.uint8), :3]
    colours[:-1][~known] = rgb(theme.grid)
    colours[-1] = rgb(theme.surface)
    return colours[image.units]


def pies(image: CellImage, counts: NDArray[np.floating], codes: NDArray[np.int64], theme: Theme) -> NDArray[np.uint8]:
    """(h, w, 3) uint8: in every cell a pie of its class counts (M, C), its area growing with the rows of the cell.

    The ground of a cell is a pale colour of its commonest class; `codes` (C,) are the classes' own.
    """
    total = counts.sum(axis=1)
    size = 0.94 * np.sqrt(total / max(float(total.max(initial=0)), 1e-12))
    size = np.where(total > 0, np.maximum(size, 0.3), 0.0)
    ends = np.cumsum(counts, axis=1) / np.maximum(total, 1e-12)[:, None]
    colours = np.array([rgb(theme.class_color(int(code))) for code in codes], np.uint8).reshape(-1, 3)
    surface = np.array(rgb(theme.surface), float)
    ground = np.tile(np.array(rgb(theme.grid), float), (len(counts) + 1, 1))
    if counts.shape[1]:
        pale = 0.28 * colours[counts.argmax(axis=1)] + 0.72 * surface
        ground[:-1] = np.where(total[:, None] > 0, pale, 0.5 * ground[:-1] + 0.5 * surface)
    ground[-1] = surface
    made = ground.astype(np.uint8)[image.units]
    inside = (image.units >= 0) & (image.radii <= np.append(size, 0.0)[image.units])
    unit, angle = image.units[inside], image.angles[inside]
    code = np.zeros(len(unit), np.int64)
    for k in range(counts.shape[1] - 1):
        code += angle >= ends[unit, k]
    if counts.shape[1]:
        made[inside] = colours[code]
    return made
