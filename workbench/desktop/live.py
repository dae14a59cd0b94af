"""Drawing a run while it learns: a timer looks at its mailbox, one thread computes, the visible view draws."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engines import Snapshot
from engines.blocks import single_threaded_blas
from workbench.desktop import errors, theme
from workbench.desktop.plots.curves import thinned
from workbench.desktop.view_area import NO_RUN, ViewArea, ViewPane
from workbench.session import Run
from workbench.views import VIEWS, Scene, scene_of
from workbench.views.theme import Theme
from workbench.views.wording import metric_title, number

TICK_MS = 33
REST, MOST_REST = 2.0, 0.25
"""After a draw that took t, the next waits for REST · t (at most MOST_REST seconds), so the interface has time left."""


@dataclass(frozen=True)
class Key:
    """What a picture shows: equal keys, equal pictures."""

    run: str
    sequence: int
    iteration: int | None
    measured: int
    theme: str


@dataclass(frozen=True, eq=False)
class Moment:
    """Where a run is: for the timeline and the inspector, made on the views' thread.

    Attributes
    ----------
    run : Run
    snapshot : Snapshot
        The one that is shown.
    iteration, cost : (t,) float64
        The learning curve, thinned to what a screen can show.
    latest : tuple of (title, text)
        Cost and metrics of the snapshot, in words.
    """

    run: Run
    snapshot: Snapshot
    iteration: NDArray[np.float64]
    cost: NDArray[np.float64]
    latest: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Wish:
    """A picture that a pane wishes for: its number among the pane's, what a person asked for, and who prepares it."""

    pane: ViewPane
    number: int
    asked: str
    prepare: Callable[[Any, Theme], Any]


@dataclass(frozen=True)
class Answer:
    """What came of looking at a run through one view: something prepared to draw, a remark, or an error.

    Attributes
    ----------
    fitting : frozenset of str
        Names of the views that have something to show of the run.
    wish : int
        The pane's when it was asked for.
    """

    pane: ViewPane
    key: Key
    prepared: Any = None
    moment: Moment | None = None
    fitting: frozenset[str] = frozenset()
    remark: str = ""
    error: Exception | None = None
    wish: int = 0


class Live(QObject):
    """Keeps the visible views of one run up to date without holding the interface thread.

    Hidden views cost nothing; a view that becomes visible is drawn at the next tick.

    Attributes
    ----------
    drawn : Signal(str)
        Name of the view that was just drawn.
    moved : Signal(Moment)
        With every picture: where the run is.
    n_drawn : int
        Pictures drawn so far.
    """

    drawn = Signal(str)
    moved = Signal(object)
    _arrived = Signal(object)

    def __init__(self, area: ViewArea, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.n_drawn = 0
        self._area = area
        self._run: Run | None = None
        self._pinned: Snapshot | None = None
        self._empty = NO_RUN
        self._waiting = False
        self._rest_until = 0.0
        self._turn = 0
        self._scene: tuple[Key, Scene] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="views")
        self._arrived.connect(self._draw)
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._timer.start()

    @property
    def run(self) -> Run | None:
        """The run that is shown."""
        return self._run

    def show_run(self, run: Run | None) -> None:
        """Show `run` from the next tick on, at its newest snapshot."""
        self._run = run
        self._pinned = None
        for pane in self._area.panes:
            pane.shown = None
            pane.say(self._empty if run is None else f"Waiting for the first snapshot of {run.name}.")

    def say_empty(self, text: str) -> None:
        """What the views say while they have no run to show."""
        self._empty = text
        if self._run is None:
            for pane in self._area.panes:
                pane.say(text)

    def pin(self, snapshot: Snapshot | None) -> None:
        """Show a recorded snapshot instead of the newest; None goes back to the newest."""
        self._pinned = snapshot

    @property
    def pinned(self) -> Snapshot | None:
        """The recorded snapshot that is shown instead of the newest."""
        return self._pinned

    def close(self) -> None:
        """Draw no more, and wait for what is being computed."""
        self._timer.stop()
        self._run = None
        self._pool.shutdown(wait=True, cancel_futures=True)

    @Slot()
    def tick(self) -> None:
        """Ask for one picture, of the next visible view that is out of date."""
        run = self._run
        if run is None or self._waiting or time.monotonic() < self._rest_until:
            return
        key = self._key(run)
        panes = self._area.visible_panes()
        for k in range(len(panes)):
            pane = panes[(self._turn + k) % len(panes)]
            if pane.shown != key:
                self._turn = (self._turn + k + 1) % len(panes)
                self._waiting = True
                colours = theme.current_plots()
                wish = Wish(pane, pane.wish, pane.plot.asked, pane.plot.prepare)
                self._pool.submit(self._look, run, self._pinned, wish, key, colours)
                return

    def _key(self, run: Run) -> Key:
        pinned = None if self._pinned is None else self._pinned.iteration
        return Key(run.id, run.sequence, pinned, run.n_measured, theme.current().name)

    def _look(
        self,
        run: Run,
        pinned: Snapshot | None,
        wish: Wish,
        key: Key,
        colours: Theme,
    ) -> None:
        """On the views' own thread: snapshot to scene, to view data, to something that can be drawn at once."""
        pane = wish.pane
        try:
            scene = self._scene_at(run, pinned, key)
            if scene is None:
                answer = Answer(pane, key, remark=_waiting_words(run))
            elif pane.view.name not in (fitting := _fitting(scene)):
                summary = pane.view.summary
                words = f"Not for {scene.engine.title}: this view shows {summary[:1].lower()}{summary[1:]}"
                answer = Answer(pane, key, moment=_moment(run, scene), remark=words, fitting=fitting)
            else:
                with single_threaded_blas():  # beside a training, threads of BLAS would wait for one another
                    prepared = wish.prepare(pane.view.compute(scene.asking(wish.asked)), colours)
                answer = Answer(pane, key, prepared, _moment(run, scene), fitting=fitting)
        except Exception as error:
            answer = Answer(pane, key, error=error)
        self._arrived.emit(replace(answer, wish=wish.number))

    def _scene_at(self, run: Run, pinned: Snapshot | None, key: Key) -> Scene | None:
        if self._scene is not None and replace(self._scene[0], theme=key.theme) == key:
            return self._scene[1]
        scene = scene_of(run)
        if scene is not None and pinned is not None:
            scene = replace(scene, snapshot=pinned)
        self._scene = None if scene is None else (key, scene)
        return scene

    @Slot(object)
    def _draw(self, answer: Answer) -> None:
        self._waiting = False
        if self._run is None or self._run.id != answer.key.run:
            return
        pane = answer.pane
        pane.shown = answer.key if answer.wish == pane.wish else None
        if answer.moment is not None:
            self.moved.emit(answer.moment)
        if answer.fitting:
            self._area.offer(answer.fitting)
        if answer.error is not None:
            pane.say("This view could not be drawn.")
            errors.report(answer.error)
        elif answer.remark:
            pane.say(answer.remark)
        else:
            start = time.monotonic()
            pane.draw(answer.prepared)
            end = time.monotonic()
            self._rest_until = end + min(MOST_REST, REST * (end - start))
            self.n_drawn += 1
            self.drawn.emit(pane.view.name)


def _fitting(scene: Scene) -> frozenset[str]:
    return frozenset(view.name for view in VIEWS if view.applies(scene))


def _moment(run: Run, scene: Scene) -> Moment:
    history, snapshot = scene.history, scene.snapshot
    iteration, cost = thinned(history.get("iteration", np.empty(0)), history.get("cost", np.empty(0)))
    figures = (("cost", snapshot.cost), *snapshot.metrics.items())
    latest = tuple((metric_title(name), number(float(value), 5)) for name, value in figures)
    return Moment(run, snapshot, iteration, cost, latest)


def _waiting_words(run: Run) -> str:
    words = {
        "queued": f"{run.name} waits for its turn.",
        "running": f"{run.name} is being set up; the first picture appears with its first step.",
        "failed": f"{run.name} failed before its first step. {run.error}",
    }
    return words.get(run.status, f"Nothing was recorded of {run.name}.")
