"""A question with one field to answer in."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QInputDialog, QLineEdit, QWidget


class Question(QInputDialog):
    """Qt's dialog, whose field also says to a screen reader what is asked."""

    def __init__(self, title: str, asked: str, window: QWidget) -> None:
        super().__init__(window)
        self.setWindowTitle(title)
        self.setLabelText(asked)

    def open(self) -> None:
        super().open()
        for widget in self.findChildren(QWidget):  # Qt makes the field when the dialog is shown
            if isinstance(widget, QAbstractSpinBox | QComboBox | QLineEdit):
                widget.setAccessibleName(self.labelText())
