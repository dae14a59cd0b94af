"""All runs on the same data as points of bits and error, live; what each stands for is told where the pointer rests."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.base import CHARACTERS, Canvas, Plot, dress, quiet
from workbench.desktop.plots.headed import Head
from workbench.views import View
from workbench.views.rate_distortion import BOUND, HULL, RateDistortionData, engine_marker, hull_line
from workbench.views.theme import Theme
from workbench.views.wording import shorten


@dataclass(frozen=True, eq=False)
class Prepared:
    """Everything as numbers on the axes (logarithms where the axis is logarithmic), brushes and words."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    hull: tuple[NDArray[np.float64], NDArray[np.float64]]
    bound: tuple[NDArray[np.float64], NDArray[np.float64]]
    stems: tuple[NDArray[np.float64], NDArray[np.float64]]
    current: int
    brushes: list[Any]
    symbols: list[str]
    told: list[str]
    log: bool
    x_label: str
    words: str
    plain: str
    theme: Theme


class RateDistortionPlot(Plot):
    """Points, the best so far as a line, Shannon's bound of a Gaussian source, and a ring around the run shown."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self.head = Head("Rate and distortion", "Which runs are shown")
        self.canvas = Canvas("Rate against distortion")
        self.item = quiet(self.canvas.addPlot(enableMenu=False))
        self.bound, self.hull, self.stems = (pg.PlotCurveItem() for _ in range(3))
        self.runs = pg.ScatterPlotItem(size=11, hoverable=True, tip=_tip)
        self.ring = pg.ScatterPlotItem(size=22, symbol="o", brush=pg.mkBrush(None))
        for thing in (self.bound, self.hull, self.stems, self.ring, self.runs):
            self.item.addItem(thing)
        for side in ("left", "bottom"):
            self.item.getAxis(side).enableAutoSIPrefix(False)
        self.item.setLabel("left", "squared error of a component")
        self.item.setLabel("bottom", "bits of a row")
        self._theme = ""
        self._range: object = None
        self.head.over(self.canvas, self)

    def prepare(self, data: RateDistortionData, theme: Theme) -> Prepared:
        def level(values: NDArray[np.float64]) -> NDArray[np.float64]:
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.log10(values) if data.log else values

        shown = np.isfinite(data.unseen) & (~data.log | (data.unseen > 0))
        stems_y = np.column_stack([level(data.errors), level(np.where(shown, data.unseen, np.nan))])[shown]
        hull_x, hull_y = hull_line(data)
        keep = hull_y > 0 if data.log else np.ones(len(hull_y), bool)
        legend = [
            f'<span style="color:{theme.class_color(k)}">{CHARACTERS.get(engine_marker(k).pyqtgraph, "●")}</span>'
            f"&nbsp;{html.escape(shorten(title, 24)).replace(' ', '&nbsp;')}"
            for k, title in enumerate(data.engine_titles)
        ]
        legend += [f"—&nbsp;{HULL}", *([f"···&nbsp;{BOUND}"] if len(data.bound_bits) else [])]
        legend.append(f'<span style="color:{theme.muted}">{html.escape(data.note)}</span>')
        d = data.n_features
        return Prepared(
            x=data.bits,
            y=level(data.errors),
            hull=(hull_x[keep], level(hull_y[keep])),
            bound=(data.bound_bits, level(data.bound_errors)),
            stems=(np.repeat(data.bits[shown], 2), stems_y.ravel()),
            current=data.current,
            brushes=[pg.mkBrush(theme.class_color(int(k))) for k in data.engines],
            symbols=[engine_marker(int(k)).pyqtgraph for k in data.engines],
            told=[data.told(k) for k in range(len(data.bits))],
            log=data.log,
            x_label=f"bits of a row ({d:,} component{'s' if d != 1 else ''})",
            words=" &nbsp; ".join(legend),
            plain=data.told(data.current).replace("\n", "; ") if data.current >= 0 else data.note,
            theme=theme,
        )

    def draw(self, prepared: Prepared) -> None:
        if prepared.theme.name != self._theme:
            self._theme = prepared.theme.name
            self._dress(prepared.theme)
        if self.item.getAxis("left").logMode != prepared.log:
            self.item.getAxis("left").setLogMode(y=prepared.log)
        self.hull.setData(*prepared.hull)
        self.bound.setData(*prepared.bound)
        self.stems.setData(*prepared.stems, connect="pairs")
        pen = pg.mkPen(prepared.theme.surface, width=1)
        self.runs.setData(
            x=prepared.x, y=prepared.y, brush=prepared.brushes, symbol=prepared.symbols, data=prepared.told, pen=pen
        )
        mine = slice(prepared.current, prepared.current + 1) if prepared.current >= 0 else slice(0, 0)
        self.ring.setData(x=prepared.x[mine], y=prepared.y[mine])
        if self.item.getAxis("bottom").labelText != prepared.x_label:
            self.item.setLabel("bottom", prepared.x_label, **self.item.getAxis("bottom").labelStyle)
        self._reach(prepared)
        self.head.tell(prepared.words)
        self.setAccessibleDescription(prepared.plain)

    def _reach(self, prepared: Prepared) -> None:
        """Let the axes hold all points; a range that still holds them stays, since each change paints the axes anew."""
        ys = np.concatenate([prepared.y, prepared.stems[1], prepared.hull[1][:1]])
        ys = ys[np.isfinite(ys)]
        if not len(ys):
            return
        right, low, high = float(prepared.x.max(initial=1.0)), float(ys.min()), float(ys.max())
        key = (round(right), len(prepared.x), round(low, 1), round(high, 1), prepared.log)
        if key != self._range:
            self._range = key
            room = 0.06 * (high - low) or 0.1 * max(abs(high), 1.0)
            self.item.setRange(xRange=(0, 1.12 * right), yRange=(low - room, high + room), padding=0)

    def _dress(self, theme: Theme) -> None:
        self.canvas.dress(theme)
        dress(self.item, theme)
        self.hull.setPen(pg.mkPen(theme.text, width=1))
        self.stems.setPen(pg.mkPen(theme.muted, width=1))
        self.bound.setPen(pg.mkPen(theme.muted, width=1, style=Qt.PenStyle.DotLine))
        self.ring.setPen(pg.mkPen(theme.accent, width=2))


def _tip(x: float, y: float, data: str) -> str:
    return data
