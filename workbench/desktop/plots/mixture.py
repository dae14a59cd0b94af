"""A mixture of Gaussians, live: rows in mixed colours, ellipses, contours of the density, and weights as bars."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.base import dress, quiet
from workbench.desktop.plots.plane import Ground, Layout, PlanePlot, coloured_rows
from workbench.views import View
from workbench.views.mixture import (
    MASSES,
    MIXED,
    UNSURE,
    MixtureData,
    component_color,
    ellipses,
    mark_sizes,
    mixed_colours,
    uncertainty_colours,
)
from workbench.views.theme import Theme
from workbench.views.wording import percent

MOST_BARS = 24
N_COLOURS = 10

Line = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Rows, a line for each colour (1 σ or a component's density), one of all 2 σ, contours, means, bars, words."""

    ground: Ground
    inner: tuple[Line, ...]
    outer: Line
    contours: tuple[Line, ...]
    means: NDArray[np.float64]
    sizes: NDArray[np.float64]
    brushes: list[Any]
    bars: NDArray[np.float64]
    bar_brushes: list[Any]
    bar_names: list[tuple[int, str]]
    current: str
    words: str
    plain: str


class MixturePlot(PlanePlot):
    """The plane of the mixture, and its weights at the right; one feature is shown as curves of density."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(
            view, "Colours of the rows", "By component, mixed by responsibility, or by uncertainty", parent
        )
        self.contours = [pg.PlotCurveItem(connect="finite") for _ in MASSES]
        self.outer = pg.PlotCurveItem(connect="finite")
        self.inner = [pg.PlotCurveItem(connect="finite") for _ in range(N_COLOURS)]
        self.means = pg.ScatterPlotItem(symbol="d")
        for thing in (*self.contours, self.outer, *self.inner, self.means):
            self.item.addItem(thing)
        self.side = quiet(self.canvas.addPlot(row=0, col=1, enableMenu=False))
        self.side.setMaximumWidth(170)
        self.side.setLabel("bottom", "weight")
        self.side.invertY(True)
        self.bars = pg.BarGraphItem(x0=0, y=[0], width=[0], height=0.75)
        self.side.addItem(self.bars)
        for side in ("left", "bottom"):
            self.side.getAxis(side).enableAutoSIPrefix(False)

    def prepare(self, data: MixtureData, theme: Theme) -> Prepared:
        current = self.head.chosen or MIXED
        colours = mixed_colours(data, theme) if current == MIXED else uncertainty_colours(data, theme)
        look = (theme.name, current, colours.tobytes())
        name = "mixture" if data.profile is None else "density"
        ground = self.ground(
            name,
            data.limits,
            (data.x_label, data.y_label),
            data.points,
            look,
            lambda frame: coloured_rows(data.points, colours, frame),
            theme,
        )
        shown = data.heaviest[:MOST_BARS]
        inks = [component_color(k, theme) for k in range(len(data.weights))]
        shares = ", ".join(percent(mass, 0) for mass in MASSES)
        words = (
            f"— 1 σ &nbsp; - - 2 σ &nbsp; ··· {shares} of the density"
            if data.profile is None
            else "— components &nbsp; - - mixture &nbsp; ··· rows"
        )
        words += f' &nbsp; <span style="color:{theme.muted}">{html.escape(data.note)}</span>'
        return Prepared(
            ground=ground,
            inner=_inner(data),
            outer=_outer(data),
            contours=_dotted(data),
            means=data.means,
            sizes=1.3 * mark_sizes(data),
            brushes=[pg.mkBrush(ink) for ink in inks],
            bars=data.weights[shown],
            bar_brushes=[pg.mkBrush(inks[k]) for k in shown.tolist()],
            bar_names=[(place, f"#{k}") for place, k in enumerate(shown.tolist())],
            current=current,
            words=words,
            plain=data.note,
        )

    def layout_of(self, data: MixtureData) -> Layout:
        return Layout(data.points, data.means, "pca")

    def draw(self, prepared: Prepared) -> None:
        self.show_ground(prepared.ground)
        for curve, line in zip(self.inner, prepared.inner, strict=True):
            curve.setData(*line)
        self.outer.setData(*prepared.outer)
        for curve, line in zip(self.contours, prepared.contours, strict=True):
            curve.setData(*line)
        x, y = prepared.means.T
        self.means.setData(x=x, y=y, size=prepared.sizes, brush=prepared.brushes)
        self.means.setPen(pg.mkPen(prepared.ground.theme.text, width=1))
        n = len(prepared.bars)
        self.bars.setOpts(x0=0, y=np.arange(n), width=prepared.bars, height=0.75, brushes=prepared.bar_brushes)
        self.side.getAxis("left").setTicks([prepared.bar_names])
        self.side.setYRange(-0.6, max(n, 6) - 0.4, padding=0)
        self.side.setXRange(0, 1.05 * float(prepared.bars.max(initial=0.0)) or 1.0, padding=0)
        self.head.tell(prepared.words, (MIXED, UNSURE), prepared.current)
        self.setAccessibleDescription(prepared.plain)

    def dress_marks(self, theme: Theme) -> None:
        dress(self.side, theme, grid=False)
        self.bars.setOpts(pen=pg.mkPen(None))
        for k, curve in enumerate(self.inner):
            curve.setPen(pg.mkPen(component_color(k, theme), width=1))
        self.outer.setPen(pg.mkPen(theme.muted, width=1, style=Qt.PenStyle.DashLine))
        for curve in self.contours:
            curve.setPen(pg.mkPen(theme.muted, width=1, style=Qt.PenStyle.DotLine))


def _inner(data: MixtureData) -> tuple[Line, ...]:
    """For each colour the 1 σ ellipses of its components as one line, or their densities over the only feature."""
    if data.profile is not None:
        x, curves = data.profile[:, 0], data.profile[:, 3:].T
        lines = np.stack([np.tile(x, (len(curves), 1)), curves], axis=2)
        colours = data.heaviest % N_COLOURS
    else:
        lines = ellipses(data.means, data.covariances, 1.0)
        colours = np.arange(len(lines)) % N_COLOURS
    return tuple(_one(lines[colours == k]) for k in range(N_COLOURS))


def _outer(data: MixtureData) -> Line:
    """All 2 σ ellipses as one line, or the density of the whole mixture."""
    if data.profile is not None:
        return data.profile[:, 0], data.profile[:, 1]
    return _one(ellipses(data.means, data.covariances, 2.0))


def _dotted(data: MixtureData) -> tuple[Line, ...]:
    """The contours of the density, or the histogram of the rows."""
    if data.profile is not None:
        nothing = (np.empty(0), np.empty(0))
        return (data.profile[:, 0], data.profile[:, 2]), *([nothing] * (len(MASSES) - 1))
    return tuple((line[:, 0], line[:, 1]) for line in data.contours)


def _one(lines: NDArray[np.float64]) -> Line:
    """Lines (k, c, 2) as one, parted by NaN."""
    gaps = np.full((len(lines), 1, 2), np.nan)
    whole = np.concatenate([lines, gaps], axis=1).reshape(-1, 2)
    return whole[:, 0], whole[:, 1]
