"""Painted tables of coloured cells, and rows of small pictures, with names; what the numbers are, the plots say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPainter, QPen

from workbench.desktop.plots.base import coloured
from workbench.desktop.plots.painted import Picture, Surface, draw_pixels, ink, painting
from workbench.views.theme import ColorTable, Theme
from workbench.views.wording import distinct

MARGIN = 18
WIDEST, LOWEST, HIGHEST = 110.0, 20.0, 54.0
"""Of a cell, in pixels: the most that it is wide, the least and the most that it is high."""
TILE = 150.0


@dataclass(frozen=True, eq=False)
class HeatTable:
    """Numbers to be shown as colours.

    Attributes
    ----------
    values : (k, f) float64
        NaN where there is none.
    rows, columns : tuple of k, f str
    table : ColorTable
        From `low` to `high`.
    low, high : float
    unit : str
        What a number is.
    words : str
        Under the table.
    """

    values: NDArray[np.float64]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    table: ColorTable
    low: float
    high: float
    unit: str
    words: str


def paint_table(data: HeatTable, theme: Theme, surface: Surface) -> Picture:
    """The table on a picture of the surface's width: names at the left and above, numbers where cells are wide."""
    metrics = QFontMetricsF(QGuiApplication.font())
    line = metrics.height()
    rows, columns = distinct(data.rows, 18), distinct(data.columns, 18)
    k, f = data.values.shape
    left = MARGIN + max((metrics.horizontalAdvance(name) for name in rows), default=0.0) + 10
    wide = min(WIDEST, max(6.0, (surface.width - left - MARGIN) / max(1, f)))
    high = min(HIGHEST, max(LOWEST, (surface.height - 12 * line) / max(1, k)))
    longest = max((metrics.horizontalAdvance(name) for name in columns), default=0.0)
    slant = wide < longest + 8
    head = (longest if slant else line) + 10
    total = max(surface.height, math.ceil(2 * MARGIN + head + k * high + 3 * line))
    spots: list[tuple[QRect, str]] = []
    with painting(surface.width, total, surface.ratio, theme.surface) as (image, painter):
        painter.setFont(QGuiApplication.font())
        corner = QPointF(left, MARGIN + head)
        colours = coloured(data.values, data.table, data.low, data.high)
        numbered = wide >= metrics.horizontalAdvance("+0.00") + 6
        for i in range(k):
            for j in range(f):
                value, box = float(data.values[i, j]), QRectF(left + j * wide, corner.y() + i * high, wide, high)
                if math.isnan(value):
                    continue
                painter.fillRect(box, QColor(*colours[i, j, :3].tolist()))
                if numbered:
                    painter.setPen(ink(colours[i, j]))
                    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{value:.2f}".replace("-", "−"))
                spots.append((box.toAlignedRect(), f"{data.rows[i]}, {data.columns[j]}: {value:.4f} {data.unit}"))
        painter.setPen(QPen(QColor(theme.grid), 1))
        painter.drawRect(QRectF(corner.x(), corner.y(), f * wide, k * high))
        painter.setPen(QColor(theme.text))
        for i, name in enumerate(rows):
            place = QRectF(MARGIN, corner.y() + i * high, left - MARGIN - 8, high)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
        every = max(1, math.ceil(line / wide))
        for j in range(0, f, every):
            _above(painter, columns[j], QPointF(left + (j + 0.5) * wide, corner.y() - 5), slant, metrics)
        painter.setPen(QColor(theme.muted))
        under = QRectF(MARGIN, corner.y() + k * high + 8, surface.width - 2 * MARGIN, 3 * line)
        painter.drawText(under, Qt.TextFlag.TextWordWrap, data.words)
    return Picture(image, tuple(spots), data.words)


def paint_tiles(tiles: Sequence[tuple[NDArray[np.uint8], str]], words: str, theme: Theme, surface: Surface) -> Picture:
    """Pictures (h, w) or (h, w, 3), each with its caption below, from left to right and down."""
    metrics = QFontMetricsF(QGuiApplication.font())
    line = metrics.height()
    across = max(1, min(len(tiles), int((surface.width - MARGIN) / (TILE + MARGIN))))
    side = min(2 * TILE, (surface.width - MARGIN) / across - MARGIN)
    down = math.ceil(len(tiles) / across)
    room = side + 3 * line + MARGIN
    total = max(surface.height, math.ceil(MARGIN + 2 * line + down * room))
    spots: list[tuple[QRect, str]] = []
    with painting(surface.width, total, surface.ratio, theme.surface) as (image, painter):
        painter.setFont(QGuiApplication.font())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        for n, (pixels, caption) in enumerate(tiles):
            x, y = MARGIN + (n % across) * (side + MARGIN), MARGIN + (n // across) * room
            h, w = pixels.shape[:2]
            scale = side / max(h, w)
            box = QRectF(x + (side - w * scale) / 2, y + (side - h * scale) / 2, w * scale, h * scale)
            draw_pixels(painter, pixels, box, theme)
            painter.setPen(QColor(theme.text))
            flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignHCenter
            painter.drawText(QRectF(x, y + side + 4, side, 3 * line), flags, caption)
            spots.append((box.toAlignedRect(), caption))
        painter.setPen(QColor(theme.muted))
        under = QRectF(MARGIN, MARGIN + down * room, surface.width - 2 * MARGIN, 2 * line)
        painter.drawText(under, Qt.TextFlag.TextWordWrap, words)
    return Picture(image, tuple(spots), words)


def _above(painter: QPainter, name: str, foot: QPointF, slant: bool, metrics: QFontMetricsF) -> None:
    """A name over a column, upright where it is wider than that."""
    if not slant:
        painter.drawText(QPointF(foot.x() - metrics.horizontalAdvance(name) / 2, foot.y()), name)
        return
    painter.save()
    painter.translate(foot.x() + metrics.ascent() / 2 - 2, foot.y())
    painter.rotate(-90)
    painter.drawText(QPointF(0, 0), name)
    painter.restore()
