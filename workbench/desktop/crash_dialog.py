"""What is told at a start after the program died: what happened, what is safe, what was open, and the report."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from workbench.desktop import icons
from workbench.desktop.crashes import Crash

SAFE = (
    "Nothing that was saved is lost: imports, edits and finished runs are in the project file. A run that was going on "
    "can be resumed from where its state was kept last, at most some seconds before the end."
)


class CrashDialog(QDialog):
    """Tells of programs that died.

    Attributes
    ----------
    open_buttons : list of QPushButton
        One for each project that was open.
    open_wanted : Signal(Path)
        One of them is to be opened; the dialog is closed.
    """

    open_wanted = Signal(object)

    def __init__(self, crashes: Sequence[Crash], parent: QWidget) -> None:
        super().__init__(parent)
        self._crashes = list(crashes)
        self.setWindowTitle("After a crash")
        self.setAccessibleName("Report of a crash")
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 90)
        layout = QGridLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setHorizontalSpacing(16)
        layout.setVerticalSpacing(12)
        picture = QLabel()
        icons.put(picture, "warning", "warning", 32)
        layout.addWidget(picture, 0, 0, Qt.AlignmentFlag.AlignTop)
        title = QLabel("VQ Workbench ended without being closed")
        title.setProperty("role", "heading")
        layout.addWidget(title, 0, 1)
        for row, words in enumerate((crashes[0].cause, SAFE), 1):
            label = QLabel(words, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
            layout.addWidget(label, row, 1)
        layout.addLayout(self._projects(), 3, 1)
        self.report = QPlainTextEdit(readOnly=True, lineWrapMode=QPlainTextEdit.LineWrapMode.NoWrap)
        self.report.setPlainText("\n".join(crash.report for crash in crashes))
        self.report.setAccessibleName("Report")
        self.report.setMinimumHeight(self.fontMetrics().height() * 10)
        layout.addWidget(self.report, 4, 1)
        self.delete = QCheckBox("Delete this report when the dialog is closed")
        self.delete.setToolTip(f"Otherwise it is kept as {crashes[0].kept_at}")
        layout.addWidget(self.delete, 5, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton("Copy report", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.clicked.connect(self._copy)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons, 6, 0, 1, 2)
        layout.setRowStretch(4, 1)
        self.finished.connect(self._settle)
        (self.open_buttons or [buttons.button(QDialogButtonBox.StandardButton.Close)])[0].setFocus()

    def _projects(self) -> QVBoxLayout:
        column = QVBoxLayout()
        self.open_buttons: list[QPushButton] = []
        for path in dict.fromkeys(path for crash in self._crashes for path in crash.projects):
            button = QPushButton(f"Open {path.stem}", toolTip=str(path), autoDefault=False)
            button.setAccessibleDescription(f"It was open: {path}")
            icons.put(button, "file")
            button.clicked.connect(partial(self._open, path))
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
            self.open_buttons.append(button)
        return column

    def _open(self, path: Path) -> None:
        self.accept()
        self.open_wanted.emit(path)

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.report.toPlainText())

    @Slot()
    def _settle(self) -> None:
        crashes, self._crashes = self._crashes, []
        for crash in crashes:
            if self.delete.isChecked():
                crash.delete()
            else:
                crash.keep()
