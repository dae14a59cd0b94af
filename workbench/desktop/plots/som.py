"""A map's units as index images, painted off the interface thread: all at a glance, or one of them large."""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QImage, QPainter, QPen
from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.headed import Head
from workbench.desktop.plots.painted import PaintedPlot, Picture, Surface, painting
from workbench.views import View
from workbench.views.cells import CellImage, cell_image, cell_table
from workbench.views.som import SomData, class_image, hits_end, hits_image, plane_image, u_image
from workbench.views.theme import Theme
from workbench.views.wording import distinct, number, shorten, with_unit

MARGIN, GAP = 16, 20
OVERVIEW, U_MATRIX, HITS, CLASSES = "Everything at a glance", "U-matrix", "Hits", "Classes"
LARGEST = 640
MOST_TOLD = 1600


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture, and what the head says over it."""

    picture: Picture
    names: tuple[str, ...]
    current: str
    words: str


@dataclass(frozen=True, eq=False)
class Panel:
    """One picture of all units: its title, pixels, and the ends of its scale in words ("" without a scale)."""

    title: str
    pixels: NDArray[np.uint8]
    low: str
    high: str


class SomPlot(PaintedPlot):
    """U-matrix, hits, classes and component planes, side by side or chosen one by one."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        self.head = Head("Part of the map", "Everything at a glance, or one thing large")
        super().__init__(view, parent, head=self.head)
        self.head.changed.connect(self.stale)

    def prepare(self, data: SomData, theme: Theme) -> Prepared:
        planes = distinct(data.plane_names, 40)
        names = (OVERVIEW, U_MATRIX, HITS, *((CLASSES,) if data.has_classes else ()), *planes)
        current = self.head.chosen if self.head.chosen in names else OVERVIEW
        if current == OVERVIEW:
            picture = paint_overview(data, theme, self.surface)
        else:
            which = planes.index(current) if current in planes else -1
            picture = paint_one(data, current if which < 0 else "", which, theme, self.surface)
        return Prepared(picture, names, current, _words(data, theme))

    def draw(self, prepared: Prepared) -> None:
        super().draw(prepared.picture)
        self.head.tell(prepared.words, prepared.names, prepared.current)


def paint_overview(data: SomData, theme: Theme, surface: Surface) -> Picture:
    """The main panels in a row, and under it a tile for every plane, or for those that vary most."""
    metrics = QFontMetricsF(QGuiApplication.font())
    line = metrics.height()
    room = surface.width - 2 * MARGIN
    n_main = 3 if data.has_classes else 2
    across = n_main if room >= n_main * 190 else 1
    shape = cell_image(data.grid, 100).units.shape
    aspect = shape[0] / shape[1]
    wide = min(360.0, (room - (across - 1) * GAP) / across, 420.0 / aspect)
    image = cell_image(data.grid, _pixels(wide, aspect, surface.ratio))
    told = _told(data)
    main = [_panel(data, name, -1, image, theme) for name in (U_MATRIX, HITS, CLASSES)[:n_main]]
    shown = data.varied
    n_small = max(1, int((room + GAP) // (150 + GAP)))
    small = (room - (n_small - 1) * GAP) / n_small
    small = min(small, 220.0)
    little = cell_image(data.grid, _pixels(small, aspect, surface.ratio))
    high, low = aspect * wide + 2 * line + 14, aspect * small + 2 * line + 14
    n_main_lines, n_lines = -(-len(main) // across), -(-len(shown) // n_small)
    top = MARGIN + n_main_lines * (high + GAP) + line + 6
    total = max(surface.height, int(top + n_lines * (low + GAP) + MARGIN))
    spots: list[tuple[QRect, str]] = []
    with painting(surface.width, total, surface.ratio, theme.surface) as (sheet, painter):
        for k, panel in enumerate(main):
            x, y = MARGIN + (k % across) * (wide + GAP), MARGIN + (k // across) * (high + GAP)
            place = _draw_panel(painter, panel, x, y, wide, theme)
            spots += _unit_spots(data, told, image, place)
        painter.setPen(QColor(theme.muted))
        left_out = data.n_features - len(shown)
        words = "Component planes: what each feature is at each unit, in the units of the data"
        words += f" (the {len(shown)} of {data.n_features:,} that vary most)" if left_out else ""
        painter.drawText(QPointF(MARGIN, top - 12), metrics.elidedText(words, Qt.TextElideMode.ElideRight, room))
        for k, which in enumerate(shown.tolist()):
            x, y = MARGIN + (k % n_small) * (small + GAP), top + (k // n_small) * (low + GAP)
            panel = _panel(data, "", which, little, theme)
            place = _draw_panel(painter, panel, x, y, small, theme)
            spots.append((place.toAlignedRect(), f"{panel.title}\n{panel.low} to {panel.high}"))
    return Picture(sheet, tuple(spots), f"{data.note}. {words}.")


def paint_one(data: SomData, name: str, which: int, theme: Theme, surface: Surface) -> Picture:
    """One panel as large as fits; every unit tells what it is."""
    line = QFontMetricsF(QGuiApplication.font()).height()
    shape = cell_image(data.grid, 100).units.shape
    aspect = shape[0] / shape[1]
    wide = max(80.0, min(surface.width - 2.0 * MARGIN, (surface.height - 2 * MARGIN - 2 * line - 16) / aspect))
    image = cell_image(data.grid, _pixels(wide, aspect, surface.ratio))
    panel = _panel(data, name, which, image, theme)
    with painting(surface.width, surface.height, surface.ratio, theme.surface) as (sheet, painter):
        place = _draw_panel(painter, panel, MARGIN, MARGIN, wide, theme)
    values = {U_MATRIX: None, HITS: None, CLASSES: None}.get(name, data.planes[which] if which >= 0 else None)
    spots = _unit_spots(data, _told(data), image, place, panel.title, values)
    return Picture(sheet, tuple(spots), f"{panel.title}, {panel.low} to {panel.high}. {data.note}.")


def _pixels(wide: float, aspect: float, ratio: float) -> int:
    """Device pixels along the longer side of a panel."""
    return round(min(LARGEST, wide * max(1.0, aspect)) * ratio)


def _panel(data: SomData, name: str, which: int, image: CellImage, theme: Theme) -> Panel:
    if name == U_MATRIX:
        high = float(np.nanmax(data.u, initial=0.0))
        return Panel("U-matrix (distance to the neighbours)", u_image(data, image, theme), "0", number(high, 3))
    if name == HITS:
        return Panel(f"Hits ({data.counted})", hits_image(data, image, theme), "0", number(hits_end(data)))
    if name == CLASSES:
        return Panel("Classes of the rows of each unit", class_image(data, image, theme), "", "")
    low, high = (float(end) for end in data.ends[which])
    title = with_unit(shorten(data.plane_names[which], 40), shorten(data.plane_units[which], 12))
    return Panel(title, plane_image(data, which, image, theme), number(low, 3), number(high, 3))


def _draw_panel(painter: QPainter, panel: Panel, x: float, y: float, wide: float, theme: Theme) -> QRectF:
    """Title, units and scale; gives where the units are."""
    metrics = QFontMetricsF(painter.font())
    line = metrics.height()
    painter.setPen(QColor(theme.text))
    title = metrics.elidedText(panel.title, Qt.TextElideMode.ElideMiddle, wide)
    painter.drawText(QPointF(x, y + metrics.ascent()), title)
    pixels = np.ascontiguousarray(panel.pixels)
    h, w = pixels.shape[:2]
    place = QRectF(x, y + line + 4, wide, wide * h / w)
    painter.drawImage(place, QImage(pixels.data, w, h, pixels.strides[0], QImage.Format.Format_RGB888))
    if panel.high:
        below = place.bottom() + 4
        painter.setPen(QColor(theme.muted))
        painter.drawText(QPointF(x, below + metrics.ascent()), panel.low)
        end = metrics.horizontalAdvance(panel.high)
        painter.drawText(QPointF(x + wide - end, below + metrics.ascent()), panel.high)
        start = metrics.horizontalAdvance(panel.low) + 6
        bar = QRectF(x + start, below + line / 2 - 3, max(0.0, wide - start - end - 6), 6)
        scale = np.ascontiguousarray(cell_table(theme)[None, :, :3])
        painter.drawImage(bar, QImage(scale.data, 256, 1, scale.strides[0], QImage.Format.Format_RGB888))
        painter.setPen(QPen(QColor(theme.grid), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(bar)
    return place


def _told(data: SomData) -> tuple[str, ...]:
    """What the pointer is told over each unit; nothing where units are too many to point at."""
    n_units = data.rows * data.cols
    return tuple(data.told(unit) for unit in range(n_units)) if n_units <= MOST_TOLD else ()


def _unit_spots(
    data: SomData,
    told: tuple[str, ...],
    image: CellImage,
    place: QRectF,
    title: str = "",
    values: NDArray[np.float64] | None = None,
) -> list[tuple[QRect, str]]:
    """Where each unit lies in `place`, and what is told of it."""
    boxes = image.boxes * (place.width() / image.units.shape[1]) + np.tile([place.left(), place.top()], 2)
    spots = []
    for unit, (words, (left, top, right, bottom)) in enumerate(zip(told, boxes.tolist(), strict=False)):
        more = "" if values is None else f"\n{title}: {number(float(values[unit]))}"
        spots.append((QRectF(left, top, right - left, bottom - top).toAlignedRect(), words + more))
    return spots


def _words(data: SomData, theme: Theme) -> str:
    """Rich text: colours of the classes, and what the map is."""
    parts = [
        f'<span style="color:{theme.class_color(code)}">●</span>&nbsp;'
        + html.escape(shorten(data.class_names[code], 18)).replace(" ", "&nbsp;")
        for code in data.present[:12]
    ]
    if len(data.present) > 12:
        parts.append(f"and {len(data.present) - 12} more")
    parts.append(f'<span style="color:{theme.muted}">{html.escape(data.note)}</span>')
    return " &nbsp; ".join(parts)
