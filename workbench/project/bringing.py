"""When a working copy is brought back while it is worked on, and the thread that does it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.errors import Cancelled, Closed
from workbench.priority import lower_priority
from workbench.project.arrays import Stop
from workbench.project.errors import ProjectError
from workbench.project.ledger import State
from workbench.project.marks import RENEWED
from workbench.project.working_copy import WorkingCopy

QUIET, EVERY, RETRY, REST = 120.0, 600.0, 60.0, 20.0
"""Seconds without a change after which it is brought back; seconds after a change at which it is in any case, as a run
that learns is never quiet; seconds until it is tried again; and how many times as long as bringing took it then rests.

The copy is on this computer's own disk and survives any end of the program, so that all this guards against is the
loss of that disk, and what others see of the project: ten minutes. What costs a whole copy may cost it rarely, and
with the rest no more than a twentieth of the line, however large the project.
"""


Snapshot = Callable[[Path, Callable[[], None]], State]
"""Writes the last commit of the open project to a free path; on the way, where no change can come between, it calls."""


@dataclass(frozen=True)
class Standing:
    """How a working copy stands to its home.

    Attributes
    ----------
    pending : bool
        Whether there is work that is not brought back.
    brought : float or None
        Seconds since 1970, when it was last brought back in this sitting.
    share : float or None
        How much of it is carried; None while nothing is.
    trouble : str
        Why it could not be brought back the last time, or "".
    """

    pending: bool = False
    brought: float | None = None
    share: float | None = None
    trouble: str = ""


@dataclass(frozen=True)
class Pace:
    """What decides when it is time, in seconds of one clock.

    Attributes
    ----------
    first, last : float or None
        The first and the last change that is not brought back; None if there is none.
    ended, cost : float
        When bringing last ended, and how long it took.
    failed : float or None
        When it last failed, unless it has succeeded since.
    """

    first: float | None = None
    last: float = 0.0
    ended: float = float("-inf")
    cost: float = 0.0
    failed: float | None = None

    @property
    def due(self) -> float:
        """When to bring it back; never, without a change."""
        if self.first is None:
            return float("inf")
        time = max(self.ended + REST * self.cost, min(self.last + QUIET, self.first + EVERY))
        return time if self.failed is None else max(time, self.failed + RETRY)


class Bringing:
    """Brings the working copy of an open project back, from a thread of its own.

    Attributes
    ----------
    standing : Standing
        Replaced, never changed: any thread may read it.
    tell : callable
        Takes one sentence, on the thread, when the work went to another file, or the first time that it fails.
    """

    def __init__(self, copy: WorkingCopy, snapshot: Snapshot) -> None:
        self.standing = Standing()
        self.tell: Callable[[str], object] = lambda sentence: None
        self._copy = copy
        self._snapshot = snapshot
        self._pace = Pace()
        self._since: float | None = None  # the first change of those that are being brought
        self._wanted = self._ending = self._leaving = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="vqw-bringing", daemon=True)
        self._thread.start()

    def changed(self, future: Future[Any] | None = None) -> None:
        """Take notice of a change of the project, unless it failed."""
        if future is not None and (future.cancelled() or future.exception() is not None):
            return
        with self._wake:
            now = time.monotonic()
            self._pace = replace(self._pace, first=self._pace.first or now, last=now)
            self.standing = replace(self.standing, pending=True)
            self._wake.notify_all()

    def bring_now(self) -> None:
        """Bring it back without delay, in the background."""
        with self._wake:
            self._wanted = True
            self._wake.notify_all()

    def stop(self) -> None:
        """End the thread; what is being carried is given up."""
        with self._wake:
            self._ending = True
            self._wake.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def leave(self) -> None:
        """Let the project be closed without being brought back, or give up what is being carried as it is closed."""
        self._leaving = True

    def end(self) -> str:
        """Bring back what is left of the project that was closed, and let go of the copy; a sentence as from `end`."""
        try:
            return self._copy.end(progress=self._report, stop=lambda: self._leaving)
        finally:
            self._set(share=None)

    def _run(self) -> None:
        lower_priority()
        renewed = time.monotonic()
        while True:
            with self._wake:
                now = time.monotonic()
                wait = min(self._pace.due, renewed + RENEWED) - now
                if not (self._ending or self._wanted) and wait > 0:
                    self._wake.wait(wait)
                if self._ending:
                    return
            now = time.monotonic()
            if now >= renewed + RENEWED and self._copy.mark is not None:
                renewed = now
                self._copy.mark.renew()
            if self._wanted or now >= self._pace.due:
                self._bring()

    def _bring(self) -> None:
        began = time.monotonic()
        with self._wake:
            self._wanted = False
            self._since = self._pace.first
        try:
            told = self._carry(lambda: self._ending)
        except (Cancelled, Closed):
            self._set(share=None)
        except ProjectError as error:
            self._failed(str(error), began)
        else:
            self._brought(began)
            if told:
                self.tell(told)

    def _carry(self, stop: Stop) -> str:
        """Bring back what the last commit left, from a snapshot, so that work goes on meanwhile."""
        self._report(0.0)
        with self._copy.room() as snapshot:
            state = self._snapshot(snapshot, self._taken)
            if state == self._copy.held:
                return ""
            return self._copy.bring(snapshot, state, progress=self._report, stop=stop)

    def _taken(self) -> None:
        """What was changed until now is in the snapshot; on the storage thread, where changes are told too."""
        with self._wake:
            self._since = self._pace.first
            self._pace = replace(self._pace, first=None)

    def _brought(self, began: float) -> None:
        with self._wake:
            now = time.monotonic()
            self._pace = replace(self._pace, ended=now, cost=now - began, failed=None)
            self.standing = Standing(self._pace.first is not None, time.time())

    def _failed(self, why: str, began: float) -> None:
        """Try again later; the person is told once."""
        with self._wake:
            first = self._since if self._since is not None else began
            self._pace = replace(self._pace, first=first, failed=time.monotonic())
            is_new = not self.standing.trouble
            self.standing = replace(self.standing, pending=True, share=None, trouble=why)
        if is_new:
            self.tell(why)

    def _report(self, share: float) -> None:
        self._set(share=share)

    def _set(self, share: float | None) -> None:
        with self._wake:
            self.standing = replace(self.standing, share=share)
