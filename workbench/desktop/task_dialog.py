"""A dialog about one long task: how far it is, a stop, and what came of it; knows no projects."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QProgressBar, QVBoxLayout, QWidget

from workbench.desktop.background import Background
from workbench.desktop.remark import say
from workbench.errors import Cancelled, WorkbenchError

LOOK_MS = 60

Progress = Callable[[float], None]
Stop = Callable[[], bool]


@dataclass(frozen=True)
class Outcome:
    """What came of a task.

    Attributes
    ----------
    words : str
    role : {"good", "bad", "warning", "muted"}
    details : tuple of str
        Sentences, one a line.
    offer : str
        What a button says that does what follows; "" for none.
    """

    words: str
    role: str = "good"
    details: tuple[str, ...] = ()
    offer: str = ""


class TaskDialog(QDialog):
    """Runs `work(progress, stop)` in the background, and shows its outcome; closing it before stops the work.

    Attributes
    ----------
    outcome : Outcome or None
        None while it works.
    accepted : Signal
        The button of the offer was pressed.
    ended : Signal(Outcome)
    """

    ended = Signal(object)

    def __init__(
        self,
        background: Background,
        title: str,
        words: str,
        work: Callable[[Progress, Stop], Outcome],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.outcome: Outcome | None = None
        self._background = background
        self._work = work
        self._stop = threading.Event()
        self._share = 0.0
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._build(words)
        self._look = QTimer(self, interval=LOOK_MS)
        self._look.timeout.connect(self._show_share)

    def start(self) -> None:
        """Show the dialog and begin."""
        self.open()
        self._look.start()
        self._background.call(self, lambda: self._work(self._put_share, self._stop.is_set), self._arrived, self._failed)

    def reject(self) -> None:
        """Stop the work, if it goes on; else close."""
        if self.outcome is None:
            self._stop.set()
            self.stop.setEnabled(False)
        else:
            super().reject()

    def abandon(self) -> None:
        """Close at once; what the work gives is wanted no more."""
        self._stop.set()
        self._look.stop()
        self.done(0)

    def _build(self, words: str) -> None:
        letter = self.fontMetrics().averageCharWidth()
        self.setMinimumWidth(letter * 76)
        self.words = QLabel(words, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.bar = QProgressBar(maximum=1000, textVisible=False)
        self.bar.setAccessibleName("Progress")
        self.details = QPlainTextEdit(readOnly=True)
        self.details.setAccessibleName("Details")
        self.details.setTabChangesFocus(True)
        self.details.setMinimumHeight(self.fontMetrics().height() * 8)
        self.details.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.stop = buttons.button(QDialogButtonBox.StandardButton.Close)
        self.stop.setText("Stop")
        self.offer = buttons.addButton("", QDialogButtonBox.ButtonRole.AcceptRole)
        self.offer.hide()
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        for widget in (self.words, self.bar, self.details, buttons):
            layout.addWidget(widget)
        layout.setStretchFactor(self.details, 1)
        self.stop.setFocus()

    def _put_share(self, share: float) -> None:  # on the thread that works
        self._share = share

    @Slot()
    def _show_share(self) -> None:
        self.bar.setValue(round(1000 * self._share))

    def _failed(self, error: Exception) -> None:
        if isinstance(error, Cancelled):
            self._arrived(Outcome(str(error), "muted"))
        elif isinstance(error, WorkbenchError | OSError):
            self._arrived(Outcome(str(error), "bad"))
        else:
            self.abandon()
            raise error

    def _arrived(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._look.stop()
        self.bar.hide()
        say(self.words, outcome.words, outcome.role)
        self.details.setPlainText("\n".join(outcome.details))
        self.details.setVisible(bool(outcome.details))
        self.stop.setText("Close")
        self.stop.setEnabled(True)
        self.offer.setText(outcome.offer)
        self.offer.setVisible(bool(outcome.offer))
        (self.offer if outcome.offer else self.stop).setFocus()
        self.adjustSize()
        self.ended.emit(outcome)
