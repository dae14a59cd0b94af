"""Training as an iterator: snapshots to look at, a state to go on from, a stop that is felt; knows no engine."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engines.cached import cached

JSON = Any  # None, bool, int, float, str, and lists and string-keyed dicts of these
State = dict[str, Any]
"""Flat mapping of names to arrays and JSON values: all it takes to go on."""


class Stopped(Exception):
    """Raised inside a step by `StopToken.check`; the learner stays at its last whole step."""


class StopToken:
    """A flag that any thread may set and that a step reads at least every 100 ms."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def is_set(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Stopped` when a stop was asked for."""
        if self._event.is_set():
            raise Stopped


@dataclass(frozen=True)
class Snapshot:
    """What views draw of one step; never changes, and costs nothing until its arrays are asked for.

    Attributes
    ----------
    iteration : int
        Steps done; 0 is the initialised, untrained state.
    n_iterations : int or None
        The most steps there can be; None for an open-ended training.
    cost : float
        The engine's objective at exactly the arrays below.
    metrics : mapping of str to float
        Further figures of this step.
    message : str
        One short remark for people, or "".
    """

    iteration: int
    n_iterations: int | None
    cost: float
    metrics: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    make_arrays: Callable[[], Mapping[str, NDArray[Any]]] = field(default=dict, repr=False, compare=False)

    @cached
    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Read-only arrays named as the fitted attributes without the underscore (`prototypes`, `omega`, ...)."""
        made = {}
        for name, values in self.make_arrays().items():
            view = np.asarray(values).view()
            view.flags.writeable = False
            made[name] = view
        return made


class Learner(ABC):
    """The moving part of one training: holds everything that changes, and changes it one whole step at a time.

    A step assigns its results only when it is complete, so a `Stopped` from `stop.check()` inside it
    leaves the state of the step before. Arrays once handed out are replaced, never written to.
    """

    @abstractmethod
    def start(self, stop: StopToken) -> None:
        """Initialise: the state of iteration 0."""

    @abstractmethod
    def step(self, stop: StopToken) -> None:
        """Do one iteration."""

    @property
    @abstractmethod
    def finished(self) -> bool:
        """Whether no step is left to do."""

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """What is to be seen of the present state."""

    @abstractmethod
    def state(self) -> State:
        """Everything that `load_state` needs to go on bit for bit."""

    @abstractmethod
    def load_state(self, state: State) -> None:
        """Take up a state that `state` gave, in place of `start`.

        Raises
        ------
        ValueError
            If the state does not fit the engine's parameters or the data.
        """

    @abstractmethod
    def fitted(self) -> Mapping[str, Any]:
        """Fitted attributes by name (with underscore); references only, nothing is computed here."""


class Trained(Protocol):
    """What a training sets its results on: an engine."""

    def adopt(self, fitted: Mapping[str, Any]) -> None: ...


class Training(Iterator[Snapshot]):
    """An iterator of snapshots; each pull does one step, and not pulling is the pause.

    The first pull initialises and gives iteration 0. After every pull, and after `stop` or `close`, the
    engine is fitted with the last whole step. `stop` may be called from any thread.

    Attributes
    ----------
    history : dict of str to list of float
        `iteration`, `cost` and every metric, one entry per pull.
    """

    def __init__(self, engine: Trained, learner: Learner, header: State, resume: State | None = None) -> None:
        self._engine = engine
        self._learner = learner
        self._header = header
        self._stop = StopToken()
        self._started = False
        self._closed = False
        self.history: dict[str, list[float]] = {}
        if resume is not None and resume.get("started"):
            try:
                learner.load_state({k[len("learner.") :]: v for k, v in resume.items() if k.startswith("learner.")})
                self.history = {k: list(v) for k, v in resume["history"].items()}
            except (LookupError, TypeError, AttributeError, OverflowError) as error:
                raise ValueError(f"The state to resume is not whole: {type(error).__name__} at {error}.") from error
            self._started = True
            self._publish()

    def __next__(self) -> Snapshot:
        if not self._advance():
            raise StopIteration
        snapshot = self._learner.snapshot()
        self._record(snapshot)
        self._publish()
        return snapshot

    def run(self) -> None:
        """Pull to the end, keeping the history but making no arrays that nobody looks at."""
        while self._advance():
            self._record(self._learner.snapshot())
        self._publish()

    def stop(self) -> None:
        """Ask for the end; a step under way is given up within 100 ms and leaves the state before it."""
        self._stop.set()

    def close(self) -> None:
        """End here; the engine keeps its last whole step."""
        self._stop.set()
        self._closed = True

    @property
    def finished(self) -> bool:
        """Whether the training came to its own end (not: was stopped)."""
        return self._started and self._learner.finished

    @property
    def stopped(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop.is_set()

    def state(self) -> State:
        """Everything needed to go on, as a flat dict of arrays and JSON values; valid between pulls."""
        state = {
            **self._header,
            "started": self._started,
            "history": {k: list(v) for k, v in self.history.items()},
        }
        if self._started:
            state.update({"learner." + k: v for k, v in self._learner.state().items()})
        return state

    def _advance(self) -> bool:
        if self._closed or self._stop.is_set() or self.finished:
            return False
        try:
            if self._started:
                self._learner.step(self._stop)
            else:
                self._learner.start(self._stop)
                self._started = True
        except Stopped:
            return False
        return True

    def _record(self, snapshot: Snapshot) -> None:
        values = {"iteration": float(snapshot.iteration), "cost": snapshot.cost, **snapshot.metrics}
        n_before = len(self.history.get("iteration", ()))
        for name, value in values.items():
            column = self.history.setdefault(name, [float("nan")] * n_before)
            column.append(float(value))
        for column in self.history.values():
            if len(column) <= n_before:
                column.append(float("nan"))

    def _publish(self) -> None:
        if self._started:
            history = {name: np.asarray(values) for name, values in self.history.items()}
            self._engine.adopt({**self._learner.fitted(), "history_": history})
