"""The energy landscape of a codebook, live: an image with lines of equal energy, rows and prototypes over it."""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.base import coloured, show_image
from workbench.desktop.plots.plane import Ground, Layout, PlanePlot, rows_picture
from workbench.views import View
from workbench.views.energy import NAMES, EnergyData
from workbench.views.theme import Theme
from workbench.views.wording import number


@dataclass(frozen=True, eq=False)
class Prepared:
    """One kind of energy as an image over its plane, or both as lines; lines of equal energy; prototypes; words."""

    ground: Ground
    image: NDArray[np.uint8] | None
    rect: tuple[float, float, float, float]
    contours: NDArray[np.float64]
    lines: tuple[NDArray[np.float64], ...]
    prototypes: NDArray[np.float64]
    current: str
    names: tuple[str, ...]
    words: str
    plain: str


class EnergyPlot(PlanePlot):
    """The landscape of one kind of energy to choose; over one feature both kinds as lines."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view, "Kind of energy", "Of the nearest prototype, or of the sum over all of them", parent)
        self.image = pg.ImageItem(axisOrder="row-major")
        self.image.setZValue(-10)
        self.contours = pg.PlotCurveItem(connect="finite")
        self.lines = [pg.PlotCurveItem() for _ in NAMES]
        self.prototypes = pg.ScatterPlotItem(symbol="d")
        for thing in (self.image, self.contours, *self.lines, self.prototypes):
            self.item.addItem(thing)

    def prepare(self, data: EnergyData, theme: Theme) -> Prepared:
        names = () if data.is_line else NAMES
        current = self.head.chosen if self.head.chosen in names else NAMES[0]
        which = NAMES.index(current)
        neutral = np.full(len(data.points), -1, np.int64)
        left, right, bottom, top = data.limits
        ground = self.ground(
            "line" if data.is_line else "plane",
            data.limits,
            (data.x_label, data.y_label),
            data.points,
            theme.name,
            lambda frame: rows_picture(data.points, neutral, frame, theme),
            theme,
        )
        low, high = (float(end) for end in data.ranges[which])
        scale = f"{number(low, 3)} (strong) to {number(high, 3)} and more (pale)"
        words = f"— {NAMES[0]} &nbsp; - - {NAMES[1]}" if data.is_line else html.escape(scale)
        return Prepared(
            ground=ground,
            image=None
            if data.is_line
            else coloured(data.values[which], theme.sequential[::-1], low, high)[..., :3].copy(),
            rect=(left, bottom, right - left, top - bottom),
            contours=np.empty((0, 2)) if data.is_line else data.contours[which],
            lines=tuple(data.values) if data.is_line else (),
            prototypes=data.prototypes,
            current="" if data.is_line else current,
            names=names,
            words=f'{words} &nbsp; <span style="color:{theme.muted}">{html.escape(data.note)}</span>',
            plain=f"{current}: {scale}. {data.note}.",
        )

    def layout_of(self, data: EnergyData) -> Layout:
        return Layout(data.points, data.prototypes, "pca")

    def draw(self, prepared: Prepared) -> None:
        self.show_ground(prepared.ground)
        self.image.setVisible(prepared.image is not None)
        if prepared.image is not None:
            show_image(self.image, prepared.image)
            self.image.setRect(QRectF(*prepared.rect))
        self.contours.setData(*prepared.contours.T)
        left, _, width, _ = prepared.rect
        for line, values in zip(self.lines, prepared.lines, strict=False):
            line.setData(np.linspace(left, left + width, len(values)), values)
        x, y = prepared.prototypes.T
        self.prototypes.setData(x=x, y=y, size=13 if len(x) <= 100 else 7)
        self.head.tell(prepared.words, prepared.names, prepared.current)
        self.setAccessibleDescription(prepared.plain)

    def dress_marks(self, theme: Theme) -> None:
        self.contours.setPen(pg.mkPen(theme.text + "90", width=1))
        styles = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine)
        for k, (line, style) in enumerate(zip(self.lines, styles, strict=True)):
            line.setPen(pg.mkPen(theme.class_color(k), width=1, style=style))
        self.prototypes.setBrush(pg.mkBrush(theme.classes[1]))
        self.prototypes.setPen(pg.mkPen(theme.surface, width=1))
