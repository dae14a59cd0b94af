"""A map's units as index images, painted off the interface thread: all at a glance, or one of them large."""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QImage, QPainter, QPen
from PySide6.QtWidgets import QWidget

from engines.maps.grid import ROW_PITCH
from workbench.desktop.plots.painted import PaintedPlot, Picture, Surface, painting
from workbench.desktop.plots.som_cut import Grip, TorusCut
from workbench.desktop.plots.som_head import MapHead
from workbench.views import View
from workbench.views.cell_colours import Stencil, cell_table, stencil
from workbench.views.cells import CellImage, Origin, cell_image
from workbench.views.picking import Pick
from workbench.views.plane_order import PlaneOrder, as_in_the_data
from workbench.views.som_data import SomData
from workbench.views.som_panels import Panel, main_panels, panel, panel_names, values_of
from workbench.views.theme import Theme
from workbench.views.wording import number, shorten

MARGIN, GAP = 16, 20
OVERVIEW = "Everything at a glance"
LARGEST = 640
MOST_TOLD = 1600

Spots = list[tuple[QRect, str]]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture, what the head says over it, and where a torus can be taken hold of."""

    picture: Picture
    grips: tuple[Grip, ...]
    data: SomData
    names: tuple[str, ...]
    current: str
    words: str
    found: str


@dataclass(frozen=True, eq=False)
class Look:
    """What a person wants to see of a map, and how large.

    Attributes
    ----------
    theme : Theme
    surface : Surface
    origin : Origin
        Where a torus is cut.
    planes : PlaneOrder
    lit : (M,) bool, or None
        Units that a search has found; None without a search.
    """

    theme: Theme
    surface: Surface
    origin: Origin
    planes: PlaneOrder
    lit: NDArray[np.bool_] | None


class SomPlot(PaintedPlot):
    """U-matrix, hits, classes, folds and component planes, side by side or chosen one by one."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        self.head = MapHead()
        super().__init__(view, parent, head=self.head)
        self.cut = TorusCut(self.sheet, self.scroll)
        self.head.changed.connect(self.stale)
        self.cut.moved.connect(self.stale)

    def prepare(self, data: SomData, theme: Theme) -> Prepared:
        names = (OVERVIEW, *panel_names(data))
        current = self.head.chosen if self.head.chosen in names else OVERVIEW
        search = data.search(self.head.wanted)
        found = search.trouble if search.fits is None else f"Lit: {data.found(search.fits)}."
        look = Look(
            theme=theme,
            surface=self.surface,
            origin=self.cut.origin(data.grid),
            planes=data.alike if self.head.by_likeness else as_in_the_data(data.alike),
            lit=search.fits,
        )
        if current == OVERVIEW:
            picture, grips = paint_overview(data, look)
        else:
            picture, grips = paint_one(data, names.index(current) - 1, look)
        return Prepared(picture, grips, data, names, current, _words(data, theme), found)

    def draw(self, prepared: Prepared) -> None:
        super().draw(prepared.picture)
        self.cut.show(prepared.data.grid, prepared.grips)
        self.head.tell(prepared.words, prepared.names, prepared.current)
        self.head.found.setText(prepared.found)
        self.head.order.setEnabled(prepared.current == OVERVIEW)


def paint_overview(data: SomData, look: Look) -> tuple[Picture, tuple[Grip, ...]]:
    """The main panels in a row, and under it a tile for every plane, or for those that vary most."""
    metrics = QFontMetricsF(QGuiApplication.font())
    line = metrics.height()
    room = look.surface.width - 2 * MARGIN
    main = main_panels(data)
    across = next(n for n in (len(main), 2, 1) if n == 1 or room >= n * 190)
    aspect = _aspect(data)
    wide = min(360.0, (room - (across - 1) * GAP) / across, 420.0 / aspect)
    large = _cells(data, wide, aspect, look)
    n_small = max(1, int((room + GAP) // (150 + GAP)))
    small = min((room - (n_small - 1) * GAP) / n_small, 220.0)
    little = _cells(data, small, aspect, look)
    high, low = aspect * wide + 2 * line + 14, aspect * small + 3 * line + 20
    n_main_lines, n_lines = -(-len(main) // across), -(-len(look.planes.order) // n_small)
    top = MARGIN + n_main_lines * (high + GAP) + line + 6
    total = max(look.surface.height, int(top + n_lines * (low + GAP) + MARGIN))
    told, spots = _told(data), []
    links: list[tuple[QRect, Pick]] = []
    grips: list[Grip] = []
    with painting(look.surface.width, total, look.surface.ratio, look.theme.surface) as (sheet, painter):
        for k in range(len(main)):
            x, y = MARGIN + (k % across) * (wide + GAP), MARGIN + (k // across) * (high + GAP)
            place = _draw_panel(painter, panel(data, k, large, look.theme), QPointF(x, y), wide, look.theme)
            places = unit_places(data, large.image, place)
            spots += [(rect, told[unit]) for rect, unit in places]
            links += [(rect, Pick(prototypes=(unit,))) for rect, unit in places]
            grips.append(_grip(data, large.image, place))
        painter.setPen(QColor(look.theme.muted))
        words = _planes_heading(data)
        painter.drawText(QPointF(MARGIN, top - 12), metrics.elidedText(words, Qt.TextElideMode.ElideRight, room))
        _frame_groups(painter, look, n_small, (small + GAP, low + GAP), top)
        for k, which in enumerate(look.planes.order.tolist()):
            x, y = MARGIN + (k % n_small) * (small + GAP), top + (k // n_small) * (low + GAP) + line + 4
            made = panel(data, len(main) + which, little, look.theme)
            mark = " (opposite)" if look.planes.opposite[k] else ""
            place = _draw_panel(painter, made, QPointF(x, y), small, look.theme, mark)
            tile = QRectF(x - 4, y - 2, small + 8, place.bottom() + line + 8 - y)
            links += _feature_links(data, which, tile)
            spots.append((tile.toAlignedRect(), f"{made.title}{mark}\n{made.low} to {made.high}\n{_how(data)}".strip()))
            grips.append(_grip(data, little.image, place))
    return Picture(sheet, tuple(spots), f"{data.note}. {words}.", tuple(links)), tuple(grips)


def paint_one(data: SomData, which: int, look: Look) -> tuple[Picture, tuple[Grip, ...]]:
    """One panel as large as fits; every unit tells what it is."""
    surface = look.surface
    line = QFontMetricsF(QGuiApplication.font()).height()
    aspect = _aspect(data)
    wide = max(80.0, min(surface.width - 2.0 * MARGIN, (surface.height - 2 * MARGIN - 2 * line - 16) / aspect))
    cells = _cells(data, wide, aspect, look)
    made = panel(data, which, cells, look.theme)
    with painting(surface.width, surface.height, surface.ratio, look.theme.surface) as (sheet, painter):
        mark = f": {made.scale}" if made.scale else ""
        place = _draw_panel(painter, made, QPointF(MARGIN, MARGIN), wide, look.theme, mark)
    values, title = values_of(data, which), QRectF(MARGIN - 4, MARGIN - 1, wide + 8, line + 3)
    told, spots, links = _told(data), [], _feature_links(data, which - len(main_panels(data)), title)
    spots += [(rect, _how(data)) for rect, _ in links]
    for rect, unit in unit_places(data, cells.image, place):
        links.append((rect, Pick(prototypes=(unit,))))
        more = "" if values is None else f"\n{made.title}: {number(float(values[unit]))}"
        spots.append((rect, told[unit] + more))
    words = f"{made.title}{f', {made.low} to {made.high}' if made.high else ''}. {data.note}."
    return Picture(sheet, tuple(spots), words, tuple(links)), (_grip(data, cells.image, place),)


def _feature_links(data: SomData, plane: int, place: QRectF) -> list[tuple[QRect, Pick]]:
    """What picks the feature of a component plane at a place of the picture; nothing where it cannot be picked."""
    if not 0 <= plane < len(data.plane_features):
        return []
    return [(place.toAlignedRect(), Pick(features=(int(data.plane_features[plane]),)))]


def _how(data: SomData) -> str:
    """What the pointer is told over what picks a feature."""
    return "Click to pick the feature" if len(data.plane_features) else ""


def unit_places(data: SomData, image: CellImage, place: QRectF) -> list[tuple[QRect, int]]:
    """Where each unit lies in a panel whose units are drawn in `place`; none where they are too many to point at."""
    if data.n_units > MOST_TOLD:
        return []
    boxes = image.boxes * (place.width() / image.units.shape[1]) + np.tile([place.left(), place.top()], 2)
    return [
        (QRectF(left, top, right - left, bottom - top).toAlignedRect(), unit)
        for unit, (left, top, right, bottom) in enumerate(boxes.tolist())
    ]


def _told(data: SomData) -> tuple[str, ...]:
    """What the pointer is told over each unit; nothing where units are too many to point at."""
    return tuple(data.told(unit) for unit in range(data.n_units)) if data.n_units <= MOST_TOLD else ()


def _grip(data: SomData, image: CellImage, place: QRectF) -> Grip:
    pitch = image.pitch * place.width() / image.units.shape[1]
    return Grip(place.toAlignedRect(), pitch, pitch * ROW_PITCH[data.topology])


def _aspect(data: SomData) -> float:
    """Height of a panel over its width."""
    h, w = cell_image(data.grid, 100).units.shape
    return h / w


def _cells(data: SomData, wide: float, aspect: float, look: Look) -> Stencil:
    """The cells of a panel that many logical pixels wide."""
    pixels = round(min(LARGEST, wide * max(1.0, aspect)) * look.surface.ratio)
    return stencil(cell_image(data.grid, pixels, look.origin), look.lit)


def _planes_heading(data: SomData) -> str:
    left_out = data.n_features - len(data.alike.order)
    words = "Component planes: what each feature is at each unit, in the units of the data"
    return words + (f" (the {len(data.alike.order)} of {data.n_features:,} that vary most)" if left_out else "")


def _frame_groups(painter: QPainter, look: Look, n_across: int, step: tuple[float, float], top: float) -> None:
    """Frames around planes that are alike, and how much they are."""
    metrics = QFontMetricsF(painter.font())
    across, down = step
    for run in look.planes.runs(n_across):
        left, high = MARGIN + run.first * across - 7, top + run.line * down - 2
        box = QRectF(left, high, (run.last - run.first + 1) * across - GAP + 14, down - GAP + 4)
        faint = QColor(look.theme.muted)
        faint.setAlphaF(0.5)
        painter.setPen(QPen(faint, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 5, 5)
        painter.setPen(QColor(look.theme.muted))
        words = metrics.elidedText(run.words, Qt.TextElideMode.ElideRight, box.width() - 14)
        painter.drawText(QPointF(left + 7, high + 3 + metrics.ascent()), words)


def _draw_panel(
    painter: QPainter,
    shown: Panel,
    corner: QPointF,
    wide: float,
    theme: Theme,
    mark: str = "",
) -> QRectF:
    """Title, units, lines between them, and scale; gives where the units are."""
    metrics = QFontMetricsF(painter.font())
    line = metrics.height()
    painter.setPen(QColor(theme.text))
    title = metrics.elidedText(shown.title, Qt.TextElideMode.ElideMiddle, wide - metrics.horizontalAdvance(mark))
    title = metrics.elidedText(title + mark, Qt.TextElideMode.ElideRight, wide)
    painter.drawText(QPointF(corner.x(), corner.y() + metrics.ascent()), title)
    pixels = np.ascontiguousarray(shown.pixels)
    h, w = pixels.shape[:2]
    place = QRectF(corner.x(), corner.y() + line + 4, wide, wide * h / w)
    painter.drawImage(place, QImage(pixels.data, w, h, pixels.strides[0], QImage.Format.Format_RGBX8888))
    _draw_lines(painter, shown, place, w, theme)
    if shown.high:
        _draw_scale(painter, shown, QPointF(place.left(), place.bottom() + 4), wide, theme)
    return place


def _draw_lines(painter: QPainter, shown: Panel, place: QRectF, width: int, theme: Theme) -> None:
    scale = place.width() / width
    painter.save()
    painter.setClipRect(place)
    for x, y, to_x, to_y, share in shown.lines:
        thick = (1 + 3 * share) * min(1.0, place.width() / 360)
        painter.setPen(QPen(QColor(theme.danger), thick, c=Qt.PenCapStyle.RoundCap))
        start = QPointF(place.left() + x * scale, place.top() + y * scale)
        painter.drawLine(start, QPointF(place.left() + to_x * scale, place.top() + to_y * scale))
    painter.restore()


def _draw_scale(painter: QPainter, shown: Panel, corner: QPointF, wide: float, theme: Theme) -> None:
    metrics = QFontMetricsF(painter.font())
    painter.setPen(QColor(theme.muted))
    painter.drawText(QPointF(corner.x(), corner.y() + metrics.ascent()), shown.low)
    end = metrics.horizontalAdvance(shown.high)
    painter.drawText(QPointF(corner.x() + wide - end, corner.y() + metrics.ascent()), shown.high)
    start = metrics.horizontalAdvance(shown.low) + 6
    bar = QRectF(corner.x() + start, corner.y() + metrics.height() / 2 - 3, max(0.0, wide - start - end - 6), 6)
    scale = np.ascontiguousarray(cell_table(theme)[None, :, :3])
    painter.drawImage(bar, QImage(scale.data, 256, 1, scale.strides[0], QImage.Format.Format_RGB888))
    painter.setPen(QPen(QColor(theme.grid), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(bar)


def _words(data: SomData, theme: Theme) -> str:
    """Rich text: colours of the classes, what the map is, and how a torus is moved."""
    parts = [
        f'<span style="color:{theme.class_color(code)}">●</span>&nbsp;'
        + html.escape(shorten(data.class_names[code], 18)).replace(" ", "&nbsp;")
        for code in data.present[:12]
    ]
    if len(data.present) > 12:
        parts.append(f"and {len(data.present) - 12} more")
    note = data.note + (" · drag it, or press Shift and an arrow key, to cut it elsewhere" if data.toroidal else "")
    parts.append(f'<span style="color:{theme.muted}">{html.escape(note)}</span>')
    return " &nbsp; ".join(parts)
