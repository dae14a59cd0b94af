"""Cost and metrics against iterations, as live lines; what the curves are is computed in `workbench.views`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from workbench.desktop.plots.base import Canvas, Plot, dress, letters, quiet
from workbench.views import View
from workbench.views.curves import CurvesData, Panel, thinned
from workbench.views.theme import Theme

FEW_POINTS = 30
LOWEST_PANEL = 120
"""Pixels; where there is less room for each panel, the view scrolls."""
MARGIN = 0.02
"""Of the axis of iterations, beside its first and last, so that both are labelled."""
PANELS_A_TURN, TURN_MS = 1, 8
"""So many panels are brought up to date in a turn, then the interface thread has this time for painting and input."""
STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Curves thinned to what a screen can show: x and y of every line of every panel."""

    data: CurvesData
    lines: tuple[tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...], ...]
    theme: Theme


class CurvesPlot(Plot):
    """One panel above another on a common axis of iterations."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self.canvas = Canvas("Learning curves")
        self.panels: list[pg.PlotItem] = []
        self.curves: list[list[pg.PlotDataItem]] = []
        self._prepared: Prepared | None = None
        self._shape: object = None
        self._theme = ""
        self._to_fill = 0
        self._end = 0.0
        self._next = QTimer(self, singleShot=True, interval=TURN_MS)
        self._next.timeout.connect(self._go_on)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setAccessibleName("Learning curves")
        scroll.setWidget(self.canvas)
        layout.addWidget(scroll)

    def prepare(self, data: CurvesData, theme: Theme) -> Prepared:
        lines = tuple(tuple(thinned(data.iteration, curve.values) for curve in panel.curves) for panel in data.panels)
        return Prepared(data, lines, theme)

    def draw(self, prepared: Prepared) -> None:
        self._prepared = prepared
        shape = [(panel.label, [curve.title for curve in panel.curves]) for panel in prepared.data.panels]
        if shape != self._shape:
            self._shape = shape
            self._clear(len(shape))
        if prepared.theme.name != self._theme:
            self._theme = prepared.theme.name
            self.canvas.dress(prepared.theme)
            for k in range(len(self.panels)):
                self._dress(k)
        self._to_fill = 0
        self._reach(float(np.max(prepared.data.iteration, initial=1.0)))
        self._next.start()  # the timeline below is brought up to date in this turn

    def _reach(self, last: float) -> None:
        """Let the axis of iterations hold `last`, in steps: each change of the common axis repaints every panel.

        A range that a person chose stays.
        """
        if last > self._end and self.panels:
            box = self.panels[0].getViewBox()
            if self._end == 0 or np.isclose(box.viewRange()[0][1], (1 + MARGIN) * self._end):
                self._end = round_end(last)
                box.setXRange(0, self._end, padding=MARGIN)

    def _clear(self, n_panels: int) -> None:
        self._end = 0.0
        self.canvas.clear()
        self.panels, self.curves = [], []
        self.canvas.setMinimumHeight(LOWEST_PANEL * n_panels)

    @Slot()
    def _go_on(self) -> None:
        """Fill the next few panels with the newest lines, making one that is not there yet; the rest in later turns.

        A panel takes some 25 ms of the interface thread to make, and 5 to paint.
        """
        assert self._prepared is not None
        panels, lines = self._prepared.data.panels, self._prepared.lines
        for k in range(self._to_fill, min(self._to_fill + PANELS_A_TURN, len(panels))):
            is_new = k == len(self.panels)
            if is_new:
                self._build(k, panels[k], last=k + 1 == len(panels))
                self._dress(k)
                self._reach(float(np.max(self._prepared.data.iteration, initial=1.0)))
            self._fill(k, panels[k], lines[k])
            self._to_fill = k + 1
            if is_new:
                break
        if self._to_fill < len(panels):
            self._next.start()

    def _fill(self, k: int, panel: Panel, lines: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> None:
        item = self.panels[k]
        if item.getAxis("left").logMode != panel.log:
            item.setLogMode(x=False, y=panel.log)
            item.enableAutoRange("x", False)  # which that turns on again, and so moves all panels
        for curve, (x, y) in zip(self.curves[k], lines, strict=True):
            curve.setData(x, y, symbol="o" if len(x) <= FEW_POINTS else None)

    def _build(self, k: int, panel: Panel, last: bool) -> None:
        item = quiet(self.canvas.addPlot(row=k, col=0, enableMenu=False))
        item.setTitle(panel.label, justify="left", size=letters())
        for side in ("left", "bottom"):
            item.getAxis(side).enableAutoSIPrefix(False)
        item.getViewBox().setLimits(minXRange=1)
        item.enableAutoRange("x", False)
        item.getAxis("left").setWidth(66)
        if last:
            item.setLabel("bottom", "iteration")
        else:
            item.getAxis("bottom").setStyle(showValues=False)
            item.getAxis("bottom").setTicks([])
        if k:
            item.setXLink(self.panels[0])
        if panel.limits is not None:
            item.setYRange(*panel.limits, padding=0.08)
        if len(panel.curves) > 1:
            item.addLegend(offset=(-8, 8), labelTextSize=letters())
        self.panels.append(item)
        self.curves.append([item.plot(name=curve.title, skipFiniteCheck=False) for curve in panel.curves])

    def _dress(self, k: int) -> None:
        """Give panel `k` the theme's colours."""
        assert self._prepared is not None
        theme, panel, item = self._prepared.theme, self._prepared.data.panels[k], self.panels[k]
        dress(item, theme)
        for curve, line in zip(panel.curves, self.curves[k], strict=True):
            colour = theme.class_color(curve.code) if len(panel.curves) > 1 else theme.accent
            line.setSymbolSize(4)
            line.setSymbolPen(None)
            line.setSymbolBrush(colour)
            line.setPen(pg.mkPen(colour, width=1, style=STYLES[curve.code % len(STYLES)]))
        if item.legend is not None:
            item.legend.setLabelTextColor(theme.text)
            item.legend.setBrush(pg.mkBrush(theme.surface))
            for _, label in item.legend.items:
                label.setText(label.text)


def round_end(last: float) -> float:
    """The first of 5, 10, 15, 20, 30, 40, 60, 80, 100, 150 ... that is not below `last`."""
    scale = 10.0 ** max(1.0, np.floor(np.log10(max(last, 1.0))))
    return next(scale * part for part in (0.5, 1, 1.5, 2, 3, 4, 6, 8, 10) if scale * part >= last)
