"""The criteria of a sweep as live small multiples on one axis of counts; what they are is computed in `views`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.base import dress, letters
from workbench.desktop.plots.panels import MOST_TICKS, PanelChart, log_ticks
from workbench.views.sweep import Line, SweepData
from workbench.views.theme import Theme

LEGEND_SHARE = (0.65, 0.35)
"""About as much of a panel's width and height a legend takes."""
MOST_DOTS = 40


@dataclass(eq=False)
class _Drawn:
    """The items of one panel, made once."""

    item: pg.PlotItem
    band: pg.InfiniteLine
    chosen: pg.InfiniteLine
    curves: list[pg.PlotDataItem] = field(default_factory=list)
    bests: list[pg.PlotDataItem] = field(default_factory=list)
    label: pg.TextItem | None = None
    spread: pg.ErrorBarItem | None = None
    bars: pg.BarGraphItem | None = None


class SweepChart(PanelChart[_Drawn]):
    """All panels of a sweep, as many beside one another as there is room for; a click chooses a count."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Criteria", "Criteria against the number of prototypes", parent)
        self._data: SweepData | None = None
        self._chosen: int | None = None

    def draw(self, data: SweepData, theme: Theme, chosen: int | None) -> None:
        """Show `data`, with a line at the count `chosen`; a panel a turn."""
        self._data, self._chosen = data, chosen
        self._begin(theme)

    def choose(self, count: int | None) -> None:
        """Put the line at another count."""
        self._chosen = count
        for drawn in self._drawn:
            self._mark(drawn)

    def _kinds(self) -> list[object]:
        panels = self._data.panels if self._data is not None else ()
        return [(panel.name, panel.title, len(panel.lines)) for panel in panels]

    def _build(self, k: int) -> _Drawn:
        theme, data = self._theme, self._data
        assert theme is not None
        assert data is not None
        panel = data.panels[k]
        item = self._new_plot(k)
        words = (
            f'{panel.title} <span style="color: {theme.muted}; font-size: {letters(0.9)}">&nbsp; {panel.rule}</span>'
        )
        item.setTitle(words, justify="left", size=letters(), color=theme.text)
        for side in ("left", "bottom"):
            item.getAxis(side).enableAutoSIPrefix(False)
        item.getAxis("left").setWidth(52)
        if k + self._n_columns >= len(data.panels):
            item.setLabel("bottom", data.counted)
        dress(item, theme)
        item.setTitle(words, justify="left", size=letters(), color=theme.text)
        item.titleLabel.updateMin = item.titleLabel.updateGeometry  # a long title does not widen its column
        item.titleLabel.setMinimumWidth(0)
        faint = pg.mkColor(theme.accent)
        faint.setAlphaF(0.25)
        band = pg.InfiniteLine(angle=90, pen=pg.mkPen(faint, width=7))
        chosen = pg.InfiniteLine(angle=90, pen=pg.mkPen(theme.muted, width=1, style=Qt.PenStyle.DashLine))
        for line in (band, chosen):
            line.setZValue(-5)
            item.addItem(line, ignoreBounds=True)
        drawn = _Drawn(item, band, chosen)
        if panel.bars:
            drawn.bars = pg.BarGraphItem(x=[0.0], height=[0.0], width=0.7, brush=theme.accent, pen=None)
            item.addItem(drawn.bars)
            return drawn
        if len(panel.lines) > 1:
            see_through = pg.mkColor(theme.surface)
            see_through.setAlphaF(0.6)
            item.addLegend(labelTextSize=letters(0.9), labelTextColor=theme.text, brush=see_through, verSpacing=-6)
        for line in panel.lines:
            self._add_line(drawn, line, theme)
        return drawn

    def _add_line(self, drawn: _Drawn, line: Line, theme: Theme) -> None:
        color = {"own": theme.accent, "second": theme.class_color(1), "reference": theme.muted}[line.role]
        style = Qt.PenStyle.DashLine if line.role == "reference" else Qt.PenStyle.SolidLine
        if line.spread is not None:
            drawn.spread = pg.ErrorBarItem(
                x=np.zeros(1), y=np.zeros(1), height=np.zeros(1), pen=pg.mkPen(color, width=1)
            )
            drawn.item.addItem(drawn.spread)
        curve = drawn.item.plot(pen=pg.mkPen(color, width=1, style=style), name=line.title or None)
        curve.setSymbolSize(4)
        curve.setSymbolPen(None)
        curve.setSymbolBrush(color)
        best = drawn.item.plot(pen=None, symbol="o", symbolSize=10, symbolBrush=color, symbolPen=theme.surface)
        drawn.curves.append(curve)
        drawn.bests.append(best)
        if line.role == "own" and drawn.label is None:
            drawn.label = pg.TextItem(color=theme.text, anchor=(0.5, 1.25))
            drawn.item.addItem(drawn.label, ignoreBounds=True)

    def _fill(self, k: int, drawn: _Drawn) -> None:
        data = self._data
        assert data is not None
        panel = data.panels[k]
        x = self._places(data.counts)
        pad = 0.06 * max(float(x[-1] - x[0]), 0.5)
        drawn.item.setXRange(float(x[0]) - pad, float(x[-1]) + pad, padding=0)
        step = -(-len(x) // MOST_TICKS)
        ticks = list(zip(x[::step].tolist(), [f"{count:,}" for count in data.counts[::step]], strict=True))
        drawn.item.getAxis("bottom").setTicks([ticks])
        self._mark(drawn)
        if drawn.bars is not None:
            heights = panel.lines[0].values
            width = 0.7 * (float(np.diff(x).min()) if len(x) > 1 else 1.0)
            drawn.bars.setOpts(x=x, height=heights, width=width)
            top = max(1, math.ceil(float(heights.max())))
            drawn.item.setYRange(0, 1.1 * top, padding=0)
            every = -(-top // 5)
            drawn.item.getAxis("left").setTicks([[(float(n), str(n)) for n in range(0, top + 1, every)]])
            return
        levels, points = [], []
        for line, curve, best in zip(panel.lines, drawn.curves, drawn.bests, strict=True):
            y = np.log10(line.values) if panel.log else line.values
            known = np.isfinite(y)
            levels.append(y[known])
            points.append(np.column_stack([x[known], y[known]]))
            few = known.sum() <= MOST_DOTS and line.role != "reference"
            curve.setData(x[known], y[known], symbol="o" if few else None)
            at = [] if line.best is None else [line.best]
            best.setData(x[at], y[at])
            if line.role == "own" and drawn.label is not None:
                drawn.label.setVisible(bool(at))
                if at:
                    drawn.label.setText(f"{data.counts[at[0]]:,}")
                    drawn.label.setPos(float(x[at[0]]), float(y[at[0]]))
            if line.spread is not None and drawn.spread is not None:
                spread = np.nan_to_num(line.spread[known])
                drawn.spread.setData(x=x[known], y=y[known], height=2 * spread)
                levels += [y[known] - spread, y[known] + spread]
        self._scale(drawn.item, np.concatenate(levels), panel.log)
        if drawn.item.legend is not None:
            _put_aside(drawn.item, np.concatenate(points))

    def _scale(self, item: pg.PlotItem, values: NDArray[np.float64], log: bool) -> None:
        """A vertical range with room for the labels above the points."""
        if not len(values):
            return
        low, high = float(values.min()), float(values.max())
        span = (high - low) or max(abs(high), 1.0) * 0.1
        low, high = low - 0.08 * span, high + 0.32 * span
        item.setYRange(low, high, padding=0)
        item.getAxis("left").setTicks([log_ticks(low, high)] if log else None)

    def _mark(self, drawn: _Drawn) -> None:
        assert self._data is not None
        for line, count in ((drawn.band, self._data.value), (drawn.chosen, self._chosen)):
            line.setVisible(count is not None and (line is drawn.band or count != self._data.value))
            if count is not None:
                line.setValue(float(self._places([count])[0]))

    def _places(self, counts: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float64]:
        """Where counts lie on the axis."""
        assert self._data is not None
        found = np.asarray(counts, np.float64)
        return np.log(found) if self._data.log_counts else found

    def _clicked_at(self, k: int, drawn: _Drawn, place: QPointF) -> None:
        if self._data is not None:
            nearest = int(np.abs(self._places(self._data.counts) - place.x()).argmin())
            self.picked.emit(int(self._data.counts[nearest]))


def _put_aside(item: pg.PlotItem, points: NDArray[np.float64]) -> None:
    """Put the legend in the corner where it hides the fewest of the (m, 2) points."""
    (left, right), (low, high) = item.getViewBox().viewRange()
    at = (points - [left, low]) / [(right - left) or 1.0, (high - low) or 1.0]
    corners = [(1, 1), (1, 0), (0, 0), (0, 1)]  # right or left, top or bottom
    hidden = [
        int(np.sum((np.abs(at[:, 0] - x) < LEGEND_SHARE[0]) & (np.abs(at[:, 1] - y) < LEGEND_SHARE[1])))
        for x, y in corners
    ]
    x, y = corners[int(np.argmin(hidden))]
    corner = (x, 1 - y)
    item.legend.anchor(itemPos=corner, parentPos=corner, offset=(-4 if x else 4, 2 if y else -2))
