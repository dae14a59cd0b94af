"""A search for the right count of prototypes: what it is, how far it is, what it says; `sweeping` measures."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engines import EngineInfo
from workbench.session.checks import engine_arguments
from workbench.session.control import Control
from workbench.session.dataset import Dataset
from workbench.session.errors import SessionError
from workbench.session.jobs import Job
from workbench.session.run import ACTIVE, RunFacts, RunStatus

if TYPE_CHECKING:
    from engines.choice import Recommendation

Table = dict[str, NDArray[np.float64]]
MOST_COUNTS = 200
SAMPLE_ROWS = 3000
"""Training rows that are judged where a criterion compares rows with each other, or trains on parts of them."""
REFERENCE_ROWS = 1000
REFERENCES = 3
"""Sets of rows without groups, of at most `REFERENCE_ROWS` each, from which the silhouette by chance is learned."""
REPEATS = 5
"""Splits of the sample in two halves, from which stability is learned."""


class SweepFile(Protocol):
    """One sweep's place in the project file."""

    def save(self, attributes: Mapping[str, Any], table: Table) -> Future[None]: ...


class Sweep:
    """Trainings of one engine on one dataset with several counts of prototypes, measured by the same criteria.

    Thread-safe: the worker writes, everybody reads, nobody waits. Events tell of `status` and `name`; whether another
    count was measured is told by `sequence`.

    Attributes
    ----------
    id : str
    name, note : str
    hidden : bool
        Whether it was deleted, or undone.
    engine : EngineInfo
    counts : tuple of int
        What is tried, increasing.
    parameters : dict
        All others, as JSON.
    dataset : Dataset
    status : {"queued", "running", "stopped", "finished", "failed", "interrupted"}
        "interrupted" when the program ended without ending the sweep.
    facts : RunFacts
    failures : dict of int to str
        Why a count could not be measured, in one sentence.
    sequence : int
        How many counts were measured or given up so far, since the project was opened.
    job : Job or None
        The newest one; None for a sweep that has not been worked on since the project was opened.
    """

    def __init__(
        self,
        id: str,
        name: str,
        engine: EngineInfo,
        counts: tuple[int, ...],
        parameters: dict[str, Any],
        dataset: Dataset,
        facts: RunFacts,
        file: SweepFile,
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
        self.counts = counts
        self.parameters = parameters
        self.dataset = dataset
        self.facts = facts
        self.file = file
        self.status: RunStatus = status
        self.failures: dict[int, str] = dict(failures or {})
        self.sequence = 0
        self.job: Job[Any] | None = None
        self.control = Control()
        self.clock: float | None = None  # when the present sitting began, and how far the sweep was then
        self.done_before = 0.0
        self.announce: Callable[[], None] = lambda: None
        self.requeue: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._table: Table = dict(table or {})
        self._said: tuple[int, Recommendation] | None = None

    def __repr__(self) -> str:
        return f"Sweep({self.name!r}, {self.engine.name} on {self.dataset.name!r}, {self.status})"

    @property
    def table(self) -> Table:
        """Columns (n_counts,) of `engines.choice.COLUMNS`, NaN where nothing is known; a copy."""
        from engines.choice import COLUMNS

        with self._lock:
            empty = np.full(len(self.counts), np.nan)
            return {name: self._table.get(name, empty).copy() for name in COLUMNS}

    @property
    def measured(self) -> tuple[int, ...]:
        """The counts that were measured, whatever came of it."""
        with self._lock:
            seconds = self._table.get("seconds", np.full(len(self.counts), np.nan))
        return tuple(count for count, spent in zip(self.counts, seconds, strict=True) if np.isfinite(spent))

    @property
    def recommendation(self) -> Recommendation:
        """The count to take, by what is measured so far, and why; computed once for each state of the table."""
        from engines.choice import recommend

        sequence, said = self.sequence, self._said
        if said is None or said[0] != sequence:
            said = self._said = sequence, recommend(self.counts, self.table, likelihood=self.has_likelihood)
        return said[1]

    @property
    def has_likelihood(self) -> bool:
        """Whether BIC and AIC are the engine's own."""
        return hasattr(self.engine.estimator, "bic")

    @property
    def progress(self) -> float:
        """0 to 1."""
        if self.status == "finished":
            return 1.0
        job = self.job
        if self.status == "running" and job is not None and job.progress is not None:
            return job.progress
        return len(self.measured) / len(self.counts)

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
        """Whether `resume` can go on with the counts that are left."""
        return not self.active and self.status != "finished"

    def parameters_with(self, count: int) -> dict[str, Any]:
        """The parameters of a run with this count."""
        return {**self.parameters, self.engine.count: count}

    def arguments_with(self, count: int, seed: int) -> dict[str, Any]:
        """The parameters with this count and, where the engine takes one, this seed, as the engine takes them."""
        parameters = self.parameters_with(count)
        if "random_state" in parameters:
            parameters["random_state"] = seed
        return engine_arguments(self.engine, parameters)

    def stop(self) -> None:
        """End here and keep what is measured; a sweep that is not active stays as it is."""
        if self.active and self.job is not None:
            self.job.cancel()

    def resume(self) -> None:
        """Go on with the counts that are left.

        Raises
        ------
        SessionError
            If it has finished, or the project is closed or opened for reading only.
        """
        if self.status == "finished":
            raise SessionError(f"Sweep '{self.name}' has finished: start a new one to try other counts.")
        self.requeue()

    def wait(self, timeout: float | None = None) -> RunStatus:
        """Wait until the sweep has ended and is recorded, at most `timeout` seconds; gives the status."""
        if self.job is not None:
            self.job.wait(timeout)
        return self.status

    def become(self, status: RunStatus, error: str = "") -> None:
        """Take a new status and tell of it; for the worker and the queue."""
        self.status = status
        self.facts.error = error
        self.announce()

    def withdraw(self) -> None:
        """Be stopped before the first count, also in the file; for the queue."""
        self.file.save({"status": "stopped"}, self.table)
        self.become("stopped")

    def put(self, count: int, row: Mapping[str, float], failure: str = "") -> None:
        """Enter what was measured of `count`; for the worker."""
        with self._lock:
            k = self.counts.index(count)
            for name, value in row.items():
                column = self._table.get(name)
                column = np.full(len(self.counts), np.nan) if column is None else column.copy()
                column[k] = value
                self._table[name] = column
            if failure:
                self.failures = {**self.failures, count: failure}
            self.sequence += 1


def parse_counts(text: str) -> tuple[int, ...]:
    """Counts in words, e.g. "2:12" for 2 to 12, "10:50:10" for every tenth, "2,4,8", or a mixture of these.

    Raises
    ------
    SessionError
        If the text is none of these.
    """
    found: set[int] = set()
    try:
        for part in text.replace(" ", "").split(","):
            numbers = [int(number) for number in part.split(":")]
            if len(numbers) == 1:
                found.add(numbers[0])
            else:
                first, last, step = (*numbers, 1)[:3] if len(numbers) < 4 else numbers
                if step < 1 or last < first or (last - first) // step >= 10 * MOST_COUNTS:
                    raise ValueError
                found.update(range(first, last + 1, step))
    except ValueError:
        raise SessionError(
            f"The counts '{text}' are not understood: write 2:12 for 2 to 12, 10:50:10 for every tenth, or 2,4,8."
        ) from None
    return tuple(sorted(found))


def check_counts(info: EngineInfo, dataset: Dataset, counts: Iterable[int]) -> tuple[int, ...]:
    """The counts, increasing and without repetitions, if this engine can try them on this dataset.

    Raises
    ------
    SessionError
        If the engine has no count, or a count is not allowed, or there are fewer than two or too many.
    """
    if not info.count or info.supervised:
        raise SessionError(f"{info.title} has no single number of prototypes to choose: sweep another engine.")
    wanted = tuple(sorted(set(counts)))
    parameter = next(p for p in info.parameters if p.name == info.count)
    n_rows = dataset.n_in("train")
    for count in wanted:
        try:
            parameter.check(count, info.name)
        except ValueError as error:
            raise SessionError(str(error)) from None
        if count > n_rows:
            raise SessionError(
                f"{info.name} is to try {count:,} prototypes, but the training part of dataset '{dataset.name}' has "
                f"{n_rows:,} rows: try smaller numbers."
            )
    if not 2 <= len(wanted) <= MOST_COUNTS:
        raise SessionError(f"A sweep compares 2 to {MOST_COUNTS} counts, but {len(wanted)} were given.")
    return wanted
