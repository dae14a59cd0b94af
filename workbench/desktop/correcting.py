"""Carries out what plots ask for: corrections of labels and rows, thresholds, another run; computes nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Slot

from workbench.desktop.background import Background
from workbench.desktop.live import Live
from workbench.desktop.plots.wishes import Drop, ForgetThreshold, KeepThreshold, Relabel, TrainAgain, Wish
from workbench.desktop.view_area import ViewArea
from workbench.session import Run, Session, SessionError


class Correcting(QObject):
    """Listens to all plots of the window.

    Parameters
    ----------
    views, live, background
        Of the window.
    session : callable
        Gives the session that is open, or None.
    started : callable
        Is given the run that was started.
    """

    def __init__(
        self,
        views: ViewArea,
        live: Live,
        background: Background,
        session: Callable[[], Session | None],
        started: Callable[[Any], object],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._live, self._background = live, background
        self._session, self._started = session, started
        views.correction_wanted.connect(self.carry_out)

    @Slot(object)
    def carry_out(self, wish: Wish) -> None:
        """Do in the background what a plot asked for; what goes wrong is told in the error dialog."""
        session, run = self._session(), self._live.run
        if session is None or run is None:
            return
        then = self._started if isinstance(wish, TrainAgain) else None
        self._background.call(self, partial(_done, session, run, wish), then)


def _done(session: Session, run: Run, wish: Wish) -> Run | None:
    match wish:
        case Relabel(rows, code):
            session.relabel(run.dataset, rows, run.dataset.classes[code])
        case Drop(rows):
            session.drop(run.dataset, rows)
        case KeepThreshold(value, part, iteration):
            if run.latest is not None and run.latest.iteration != iteration:
                raise SessionError(
                    f"This threshold was chosen for iteration {iteration}, but run '{run.name}' is at iteration "
                    f"{run.latest.iteration}: look at its newest iteration, and choose again."
                )
            session.set_threshold(run, value, part)
        case ForgetThreshold():
            session.set_threshold(run, None)
        case TrainAgain():
            return session.add_run(run.dataset, run.engine.name, run.parameters)
    return None
