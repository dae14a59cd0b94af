"""One prototype closely, painted: itself and where a slider moves it, its margins, rivals and rows to click."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPainter, QPen
from PySide6.QtWidgets import QLabel, QSlider, QWidget

from workbench.desktop.plots.headed import Choice, Head
from workbench.desktop.plots.painted import PaintedPlot, Picture, Surface, draw_pixels, painting
from workbench.views import View
from workbench.views.closely import (
    EACH,
    GROUPS,
    N_BINS,
    REACH,
    Asked,
    Cell,
    CloselyData,
    Neighbours,
    margin_words,
    share_words,
)
from workbench.views.picking import Pick
from workbench.views.theme import Theme
from workbench.views.wording import number, percent, shorten

MARGIN, GAP = 16, 14
NARROW = 110
"""Letters; in less width the margins stand below."""
CAPTION = 17
"""Letters under a row or a prototype, of which as many stand side by side as there is room for."""
STEPS = 60
"""Of the slider, to either side."""
Links = list[tuple[QRect, str | Pick]]
Spots = list[tuple[QRect, str]]


class CloselyPlot(PaintedPlot):
    """A direction and a slider over the picture."""

    frames_rows = False

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        self.head = Head("What if", "Where the prototype is moved to")
        super().__init__(view, parent, head=self.head)
        self.direction = Choice("Direction", "What the slider moves the prototype along")
        self.direction.setMinimumContentsLength(18)
        self.slider = QSlider(Qt.Orientation.Horizontal, minimum=-STEPS, maximum=STEPS, pageStep=10)
        self.slider.setAccessibleName("How far the prototype is moved")
        self.slider.setMinimumWidth(self.fontMetrics().averageCharWidth() * 20)
        self.told = QLabel()
        self.told.setAccessibleName("How far, in standard deviations")
        words = QLabel("What if along")
        for place, widget in enumerate((words, self.direction, self.slider, self.told)):
            self.head.row.insertWidget(place, widget)
            widget.hide()
        self._asking = (words, self.slider, self.told)
        self.direction.chosen.connect(self._ask)
        self.slider.valueChanged.connect(self._ask)
        self._offered: tuple[tuple[str, str], ...] = ()
        self._which = -1

    def prepare(self, data: CloselyData, theme: Theme) -> tuple[CloselyData, Picture]:
        return data, paint_closely(data, theme, self.surface)

    def draw(self, prepared: tuple[CloselyData, Picture]) -> None:
        data, picture = prepared
        directions = {} if data.cell is None else data.cell.directions
        offered = tuple((name, shorten(title, 40)) for name, (title, _) in directions.items())
        current = data.asked.direction if data.asked.direction in directions else next(iter(directions), "")
        self.direction.offer(offered, current)
        for widget in self._asking:
            widget.setVisible(bool(directions))
        if data.which != self._which:
            self._which = data.which
            self.slider.setValue(0)
        self.head.tell("")
        super().draw(picture)

    @Slot()
    def _ask(self) -> None:
        step = self.slider.value() * REACH / STEPS
        self.told.setText(f"{number(step, 2)} σ")
        self.ask(str(Asked(self.direction.name, step)))


def paint_closely(data: CloselyData, theme: Theme, surface: Surface) -> Picture:
    """Everything on one picture of the surface's width."""
    metrics = QFontMetricsF(QGuiApplication.font())
    line = metrics.height()
    side = max(96.0, 6 * line)
    narrow = surface.width < NARROW * metrics.averageCharWidth()
    n_below = 0 if data.cell is None else len(data.cell.classes) + 6
    listed = 0 if data.cell is None else max(len(data.told), len(data.cell.apart), 0 if narrow else n_below)
    first = max(side + 2 * line, (listed + 1) * (line + 3))
    second = (n_below + 2) * line if narrow else 0.0
    strip = (side * 0.7 if data.image is not None else line) + 2 * line + GAP
    total = MARGIN + 2 * line + first + second + GAP + 4 * (strip + line) + MARGIN
    spots: Spots = []
    links: Links = []
    with painting(surface.width, max(surface.height, int(total)), surface.ratio, theme.surface) as (image, painter):
        painter.setFont(QGuiApplication.font())
        painter.setPen(QColor(theme.text))
        title = f"{data.title}, {data.note}" if data.title else data.note
        _heading(painter, title, QRectF(MARGIN, MARGIN, surface.width - 2 * MARGIN, line))
        if data.cell is not None:
            y = MARGIN + 2.0 * line
            left = MARGIN + _itself(painter, data, theme, QPointF(MARGIN, y), side)
            beside = surface.width - left - MARGIN
            room = beside if narrow else (beside - 2 * GAP) / 2
            _apart(painter, data, theme, QRectF(left, y, room, first), spots)
            x = MARGIN if narrow else left + room + 2 * GAP
            _margins(
                painter, data.cell, theme, QRectF(x, y + first if narrow else y, surface.width - MARGIN - x, first)
            )
            y += first + second + GAP
            rivals = (("rivals: the nearest other prototypes", data.cell.rivals),)
            for name, group in (*rivals, *zip(GROUPS, data.cell.groups, strict=True)):
                rows = not name.startswith("rivals")
                box = QRectF(MARGIN, y, surface.width - 2 * MARGIN, strip)
                _strip(painter, name, group, rows, theme, box, spots, links)
                y += strip + line
    return Picture(image, tuple(spots), f"{title}. {data.verdict}.", tuple(links))


def _itself(painter: QPainter, data: CloselyData, theme: Theme, corner: QPointF, side: float) -> float:
    """The prototype and, once moved, what it becomes, with the verdict; gives the width that it takes."""
    metrics = QFontMetricsF(painter.font())
    line = metrics.height()
    width = 0.0
    if data.image is not None and data.moved_image is not None:
        h, w = data.image.shape[:2]
        wide = side * w / h
        for pixels, under in ((data.image, "as learned"), (data.moved_image, "what if")):
            box = QRectF(corner.x() + width, corner.y(), wide, side)
            draw_pixels(painter, pixels, box, theme)
            painter.setPen(QColor(theme.muted))
            painter.drawText(QRectF(box.left(), box.bottom() + 2, wide, line), Qt.AlignmentFlag.AlignHCenter, under)
            width += wide + GAP
    else:
        width = metrics.averageCharWidth() * 46
        painter.setPen(QColor(theme.muted))
        painter.drawText(QPointF(corner.x(), corner.y() + metrics.ascent()), "as learned → what if")
        for k, j in enumerate(data.told.tolist(), 1):
            y = corner.y() + k * (line + 3)
            painter.setPen(QColor(theme.muted))
            name = metrics.elidedText(data.names[j], Qt.TextElideMode.ElideMiddle, width * 0.5)
            painter.drawText(QPointF(corner.x(), y + metrics.ascent()), name)
            painter.setPen(QColor(theme.text))
            change = f" → {number(float(data.moved[j]))}" if data.moved[j] != data.values[j] else ""
            figures = QRectF(corner.x() + width * 0.5, y, width * 0.5 - GAP, line)
            painter.drawText(figures, Qt.AlignmentFlag.AlignRight, f"{number(float(data.values[j]))}{change}")
    painter.setPen(QColor(theme.accent))
    below = corner.y() + (side + line if data.image is not None else (len(data.told) + 1) * (line + 3))
    painter.drawText(QRectF(corner.x(), below + 2, width, line), Qt.AlignmentFlag.AlignLeft, data.verdict)
    return width + GAP


def _apart(painter: QPainter, data: CloselyData, theme: Theme, box: QRectF, spots: Spots) -> None:
    """A bar for each feature that sets the prototype apart from its nearest rival."""
    assert data.cell is not None
    cell, metrics = data.cell, QFontMetricsF(painter.font())
    line = metrics.height() + 3
    if not len(cell.rivals.numbers) or not len(cell.apart):
        return
    painter.setPen(QColor(theme.text))
    title = f"Apart from prototype {cell.rivals.numbers[0]}, share of the distance"
    _heading(painter, title, box)
    name_width, value_width = box.width() * 0.42, metrics.horizontalAdvance("−100 %") + 6
    room = max(10.0, box.width() - name_width - value_width)
    most = float(np.abs(cell.shares).max()) or 1.0
    for k, (j, share) in enumerate(zip(cell.apart.tolist(), cell.shares.tolist(), strict=True), 1):
        y = box.top() + k * line
        painter.setPen(QColor(theme.muted))
        name = metrics.elidedText(data.names[j], Qt.TextElideMode.ElideMiddle, name_width - 6)
        painter.drawText(QRectF(box.left(), y, name_width, line), Qt.AlignmentFlag.AlignVCenter, name)
        ink = QColor(theme.accent if share >= 0 else theme.danger)
        painter.fillRect(QRectF(box.left() + name_width, y + 3, room * abs(share) / most, line - 6), ink)
        painter.setPen(QColor(theme.text))
        place = QRectF(box.right() - value_width, y, value_width, line)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(place, flags, percent(share, 0).replace("-", "−"))
        spots.append((QRectF(box.left(), y, box.width(), line).toAlignedRect(), share_words(data, k - 1)))


def _margins(painter: QPainter, cell: Cell, theme: Theme, box: QRectF) -> None:
    """How surely its rows lie in the cell, as a histogram, and their classes."""
    metrics = QFontMetricsF(painter.font())
    line = metrics.height()
    painter.setPen(QColor(theme.text))
    painter.drawText(QPointF(box.left(), box.top() + metrics.ascent()), "Margins of its rows")
    bars = QRectF(box.left(), box.top() + line + 4, box.width(), 4 * line)
    most = float(cell.margins.max(initial=0)) or 1.0
    wide = bars.width() / N_BINS
    for k, n in enumerate(cell.margins.tolist()):
        high = bars.height() * n / most
        painter.fillRect(QRectF(bars.left() + k * wide, bars.bottom() - high, wide - 1, high), QColor(theme.accent))
    painter.setPen(QPen(QColor(theme.grid), 1))
    painter.drawLine(bars.bottomLeft(), bars.bottomRight())
    painter.setPen(QColor(theme.muted))
    y = bars.bottom() + 2
    painter.drawText(QRectF(bars.left(), y, bars.width(), line), Qt.AlignmentFlag.AlignLeft, "0: at the border")
    painter.drawText(QRectF(bars.left(), y, bars.width(), line), Qt.AlignmentFlag.AlignRight, "1: sure")
    y += line
    words = metrics.elidedText(margin_words(cell), Qt.TextElideMode.ElideRight, bars.width())
    painter.drawText(QRectF(bars.left(), y, bars.width(), line), Qt.AlignmentFlag.AlignLeft, words)
    for name, n, share in cell.classes:
        y += line
        place = QRectF(bars.left(), y, bars.width(), line)
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft, shorten(name, 24))
        painter.drawText(place, Qt.AlignmentFlag.AlignRight, f"{n:,}  ({percent(share, 0)})")


def _strip(
    painter: QPainter,
    title: str,
    group: Neighbours,
    rows: bool,
    theme: Theme,
    box: QRectF,
    spots: Spots,
    links: Links,
) -> None:
    """Some rows, or prototypes, side by side under their heading; each can be picked."""
    metrics = QFontMetricsF(painter.font())
    line = metrics.height()
    painter.setPen(QColor(theme.text))
    painter.drawText(QPointF(box.left(), box.top() + metrics.ascent()), title.capitalize())
    n_across = max(1, min(EACH, int(box.width() / (CAPTION * metrics.averageCharWidth() + GAP))))
    pitch = box.width() / n_across
    for k, (which, away, code) in enumerate(
        zip(group.numbers.tolist()[:n_across], group.distances.tolist(), group.codes.tolist(), strict=False)
    ):
        x, y = box.left() + k * pitch, box.top() + line + 4
        high = box.bottom() - y - line
        width = pitch - GAP
        if group.images is not None:
            width = min(width, _picture(painter, group.images[k], QRectF(x, y, width, high), theme))
            y += high
        painter.setPen(QColor(theme.class_color(code) if code >= 0 else theme.muted))
        words = f"{'row ' + format(which + 1, ',') if rows else f'#{which}'} · {number(away, 3)}"
        painter.drawText(QRectF(x, y, pitch - 4, line), Qt.AlignmentFlag.AlignLeft, words)
        wide = max(width, metrics.horizontalAdvance(words))
        place = QRectF(x, box.top() + line + 4, wide, y - box.top() - 4).adjusted(-5, -3, 5, 3)
        spots.append((place.toAlignedRect(), f"{words.replace(' · ', ', distance ')}"))
        links.append((place.toAlignedRect(), Pick(rows=(which,)) if rows else Pick(prototypes=(which,))))


def _heading(painter: QPainter, words: str, box: QRectF) -> None:
    """A line at the top of a box, cut where there is no more room."""
    metrics = QFontMetricsF(painter.font())
    shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(QPointF(box.left(), box.top() + metrics.ascent()), shown)


def _picture(painter: QPainter, pixels: NDArray[np.uint8], room: QRectF, theme: Theme) -> float:
    """Draw pixels as large as there is room; gives their width."""
    h, w = pixels.shape[:2]
    scale = min(room.width() / w, room.height() / h)
    draw_pixels(painter, pixels, QRectF(room.left(), room.top(), w * scale, h * scale), theme)
    return w * scale
