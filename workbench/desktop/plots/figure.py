"""A view as its figure, made for the width of the plot in the window's letters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtGui import QFontInfo, QGuiApplication, QImage

from workbench.desktop.plots.painted import PaintedPlot, Picture
from workbench.views import NoRoom, Page, canvas, render
from workbench.views.theme import Theme

PIXELS = 96
"""Logical pixels of an inch."""
TICKS = 0.8
"""Points of a tick label, for each of the window's letters."""


class FigurePlot(PaintedPlot):
    """Any view at all, shown as its figure; with scroll bars where that needs more height than there is."""

    def prepare(self, data: Any, theme: Theme) -> Picture:
        surface = self.surface
        letters = TICKS * QFontInfo(QGuiApplication.font()).pointSizeF()
        page = Page(surface.width / PIXELS, letters=letters)
        try:
            made = canvas.paged(lambda dressed: self.view.figure(data, dressed), replace(theme, page=page))
            dpi = PIXELS * surface.ratio
        except NoRoom:  # as it suits itself, then, and as large as it can be seen whole
            made = self.view.figure(data, theme)
            dpi = surface.width / made.get_size_inches()[0] * surface.ratio
        image = QImage.fromData(render(made, "png", dpi=dpi), "PNG")
        image.setDevicePixelRatio(surface.ratio)
        return Picture(image, (), self.view.summary)
