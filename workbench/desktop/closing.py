"""What is asked before a window closes while work goes on."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from workbench.desktop import icons


class Choice(Enum):
    """What to do with what goes on."""

    KEEP = auto()
    STOP = auto()
    CANCEL = auto()


class ClosingDialog(QDialog):
    """Keep training and close at the end, stop and close now, or do not close.

    Attributes
    ----------
    choice : Choice
        CANCEL until a button says otherwise.
    """

    def __init__(self, work: list[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choice = Choice.CANCEL
        self.setWindowTitle("Work is going on")
        self.setAccessibleName("Work is going on")
        picture = QLabel()
        icons.put(picture, "wait", "accent", 32)
        title = QLabel("Work is going on")
        title.setProperty("role", "heading")
        listed = "\n".join(f"•  {name}" for name in work[:6]) + (
            f"\n…and {len(work) - 6} more" if len(work) > 6 else ""
        )
        what = QLabel(listed, textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        words = QLabel(
            "Stopped runs keep what they have learned and can be resumed when the project is opened again. "
            "An import that is stopped leaves nothing behind.",
            wordWrap=True,
        )
        words.setProperty("role", "muted")
        words.setMinimumWidth(self.fontMetrics().averageCharWidth() * 60)
        texts = QVBoxLayout()
        texts.setSpacing(10)
        for label in (title, what, words):
            texts.addWidget(label)
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(texts, 1)
        buttons = QDialogButtonBox()
        self.keep = buttons.addButton("Finish, then close", QDialogButtonBox.ButtonRole.AcceptRole)
        self.stop = buttons.addButton("Stop and close", QDialogButtonBox.ButtonRole.DestructiveRole)
        self.cancel = buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        self.keep.setProperty("role", "primary")
        self.keep.setToolTip("Keep training; the window closes by itself at the end")
        self.stop.setToolTip("Keep what is learned so far and close now")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(16)
        layout.addLayout(top)
        layout.addWidget(buttons)
        buttons.clicked.connect(self._chosen)
        buttons.rejected.connect(self.reject)
        self.cancel.setFocus()

    def _chosen(self, button: QPushButton) -> None:
        self.choice = {self.keep: Choice.KEEP, self.stop: Choice.STOP}.get(button, Choice.CANCEL)
        if self.choice is not Choice.CANCEL:
            self.accept()
