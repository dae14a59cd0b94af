"""What a sweep and a search are both: several trainings of one engine on one dataset, measured and kept."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from engines import EngineInfo
from workbench.session.control import Control
from workbench.session.dataset import Dataset
from workbench.session.errors import SessionError
from workbench.session.jobs import Job
from workbench.session.run_facts import ACTIVE, RunFacts, RunStatus

Table = dict[str, NDArray[np.float64]]


class StudyFile(Protocol):
    """One study's place in the project file."""

    def save(self, attributes: Mapping[str, Any], table: Table) -> Future[None]: ...


class Study(ABC):
    """Several trainings of one engine on one dataset, each measured in the same way.

    Thread-safe: the worker writes, everybody reads, nobody waits. Events tell of `status` and `name`; whether another
    training was measured is told by `sequence`.

    Attributes
    ----------
    noun : str
        What one of them is called: "count", "trial".
    id : str
    name, note : str
    hidden : bool
        Whether it was deleted, or undone.
    engine : EngineInfo
    parameters : dict
        Those that all trainings share, as JSON.
    dataset : Dataset
    keys : tuple of int
        A number for each training, in the order in which they are measured.
    status : {"queued", "running", "stopped", "finished", "failed", "interrupted"}
        "interrupted" when the program ended without ending the study.
    facts : RunFacts
    failures : dict of int to str
        Why a training could not be measured, in one sentence, by its key.
    sequence : int
        How many were measured or given up so far, since the project was opened.
    job : Job or None
        The newest one; None for a study that has not been worked on since the project was opened.
    """

    noun: ClassVar[str]

    def __init__(
        self,
        id: str,
        name: str,
        engine: EngineInfo,
        keys: tuple[int, ...],
        parameters: dict[str, Any],
        dataset: Dataset,
        facts: RunFacts,
        file: StudyFile,
        *,
        status: RunStatus,
        table: Mapping[str, NDArray[np.float64]] | None = None,
        failures: Mapping[int, str] | None = None,
        note: str = "",
        hidden: bool = False,
    ) -> None:
        self.id = id
        self.name = name
        self.note = note
        self.hidden = hidden
        self.engine = engine
        self.keys = keys
        self.parameters = parameters
        self.dataset = dataset
        self.facts = facts
        self.file = file
        self.status: RunStatus = status
        self.failures: dict[int, str] = dict(failures or {})
        self.sequence = 0
        self.job: Job[Any] | None = None
        self.control = Control()
        self.clock: float | None = None  # when the present sitting began, and how far the study was then
        self.done_before = 0.0
        self.announce: Callable[[], None] = lambda: None
        self.requeue: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._table: Table = dict(table or {})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.engine.name} on {self.dataset.name!r}, {self.status})"

    @property
    def given(self) -> Dataset:
        """The dataset as it was when the study was made: what all trainings learn from, also when it is resumed."""
        return self.dataset.as_of(self.facts.correction)

    @property
    def table(self) -> Table:
        """Columns whose first axis is that of `keys`, "seconds" among them, NaN where nothing is known; a copy."""
        with self._lock:
            return {name: self._table.get(name, empty).copy() for name, empty in self._empty_table().items()}

    @property
    def measured(self) -> tuple[int, ...]:
        """The keys of those that were measured, whatever came of it."""
        with self._lock:
            seconds = self._table.get("seconds", np.full(len(self.keys), np.nan))
        return tuple(key for key, spent in zip(self.keys, seconds, strict=True) if np.isfinite(spent))

    @property
    def progress(self) -> float:
        """0 to 1."""
        if self.status == "finished":
            return 1.0
        job = self.job
        if self.status == "running" and job is not None and job.progress is not None:
            return job.progress
        return len(self.measured) / len(self.keys)

    @property
    def seconds(self) -> float:
        """Spent so far."""
        return self.facts.seconds

    @property
    def seconds_left(self) -> float | None:
        """About so long, judged by the work done since it was started; None where it cannot be told."""
        done = self.progress
        if self.status != "running" or self.clock is None or done - self.done_before < 0.02:
            return None
        return (time.monotonic() - self.clock) * (1 - done) / (done - self.done_before)

    @property
    def error(self) -> str:
        """One sentence on why it failed, else ""."""
        return self.facts.error

    @property
    def active(self) -> bool:
        """Whether it waits or goes on."""
        return self.status in ACTIVE

    @property
    def resumable(self) -> bool:
        """Whether `resume` can go on with what is left."""
        return not self.active and self.status != "finished"

    @abstractmethod
    def parameters_with(self, key: int) -> dict[str, Any]:
        """The parameters of a run like the training `key`."""

    @abstractmethod
    def run_name(self, key: int) -> str:
        """What a run like the training `key` is called."""

    @abstractmethod
    def choice(self) -> int:
        """The key of the training that is recommended.

        Raises
        ------
        SessionError
            If none is.
        """

    def stop(self) -> None:
        """End here and keep what is measured; a study that is not active stays as it is."""
        if self.active and self.job is not None:
            self.job.cancel()

    def resume(self) -> None:
        """Go on with what is left.

        Raises
        ------
        SessionError
            If it has finished, or the project is closed or opened for reading only.
        """
        if self.status == "finished":
            raise SessionError(f"{type(self).__name__} '{self.name}' has finished: start a new one to try others.")
        self.requeue()

    def wait(self, timeout: float | None = None) -> RunStatus:
        """Wait until the study has ended and is recorded, at most `timeout` seconds; gives the status."""
        if self.job is not None:
            self.job.wait(timeout)
        return self.status

    def become(self, status: RunStatus, error: str = "") -> None:
        """Take a new status and tell of it; for the worker and the queue."""
        self.status = status
        self.facts.error = error
        self.announce()

    def withdraw(self) -> None:
        """Be stopped before the first training, also in the file; for the queue."""
        self.file.save({"status": "stopped"}, self.table)
        self.become("stopped")

    def put(self, key: int, row: Mapping[str, float | NDArray[np.float64]], failure: str = "") -> None:
        """Enter what was measured of `key`; for the worker."""
        with self._lock:
            k = self.keys.index(key)
            empty = self._empty_table()
            for name, value in row.items():
                column = self._table.get(name, empty[name]).copy()
                column[k] = value
                self._table[name] = column
            if failure:
                self.failures = {**self.failures, key: failure}
            self.sequence += 1

    @abstractmethod
    def _empty_table(self) -> Table:
        """Every column, filled with NaN."""
