"""Colours of the cells of a grid: by value or by class, and some of them lit; where the cells are, `cells` says.

Pictures are (h, w, 4) uint8 red, green, blue and alpha, the last always 255.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from workbench.views.cells import CellImage, rim
from workbench.views.theme import ColorTable, Theme, rgb

PALEST = 22
FADED, DIMMED = 0.55, 0.78
"""Shares of the ground in what a torus repeats beyond its cut, and in cells that are not lit."""
PIE_PITCH = 9
"""Pixels from unit to unit below which a pie cannot be read."""
_LEAST_PIE = 1.6
"""Radius in pixels of the smallest pie."""


@cache
def cell_table(theme: Theme) -> ColorTable:
    """The theme's sequential map without its palest part, so that no cell is taken for the ground."""
    table = theme.sequential[np.linspace(PALEST, 255, 256).round().astype(np.int64)]
    table.flags.writeable = False
    return table


@dataclass(frozen=True, eq=False)
class Stencil:
    """How the cells of an image are shown, whatever their colours.

    Attributes
    ----------
    image : CellImage
    dim, edge : (h, w) bool
        Pixels of cells that are not lit, and the outline around those that are; both empty where nothing is searched.
    shades : (h, w) int32
        For each pixel the row of the table of shades: the M + 1 colours of the units and of the ground as they are,
        faded, dimmed and both; then that of the cut, and that of the outline.
    """

    image: CellImage
    dim: NDArray[np.bool_]
    edge: NDArray[np.bool_]
    shades: NDArray[np.int32]


def stencil(image: CellImage, lit: NDArray[np.bool_] | None = None) -> Stencil:
    """The cells with those of the units `lit` (M,) in the light; all as they are without."""
    dim = edge = np.zeros(image.units.shape, np.bool_)
    if lit is not None:
        inside = np.append(lit, False)[image.owners]
        dim = ~inside & (image.units >= 0)
        edge = rim(inside, image.pitch, outside=bool(np.isfinite(image.period[0])))
    n_colours = len(image.boxes) + 1
    shades = np.where(image.units < 0, n_colours - 1, image.units) + n_colours * (image.repeated + 2 * dim)
    shades[image.cut] = 4 * n_colours
    shades[edge] = 4 * n_colours + 1
    return Stencil(image, dim, edge, shades.astype(np.int32))


def colour_cells(
    shown: Stencil, values: NDArray[np.floating], low: float, high: float, theme: Theme
) -> NDArray[np.uint8]:
    """(h, w, 4): every cell in the colour of its value (M,) between low and high, grey where it has none."""
    span = high - low if high > low else 1.0
    scaled = (np.asarray(values, float) - low) / span
    known = np.isfinite(scaled)
    colours = cell_table(theme)[np.clip(np.where(known, scaled, 0) * 255, 0, 255).astype(np.uint8)]
    colours[~known] = _opaque(theme.grid)
    plain = np.vstack([colours, _opaque(theme.surface)])
    faded = _mixed(plain, theme.surface, FADED)
    dimmed = [_mixed(part, theme.surface, DIMMED) for part in (plain, faded)]
    table = np.vstack([plain, faded, *dimmed, _opaque(theme.muted), _opaque(theme.text)])
    return table.view(np.uint32).ravel()[shown.shades].view(np.uint8).reshape(*shown.shades.shape, 4)


def pies(shown: Stencil, counts: NDArray[np.floating], codes: NDArray[np.int64], theme: Theme) -> NDArray[np.uint8]:
    """(h, w, 4): in every cell a pie of its class counts (M, C), as large in area as the cell has rows.

    Slices run clockwise from the top in the order of the classes, whose own numbers are `codes` (C,). The ground of a
    cell is a pale colour of its commonest class; a cell without rows stays empty, and the smallest pies are seen as
    dots. Where cells are too small for pies (`PIE_PITCH`), they have the colour of the commonest class.
    """
    image, total = shown.image, counts.sum(axis=1)
    colours = np.array([_opaque(theme.class_color(int(code))) for code in codes], np.uint8).reshape(-1, 4)
    ground = np.tile(_opaque(theme.surface), (len(counts) + 1, 1))
    ground[:-1] = _mixed(_opaque(theme.grid), theme.surface, 0.5)
    readable = image.pitch >= PIE_PITCH
    if counts.shape[1]:
        common = colours[counts.argmax(axis=1)]
        ground[:-1][total > 0] = _mixed(common, theme.surface, 0.72 if readable else 0.0)[total > 0]
    made = ground[image.units]
    if counts.shape[1] and readable:
        _slice_up(made, image, counts, colours)
    for where, share in ((image.repeated, FADED), (shown.dim, DIMMED)):
        made[where] = _mixed(made[where], theme.surface, share)
    made[image.cut] = _opaque(theme.muted)
    made[shown.edge] = _opaque(theme.text)
    return made


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


def _opaque(colour: str) -> NDArray[np.uint8]:
    return np.array([*rgb(colour), 255], np.uint8)


def _mixed(colours: NDArray[np.uint8], other: str, share: float) -> NDArray[np.uint8]:
    """(..., 4) colours with that share of another."""
    return np.rint((1 - share) * colours + share * _opaque(other).astype(float)).astype(np.uint8)
