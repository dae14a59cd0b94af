"""What tests of the window share; no tests."""

from __future__ import annotations

import shiboken6
from pytestqt.qtbot import QtBot

from workbench.desktop.window import Window
from workbench.session import Session

PATIENCE_MS = 120_000


def do(window: Window, name: str) -> None:
    """Trigger an action, which must be possible."""
    action = window.actions_by_name.by_name[name]
    assert action.isEnabled(), f"{name} is not possible now"
    action.trigger()


def of(window: Window) -> Session:
    """The session of the project that is open."""
    assert window.session is not None
    return window.session


def shut(qtbot: QtBot, window: Window) -> None:
    """Close without asking, and wait until everything is let go of."""
    if not shiboken6.isValid(window):
        return
    session = window.session
    if session is not None:
        for run in session.runs.values():
            run.stop()
        for job in session.queue.jobs:
            job.cancel()
        qtbot.waitUntil(lambda: not session.queue.jobs, timeout=PATIENCE_MS)
    if window.isVisible():
        window.close()
        qtbot.waitUntil(lambda: not window.isVisible(), timeout=PATIENCE_MS)
    window.deleteLater()
