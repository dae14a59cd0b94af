"""The trials of a search as live panels: score against each parameter, and a heat map of two; computed in `views`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.base import coloured, dress, letters
from workbench.desktop.plots.panels import MOST_TICKS, PanelChart, log_ticks
from workbench.views.search import Axis, HeatMap, SearchData, score_in_words
from workbench.views.theme import Theme
from workbench.views.wording import shorten

MOST_NUMBERS = 4
"""Ticks along a logarithmic axis, whose numbers may be long."""
AXIS = 86
"""Pixels for the numbers at the left, and what they are."""
NAME = 9
"""Letters of a word at an axis."""


@dataclass(eq=False)
class _Drawn:
    """The items of one panel, made once: marks for the trials, or an image."""

    item: pg.PlotItem
    chosen: pg.PlotDataItem
    best: pg.PlotDataItem
    others: pg.PlotDataItem | None = None
    near: pg.PlotDataItem | None = None
    errors: pg.ErrorBarItem | None = None
    near_errors: pg.ErrorBarItem | None = None
    image: pg.ImageItem | None = None


class SearchChart(PanelChart[_Drawn]):
    """One panel for each parameter, and the heat map; a click chooses a trial."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Scores", "Score against each parameter", parent)
        self._data: SearchData | None = None
        self._chosen: int | None = None

    def draw(self, data: SearchData, theme: Theme, chosen: int | None) -> None:
        """Show `data`, with a ring around the trial `chosen`; a panel a turn."""
        self._data, self._chosen = data, chosen
        self._begin(theme)

    def choose(self, trial: int | None) -> None:
        """Put the ring around another trial."""
        self._chosen = trial
        for k, drawn in enumerate(self._drawn):
            self._mark(k, drawn)

    def _kinds(self) -> list[object]:
        if self._data is None:
            return []
        axes: list[object] = [(axis.name, axis.names) for axis in self._data.axes]
        return axes + ([] if self._data.heat is None else ["heat"])

    def _build(self, k: int) -> _Drawn:
        theme, data = self._theme, self._data
        assert theme is not None
        assert data is not None
        item = self._new_plot(k)
        is_map = k == len(data.axes)
        for side in ("left", "bottom"):
            item.getAxis(side).enableAutoSIPrefix(False)
        item.getAxis("left").setWidth(AXIS)
        item.getAxis("left").setStyle(hideOverlappingLabels=False)
        item.setLabel("bottom", "" if is_map else data.axes[k].name)
        item.setLabel("left", "" if is_map else data.score.title)
        dress(item, theme, grid=not is_map)
        ring = item.plot(pen=None, symbol="o", symbolSize=15, symbolBrush=None, symbolPen=pg.mkPen(theme.text, width=2))
        best = item.plot(pen=None, symbol="o", symbolSize=11, symbolBrush=theme.accent, symbolPen=theme.surface)
        ring.setZValue(6)
        best.setZValue(5)
        if is_map:
            image = pg.ImageItem(axisOrder="row-major")
            item.addItem(image)
            best.setSymbolBrush(theme.surface)
            best.setSymbolPen(pg.mkPen(theme.text))
            return _Drawn(item, ring, best, image=image)
        drawn = _Drawn(item, ring, best)
        drawn.errors, drawn.others = self._marks(item, theme.muted, 5)
        drawn.near_errors, drawn.near = self._marks(item, theme.accent, 7)
        return drawn

    def _marks(self, item: pg.PlotItem, color: str, size: int) -> tuple[pg.ErrorBarItem, pg.PlotDataItem]:
        faint = pg.mkColor(color)
        faint.setAlphaF(0.55)
        bars = pg.ErrorBarItem(x=np.zeros(0), y=np.zeros(0), height=np.zeros(0), pen=pg.mkPen(faint, width=1))
        item.addItem(bars)
        return bars, item.plot(pen=None, symbol="o", symbolSize=size, symbolBrush=color, symbolPen=None)

    def _fill(self, k: int, drawn: _Drawn) -> None:
        data = self._data
        assert data is not None
        if drawn.image is not None:
            assert data.heat is not None
            self._fill_map(drawn, data.heat)
        else:
            axis = data.axes[k]
            x, known = self._places(axis), np.isfinite(data.means)
            for bars, points, chosen in (
                (drawn.errors, drawn.others, known & ~data.near),
                (drawn.near_errors, drawn.near, known & data.near),
            ):
                assert bars is not None
                assert points is not None
                bars.setData(x=x[chosen], y=data.means[chosen], height=2 * data.errors[chosen])
                points.setData(x[chosen], data.means[chosen])
            self._scale(drawn.item, axis, x)
        self._mark(k, drawn)

    def _fill_map(self, drawn: _Drawn, heat: HeatMap) -> None:
        theme, data = self._theme, self._data
        assert theme is not None
        assert data is not None
        assert drawn.image is not None
        faint, strong = heat.scale(data.score)
        table = theme.sequential if data.score.higher else theme.sequential[::-1]
        n_rows, n_columns = heat.values.shape
        drawn.image.setImage(coloured(heat.values, table, min(faint, strong), max(faint, strong)), autoLevels=False)
        drawn.image.setRect(QRectF(-0.5, -0.5, n_columns, n_rows))
        drawn.item.setXRange(-0.5, n_columns - 0.5, padding=0)
        drawn.item.setYRange(-0.5, n_rows - 0.5, padding=0)
        drawn.item.setLabel("bottom", heat.x, color=theme.text, **{"font-size": letters()})
        drawn.item.setLabel("left", heat.y, color=theme.text, **{"font-size": letters()})
        worst, top = (score_in_words(data.score, value) for value in _ends(heat))
        drawn.item.setTitle(f"{data.score.title} {worst} to {top}", justify="left", size=letters(), color=theme.muted)
        for side, names in (("bottom", heat.columns), ("left", heat.rows)):
            drawn.item.getAxis(side).setTicks([_name_ticks(names)])

    def _scale(self, item: pg.PlotItem, axis: Axis, x: NDArray[np.float64]) -> None:
        """Ranges with room around the marks, and ticks at values."""
        data = self._data
        assert data is not None
        low, high = float(x.min()), float(x.max())
        pad = 0.5 if axis.names else 0.08 * ((high - low) or 1.0)
        item.setXRange(low - pad, high + pad, padding=0)
        if axis.names:
            item.getAxis("bottom").setTicks([_name_ticks(axis.names)])
        elif axis.log:
            item.getAxis("bottom").setTicks([log_ticks(low - pad, high + pad, MOST_NUMBERS)])
        known = np.isfinite(data.means)
        if known.any():
            errors = np.nan_to_num(data.errors[known])
            bottom, top = float((data.means[known] - errors).min()), float((data.means[known] + errors).max())
            room = 0.08 * ((top - bottom) or abs(top) or 1.0)
            item.setYRange(bottom - room, top + room, padding=0)

    def _mark(self, k: int, drawn: _Drawn) -> None:
        """Stress the best trial, and put the ring around the chosen one."""
        data = self._data
        assert data is not None
        for mark, trial in ((drawn.best, data.best), (drawn.chosen, self._chosen)):
            mark.setData(*self._place_of(k, trial))

    def _place_of(self, k: int, trial: int | None) -> tuple[list[float], list[float]]:
        """Where a trial is in panel `k`, as lists of no or of one number."""
        data = self._data
        assert data is not None
        if trial is None or not math.isfinite(data.means[trial - 1]):
            return [], []
        if k < len(data.axes):
            return [float(self._places(data.axes[k])[trial - 1])], [float(data.means[trial - 1])]
        assert data.heat is not None
        rows, columns = np.nonzero(data.heat.trials == trial)
        return columns.astype(float).tolist(), rows.astype(float).tolist()

    def _places(self, axis: Axis) -> NDArray[np.float64]:
        return np.log10(axis.places) if axis.log else axis.places

    def _clicked_at(self, k: int, drawn: _Drawn, place: QPointF) -> None:
        data = self._data
        if data is None:
            return
        if drawn.image is not None:
            assert data.heat is not None
            row, column = round(place.y()), round(place.x())
            inside = 0 <= row < data.heat.trials.shape[0] and 0 <= column < data.heat.trials.shape[1]
            trial = int(data.heat.trials[row, column]) if inside else 0
        else:
            wide, high = drawn.item.getViewBox().viewPixelSize()
            across = (self._places(data.axes[k]) - place.x()) / wide
            down = (data.means - place.y()) / high
            away = np.where(np.isfinite(down), np.hypot(across, down), np.inf)
            trial = int(away.argmin()) + 1 if np.isfinite(away).any() else 0
        if trial:
            self.picked.emit(trial)


def _ends(heat: HeatMap) -> tuple[float, float]:
    """The least and the greatest score in it; NaN where there is none."""
    known = heat.values[np.isfinite(heat.values)]
    return (float(known.min()), float(known.max())) if len(known) else (math.nan, math.nan)


def _name_ticks(names: tuple[str, ...]) -> list[tuple[float, str]]:
    step = -(-len(names) // MOST_TICKS)
    return [(float(k), shorten(names[k], NAME)) for k in range(0, len(names), step)]
