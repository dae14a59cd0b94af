"""What a run was like before: its recorded moments, and those seen while it learns; nothing is drawn here."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from engines.training import Snapshot

if TYPE_CHECKING:
    from workbench.session import Run

LIST_SECONDS = 5.0
"""A run that learns is asked again for what is recorded of it after so long; it is saved no more often."""
_KEPT = ("prototypes", "log_prototypes")


@dataclass(frozen=True, eq=False)
class Moment:
    """One moment of a run, as far as it tells where prototypes were.

    Attributes
    ----------
    iteration : int
    restart : float
        Which of several starts it belongs to; NaN where the engine makes one alone.
    arrays : mapping of str to array
        Of the snapshot: "prototypes", and "log_prototypes" where the engine has them.
    """

    iteration: int
    restart: float
    arrays: Mapping[str, NDArray[Any]]


def no_moments(most: int) -> tuple[Moment, ...]:
    """For scenes that know nothing of what was before."""
    return ()


def restart_of(snapshot: Snapshot) -> float:
    """Which of several starts a snapshot belongs to; NaN where the engine makes one alone."""
    return float(snapshot.metrics.get("restart", np.nan))


def moments_of(run: Run, most: int) -> tuple[Moment, ...]:
    """At most so many moments of `run`, in order of iterations and evenly chosen among all there are.

    Those that were given before are not read again while the same run is asked for. Reads the project file, so this is
    not for the interface thread.
    """
    with _looking:
        if run not in _pasts or _pasts[run].place != run.file.key:
            _pasts.clear()  # one run is looked at in one edition, and prototypes may be large
            _pasts[run] = _Past(run.file.key)
        return _pasts[run].moments(run, most)


def evenly(iterations: Sequence[int], most: int) -> list[int]:
    """At most so many of these increasing `iterations`, as evenly as they come; of two or more, first and last too."""
    if len(iterations) <= most:
        return list(iterations)
    known = np.asarray(iterations)
    wanted = np.linspace(known[0], known[-1], most)
    after = np.clip(np.searchsorted(known, wanted), 1, len(known) - 1)
    nearer = np.where(wanted - known[after - 1] <= known[after] - wanted, after - 1, after)
    return [int(k) for k in known[np.unique(nearer)]]


class _Past:
    """The moments of one run in one edition; for one thread at a time.

    What is recorded is read from the file; what was seen since the newest of it, while the run learns, is kept here.
    It must not hold the run, which it is remembered for.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        self._listed: tuple[Snapshot, ...] = ()
        self._listed_for: object = None
        self._listed_at = 0.0
        self._read: dict[tuple[int, str], Moment] = {}
        self._seen: dict[int, Moment] = {}

    def moments(self, run: Run, most: int) -> tuple[Moment, ...]:
        self._list(run)
        self._see(run, most)
        by_iteration = {snapshot.iteration: snapshot for snapshot in self._listed}
        n_recorded = most - len(self._seen)
        found = [self._moment(by_iteration[k]) for k in evenly(sorted(by_iteration), n_recorded)]
        return (*(moment for moment in found if moment.arrays), *self._seen.values())

    def _list(self, run: Run) -> None:
        """Find out what is recorded, where that may have changed."""
        resting, now = run.at_rest, monotonic()
        state = resting, run.sequence
        fresh = not resting and self._listed_for is not None and now - self._listed_at < LIST_SECONDS
        if state == self._listed_for or fresh:
            return
        self._listed, self._listed_for, self._listed_at = run.snapshots(), state, now
        known = {_key(snapshot) for snapshot in self._listed}
        self._read = {key: moment for key, moment in self._read.items() if key in known}

    def _see(self, run: Run, most: int) -> None:
        """Take note of the newest snapshot, unless it is recorded, and forget what has been recorded or taken back."""
        latest = run.latest
        last = max((snapshot.iteration for snapshot in self._listed), default=-1)
        newest = -1 if latest is None else latest.iteration
        self._seen = {k: moment for k, moment in self._seen.items() if last < k <= newest}
        if latest is not None and newest > last and newest not in self._seen:
            self._seen[newest] = _moment_of(latest, latest.arrays)
        if len(self._seen) > most // 2:
            self._seen = {k: self._seen[k] for k in list(self._seen)[::2]}

    def _moment(self, snapshot: Snapshot) -> Moment:
        """Read a recorded one; without arrays, if it has just been thinned out."""
        key = _key(snapshot)
        if key not in self._read:
            self._read[key] = _moment_of(snapshot, snapshot.make_arrays())  # which keeps no others, as `arrays` would
        return self._read[key]


def _key(snapshot: Snapshot) -> tuple[int, str]:
    """Tells a moment from another one of the same iteration, of a training that went on from an earlier one."""
    return snapshot.iteration, repr(float(snapshot.cost))


def _moment_of(snapshot: Snapshot, arrays: Mapping[str, NDArray[Any]]) -> Moment:
    kept = {name: np.asarray(arrays[name]) for name in _KEPT if name in arrays}
    return Moment(snapshot.iteration, restart_of(snapshot), kept)


_pasts: WeakKeyDictionary[Run, _Past] = WeakKeyDictionary()
_looking = threading.Lock()
