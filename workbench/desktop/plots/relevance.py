"""The learned metric: heat map, ranking of the features and spectrum, live; the figures come from `workbench.views`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.desktop.plots.base import Canvas, Plot, coloured, dress, quiet, show_image
from workbench.views import View
from workbench.views.relevance import MOST_RANKED, RelevanceData
from workbench.views.theme import Theme
from workbench.views.wording import distinct

MOST_TICKS = 16


@dataclass(frozen=True, eq=False)
class Prepared:
    """Everything as pictures, bars and ticks."""

    matrix: NDArray[np.uint8]
    picture: NDArray[np.uint8] | None
    ranked: NDArray[np.float64]
    ranked_names: tuple[str, ...]
    ticks: tuple[tuple[int, str], ...]
    spectrum: NDArray[np.float64]
    spectrum_title: str
    matrix_title: str
    theme: Theme


class RelevancePlot(Plot):
    """Matrix at the left; ranking over spectrum at the right; for images, the relevance of every pixel below."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self.canvas = Canvas("Relevance plots")
        self.matrix = quiet(self.canvas.addPlot(row=0, col=0, title="Relevance matrix Λ"))
        self.ranking = quiet(self.canvas.addPlot(row=0, col=1, title="Diagonal of Λ, largest first"))
        self.spectrum = quiet(self.canvas.addPlot(row=1, col=1, title="Eigenvalues of Λ"))
        self.picture = quiet(self.canvas.addPlot(row=1, col=0, title="Relevance of each pixel"))
        self.heat, self.pixels = pg.ImageItem(axisOrder="row-major"), pg.ImageItem(axisOrder="row-major")
        self.bars = pg.BarGraphItem(x0=0, y=[0], width=[0], height=0.7)
        self.values = pg.BarGraphItem(x=[0], y0=0, height=[0], width=0.7)
        for item, content in (
            (self.matrix, self.heat),
            (self.picture, self.pixels),
            (self.ranking, self.bars),
            (self.spectrum, self.values),
        ):
            item.addItem(content)
        for item in (self.matrix, self.picture):
            item.setAspectLocked(True)
            item.invertY(True)
        for item in (self.matrix, self.picture, self.ranking, self.spectrum):
            for side in ("left", "bottom"):
                item.getAxis(side).enableAutoSIPrefix(False)
        self.ranking.invertY(True)
        self.spectrum.setLabel("bottom", "direction")
        self.canvas.ci.layout.setColumnStretchFactor(0, 3)
        self.canvas.ci.layout.setColumnStretchFactor(1, 2)
        self._laid_out: object = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)

    def prepare(self, data: RelevanceData, theme: Theme) -> Prepared:
        d = len(data.relevances)
        top = data.order[:MOST_RANKED]
        names = distinct(data.names, 18)
        every = max(1, -(-d // MOST_TICKS))
        relevances = data.relevances[top]
        picture = None
        if data.image is not None:
            picture = coloured(data.image, theme.sequential, 0.0, float(np.nanmax(data.image)) or 1.0)
        shown = data.eigenvalues[: max(10, min(d, 40))]
        directions = f"the metric uses about {data.n_effective:.1f} directions"
        return Prepared(
            matrix=coloured(data.matrix, theme.diverging, -data.limit, data.limit),
            picture=picture,
            ranked=np.nan_to_num(relevances),
            ranked_names=tuple(names[j] for j in top),
            ticks=tuple((j, names[j]) for j in range(0, d, every)),
            spectrum=np.nan_to_num(shown),
            spectrum_title=f"Eigenvalues of Λ: {directions}",
            matrix_title="Relevance matrix Λ" if d <= MOST_TICKS else f"Relevance matrix Λ, {d} features",
            theme=theme,
        )

    def draw(self, prepared: Prepared) -> None:
        layout = (prepared.theme.name, prepared.ticks, prepared.picture is None)
        if layout != self._laid_out:
            self._lay_out(prepared)
            self._laid_out = layout
        d = len(prepared.matrix)
        show_image(self.heat, prepared.matrix)
        self.heat.setRect(QRectF(-0.5, -0.5, d, d))
        if prepared.picture is not None:
            show_image(self.pixels, prepared.picture)
        n = len(prepared.ranked)
        self.bars.setOpts(x0=0, y=np.arange(n), width=prepared.ranked, height=0.7)
        self.ranking.getAxis("left").setTicks([list(enumerate(prepared.ranked_names))])
        self.ranking.setYRange(-0.6, n - 0.4, padding=0)
        self.ranking.setXRange(0, float(prepared.ranked.max(initial=0.0)) * 1.05 or 1.0, padding=0)
        spectrum = prepared.spectrum
        self.values.setOpts(x=np.arange(1, len(spectrum) + 1), y0=0, height=spectrum, width=0.7)
        self.spectrum.setXRange(0.4, len(spectrum) + 0.6, padding=0)
        self.spectrum.setYRange(0, float(spectrum.max(initial=0.0)) * 1.05 or 1.0, padding=0)
        colours: dict[str, Any] = {"color": prepared.theme.text, "size": "10pt"}
        self.spectrum.setTitle(prepared.spectrum_title, **colours)
        self.matrix.setTitle(prepared.matrix_title, **colours)

    def _lay_out(self, prepared: Prepared) -> None:
        theme = prepared.theme
        self.canvas.dress(theme)
        for item in (self.matrix, self.ranking, self.spectrum, self.picture):
            dress(item, theme, grid=False)
        for bars in (self.bars, self.values):
            bars.setOpts(brush=pg.mkBrush(theme.accent), pen=pg.mkPen(None))
        ticks = [list(prepared.ticks)]
        self.matrix.getAxis("left").setTicks(ticks)
        short = len(prepared.ticks) * max((len(name) for _, name in prepared.ticks), default=0) <= 60
        self.matrix.getAxis("bottom").setTicks(ticks if short else [[]])
        has_picture = prepared.picture is not None
        self.picture.setVisible(has_picture)
        grid = self.canvas.ci.layout
        if not has_picture and self.picture in self.canvas.ci.items:
            self.canvas.removeItem(self.picture)
            self.canvas.removeItem(self.matrix)
            self.canvas.addItem(self.matrix, row=0, col=0, rowspan=2)
        elif has_picture and self.picture not in self.canvas.ci.items:
            self.canvas.removeItem(self.matrix)
            self.canvas.addItem(self.matrix, row=0, col=0)
            self.canvas.addItem(self.picture, row=1, col=0)
        grid.setRowStretchFactor(0, 3)
        grid.setRowStretchFactor(1, 2)
