"""Plots that are painted into one picture off the interface thread, which then only copies the visible part of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QHelpEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QScrollArea, QToolTip, QVBoxLayout, QWidget

from workbench.desktop.plots.base import Plot, how_picked
from workbench.desktop.plots.headed import Head
from workbench.views import View
from workbench.views.picking import Pick, Picked
from workbench.views.theme import Theme

STEPS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
"""Where the arrow keys go, to the right and down."""


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
    links : tuple of (QRect, str or Pick)
        What is asked for, as of `Plot.ask`, or picked, where a person clicks, or goes by arrow keys and presses space.
    """

    image: QImage
    spots: tuple[tuple[QRect, str], ...]
    words: str
    links: tuple[tuple[QRect, str | Pick], ...] = ()


class PaintedPlot(Plot):
    """A plot whose `prepare` paints a `Picture` of the width of the widget, with scroll bars where it is higher.

    Where it has a `head`, that stands above the picture.

    Attributes
    ----------
    frames_rows : bool
        Whether picked rows are framed; False where picked ones alone are shown.
    """

    frames_rows: ClassVar[bool] = True

    def __init__(self, view: View, parent: QWidget | None = None, *, head: Head | None = None) -> None:
        super().__init__(view, parent)
        self.sheet = _Sheet(self.frames_rows)
        self.sheet.asked.connect(self.ask)
        self.sheet.picked.connect(self.picked)
        self.sheet.reached.connect(self._show_place)
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

    def prepare_marks(self, data: Any, picked: Picked, theme: Theme) -> Picked:
        _ = picked.share  # which takes a while, so it is worked out here
        return picked

    def mark(self, marks: Picked) -> None:
        self.sheet.show_picked(marks)

    @Slot(QRect)
    def _show_place(self, place: QRect) -> None:
        centre = place.center()
        self.scroll.ensureVisible(centre.x(), centre.y(), place.width() // 2 + 8, place.height() // 2 + 8)

    def will_be(self, size: QSize) -> None:
        super().will_be(size)
        self.layout().activate()
        self._measure()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._measure()

    def _measure(self) -> None:
        bar = self.scroll.verticalScrollBar().sizeHint().width()
        size = self.scroll.size()
        surface = Surface(max(160, size.width() - bar - 2), max(120, size.height() - 2), self.devicePixelRatioF())
        if surface != self._surface:
            self._surface = surface
            self.stale.emit()


class _Sheet(QWidget):
    """Shows a picture with frames around what is picked; copies no more of it than is exposed.

    Attributes
    ----------
    asked : Signal(str)
        A link of the picture was followed.
    picked : Signal(Pick)
    reached : Signal(QRect)
        The arrow keys went there.
    framed : list of QRect
        Where what is picked is.
    shares : list of (QRect, float)
        Where prototypes are that win picked rows, and how many of these, as a share of the most; where rows alone are
        picked.
    """

    asked = Signal(str)
    picked = Signal(object)
    reached = Signal(QRect)

    def __init__(self, frames_rows: bool) -> None:
        super().__init__()
        self._frames_rows = frames_rows
        self._picture: Picture | None = None
        self._marks: Picked | None = None
        self.framed: list[QRect] = []
        self.shares: list[tuple[QRect, float]] = []
        self._at = 0

    @property
    def links(self) -> tuple[tuple[QRect, str | Pick], ...]:
        """Those of the picture."""
        return () if self._picture is None else self._picture.links

    def show_picture(self, picture: Picture) -> None:
        self._picture = picture
        self._at = min(self._at, max(0, len(picture.links) - 1))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if picture.links else Qt.FocusPolicy.NoFocus)
        size = picture.image.deviceIndependentSize().toSize()
        if size != self.size():
            self.resize(size)
        self._frame()

    def show_picked(self, marks: Picked) -> None:
        self._marks = marks
        self._frame()

    def _frame(self) -> None:
        """Find what of the picture is picked."""
        marks, links = self._marks, self.links
        self.framed = [
            place
            for place, what in links
            if isinstance(what, Pick) and marks is not None and self._framable(what) and what.is_in(marks)
        ]

        self.shares = []
        if marks is not None and marks.n_rows and not marks.prototypes:
            ones = [(place, what.prototypes[0]) for place, what in links if _is_of_one_prototype(what)]
            most = marks.share.max(initial=0.0)
            self.shares = [
                (place, float(marks.share[k] / most)) for place, k in ones if k < len(marks.share) and marks.share[k]
            ]
        self.update()

    def _framable(self, what: Pick) -> bool:
        return self._frames_rows or what.about != "rows"

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
        colours = self.palette()
        for place in self.framed:
            if exposed.intersects(place):
                painter.setPen(QPen(colours.base().color(), 4))
                painter.drawRect(place)
                painter.setPen(QPen(colours.highlight().color(), 2))
                painter.drawRect(place)
        for place, share in self.shares:
            if exposed.intersects(place):
                bar = QRectF(place.left() + 1, place.bottom() - 4, (place.width() - 2) * share, 4)
                painter.fillRect(bar, colours.highlight())
        if self.hasFocus() and self._picture.links:
            painter.setPen(QPen(colours.text().color(), 1, Qt.PenStyle.DashLine))
            painter.drawRect(self._picture.links[self._at][0].adjusted(-3, -3, 3, 3))
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        for k, (place, _) in enumerate(self.links):
            if place.contains(event.position().toPoint()):
                self._at = k
                self._follow()
                return

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        links = self.links
        if links and event.key() in STEPS:
            self._at = beside([place for place, _ in links], self._at, *STEPS[Qt.Key(event.key())])
            self.reached.emit(links[self._at][0])
            self.update()
        elif links and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._follow()
        else:
            super().keyPressEvent(event)

    def _follow(self) -> None:
        """Ask for, or pick, what the person is at."""
        assert self._picture is not None
        what = self._picture.links[self._at][1]
        if isinstance(what, Pick):
            how = how_picked()
            again = how == "or" and self._marks is not None and what.is_in(self._marks)
            self.picked.emit(replace(what, how="not" if again else how))
        else:
            self.asked.emit(what)
        self.update()

    def event(self, event: Any) -> bool:
        if isinstance(event, QHelpEvent) and self._picture is not None:
            for place, words in self._picture.spots:
                if place.contains(event.pos()):
                    QToolTip.showText(event.globalPos(), words, self, place)
                    return True
            QToolTip.hideText()
        return super().event(event)


def _is_of_one_prototype(what: str | Pick) -> bool:
    return isinstance(what, Pick) and len(what.prototypes) == 1


def beside(places: Sequence[QRect], at: int, right: int, down: int) -> int:
    """Which place is next to number `at` in a direction, straight ahead rather than near; `at` where there is none."""
    here = places[at].center()
    best, least = at, float("inf")
    for k, place in enumerate(places):
        there = place.center()
        ahead = (there.x() - here.x()) * right + (there.y() - here.y()) * down
        aside = abs((there.x() - here.x()) * down) + abs((there.y() - here.y()) * right)
        if ahead > 0 and ahead + 4 * aside < least:
            best, least = k, ahead + 4 * aside
    return best


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
