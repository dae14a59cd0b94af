"""The way back to the recorded moments of a run: which one the views show; they are read in the background."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot

from engines import Snapshot
from workbench.desktop.background import Background
from workbench.desktop.live import Live
from workbench.desktop.wording import newest

Choice = Callable[[tuple[Snapshot, ...]], Snapshot | None]
"""One of the recorded snapshots, or None for the newest, which is followed."""


class Recorded(QObject):
    """Pins recorded snapshots of the run that the views show."""

    def __init__(self, live: Live, background: Background) -> None:
        super().__init__(live)
        self._live = live
        self._background = background

    @Slot(object)
    def show_nearest(self, iteration: int | None) -> None:
        """Show the recorded moment nearest to an iteration; None for the newest."""
        if iteration is None:
            self._live.pin(None)
        else:
            self._show(lambda found: min(found, key=lambda s: abs(s.iteration - iteration), default=None))

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

    def _show(self, choose: Choice) -> None:
        run = self._live.run
        if run is not None:

            def arrived(found: tuple[Snapshot, ...]) -> None:
                if run is self._live.run:
                    self._live.pin(choose(found))

            self._background.call(self, run.snapshots, arrived, key="snapshots")
