"""The learned metric: heat map, ranking of the features and spectrum, live; the figures come from `workbench.views`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QScrollArea, QVBoxLayout, QWidget

from workbench.desktop.plots.base import Canvas, Plot, coloured, dress, how_picked, letters, quiet, show_image
from workbench.views import View
from workbench.views.picking import Pick, Picked
from workbench.views.relevance import MOST_RANKED, RelevanceData
from workbench.views.theme import Theme
from workbench.views.wording import distinct

MOST_TICKS = 16
NARROW, LOWEST = 520, 200
MOST_EIGENVALUES = 40


@dataclass(frozen=True, eq=False)
class Prepared:
    """Everything as pictures, bars and ticks."""

    matrix: NDArray[np.uint8]
    picture: NDArray[np.uint8] | None
    ranked: NDArray[np.float64]
    ranked_names: tuple[str, ...]
    ticks: tuple[tuple[int, str], ...]
    spectrum: NDArray[np.float64]
    matrix_title: str
    spectrum_title: str
    words: str
    theme: Theme
    top: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Marks:
    """Places and widths of the bars of picked features in the ranking, and lines around them in the matrix."""

    places: NDArray[np.int64]
    widths: NDArray[np.float64]
    lines: NDArray[np.float64]


class RelevancePlot(Plot):
    """Matrix at the left, ranking over spectrum at the right; for images, relevance pixel by pixel under the matrix."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        content = QWidget()
        self._grid = QGridLayout(content)
        self._grid.setContentsMargins(4, 4, 4, 4)
        self._grid.setSpacing(0)
        self._canvases: list[Canvas] = []
        self._n_named = MOST_TICKS
        self.matrix = self._plot("Relevance matrix", 0, 0)
        self.ranking = self._plot("Ranking of the features", 0, 1)
        self.picture = self._plot("Relevance of each pixel", 1, 0)
        self.spectrum = self._plot("Spectrum of the relevance matrix", 1, 1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setAccessibleName("Relevance plots")
        scroll.setWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
        self._has_picture = False
        self._grid.setColumnStretch(0, 1)
        self._arrange()
        self.heat, self.pixels = pg.ImageItem(axisOrder="row-major"), pg.ImageItem(axisOrder="row-major")
        self.bars = pg.BarGraphItem(x0=0, y=[0], width=[0], height=0.7)
        self.values = pg.BarGraphItem(x=[0], y0=0, height=[0], width=0.7)
        self.matrix.addItem(self.heat)
        self.picture.addItem(self.pixels)
        self.ranking.addItem(self.bars)
        self.spectrum.addItem(self.values)
        for item in (self.matrix, self.picture):
            item.setAspectLocked(True)
            item.invertY(True)
        for side in ("left", "bottom"):
            self.picture.hideAxis(side)
        self.ranking.invertY(True)
        self.ranking.setTitle("Diagonal of Λ")
        self.picture.setTitle("Relevance of each pixel")
        self.spectrum.setLabel("bottom", "direction")
        self._laid_out: object = None
        self._top = np.empty(0, np.int64)
        self.picked_bars = pg.BarGraphItem(x0=0, y=[], width=[], height=0.7)
        self.picked_lines = pg.PlotCurveItem()
        self.ranking.addItem(self.picked_bars)
        self.matrix.addItem(self.picked_lines)
        for item in (self.matrix, self.ranking):
            item.scene().sigMouseClicked.connect(partial(self._clicked, item))

    def _clicked(self, item: pg.PlotItem, event: Any) -> None:
        """Pick the feature, or the two, at a place of the matrix or of the ranking."""
        if not item.vb.sceneBoundingRect().contains(event.scenePos()):
            return
        place = item.vb.mapSceneToView(event.scenePos())
        across, down = round(place.x()), round(place.y())
        d = 0 if self.heat.image is None else len(self.heat.image)
        if item is self.matrix and 0 <= across < d and 0 <= down < d:
            self.picked.emit(Pick(features=tuple({across, down}), how=how_picked()))
        elif item is self.ranking and 0 <= down < len(self._top):
            self.picked.emit(Pick(features=(int(self._top[down]),), how=how_picked()))

    def prepare_marks(self, data: RelevanceData, picked: Picked, theme: Theme) -> Marks:
        top = data.order[: min(MOST_RANKED, self._n_named)]
        which = [place for place, j in enumerate(top.tolist()) if j in picked.features]
        d = len(data.relevances)
        edges = np.array([j + side for j in sorted(picked.features) if j < d for side in (-0.5, 0.5)])
        down = np.column_stack([edges.repeat(2), np.tile([-0.5, d - 0.5], len(edges))])
        return Marks(
            np.array(which, np.int64), np.nan_to_num(data.relevances[top[which]]), np.vstack([down, down[:, ::-1]])
        )

    def mark(self, marks: Marks) -> None:
        colour = self.palette().highlight().color()
        self.picked_bars.setOpts(x0=0, y=marks.places, width=marks.widths, height=0.7, brush=colour.darker(150))
        self.picked_lines.setData(*marks.lines.T, connect="pairs", pen=pg.mkPen(colour, width=1))

    def prepare(self, data: RelevanceData, theme: Theme) -> Prepared:
        d = len(data.relevances)
        top = data.order[: min(MOST_RANKED, self._n_named)]
        names = distinct(data.names, 16)
        every = max(1, -(-d // min(MOST_TICKS, self._n_named)))
        picture = None
        if data.image is not None:
            picture = coloured(data.image, theme.sequential, 0.0, float(np.nanmax(data.image)) or 1.0)
        leading = ", ".join(names[j] for j in top[:3])
        return Prepared(
            matrix=coloured(data.matrix, theme.diverging, -data.limit, data.limit),
            picture=picture,
            ranked=np.nan_to_num(data.relevances[top]),
            ranked_names=tuple(names[j] for j in top),
            ticks=tuple((j, names[j]) for j in range(0, d, every)),
            spectrum=np.nan_to_num(data.eigenvalues[:MOST_EIGENVALUES]),
            matrix_title="Λ (blue +, orange −)",
            spectrum_title=f"Eigenvalues, {data.n_effective:.1f} in use",
            words=f"Most relevant: {leading}. The metric uses about {data.n_effective:.1f} directions.",
            theme=theme,
            top=top,
        )

    def draw(self, prepared: Prepared) -> None:
        layout = (prepared.theme.name, prepared.ticks, prepared.picture is None)
        if layout != self._laid_out:
            self._laid_out = layout
            self._lay_out(prepared)
        d = len(prepared.matrix)
        show_image(self.heat, prepared.matrix)
        self.heat.setRect(QRectF(-0.5, -0.5, d, d))
        if prepared.picture is not None:
            show_image(self.pixels, prepared.picture)
        self._top = prepared.top
        n = len(prepared.ranked)
        self.bars.setOpts(x0=0, y=np.arange(n), width=prepared.ranked, height=0.7)
        self.ranking.getAxis("left").setTicks([list(enumerate(prepared.ranked_names))])
        self.ranking.setYRange(-0.6, n - 0.4, padding=0)
        self.ranking.setXRange(0, float(prepared.ranked.max(initial=0.0)) * 1.05 or 1.0, padding=0)
        spectrum = prepared.spectrum
        self.values.setOpts(x=np.arange(1, len(spectrum) + 1), y0=0, height=spectrum, width=0.7)
        self.spectrum.setXRange(0.4, len(spectrum) + 0.6, padding=0)
        self.spectrum.setYRange(0, float(spectrum.max(initial=0.0)) * 1.05 or 1.0, padding=0)
        self.spectrum.setTitle(prepared.spectrum_title, color=prepared.theme.text, size=letters())
        self.setAccessibleDescription(prepared.words)

    def _lay_out(self, prepared: Prepared) -> None:
        """Colours, names and places, which change rarely."""
        self.matrix.setTitle(prepared.matrix_title)
        for canvas in self._canvases:
            canvas.dress(prepared.theme)
        for item in (self.matrix, self.ranking, self.spectrum, self.picture):
            dress(item, prepared.theme, grid=False)
        for bars in (self.bars, self.values):
            bars.setOpts(brush=pg.mkBrush(prepared.theme.accent), pen=pg.mkPen(None))
        ticks = [list(prepared.ticks)]
        self.matrix.getAxis("left").setTicks(ticks)
        short = len(prepared.ticks) * max((len(name) for _, name in prepared.ticks), default=0) <= 60
        self.matrix.getAxis("bottom").setTicks(ticks if short else [[]])
        self._has_picture = prepared.picture is not None
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._arrange()
        rows = max(4, int(max(LOWEST, 0.55 * self.height()) - 70) // (self.fontMetrics().height() + 1))
        if rows != self._n_named:
            self._n_named = rows
            self.stale.emit()

    def _arrange(self) -> None:
        """Two columns, or one where there is little room; without a picture the matrix has all of the first."""
        matrix, ranking, picture, spectrum = self._canvases
        narrow = self.width() < NARROW
        picture.setVisible(self._has_picture and not narrow)
        self._grid.addWidget(matrix, 0, 0, 1 if self._has_picture or narrow else 2, 1)
        self._grid.addWidget(ranking, *((1, 0) if narrow else (0, 1)))
        self._grid.addWidget(spectrum, *((2, 0) if narrow else (1, 1)))
        if not narrow:
            self._grid.addWidget(picture, 1, 0)
        for k, share in enumerate((3, 3, 2) if narrow else (3, 2, 0)):
            self._grid.setRowStretch(k, share)
        self._grid.setColumnStretch(1, 0 if narrow else 1)

    def _plot(self, name: str, row: int, column: int) -> pg.PlotItem:
        canvas = Canvas(name)
        self._canvases.append(canvas)
        canvas.setMinimumSize(60, LOWEST if row == 0 else LOWEST * 3 // 4)
        self._grid.addWidget(canvas, row, column)
        item = quiet(canvas.addPlot(enableMenu=False))
        for side in ("left", "bottom"):
            item.getAxis(side).enableAutoSIPrefix(False)
            item.getAxis(side).setStyle(tickLength=-4)
        return item
