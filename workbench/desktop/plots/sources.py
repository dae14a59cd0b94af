"""A source image and what is shown of it, as pictures to zoom and shift; a click or an outline picks patches."""

from __future__ import annotations

import base64
import html
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QBuffer, QPointF, QRectF, Slot
from PySide6.QtGui import QFontMetricsF, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.base import Canvas, Plot, how_picked
from workbench.desktop.plots.headed import Choice, Head
from workbench.desktop.plots.outlines import OutlineBox, OutlineTools
from workbench.views import View
from workbench.views.cell_colours import cell_table
from workbench.views.picking import Pick, Picked
from workbench.views.sources import within
from workbench.views.sources_data import (
    Asked,
    SourcesData,
    codeword_colour,
    counted_for,
    covered_by,
    lit,
    pixels,
    shade,
)
from workbench.views.theme import Theme
from workbench.views.wording import number, shorten

MOST_DRAWN = 4_000_000
"""Of pictures with more pixels every second one is drawn, or every third."""
MOST_FRAMED = 300
"""So many picked patches have frames."""
GAP = 0.04
"""Between two pictures, as a share of the shorter side."""
PATCH, CODEWORD = ("patch", "Pick patches"), ("codeword", "Pick codewords")


LETTERS = 13
"""Of the longest title of a choice."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """Pictures ready to draw, one for each place, and what the head says.

    Attributes
    ----------
    places : tuple of QRectF
        Where the pictures go, in pixels of the source image.
    """

    data: SourcesData
    images: tuple[QImage, ...]
    places: tuple[QRectF, ...]
    words: str
    theme: Theme


@dataclass(frozen=True, eq=False)
class Marks:
    """What is laid over every picture, frames (8 f, 2) as pairs of ends in pixels of the source image, and words."""

    shade: QImage | None
    frames: NDArray[np.float64]
    words: str


class SourcesPlot(Plot):
    """One picture or two, choices of picture and of what is shown, and tools to draw outlines."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self.asked = str(Asked())
        self.head = Head("Source image", "What is shown of the source image", words_below=True)
        self.picture = Choice("Picture", "Which of the pictures that patches were cut from")
        self.mode = Choice("Shown", "The picture, which codeword is where, what coding makes of it, or where it errs")
        self.click = Choice("Click", "What a click in the picture picks")
        for place, choice in enumerate((self.picture, self.mode, self.click)):
            choice.setMinimumContentsLength(LETTERS)
            self.head.row.insertWidget(place, choice)
        self.picture.chosen.connect(self._ask)
        self.mode.chosen.connect(self._ask)
        self.canvas = Canvas(f"{view.title} plot")
        self.box = OutlineBox()
        self.box.setAspectLocked(True)
        self.box.invertY(True)
        self.canvas.addItem(self.box)
        self.pictures = tuple(PictureItem() for _ in range(2))
        self.shades = tuple(PictureItem() for _ in range(2))
        self.frames = pg.PlotCurveItem()
        for item in (*self.pictures, *self.shades, self.frames):
            self.box.addItem(item, ignoreBounds=True)
        self.tools = OutlineTools(self.box, self)
        self.head.row.addWidget(self.tools)
        self.box.outlined.connect(self._outlined)
        self.box.clicked.connect(self._clicked)
        self.canvas.scene().sigMouseMoved.connect(self._pointed)
        self._drawn: Prepared | None = None
        self._home: object = None
        self._words = ""
        self.head.over(self.canvas, self)

    def prepare(self, data: SourcesData, theme: Theme) -> Prepared:
        if data.trouble:
            return Prepared(data, (), (), html.escape(data.trouble), theme)
        modes = ("original", "reconstruction") if data.mode == "reconstruction" else (data.mode,)
        step = _step(data)
        images = tuple(as_image(pixels(data, mode, theme, step)) for mode in modes)
        return Prepared(data, images, _places(data, len(images)), _words(data, theme), theme)

    def draw(self, prepared: Prepared) -> None:
        data = prepared.data
        self._drawn = prepared
        self.canvas.dress(prepared.theme)
        names = tuple((str(k), shorten(name, 40)) for k, name in enumerate(data.pictures))
        self.picture.offer(names, str(data.shown))
        self.mode.offer(data.modes, data.mode)
        self.click.offer((PATCH, CODEWORD) if len(data.winners) else (PATCH,), self.click.name or PATCH[0])
        for k, item in enumerate(self.pictures):
            shown = k < len(prepared.images)
            item.show_picture(prepared.images[k] if shown else None, prepared.places[k] if shown else QRectF())
        self._words = prepared.words
        self.head.tell(prepared.words)
        self.setAccessibleDescription(f"{self.view.summary} {data.quality} {data.note}")
        home = (data.name, len(prepared.places), data.owners.shape)
        if home != self._home and prepared.places:
            self._home = home
            whole = prepared.places[0].united(prepared.places[-1])
            self.box.setRange(whole, padding=0.02)

    def prepare_marks(self, data: SourcesData, picked: Picked, theme: Theme) -> Marks:
        none = Marks(None, np.empty((0, 2)), "")
        shown = None if data.trouble else lit(data, picked.mask, picked.prototypes)
        if shown is None:
            return none
        here = np.flatnonzero(shown)
        words = f"{len(here):,} of {len(shown):,} patches lit"
        if picked.prototypes and len(data.winners):
            light, frames = counted_for(data, shown), none.frames
        else:
            light, frames = covered_by(data, shown), frames_of(data.corners[here[:MOST_FRAMED]], data.side)
        return Marks(as_image(shade(data, light, theme, _step(data))), frames, words)

    def mark(self, marks: Marks) -> None:
        if self._drawn is None:
            return
        places = self._drawn.places
        for k, item in enumerate(self.shades):
            item.show_picture(marks.shade if k < len(places) else None, places[k] if k < len(places) else QRectF())
        self.frames.setData(*marks.frames.T, connect="pairs")
        self.frames.setPen(pg.mkPen(self.palette().highlight().color(), width=2))
        self.head.tell(f"{self._words} · <b>{marks.words}</b>" if marks.words else self._words)

    @Slot()
    def _ask(self) -> None:
        """Have the picture shown that was chosen."""
        self.ask(str(Asked(int(self.picture.name or 0), self.mode.name)))

    @Slot(object)
    def _clicked(self, place: QPointF) -> None:
        """Pick the patch at a place, or its codeword."""
        at = self._place_at(place)
        if at is None or self._drawn is None:
            return
        data = self._drawn.data
        if self.click.name == CODEWORD[0] and len(data.winners) and data.winners[at] >= 0:
            self.picked.emit(Pick(prototypes=(int(data.winners[at]),), how=how_picked()))
        else:
            self.picked.emit(Pick(rows=(int(data.rows[at]),), how=how_picked()))

    @Slot(object)
    def _outlined(self, outline: NDArray[np.float64]) -> None:
        """Pick the patches whose middle is inside an outline (k, 2)."""
        if self._drawn is not None and self._drawn.places:
            corner = self._corner(QPointF(*outline.mean(axis=0).tolist()))
            test = within(outline - (corner.x(), corner.y()), self._drawn.data.shown)
            self.picked.emit(Pick(test=test, how=how_picked()))

    @Slot(object)
    def _pointed(self, pixel: QPointF) -> None:
        """Tell what is under the pointer, when it rests."""
        at = self._place_at(self.box.mapSceneToView(pixel))
        told = "" if at is None or self._drawn is None else self._drawn.data.told(at)
        if told != self.canvas.toolTip():
            self.canvas.setToolTip(told)

    def _place_at(self, place: QPointF) -> int | None:
        """Which patch lies at a place of the plane."""
        if self._drawn is None or not self._drawn.places:
            return None
        inside = place - self._corner(place)
        return self._drawn.data.place_at(math.floor(inside.y()), math.floor(inside.x()))

    def _corner(self, place: QPointF) -> QPointF:
        """The upper left corner of the picture at a place; of the first where there is none."""
        assert self._drawn is not None
        return next((rect for rect in self._drawn.places if rect.contains(place)), self._drawn.places[0]).topLeft()


class PictureItem(pg.GraphicsObject):
    """A picture over a part of the plane, every pixel sharp; made elsewhere, only copied here."""

    def __init__(self) -> None:
        super().__init__()
        self.image: QImage | None = None
        self._place = QRectF()

    def show_picture(self, image: QImage | None, place: QRectF) -> None:
        """Show `image`, or nothing, over `place`."""
        if place != self._place:
            self.prepareGeometryChange()
        self.image, self._place = image, place
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802
        return self._place

    def paint(self, painter: QPainter, *_: Any) -> None:
        if self.image is not None:
            painter.drawImage(self._place, self.image)


def as_image(colours: NDArray[np.uint8]) -> QImage:
    """A picture of (h, w, 4) red, green, blue and alpha, in the form that is painted fastest."""
    colours = np.ascontiguousarray(colours)
    h, w = colours.shape[:2]
    image = QImage(colours.data, w, h, colours.strides[0], QImage.Format.Format_RGBA8888)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def frames_of(corners: NDArray[np.int64], side: tuple[int, int]) -> NDArray[np.float64]:
    """(8 k, 2) ends (x, y) of the four sides of patches with these upper left pixels (k, 2)."""
    h, w = side
    ring = np.array([(0, 0), (w, 0), (w, 0), (w, h), (w, h), (0, h), (0, h), (0, 0)], np.float64)
    return (corners[:, None, ::-1] + ring).reshape(-1, 2)


def _step(data: SourcesData) -> int:
    return max(1, math.ceil(math.sqrt(data.owners.size / MOST_DRAWN)))


def _places(data: SourcesData, n: int) -> tuple[QRectF, ...]:
    """Where so many pictures go: wide ones one under another, others side by side."""
    height, width = data.owners.shape
    first = QRectF(0, 0, width, height)
    gap = max(1.0, GAP * min(width, height))
    second = first.translated(0, height + gap) if width > 1.25 * height else first.translated(width + gap, 0)
    return (first, second)[:n]


def _words(data: SourcesData, theme: Theme) -> str:
    """Rich text: how good the reconstruction is, what colours mean, and what the picture is put together from."""
    parts = []
    if data.quality and data.mode == "reconstruction":
        height, width = data.owners.shape
        where = "below" if width > 1.25 * height else "at the right"
        parts.append(f"<b>{html.escape(data.quality)}</b> (reconstruction {where})")
    elif data.mode == "error":
        ends = (f"0 {_bar(theme)} {number(data.limit, 3)}", html.escape(data.scale))
        parts += [f"{ends[0]} &nbsp;{ends[1]}", html.escape(data.quality)]
    elif data.mode == "codewords" and not len(data.likeness):
        parts += [
            f'<span style="color:{codeword_colour(data, k, theme)}">■</span>&nbsp;prototype&nbsp;{k}'
            for k in range(data.n_codewords)
        ]
    parts.append(f'<span style="color:{theme.muted}">{html.escape(data.note)}</span>')
    return " &nbsp; ".join(parts)


def _bar(theme: Theme) -> str:
    """The colours of the scale of errors, as rich text."""
    high = round(QFontMetricsF(QGuiApplication.font()).height() * 0.7)
    image, buffer = as_image(np.repeat(cell_table(theme)[None, ::2], high, axis=0)), QBuffer()
    image.save(buffer, "PNG")
    return f'<img src="data:image/png;base64,{base64.b64encode(bytes(buffer.data().data())).decode()}">'
