"""The test part in the window: what stands in the place of its figures, and the question before they are shown."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton, QVBoxLayout, QWidget

from workbench.desktop import icons
from workbench.session import Dataset, Run
from workbench.views.first_look import BEFORE_LOOKING, caution, sealed_words


class SealedPart(QWidget):
    """A sentence on the test part of what is shown, with the way to its figures while nobody has looked at them."""

    def __init__(self, show: QAction) -> None:
        super().__init__()
        self.setProperty("role", "clear")
        self.setAccessibleName("Test part")
        self.words = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.words.setProperty("role", "muted")
        self.button = QPushButton(show.text())
        self.button.setAccessibleDescription(show.statusTip())
        icons.put(self.button, "show_test")
        self.button.clicked.connect(show.trigger)
        show.enabledChanged.connect(self.button.setEnabled)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.words, self.button):
            column.addWidget(widget)

    def tell(self, thing: Dataset | Run) -> None:
        """Say that it is sealed, or that a run came after it was first looked at; else show nothing."""
        sealed = sealed_words(thing if isinstance(thing, Dataset) else thing.dataset)
        words = sealed or ("" if isinstance(thing, Dataset) else caution(thing))
        if self.words.text() != words:
            self.words.setText(words)
        self.button.setVisible(bool(sealed))
        self.setVisible(bool(words))


class FirstLookQuestion(QMessageBox):
    """Whether the test part of a dataset shall be shown, which nothing takes back.

    Attributes
    ----------
    dataset : Dataset
    wanted : Dataset or None
        The dataset whose test part shall be shown, once that is answered.
    """

    def __init__(self, dataset: Dataset, window: QWidget) -> None:
        super().__init__(window)
        self.dataset = dataset
        self.setWindowTitle("Test part")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(f"Show the test part of {dataset.name}?")
        self.setInformativeText(BEFORE_LOOKING)
        self.setStandardButtons(QMessageBox.StandardButton.Ok | QMessageBox.StandardButton.Cancel)
        self.button(QMessageBox.StandardButton.Ok).setText("Show the test part")
        self.setDefaultButton(QMessageBox.StandardButton.Cancel)

    @property
    def wanted(self) -> Dataset | None:
        return self.dataset if self.result() == QMessageBox.StandardButton.Ok else None
