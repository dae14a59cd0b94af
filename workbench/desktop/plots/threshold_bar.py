"""The line under the accuracy-reject curves: a threshold in numbers, what a rejection costs, and keeping it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QDoubleSpinBox, QLabel, QPushButton, QWidget

from workbench.desktop.flow import Flow, together


class ThresholdBar(QWidget):
    """Numbers and buttons.

    Attributes
    ----------
    moved : Signal(float)
        A person chose another threshold.
    cheapest_wanted : Signal(float)
        The cheapest threshold is asked for, where a rejected row costs that share of an error.
    keep_wanted, forget_wanted : Signal
    value, cost : QDoubleSpinBox
    cheapest, keep, forget : QPushButton
    """

    moved = Signal(float)
    cheapest_wanted = Signal(float)
    keep_wanted = Signal()
    forget_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.value = _number("Threshold", "Rows of less relative certainty are rejected; arrow keys move it", 4, 0.005)
        self.cost = _number("Cost of a rejection", "What a rejected row costs, where an error costs 1", 2, 0.05)
        self.cost.setValue(0.2)
        self.cheapest = QPushButton("Cheapest")
        self.cheapest.setToolTip("The threshold with the least errors + cost × rejected rows (Chow's rule)")
        self.keep = QPushButton("Keep with run")
        self.keep.setToolTip("Keep this threshold with the run; report, model and codebook will carry it")
        self.forget = QPushButton("Forget")
        self.forget.setToolTip("Keep no threshold with the run any more")
        for button in (self.cheapest, self.keep, self.forget):
            button.setAccessibleDescription(button.toolTip())
        row = Flow(self)
        for words, *controls in (
            ("Reject below", self.value, self.keep, self.forget),
            ("A rejection costs", self.cost, self.cheapest),
        ):
            row.addWidget(together(QLabel(words), controls[0]))
            for control in controls[1:]:
                row.addWidget(control)
        self.value.valueChanged.connect(self.moved)
        self.cheapest.clicked.connect(self._cheapest)
        self.keep.clicked.connect(self.keep_wanted)
        self.forget.clicked.connect(self.forget_wanted)

    def show_value(self, value: float) -> None:
        """Show a threshold that was chosen elsewhere."""
        with QSignalBlocker(self.value):
            self.value.setValue(value)

    @Slot()
    def _cheapest(self) -> None:
        self.cheapest_wanted.emit(self.cost.value())


def _number(name: str, tip: str, decimals: int, step: float) -> QDoubleSpinBox:
    made = QDoubleSpinBox(decimals=decimals, minimum=0.0, maximum=1.0, singleStep=step)
    made.setKeyboardTracking(False)
    made.setAccessibleName(name)
    made.setAccessibleDescription(tip)
    made.setToolTip(tip)
    return made
