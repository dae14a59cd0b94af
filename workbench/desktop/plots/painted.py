"""Plots that are painted into one picture off the interface thread, which then only copies the visible part of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QScrollArea, QToolTip, QVBoxLayout, QWidget

from workbench.desktop.plots.base import Plot
from workbench.desktop.plots.headed import Head
from workbench.views import View
from workbench.views.theme import Theme


@dataclass(frozen=True)
class Surface:
    """Where a picture goes: logical size, and device pixels for each logical one."""

    width: int
    height: int
    ratio: float


@dataclass(frozen=True, eq=False)
class Picture:
    """A painted view.

    Attributes
    ----------
    image : QImage
    spots : tuple of (QRect, str)
        What the pointer is told where it rests.
    words : str
        The same content for those who cannot see it.
    links : tuple of (QRect, str)
        What is asked for, as of `Plot.ask`, where a person clicks, or goes by arrow keys and presses space.
    """

    image: QImage
    spots: tuple[tuple[QRect, str], ...]
    words: str
    links: tuple[tuple[QRect, str], ...] = ()


class PaintedPlot(Plot):
    """A plot whose `prepare` paints a `Picture` of the width of the widget, with scroll bars where it is higher.

    Where it has a `head`, that stands above the picture.
    """

    def __init__(self, view: View, parent: QWidget | None = None, *, head: Head | None = None) -> None:
        super().__init__(view, parent)
        self.sheet = _Sheet()
        self.sheet.asked.connect(self.ask)
        self.scroll = QScrollArea(widgetResizable=False)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.scroll.setAccessibleName(f"{view.title} picture")
        self.scroll.setWidget(self.sheet)
        if head is not None:
            head.over(self.scroll, self)
        else:
            layout = QVBoxLayout(self)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.addWidget(self.scroll)
        self._surface = Surface(640, 480, 1.0)

    @property
    def surface(self) -> Surface:
        """The size to paint for; may be read from any thread."""
        return self._surface

    def draw(self, prepared: Picture) -> None:
        self.sheet.show_picture(prepared)
        self.setAccessibleDescription(prepared.words)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        bar = self.scroll.verticalScrollBar().sizeHint().width()
        size = self.scroll.size()
        surface = Surface(max(160, size.width() - bar - 2), max(120, size.height() - 2), self.devicePixelRatioF())
        if surface != self._surface:
            self._surface = surface
            self.stale.emit()


class _Sheet(QWidget):
    """Shows a picture; copies no more of it than is exposed.

    Attributes
    ----------
    asked : Signal(str)
        A link of the picture was followed.
    """

    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._picture: Picture | None = None
        self._at = 0

    def show_picture(self, picture: Picture) -> None:
        self._picture = picture
        self._at = min(self._at, max(0, len(picture.links) - 1))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if picture.links else Qt.FocusPolicy.NoFocus)
        size = picture.image.deviceIndependentSize().toSize()
        if size != self.size():
            self.resize(size)
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(320, 240) if self._picture is None else self._picture.image.deviceIndependentSize().toSize()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if self._picture is None:
            return
        image = self._picture.image
        ratio = image.devicePixelRatio()
        exposed = event.rect()
        source = QRectF(exposed.x() * ratio, exposed.y() * ratio, exposed.width() * ratio, exposed.height() * ratio)
        painter = QPainter(self)
        painter.drawImage(QRectF(exposed), image, source)
        if self.hasFocus() and self._picture.links:
            painter.setPen(QPen(self.palette().highlight().color(), 2))
            painter.drawRect(self._picture.links[self._at][0])
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        links = () if self._picture is None else self._picture.links
        for k, (place, what) in enumerate(links):
            if place.contains(event.position().toPoint()):
                self._at = k
                self.asked.emit(what)
                return

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        links = () if self._picture is None else self._picture.links
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
        if links and event.key() in steps:
            self._at = (self._at + steps[Qt.Key(event.key())]) % len(links)
            self.update()
        elif links and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.asked.emit(links[self._at][1])
        else:
            super().keyPressEvent(event)

    def event(self, event: Any) -> bool:
        if isinstance(event, QHelpEvent) and self._picture is not None:
            for place, words in self._picture.spots:
                if place.contains(event.pos()):
                    QToolTip.showText(event.globalPos(), words, self, place)
                    return True
            QToolTip.hideText()
        return super().event(event)


@contextmanager
def painting(width: int, height: int, ratio: float, background: str) -> Iterator[tuple[QImage, QPainter]]:
    """A new image of that logical size, and a painter on it; any thread may paint."""
    image = QImage(round(width * ratio), round(height * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(QColor(background))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    try:
        yield image, painter
    finally:
        painter.end()


def draw_pixels(painter: QPainter, pixels: NDArray[np.uint8], place: QRectF, theme: Theme) -> None:
    """Draw (h, w) grey or (h, w, 3) coloured uint8 pixels into `place`, with a thin frame."""
    pixels = np.ascontiguousarray(pixels)
    h, w = pixels.shape[:2]
    form = QImage.Format.Format_RGB888 if pixels.ndim == 3 else QImage.Format.Format_Grayscale8
    painter.drawImage(place, QImage(pixels.data, w, h, pixels.strides[0], form))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(theme.grid), 1))
    painter.drawRect(place)


def ink(shade: NDArray[np.uint8]) -> QColor:
    """Black or white, whichever reads better on `shade`."""
    red, green, blue = (int(v) for v in shade[:3])
    return QColor("#101418") if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else QColor("#FFFFFF")
