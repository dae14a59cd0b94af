"""Drawing an outline on a plane: a view box that shifts, or draws a rectangle or a lasso, and the buttons to choose."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from workbench.desktop import icons

Tool = Literal["move", "rectangle", "lasso"]
TOOLS: tuple[tuple[Tool, str, str, str], ...] = (
    ("move", "Move", "Drag to shift the plane; the wheel zooms", "M"),
    ("rectangle", "Rectangle", "Drag a rectangle around rows to pick them; Ctrl adds, Alt takes out", "R"),
    ("lasso", "Lasso", "Draw around rows to pick them; Ctrl adds, Alt takes out", "L"),
)


class OutlineBox(pg.ViewBox):
    """A view box in which dragging shifts the plane or draws an outline.

    Attributes
    ----------
    outlined : Signal((k, 2) float64)
        An outline was drawn, in the plane.
    clicked : Signal(QPointF)
        Where in the plane a person clicked.
    tool : {"move", "rectangle", "lasso"}
    """

    outlined = Signal(object)
    clicked = Signal(object)

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.tool: Tool = "move"
        self._drawn: list[QPointF] = []
        self._line = pg.PlotCurveItem(pen=pg.mkPen("#888888", width=1, style=Qt.PenStyle.DashLine))
        self._line.setZValue(10)
        self.addItem(self._line, ignoreBounds=True)

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:  # noqa: N802
        if self.tool == "move" or event.button() != Qt.MouseButton.LeftButton:
            super().mouseDragEvent(event, axis)
            return
        event.accept()
        here = self.mapToView(event.pos())
        if event.isStart():
            self._drawn = [self.mapToView(event.buttonDownPos())]
        if self.tool == "lasso":
            self._drawn.append(here)
        elif self._drawn:
            first = self._drawn[0]
            self._drawn = [first, QPointF(here.x(), first.y()), here, QPointF(first.x(), here.y())]
        outline = np.array([(point.x(), point.y()) for point in self._drawn])
        closed = np.concatenate([outline, outline[:1]])
        if event.isFinish():
            self._line.setData([], [])
            self._drawn = []
            if len(outline) >= 3:
                self.outlined.emit(outline)
        else:
            self._line.setData(*closed.T)

    def mouseClickEvent(self, event: Any) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton:
            event.accept()
            self.clicked.emit(self.mapToView(event.pos()))
        else:
            super().mouseClickEvent(event)


class OutlineTools(QWidget):
    """Three buttons, one of them down; keys M, R and L press them while the plot has the focus."""

    def __init__(self, box: OutlineBox, plot: QWidget) -> None:
        super().__init__()
        self._box = box
        self.buttons: dict[Tool, QToolButton] = {}
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for tool, name, tip, key in TOOLS:
            button = QToolButton(checkable=True, checked=tool == "move", toolTip=f"{tip}  ({key})")
            button.setAccessibleName(name)
            button.setAccessibleDescription(tip)
            button.setProperty("tool", tool)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            icons.put(button, tool)
            group.addButton(button)
            row.addWidget(button)
            self.buttons[tool] = button
            shortcut = QShortcut(QKeySequence(key), plot, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(button.click)
        group.buttonClicked.connect(self._choose)

    @Slot(object)
    def _choose(self, button: QToolButton) -> None:
        self._box.tool = button.property("tool")
        cross = self._box.tool != "move"
        self._box.setCursor(Qt.CursorShape.CrossCursor if cross else Qt.CursorShape.ArrowCursor)
