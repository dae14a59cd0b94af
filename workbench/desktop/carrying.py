"""Projects on their way between a network or synced folder and this computer: how far, and how they stand, in words."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QLocale, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QProgressBar, QVBoxLayout, QWidget

from workbench.project import CopiedProject
from workbench.project.bringing import Standing

LOOK_MS, PATIENCE_MS = 60, 400


class Way:
    """How far the copying of a project is; told by the thread that copies, read by the window.

    Attributes
    ----------
    share : float or None
    """

    def __init__(self) -> None:
        self.share: float | None = None
        self._given_up = threading.Event()

    def put(self, share: float) -> None:
        """So much is done."""
        self.share = share

    def give_up(self) -> None:
        """Ask for the end."""
        self._given_up.set()

    def given_up(self) -> bool:
        """Whether the end was asked for."""
        return self._given_up.is_set()


class CarryingDialog(QDialog):
    """Says how far a project is on its way, once that takes a while; its button gives up the waiting.

    Attributes
    ----------
    bar : QProgressBar
    button : QPushButton
    given_up : Signal
        The button was pressed.
    """

    given_up = Signal()

    def __init__(self, title: str, words: str, button: str, share: Callable[[], float | None], parent: QWidget) -> None:
        super().__init__(parent)
        self._share = share
        self._over = False
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 70)
        label = QLabel(words, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.bar = QProgressBar(maximum=1000, textVisible=False)
        self.bar.setAccessibleName("Progress")
        buttons = QDialogButtonBox()
        self.button = buttons.addButton(button, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        for widget in (label, self.bar, buttons):
            layout.addWidget(widget)
        self._look = QTimer(self, interval=LOOK_MS)
        self._look.timeout.connect(self._show_share)
        self._soon = QTimer(self, interval=PATIENCE_MS, singleShot=True)
        self._soon.timeout.connect(self._appear)
        self._soon.start()

    def reject(self) -> None:
        """Give up; the dialog stays until what goes on has come to its end."""
        self.button.setEnabled(False)
        self.given_up.emit()

    def end(self) -> None:
        """It has arrived, or never will."""
        self._over = True
        self._soon.stop()
        self._look.stop()
        self.done(0)
        self.deleteLater()

    @Slot()
    def _appear(self) -> None:
        if self._share() is not None and not self._over:
            self._show_share()
            self.open()
            self._look.start()
        else:
            self._soon.start()

    @Slot()
    def _show_share(self) -> None:
        share = self._share()
        if share is not None:
            self.bar.setValue(round(1000 * share))


def standing_words(standing: Standing) -> str:
    """How a working copy stands to its home, for the status bar."""
    if standing.share is not None:
        return f"working copy · bringing back {100 * standing.share:.0f} %"
    if standing.trouble:
        return "working copy · cannot be brought back now"
    if standing.brought is not None:
        return f"working copy · brought back {_clock(standing.brought)}" + (
            ", changed since" if standing.pending else ""
        )
    return "working copy · not brought back yet" if standing.pending else "working copy · nothing changed yet"


def standing_tip(project: CopiedProject) -> str:
    """The same at length."""
    lines = [
        f"{project.address} is {project.place.words}.",
        f"It is worked on in a copy on this computer: {project.path}",
        "It is brought back after two minutes of quiet, at least every ten minutes, and when the project is closed.",
    ]
    if project.standing.trouble:
        lines.insert(0, project.standing.trouble)
    return "\n".join(lines)


def _clock(seconds: float) -> str:
    return QLocale().toString(datetime.fromtimestamp(seconds).time(), QLocale.FormatType.ShortFormat)
