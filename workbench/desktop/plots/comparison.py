"""Two runs side by side, painted: both codebooks in one plane, figures beside one another, and the pairs below."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QImage, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.headed import Head
from workbench.desktop.plots.painted import PaintedPlot, Picture, Surface, draw_pixels, painting
from workbench.desktop.plots.plane import Frame, coloured_rows
from workbench.views import View
from workbench.views.comparison import ComparisonData, Side
from workbench.views.picking import Pick
from workbench.views.theme import Theme, rgb
from workbench.views.tiles import painted, painted_changes
from workbench.views.wording import counted, shorten

MARGIN, GAP = 16.0, 18.0
_MOST_NUMBERED = 40
_CELL, _BODY, _CLOSE = 250.0, 80.0, 5.0
"""Pixels of a pair in the list: its least width, the height of its drawing, and between its parts."""
_TABLE_ROWS = 24
_MOST_MOVES = 11
_MOVED_LINE = 2
"""Of what is told of a pair, where that is told."""
_TWO_COLUMNS = 760.0
"""Pixels that the list of moves takes for two columns."""


class ComparisonPlot(PaintedPlot):
    """A choice of the other run over the picture of both."""

    part = ""  # the other run is asked for

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        self.head = Head("Other run", "Which run this one is compared with")
        super().__init__(view, parent, head=self.head)
        self.head.changed.connect(self._choose)
        self._told: tuple[str, tuple[str, ...], str] = ("", (), "")

    def prepare(self, data: ComparisonData, theme: Theme) -> Picture:
        other = html.escape(shorten(data.second.name, 30))
        words = f"{html.escape(data.headline)} &nbsp; "
        words += f'<span style="color:{theme.muted}">beside {other} at iteration {data.second.iteration:,}, '
        words += f"on {html.escape(data.note)}</span>"
        self._told = words, data.others, data.second.name
        return paint_comparison(data, theme, self.surface)

    def draw(self, prepared: Picture) -> None:
        self.head.tell(*self._told)
        super().draw(prepared)

    @property
    def other(self) -> str:
        """The name of the run beside the one that is shown; "" before anything is drawn."""
        return self._told[2]

    @Slot()
    def _choose(self) -> None:
        self.ask(self.head.chosen)


@dataclass(frozen=True)
class Sheet:
    """What is painted on, with what; its height is found by painting once on a sheet that is thrown away."""

    painter: QPainter
    theme: Theme
    metrics: QFontMetricsF
    width: float
    height: float
    ratio: float
    spots: list[tuple[QRect, str]]
    links: list[tuple[QRect, str | Pick]]

    @property
    def line(self) -> float:
        return self.metrics.height()


def paint_comparison(data: ComparisonData, theme: Theme, surface: Surface) -> Picture:
    """The comparison on one picture of the surface's width."""
    needed = _painted(data, theme, surface, 16)[1]
    image, _, sheet = _painted(data, theme, surface, max(surface.height, int(needed) + 1))
    moments = [f"{side.name} at iteration {side.iteration:,}" for side in (data.first, data.second)]
    words = " ".join([f"{' beside '.join(moments)}. {data.headline}.", *_remarks(data)])
    return Picture(image, tuple(sheet.spots), words, tuple(sheet.links))


def _remarks(data: ComparisonData) -> list[str]:
    return [f"Partners are {data.method}.", *data.agreements, *([data.left_out] if data.left_out else [])]


def _painted(data: ComparisonData, theme: Theme, surface: Surface, height: int) -> tuple[QImage, float, Sheet]:
    """The picture, how high it would be, and what was painted on."""
    font = QGuiApplication.font()
    with painting(surface.width, height, surface.ratio, theme.surface) as (image, painter):
        painter.setFont(font)
        sheet = Sheet(painter, theme, QFontMetricsF(font), surface.width, surface.height, surface.ratio, [], [])
        y = _planes(sheet, data, MARGIN)
        y = _sentences(sheet, _remarks(data), y)
        y = _moves(sheet, data, y)
        y = _tables(sheet, data, y)
        y = _pairs(sheet, data, y)
    return image, y + MARGIN, sheet


def _planes(sheet: Sheet, data: ComparisonData, top: float) -> float:
    """Both planes and what their marks mean; gives where they end."""
    wide = (sheet.width - 2 * MARGIN - GAP) / 2
    high = max(140.0, min(0.8 * wide, 0.62 * sheet.height))
    for which, side in enumerate((data.first, data.second)):
        left = MARGIN + which * (wide + GAP)
        title = f"{side.name} · {counted(len(side.places), 'prototype')} · iteration {side.iteration:,}"
        _text(sheet, sheet.theme.text, QRectF(left, top, wide, sheet.line), title)
        _plane(sheet, data, which, QRectF(left, top + sheet.line + 4, wide, high))
    y = top + sheet.line + high + 10
    across = QRectF(MARGIN, y, sheet.width - 2 * MARGIN, sheet.line)
    _text(sheet, sheet.theme.muted, across, f"across: {data.x_label}; upwards: {data.y_label}")
    return _legend(sheet, data, y + sheet.line + 4) + GAP / 2


def _plane(sheet: Sheet, data: ComparisonData, which: int, box: QRectF) -> None:
    painter, theme = sheet.painter, sheet.theme
    colours = np.tile(np.array(rgb(theme.neutral), np.uint8), (len(data.points), 1))
    colours[data.moved] = rgb(theme.danger)
    order = np.argsort(data.moved, kind="stable")  # those that moved on top
    frame = Frame(data.limits, int(box.width()), int(box.height()), sheet.ratio)
    rows = np.ascontiguousarray(coloured_rows(data.points[order], colours[order], frame)[::-1])
    h, w = rows.shape[:2]
    painter.drawImage(box, QImage(rows.data, w, h, rows.strides[0], QImage.Format.Format_RGBA8888))
    painter.setPen(QPen(QColor(theme.grid), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box)
    painter.save()
    painter.setClipRect(box)
    sides = (data.first, data.second)
    mine, theirs = sides[which], sides[1 - which]
    numbers = (data.pair_first, data.pair_second)
    here, there = _spots(data, mine, box)[numbers[which]], _spots(data, theirs, box)[numbers[1 - which]]
    small = len(mine.places) > 60
    painter.setPen(QPen(QColor(theme.text), 1))
    for (x, y), (u, v) in zip(here.tolist(), there.tolist(), strict=True):
        painter.drawLine(QPointF(x, y), QPointF(u, v))
        _diamond(painter, u, v, 2.5 if small else 4.0)
    picks = _picks(data, which)
    _prototypes(sheet, mine, _spots(data, mine, box), small, picks)
    painter.restore()


def _spots(data: ComparisonData, side: Side, box: QRectF) -> NDArray[np.float64]:
    """(M, 2) where the prototypes of a side are on the picture."""
    left, right, bottom, top = data.limits
    x = box.left() + (side.places[:, 0] - left) / (right - left) * box.width()
    y = box.bottom() - (side.places[:, 1] - bottom) / (top - bottom) * box.height()
    return np.column_stack([x, y])


def _picks(data: ComparisonData, which: int) -> list[Pick]:
    """What a click on each prototype picks: it and its rows; of one of the other run, its rows alone."""
    side = (data.first, data.second)[which]
    if which == 0:
        return [Pick(prototypes=(k,)) for k in range(len(side.places))]
    mine = np.split(data.rows[np.argsort(side.cells, kind="stable")], np.cumsum(side.counts)[:-1])
    return [data.moves.pick_second(k, rows) for k, rows in enumerate(mine)]


def _prototypes(sheet: Sheet, side: Side, places: NDArray[np.float64], small: bool, picks: Sequence[Pick]) -> None:
    painter, theme, alone = sheet.painter, sheet.theme, frozenset(side.alone)
    size = 4.0 if small else 6.5
    for k, (x, y) in enumerate(places.tolist()):
        code = int(side.codes[k])
        painter.setPen(QPen(QColor(theme.danger), 2) if side.moved[k] else QPen(QColor(theme.text), 1))
        painter.setBrush(QColor(theme.class_color(code) if code >= 0 else theme.accent))
        _diamond(painter, x, y, size)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if k in alone:
            painter.setPen(QPen(QColor(theme.danger), 2))
            painter.drawEllipse(QPointF(x, y), size + 4, size + 4)
        if len(places) <= _MOST_NUMBERED:
            painter.setPen(QColor(theme.text))
            painter.drawText(QPointF(x + size + 2, y - 3), str(k))
        words = f"#{k}: {counted(int(side.counts[k]), 'row')}" + (", without a partner" if k in alone else "")
        words += f", {side.moved[k]:,} of them moved" if side.moved[k] else ""
        place = QRectF(x - 8, y - 8, 16, 16).toAlignedRect()
        sheet.spots.append((place, words))
        sheet.links.append((place, picks[k]))


def _diamond(painter: QPainter, x: float, y: float, size: float) -> None:
    corners = ((x - size, y), (x, y - size), (x + size, y), (x, y + size))
    painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))


def _legend(sheet: Sheet, data: ComparisonData, y: float) -> float:
    """Marks and what they mean, in lines as wide as the sheet."""
    theme = sheet.theme
    marks = [(theme.neutral, "●", "row"), (theme.danger, "●", "row that moved"), (theme.accent, "◆", "prototype")]
    if data.moved.any():
        marks.append((theme.danger, "◇", "outline: prototype with rows that moved"))
    marks.append((theme.text, "◇", "where its partner is"))
    if data.first.alone or data.second.alone:
        marks.append((theme.danger, "○", "without a partner"))
    x = MARGIN
    for colour, mark, words in marks:
        wide = sheet.metrics.horizontalAdvance(f"{mark} {words}") + GAP
        if x > MARGIN and x + wide > sheet.width - MARGIN:
            x, y = MARGIN, y + sheet.line + 2
        _text(sheet, colour, QRectF(x, y, wide, sheet.line), mark)
        ahead = sheet.metrics.horizontalAdvance(f"{mark} ")
        _text(sheet, theme.muted, QRectF(x + ahead, y, wide, sheet.line), words)
        x += wide
    return y + sheet.line


def _sentences(sheet: Sheet, sentences: Sequence[str], y: float) -> float:
    sheet.painter.setPen(QColor(sheet.theme.text))
    for sentence in sentences:
        room = QRectF(MARGIN, y, sheet.width - 2 * MARGIN, 6 * sheet.line)
        used = sheet.painter.boundingRect(room, Qt.TextFlag.TextWordWrap, sentence[:1].upper() + sentence[1:])
        sheet.painter.drawText(room, Qt.TextFlag.TextWordWrap, sentence[:1].upper() + sentence[1:])
        y += used.height() + 3
    return y + GAP / 2


def _moves(sheet: Sheet, data: ComparisonData, top: float) -> float:
    """The rows that moved, from where to where, each line to be picked."""
    moves = data.moves.moves
    if not moves:
        return top
    _bold(
        sheet,
        QRectF(MARGIN, top, sheet.width - 2 * MARGIN, sheet.line),
        "Rows that moved, from prototypes of this run to those of the other: click to pick them",
    )
    listed: list[tuple[str, Pick]] = [(f"all {counted(int(data.moved.sum()), 'row')}", data.moves.pick_all())]
    listed += [
        (f"{counted(len(move.rows), 'row')} {move.words}", data.moves.pick(move)) for move in moves[:_MOST_MOVES]
    ]
    columns = 2 if sheet.width > _TWO_COLUMNS else 1
    wide = (sheet.width - 2 * MARGIN - (columns - 1) * GAP) / columns
    down = -(-len(listed) // columns)
    y = top + sheet.line + 4
    for k, (words, pick) in enumerate(listed):
        place = QRectF(MARGIN + (k // down) * (wide + GAP), y + (k % down) * (sheet.line + 6), wide, sheet.line)
        _text(sheet, sheet.theme.accent, place, words)
        used = min(wide, sheet.metrics.horizontalAdvance(words) + 4)
        sheet.links.append((QRectF(place.left() - 3, place.top() - 2, used + 6, sheet.line + 4).toAlignedRect(), pick))
    y += down * (sheet.line + 6)
    if len(moves) > _MOST_MOVES:
        n_more = len(moves) - _MOST_MOVES
        _text(
            sheet, sheet.theme.muted, QRectF(MARGIN, y, wide, sheet.line), f"and {n_more:,} more ways with fewer rows"
        )
        y += sheet.line
    return y + GAP


def _tables(sheet: Sheet, data: ComparisonData, top: float) -> float:
    """Figures at the left, parameters that differ at the right."""
    wide = (sheet.width - 2 * MARGIN - GAP) / 2
    heads = (shorten(data.first.name, 24), shorten(data.second.name, 24))
    ends = [top]
    for which, (title, rows) in enumerate((("Figures", data.figures), ("Parameters that differ", data.parameters))):
        left, y = MARGIN + which * (wide + GAP), top
        _bold(sheet, QRectF(left, y, 0.5 * wide, sheet.line), title)
        lines = [("", *heads), *rows[:_TABLE_ROWS]] if rows else [("none", "", "")]
        for k, (name, one, other) in enumerate(lines):
            y = top + k * (sheet.line + 2) + (0 if rows else sheet.line + 2)
            colour = sheet.theme.muted if k == 0 else sheet.theme.text
            for text, x, share, ink in (
                (name, 0.0, 0.52, sheet.theme.muted),
                (one, 0.52, 0.24, colour),
                (other, 0.76, 0.24, colour),
            ):
                _text(sheet, ink, QRectF(left + x * wide, y, share * wide - 8, sheet.line), text)
        ends.append(y + sheet.line)
    return max(ends) + GAP


def _pairs(sheet: Sheet, data: ComparisonData, top: float) -> float:
    """The pairs, the most different first: pictures or bars of both, and what is told of them."""
    n, n_all = len(data.captions), len(data.pair_first)
    words = f"{counted(n_all, 'pair')}, the most different first" if n == n_all else f"The {n:,} most different pairs"
    words += ": this run, the other, and the change between them"
    _bold(sheet, QRectF(MARGIN, top, sheet.width - 2 * MARGIN, sheet.line), words)
    top += sheet.line + 6
    columns = max(1, int((sheet.width - 2 * MARGIN + GAP) // (_CELL + GAP)))
    wide = (sheet.width - 2 * MARGIN - (columns - 1) * GAP) / columns
    high = _BODY + 4 * sheet.line + 8
    tiles = [painted(tiles, sheet.theme) for tiles in (data.tiles_first, data.tiles_second)]
    tiles.append(painted_changes(*data.tile_changes, sheet.theme))
    sheet.painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    for k in range(n):
        box = QRectF(MARGIN + (k % columns) * (wide + GAP), top + (k // columns) * (high + GAP), wide, high)
        x, third = box.left(), (wide - 2 * _CLOSE) / 3
        for made in tiles:
            x += _tile(sheet, made[k], QRectF(x, box.top(), third, _BODY)) + _CLOSE
        told = data.told(k)
        moved = data.has_moved(k)
        for row, line in enumerate(told.split("\n")):
            place = QRectF(box.left(), box.top() + _BODY + 4 + row * sheet.line, wide, sheet.line)
            red = moved and row == _MOVED_LINE
            _text(sheet, sheet.theme.danger if red else sheet.theme.muted if row else sheet.theme.text, place, line)
        sheet.spots.append((box.toAlignedRect(), told))
        frame = box.adjusted(-4, -4, 4, 4).toAlignedRect()
        sheet.links.append((frame, Pick(prototypes=(int(data.pair_first[k]),))))
    return top + -(-n // columns) * (high + GAP)


def _tile(sheet: Sheet, pixels: NDArray[np.uint8], box: QRectF) -> float:
    """One picture as large as fits at the left of `box`; gives its width."""
    h, w = pixels.shape[:2]
    scale = min(box.width() / w, box.height() / h)
    draw_pixels(sheet.painter, pixels, QRectF(box.left(), box.top(), w * scale, h * scale), sheet.theme)
    return w * scale


def _bold(sheet: Sheet, place: QRectF, text: str) -> None:
    font = sheet.painter.font()
    font.setBold(True)
    sheet.painter.setFont(font)
    _text(sheet, sheet.theme.text, place, text)
    font.setBold(False)
    sheet.painter.setFont(font)


def _text(sheet: Sheet, colour: str, place: QRectF, text: str) -> None:
    """One line, elided where it does not fit."""
    sheet.painter.setPen(QColor(colour))
    shown = sheet.metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, place.width())
    sheet.painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
