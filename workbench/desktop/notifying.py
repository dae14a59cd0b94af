"""Tells a person who looks elsewhere that a run, a sweep or a search has ended; what ended is told by the window."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QApplication, QMainWindow, QSystemTrayIcon

from workbench.desktop import icons
from workbench.desktop.settings import Settings
from workbench.session import Run, Study
from workbench.views.run_words import duration, result_words

SHORTEST = 10.0
"""Seconds; what took less is not worth a word."""
SHOWN_MS = 10_000
ENDED = ("finished", "failed")
FLAG = "notify"


class Notifier(QObject):
    """Shows one sentence at the end of work that took a while, if the window is not the active one.

    A message goes to the desktop where that has a tray; the window's entry in the task bar asks for attention in any
    case.

    Attributes
    ----------
    tray : QSystemTrayIcon or None
        Made for the first message, and gone when the window is looked at again.
    """

    def __init__(self, window: QMainWindow, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(window)
        self._window = window
        self._settings = settings
        self._clock = clock
        self._began: dict[str, float] = {}
        self.tray: QSystemTrayIcon | None = None
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.applicationStateChanged.connect(self._looked_at)

    @property
    def wanted(self) -> bool:
        """Whether a person wants to be told."""
        return self._settings.flag(FLAG, True)

    def allow(self, wanted: bool) -> None:
        """Remember whether to tell."""
        self._settings.set_flag(FLAG, wanted)

    def watch(self, work: Run | Study) -> None:
        """Take notice of a change of `work`, and tell of its end."""
        if work.active:
            if work.status != "queued":
                self._began.setdefault(work.id, self._clock())
            return
        began = self._began.pop(work.id, None)
        if began is None or work.status not in ENDED:
            return
        seconds = self._clock() - began
        if seconds > SHORTEST and self.wanted and not self._window.isActiveWindow():
            self._tell(work, seconds)

    def forget(self) -> None:
        """Watch nothing of what was watched; take the message away."""
        self._began.clear()
        self._hide()

    def _tell(self, work: Run | Study, seconds: float) -> None:
        QApplication.alert(self._window)
        if not QSystemTrayIcon.isSystemTrayAvailable():
            return
        if self.tray is None:
            self.tray = QSystemTrayIcon(icons.app_icon(), self)
            self.tray.setToolTip("VQ Workbench")
            self.tray.messageClicked.connect(self._raise)
            self.tray.activated.connect(self._raise)
        self.tray.show()
        words = f"{result_words(work)}, after {duration(seconds)}."
        self.tray.showMessage(work.name, words, icons.app_icon(), SHOWN_MS)

    @Slot()
    def _raise(self) -> None:
        self._window.showNormal() if self._window.isMinimized() else self._window.show()
        self._window.raise_()
        self._window.activateWindow()
        self._hide()

    @Slot(Qt.ApplicationState)
    def _looked_at(self, state: Qt.ApplicationState) -> None:
        if state == Qt.ApplicationState.ApplicationActive:
            self._hide()

    def _hide(self) -> None:
        if self.tray is not None:
            self.tray.hide()
            self.tray.deleteLater()
            self.tray = None
