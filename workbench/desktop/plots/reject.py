"""Accuracy against the share of accepted rows, live; what the curves are is computed in `workbench.views`."""

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
from workbench.views.reject import Line, RejectData, told
from workbench.views.theme import Theme
from workbench.views.wording import percent

PARTS, MEASURES = "Parts of the split", "Ways to be certain"
STYLES = {
    "—": Qt.PenStyle.SolidLine,
    "- -": Qt.PenStyle.DashLine,
    "···": Qt.PenStyle.DotLine,
    "-·-": Qt.PenStyle.DashDotLine,
}
MOST_LINES = 6
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


class RejectPlot(Plot):
    """One set of curves at a time: of the parts, with one threshold and with one a class; or of the certainties."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self.head = Head("Reject option", "Which curves are shown")
        self.head.changed.connect(self.stale)
        self.canvas = Canvas("Accuracy against accepted rows")
        self.item = quiet(self.canvas.addPlot(enableMenu=False))
        self.curves = [pg.PlotCurveItem() for _ in range(MOST_LINES)]
        self.points = pg.ScatterPlotItem(size=12, hoverable=True, tip=_tip)
        for thing in (*self.curves, self.points):
            self.item.addItem(thing)
        for side in ("left", "bottom"):
            self.item.getAxis(side).enableAutoSIPrefix(False)
        self.item.setLabel("left", "right among the accepted rows [%]")
        self.item.setLabel("bottom", "accepted rows [%]")
        self._theme = ""
        self._range: object = None
        self.head.over(self.canvas, self)

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
        )

    def draw(self, prepared: Prepared) -> None:
        if prepared.theme.name != self._theme:
            self._theme = prepared.theme.name
            self.canvas.dress(prepared.theme)
            dress(self.item, prepared.theme)
            self.points.setPen(pg.mkPen(prepared.theme.text, width=1))
            self.points.setBrush(pg.mkBrush(prepared.theme.surface))
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
