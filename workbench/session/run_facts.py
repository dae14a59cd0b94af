"""What is written of a run in the project file, and how far it is with each edition."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engines import Snapshot, State
from workbench.session.recorder import CommitTimer, RunSave
from workbench.session.timeline import Thinning
from workbench.session.watch import Alarm

RunStatus = Literal["queued", "running", "paused", "stopped", "finished", "failed", "interrupted"]
ACTIVE: tuple[RunStatus, ...] = ("queued", "running", "paused")


class RunFile(Protocol):
    """The place in the project file of one run, or of one edition; every method but `save` waits for it."""

    @property
    def key(self) -> str: ...

    def save(self, save: RunSave, timer: CommitTimer) -> Future[None]: ...

    def state(self) -> State | None: ...

    def start(self) -> dict[str, NDArray[Any]]: ...

    def loaded(self) -> tuple[State, State | None] | None: ...

    def result(self) -> State | None: ...

    def curves(self) -> dict[str, NDArray[np.float64]]: ...

    def timeline(self) -> tuple[Thinning, tuple[Snapshot, ...]]: ...

    def save_stability(self, bundle: Mapping[str, Any]) -> Future[None]: ...

    def stability(self) -> State | None: ...


@dataclass
class RunFacts:
    """What is written of a run besides its learning.

    Attributes
    ----------
    created : str
        Date and time, ISO 8601.
    seconds : float
        Spent learning, pauses excluded.
    error : str
        One sentence on why it failed, else "".
    metrics : dict of str to float
        At the end: those of the last snapshot, and accuracies or quantization errors per part.
    versions : dict
        Of this program, Python and the libraries, and the machine.
    data_hash : str
    recipe : dict
        JSON of the recipe's choices.
    remarks : tuple of str
        Sentences for people, e.g. on rows left out.
    branched_from : dict or None
        JSON: the id of the run and the iteration, `{"run": ..., "iteration": ...}`, that a branch begins from; or of a
        file `{"file": path, "blake2b": ..., "holds": "model" or "codebook", "how": as of `Fit`, "units": ...,
        "iteration": ...}`.
    watched : bool
        Whether it is paused when it seems to run away.
    alarm : Alarm or None
        Why it was paused so, or failed because its cost was no number; None once it goes on.
    correction : int
        The newest of the dataset when the run was made, see `Dataset.correction`: what it learns from, to its end.
    labels_version : str
        Hash of the labels and dropped rows of then; "" in files that are older than corrections.
    """

    created: str
    seconds: float = 0.0
    error: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    versions: Mapping[str, Any] = field(default_factory=dict)
    data_hash: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    branched_from: Any = None
    watched: bool = True
    alarm: Alarm | None = None
    correction: int = 0
    labels_version: str = ""

    @property
    def parent(self) -> str | None:
        """The id of the run that it is a branch of."""
        return None if self.branched_from is None else self.branched_from.get("run")

    @property
    def from_file(self) -> Mapping[str, Any] | None:
        """How it begins from a file, as of `branched_from`; None where it does not."""
        return self.branched_from if "file" in (self.branched_from or {}) else None


@dataclass(frozen=True)
class Standing:
    """How far a run is with one edition, kept aside while another one is in force."""

    file: RunFile
    parameters: dict[str, Any]
    facts: RunFacts
    status: RunStatus
