"""Rows and prototypes in a plane: rows as one picture made off the interface thread, prototypes as points over it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.base import CHARACTERS
from workbench.desktop.plots.plane import Ground, PlanePlot, rows_picture
from workbench.views import View
from workbench.views.projection import ProjectionData, edge_lines
from workbench.views.theme import Theme
from workbench.views.wording import shorten

MOST_NAMED = 12


@dataclass(frozen=True, eq=False)
class Prepared:
    """One plane ready to draw: what lies under the prototypes, the prototypes, and the lines between neighbours."""

    ground: Ground
    planes: tuple[str, ...]
    current: str
    prototypes: NDArray[np.float64]
    edges: NDArray[np.float64]
    borders: NDArray[np.float64]
    class_borders: NDArray[np.float64]
    brushes: list[Any]
    symbols: list[str]
    legend: str


class ProjectionPlot(PlanePlot):
    """A plane to zoom and shift, a choice of planes, and a legend of classes."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view, "Plane", "Which plane the rows are shown in", parent)
        self.edges, self.borders, self.class_borders = (pg.PlotCurveItem() for _ in range(3))
        self.prototypes = pg.ScatterPlotItem(size=13)
        for thing in (self.borders, self.class_borders, self.edges, self.prototypes):
            self.item.addItem(thing)

    def prepare(self, data: ProjectionData, theme: Theme) -> Prepared:
        wanted = self.head.chosen
        plane = next((plane for plane in data.planes if plane.title == wanted), data.planes[0])
        codes = data.prototype_codes
        colours = [theme.class_color(int(c)) if c >= 0 else theme.accent for c in codes]
        labels = (plane.x_label, plane.y_label)
        return Prepared(
            ground=self.ground(
                plane.name,
                plane.limits,
                labels,
                plane.points,
                theme.name,
                lambda frame: rows_picture(plane.points, data.codes, frame, theme),
                theme,
            ),
            planes=tuple(plane.title for plane in data.planes),
            current=plane.title,
            prototypes=plane.prototypes,
            edges=edge_lines(plane, data.edges).reshape(-1, 2),
            borders=plane.borders.lines[~plane.borders.parts_classes].reshape(-1, 2),
            class_borders=plane.borders.lines[plane.borders.parts_classes].reshape(-1, 2),
            brushes=[_brush(colour) for colour in colours],
            symbols=[theme.class_marker(int(c)).pyqtgraph for c in codes],
            legend=_legend(data, theme),
        )

    def draw(self, prepared: Prepared) -> None:
        self.show_ground(prepared.ground)
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
        self.head.tell(prepared.legend, prepared.planes, prepared.current)

    def dress_marks(self, theme: Theme) -> None:
        self.prototypes.setPen(pg.mkPen(theme.text, width=1))
        self.edges.setPen(pg.mkPen(theme.text, width=1))
        self.borders.setPen(pg.mkPen(theme.grid, width=1))
        self.class_borders.setPen(pg.mkPen(theme.text, width=1))


@cache
def _brush(colour: str) -> Any:
    return pg.mkBrush(colour)


def _legend(data: ProjectionData, theme: Theme) -> str:
    """Rich text: a mark and a name for each class, and what is shown of how much."""
    parts = []
    for code, name in enumerate(data.class_names[:MOST_NAMED]):
        mark = CHARACTERS.get(theme.class_marker(code).pyqtgraph, "●")
        spelled = html.escape(shorten(name, 18)).replace(" ", "&nbsp;")
        parts.append(f'<span style="color:{theme.class_color(code)}">{mark}</span>&nbsp;{spelled}')
    if len(data.class_names) > MOST_NAMED:
        parts.append(f"and {len(data.class_names) - MOST_NAMED} more")
    parts.append(f'<span style="color:{theme.muted}">{html.escape(data.note)}</span>')
    return " &nbsp; ".join(parts)
