"""The status bar: what goes on in the background, how long it still takes, on what machine and with how much memory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QToolButton, QWidget

from workbench.desktop import icons
from workbench.desktop.carrying import standing_tip, standing_words
from workbench.desktop.open_project import OpenProject
from workbench.desktop.remark import say
from workbench.session.estimates import shown_bytes
from workbench.views.run_words import duration, progress_of

MOST_WAITING = 12


class StatusBar(QStatusBar):
    """Messages at the left; work, machine and memory at the right.

    Attributes
    ----------
    cancel_wanted : Signal
        Cancel the import or merge that goes on.
    clear_wanted : Signal
        Pick nothing any more.
    """

    cancel_wanted = Signal()
    clear_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.work = QLabel()
        self.work.setAccessibleName("Work in the background")
        self.bar = QProgressBar(textVisible=False, maximum=1000)
        self.bar.setAccessibleName("Progress")
        self.bar.setFixedWidth(self.fontMetrics().averageCharWidth() * 20)
        self.cancel = QToolButton(toolTip="Cancel the import or merge")
        self.cancel.setAccessibleName("Cancel the import or merge")
        icons.put(self.cancel, "close")
        self.picked = QToolButton(toolTip="Let go of what is picked")
        self.picked.setAccessibleName("Picked")
        self.picked.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        icons.put(self.picked, "close")
        self.picked.clicked.connect(self.clear_wanted)
        self.device = QLabel(f"CPU, {os.cpu_count() or 1} cores")
        self.device.setToolTip("Where trainings run")
        self.memory = QLabel()
        self.memory.setToolTip("Memory that this program holds")
        self.home = QLabel()
        self.home.setAccessibleName("Working copy")
        for widget in (self.picked, self.work, self.bar, self.cancel, self.home, self.device, self.memory):
            self.addPermanentWidget(widget)
        self.cancel.clicked.connect(self._cancel)
        self.show_work(None)
        self.show_picked("")

    def show_picked(self, words: str) -> None:
        """Say what is picked; "" for nothing."""
        if self.picked.text() != words:
            self.picked.setText(words)
            self.picked.setAccessibleDescription(words)
        self.picked.setVisible(bool(words))

    def show_work(self, project: OpenProject | None) -> None:
        """Bring everything up to date."""
        text, progress = _work(project)
        if self.work.text() != text:
            self.work.setText(text)
        names = [work.name for work in project.session.waiting] if project is not None else []
        self.work.setToolTip("\n".join(["Next in the queue:", *names[:MOST_WAITING]]) if names else "")
        self.bar.setVisible(bool(text))
        self.bar.setMaximum(0 if progress is None else 1000)
        if progress is not None:
            self.bar.setValue(round(1000 * progress))
        self.cancel.setVisible(bool(project is not None and project.session.imports))
        self._show_home(project)
        held = held_memory()
        self.memory.setText("" if held is None else shown_bytes(held))

    def _show_home(self, project: OpenProject | None) -> None:
        """Say how a working copy stands to the folder where it belongs."""
        copied = None if project is None else project.copied
        words = "" if copied is None else standing_words(copied.standing)
        if self.home.text() != words:
            say(self.home, words, "warning" if copied is not None and copied.standing.trouble else "")
            self.home.setToolTip("" if copied is None else standing_tip(copied))
        self.home.setVisible(bool(words))

    @Slot()
    def _cancel(self) -> None:
        self.cancel_wanted.emit()


def _work(project: OpenProject | None) -> tuple[str, float | None]:
    """What goes on, in words, and how far it is; imports first."""
    if project is None:
        return "", 0.0
    imports = project.session.imports
    if imports:
        more = f" and {len(imports) - 1} more" if len(imports) > 1 else ""
        return f"{imports[0].title}{more}", imports[0].progress
    for run in project.session.active_work:
        if run.status in ("running", "paused"):
            left = run.seconds_left
            words = f"{run.name}: {run.status}"
            if run.status == "running" and left is not None:
                words += f", at most {duration(left)} left"
            waiting = len(project.session.waiting)
            if waiting:
                words += f", {waiting} waiting"
            return words, progress_of(run) if run.status == "running" else progress_of(run) or 0.0
    for job in project.measurings:
        return job.title, job.progress or 0.0
    return "", 0.0


def held_memory() -> int | None:
    """Bytes that this process holds; None where the system does not tell."""
    try:
        if sys.platform.startswith("linux"):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE")
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    except (ImportError, OSError, ValueError):
        return None
