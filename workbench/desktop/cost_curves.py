"""The cost of a run, and of one beside it, as curves over iterations or shares of the runs, with a mark on each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QGuiApplication, QMouseEvent

from workbench.desktop.live import Beside, Moment
from workbench.desktop.plots.base import Canvas, dress, letters, quiet
from workbench.views.theme import Theme
from workbench.views.when import Measure, place_of
from workbench.views.wording import shorten

_ROOM = 0.05
"""Of an axis, left free beside the curves on it."""
_WIDE = 100.0
"""Costs of two runs that differ by such a factor are drawn on a logarithmic axis."""


class CostCurves(Canvas):
    """One curve, or two: those of one engine on one axis of cost, those of two engines on one each, left and right.

    Attributes
    ----------
    clicked : Signal(float)
        A person pointed at this place of the axis of iterations, or of shares.
    first, second : pg.PlotDataItem
    marks : (pg.InfiniteLine, pg.InfiniteLine)
        At what is shown of each.
    """

    clicked = Signal(float)

    def __init__(self) -> None:
        super().__init__("Cost curve")
        self.ci.layout.setContentsMargins(8, 2, 14, 4)
        self.setMinimumHeight(64)
        self._across = _Across("bottom")
        axes = {"bottom": self._across, "left": _Up("left"), "right": _Up("right")}
        self.item = quiet(self.addPlot(enableMenu=False, axisItems=axes))
        for side in ("left", "right", "bottom"):
            self.item.getAxis(side).enableAutoSIPrefix(False)
        self.item.getAxis("left").setWidth(70)
        self.item.setMouseEnabled(x=False, y=False)
        self.first = self.item.plot()
        self.marks = (pg.InfiniteLine(angle=90), pg.InfiniteLine(angle=90))
        for mark in self.marks:
            self.item.addItem(mark)
        self._box = pg.ViewBox(enableMenu=False)  # where the second curve is, on an axis of cost of its own
        self._box.setMouseEnabled(x=False, y=False)
        self._box.setXLink(self.item)
        self.item.scene().addItem(self._box)
        self.item.getAxis("right").linkToView(self._box)
        self.second = pg.PlotDataItem()
        self._box.addItem(self.second)
        self.item.getViewBox().sigResized.connect(self._fit)
        self._legend = self.item.addLegend(offset=(-8, 2), colCount=2, labelTextSize=letters())
        self._names: tuple[str, ...] = ()
        self.scene().sigMouseClicked.connect(self._clicked)
        self.clear_curves()

    @property
    def ends(self) -> tuple[float, float] | None:
        """Where the curves begin and end across; None where there are none."""
        parts = [curve.getOriginalDataset()[0] for curve in (self.first, self.second)]
        x = np.concatenate([part for part in parts if part is not None] or [np.empty(0)])
        return (float(x.min()), float(x.max())) if len(x) else None

    def clear_curves(self) -> None:
        """Draw nothing."""
        for curve in (self.first, self.second):
            curve.setData([], [])
        self._show_second(())
        for mark in self.marks:
            mark.hide()
        self._show_axes(False)

    def draw(self, moment: Moment, by: Measure) -> None:
        """Draw the curves up to now, and mark what is shown."""
        beside = moment.beside
        self._across.by = by
        self._put(0, moment, by)
        if beside is None:
            self.second.setData([], [])
            self.marks[1].hide()
        else:
            self._put(1, beside, by)
        self._show_second(() if beside is None else (moment.run.name, beside.name))
        self._reach(moment, by)
        self._show_axes(True)

    def dress(self, theme: Theme) -> None:
        super().dress(theme)
        dress(self.item, theme)
        self.first.setPen(pg.mkPen(theme.accent, width=1))
        self.first.setSymbolBrush(theme.accent)
        self.second.setPen(pg.mkPen(theme.text, width=1, style=Qt.PenStyle.DashLine))
        self.second.setSymbolBrush(theme.text)
        for mark, colour in zip(self.marks, (theme.accent, theme.text), strict=True):
            mark.setPen(pg.mkPen(colour, width=1, style=Qt.PenStyle.DotLine))
        self._legend.setLabelTextColor(theme.text)
        self._legend.setBrush(pg.mkBrush(theme.surface))
        for _, label in self._legend.items:
            label.setText(label.text)

    def _put(self, which: int, run: Moment | Beside, by: Measure) -> None:
        """Draw one curve and its mark; a run of one moment alone is a point."""
        last = float(max(run.snapshot.iteration, np.max(run.iteration, initial=0.0)))
        x = np.array([place_of(k, last, by) for k in run.iteration.tolist()])
        curve = (self.first, self.second)[which]
        curve.setData(x, run.cost, symbol="o" if len(x) == 1 else None, symbolSize=6, symbolPen=None)
        self.marks[which].setValue(place_of(run.snapshot.iteration, last, by))
        self.marks[which].show()

    def _reach(self, moment: Moment, by: Measure) -> None:
        """Let the axes hold both curves."""
        beside = moment.beside
        costs = [moment.cost] if beside is None else [moment.cost, beside.cost]
        same = beside is None or beside.engine == moment.run.engine.name
        groups = [np.concatenate(costs)] * len(costs) if same else costs
        log = beside is not None and same and _is_wide(groups[0])
        self.item.getAxis("left").setLogMode(log)
        self.item.getAxis("right").setLogMode(log)
        for curve in (self.first, self.second):
            curve.setLogMode(False, log)
        for box, group in zip((self.item.getViewBox(), self._box), groups, strict=False):
            box.setYRange(*_range(np.log10(group) if log else group), padding=0)
        self.item.showAxis("right", not same)
        ends = self.ends or (0.0, 1.0)
        least = 1.0 if by == "iteration" else 0.01
        self.item.getViewBox().setLimits(minXRange=least)
        around = max(least, _ROOM * (ends[1] - ends[0])) if ends[0] == ends[1] else 0.02 * (ends[1] - ends[0])
        self.item.setXRange(ends[0] - around, ends[1] + around, padding=0)

    def _show_second(self, names: Sequence[str]) -> None:
        """Name both curves; none where there is one alone, whose name stands above."""
        if tuple(names) == self._names and names:
            return
        self._names = tuple(names)
        self._legend.clear()
        for curve, name in zip((self.first, self.second), names, strict=False):
            self._legend.addItem(curve, shorten(name, 28))
        self._legend.setVisible(bool(names))
        told = " and ".join(names)
        self.setAccessibleDescription(f"The cost of {told}" if names else "The cost of the run, iteration by iteration")
        if not names:
            self.item.showAxis("right", False)

    def _show_axes(self, shown: bool) -> None:
        for side in ("left", "bottom"):
            self.item.getAxis(side).setStyle(showValues=shown)
        self.item.showGrid(x=shown, y=shown, alpha=0.25)

    @Slot()
    def _fit(self) -> None:
        self._box.setGeometry(self.item.getViewBox().sceneBoundingRect())
        self._box.linkedViewChanged(self.item.getViewBox(), self._box.XAxis)

    @Slot(object)
    def _clicked(self, event: QMouseEvent) -> None:
        if (ends := self.ends) is not None:
            at = self.item.getViewBox().mapSceneToView(event.scenePos()).x()
            self.clicked.emit(float(np.clip(at, *ends)))


class _Across(pg.AxisItem):
    """The axis of iterations, or of shares in percent."""

    by: Measure = "iteration"

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802
        if self.by == "share":
            return [f"{100 * value:.3g} %" for value in values]
        made: list[str] = super().tickStrings(values, scale, spacing)
        return made


class _Up(pg.AxisItem):
    """An axis of cost, which may be low: so many labels that none stands on another."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802
        most = max(1, int(size / (1.5 * QFontMetricsF(QGuiApplication.font()).height())))
        for spacing, values in super().tickValues(minVal, maxVal, size):
            inside = [value for value in values if minVal <= value <= maxVal]
            step = max(1, -(-len(inside) // most))
            if inside:
                return [(spacing * step, inside[(len(inside) - 1) % step // 2 :: step])]
        return []


def _is_wide(costs: NDArray[np.float64]) -> bool:
    return bool(len(costs) and costs.min() > 0 and costs.max() > _WIDE * costs.min())


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    """From where to where an axis goes around `values`."""
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    around = _ROOM * (high - low) or 0.5 * abs(high) or 0.5
    return low - around, high + around
