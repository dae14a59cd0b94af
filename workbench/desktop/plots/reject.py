"""Accuracy against the share of accepted rows, live, with a threshold to drag; what the curves are, the views say."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QWidget

from workbench.desktop.plots.base import CHARACTERS, Canvas, Plot, dress, quiet
from workbench.desktop.plots.headed import Head
from workbench.desktop.plots.threshold_bar import ThresholdBar
from workbench.desktop.plots.wishes import ForgetThreshold, KeepThreshold
from workbench.views import View
from workbench.views.outcome import Outcome
from workbench.views.reject import CURVES, SESSION_PARTS, Line, RejectData, told
from workbench.views.scene import PARTS as PART_NAMES
from workbench.views.theme import Theme
from workbench.views.wording import MISSING, number, percent

PARTS, MEASURES = CURVES
STYLES = {
    "—": Qt.PenStyle.SolidLine,
    "- -": Qt.PenStyle.DashLine,
    "···": Qt.PenStyle.DotLine,
    "-·-": Qt.PenStyle.DashDotLine,
}
MOST_LINES, MOST_CLASSES = 6, 12
SYMBOLS = ("o", "s", "t1")


@dataclass(frozen=True, eq=False)
class Prepared:
    """Lines in percent, thresholds as points, and a legend."""

    lines: tuple[tuple[NDArray[np.float64], NDArray[np.float64], Any], ...]
    points: tuple[list[float], list[float], list[str], list[str]]
    limits: tuple[float, float, float, float]
    names: tuple[str, ...]
    current: str
    legend: str
    words: str
    theme: Theme
    data: RejectData


class RejectPlot(Plot):
    """One set of curves at a time: of the parts, with one threshold and with one a class; or of the certainties.

    A line across the curves of the parts is the threshold that a person tries: by dragging it, or in numbers below.

    Attributes
    ----------
    bar : ThresholdBar
    figures : QLabel
        What the threshold does on each part.
    threshold : float
        The one that is tried.
    """

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self.head = Head("Reject option", "Which curves are shown")
        self.head.changed.connect(self.stale)
        self.canvas = Canvas("Accuracy against accepted rows")
        self.item = quiet(self.canvas.addPlot(enableMenu=False))
        self.curves = [pg.PlotCurveItem() for _ in range(MOST_LINES)]
        self.points = pg.ScatterPlotItem(size=12, hoverable=True, tip=_tip)
        self.tried = pg.ScatterPlotItem(size=13, symbol="x")
        self.line = pg.InfiniteLine(angle=90, movable=True)
        for thing in (*self.curves, self.points, self.tried, self.line):
            self.item.addItem(thing)
        for side in ("left", "bottom"):
            self.item.getAxis(side).enableAutoSIPrefix(False)
        self.item.setLabel("left", "right among the accepted rows [%]")
        self.item.setLabel("bottom", "accepted rows [%]")
        self._theme = ""
        self._range: object = None
        self._data: RejectData | None = None
        self._shown: object = None
        self.threshold = 0.0
        self.head.over(self.canvas, self)
        self._add_bar()

    def prepare(self, data: RejectData, theme: Theme) -> Prepared:
        by_measure = self.head.chosen == MEASURES
        named = _measures(data, theme) if by_measure else _parts(data, theme)
        choices = () if by_measure else data.choices
        last = len(data.parts) - 1
        aim = f"of the {data.chosen_on} part, reject relative distances"
        tips = [f"for {percent(choice.target)} {aim} {told(choice, data, last)}" for choice in choices]
        marks = [f"{CHARACTERS[s]}&nbsp;{percent(c.target)}" for s, c in zip(SYMBOLS, choices, strict=False)]
        legend = [
            f'<span style="color:{color}">{_spelled(mark)}</span>&nbsp;{_spelled(name)}'
            for _, name, color, mark in named
        ]
        legend += [f"threshold for {', '.join(marks)} of the {data.chosen_on} part"] if marks else []
        legend.append(f'<span style="color:{theme.muted}">{html.escape(data.note)}</span>')
        low, high = data.limits
        return Prepared(
            lines=tuple(
                (100 * line.accepted, 100 * line.accuracy, pg.mkPen(color, width=2, style=STYLES[mark]))
                for line, _, color, mark in named
            ),
            points=(
                [100 * float(choice.accepted[-1]) for choice in choices],
                [100 * float(choice.accuracy[-1]) for choice in choices],
                list(SYMBOLS[: len(choices)]),
                tips,
            ),
            limits=(100 * data.left, 100 + 2 * (1 - data.left), 100 * low, 100 * high),
            names=(PARTS, MEASURES) if data.parts else (),
            current=MEASURES if by_measure else PARTS,
            legend=" &nbsp; ".join(legend) if data.parts else "No labelled rows.",
            words="; ".join(tips) or data.note,
            theme=theme,
            data=data,
        )

    def draw(self, prepared: Prepared) -> None:
        if prepared.theme.name != self._theme:
            self._theme = prepared.theme.name
            self.canvas.dress(prepared.theme)
            dress(self.item, prepared.theme)
            self.points.setPen(pg.mkPen(prepared.theme.text, width=1))
            self.points.setBrush(pg.mkBrush(prepared.theme.surface))
            self.tried.setPen(pg.mkPen(prepared.theme.surface, width=1))
            self.tried.setBrush(pg.mkBrush(prepared.theme.text))
            self.line.setPen(pg.mkPen(prepared.theme.text, width=1))
            self.line.setHoverPen(pg.mkPen(prepared.theme.text, width=3))
        for k, curve in enumerate(self.curves):
            if k < len(prepared.lines):
                x, y, pen = prepared.lines[k]
                curve.setData(x, y, pen=pen)
            else:
                curve.setData([], [])
        x, y, symbols, tips = prepared.points
        self.points.setData(x=x, y=y, symbol=symbols, data=tips)
        if prepared.limits != self._range:
            self._range = prepared.limits
            left, right, low, high = prepared.limits
            self.item.setRange(xRange=(left, right), yRange=(low, high), padding=0)
        self.head.tell(prepared.legend, prepared.names, prepared.current)
        self.setAccessibleDescription(prepared.words)
        self._show_threshold(prepared)

    def _add_bar(self) -> None:
        self.bar = ThresholdBar()
        self.figures = QLabel(textFormat=Qt.TextFormat.RichText, wordWrap=True)
        self.figures.setAccessibleName("What the threshold does")
        self.figures.setContentsMargins(14, 0, 14, 8)
        layout = self.layout()
        assert layout is not None
        layout.addWidget(self.bar)
        layout.addWidget(self.figures)
        self.line.sigDragged.connect(self._dragged)
        self.bar.moved.connect(self.try_threshold)
        self.bar.cheapest_wanted.connect(self._try_cheapest)
        self.bar.keep_wanted.connect(self._keep)
        self.bar.forget_wanted.connect(self._forget)

    @Slot(float)
    def try_threshold(self, value: float) -> None:
        """Show what a threshold would do."""
        self.threshold = value
        self.bar.show_value(value)
        self._tell()

    def _show_threshold(self, prepared: Prepared) -> None:
        data = self._data = prepared.data
        usable = bool(data.parts) and prepared.current == PARTS
        for widget in (self.bar, self.figures):
            widget.setVisible(usable)
        for item in (self.line, self.tried):
            item.setVisible(usable)
        if not usable:
            return
        if self._shown != (data.run, data.kept):
            self._shown = data.run, data.kept
            first = data.choices[0].threshold if data.choices else 0.0
            self.threshold = min(1.0, max(0.0, first if data.kept is None else data.kept))
        self.bar.forget.setEnabled(data.kept is not None)
        self.try_threshold(self.threshold)

    def _tell(self) -> None:
        """Line, marks and words for the threshold that is tried; some thousand rows are counted in no time."""
        data = self._data
        if data is None or not data.parts:
            return
        outcomes = data.at(self.threshold)
        chosen = next(outcome for outcome in outcomes if outcome.part == data.chosen_on)
        self.line.setValue(100 * chosen.accepted)
        shown = [outcome for outcome in outcomes if outcome.n_accepted]
        self.tried.setData([100 * s.accepted for s in shown], [100 * s.accuracy for s in shown])
        self.bar.keep.setEnabled(data.kept is None or abs(data.kept - self.threshold) > 5e-5)
        kept = "" if data.kept is None else f"Kept with the run: {number(data.kept)}, chosen on {data.kept_on}. "
        words = f"{kept}The line is drawn where it parts the {data.chosen_on} rows."
        lines = [*(html.escape(outcome.words) for outcome in outcomes), _by_class(outcomes[-1], data)]
        self.figures.setText("<br>".join([*lines, html.escape(words)]))
        self.figures.setAccessibleDescription("; ".join(outcome.words for outcome in outcomes))

    @Slot()
    def _dragged(self) -> None:
        if self._data is not None:
            self.try_threshold(self._data.chosen.threshold_at(self.line.value() / 100))

    @Slot(float)
    def _try_cheapest(self, cost: float) -> None:
        if self._data is not None and self._data.parts:
            self.try_threshold(self._data.cheapest(cost))

    @Slot()
    def _keep(self) -> None:
        if self._data is not None:
            part = SESSION_PARTS[PART_NAMES.index(self._data.chosen_on)]
            self.correction_wanted.emit(KeepThreshold(self.threshold, part, self._data.iteration))

    @Slot()
    def _forget(self) -> None:
        self.correction_wanted.emit(ForgetThreshold())


def _by_class(outcome: Outcome, data: RejectData) -> str:
    """Of each class, what is rejected and what is right of the rest."""
    told = []
    for code in range(min(MOST_CLASSES, len(data.class_names))):
        n, kept, right = (int(v[code]) for v in (outcome.class_rows, outcome.class_accepted, outcome.class_right))
        if n:
            accuracy = percent(right / kept, 0) if kept else MISSING
            told.append(f"{html.escape(data.class_names[code])}: {accuracy} ({percent(1 - kept / n, 0)} rejected)")
    more = len(data.class_names) - MOST_CLASSES
    told += [f"and {more} more"] if more > 0 else []
    return f"{outcome.part}, right of each class — " + ", ".join(told)


Named = tuple[Line, str, str, str]
"""A line, its name, its colour and its style."""


def _parts(data: RejectData, theme: Theme) -> list[Named]:
    lines: list[Named] = []
    for k, part in enumerate(data.parts):
        color = theme.class_color(k)
        lines.append((part.one, f"{part.part}, one threshold", color, "—"))
        lines.append((part.by_class, f"{part.part}, one a class", color, "- -"))
    return lines


def _measures(data: RejectData, theme: Theme) -> list[Named]:
    return [
        (line, f"{name}: {percent(line.area)} on average", theme.class_color(k), list(STYLES)[k % len(STYLES)])
        for k, (name, line) in enumerate(zip(data.measures, data.lines, strict=True))
    ]


def _spelled(name: str) -> str:
    return html.escape(name).replace(" ", "&nbsp;")


def _tip(x: float, y: float, data: str) -> str:
    return data
