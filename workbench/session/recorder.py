"""Decides when a training is saved and which of its snapshots stay; how they lie in the file is `storage`'s."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engines import Snapshot, State
from workbench.session.timeline import Thinning

SAVE_SECONDS = 5.0
"""Between two states saved while training, unless a commit takes more than a tenth of it."""
COMMIT_SHARE = 10.0
MOST_HELD_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class RunSave:
    """What one commit changes of a run.

    Attributes
    ----------
    attributes : dict
        JSON attributes of the run to set (status, seconds, metrics, error, ...).
    state : dict or None
        What `Training.state` gave.
    curves : dict of (n,) float64 arrays, or None
    keep : dict of int to Snapshot
        Snapshots to add to the timeline, by iteration.
    drop : list of int
        Iterations to take out of it.
    result : dict or None
        What `engines.dump` gave.
    """

    attributes: dict[str, Any]
    state: State | None = None
    curves: dict[str, NDArray[np.float64]] | None = None
    keep: dict[int, Snapshot] = field(default_factory=dict)
    drop: tuple[int, ...] = ()
    result: State | None = None


class RunStorage(Protocol):
    """Where a run is kept."""

    def save(self, save: RunSave, timer: CommitTimer) -> Future[None]: ...


class CommitTimer:
    """How long the last commit took on the storage thread."""

    def __init__(self) -> None:
        self._began = 0.0
        self.seconds = 0.0

    def begin(self) -> None:
        self._began = time.perf_counter()

    def end(self) -> None:
        self.seconds = time.perf_counter() - self._began


class Recorder:
    """Keeps one run in the project while it trains. All methods are for the worker's thread; only `finish` waits.

    A commit holds the newest state, the curves, and the timeline's changes since the commit before, so whatever the
    file holds is of one moment. `branched` tells from which iterations branches have begun, which may be at any time.
    """

    def __init__(
        self,
        storage: RunStorage,
        thinning: Thinning,
        stored: set[int],
        branched: Callable[[], frozenset[int]] = frozenset,
    ) -> None:
        self._storage = storage
        self._thinning = thinning
        self._branched = branched
        self._stored = stored
        self._stale: set[int] = set()  # stored ones that a run which goes on from before them has come to again
        self._held: dict[int, Snapshot] = {}
        self._last: Snapshot | None = None
        self._last_stored = max(stored, default=None)
        self._n_bytes: int | None = None
        self._timer = CommitTimer()
        self._pending: Future[None] | None = None
        self._saved_at = time.monotonic()

    def offer(self, snapshot: Snapshot) -> None:
        """Take note of a step."""
        if self._n_bytes is None:
            self._n_bytes = sum(array.nbytes for array in snapshot.arrays.values())
        if snapshot.iteration in self._stored:
            self._stored.discard(snapshot.iteration)
            self._stale.add(snapshot.iteration)
        keep, drop = self._thinning.offer(snapshot.iteration, score(snapshot), self._n_bytes)
        if keep:
            self._held[snapshot.iteration] = snapshot
        for iteration in drop:
            self._held.pop(iteration, None)
        self._last = snapshot

    def due(self) -> bool:
        """Whether it is time to save; raises what went wrong with the save before."""
        if self._pending is not None:
            if not self._pending.done():
                return False
            self._pending.result()
            self._pending = None
        wait = max(SAVE_SECONDS, COMMIT_SHARE * self._timer.seconds)
        crowded = len(self._held) * (self._n_bytes or 0) > MOST_HELD_BYTES
        return crowded or time.monotonic() - self._saved_at >= wait

    def busy(self) -> bool:
        """Whether a save is under way."""
        return self._pending is not None and not self._pending.done()

    def save(
        self, attributes: dict[str, Any], state: State | None, curves: dict[str, NDArray[np.float64]] | None
    ) -> None:
        """Send a save on its way and return at once; without a state and curves those before stay."""
        self._pending = self._submit(attributes, state, curves, None)

    def finish(
        self,
        attributes: dict[str, Any],
        state: State | None,
        curves: dict[str, NDArray[np.float64]],
        result: State | None,
    ) -> None:
        """Save for good, and wait until it is on the disk; raises what goes wrong."""
        if self._pending is not None:
            self._pending.exception()
            self._pending = None
        self._submit(attributes, state, curves, result).result()

    def _submit(
        self,
        attributes: dict[str, Any],
        state: State | None,
        curves: dict[str, NDArray[np.float64]] | None,
        result: State | None,
    ) -> Future[None]:
        self._thinning.branched = sorted(self._branched())
        wanted = self._thinning.wanted()
        keep = {iteration: snapshot for iteration, snapshot in self._held.items() if iteration in wanted}
        if self._last is not None:
            wanted.add(self._last.iteration)
            if self._last.iteration not in self._stored:
                keep[self._last.iteration] = self._last
        elif self._last_stored is not None:
            wanted.add(self._last_stored)
        drop = tuple(sorted(self._stored - wanted | self._stale))
        self._stored = (self._stored | set(keep)) & wanted
        self._stale.clear()
        self._held.clear()
        self._saved_at = time.monotonic()
        everything = {**attributes, "timeline": self._thinning.to_json()}
        return self._storage.save(RunSave(everything, state, curves, keep, drop, result), self._timer)


def score(snapshot: Snapshot) -> float:
    """What "best" means, lower being better: the cost on validation rows where an engine tells it, else the cost."""
    value = snapshot.metrics.get("validation_cost", snapshot.cost)
    return value if math.isfinite(value) else math.inf
