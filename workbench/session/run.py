"""A run of the open project: what it is, how far it is, and the buttons; the learning itself is `worker`'s."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines import EngineInfo, Snapshot, State, restore
from workbench.session.checks import engine_arguments
from workbench.session.control import Control
from workbench.session.dataset import Dataset
from workbench.session.editions import Edition
from workbench.session.errors import SessionError
from workbench.session.jobs import Job
from workbench.session.mailbox import Curves, Mailbox
from workbench.session.pace import StepClock
from workbench.session.run_facts import ACTIVE, RunFacts, RunFile, RunStatus, Standing
from workbench.session.selection import Selection
from workbench.session.stability import MeasuredStability
from workbench.session.threshold import Threshold
from workbench.session.watch import Alarm

_GLANCE = 0.05
"""Seconds after which whoever waits for a run looks whether an alarm has paused it."""


class Run:
    """One training of one engine on one dataset. Thread-safe: the worker writes, everybody reads, nobody waits.

    `latest`, `sequence`, `history`, `progress`, `seconds` and `seconds_left` are read whenever somebody draws; no event
    tells of them. Events tell of `status`, `name`, `note`, `metrics`.

    Attributes
    ----------
    id : str
    name, note : str
    hidden : bool
        Whether it was deleted, or undone.
    engine : EngineInfo
    parameters : dict
        JSON: all of them, but for arrays that a branch starts from; `arguments` has these too.
    dataset : Dataset
    status : {"queued", "running", "paused", "stopped", "finished", "failed", "interrupted"}
        "interrupted" when the program ended without ending the run.
    facts : RunFacts
    job : Job or None
        The newest one; None for a run that has not been worked on since the project was opened.
    measuring : Job or None
        The newest one that measures the stability of its metric.
    kept_threshold : Threshold or None
        To reject rows by, of whatever model it was chosen for.
    n_measured : int
        Counts what was put into `stability`: whoever remembers it knows whether there is something new.
    branched : frozenset of int
        Iterations that branches began from, which the timeline keeps.
    editions : tuple of Edition
        What edits made of a branch, in their order. Each has a learning of its own: all that is told of the run,
        from `parameters` to `snapshots`, is of the edition in force.
    selection : Selection
        What is picked in the session that it is of.
    """

    def __init__(
        self,
        id: str,
        name: str,
        engine: EngineInfo,
        parameters: dict[str, Any],
        dataset: Dataset,
        facts: RunFacts,
        file: RunFile,
        *,
        status: RunStatus,
        note: str = "",
        hidden: bool = False,
        threshold: Mapping[str, Any] | None = None,
    ) -> None:
        self.id = id
        self.name = name
        self.note = note
        self.hidden = hidden
        self.engine = engine
        self.parameters = parameters
        self.dataset = dataset
        self.facts = facts
        self.file = file
        self.status: RunStatus = status
        self.job: Job[Any] | None = None
        self.control = Control()
        self.clock = StepClock()
        self.curves = Curves()
        self.mailbox: Mailbox[Snapshot] = Mailbox()
        self.fitted: Any = None  # the engine as training left it
        self.kept_threshold: Threshold | None = None
        self.threshold = threshold
        self.selection = Selection()
        self.announce: Callable[[], None] = lambda: None
        self.requeue: Callable[[], None] = lambda: None
        self.peers: Callable[[], tuple[Run, ...]] = tuple  # the other listed runs on the same dataset
        self.measuring: Job[MeasuredStability] | None = None
        self.n_measured = 0
        self.branched: frozenset[int] = frozenset()
        self.editions: tuple[Edition, ...] = ()
        self._edition = 0
        self._aside: dict[int, Standing] = {}
        self._start: dict[str, NDArray[Any]] = {}
        self._stability: MeasuredStability | None = None
        self._stability_loaded = status == "queued"
        self._loading = threading.Lock()
        self._loaded = status == "queued"

    def __repr__(self) -> str:
        return f"Run({self.name!r}, {self.engine.name} on {self.dataset.name!r}, {self.status})"

    @property
    def latest(self) -> Snapshot | None:
        """The newest snapshot, or the last stored one of a run from earlier; None while there is none."""
        self.load()
        return self.mailbox.latest

    @property
    def sequence(self) -> int:
        """Counts the snapshots put into `latest`: whoever remembers it knows whether there is a new one."""
        return self.mailbox.sequence

    @property
    def history(self) -> dict[str, NDArray[np.float64]]:
        """Columns `iteration`, `cost` and every metric so far, read-only and of one length."""
        self.load()
        return self.curves.arrays()

    @property
    def progress(self) -> float | None:
        """0 to 1; None where the end is open."""
        if self.status == "finished":
            return 1.0
        snapshot = self.latest
        if snapshot is None:
            return 0.0
        return snapshot.iteration / snapshot.n_iterations if snapshot.n_iterations else None

    @property
    def seconds(self) -> float:
        """Spent learning, pauses excluded."""
        return self.facts.seconds

    @property
    def seconds_left(self) -> float | None:
        """At most so long, from the median of the recent steps; None where it cannot be told."""
        snapshot = self.mailbox.latest
        if self.status not in ("running", "paused") or snapshot is None:
            return None
        return self.clock.left(snapshot.iteration, snapshot.n_iterations)

    @property
    def error(self) -> str:
        """One sentence on why it failed, else ""."""
        return self.facts.error

    @property
    def alarm(self) -> Alarm | None:
        """Why it was paused, or failed, as its training ran away; None where that is not so."""
        return self.facts.alarm

    @property
    def metrics(self) -> dict[str, float]:
        """Figures at the end: of the last snapshot, and accuracies or quantization errors per part.

        Those of a test part that was not looked at yet are withheld.
        """
        withheld = self.withheld
        return {name: value for name, value in self.facts.metrics.items() if name not in withheld}

    @property
    def withheld(self) -> tuple[str, ...]:
        """Names of the figures that are measured and not shown, as nobody has asked for the test part."""
        sealed = self.dataset.is_sealed
        return tuple(name for name in self.facts.metrics if name.endswith("_test")) if sealed else ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences for people, e.g. on rows that were left out."""
        return self.facts.remarks

    @property
    def stability(self) -> MeasuredStability | None:
        """How stable its metric was found to be; None where that was not measured, or of an earlier model."""
        with self._loading:
            if not self._stability_loaded:
                stored = self.file.stability()
                self._stability = None if stored is None else MeasuredStability.from_bundle(stored)
                self._stability_loaded = True
            found = self._stability
        latest = None if found is None else self.latest
        return found if latest is not None and found is not None and latest.iteration == found.iteration else None

    @property
    def threshold(self) -> Threshold | None:
        """Below which certainty rows are rejected; None where that was not chosen, or for an earlier model.

        Set by commands alone, to what the project file holds.
        """
        kept = self.kept_threshold
        latest = None if kept is None or kept.edition != self.edition else self.latest
        return kept if kept is not None and latest is not None and latest.iteration == kept.iteration else None

    @threshold.setter
    def threshold(self, value: Mapping[str, Any] | None) -> None:
        self.kept_threshold = None if value is None else Threshold.from_json(value)

    @property
    def is_measured(self) -> bool:
        """Whether its stability waits to be measured, or is being so."""
        return self.measuring is not None and not self.measuring.done()

    @property
    def edition(self) -> int:
        """Number of the edition in force; 0 for a run as it began."""
        return self._edition

    @property
    def in_force(self) -> int:
        """The same, as commands know it, which set it while the run is at rest."""
        return self._edition

    @in_force.setter
    def in_force(self, number: int) -> None:
        if number == self._edition:
            return
        with self._loading:
            chosen = self._aside.pop(number)
            self._aside[self._edition] = Standing(self.file, self.parameters, self.facts, self.status)
            self.file, self.parameters, self.facts, self.status = (
                chosen.file,
                chosen.parameters,
                chosen.facts,
                chosen.status,
            )
            self._edition = number
            self.fitted, self.clock, self.curves = None, StepClock(), Curves()
            self._stability, self._stability_loaded = None, False
            self.n_measured += 1
            self._loaded = False

    def add_edition(self, edition: Edition, standing: Standing) -> None:
        """Take up what an edit made; it is not yet in force."""
        self.editions = (*self.editions, edition)
        self._aside[edition.number] = standing

    @property
    def untrained(self) -> bool:
        """Whether it is a branch, or begins from a file, or an edition of such a one, and has not learned since."""
        return self.facts.branched_from is not None and len(self.history.get("iteration", ())) <= 1

    @property
    def at_rest(self) -> bool:
        """Whether nothing works on it, nor waits to."""
        return not self.active and not self.is_measured and (self.job is None or self.job.done())

    def require_rest(self, purpose: str) -> None:
        """Raise SessionError while something works on the run, which would be in the way of `purpose`."""
        if self.active:
            raise SessionError(f"Run '{self.name}' is {self.status}: stop it first, then {purpose}.")
        if not self.at_rest:
            raise SessionError(f"Run '{self.name}' is being measured: wait until that is done, then {purpose}.")

    @property
    def given(self) -> Dataset:
        """The dataset as it was when the run was made: what it learns from, whatever is corrected meanwhile."""
        return self.dataset.as_of(self.facts.correction)

    @property
    def is_outdated(self) -> bool:
        """Whether labels or dropped rows of the dataset are others now than those that it learned from."""
        correction = self.facts.correction
        return correction != self.dataset.correction and self.given.labels_version != self.dataset.labels_version

    @property
    def active(self) -> bool:
        """Whether it waits, trains or pauses."""
        return self.status in ACTIVE

    @property
    def resumable(self) -> bool:
        """Whether `resume` can go on with it."""
        return self.status in ("paused", "stopped", "failed", "interrupted")

    def pause(self) -> None:
        """Hold before the next step; a queued run will hold before its first."""
        self._require_active("paused")
        self.control.pause()

    def resume(self) -> None:
        """Go on: after a pause at once, after a stop, a failure or an interruption from the last stored state.

        After an alarm it goes on in spite of it, and the same sign raises no other one.

        Raises
        ------
        SessionError
            If the run is finished, or the project is closed or opened for reading only.
        """
        if self.active:
            self.control.resume()
        elif self.status == "finished" and (self.facts.from_file or {}).get("how") == "kept":
            raise SessionError(
                f"Run '{self.name}' holds a model that was loaded, and {self.engine.name} cannot start from a given "
                "model: start a new run."
            )
        elif self.status == "finished":
            raise SessionError(
                f"Run '{self.name}' has finished: start a new one with a greater max_iter to go further."
            )
        else:
            self.requeue()

    def step(self) -> None:
        """Do one more step, and pause after it."""
        self._require_active("stepped")
        self.control.step()

    def stop(self) -> None:
        """End here and keep what is learned, or measured; can be resumed. A run that is not active stays as it is."""
        if self.active and self.job is not None:
            self.job.cancel()
        if self.measuring is not None and self.is_measured:
            self.measuring.cancel()

    def wait(self, timeout: float | None = None) -> RunStatus:
        """Wait until the run has ended and is recorded, at most `timeout` seconds; gives the status.

        An alarm ends the waiting too: the run is "paused" then until it is resumed or stopped.

        Raises
        ------
        KeyboardInterrupt
            If a person interrupts (Ctrl+C, or the kernel of a notebook): the run is stopped first, and keeps what it
            has learned. A second interrupt does not wait for that.
        """
        try:
            return self._wait(timeout)
        except KeyboardInterrupt:
            self.stop()
            self._wait(None)
            raise

    def _wait(self, timeout: float | None) -> RunStatus:
        end = math.inf if timeout is None else time.monotonic() + timeout
        while self.job is not None and not self.job.wait(max(0.0, min(_GLANCE, end - time.monotonic()))):
            is_held = self.alarm is not None and self.status == "paused" and not self.control.stopping
            if is_held or time.monotonic() >= end:
                break
        return self.status

    def model(self) -> Any:
        """The fitted engine: as training left it, else from the stored result, else from the latest snapshot.

        Raises
        ------
        SessionError
            If nothing is learned yet.
        """
        if self.fitted is not None:
            return self.fitted
        stored = None if self.active else self.file.result()
        if stored is not None:
            return restore(stored)
        snapshot = self.latest
        if snapshot is None:
            raise SessionError(f"Run '{self.name}' has learned nothing yet: wait for its first iteration.")
        return self.engine.estimator.from_arrays(self.arguments, snapshot.arrays)

    def loaded(self) -> tuple[Any, State | None] | None:
        """The model that a file gave it to begin with, and the state of a training that goes on; None for others."""
        place = self.file if self._edition == 0 else self._aside[0].file
        found = None if self.facts.from_file is None else place.loaded()
        return None if found is None else (restore(found[0]), found[1])

    def snapshots(self) -> tuple[Snapshot, ...]:
        """The stored timeline in order of iterations: first, last, best and a thinned rest; arrays load when asked."""
        return self.file.timeline()[1]

    @property
    def arguments(self) -> dict[str, Any]:
        """The parameters as the engine takes them."""
        self.load()
        return engine_arguments(self.engine, self.parameters) | self._start

    def become(self, status: RunStatus, error: str = "") -> None:
        """Take a new status and tell of it; for the worker and the queue."""
        self.status = status
        self.facts.error = error
        self.announce()

    def put_stability(self, measured: MeasuredStability) -> None:
        """Take up what was measured; for the job that measures."""
        with self._loading:
            self._stability, self._stability_loaded = measured, True
            self.n_measured += 1

    def release(self) -> None:
        """Let go of the training and its data; the newest snapshot keeps its arrays alone. For the worker."""
        self.control.detach()
        snapshot = self.mailbox.latest
        if snapshot is not None:
            arrays = snapshot.arrays
            self.mailbox.swap(replace(snapshot, make_arrays=lambda: arrays))

    def load(self) -> None:
        """Bring curves and last snapshot of a run from earlier, once; whoever reads them calls this first."""
        if self._loaded:
            return
        with self._loading:
            if self._loaded:
                return
            thinning, timeline = self.file.timeline()
            self.curves.replace(self.file.curves())
            self._start = self.file.start() if self.facts.branched_from is not None else {}
            self.branched = frozenset(thinning.branched)
            if timeline:
                self.mailbox.put(timeline[-1])
            self._loaded = True

    def _require_active(self, verb: str) -> None:
        if not self.active:
            raise SessionError(f"Run '{self.name}' is {self.status} and cannot be {verb}: resume it first.")
