"""The atlas of codes, painted off the interface thread; a click on a code opens it, one on a bit flips it."""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPainter
from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.headed import Head
from workbench.desktop.plots.painted import PaintedPlot, Picture, Surface, draw_pixels, painting
from workbench.views import View
from workbench.views.bit_flips import FlipsData, head_images, heads_of
from workbench.views.bits import Bits, text_of
from workbench.views.code_atlas import BY_HAND, AtlasData, with_bit_flipped
from workbench.views.code_sheet import SheetData, sheet_image
from workbench.views.theme import Theme
from workbench.views.tiles import painted, painted_changes
from workbench.views.wording import counted, number

MARGIN, GAP = 16, 12
FLIP = "flip"
LARGE, SMALL = 150, 64
"""Pixels of the longer side of a tile at the head, and of a flip."""

Spots = list[tuple[QRect, str]]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture, what the head says and offers over it, and the code that is shown, if it is a single one."""

    picture: Picture
    bits: Bits | None
    names: tuple[str, ...]
    current: str
    words: str


class CodeAtlasPlot(PaintedPlot):
    """All codes on a sheet, or one code with what each bit does."""

    part = ""  # the code is asked for

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        self.head = Head("Codes", "All codes, or those of a row, bit by bit")
        super().__init__(view, parent, head=self.head)
        self._bits: Bits | None = None
        self.head.changed.connect(self._choose)

    def prepare(self, data: AtlasData, theme: Theme) -> Prepared:
        if data.sheet is not None:
            picture, bits = paint_sheet(data.sheet, theme, self.surface), None
            words = data.sheet.note
        else:
            assert data.flips is not None
            picture, bits = paint_flips(data.flips, theme, self.surface), data.flips.bits
            words = data.flips.note
        return Prepared(picture, bits, data.choices, data.current, html.escape(words))

    def draw(self, prepared: Prepared) -> None:
        super().draw(prepared.picture)
        self._bits = prepared.bits
        self.head.tell(prepared.words, prepared.names, prepared.current)

    @Slot(str)
    def ask(self, what: str) -> None:
        """Show a choice or a code, or with "flip 3" the code that is shown with its bit 3 (from 0) flipped."""
        word, _, bit = what.partition(" ")
        if word == FLIP and self._bits is not None:
            what = with_bit_flipped(self._bits, int(bit))
        super().ask(what)

    @Slot()
    def _choose(self) -> None:
        if self.head.chosen != BY_HAND:  # that is what is shown, or was never made
            self.ask(self.head.chosen)


def paint_sheet(data: SheetData, theme: Theme, surface: Surface) -> Picture:
    """The sheet as large as fits; a click on a tile asks for its code."""
    sheet, places = sheet_image(data, theme)
    room = (surface.width - 2 * MARGIN, surface.height - 2 * MARGIN)
    scale = min(room[0] / sheet.shape[1], max(room[1], 0.6 * room[0]) / sheet.shape[0])
    box = QRectF(MARGIN, MARGIN, sheet.shape[1] * scale, sheet.shape[0] * scale)
    total = max(surface.height, int(box.bottom()) + MARGIN)
    spots: Spots = []
    links: Spots = []
    with painting(surface.width, total, surface.ratio, theme.surface) as (image, painter):
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale * surface.ratio < 1)
        draw_pixels(painter, sheet, box, theme)
    for (left, top, right, bottom), text, n in zip(
        places.tolist(), data.texts, data.counts.ravel().tolist(), strict=True
    ):
        corner = QPointF(box.left() + left * box.width(), box.top() + top * box.height())
        place = QRectF(corner, QPointF(box.left() + right * box.width(), box.top() + bottom * box.height())).toRect()
        spots.append((place, f"code {text}\n{counted(n, 'row')}"))
        links.append((place, text))
    return Picture(image, tuple(spots), data.note, tuple(links))


def paint_flips(data: FlipsData, theme: Theme, surface: Surface) -> Picture:
    """Row, code and reconstruction large, and the flips under them; a click on a cell or on a flip flips that bit."""
    metrics = QFontMetricsF(QGuiApplication.font())
    line = metrics.height()
    tiles = painted(data.tiles, theme)
    large, small = _size(tiles, LARGE), _size(tiles, SMALL)
    width = max(2 * small[0] + 4, 14 * metrics.averageCharWidth())
    columns = max(1, int((surface.width - 2 * MARGIN + GAP) // (width + GAP)))
    top = MARGIN + 2 * line + 8 + large[1] + GAP
    pitch = small[1] + 2 * line + GAP
    total = max(surface.height, int(top + -(-len(data.order) // columns) * pitch) + MARGIN)
    spots: Spots = []
    links: Spots = []
    with painting(surface.width, total, surface.ratio, theme.surface) as (image, painter):
        painter.setFont(QGuiApplication.font())
        _heads(painter, data, theme, large, line, surface.width)
        links += _cell_links(data, _code_box(data, large, line))
        changed = painted_changes(data.changes, data.limit, theme)
        for k, bit in enumerate(data.order.tolist()):
            x, y = MARGIN + k % columns * (width + GAP), top + k // columns * pitch
            effect = number(float(data.effects[bit]), 3)
            for text, ink, at in ((data.captions[k], theme.text, y), (f"RMS {effect}", theme.muted, y + line)):
                _write(painter, text, ink, QRectF(x, at, width, line))
            for which, pixels in enumerate((tiles[1 + int(data.has_row) + k], changed[k])):
                place = QRectF(x + which * (small[0] + 4), y + 2 * line, *small)
                draw_pixels(painter, pixels, place, theme)
            place = QRectF(x, y, width, pitch - GAP).toRect()
            spots.append((place, f"{data.told(k)}\nClick to flip it."))
            links.append((place, f"{FLIP} {bit}"))
    words = f"{data.title}, code {text_of(data.bits)}. {data.note}"
    return Picture(image, tuple(spots), words, tuple(links))


def _heads(
    painter: QPainter, data: FlipsData, theme: Theme, size: tuple[float, float], line: float, width: int
) -> None:
    _write(painter, f"{data.title}: {text_of(data.bits)}", theme.text, QRectF(MARGIN, MARGIN, width - 2 * MARGIN, line))
    for k, (name, pixels) in enumerate(zip(heads_of(data), head_images(data, theme), strict=True)):
        box = QRectF(MARGIN + k * (size[0] + GAP), MARGIN + 2 * line + 8, *size)
        words = f"{name} (click a bit)" if name == "code" else name
        _write(painter, words, theme.muted, QRectF(box.left(), box.top() - line - 4, size[0], line))
        draw_pixels(painter, pixels, box, theme)


def _code_box(data: FlipsData, size: tuple[float, float], line: float) -> QRectF:
    """Where the cells of the code are."""
    return QRectF(MARGIN + int(data.has_row) * (size[0] + GAP), MARGIN + 2 * line + 8, *size)


def _cell_links(data: FlipsData, box: QRectF) -> Spots:
    """What a click on each cell asks for."""
    down, across = data.cells.shape
    high, wide = box.height() / down, box.width() / across
    links: Spots = []
    for bit in range(len(data.bits)):
        row, column = divmod(bit, across)
        place = QRectF(box.left() + column * wide, box.top() + row * high, wide, high).toRect()
        links.append((place, f"{FLIP} {bit}"))
    return links


def _size(tiles: NDArray[np.uint8], longest: int) -> tuple[float, float]:
    h, w = tiles.shape[1:3]
    return longest * w / max(h, w), longest * h / max(h, w)


def _write(painter: QPainter, text: str, ink: str, box: QRectF) -> None:
    painter.setPen(QColor(ink))
    metrics = QFontMetricsF(painter.font())
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, box.width())
    painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
