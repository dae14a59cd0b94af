"""The gallery of prototypes: picture tiles, named bars or profiles, painted off the interface thread."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QPainter, QPen, QPolygonF

from workbench.desktop.plots.painted import PaintedPlot, Picture, Surface, draw_pixels, painting
from workbench.views.picking import Pick
from workbench.views.prototypes import FEW_FEATURES, MOST_TILES, PrototypesData
from workbench.views.theme import Theme
from workbench.views.wording import counted, number, shorten, with_unit

MARGIN = 16
GAP = 12
NARROWEST = 34
"""Pixels of a tile that is made small, so that the units of a map stand as on their grid."""


class PrototypesPlot(PaintedPlot):
    """Tiles in rows, as many as fit the width."""

    def prepare(self, data: PrototypesData, theme: Theme) -> Picture:
        return paint_gallery(data, theme, self.surface)


def paint_gallery(data: PrototypesData, theme: Theme, surface: Surface) -> Picture:
    """All tiles of the gallery on one picture of the surface's width."""
    font = QGuiApplication.font()
    metrics = QFontMetricsF(font)
    line = metrics.height()
    n_shown = min(len(data.index), MOST_TILES)
    width, body = _tile_size(data, metrics)
    height = body + 2 * line + 8
    room = surface.width - 2 * MARGIN + GAP
    columns = max(1, int(room // (width + GAP)))
    if 0 < data.n_columns <= columns:
        columns = data.n_columns
    elif data.images is not None and data.n_columns and (fit := room / data.n_columns - GAP) >= NARROWEST:
        columns, body, width = data.n_columns, body * fit / width, fit
        height = body + 2 * line + 8
    if data.images is None:
        width = (surface.width - 2 * MARGIN - (columns - 1) * GAP) / columns
    top = MARGIN + line + 10
    rows = -(-n_shown // columns)
    total = max(surface.height, int(top + rows * (height + GAP) + MARGIN))
    spots = []
    with painting(surface.width, total, surface.ratio, theme.surface) as (image, painter):
        painter.setFont(font)
        painter.setPen(QColor(theme.muted))
        painter.drawText(QPointF(MARGIN, MARGIN + metrics.ascent()), _heading(data, n_shown))
        for k in range(n_shown):
            x = MARGIN + (k % columns) * (width + GAP)
            y = top + (k // columns) * (height + GAP)
            _tile(painter, data, theme, k, QRectF(x, y, width, body), font)
            spots.append((QRect(int(x), int(y), int(width), int(height)), _told(data, k)))
    links = tuple(
        (place.adjusted(-4, -4, 4, 2), Pick(prototypes=(int(index),)))
        for (place, _), index in zip(spots, data.index, strict=False)
        if data.noun != "word"
    )
    return Picture(image, tuple(spots), _heading(data, n_shown), links)


def _heading(data: PrototypesData, n_shown: int) -> str:
    total = len(data.index)
    words = counted(total, data.noun) if n_shown == total else f"The first {n_shown:,} of {total:,} {data.noun}s"
    if data.images is not None:
        low, high = data.image_range
        words += f" · black {number(low)}, white {number(high)}"
    return f"{words} · {data.note}" if data.note else words


def _tile_size(data: PrototypesData, metrics: QFontMetricsF) -> tuple[float, float]:
    """Width of a tile and height of its drawing, without the two lines of text."""
    letter = metrics.averageCharWidth()
    if data.images is not None:
        h, w = data.images.shape[1:3]
        scale = max(1.0, 72.0 / max(h, w))
        return max(w * scale, 13 * letter), h * scale
    if data.values.shape[1] <= FEW_FEATURES:
        return 40 * letter, data.values.shape[1] * (metrics.height() + 3) + 6
    return 34 * letter, 90.0


def _tile(painter: QPainter, data: PrototypesData, theme: Theme, k: int, box: QRectF, font: QFont) -> None:
    metrics = QFontMetricsF(font)
    code = int(data.codes[k])
    ink = QColor(theme.class_color(code) if code >= 0 else theme.accent)
    if data.images is not None:
        h, w = data.images.shape[1:3]
        draw_pixels(painter, data.images[k], QRectF(box.left(), box.top(), w * box.height() / h, box.height()), theme)
    elif data.values.shape[1] <= FEW_FEATURES:
        _bars(painter, data, theme, k, box, ink, metrics)
    else:
        _profile(painter, data, theme, k, box, ink)
    y = box.bottom() + 4 + metrics.ascent()
    x = box.left()
    if code >= 0:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawEllipse(QPointF(x + 5, y - metrics.xHeight() / 2), 4, 4)
        x += 14
    painter.setPen(QColor(theme.text))
    elided = metrics.elidedText(data.names[k], Qt.TextElideMode.ElideMiddle, box.right() - x)
    painter.drawText(QPointF(x, y), elided)
    painter.setPen(QColor(theme.muted))
    caption = metrics.elidedText(data.captions[k], Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(QPointF(box.left(), y + metrics.height()), caption)


def _bars(
    painter: QPainter, data: PrototypesData, theme: Theme, k: int, box: QRectF, ink: QColor, metrics: QFontMetricsF
) -> None:
    """One named bar for each feature, from the lowest to the highest value of the data, and the value behind it."""
    line = metrics.height() + 3
    name_width, value_width = box.width() * 0.4, 7 * metrics.averageCharWidth()
    left = box.left() + name_width + 6
    room = box.width() - name_width - value_width - 12
    relative = np.clip(np.nan_to_num(data.relative[k]), 0, 1)
    for j, share in enumerate(relative):
        y = box.top() + 3 + j * line
        painter.setPen(QColor(theme.muted))
        name = metrics.elidedText(data.feature_names[j], Qt.TextElideMode.ElideMiddle, name_width)
        painter.drawText(QRectF(box.left(), y, name_width, line), Qt.AlignmentFlag.AlignVCenter, name)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.grid))
        painter.drawRoundedRect(QRectF(left, y + 4, room, line - 8), 2, 2)
        painter.setBrush(ink)
        painter.drawRoundedRect(QRectF(left, y + 4, max(2.0, room * share), line - 8), 2, 2)
        painter.setPen(QColor(theme.text))
        place = QRectF(left + room + 2, y, value_width + 4, line)
        painter.drawText(
            place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, number(float(data.values[k, j]), 3)
        )


def _profile(painter: QPainter, data: PrototypesData, theme: Theme, k: int, box: QRectF, ink: QColor) -> None:
    """A curve over all features, each between its lowest and highest value."""
    painter.setPen(QPen(QColor(theme.grid), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box)
    relative = np.clip(np.nan_to_num(data.relative[k]), 0, 1)
    x = np.linspace(box.left() + 3, box.right() - 3, len(relative))
    y = box.bottom() - 4 - relative * (box.height() - 8)
    painter.setPen(QPen(ink, 1))
    painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]))


def _told(data: PrototypesData, k: int) -> str:
    """What a tool tip says of tile `k`: title, rows, and the first values where they have names."""
    lines = [data.titles[k], data.captions[k]]
    if data.images is None:
        names = zip(data.feature_names, data.units, data.values[k].tolist(), strict=False)
        lines += [f"{with_unit(shorten(name, 30), unit)}: {number(value)}" for name, unit, value in list(names)[:12]]
    return "\n".join(lines)
