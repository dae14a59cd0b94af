"""A line over a plot: a choice of what is shown, and words about it; what is drawn below is each plot's."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget


class Head(QWidget):
    """A choice and a line of rich text.

    Attributes
    ----------
    changed : Signal
        A person chose something else.
    choice : QComboBox
        Hidden while there are fewer than two things to choose from.
    words : QLabel
        Rich text.
    row : QHBoxLayout
        To put more into.
    chosen : str
        What a person chose; "" before. May be read from any thread.
    """

    changed = Signal()

    def __init__(self, name: str, tip: str, *, words_below: bool = False) -> None:
        super().__init__()
        self.chosen = ""
        self.choice = QComboBox()
        self.choice.setAccessibleName(name)
        self.choice.setToolTip(tip)
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(24)
        self.choice.hide()
        self.choice.activated.connect(self._choose)
        self.words = QLabel(textFormat=Qt.TextFormat.RichText, wordWrap=True)
        self.words.setAccessibleName(f"{name}, in words")
        self.row = QHBoxLayout()
        self.row.setSpacing(10)
        self.row.addWidget(self.choice)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 0)
        column.setSpacing(4)
        column.addLayout(self.row)
        if words_below:
            self.row.addStretch(1)
            column.addWidget(self.words)
        else:
            self.row.addWidget(self.words, 1)

    def over(self, drawing: QWidget, owner: QWidget) -> None:
        """Lay `owner` out as this head over `drawing`."""
        layout = QVBoxLayout(owner)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self)
        layout.addWidget(drawing, 1)

    def tell(self, words: str, names: Sequence[str] = (), current: str = "") -> None:
        """Say `words`, and offer `names`, of which `current` is shown."""
        if list(names) != [self.choice.itemText(k) for k in range(self.choice.count())]:
            self.choice.clear()
            self.choice.addItems(list(names))
            self.choice.setVisible(len(names) > 1)
        if current:
            self.choice.setCurrentText(current)
        if self.words.text() != words:
            self.words.setText(words)

    @Slot()
    def _choose(self) -> None:
        self.chosen = self.choice.currentText()
        self.changed.emit()


class Choice(QComboBox):
    """One of some named things, of which the names are for programs and the titles for people.

    Attributes
    ----------
    chosen : Signal
        A person chose.
    name : str
        What was chosen, or is shown; "" before anything is offered.
    """

    chosen = Signal()

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        self.name = ""
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(9)
        self.hide()
        self._offered: tuple[tuple[str, str], ...] = ()
        self.activated.connect(self._choose)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Wide enough for what is shown; it may be made as narrow as Qt allows."""
        hint, metrics = super().sizeHint(), self.fontMetrics()
        least = self.minimumContentsLength() * metrics.horizontalAdvance("X")  # what Qt reckons with
        return QSize(hint.width() + max(0, metrics.horizontalAdvance(self.currentText()) - least), hint.height())

    def offer(self, offered: tuple[tuple[str, str], ...], name: str) -> None:
        """Offer (name, title) pairs, of which `name` is shown; fewer than two are nothing to choose from."""
        if offered != self._offered:
            self._offered = offered
            self.clear()
            self.addItems([title for _, title in offered])
        names = [each for each, _ in offered]
        if name in names:
            self.name = name
            self.setCurrentIndex(names.index(name))
            self.updateGeometry()
        self.setVisible(len(offered) > 1)

    @Slot()
    def _choose(self) -> None:
        self.name = self._offered[self.currentIndex()][0]
        self.chosen.emit()
