"""The cost curves under the views, and the way back to recorded moments of a run; knows no session."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from workbench.desktop import icons
from workbench.desktop.cost_curves import CostCurves
from workbench.desktop.live import Moment
from workbench.desktop.plots.headed import Choice
from workbench.views.theme import Theme
from workbench.views.when import Measure, When, place_of
from workbench.views.wording import shorten

MEASURES = (("iteration", "same iteration"), ("share", "same share of the run"))


class Timeline(QWidget):
    """Cost against iterations, a mark at what is shown, and buttons to go to recorded moments.

    Attributes
    ----------
    wanted : Signal(When or None)
        Show the recorded moment nearest to this one; None for the newest.
    stepped : Signal(int)
        Show the recorded moment before (-1) or after (+1) the one shown.
    measured : Signal(str)
        A person chose what makes moments of two runs the same one: see `by`.
    by : {"iteration", "share"}
    """

    wanted = Signal(object)
    stepped = Signal(int)
    measured = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.by: Measure = "iteration"
        self._moment: Moment | None = None
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
        self.measure = Choice(
            "Moments of two runs", "Whether the same iteration, or the same share of both runs, is shown"
        )
        self.measure.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.curves = CostCurves()
        head = QHBoxLayout()
        head.setContentsMargins(12, 5, 8, 0)
        head.setSpacing(10)
        head.addWidget(self.caption)
        head.addWidget(self.figures, 1)
        head.addWidget(self.measure)
        for button in (self.back, self.forward, self.newest):
            head.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.curves, 1)
        self.back.clicked.connect(self._one_back)
        self.forward.clicked.connect(self._one_forward)
        self.newest.clicked.connect(self._to_newest)
        self.measure.chosen.connect(self._measure)
        self.curves.clicked.connect(self._clicked)
        self.clear()

    def clear(self) -> None:
        """Nothing is shown."""
        self.figures.setText("The cost of the run you look at is drawn here.")
        self.curves.clear_curves()
        self.measure.hide()
        self._moment = None
        for button in (self.back, self.forward, self.newest):
            button.setEnabled(False)

    def show_moment(self, moment: Moment, pinned: bool) -> None:
        """Draw the curve up to now and mark the iteration that is shown, and those of a run beside it."""
        self._moment = moment
        self.measure.offer(MEASURES if moment.beside is not None else (), self.by)
        self.curves.draw(moment, self.by if moment.beside is not None else "iteration")
        total = moment.snapshot.n_iterations
        of = f" of {total:,} at most" if total else ""
        words = [f"iteration {moment.snapshot.iteration:,}{of}", *(f"{a} {b}" for a, b in moment.latest[:4])]
        if moment.beside is not None:
            words.insert(1, f"{shorten(moment.beside.name, 30)} at iteration {moment.beside.snapshot.iteration:,}")
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
        self.curves.dress(theme)

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

    @Slot()
    def _measure(self) -> None:
        self.by = "share" if self.measure.name == "share" else "iteration"
        self.measured.emit(self.by)
        if self._moment is not None:
            self.curves.draw(self._moment, self.by)

    @Slot(float)
    def _clicked(self, at: float) -> None:
        """Want the moment there, told as moments of both runs are told, whether one run is drawn or two."""
        moment = self._moment
        if moment is not None and moment.beside is None and self.by == "share":
            at = place_of(at, float(np.max(moment.iteration, initial=0.0)), self.by)
        self.wanted.emit(When(at, self.by))


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
