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
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.base import Canvas, Plot, dress, how_picked, quiet, show_image
from workbench.desktop.plots.headed import Head
from workbench.desktop.plots.outlines import OutlineBox, OutlineTools
from workbench.views import View
from workbench.views.crowd import Crowd
from workbench.views.density import density, density_image
from workbench.views.picking import Pick, Picked, inside
from workbench.views.planes import place_in
from workbench.views.theme import Theme, rgb

POINT = 5.0
GRAIN = 2
"""Pixels of a screen, either way, that show the rows there as one spot."""


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


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the rows and prototypes of a view lie in its plane.

    Attributes
    ----------
    points : (m, 2) floating
        The rows of the sample, or all of them.
    prototypes : (M, 2) float64
    plane : str
    features : (int, int)
        Of the plane that `planes.place_in` lays other rows out in.
    of_all : bool
        Whether the points are all rows.
    """

    points: NDArray[Any]
    prototypes: NDArray[np.float64]
    plane: str
    features: tuple[int, int] = (0, 1)
    of_all: bool = False


@dataclass(frozen=True, eq=False)
class Marks:
    """What is picked, over a plane: rows as a picture over `frame`, and rings around prototypes.

    Attributes
    ----------
    any_rows : bool
        Whether rows are picked, so that the others step back.
    """

    frame: Frame
    rows: NDArray[np.uint8]
    prototypes: NDArray[np.float64]
    any_rows: bool


class PlanePlot(Plot):
    """A plane with a head over it; what is drawn over the rows is each plot's own.

    Rows are picked by a click, a rectangle or a lasso, prototypes by a click.

    Attributes
    ----------
    head : Head
    canvas : Canvas
    item : PlotItem
    rows : ImageItem
    """

    def __init__(self, view: View, choice: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self.head = Head(choice, tip, words_below=True)
        self.head.changed.connect(self.stale)
        self.canvas = Canvas(f"{view.title} plot")
        self.box = OutlineBox()
        self.item = quiet(self.canvas.addPlot(viewBox=self.box, enableMenu=False))
        self.rows = pg.ImageItem(axisOrder="row-major")
        self.picked_rows = pg.ImageItem(axisOrder="row-major")
        self.picked_prototypes = pg.ScatterPlotItem(size=22, symbol="o", brush=None)
        self.item.addItem(self.rows)
        self.item.addItem(self.picked_rows)
        self.item.addItem(self.picked_prototypes)
        self.picked_prototypes.setZValue(5)
        self.tools = OutlineTools(self.box, self)
        self.head.row.addWidget(self.tools)
        self.box.outlined.connect(self._outlined)
        self.box.clicked.connect(self._clicked)
        for side in ("left", "bottom"):
            self.item.getAxis(side).enableAutoSIPrefix(False)
        self._frame: Frame | None = None
        self._painted: tuple[Frame, object, NDArray[np.float64], NDArray[np.uint8]] | None = None
        self._home: object = None
        self._theme = ""
        self._layout: Layout | None = None
        self._numbers: NDArray[Any] | None = None
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

    def layout_of(self, data: Any) -> Layout:
        """Where things lie in the plane of `data` that is shown. Touches no widget."""
        raise NotImplementedError

    def codes_of(self, data: Any, picked: Picked) -> NDArray[np.int64] | None:
        """Class codes that give the picked rows their colours; None where the others have colours of another kind."""
        return None

    def prepare_marks(self, data: Any, picked: Picked, theme: Theme) -> Marks:
        layout = self._layout = self.layout_of(data)
        self._numbers = None if layout.of_all else np.asarray(picked.scene.sample.rows)
        frame = self._frame or Frame((0.0, 1.0, 0.0, 1.0), 16, 16, 1.0)
        if self._painted is not None:
            frame = self._painted[0]
        points = np.empty((0, 2))
        if len(picked.shown):
            points = place_in(picked.scene, layout.plane, layout.features)(picked.vectors)
        which = sorted(k for k in picked.prototypes if k < len(layout.prototypes))
        codes = self.codes_of(data, picked)
        if codes is None:
            accent = np.broadcast_to(np.array(rgb(theme.accent), np.uint8), (len(points), 3))
            painted = coloured_rows(points, accent, frame, pale=False)
        else:
            painted = rows_picture(points, codes, frame, theme, pale=False)
        return Marks(frame, painted, layout.prototypes[which], bool(picked.n_rows))

    def mark(self, marks: Marks) -> None:
        left, right, bottom, top = marks.frame.limits
        self.rows.setOpacity(0.3 if marks.any_rows else 1.0)
        self.picked_rows.setVisible(marks.any_rows)
        if marks.any_rows:
            show_image(self.picked_rows, marks.rows)
            self.picked_rows.setRect(QRectF(left, bottom, right - left, top - bottom))
        self.picked_prototypes.setData(*marks.prototypes.T)
        self.picked_prototypes.setPen(pg.mkPen(self.palette().highlight().color(), width=2))

    @Slot(object)
    def _outlined(self, outline: NDArray[np.float64]) -> None:
        """Pick the rows inside an outline (k, 2)."""
        if self._layout is not None:
            test = inside(outline, self._layout.plane, self._layout.features)
            self.picked.emit(Pick(test=test, how=how_picked()))

    @Slot(object)
    def _clicked(self, place: QPointF) -> None:
        """Pick the prototype, or else the row, that is nearest to where a person clicked."""
        if self._layout is None:
            return
        here, pixel = np.array([place.x(), place.y()]), np.array(self.box.viewPixelSize())
        prototype = nearest(self._layout.prototypes, here, 10 * pixel)
        row = nearest(self._layout.points, here, 6 * pixel)
        if prototype is not None:
            self.picked.emit(Pick(prototypes=(prototype,), how=how_picked()))
        elif row is not None:
            number = row if self._numbers is None else int(self._numbers[row])
            self.picked.emit(Pick(rows=(number,), how=how_picked()))

    def _label(self, ground: Ground) -> None:
        """Name the axes, as far as there is room."""
        size = self.item.getViewBox().size()
        for side, text, room in (("bottom", ground.x_label, size.width()), ("left", ground.y_label, size.height())):
            shown = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(room))
            axis = self.item.getAxis(side)
            if axis.labelText != shown:
                axis.setLabel(shown, **axis.labelStyle)

    @property
    def settling(self) -> bool:
        """Whether the plane is being shifted, zoomed or resized."""
        return self._settle.isActive()

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


def nearest(points: NDArray[Any], here: NDArray[np.float64], within: NDArray[np.float64]) -> int | None:
    """Which of the points (n, 2) is nearest to `here` (2,), measured by `within` (2,); None if it is further away."""
    (x, y), (wide, high) = here.tolist(), within.tolist()  # plain numbers, so that millions of points keep their type
    in_box = (np.abs(points[:, 0] - x) <= wide) & (np.abs(points[:, 1] - y) <= high)
    near = np.flatnonzero(in_box)
    away = np.hypot(*((points[near] - here) / within).T)
    return int(near[away.argmin()]) if len(near) and away.min() <= 1 else None


def rows_picture(
    points: NDArray[np.float64], codes: NDArray[np.int64], frame: Frame, theme: Theme, *, pale: bool = True
) -> NDArray[np.uint8]:
    """(h, w, 4) uint8: every row a small mark in the colour and shape of its class; row 0 at the bottom."""
    image, x, y = _empty(points, frame)
    for code in np.unique(codes).tolist():
        stencil = _stencil(theme.class_marker(code).pyqtgraph, round(POINT * frame.ratio))
        mine = codes == code
        _stamp(image, x[mine], y[mine], stencil, np.array(rgb(theme.class_color(code)), np.uint8))
    return _paler(image) if pale else image


def coloured_rows(
    points: NDArray[np.float64], colours: NDArray[np.uint8], frame: Frame, *, pale: bool = True
) -> NDArray[np.uint8]:
    """(h, w, 4) uint8: every row a small dot in a colour of its own (m, 3); row 0 at the bottom."""
    image, x, y = _empty(points, frame)
    _stamp(image, x, y, _stencil("o", round(POINT * frame.ratio)), colours)
    return _paler(image) if pale else image


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


def crowd_picture(crowd: Crowd, codes: NDArray[Any], frame: Frame, theme: Theme) -> NDArray[np.uint8]:
    """(h, w, 4) uint8: how many of all rows are where, in the colour of the commonest class; row 0 at the bottom."""
    height, width = round(frame.height * frame.ratio), round(frame.width * frame.ratio)
    bins = max(1, -(-width // GRAIN)), max(1, -(-height // GRAIN))
    image = density_image(density(crowd.points, codes, frame.limits, bins), theme)
    return image.repeat(GRAIN, axis=0).repeat(GRAIN, axis=1)[:height, :width]


def over(image: NDArray[np.uint8], ground: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One picture laid over another of its size."""
    return np.where(image[..., 3:] > 0, image, ground)


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
