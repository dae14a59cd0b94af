"""The open session as the window sees it: its events as Qt signals on the interface thread; holds no widget."""

from __future__ import annotations

import psygnal
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from workbench.project import CopiedProject
from workbench.session import Job, Run, Session, Study

DRAIN_MS = 30


class OpenProject(QObject):
    """Watches one session.

    Attributes
    ----------
    session : Session
    contents_changed : Signal
        Datasets, runs or studies came, went, or were renamed; or what can be undone changed.
    dataset_added, run_added : Signal(object)
    run_changed : Signal(Run or Study)
        Status, name or results.
    selection_changed : Signal
        Something else is picked; or subsets came, went, or were renamed.
    failed : Signal(str, str)
        Title and sentence of background work that failed.
    """

    contents_changed = Signal()
    dataset_added = Signal(object)
    run_changed = Signal(object)
    selection_changed = Signal()
    failed = Signal(str, str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        events = session.events
        self._connections = (
            (events.dataset_added, self._dataset_added),
            (events.dataset_removed, self._contents),
            (events.dataset_changed, self._contents),
            (events.run_added, self._contents),
            (events.run_removed, self._contents),
            (events.run_changed, self._run),
            (events.sweep_added, self._contents),
            (events.sweep_removed, self._contents),
            (events.sweep_changed, self._run),
            (events.search_added, self._contents),
            (events.search_removed, self._contents),
            (events.search_changed, self._run),
            (events.history_changed, self._contents),
            (events.selection_changed, self._selection),
            (events.job_changed, self._job),
            (events.failed, self._failed),
        )
        for signal, slot in self._connections:
            signal.connect(slot, thread="main")
        self._timer = QTimer(self, interval=DRAIN_MS)
        self._timer.timeout.connect(self._drain)
        self._timer.start()

    @property
    def measurings(self) -> list[Job[object]]:
        """Measurings of a run's stability that go on."""
        jobs = [run.measuring for run in self.session.runs.values() if run.measuring is not None]
        return [job for job in jobs if job.status == "running"]

    @property
    def copied(self) -> CopiedProject | None:
        """The project, if it is worked on in a working copy."""
        project = self.session.project
        return project if isinstance(project, CopiedProject) else None

    def release(self) -> None:
        """Watch no more."""
        self._timer.stop()
        for signal, slot in self._connections:
            signal.disconnect(slot, missing_ok=True)
        psygnal.emit_queued()

    @Slot()
    def _drain(self) -> None:
        psygnal.emit_queued()

    def _contents(self, *_: object) -> None:
        self.contents_changed.emit()

    def _dataset_added(self, dataset: object) -> None:
        self.contents_changed.emit()
        self.dataset_added.emit(dataset)

    def _run(self, work: Run | Study) -> None:
        self.run_changed.emit(work)

    def _selection(self) -> None:
        self.selection_changed.emit()

    def _job(self, job: Job[object]) -> None:
        self.contents_changed.emit()

    def _failed(self, title: str, detail: str) -> None:
        self.failed.emit(title, detail)
