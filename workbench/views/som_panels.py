"""The pictures of a map that its figure and its plot share, with title and scale: each shows all units once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.views.cell_colours import Stencil, colour_cells, pies
from workbench.views.cells import CellImage, joined
from workbench.views.som_data import SomData
from workbench.views.theme import Theme
from workbench.views.wording import distinct, number, percent, shorten, with_unit

U_MATRIX, HITS, CLASSES, FOLDS = "U-matrix", "Hits", "Classes", "Topographic error"
MOST_LINES = 25
"""Of the pairs of units that share torn rows, so many are joined by a line: those with most rows."""

Line = tuple[float, float, float, float, float]
"""x and y of the start and of the end in pixels of the picture, and the share of the thickest line's rows."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One picture of all units.

    Attributes
    ----------
    title : str
    pixels : (h, w, 4) uint8
    values : (M,) float64, or None
        What each unit is coloured by, NaN for nothing; None for pies.
    ends : (low, high), or None
        Of the scale of the colours; None without one.
    low, high, scale : str
        The ends in words, and what the scale tells.
    lines : tuple of Line
        Between units.
    """

    title: str
    pixels: NDArray[np.uint8]
    values: NDArray[np.float64] | None = None
    ends: tuple[float, float] | None = None
    low: str = ""
    high: str = ""
    scale: str = ""
    lines: tuple[Line, ...] = ()


def main_panels(data: SomData) -> tuple[str, ...]:
    """Names of the panels that are no component planes."""
    return (U_MATRIX, HITS, *((CLASSES,) if data.has_classes else ()), FOLDS)


def panel_names(data: SomData) -> tuple[str, ...]:
    """Names of all panels, all different: the main ones, and each component plane in the order of the data."""
    return distinct((*main_panels(data), *data.plane_names), 40)


def panel(data: SomData, which: int, shown: Stencil, theme: Theme) -> Panel:
    """The panel at that place of `panel_names`."""
    main = main_panels(data)
    if which >= len(main):
        return plane_panel(data, which - len(main), shown, theme)
    return _MAIN[main[which]](data, shown, theme)


def plane_panel(data: SomData, plane: int, shown: Stencil, theme: Theme) -> Panel:
    """One component plane, from its own lowest to its own highest value."""
    low, high = data.ends(plane)
    pixels = colour_cells(shown, data.planes[plane], low, high, theme)
    title = with_unit(shorten(data.plane_names[plane], 40), shorten(data.plane_units[plane], 12))
    return Panel(title, pixels, data.planes[plane], (low, high), number(low, 3), number(high, 3), "")


def values_of(data: SomData, which: int) -> NDArray[np.float64] | None:
    """(M,) what a component plane shows at each unit; None for the main panels, of which the units tell anyway."""
    plane = which - len(main_panels(data))
    return data.planes[plane] if plane >= 0 else None


def _u_panel(data: SomData, shown: Stencil, theme: Theme) -> Panel:
    high = float(np.nanmax(data.u, initial=0.0))
    pixels = colour_cells(shown, data.u, 0.0, high, theme)
    return Panel("U-matrix", pixels, data.u, (0.0, high), "0", number(high, 3), "mean distance to the neighbours")


def _hits_panel(data: SomData, shown: Stencil, theme: Theme) -> Panel:
    high = max(1.0, float(np.nanmax(data.hits, initial=0)))
    pixels = colour_cells(shown, data.hits, 0.0, high, theme)
    return Panel(f"Hits ({data.counted})", pixels, data.hits, (0.0, high), "0", number(high), "rows")


def _class_panel(data: SomData, shown: Stencil, theme: Theme) -> Panel:
    """A pie in each cell over a pale ground of its commonest class."""
    codes = np.array(data.present, np.int64)
    return Panel("Classes of the rows", pies(shown, data.class_counts[:, codes].astype(float), codes, theme))


def _fold_panel(data: SomData, shown: Stencil, theme: Theme) -> Panel:
    """The share of torn rows of each unit, and lines between the units that share most of them."""
    torn = data.torn
    high = float(np.nanmax(torn, initial=0.0)) or 1.0
    pixels = colour_cells(shown, torn, 0.0, high, theme)
    scale = "share of rows, second-best unit elsewhere"
    title = f"Topographic error ({percent(data.topographic_error)})"
    return Panel(title, pixels, torn, (0.0, high), "0 %", percent(high, 0), scale, _fold_lines(data, shown.image))


def _fold_lines(data: SomData, image: CellImage) -> tuple[Line, ...]:
    counts = data.folds.counts[:MOST_LINES]
    return tuple(
        (*line, float(n) / float(counts[0]))
        for (one, other), n in zip(data.folds.pairs[:MOST_LINES].tolist(), counts.tolist(), strict=True)
        for line in joined(image, one, other)
    )


_MAIN = {U_MATRIX: _u_panel, HITS: _hits_panel, CLASSES: _class_panel, FOLDS: _fold_panel}
