"""The picked rows, painted: bars of what sets them apart, where they belong, and their pictures to click."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPainter

from workbench.desktop.plots.painted import PaintedPlot, Picture, Surface, draw_pixels, painting
from workbench.views.picked_rows import PickedData, heading, told
from workbench.views.picking import Pick
from workbench.views.theme import Theme
from workbench.views.wording import number, percent

MARGIN, GAP = 16, 10
TILE = 56.0
Links = list[tuple[QRect, str | Pick]]
Spots = list[tuple[QRect, str]]


class PickedRowsPlot(PaintedPlot):
    """Differences and belongings side by side, pictures under them."""

    frames_rows = False

    def prepare(self, data: PickedData, theme: Theme) -> Picture:
        return paint_picked(data, theme, self.surface)


def paint_picked(data: PickedData, theme: Theme, surface: Surface) -> Picture:
    """Everything on one picture of the surface's width."""
    metrics = QFontMetricsF(QGuiApplication.font())
    line = metrics.height()
    n_lines = max(len(data.features), len(data.classes) + len(data.prototypes) + 3) if data.n_picked else 0
    top = MARGIN + 2 * line + n_lines * (line + 4) + GAP
    across, side = _tiles(data, surface)
    down = 0 if data.images is None else math.ceil((1 + len(data.images)) / across)
    total = max(surface.height, math.ceil(top + down * (side + line + GAP) + 2 * line))
    spots: Spots = []
    links: Links = []
    with painting(surface.width, total, surface.ratio, theme.surface) as (image, painter):
        painter.setFont(QGuiApplication.font())
        painter.setPen(QColor(theme.text))
        painter.drawText(QPointF(MARGIN, MARGIN + metrics.ascent()), heading(data))
        if data.n_picked:
            half = (surface.width - 3 * MARGIN) * 0.62
            _differences(painter, data, theme, QRectF(MARGIN, MARGIN + 2 * line, half, top), spots)
            beside = QRectF(2 * MARGIN + half, MARGIN + 2 * line, surface.width - 3 * MARGIN - half, top)
            _belongings(painter, data, theme, beside)
        if data.images is not None:
            _pictures(painter, data, theme, top, across, side, spots, links)
    return Picture(image, tuple(spots), f"{heading(data)}. {data.note}", tuple(links))


def _tiles(data: PickedData, surface: Surface) -> tuple[int, float]:
    """How many pictures go side by side, and how high one is."""
    if data.images is None:
        return 1, 0.0
    h, w = data.images.shape[1:3]
    wide = max(TILE, float(w))
    across = max(1, int((surface.width - 2 * MARGIN + GAP) // (wide + GAP)))
    return across, wide * h / w


def _differences(painter: QPainter, data: PickedData, theme: Theme, box: QRectF, spots: Spots) -> None:
    """A bar for each feature, to the right where the picked rows have more of it."""
    metrics = QFontMetricsF(painter.font())
    line = metrics.height() + 4
    name_width = min(box.width() * 0.4, max(map(metrics.horizontalAdvance, data.names), default=0.0) + 8)
    value_width = metrics.horizontalAdvance("−00.00 σ") + 8
    room = max(20.0, box.width() - name_width - value_width)
    middle = box.left() + name_width + room / 2
    most = float(np.abs(np.nan_to_num(data.effects)).max(initial=0.0)) or 1.0
    for k, effect in enumerate(np.nan_to_num(data.effects).tolist()):
        y = box.top() + k * line
        painter.setPen(QColor(theme.muted))
        name = metrics.elidedText(data.names[k], Qt.TextElideMode.ElideMiddle, name_width - 8)
        painter.drawText(QRectF(box.left(), y, name_width, line), Qt.AlignmentFlag.AlignVCenter, name)
        wide = abs(effect) / most * room / 2
        bar = QRectF(middle if effect >= 0 else middle - wide, y + 4, wide, line - 8)
        shade = theme.diverging[255 if effect >= 0 else 0]
        painter.fillRect(bar, QColor(*(int(v) for v in shade[:3])))
        painter.setPen(QColor(theme.text))
        place = QRectF(box.right() - value_width, y, value_width, line)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(place, flags, f"{number(effect, 3)} σ")
        spots.append((QRectF(box.left(), y, box.width(), line).toAlignedRect(), told(data, k)))
    painter.setPen(QColor(theme.grid))
    painter.drawLine(QPointF(middle, box.top()), QPointF(middle, box.top() + len(data.effects) * line))


def _belongings(painter: QPainter, data: PickedData, theme: Theme, box: QRectF) -> None:
    """How many rows are of which class, and of which prototype."""
    metrics = QFontMetricsF(painter.font())
    line = metrics.height() + 4
    y = box.top()
    for title, told_kinds in (("Classes", data.classes), ("Nearest prototypes", data.prototypes)):
        if not told_kinds:
            continue
        painter.setPen(QColor(theme.text))
        painter.drawText(QRectF(box.left(), y, box.width(), line), Qt.AlignmentFlag.AlignVCenter, title)
        y += line
        painter.setPen(QColor(theme.muted))
        for name, n, share in told_kinds:
            figures = f"{n:,}  ({percent(share, 0)})"
            wide = metrics.horizontalAdvance(figures)
            place = QRectF(box.left(), y, box.width(), line)
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, box.width() - wide - 12)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, figures)
            y += line
        y += line / 2


def _pictures(
    painter: QPainter,
    data: PickedData,
    theme: Theme,
    top: float,
    across: int,
    side: float,
    spots: Spots,
    links: Links,
) -> None:
    """Every row as a picture with its number, in the colour of its class."""
    assert data.images is not None
    metrics = QFontMetricsF(painter.font())
    line = metrics.height()
    h, w = data.images.shape[1:3]
    wide = side * w / h
    first = QRectF(MARGIN, top, wide, side)
    if data.average is not None:
        draw_pixels(painter, data.average, first, theme)
        painter.setPen(QColor(theme.text))
        painter.drawText(QRectF(first.left(), first.bottom(), wide, line), Qt.AlignmentFlag.AlignHCenter, "mean")
    for k, (row, code) in enumerate(zip(data.rows.tolist(), data.codes.tolist(), strict=True), 1):
        x, y = MARGIN + (k % across) * (wide + GAP), top + (k // across) * (side + line + GAP)
        box = QRectF(x, y, wide, side)
        draw_pixels(painter, data.images[k - 1], box, theme)
        painter.setPen(QColor(theme.class_color(code) if code >= 0 else theme.muted))
        under = QRectF(x - GAP / 2, y + side + 1, wide + GAP, line)
        painter.drawText(under, Qt.AlignmentFlag.AlignHCenter, f"{row + 1:,}")
        place = box.toAlignedRect().adjusted(-2, -2, 2, 2)
        spots.append((place, f"row {row + 1:,}"))
        links.append((place, Pick(rows=(row,))))
