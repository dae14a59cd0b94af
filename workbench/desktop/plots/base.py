"""What a live plot is, which plot draws which view, and the looks they share."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontInfo, QGuiApplication
from PySide6.QtWidgets import QWidget

from workbench.session.selection import Combination
from workbench.views import View
from workbench.views.picking import Picked
from workbench.views.theme import ColorTable, Theme

PLOTS = {
    "curves": "workbench.desktop.plots.curves:CurvesPlot",
    "table": "workbench.desktop.plots.table:TablePlot",
    "projection": "workbench.desktop.plots.projection:ProjectionPlot",
    "picked": "workbench.desktop.plots.picked_rows:PickedRowsPlot",
    "prototypes": "workbench.desktop.plots.prototypes:PrototypesPlot",
    "closely": "workbench.desktop.plots.closely:CloselyPlot",
    "som": "workbench.desktop.plots.som:SomPlot",
    "mixture": "workbench.desktop.plots.mixture:MixturePlot",
    "reconstructions": "workbench.desktop.plots.reconstructions:ReconstructionsPlot",
    "sources": "workbench.desktop.plots.sources:SourcesPlot",
    "code_atlas": "workbench.desktop.plots.code_atlas:CodeAtlasPlot",
    "usage": "workbench.desktop.plots.usage:UsagePlot",
    "rate_distortion": "workbench.desktop.plots.rate_distortion:RateDistortionPlot",
    "comparison": "workbench.desktop.plots.comparison:ComparisonPlot",
    "energy": "workbench.desktop.plots.energy:EnergyPlot",
    "relevance": "workbench.desktop.plots.relevance:RelevancePlot",
    "local_relevance": "workbench.desktop.plots.local_relevance:LocalRelevancePlot",
    "contributions": "workbench.desktop.plots.contributions:ContributionsPlot",
    "confusion": "workbench.desktop.plots.confusion:ConfusionPlot",
    "reject": "workbench.desktop.plots.reject:RejectPlot",
    "label_desk": "workbench.desktop.plots.label_desk:LabelDeskPlot",
}
"""The live plot of each view, by the view's name; a view that is not here is shown as its figure."""
FIGURE = "workbench.desktop.plots.figure:FigurePlot"

CHARACTERS = {"o": "●", "s": "■", "t1": "▲", "d": "◆", "t": "▼", "+": "✚", "x": "✖", "p": "⬟", "h": "⬢", "star": "★"}
"""Markers of pyqtgraph as letters, for legends."""


class Plot(QWidget):
    """Draws the data of one view; its items are made once and updated.

    `prepare` runs on the views' thread and does all that takes time; `draw` runs on the interface thread with what
    `prepare` gave. What is picked comes by a way of its own, so that a picture need not be made again for it:
    `prepare_marks` on the views' thread, `mark` on the interface thread.

    Attributes
    ----------
    stale : Signal
        What is drawn no longer fits (another size, another choice): compute and prepare anew.
    picked : Signal(Pick)
        A person pointed at something.
    correction_wanted : Signal(Wish)
        A person wants something of the project to be changed, see `workbench.desktop.plots.wishes`.
    asked : str
        What a person asked to see, for `Scene.asked`; "" before. May be read from any thread.
    """

    stale = Signal()
    picked = Signal(object)
    correction_wanted = Signal(object)

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = view
        self.asked = ""
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(f"{view.title} plot")
        self.setAccessibleDescription(view.summary)

    @property
    def part(self) -> str:
        """The part of the view that is shown, by the title that a person chooses it by; "" where there is no choice."""
        head = getattr(self, "head", None)
        return head.choice.currentText() if head is not None and head.choice.count() > 1 else ""

    def will_be(self, size: QSize) -> None:
        """Be told the size before it is shown, so that the first picture is made for it."""
        self.resize(size)

    @Slot(str)
    def ask(self, what: str) -> None:
        """Show `what` from the next picture on."""
        self.asked = what
        self.stale.emit()

    def prepare(self, data: Any, theme: Theme) -> Any:
        """What is needed to draw `data`: arrays, images and texts, in the colours of `theme`. Touches no widget."""
        raise NotImplementedError

    def draw(self, prepared: Any) -> None:
        """Show what `prepare` gave."""
        raise NotImplementedError

    def prepare_marks(self, data: Any, picked: Picked, theme: Theme) -> Any:
        """What is needed to show in the picture of `data` what is picked. Touches no widget."""
        return picked

    def mark(self, marks: Any) -> None:
        """Show what `prepare_marks` gave, over the picture drawn last; a plot without marks shows nothing."""


def plot_for(view: View) -> Plot:
    """A new plot for `view`."""
    module, _, name = PLOTS.get(view.name, FIGURE).partition(":")
    made: Plot = getattr(import_module(module), name)(view)
    return made


class Canvas(pg.GraphicsLayoutWidget):
    """The surface under plots: no scroll bars, its colours set by `dress`."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setMinimumSize(120, 90)
        self.ci.layout.setContentsMargins(10, 10, 14, 8)
        self.ci.layout.setSpacing(10)

    def dress(self, theme: Theme) -> None:
        self.setBackground(theme.surface)


def dress(item: pg.PlotItem, theme: Theme, *, grid: bool = True) -> None:
    """Give a plot's axes and title the colours of `theme`."""
    for side in ("left", "bottom", "right", "top"):
        axis = item.getAxis(side)
        axis.setPen(pg.mkPen(theme.grid))
        axis.setTextPen(pg.mkPen(theme.muted))
        axis.setStyle(maxTickLevel=0)  # lesser ticks double the time that an axis takes to paint
        if axis.labelText:
            axis.setLabel(axis.labelText, **{"color": theme.text, "font-size": letters()})
    item.showGrid(x=grid, y=grid, alpha=0.25)
    if item.titleLabel.text:
        item.setTitle(item.titleLabel.text, color=theme.text, size=letters())
        item.titleLabel.setMinimumWidth(0)  # a long title takes no room from the plot beside


def letters(share: float = 1.0) -> str:
    """The size of the application's letters, or a share of it, as pyqtgraph takes it."""
    return f"{share * QFontInfo(QGuiApplication.font()).pointSizeF():.1f}pt"


def how_picked() -> Combination:
    """What a click means with the keys that are held: Ctrl or Shift adds, Alt takes out, Ctrl with Shift narrows."""
    keys = QGuiApplication.keyboardModifiers()
    shift, ctrl = (bool(keys & key) for key in (Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier))
    if keys & Qt.KeyboardModifier.AltModifier:
        return "not"
    return "and" if shift and ctrl else "or" if shift or ctrl else "replace"


def quiet(item: pg.PlotItem) -> pg.PlotItem:
    """Take away the buttons that pyqtgraph adds and our window does not need."""
    item.hideButtons()
    return item


def coloured(values: NDArray[np.floating[Any]], table: ColorTable, low: float, high: float) -> NDArray[np.uint8]:
    """(..., 4) uint8 colours of `values` on the scale from `low` to `high`; what is not finite is transparent."""
    span = high - low if high > low else 1.0
    scaled = (np.asarray(values, dtype=np.float64) - low) / span
    finite = np.isfinite(scaled)
    index = np.clip(np.where(finite, scaled, 0.0) * 255.0, 0, 255).astype(np.uint8)
    made = table[index]
    made[~finite, 3] = 0
    return made


def show_image(item: pg.ImageItem, image: NDArray[np.uint8]) -> None:
    """Put a (rows, columns, 3 or 4) uint8 image on `item`, without levels: they would cost a pass over all pixels."""
    if item.image is not image:
        item.setImage(image, autoLevels=False)
