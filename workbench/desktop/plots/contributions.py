"""What speaks for the classes, painted: means of each class as a table or as pictures, and some rows one by one."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPainter, QPen
from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.base import coloured
from workbench.desktop.plots.headed import Head
from workbench.desktop.plots.painted import PaintedPlot, Picture, Surface, painting
from workbench.desktop.plots.tables import MARGIN, HeatTable, paint_table, paint_tiles
from workbench.views import View
from workbench.views.contributions import FLIPS, MEANS, ContributionsData, ExplainedRow, sign_colors
from workbench.views.picking import Pick
from workbench.views.theme import Theme
from workbench.views.wording import number, shorten

BAR = 22.0


class ContributionsPlot(PaintedPlot):
    """A choice of the means, or of one of the rows."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        self.head = Head("Rows", "What is explained")
        super().__init__(view, parent, head=self.head)
        self.head.changed.connect(self.stale)
        self._names: tuple[str, ...] = ()
        self._current = MEANS

    def prepare(self, data: ContributionsData, theme: Theme) -> Picture:
        self._names = (MEANS, *(row.why for row in data.rows))
        self._current = self.head.chosen if self.head.chosen in self._names else MEANS
        row = next((row for row in data.rows if row.why == self._current), None)
        if row is None:
            return self._means(data, theme)
        if data.shape is None:
            return paint_row(row, data.note, theme, self.surface)
        return self._row_of_pixels(row, data, theme)

    def draw(self, prepared: Picture) -> None:
        self.head.tell("", self._names, self._current)
        super().draw(prepared)

    def _means(self, data: ContributionsData, theme: Theme) -> Picture:
        if data.shape is not None:
            shown = [k for k in range(len(data.class_names)) if np.isfinite(data.means[k]).all()]
            pixels = [coloured(data.picture(data.means[k]), theme.diverging, -data.limit, data.limit) for k in shown]
            tiles = [(p[..., :3], shorten(data.class_names[k], 24)) for p, k in zip(pixels, shown, strict=True)]
            return paint_tiles(tiles, data.note, theme, self.surface)
        table = HeatTable(
            values=data.means[:, data.order],
            rows=data.class_names,
            columns=tuple(data.names[k] for k in data.order),
            table=theme.diverging,
            low=-data.limit,
            high=data.limit,
            unit="of D⁻ + D⁺",
            words=data.note,
        )
        return paint_table(table, theme, self.surface)

    def _row_of_pixels(self, row: ExplainedRow, data: ContributionsData, theme: Theme) -> Picture:
        shares = data.picture(row.shares)
        limit = float(np.abs(shares).max()) or 1.0
        tiles = [
            (coloured(shares, theme.diverging, -limit, limit)[..., :3], f"shares: {number(row.certainty, 3)} in all")
        ]
        if row.images is not None:
            tiles = [(row.images[0], "the row"), *tiles, (row.images[-1], row.change)]
        return paint_tiles(tiles, f"{row.heading}. {data.note}", theme, self.surface)


def paint_row(row: ExplainedRow, note: str, theme: Theme, surface: Surface) -> Picture:
    """A bar for each feature, to the right of the middle line what speaks for the predicted class."""
    font = QGuiApplication.font()
    metrics = QFontMetricsF(font)
    line = metrics.height()
    values = row.shares[row.order]
    left = MARGIN + max((metrics.horizontalAdvance(name) for name in row.bars), default=0.0) + 12
    low, high = min(0.0, float(values.min(initial=0))), max(0.0, float(values.max(initial=0)))
    room = metrics.horizontalAdvance("−0.000") + 8
    span = max(40.0, surface.width - left - MARGIN - 2 * room)
    scale = span / ((high - low) or 1.0)
    zero = left + room - low * scale
    top = MARGIN + 2 * line
    total = max(surface.height, math.ceil(top + len(values) * (BAR + 8) + 6 * line))
    words = f"All shares sum to {number(row.certainty, 3)}; {FLIPS} {row.change}."
    spots: list[tuple[QRect, str]] = []
    links: list[tuple[QRect, Pick]] = []
    with painting(surface.width, total, surface.ratio, theme.surface) as (image, painter):
        painter.setFont(font)
        painter.setPen(QColor(theme.text))
        painter.drawText(QPointF(MARGIN, MARGIN + metrics.ascent()), row.heading)
        for k, (value, name) in enumerate(zip(values.tolist(), row.bars, strict=True)):
            y = top + k * (BAR + 8)
            _bar(painter, QRectF(zero, y, value * scale, BAR), value, theme, metrics)
            painter.drawText(QRectF(MARGIN, y, left - MARGIN - 12, BAR), _RIGHT, name)
            spots.append((QRect(0, int(y), surface.width, int(BAR)), f"{name}: {value:+.4f} of D⁻ + D⁺"))
            links.append((QRect(4, int(y) - 2, surface.width - 8, int(BAR) + 4), Pick(features=(int(row.order[k]),))))
        foot = top + len(values) * (BAR + 8)
        painter.setPen(QPen(QColor(theme.muted), 1))
        painter.drawLine(QPointF(zero, top - 4), QPointF(zero, foot))
        under = QRectF(MARGIN, foot + line / 2, surface.width - 2 * MARGIN, 5 * line)
        painter.drawText(under, Qt.TextFlag.TextWordWrap, f"{words} {note}")
    return Picture(image, tuple(spots), f"{row.heading}. {words}", tuple(links))


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def _bar(painter: QPainter, box: QRectF, value: float, theme: Theme, metrics: QFontMetricsF) -> None:
    """One bar from the middle line on, with its number beyond its end."""
    positive, negative = sign_colors(theme)
    painter.fillRect(box.normalized(), QColor(positive if value >= 0 else negative))
    text = f"{value:+.3f}".replace("-", "−")
    painter.setPen(QColor(theme.text))
    wide = metrics.horizontalAdvance(text)
    end = box.x() + box.width()
    at = end + 4 if value >= 0 else end - 4 - wide
    painter.drawText(QPointF(at, box.center().y() + metrics.ascent() / 2 - 1), text)
