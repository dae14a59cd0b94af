"""Live small multiples: as many panels beside one another as there is room for, a panel a turn; no content."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from workbench.desktop.plots.base import Canvas, quiet
from workbench.views.theme import Theme
from workbench.views.wording import number

NARROWEST, LOWEST = 210, 170
"""Pixels of a panel; where there is less room, the page scrolls."""
TURN_MS = 8
"""A panel is brought up to date in a turn, then the interface thread has this time for painting and input."""
MOST_COLUMNS = 4
MOST_TICKS = 8


class Panel(Protocol):
    """The items of one panel, made once."""

    item: pg.PlotItem


P = TypeVar("P", bound=Panel)


class PanelChart(QScrollArea, Generic[P]):
    """Panels that a subclass says the kinds of, builds and fills.

    Attributes
    ----------
    picked : Signal(int)
        What was clicked.
    """

    picked = Signal(int)

    def __init__(self, name: str, described: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setAccessibleName(name)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.canvas = Canvas(described)
        self.canvas.ci.layout.setSpacing(14)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)
        self.setWidget(content)
        self._drawn: list[P] = []
        self._theme: Theme | None = None
        self._shape: object = None
        self._n_columns = 1
        self._to_fill = 0
        self._next = QTimer(self, singleShot=True, interval=TURN_MS)
        self._next.timeout.connect(self._go_on)
        self.canvas.scene().sigMouseClicked.connect(self._clicked)

    @property
    def is_complete(self) -> bool:
        """Whether every panel shows the newest data."""
        kinds = self._kinds()
        return bool(kinds) and self._to_fill >= len(kinds)

    def _kinds(self) -> Sequence[object]:
        """What each panel is; none while there is nothing to show. Where they change, all is built anew."""
        raise NotImplementedError

    def _build(self, k: int) -> P:
        """The items of panel `k`."""
        raise NotImplementedError

    def _fill(self, k: int, drawn: P) -> None:
        """Bring panel `k` up to date."""
        raise NotImplementedError

    def _clicked_at(self, k: int, drawn: P, place: QPointF) -> None:
        """Answer a click in panel `k`, at a place in its coordinates."""
        raise NotImplementedError

    def _begin(self, theme: Theme) -> None:
        """Bring everything up to date, a panel a turn."""
        dressed = theme is self._theme
        self._theme = theme
        self._arrange(anew=not dressed)
        self._to_fill = 0
        self._next.start()

    def _new_plot(self, k: int) -> pg.PlotItem:
        """An empty plot at the place of panel `k`."""
        n_columns = self._n_columns
        item = quiet(self.canvas.addPlot(row=k // n_columns, col=k % n_columns, enableMenu=False))
        item.setMouseEnabled(x=False, y=False)
        return item

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if self._kinds():
            self._arrange()
            self._next.start()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(3 * NARROWEST, 2 * LOWEST)

    def _arrange(self, anew: bool = False) -> None:
        """Start over where the panels are others, or another number of them fits beside one another."""
        kinds = self._kinds()
        if not kinds or self._theme is None:
            return
        n_columns = max(1, min(MOST_COLUMNS if len(kinds) > 6 else 3, self.viewport().width() // NARROWEST, len(kinds)))
        self._n_columns = n_columns
        shape = (n_columns, list(kinds))
        if shape != self._shape or anew:
            self._shape = shape
            self.canvas.clear()
            self.canvas.dress(self._theme)
            self._drawn = []
            self._to_fill = 0
            self.canvas.setMinimumHeight(LOWEST * -(-len(kinds) // n_columns))
        self._share_width(n_columns)

    def _share_width(self, n_columns: int) -> None:
        """Give every column the same width."""
        grid = self.canvas.ci.layout
        around = 26 + (MOST_COLUMNS - 1) * grid.horizontalSpacing()  # margins, and gaps, which empty columns have too
        for column in range(MOST_COLUMNS):
            share = (self.viewport().width() - around) / n_columns if column < n_columns else 0.0
            grid.setColumnFixedWidth(column, max(0.0, share))

    @Slot()
    def _go_on(self) -> None:
        """Bring the next panel up to date, and make it where it is not there yet."""
        n_panels = len(self._kinds())
        if self._to_fill >= n_panels:
            return
        k = self._to_fill
        if k == len(self._drawn):
            self._drawn.append(self._build(k))
        self._fill(k, self._drawn[k])
        self._to_fill += 1
        if self._to_fill < n_panels:
            self._next.start()

    @Slot(object)
    def _clicked(self, event: QMouseEvent) -> None:
        for k, drawn in enumerate(self._drawn):
            box = drawn.item.getViewBox()
            if box.sceneBoundingRect().contains(event.scenePos()):
                self._clicked_at(k, drawn, box.mapSceneToView(event.scenePos()))
                return


def log_ticks(low: float, high: float, most: int = MOST_TICKS) -> list[tuple[float, str]]:
    """Places and words of at most so many round numbers between 10^low and 10^high."""
    parts = (1.0,) if high - low > 3 else (1.0, 2.0, 5.0) if high - low > 1 else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
    decades = range(math.floor(low), math.ceil(high) + 1)
    values = [part * 10.0**decade for decade in decades for part in parts]
    inside = [value for value in values if low <= math.log10(value) <= high]
    return [(math.log10(value), number(value)) for value in inside[:: max(1, -(-len(inside) // most))]]
