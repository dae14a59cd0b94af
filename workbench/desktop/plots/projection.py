"""Rows and prototypes in a plane: rows as one picture made off the interface thread, prototypes as points over it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from workbench.desktop.plots.base import CHARACTERS, Canvas, Plot, dress, quiet, show_image
from workbench.views import View
from workbench.views.projection import Plane, ProjectionData
from workbench.views.theme import Theme, rgb
from workbench.views.wording import shorten

POINT = 5.0
MOST_NAMED = 12


@dataclass(frozen=True)
class Frame:
    """What part of the plane is on how many pixels; may be read from any thread."""

    limits: tuple[float, float, float, float]
    width: int
    height: int
    ratio: float


@dataclass(frozen=True, eq=False)
class Prepared:
    """One plane ready to draw: the picture of its rows over `frame`, and its prototypes."""

    plane: Plane
    planes: tuple[str, ...]
    frame: Frame
    rows: NDArray[np.uint8]
    brushes: list[Any]
    symbols: list[str]
    legend: str
    theme: Theme


class ProjectionPlot(Plot):
    """A plane to zoom and shift, a choice of planes, and a legend of classes."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self.choice = QComboBox()
        self.choice.setAccessibleName("Plane")
        self.choice.setToolTip("Which plane the rows are shown in")
        self.choice.hide()
        self.legend = QLabel(textFormat=Qt.TextFormat.RichText, wordWrap=True)
        self.legend.setAccessibleName("Classes")
        self.canvas = Canvas("Projection plot")
        self.item = quiet(self.canvas.addPlot(enableMenu=False))
        self.rows = pg.ImageItem(axisOrder="row-major")
        self.prototypes = pg.ScatterPlotItem(size=13)
        self.item.addItem(self.rows)
        self.item.addItem(self.prototypes)
        for side in ("left", "bottom"):
            self.item.getAxis(side).enableAutoSIPrefix(False)
        self._frame: Frame | None = None
        self._painted: tuple[Frame, str, NDArray[np.float64], NDArray[np.uint8]] | None = None
        self._home: object = None
        self._theme = ""
        self._settle = QTimer(self, interval=60, singleShot=True)
        self._settle.timeout.connect(self._look_again)
        self._build()
        self.choice.activated.connect(self._other_plane)
        self.item.getViewBox().sigRangeChanged.connect(self._moved)
        self.item.getViewBox().sigResized.connect(self._moved)

    def prepare(self, data: ProjectionData, theme: Theme) -> Prepared:
        names = tuple(plane.title for plane in data.planes)
        wanted = self._wanted
        plane = next((plane for plane in data.planes if plane.title == wanted), data.planes[0])
        frame = self._frame
        if frame is None or self._home != (plane.name, *plane.limits):
            frame = Frame(plane.limits, 700, 500, 1.0) if frame is None else Frame(plane.limits, *_pixels(frame))
        codes = data.prototype_codes
        colours = [theme.class_color(int(c)) if c >= 0 else theme.accent for c in codes]
        return Prepared(
            plane=plane,
            planes=names,
            frame=frame,
            rows=self._picture(plane, data, frame, theme),
            brushes=[_brush(colour) for colour in colours],
            symbols=[theme.class_marker(int(c)).pyqtgraph for c in codes],
            legend=_legend(data, theme),
            theme=theme,
        )

    def _picture(self, plane: Plane, data: ProjectionData, frame: Frame, theme: Theme) -> NDArray[np.uint8]:
        """The rows as a picture; the one from before where nothing of it changed, which is so while prototypes move."""
        before = self._painted
        if before is not None and before[:2] == (frame, theme.name) and np.array_equal(before[2], plane.points):
            return before[3]
        picture = rows_picture(plane.points, data.codes, frame, theme)
        self._painted = (frame, theme.name, plane.points, picture)
        return picture

    def draw(self, prepared: Prepared) -> None:
        plane, theme = prepared.plane, prepared.theme
        home = (plane.name, *plane.limits)
        if home != self._home:
            self._home = home
            left, right, bottom, top = plane.limits
            self.item.setRange(QRectF(left, bottom, right - left, top - bottom), padding=0)
            self._theme = ""
        if theme.name != self._theme:
            self._theme = theme.name
            self.canvas.dress(theme)
            dress(self.item, theme)
            self.prototypes.setPen(pg.mkPen(theme.text, width=1))
        self._label(plane)
        left, right, bottom, top = prepared.frame.limits
        show_image(self.rows, prepared.rows)
        self.rows.setRect(QRectF(left, bottom, right - left, top - bottom))
        x, y = plane.prototypes[:, 0], plane.prototypes[:, 1]
        size = 13 if len(x) <= 100 else 9
        self.prototypes.setData(x=x, y=y, brush=prepared.brushes, symbol=prepared.symbols, size=size)
        self.prototypes.setPen(pg.mkPen(theme.text, width=1))
        if prepared.planes != tuple(self.choice.itemText(k) for k in range(self.choice.count())):
            self.choice.clear()
            self.choice.addItems(list(prepared.planes))
            self.choice.setVisible(len(prepared.planes) > 1)
        self.choice.setCurrentText(plane.title)
        if self.legend.text() != prepared.legend:
            self.legend.setText(prepared.legend)

    @property
    def _wanted(self) -> str:
        return self._chosen

    def _build(self) -> None:
        self._chosen = ""
        head = QHBoxLayout()
        head.setContentsMargins(14, 8, 14, 0)
        head.setSpacing(12)
        head.addWidget(self.choice)
        head.addWidget(self.legend, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.canvas, 1)

    def _label(self, plane: Plane) -> None:
        """Name the axes, as far as there is room."""
        size = self.item.getViewBox().size()
        for side, text, room in (("bottom", plane.x_label, size.width()), ("left", plane.y_label, size.height())):
            shown = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(room))
            axis = self.item.getAxis(side)
            if axis.labelText != shown:
                axis.setLabel(shown, **axis.labelStyle)

    @Slot()
    def _other_plane(self) -> None:
        self._chosen = self.choice.currentText()
        self.stale.emit()

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
    height, width = round(frame.height * frame.ratio), round(frame.width * frame.ratio)
    left, right, bottom, top = frame.limits
    x = ((points[:, 0] - left) / (right - left) * width).astype(np.int64)
    y = ((points[:, 1] - bottom) / (top - bottom) * height).astype(np.int64)
    image = np.zeros((height, width, 4), np.uint8)
    for code in np.unique(codes).tolist():
        stencil = _stencil(theme.class_marker(code).pyqtgraph, round(POINT * frame.ratio))
        half = len(stencil) // 2
        mine = (codes == code) & (x >= half) & (x < width - half - 1) & (y >= half) & (y < height - half - 1)
        cx, cy = x[mine], y[mine]
        colour = rgb(theme.class_color(code))
        for i, j in np.argwhere(stencil > 0).tolist():
            row, column = cy + half - i, cx + j - half
            stronger = image[row, column, 3] <= stencil[i, j]
            row, column = row[stronger], column[stronger]
            image[row, column, :3] = colour
            image[row, column, 3] = stencil[i, j]
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


@cache
def _brush(colour: str) -> Any:
    return pg.mkBrush(colour)


def _pixels(frame: Frame) -> tuple[int, int, float]:
    return frame.width, frame.height, frame.ratio


def _legend(data: ProjectionData, theme: Theme) -> str:
    """Rich text: a mark and a name for each class, and what is shown of how much."""
    parts = []
    for code, name in enumerate(data.class_names[:MOST_NAMED]):
        mark = CHARACTERS.get(theme.class_marker(code).pyqtgraph, "●")
        spelled = html.escape(shorten(name, 18)).replace(" ", "&nbsp;")
        parts.append(f'<span style="color:{theme.class_color(code)}">{mark}</span>&nbsp;{spelled}')
    if len(data.class_names) > MOST_NAMED:
        parts.append(f"and {len(data.class_names) - MOST_NAMED} more")
    parts.append(f'<span style="color:{theme.muted}">{html.escape(data.note)}</span>')
    return " &nbsp; ".join(parts)
