"""The way back to the recorded moments of a run: which one the views show; they are read in the background."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot

from engines import Snapshot
from workbench.desktop.background import Background
from workbench.desktop.live import Live
from workbench.session import Run
from workbench.views.run_words import newest
from workbench.views.when import Measure, When, place_of

Choice = Callable[[tuple[Snapshot, ...]], Snapshot | None]
"""One of the recorded snapshots, or None for the newest, which is followed."""


class Recorded(QObject):
    """Pins recorded snapshots of the run that the views show, and says at which moment those beside it are.

    Attributes
    ----------
    by : {"iteration", "share"}
        What makes moments of two runs the same one.
    """

    def __init__(self, live: Live, background: Background) -> None:
        super().__init__(live)
        self._live = live
        self._background = background
        self.by: Measure = "iteration"

    @Slot(object)
    def show_nearest(self, when: When | None) -> None:
        """Show the recorded moment nearest to `when`; None for the newest."""
        run = self._live.run
        if when is None or run is None:
            self._live.pin(None)
        else:
            self._show(lambda found: next(iter(when.ordered(found, _last(run))), None), when)

    @Slot(str)
    def measure_by(self, by: Measure) -> None:
        """Look for moments by iterations, or by shares of the runs; what is shown stays, what is beside it may move."""
        self.by = by
        run, pinned = self._live.run, self._live.pinned
        if run is not None and pinned is not None:
            self._live.pin(pinned, self._at(run, pinned))

    @Slot(int)
    def step(self, direction: int) -> None:
        """Show the recorded moment before (-1) or after (+1) the one shown; after the last, the newest."""
        run = self._live.run
        shown = self._live.pinned or (newest(run) if run is not None else None)
        at = shown.iteration if shown is not None else 0

        def beside(found: tuple[Snapshot, ...]) -> Snapshot | None:
            further = [s for s in found if (s.iteration - at) * direction > 0]
            return min(further, key=lambda s: abs(s.iteration - at), default=None if direction > 0 else shown)

        self._show(beside)

    def _at(self, run: Run, snapshot: Snapshot) -> When:
        """The moment of a snapshot of `run`."""
        return When(place_of(snapshot.iteration, _last(run), self.by), self.by)

    def _show(self, choose: Choice, when: When | None = None) -> None:
        """Show what is chosen, and what is beside it at `when`, or else at the same moment."""
        run = self._live.run
        if run is not None:

            def arrived(found: tuple[Snapshot, ...]) -> None:
                if run is self._live.run:
                    chosen = choose(found)
                    self._live.pin(chosen, None if chosen is None else when or self._at(run, chosen))

            self._background.call(self, run.snapshots, arrived, key="snapshots")


def _last(run: Run) -> int:
    """The iteration that `run` has come to."""
    snapshot = newest(run)
    return 0 if snapshot is None else snapshot.iteration
