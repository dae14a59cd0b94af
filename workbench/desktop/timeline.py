"""The cost curve under the views, and the way back to recorded moments of a run; knows no session."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from workbench.desktop import icons
from workbench.desktop.live import Moment
from workbench.desktop.plots.base import Canvas, dress, quiet
from workbench.views.theme import Theme


class Timeline(QWidget):
    """Cost against iterations, a mark at what is shown, and buttons to go to recorded moments.

    Attributes
    ----------
    wanted : Signal(int or None)
        Show the recorded moment nearest to this iteration; None for the newest.
    stepped : Signal(int)
        Show the recorded moment before (-1) or after (+1) the one shown.
    """

    wanted = Signal(object)
    stepped = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Timeline")
        self.caption = QLabel("Timeline")
        self.caption.setProperty("role", "section")
        self.figures = ElidedLabel()
        self.figures.setProperty("role", "muted")
        self.figures.setAccessibleName("Figures of the moment shown")
        self.figures.setMinimumWidth(10)
        self.back = self._button("Previous recorded moment", "left_one")
        self.forward = self._button("Next recorded moment", "right_one")
        self.newest = self._button("Newest moment", "newest")
        self.canvas = Canvas("Cost curve")
        self.canvas.ci.layout.setContentsMargins(8, 2, 14, 4)
        self.canvas.setMinimumHeight(64)
        self.item = quiet(self.canvas.addPlot(enableMenu=False))
        self.item.getAxis("left").enableAutoSIPrefix(False)
        self.item.getAxis("bottom").enableAutoSIPrefix(False)
        self.item.getAxis("left").setWidth(70)
        self.item.setMouseEnabled(x=False, y=False)
        self.item.getViewBox().setLimits(minXRange=1)
        self.curve = self.item.plot()
        self.mark = pg.InfiniteLine(angle=90, movable=False)
        self.item.addItem(self.mark)
        self.mark.hide()
        head = QHBoxLayout()
        head.setContentsMargins(12, 5, 8, 0)
        head.setSpacing(10)
        head.addWidget(self.caption)
        head.addWidget(self.figures, 1)
        for button in (self.back, self.forward, self.newest):
            head.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.canvas, 1)
        self.back.clicked.connect(self._one_back)
        self.forward.clicked.connect(self._one_forward)
        self.newest.clicked.connect(self._to_newest)
        self.canvas.scene().sigMouseClicked.connect(self._clicked)
        self.clear()

    def clear(self) -> None:
        """Nothing is shown."""
        self.figures.setText("The cost of the run you look at is drawn here.")
        self.curve.setData([], [])
        self.mark.hide()
        self._show_axes(False)
        for button in (self.back, self.forward, self.newest):
            button.setEnabled(False)

    def show_moment(self, moment: Moment, pinned: bool) -> None:
        """Draw the curve up to now and mark the iteration that is shown."""
        alone = len(moment.iteration) == 1
        self.curve.setData(moment.iteration, moment.cost, symbol="o" if alone else None, symbolSize=6)
        if alone:
            self.item.setXRange(moment.snapshot.iteration - 1, moment.snapshot.iteration + 1, padding=0)
        else:
            self.item.enableAutoRange()
        self.mark.setValue(moment.snapshot.iteration)
        self.mark.show()
        self._show_axes(True)
        total = moment.snapshot.n_iterations
        of = f" of {total:,} at most" if total else ""
        words = [f"iteration {moment.snapshot.iteration:,}{of}", *(f"{a} {b}" for a, b in moment.latest[:4])]
        if pinned:
            words.insert(0, "recorded moment")
        if moment.snapshot.message:
            words.append(moment.snapshot.message)
        self.figures.setText("  ·  ".join(words))
        self.back.setEnabled(True)
        self.forward.setEnabled(pinned)
        self.newest.setEnabled(pinned)

    def dress(self, theme: Theme) -> None:
        """Take the colours of `theme`."""
        self.canvas.dress(theme)
        dress(self.item, theme)
        self.curve.setPen(pg.mkPen(theme.accent, width=1))
        self.mark.setPen(pg.mkPen(theme.muted, width=1, style=Qt.PenStyle.DashLine))

    def _show_axes(self, shown: bool) -> None:
        for side in ("left", "bottom"):
            self.item.getAxis(side).setStyle(showValues=shown)
        self.item.showGrid(x=shown, y=shown, alpha=0.25)

    def _button(self, name: str, icon: str) -> QToolButton:
        button = QToolButton(toolTip=name)
        button.setAccessibleName(name)
        icons.put(button, icon)
        return button

    @Slot()
    def _one_back(self) -> None:
        self.stepped.emit(-1)

    @Slot()
    def _one_forward(self) -> None:
        self.stepped.emit(1)

    @Slot()
    def _to_newest(self) -> None:
        self.wanted.emit(None)

    @Slot(object)
    def _clicked(self, event: QMouseEvent) -> None:
        x = self.curve.getData()[0]
        if x is not None and len(x):
            at = self.item.getViewBox().mapSceneToView(event.scenePos()).x()
            self.wanted.emit(int(np.clip(round(at), x[0], x[-1])))


class ElidedLabel(QLabel):
    """One line of text that ends in dots where there is no room; a tool tip has all of it."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def setText(self, text: str) -> None:  # noqa: N802
        self._whole = text
        self.setToolTip(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        super().setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width()))
