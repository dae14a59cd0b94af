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
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QCheckBox, QWidget

from workbench.desktop.plots.base import CHARACTERS
from workbench.desktop.plots.headed import Choice
from workbench.desktop.plots.plane import (
    Frame,
    Ground,
    Layout,
    Marks,
    PlanePlot,
    coloured_rows,
    crowd_picture,
    over,
    rows_picture,
)
from workbench.views import View
from workbench.views.picking import Picked
from workbench.views.planes import Plane, telling_features
from workbench.views.projection import PICKED, TRAIL, Asked, ProjectionData, edge_lines
from workbench.views.theme import Theme
from workbench.views.trails import FAINTEST, Trails
from workbench.views.wording import shorten

MOST_NAMED = 12
N_SHADES = 6
"""So many steps in which trails fade."""
MOST_SMOOTH = 4000
"""Trails of more points are drawn without smoothing, which takes several times as long."""

Offered = tuple[tuple[tuple[str, str], ...], str]
"""What can be chosen, and which of it is shown."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """One plane ready to draw: what lies under the prototypes, the prototypes, and the lines between neighbours.

    Attributes
    ----------
    choices : tuple of Offered
        Of planes, features across and up, and colours.
    trails : tuple of N_SHADES (k, 2) float64
        Ends of the pieces that are drawn alike, the oldest ones first.
    has_trails : bool or None
        Whether they are shown; None where there can be none.
    """

    ground: Ground
    choices: tuple[Offered, ...]
    prototypes: NDArray[np.float64]
    trails: tuple[NDArray[np.float64], ...]
    has_trails: bool | None
    edges: NDArray[np.float64]
    borders: NDArray[np.float64]
    class_borders: NDArray[np.float64]
    brushes: list[Any]
    symbols: list[str]
    legend: str


@dataclass(frozen=True, eq=False)
class ProjectionMarks(Marks):
    """What is picked, with the way that picked prototypes came, and two features of those picked.

    Attributes
    ----------
    trails : (k, 2) float64
        Ends of pieces.
    features : (int, int) or None
        None where no feature is picked.
    """

    trails: NDArray[np.float64]
    features: tuple[int, int] | None


class ProjectionPlot(PlanePlot):
    """A plane to zoom and shift, choices of planes, colours and trails, and a legend.

    Attributes
    ----------
    trailing : QCheckBox
        Whether prototypes show where they were before.
    """

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
        self.trailing = QCheckBox("Trails")
        self.trailing.setAccessibleName("Trails of the prototypes")
        self.trailing.setToolTip("A fading line from each prototype to where it was before in the run")
        self.trailing.hide()
        self.trailing.clicked.connect(self._trail)
        self.head.row.insertWidget(len(self._choices), self.trailing)
        self._trails_wanted: bool | None = None
        self._picked_features: tuple[int, int] | None = None
        self.edges, self.borders, self.class_borders, self.picked_trails = (pg.PlotCurveItem() for _ in range(4))
        self.trails = [pg.PlotCurveItem() for _ in range(N_SHADES)]
        self.prototypes = pg.ScatterPlotItem(size=13)
        for thing in (self.borders, self.class_borders, self.edges, *self.trails, self.picked_trails, self.prototypes):
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
            trails=_shades(data.trails[0]),
            has_trails=data.has_trails,
            edges=edge_lines(plane, data.edges).reshape(-1, 2),
            borders=plane.borders.lines[~plane.borders.parts_classes].reshape(-1, 2),
            class_borders=plane.borders.lines[plane.borders.parts_classes].reshape(-1, 2),
            brushes=[_brush(colour) for colour in colours],
            symbols=[theme.class_marker(int(c)).pyqtgraph for c in codes],
            legend=_legend(data, theme),
        )

    def layout_of(self, data: ProjectionData) -> Layout:
        (plane, *_) = data.planes
        points = plane.points if plane.crowd is None else plane.crowd.points
        return Layout(points, plane.prototypes, plane.name, data.features, plane.crowd is not None)

    def prepare_marks(self, data: ProjectionData, picked: Picked, theme: Theme) -> ProjectionMarks:
        marks, lines = super().prepare_marks(data, picked, theme), data.trails[0].lines
        which = [k for k in sorted(picked.prototypes) if k < lines.shape[1]]
        chosen = picked.original_features
        features = telling_features(picked.scene, chosen) if chosen and len(data.feature_names) > 1 else None
        return ProjectionMarks(**vars(marks), trails=lines[:, which].reshape(-1, 2), features=features)

    def mark(self, marks: Marks) -> None:
        super().mark(marks)
        assert isinstance(marks, ProjectionMarks)
        self.picked_trails.setData(*marks.trails.T, connect="pairs")
        self.picked_trails.setPen(pg.mkPen(self.palette().highlight().color(), width=2))
        if marks.features != self._picked_features:
            self._picked_features = marks.features
            if self.plane.name == PICKED:
                self._ask()

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
        smooth = sum(map(len, prepared.trails)) <= MOST_SMOOTH
        for curve, ends in zip(self.trails, prepared.trails, strict=True):
            curve.setData(*ends.T, connect="pairs", antialias=smooth)
        self.trailing.setVisible(prepared.has_trails is not None)
        self.trailing.setChecked(bool(prepared.has_trails))
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
        for k, curve in enumerate(self.trails):
            faint = QColor(theme.text)
            faint.setAlphaF(TRAIL * (FAINTEST + (1 - FAINTEST) * k / (N_SHADES - 1)))
            curve.setPen(pg.mkPen(faint, width=1))

    @property
    def _choices(self) -> tuple[Choice, ...]:
        return self.plane, self.across, self.up, self.colour

    @Slot(bool)
    def _trail(self, wanted: bool) -> None:
        """Show trails, or none, from now on."""
        self._trails_wanted = wanted
        self._ask()

    @Slot()
    def _ask(self) -> None:
        """Have the rows laid out and coloured as was chosen."""
        features = (int(self.across.name), int(self.up.name)) if self.across.name else None
        features = self._picked_features if self.plane.name == PICKED else features
        self.ask(str(Asked(self.plane.name, self.colour.name, features, self._trails_wanted)))


def _offered(data: ProjectionData, plane: Plane) -> tuple[Offered, ...]:
    """Features are offered where the plane is made of two that a person chooses."""
    features: tuple[tuple[str, str], ...] = ()
    if data.chosen == plane.name == "features":
        features = tuple((str(j), shorten(name, 40)) for j, name in enumerate(data.feature_names))
    across, up = map(str, data.features)
    return (data.offered, data.chosen), (features, across), (features, up), (data.choices, data.colours.name)


def _shades(trails: Trails) -> tuple[NDArray[np.float64], ...]:
    """The pieces of trails by how clearly they are drawn."""
    lines = trails.lines
    shades = np.rint((N_SHADES - 1) * (trails.strengths - FAINTEST) / (1 - FAINTEST)).astype(np.int64)
    return tuple(lines[shades == k].reshape(-1, 2) for k in range(N_SHADES))


def _painted(data: ProjectionData, plane: Plane, frame: Frame, theme: Theme) -> NDArray[np.uint8]:
    if plane.crowd is None:
        return _rows(data, plane, frame, theme)
    ground = crowd_picture(plane.crowd, data.crowd_codes(plane.crowd), frame, theme)
    return ground if data.colours.of_classes else over(_rows(data, plane, frame, theme), ground)


def _rows(data: ProjectionData, plane: Plane, frame: Frame, theme: Theme) -> NDArray[np.uint8]:
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
