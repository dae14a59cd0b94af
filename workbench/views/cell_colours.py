"""Colours of the cells of a grid: by value, by class, or some of them lit; where the cells are, `cells` says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from workbench.views.cells import CellImage, rim
from workbench.views.theme import ColorTable, Theme, rgb

_PALEST = 22
_FADED, _DIMMED = 0.55, 0.78
"""Shares of the ground in what is repeated, and in cells that are not lit."""
PIE_PITCH = 9
"""Pixels from unit to unit below which a pie cannot be read."""
_LEAST_PIE = 1.6
"""Radius in pixels of the smallest pie."""


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
    return _faded(image, colours[image.units], theme)


def _faded(image: CellImage, pixels: NDArray[np.uint8], theme: Theme) -> NDArray[np.uint8]:
    """`pixels` (h, w, 3), paler beyond the cut of a torus, which is a line."""
    if image.repeated.any():
        pixels[image.repeated] = _mixed(pixels[image.repeated], theme.surface, _FADED)
        pixels[image.cut] = rgb(theme.muted)
    return pixels


def _mixed(colours: NDArray[np.uint8], other: str, share: float) -> NDArray[np.uint8]:
    """(..., 3) uint8 colours with that share of another."""
    return np.rint((1 - share) * colours + share * np.array(rgb(other), float)).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Spotlight:
    """Pixels (h, w) bool that are dimmed, and those of the outline around what is lit."""

    dim: NDArray[np.bool_]
    edge: NDArray[np.bool_]


def spotlight(image: CellImage, lit: NDArray[np.bool_]) -> Spotlight:
    """A light on the units that are `lit` (M,)."""
    inside = np.append(lit, False)[image.owners]
    on_torus = bool(np.isfinite(image.period[0]))
    return Spotlight(~inside & (image.units >= 0), rim(inside, image.pitch, outside=on_torus))


def light_up(pixels: NDArray[np.uint8], light: Spotlight, theme: Theme) -> NDArray[np.uint8]:
    """The picture (h, w, 3) with all cells dimmed but those that are lit, which get an outline."""
    made = pixels.copy()
    made[light.dim] = _mixed(made[light.dim], theme.surface, _DIMMED)
    made[light.edge] = rgb(theme.text)
    return made


def pies(image: CellImage, counts: NDArray[np.floating], codes: NDArray[np.int64], theme: Theme) -> NDArray[np.uint8]:
    """(h, w, 3) uint8: in every cell a pie of its class counts (M, C), as large in area as the cell has rows.

    Slices run clockwise from the top in the order of the classes, whose own numbers are `codes` (C,). The ground of a
    cell is a pale colour of its commonest class; a cell without rows stays empty, and the smallest pies are seen as
    dots. Where cells are too small for pies (`PIE_PITCH`), they have the colour of the commonest class.
    """
    total = counts.sum(axis=1)
    colours = np.array([rgb(theme.class_color(int(code))) for code in codes], np.uint8).reshape(-1, 3)
    ground = np.full((len(counts) + 1, 3), rgb(theme.surface), np.uint8)
    ground[:-1] = _mixed(np.full((len(counts), 3), rgb(theme.grid), np.uint8), theme.surface, 0.5)
    readable = image.pitch >= PIE_PITCH
    if counts.shape[1]:
        common = colours[counts.argmax(axis=1)]
        ground[:-1][total > 0] = _mixed(common, theme.surface, 0.72 if readable else 0.0)[total > 0]
    made = ground[image.units]
    if counts.shape[1] and readable:
        _slice_up(made, image, counts, colours)
    return _faded(image, made, theme)


def _slice_up(
    made: NDArray[np.uint8], image: CellImage, counts: NDArray[np.floating], colours: NDArray[np.uint8]
) -> None:
    """Draw the pies on their ground `made`, their rims smooth."""
    size = np.append(pie_radii(image, counts.sum(axis=1)), 0.0)
    cover = np.clip((size[image.units] - image.radii) * image.pitch / 2 + 0.5, 0, 1)
    cover[(image.units < 0) | (size[image.units] == 0)] = 0
    inside = cover > 0
    unit, angle, share = image.units[inside], image.angles[inside], cover[inside][:, None]
    ends = np.cumsum(counts, axis=1) / np.maximum(counts.sum(axis=1), 1e-12)[:, None]
    code = np.zeros(len(unit), np.int64)
    for k in range(counts.shape[1] - 1):
        code += angle >= ends[unit, k]
    made[inside] = np.rint(share * colours[code] + (1 - share) * made[inside]).astype(np.uint8)


def pie_radii(image: CellImage, total: NDArray[np.floating]) -> NDArray[np.float64]:
    """(M,) radii of pies of `total` rows, 1 reaching the sides of the cell: areas are as the rows, down to a dot."""
    most = max(float(total.max(initial=0)), 1e-12)
    size = 0.94 * np.sqrt(total / most)
    return np.where(total > 0, np.maximum(size, 2 * _LEAST_PIE / image.pitch), 0.0)
