"""Confusion matrices with counts, recall and precision, painted off the interface thread."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPainter, QPen

from workbench.desktop.plots.painted import PaintedPlot, Picture, Surface, ink, painting
from workbench.views.confusion import MOST_NUMBERED, ConfusionData, ConfusionPart
from workbench.views.picking import Pick, taken_for
from workbench.views.scene import PARTS
from workbench.views.theme import Theme
from workbench.views.wording import distinct, percent

MARGIN = 18
LARGEST_CELL = 64.0
SMALLEST_BESIDE = 40.0
"""Parts go side by side as long as their cells are no smaller."""


class ConfusionPlot(PaintedPlot):
    """The matrix of every part of the split, one under another."""

    def prepare(self, data: ConfusionData, theme: Theme) -> Picture:
        return paint_confusion(data, theme, self.surface)


def paint_confusion(data: ConfusionData, theme: Theme, surface: Surface) -> Picture:
    """All parts on one picture of the surface's width."""
    font = QGuiApplication.font()
    metrics = QFontMetricsF(font)
    line = metrics.height()
    n = len(data.class_names)
    names = distinct(data.class_names, 14)
    name_width = max(metrics.horizontalAdvance(word) for word in (*names, "precision")) + 10
    left = MARGIN + line + name_width + 6
    rates = 2 * metrics.horizontalAdvance("100.0 %") + 28
    verdict = max((metrics.horizontalAdvance(_verdict(part)[1]) for part in data.parts), default=0.0)
    n_across, cell = _fit(surface.width, len(data.parts), n, left + rates + MARGIN, verdict + 2 * MARGIN)
    cell = max(cell, metrics.horizontalAdvance("000") if n <= MOST_NUMBERED else 6.0)
    slant = cell < max((metrics.horizontalAdvance(name) for name in names), default=0.0)
    head = (name_width if slant else line) + 2 * line + 12
    part_height = 2 * line + 8 + head + n * cell + line + 34
    part_width = surface.width / n_across if n_across > 1 else 0.0
    n_down = -(-max(1, len(data.parts)) // n_across)
    total = max(surface.height, math.ceil(MARGIN + n_down * part_height + 2 * line))
    spots: list[tuple[QRect, str]] = []
    links: list[tuple[QRect, Pick]] = []
    with painting(surface.width, total, surface.ratio, theme.surface) as (image, painter):
        painter.setFont(font)
        for k, part in enumerate(data.parts):
            x, y = (k % n_across) * part_width, MARGIN + (k // n_across) * part_height
            bold = painter.font()
            bold.setBold(True)
            painter.setFont(bold)
            painter.setPen(QColor(theme.text))
            first, second = _verdict(part)
            painter.drawText(QPointF(x + MARGIN, y + metrics.ascent()), first)
            painter.setFont(font)
            painter.setPen(QColor(theme.muted))
            painter.drawText(QPointF(x + MARGIN, y + line + metrics.ascent()), second)
            corner = QPointF(x + left, y + 2 * line + 8 + head)
            _matrix(painter, part, theme, corner, cell, spots, links, names)
            _labels(painter, part, names, theme, corner, cell, slant, name_width)
        painter.setPen(QColor(theme.muted))
        painter.drawText(QPointF(MARGIN, MARGIN + n_down * part_height + metrics.ascent()), data.note)
    return Picture(image, tuple(spots), "; ".join(part.verdict for part in data.parts), tuple(links))


def _fit(width: int, n_parts: int, n_classes: int, around: float, least: float) -> tuple[int, float]:
    """How many parts go side by side, and the size of a cell then."""
    for n_across in range(max(1, n_parts), 0, -1):
        cell = min(LARGEST_CELL, (width / n_across - around) / max(1, n_classes))
        if n_across == 1 or (cell >= SMALLEST_BESIDE and width / n_across >= least):
            break
    return n_across, cell


def _verdict(part: ConfusionPart) -> tuple[str, str]:
    """Accuracy, and what it stands on, in words."""
    sure = f"95 % sure: {percent(part.low)} to {percent(part.high)}"
    return f"{part.part.capitalize()}: accuracy {percent(part.accuracy)}", (
        f"{part.n_right:,} of {part.n_rows:,} rows right; {sure}"
    )


def _matrix(
    painter: QPainter,
    part: ConfusionPart,
    theme: Theme,
    corner: QPointF,
    cell: float,
    spots: list[tuple[QRect, str]],
    links: list[tuple[QRect, Pick]],
    names: tuple[str, ...],
) -> None:
    n = len(names)
    for i in range(n):
        for j in range(n):
            rate = float(part.rates[i, j])
            shade = theme.sequential[0 if math.isnan(rate) else round(255 * rate)]
            box = QRectF(corner.x() + j * cell, corner.y() + i * cell, cell, cell)
            painter.fillRect(box, QColor(*(int(v) for v in shade[:3])))
            if n <= MOST_NUMBERED and part.counts[i, j]:
                painter.setPen(ink(shade))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{int(part.counts[i, j]):,}")
            told = f"{names[i]} taken for {names[j]}: {int(part.counts[i, j]):,} ({percent(rate)})"
            if n <= 40:
                spots.append((box.toAlignedRect(), told))
                links.append((box.toAlignedRect(), Pick(test=taken_for(i, j, PARTS.index(part.part)))))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(theme.grid), 1))
    if n <= MOST_NUMBERED:
        for k in range(1, n):
            at = k * cell
            painter.drawLine(QPointF(corner.x() + at, corner.y()), QPointF(corner.x() + at, corner.y() + n * cell))
            painter.drawLine(QPointF(corner.x(), corner.y() + at), QPointF(corner.x() + n * cell, corner.y() + at))
    painter.drawRect(QRectF(corner.x(), corner.y(), n * cell, n * cell))


def _labels(
    painter: QPainter,
    part: ConfusionPart,
    names: tuple[str, ...],
    theme: Theme,
    corner: QPointF,
    cell: float,
    slant: bool,
    name_width: float,
) -> None:
    """Class names at both sides, recall at the right and precision below."""
    metrics = QFontMetricsF(painter.font())
    line = metrics.height()
    n = len(names)
    size = n * cell
    painter.setPen(QColor(theme.muted))
    above = corner.y() - (name_width if slant else line) - 2 * line - 8
    painter.drawText(QRectF(corner.x(), above, max(size, 120.0), line), Qt.AlignmentFlag.AlignLeft, "predicted class")
    painter.save()
    painter.translate(corner.x() - name_width - 6 - line + metrics.ascent(), corner.y() + size / 2)
    painter.rotate(-90)
    painter.drawText(QRectF(-100, -line, 200, line), Qt.AlignmentFlag.AlignCenter, "true class")
    painter.restore()
    recall_x = corner.x() + size + 10
    painter.drawText(QPointF(recall_x, corner.y() - 6), "recall")
    wide = cell >= metrics.horizontalAdvance("100 %")
    if wide:
        place = QRectF(corner.x() - name_width - 6, corner.y() + size + 4, name_width, line)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight, "precision")
    every = max(1, math.ceil(line / cell)) if n > MOST_NUMBERED else 1
    for k in range(0, n, every):
        middle = (k + 0.5) * cell
        painter.setPen(QColor(theme.text))
        row = QRectF(corner.x() - name_width - 6, corner.y() + middle - line / 2, name_width, line)
        painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, names[k])
        if slant:
            painter.save()
            painter.translate(corner.x() + middle + metrics.ascent() / 2 - 2, corner.y() - 6)
            painter.rotate(-90)
            painter.drawText(QPointF(0, 0), names[k])
            painter.restore()
        else:
            column = QRectF(corner.x() + middle - name_width, corner.y() - line - 5, 2 * name_width, line)
            painter.drawText(column, Qt.AlignmentFlag.AlignHCenter, names[k])
        painter.setPen(QColor(theme.muted))
        painter.drawText(
            QPointF(recall_x, corner.y() + middle + metrics.ascent() / 2 - 1), percent(float(part.recall[k]))
        )
        if wide:
            below = QRectF(corner.x() + middle - cell, corner.y() + size + 4, 2 * cell, line)
            painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, percent(float(part.precision[k]), 0))
