"""Rows and prototypes in a plane: rows as one picture made off the interface thread, prototypes as points over it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.base import CHARACTERS
from workbench.desktop.plots.headed import Choice
from workbench.desktop.plots.plane import Frame, Ground, Layout, PlanePlot, coloured_rows, rows_picture
from workbench.views import View
from workbench.views.picking import Picked
from workbench.views.planes import Plane
from workbench.views.projection import Asked, ProjectionData, edge_lines
from workbench.views.theme import Theme
from workbench.views.wording import shorten

MOST_NAMED = 12

Offered = tuple[tuple[tuple[str, str], ...], str]
"""What can be chosen, and which of it is shown."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """One plane ready to draw: what lies under the prototypes, the prototypes, and the lines between neighbours.

    Attributes
    ----------
    choices : tuple of Offered
        Of planes, features across and up, and colours.
    """

    ground: Ground
    choices: tuple[Offered, ...]
    prototypes: NDArray[np.float64]
    edges: NDArray[np.float64]
    borders: NDArray[np.float64]
    class_borders: NDArray[np.float64]
    brushes: list[Any]
    symbols: list[str]
    legend: str


class ProjectionPlot(PlanePlot):
    """A plane to zoom and shift, choices of planes and colours, and a legend."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view, "Plane", "Which plane the rows are shown in", parent)
        self.asked = str(Asked("pca"))
        self.plane = Choice("Plane", "Which plane the rows are shown in")
        self.across = Choice("Feature across", "The feature along the horizontal axis")
        self.up = Choice("Feature up", "The feature along the vertical axis")
        self.colour = Choice("Colour", "What the rows are coloured by")
        for place, choice in enumerate(self._choices):
            self.head.row.insertWidget(place, choice)
            choice.chosen.connect(self._ask)
        self.edges, self.borders, self.class_borders = (pg.PlotCurveItem() for _ in range(3))
        self.prototypes = pg.ScatterPlotItem(size=13)
        for thing in (self.borders, self.class_borders, self.edges, self.prototypes):
            self.item.addItem(thing)

    def prepare(self, data: ProjectionData, theme: Theme) -> Prepared:
        (plane, *_), codes = data.planes, data.mark_codes
        colours = [theme.class_color(int(c)) if c >= 0 else theme.accent for c in codes]
        values = data.colours.values
        look = (theme.name, data.colours.name, (data.colours.codes if values is None else values).tobytes())
        ground = self.ground(
            f"{plane.name} {plane.x_label} {plane.y_label}",
            plane.limits,
            (plane.x_label, plane.y_label),
            plane.points,
            look,
            lambda frame: _painted(data, plane, frame, theme),
            theme,
        )
        return Prepared(
            ground=ground,
            choices=_offered(data, plane),
            prototypes=plane.prototypes,
            edges=edge_lines(plane, data.edges).reshape(-1, 2),
            borders=plane.borders.lines[~plane.borders.parts_classes].reshape(-1, 2),
            class_borders=plane.borders.lines[plane.borders.parts_classes].reshape(-1, 2),
            brushes=[_brush(colour) for colour in colours],
            symbols=[theme.class_marker(int(c)).pyqtgraph for c in codes],
            legend=_legend(data, theme),
        )

    def layout_of(self, data: ProjectionData) -> Layout:
        (plane, *_) = data.planes
        return Layout(plane.points, plane.prototypes, plane.name, data.features)

    def codes_of(self, data: ProjectionData, picked: Picked) -> NDArray[np.int64] | None:
        return picked.codes if data.colours.name == "class" else None

    def draw(self, prepared: Prepared) -> None:
        self.show_ground(prepared.ground)
        for choice, offered in zip(self._choices, prepared.choices, strict=True):
            choice.offer(*offered)
        for curve, ends in (
            (self.edges, prepared.edges),
            (self.borders, prepared.borders),
            (self.class_borders, prepared.class_borders),
        ):
            curve.setData(*ends.T, connect="pairs")
        x, y = prepared.prototypes.T
        size = 13 if len(x) <= 100 and not len(prepared.edges) else 9 if len(x) <= 1000 else 6
        self.prototypes.setData(x=x, y=y, brush=prepared.brushes, symbol=prepared.symbols, size=size)
        self.prototypes.setPen(pg.mkPen(prepared.ground.theme.text, width=1))
        self.head.tell(prepared.legend)

    def dress_marks(self, theme: Theme) -> None:
        self.prototypes.setPen(pg.mkPen(theme.text, width=1))
        self.edges.setPen(pg.mkPen(theme.text, width=1))
        self.borders.setPen(pg.mkPen(theme.grid, width=1))
        self.class_borders.setPen(pg.mkPen(theme.text, width=1))

    @property
    def _choices(self) -> tuple[Choice, ...]:
        return self.plane, self.across, self.up, self.colour

    @Slot()
    def _ask(self) -> None:
        """Have the rows laid out and coloured as was chosen."""
        features = (int(self.across.name), int(self.up.name)) if self.across.name else None
        self.ask(str(Asked(self.plane.name, self.colour.name, features)))


def _offered(data: ProjectionData, plane: Plane) -> tuple[Offered, ...]:
    """Features are offered where the plane is made of two."""
    features: tuple[tuple[str, str], ...] = ()
    if plane.name == "features":
        features = tuple((str(j), shorten(name, 40)) for j, name in enumerate(data.feature_names))
    across, up = map(str, data.features)
    return (data.offered, plane.name), (features, across), (features, up), (data.choices, data.colours.name)


def _painted(data: ProjectionData, plane: Plane, frame: Frame, theme: Theme) -> NDArray[np.uint8]:
    if data.colours.values is None:
        return rows_picture(plane.points, data.colours.codes, frame, theme)
    return coloured_rows(plane.points, data.colours.rgb(theme), frame)


@cache
def _brush(colour: str) -> Any:
    return pg.mkBrush(colour)


def _legend(data: ProjectionData, theme: Theme) -> str:
    """Rich text: a mark and a name for each kind of rows, and what is shown of how much."""
    parts = []
    kinds = data.colours.kinds
    for code, name in enumerate(kinds[:MOST_NAMED]):
        mark = CHARACTERS.get(theme.class_marker(code).pyqtgraph, "●")
        spelled = html.escape(shorten(name, 18)).replace(" ", "&nbsp;")
        parts.append(f'<span style="color:{theme.class_color(code)}">{mark}</span>&nbsp;{spelled}')
    if len(kinds) > MOST_NAMED:
        parts.append(f"and {len(kinds) - MOST_NAMED} more")
    if data.colours.values is not None:
        parts.append(html.escape(data.colours.scale))
    parts.append(f'<span style="color:{theme.muted}">{html.escape(data.note)}</span>')
    return " &nbsp; ".join(parts)
