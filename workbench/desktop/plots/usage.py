"""Use of the codes, live: sorted counts of every book, and beside them its bits, or the balance of single bits."""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.base import Canvas, Plot, dress, quiet
from workbench.desktop.plots.headed import Head
from workbench.views import View
from workbench.views.theme import Theme
from workbench.views.usage import UsageData, line_color
from workbench.views.wording import counted

MOST_LINES = 64
"""More books than that are not drawn one by one; their bits still are."""
STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Outlines (x, y) of the sorted counts of each book, in its pen; bits; words."""

    outlines: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]
    colours: tuple[tuple[str, int], ...]
    even: float
    used: NDArray[np.float64]
    paid: NDArray[np.float64]
    labels: tuple[str, str]
    ends: tuple[float, float]
    counted: str
    words: str
    theme: Theme


class UsagePlot(Plot):
    """Counts at the left; where there are several books or bits, bars for them at the right."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self.head = Head("Use of the codes", "Which books are shown")
        self.canvas = Canvas("Use of the codes")
        self.counts = quiet(self.canvas.addPlot(row=0, col=0, enableMenu=False))
        self.bits = quiet(self.canvas.addPlot(row=0, col=1, enableMenu=False))
        self.lines: list[pg.PlotDataItem] = []
        self.even = pg.InfiniteLine(angle=0)
        self.counts.addItem(self.even)
        self.paid, self.used = (pg.BarGraphItem(x=[0], y0=0, height=[0], width=0.8) for _ in range(2))
        self.bits.addItem(self.paid)
        self.bits.addItem(self.used)
        for item in (self.counts, self.bits):
            for side in ("left", "bottom"):
                item.getAxis(side).enableAutoSIPrefix(False)
        self.counts.setLabel("bottom", "codes, by falling use")
        self.counts.setLabel("left", "rows")
        self._looks: object = None
        self.head.over(self.canvas, self)

    def prepare(self, data: UsageData, theme: Theme) -> Prepared:
        shown = data.books[:MOST_LINES]
        most = max(len(book.counts) for book in data.books)
        top = max(1.0, *(float(book.counts.max(initial=0.0)) for book in data.books))
        paid, used = data.bars
        labels = ("book", "bits: paid, used") if data.ones is None else ("bit", "share of rows: 1 full, 0 pale")
        left_out = len(data.books) - len(shown)
        words = data.headline + (f"; lines of the first {counted(len(shown), 'book')}" if left_out else "")
        return Prepared(
            outlines=tuple(outline(book.counts) for book in shown),
            colours=tuple((line_color(k, data, theme), k // len(theme.classes) % 4) for k in range(len(shown))),
            even=data.even,
            used=np.nan_to_num(used),
            paid=paid,
            labels=labels,
            ends=(float(most), top),
            counted=data.counted + (f" (dotted: even use, {data.even:.4g})" if data.even else ""),
            words=words,
            theme=theme,
        )

    def draw(self, prepared: Prepared) -> None:
        looks = (prepared.theme.name, prepared.colours, prepared.labels, len(prepared.paid) > 1)
        if looks != self._looks:
            self._looks = looks
            self._dress(prepared)
        for line, (x, y) in zip(self.lines, prepared.outlines, strict=True):
            line.setData(x, y)
        self.even.setValue(prepared.even)
        self.even.setVisible(prepared.even > 0)
        most, top = prepared.ends
        self.counts.setXRange(0.5, most + 0.5, padding=0.01)
        step = whole_step(most)
        self.counts.getAxis("bottom").setTickSpacing(step, step)
        self.counts.setYRange(0, 1.06 * top, padding=0)
        if self.counts.getAxis("left").labelText != prepared.counted:
            self.counts.setLabel("left", prepared.counted, **self.counts.getAxis("left").labelStyle)
        places = np.arange(1, len(prepared.paid) + 1)
        self.paid.setOpts(x=places, height=prepared.paid, width=0.8, y0=0)
        self.used.setOpts(x=places, height=prepared.used, width=0.8, y0=0)
        step = whole_step(len(places))
        self.bits.getAxis("bottom").setTickSpacing(step, step)
        self.bits.setXRange(0.4, len(places) + 0.6, padding=0)
        self.bits.setYRange(0, 1.1 * float(prepared.paid.max(initial=1.0)), padding=0)
        self.head.tell(html.escape(prepared.words))
        self.setAccessibleDescription(prepared.words)

    def _dress(self, prepared: Prepared) -> None:
        """Colours, and as many lines as there are books to draw."""
        theme = prepared.theme
        self.canvas.dress(theme)
        for side, label in zip(("bottom", "left"), prepared.labels, strict=True):
            self.bits.setLabel(side, label)
        for item in (self.counts, self.bits):
            dress(item, theme)
        while len(self.lines) < len(prepared.colours):
            self.lines.append(self.counts.plot(skipFiniteCheck=True))
        while len(self.lines) > len(prepared.colours):
            self.counts.removeItem(self.lines.pop())
        for line, (colour, style) in zip(self.lines, prepared.colours, strict=True):
            line.setPen(pg.mkPen(colour, width=1, style=STYLES[style]))
            alone = len(prepared.colours) == 1
            line.setFillLevel(0 if alone else None)
            line.setFillBrush(pg.mkBrush(colour + "55") if alone else None)
        self.even.setPen(pg.mkPen(theme.text, width=1, style=Qt.PenStyle.DotLine))
        self.paid.setOpts(brush=pg.mkBrush(theme.grid), pen=pg.mkPen(None))
        self.used.setOpts(brush=pg.mkBrush(theme.accent), pen=pg.mkPen(None))
        several = len(prepared.paid) > 1
        if several != (self.bits.scene() is not None):
            (self.canvas.addItem if several else self.canvas.removeItem)(self.bits, *((0, 1) if several else ()))


def outline(counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A staircase (x, y) over falling counts with no more corners than there are different counts."""
    last = np.flatnonzero(np.diff(counts, append=-1.0))
    edges = np.concatenate([[0.5], last + 1.5])
    heights = counts[last]
    return np.repeat(edges, 2)[1:-1], np.repeat(heights, 2)


def whole_step(most: float) -> int:
    """A round number of codes between ticks: about eight ticks up to `most`."""
    least = most / 8
    return next(int(part * 10**power) for power in range(12) for part in (1, 2, 5) if part * 10**power >= least)
