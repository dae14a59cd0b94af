"""Rows beside what their codes make of them, painted off the interface thread: pictures, named marks or curves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPainter, QPen, QPolygonF

from workbench.desktop.plots.painted import PaintedPlot, Picture, Surface, draw_pixels, painting
from workbench.views.bits import cells_image
from workbench.views.picking import Pick
from workbench.views.prototypes import FEW_FEATURES
from workbench.views.reconstructions import GROUPS, ReconstructionsData, common_unit, error_image
from workbench.views.theme import Theme
from workbench.views.wording import number

MARGIN, GAP = 16, 18


class ReconstructionsPlot(PaintedPlot):
    """Worst, typical and best rows under headings of their own, as many beside one another as fit the width."""

    frames_rows = False

    def prepare(self, data: ReconstructionsData, theme: Theme) -> Picture:
        return paint_reconstructions(data, theme, self.surface)


def paint_reconstructions(data: ReconstructionsData, theme: Theme, surface: Surface) -> Picture:
    """All rows of the data on one picture of the surface's width."""
    font = QGuiApplication.font()
    metrics = QFontMetricsF(font)
    line = metrics.height()
    width, body = _cell_size(data, metrics)
    room = surface.width - 2 * MARGIN
    fitting = int((room + GAP) // (width + GAP))
    columns = 4 if fitting >= 4 else 2 if fitting >= 2 else 1
    if data.images is not None:
        body *= min((room - (columns - 1) * GAP) / columns / width, max(1.0, 130.0 / body))
    width = (room - (columns - 1) * GAP) / columns
    height = body + 2 * line + 10
    top = MARGIN + 2 * line + 10
    groups = [np.flatnonzero(data.groups == group) for group in range(len(GROUPS))]
    n_lines = sum(-(-len(group) // columns) for group in groups)
    total = max(surface.height, int(top + n_lines * (height + GAP) + 3 * (line + 10) + MARGIN))
    spots: list[tuple[QRect, str]] = []
    numbers: list[int] = []
    wrong = None if data.image_errors is None else error_image(data.image_errors, data.limit, theme.diverging)
    with painting(surface.width, total, surface.ratio, theme.surface) as (image, painter):
        painter.setFont(font)
        painter.setPen(QColor(theme.muted))
        for k, text in enumerate(_heading(data)):
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QPointF(MARGIN, MARGIN + k * line + metrics.ascent()), shown)
        y = float(top)
        for name, group in zip(GROUPS, groups, strict=True):
            if len(group):
                bold = painter.font()
                bold.setBold(True)
                painter.setFont(bold)
                painter.setPen(QColor(theme.text))
                painter.drawText(QPointF(MARGIN, y + metrics.ascent()), f"{name.capitalize()} rows")
                painter.setFont(font)
                y += line + 10
            for k, which in enumerate(group.tolist()):
                box = QRectF(MARGIN + (k % columns) * (width + GAP), y + (k // columns) * (height + GAP), width, body)
                _cell(painter, data, wrong, which, box, theme, metrics)
                spots.append((box.adjusted(-2, -2, 2, 2 * line + 6).toAlignedRect(), _told(data, which)))
                numbers.append(int(data.rows[which]))
            y += -(-len(group) // columns) * (height + GAP)
    links = tuple((place, Pick(rows=(row,))) for (place, _), row in zip(spots, numbers, strict=True))
    return Picture(image, tuple(spots), "; ".join(_heading(data)), links)


def _heading(data: ReconstructionsData) -> tuple[str, str]:
    unit = common_unit(data.units)
    if not len(data.rows):
        return "No row without missing values to encode.", ""
    if data.images is not None:
        low, high = (number(end) + unit for end in data.image_range)
        code = "" if data.cells is None else "code (full is 1), "
        first = (
            f"Original, {code}reconstruction, error · black {low}, white {high} · "
            f"blue +{number(data.limit, 3)}{unit}, orange −{number(data.limit, 3)}{unit}"
        )
    elif data.original.shape[1] <= FEW_FEATURES:
        first = "● original, ◆ reconstruction, on the range of the data"
    else:
        first = "Original (dark), reconstruction (coloured) on the range of the data, and their difference below"
    return first, data.note


def _cell_size(data: ReconstructionsData, metrics: QFontMetricsF) -> tuple[float, float]:
    """Width and height of the drawing of one row, without its two lines of text."""
    letter = metrics.averageCharWidth()
    if data.images is not None:
        h, w = data.images.shape[1:3]
        scale = max(1.0, 64.0 / max(h, w))
        n_tiles = _n_tiles(data)
        return max(n_tiles * w * scale + 6 * (n_tiles - 1), 22 * letter), h * scale
    if data.original.shape[1] <= FEW_FEATURES:
        return 40 * letter, data.original.shape[1] * (metrics.height() + 2) + 6
    return 40 * letter, 110.0


def _n_tiles(data: ReconstructionsData) -> int:
    return 3 if data.cells is None else 4


def _cell(
    painter: QPainter,
    data: ReconstructionsData,
    wrong: NDArray[np.uint8] | None,
    which: int,
    box: QRectF,
    theme: Theme,
    metrics: QFontMetricsF,
) -> None:
    if data.images is not None and data.reconstructed is not None and wrong is not None:
        h, w = data.images.shape[1:3]
        wide = box.height() * w / h
        tiles = [data.images[which], data.reconstructed[which], wrong[which]]
        if data.cells is not None:
            tiles.insert(1, cells_image(data.cells[which], theme, h / w))
        for k, pixels in enumerate(tiles):
            place = QRectF(box.left() + k * (wide + 6), box.top(), wide, box.height())
            draw_pixels(painter, pixels, place, theme)
    elif data.original.shape[1] <= FEW_FEATURES:
        _marks(painter, data, which, box, theme, metrics)
    else:
        _curves(painter, data, which, box, theme)
    y = box.bottom() + 4 + metrics.ascent()
    for text, ink in ((data.heads[which], theme.text), (data.captions[which], theme.muted)):
        painter.setPen(QColor(ink))
        painter.drawText(QPointF(box.left(), y), metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, box.width()))
        y += metrics.height()


def _marks(
    painter: QPainter, data: ReconstructionsData, which: int, box: QRectF, theme: Theme, metrics: QFontMetricsF
) -> None:
    """For each feature a dot at the original, a diamond at the reconstruction, and the error as a line between."""
    line = metrics.height() + 2
    name_width = box.width() * 0.36
    left, room = box.left() + name_width + 10, box.width() - name_width - 18
    before, after = (np.clip(np.nan_to_num(data.placed(v)[which]), 0, 1) for v in (data.original, data.reconstruction))
    for j, (a, b) in enumerate(zip(before.tolist(), after.tolist(), strict=True)):
        y = box.top() + 3 + j * line
        painter.setPen(QColor(theme.muted))
        name = metrics.elidedText(data.feature_names[j], Qt.TextElideMode.ElideMiddle, name_width)
        painter.drawText(QRectF(box.left(), y, name_width, line), Qt.AlignmentFlag.AlignVCenter, name)
        middle = y + line / 2
        painter.setPen(QPen(QColor(theme.grid), 1))
        painter.drawLine(QPointF(left, middle), QPointF(left + room, middle))
        painter.setPen(QPen(QColor(theme.danger), 2))
        painter.drawLine(QPointF(left + room * a, middle), QPointF(left + room * b, middle))
        painter.setPen(QPen(QColor(theme.surface), 1))
        painter.setBrush(QColor(theme.text))
        painter.drawEllipse(QPointF(left + room * a, middle), 4, 4)
        painter.setBrush(QColor(theme.accent))
        x = left + room * b
        ends = ((x - 5, middle), (x, middle - 5), (x + 5, middle), (x, middle + 5))
        painter.drawPolygon(QPolygonF([QPointF(u, v) for u, v in ends]))


def _curves(painter: QPainter, data: ReconstructionsData, which: int, box: QRectF, theme: Theme) -> None:
    """Original and reconstruction over one another, and their difference below."""
    before, after = (np.clip(np.nan_to_num(data.placed(v)[which]), 0, 1) for v in (data.original, data.reconstruction))
    upper = QRectF(box.left(), box.top(), box.width(), 0.66 * box.height())
    lower = QRectF(box.left(), box.top() + 0.72 * box.height(), box.width(), 0.28 * box.height())
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(theme.grid), 1))
    painter.drawRect(upper)
    painter.drawLine(QPointF(lower.left(), lower.center().y()), QPointF(lower.right(), lower.center().y()))
    x = np.linspace(box.left() + 3, box.right() - 3, len(before))
    for values, place, ink in (
        (before, upper, theme.text),
        (after, upper, theme.accent),
        (0.5 + 0.5 * np.clip(after - before, -1, 1), lower, theme.danger),
    ):
        y = place.bottom() - 3 - values * (place.height() - 6)
        painter.setPen(QPen(QColor(ink), 1))
        painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]))


def _told(data: ReconstructionsData, which: int) -> str:
    """What a tool tip says of a row."""
    return f"{data.heads[which]}\nbits {data.bits[which] or 'none'}\n{data.captions[which]}"
