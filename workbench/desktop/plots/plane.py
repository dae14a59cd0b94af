"""A plane to zoom and shift; its rows are one picture, painted off the interface thread for what is visible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.base import Canvas, Plot, dress, quiet, show_image
from workbench.desktop.plots.headed import Head
from workbench.views import View
from workbench.views.theme import Theme, rgb

POINT = 5.0


@dataclass(frozen=True)
class Frame:
    """What part of the plane is on how many pixels; may be read from any thread."""

    limits: tuple[float, float, float, float]
    width: int
    height: int
    ratio: float


@dataclass(frozen=True, eq=False)
class Ground:
    """What lies under the marks of a plane: its rows as a picture over `frame`, and its axes.

    Attributes
    ----------
    name : str
        Of the plane; with `limits` it says when to look at all of it again.
    """

    name: str
    limits: tuple[float, float, float, float]
    x_label: str
    y_label: str
    frame: Frame
    rows: NDArray[np.uint8]
    theme: Theme


class PlanePlot(Plot):
    """A plane with a head over it; what is drawn over the rows is each plot's own.

    Attributes
    ----------
    head : Head
    canvas : Canvas
    item : PlotItem
    rows : ImageItem
    """

    def __init__(self, view: View, choice: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self.head = Head(choice, tip)
        self.head.changed.connect(self.stale)
        self.canvas = Canvas(f"{view.title} plot")
        self.item = quiet(self.canvas.addPlot(enableMenu=False))
        self.rows = pg.ImageItem(axisOrder="row-major")
        self.item.addItem(self.rows)
        for side in ("left", "bottom"):
            self.item.getAxis(side).enableAutoSIPrefix(False)
        self._frame: Frame | None = None
        self._painted: tuple[Frame, object, NDArray[np.float64], NDArray[np.uint8]] | None = None
        self._home: object = None
        self._theme = ""
        self._settle = QTimer(self, interval=60, singleShot=True)
        self._settle.timeout.connect(self._look_again)
        self.item.getViewBox().sigRangeChanged.connect(self._moved)
        self.item.getViewBox().sigResized.connect(self._moved)
        self.head.over(self.canvas, self)

    def ground(
        self,
        name: str,
        limits: tuple[float, float, float, float],
        labels: tuple[str, str],
        points: NDArray[np.float64],
        look: object,
        paint: Callable[[Frame], NDArray[np.uint8]],
        theme: Theme,
    ) -> Ground:
        """What lies under the marks; for `prepare`, on any thread.

        The picture that `paint` made before is taken again while `points`, what is visible and `look` are the same.
        """
        frame = self._frame
        if frame is None or self._home != (name, *limits):
            frame = Frame(limits, 700, 500, 1.0) if frame is None else Frame(limits, *_pixels(frame))
        before = self._painted
        if before is not None and before[:2] == (frame, look) and np.array_equal(before[2], points):
            picture = before[3]
        else:
            picture = paint(frame)
            self._painted = (frame, look, points, picture)
        return Ground(name, limits, *labels, frame, picture, theme)

    def show_ground(self, ground: Ground) -> None:
        """Draw rows and axes, and dress everything anew where the theme is another."""
        home = (ground.name, *ground.limits)
        if home != self._home:
            self._home = home
            left, right, bottom, top = ground.limits
            self.item.setRange(QRectF(left, bottom, right - left, top - bottom), padding=0)
            self._theme = ""
        if ground.theme.name != self._theme:
            self._theme = ground.theme.name
            self.canvas.dress(ground.theme)
            dress(self.item, ground.theme)
            self.dress_marks(ground.theme)
        self._label(ground)
        left, right, bottom, top = ground.frame.limits
        show_image(self.rows, ground.rows)
        self.rows.setRect(QRectF(left, bottom, right - left, top - bottom))

    def dress_marks(self, theme: Theme) -> None:
        """Give what is drawn over the rows the colours of `theme`."""

    def _label(self, ground: Ground) -> None:
        """Name the axes, as far as there is room."""
        size = self.item.getViewBox().size()
        for side, text, room in (("bottom", ground.x_label, size.width()), ("left", ground.y_label, size.height())):
            shown = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(room))
            axis = self.item.getAxis(side)
            if axis.labelText != shown:
                axis.setLabel(shown, **axis.labelStyle)

    @Slot()
    def _moved(self) -> None:
        self._settle.start()

    @Slot()
    def _look_again(self) -> None:
        """The visible part or the size changed: have the rows painted for it."""
        box = self.item.getViewBox()
        (left, right), (bottom, top) = box.viewRange()
        size = box.size()
        frame = Frame(
            (left, right, bottom, top),
            max(16, int(size.width())),
            max(16, int(size.height())),
            self.devicePixelRatioF(),
        )
        if frame != self._frame:
            self._frame = frame
            self.stale.emit()


def rows_picture(
    points: NDArray[np.float64], codes: NDArray[np.int64], frame: Frame, theme: Theme
) -> NDArray[np.uint8]:
    """(h, w, 4) uint8: every row a small mark in the colour and shape of its class; row 0 at the bottom."""
    image, x, y = _empty(points, frame)
    for code in np.unique(codes).tolist():
        stencil = _stencil(theme.class_marker(code).pyqtgraph, round(POINT * frame.ratio))
        mine = codes == code
        _stamp(image, x[mine], y[mine], stencil, np.array(rgb(theme.class_color(code)), np.uint8))
    return _paler(image)


def coloured_rows(points: NDArray[np.float64], colours: NDArray[np.uint8], frame: Frame) -> NDArray[np.uint8]:
    """(h, w, 4) uint8: every row a small dot in a colour of its own (m, 3); row 0 at the bottom."""
    image, x, y = _empty(points, frame)
    _stamp(image, x, y, _stencil("o", round(POINT * frame.ratio)), colours)
    return _paler(image)


def _empty(points: NDArray[np.float64], frame: Frame) -> tuple[NDArray[np.uint8], NDArray[Any], NDArray[Any]]:
    """A clear image of the frame, and the pixel of each point."""
    height, width = round(frame.height * frame.ratio), round(frame.width * frame.ratio)
    left, right, bottom, top = frame.limits
    x = ((points[:, 0] - left) / (right - left) * width).astype(np.int64)
    y = ((points[:, 1] - bottom) / (top - bottom) * height).astype(np.int64)
    return np.zeros((height, width, 4), np.uint8), x, y


def _stamp(
    image: NDArray[np.uint8], x: NDArray[Any], y: NDArray[Any], stencil: NDArray[np.uint8], colours: NDArray[np.uint8]
) -> None:
    """Put the stencil at every (x, y) inside the image, in one colour (3,) or in one for each (n, 3)."""
    height, width = image.shape[:2]
    half = len(stencil) // 2
    inside = (x >= half) & (x < width - half - 1) & (y >= half) & (y < height - half - 1)
    cx, cy = x[inside], y[inside]
    each = colours[inside] if colours.ndim == 2 else np.broadcast_to(colours, (len(cx), 3))
    for i, j in np.argwhere(stencil > 0).tolist():
        row, column = cy + half - i, cx + j - half
        stronger = image[row, column, 3] <= stencil[i, j]
        row, column = row[stronger], column[stronger]
        image[row, column, :3] = each[stronger]
        image[row, column, 3] = stencil[i, j]


def _paler(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    image[..., 3] = (image[..., 3].astype(np.uint16) * 3 // 4).astype(np.uint8)
    return image


@cache
def _stencil(symbol: str, size: int) -> NDArray[np.uint8]:
    """(s, s) uint8 cover of a mark of about `size` pixels, s odd."""
    side = size + 2 + (size + 1) % 2
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(side / 2, side / 2)
    painter.scale(size, size)
    painter.fillPath(Symbols[symbol], QColor("white"))
    painter.end()
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(side, image.bytesPerLine() // 4, 4)
    return pixels[:, :side, 3].copy()


def _pixels(frame: Frame) -> tuple[int, int, float]:
    return frame.width, frame.height, frame.ratio
