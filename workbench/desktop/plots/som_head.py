"""The lines over a map: which part is shown, what is searched for, and how the component planes are ordered."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from workbench.desktop.plots.headed import Head

ALIKE, IN_ORDER = "Planes alike side by side", "Planes as in the data"


class MapHead(Head):
    """A choice of the part, and under it a search and the order of the planes.

    Attributes
    ----------
    search : QLineEdit
    found : QLabel
        What the search has found, or what it did not understand.
    order : QComboBox
    wanted : str
        What is searched for. May be read from any thread.
    by_likeness : bool
        Whether planes that are alike stand side by side. May be read from any thread.
    """

    def __init__(self) -> None:
        super().__init__("Part of the map", "Everything at a glance, or one thing large")
        self.wanted, self.by_likeness = "", True
        self.search = QLineEdit()
        self.search.setAccessibleName("Search the map")
        self.search.setPlaceholderText("Light up units: petal length high, sepal width < 3")
        self.search.setToolTip(
            "Features and what they should be: high, low, > 3.5, between 1 and 2, in the units of the data. "
            "A comma means and; “or” is understood too."
        )
        self.search.setClearButtonEnabled(True)
        self.search.setMaxLength(400)
        self.search.textChanged.connect(self._look)
        self.found = QLabel(wordWrap=True)
        self.found.setAccessibleName("What the search has found")
        self.found.setProperty("role", "muted")
        self.order = QComboBox()
        self.order.setAccessibleName("Order of the component planes")
        self.order.setToolTip("Planes that rise and fall together over the map, or the order of the data")
        self.order.addItems([ALIKE, IN_ORDER])
        self.order.currentTextChanged.connect(self._arrange)

    def over(self, drawing: QWidget, owner: QWidget) -> None:
        line = QHBoxLayout()
        line.setContentsMargins(14, 6, 14, 2)
        line.setSpacing(12)
        line.addWidget(self.search, 3)
        line.addWidget(self.found, 4)
        line.addWidget(self.order)
        layout = QVBoxLayout(owner)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self)
        layout.addLayout(line)
        layout.addWidget(drawing, 1)

    @Slot(str)
    def _look(self, text: str) -> None:
        self.wanted = text
        self.changed.emit()

    @Slot(str)
    def _arrange(self, chosen: str) -> None:
        self.by_likeness = chosen == ALIKE
        self.changed.emit()
