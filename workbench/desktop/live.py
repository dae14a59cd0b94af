"""Drawing a run while it learns: a timer looks at its mailbox, one thread computes, the visible view draws."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engines import Snapshot
from engines.blocks import single_threaded_blas
from workbench.desktop import errors, theme
from workbench.desktop.view_area import NO_RUN, ViewArea, ViewPane
from workbench.session import Dataset, Run, Selection
from workbench.views import Scene, View
from workbench.views.curves import thinned
from workbench.views.looker import Key, Looker, key_of, unfit_words, waiting_words
from workbench.views.theme import Theme
from workbench.views.when import When
from workbench.views.wording import metric_title, number

TICK_MS = 33
REST, MOST_REST = 2.0, 0.25
"""After a draw that took t, the next waits for REST · t (at most MOST_REST seconds), so the interface has time left."""


@dataclass(frozen=True, eq=False)
class Beside:
    """Where the run is that a view lays beside the one that is shown.

    Attributes
    ----------
    name, engine : str
        Of the run; of its engine, for programs.
    snapshot : Snapshot
    iteration, cost : (t,) float64
        Its learning curve, thinned.
    """

    name: str
    engine: str
    snapshot: Snapshot
    iteration: NDArray[np.float64]
    cost: NDArray[np.float64]


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
    beside : Beside or None
        While a view can be seen that compares the run with another one.
    """

    run: Run
    snapshot: Snapshot
    iteration: NDArray[np.float64]
    cost: NDArray[np.float64]
    latest: tuple[tuple[str, str], ...]
    beside: Beside | None = None


@dataclass(frozen=True)
class Wish:
    """What a pane wishes for.

    Attributes
    ----------
    number : int
        Of the wish among the pane's.
    key : Key
    version : int
        Of the selection, to be marked in the picture.
    asked : str
        What a person asked for.
    whole : bool
        Whether the picture is to be made anew, not its marks alone.
    """

    pane: ViewPane
    number: int
    key: Key
    version: int
    asked: str
    whole: bool


@dataclass(frozen=True)
class Answer:
    """What came of looking at a run through one view: something prepared to draw, a remark, or an error.

    Attributes
    ----------
    marks : object
        What the plot prepared of what is picked.
    fitting : frozenset of str
        Names of the views that have something to show of the run.
    """

    wish: Wish
    prepared: Any = None
    marks: Any = None
    moment: Moment | None = None
    fitting: frozenset[str] = frozenset()
    remark: str = ""
    error: Exception | None = None


class Live(QObject):
    """Keeps the visible views of one run, or of data alone, up to date without holding the interface thread.

    Hidden views cost nothing; a view that becomes visible is drawn at the next tick.

    Attributes
    ----------
    drawn : Signal(str)
        Name of the view that was just drawn.
    moved : Signal(Moment)
        With every picture, and when a view that compares comes or goes: where the run is.
    n_drawn : int
        Pictures drawn so far.
    """

    drawn = Signal(str)
    moved = Signal(object)
    _arrived = Signal(object)

    def __init__(self, area: ViewArea, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.n_drawn = 0
        self.looker = Looker()
        self._area = area
        self._shown: Run | Dataset | None = None
        self._selection: Selection | None = None
        self._pinned: Snapshot | None = None
        self._when: When | None = None
        self._moment: Moment | None = None
        self._beside: Beside | None = None
        self._empty = NO_RUN
        self._waiting = False
        self._rest_until = 0.0
        self._turn = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="views")
        self._arrived.connect(self._draw)
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._timer.start()

    @property
    def run(self) -> Run | None:
        """The run that is shown."""
        return self._shown if isinstance(self._shown, Run) else None

    @property
    def shown(self) -> Run | Dataset | None:
        """The run, or the data alone, that is shown."""
        return self._shown

    def follow(self, selection: Selection | None) -> None:
        """Mark in the pictures what `selection` has."""
        self._selection = selection

    def show(self, thing: Run | Dataset | None) -> None:
        """Show a run at its newest snapshot, or data alone, from the next tick on."""
        self._shown = thing
        self._pinned = self._when = self._moment = self._beside = None
        for pane in self._area.panes:
            pane.forget()
            pane.say(self._empty if thing is None else f"Waiting for the first picture of {thing.name}.")

    def say_empty(self, text: str) -> None:
        """What the views say while they have no run to show."""
        self._empty = text
        if self._shown is None:
            for pane in self._area.panes:
                pane.say(text)

    def pin(self, snapshot: Snapshot | None, when: When | None = None) -> None:
        """Show a recorded snapshot instead of the newest, and another run beside it at `when`, or at its iteration.

        None goes back to the newest.
        """
        self._pinned = snapshot
        self._when = None if snapshot is None else when or When(snapshot.iteration)

    @property
    def pinned(self) -> Snapshot | None:
        """The recorded snapshot that is shown instead of the newest."""
        return self._pinned

    @property
    def scene(self) -> Scene | None:
        """What is shown as it was last looked at, with what was picked then; None before that."""
        return None if self._shown is None else self.looker.seen(self._shown.id)

    def close(self) -> None:
        """Draw no more, and wait for what is being computed."""
        self._timer.stop()
        self._shown = None
        self._pool.shutdown(wait=True, cancel_futures=True)

    @Slot()
    def tick(self) -> None:
        """Ask for one picture, or its marks, of the next visible view that is out of date."""
        thing = self._shown
        if thing is None or self._waiting or time.monotonic() < self._rest_until:
            return
        version = 0 if self._selection is None else self._selection.version
        panes = self._area.visible_panes()
        self._tell(self._moment, panes)
        for k in range(len(panes)):
            pane = panes[(self._turn + k) % len(panes)]
            key = self._key(thing, version if pane.view.follows_picks else 0, pane.view)
            if pane.shown != key or pane.marked != version:
                self._turn = (self._turn + k + 1) % len(panes)
                self._waiting = True
                wish = Wish(pane, pane.wish, key, version, pane.plot.asked, pane.shown != key)
                self._pool.submit(self._look, thing, self._selection, self._pinned, wish, theme.current_plots())
                return

    def _tell(self, moment: Moment | None, panes: list[ViewPane]) -> None:
        """Tell of a new moment, or of what is compared with it, where that has come or gone with a view."""
        beside = self._beside if any(pane.view.beside is not None for pane in panes) else None
        if moment is not None and moment.beside is not beside:
            moment = replace(moment, beside=beside)
        if moment is not None and moment is not self._moment:
            self._moment = moment
            self.moved.emit(moment)

    def _key(self, thing: Run | Dataset, picked: int, view: View) -> Key:
        beside = self._beside.name if view.beside is not None and self._beside is not None else None
        return key_of(thing, theme.current().name, picked=picked, pinned=self._pinned, when=self._when, beside=beside)

    def _look(
        self, thing: Run | Dataset, selection: Selection | None, pinned: Snapshot | None, wish: Wish, colours: Theme
    ) -> None:
        """On the views' own thread: snapshot to scene, to view data, to something that can be drawn at once."""
        pane = wish.pane
        try:
            scene = self.looker.scene(thing, pinned, wish.key)
            if scene is None:
                answer = Answer(wish, remark=waiting_words(thing))
            elif pane.view.name not in (fitting := self.looker.fitting):
                answer = Answer(
                    wish, moment=_moment(thing, scene, None), remark=unfit_words(pane.view, scene), fitting=fitting
                )
            else:
                with single_threaded_blas():  # beside a training, threads of BLAS would wait for one another
                    picked = self.looker.picked(selection)
                    data = self.looker.data(pane.view, wish.key, wish.asked, picked)
                    prepared = pane.plot.prepare(data, colours) if wish.whole else None
                    marks = pane.plot.prepare_marks(data, picked, colours)
                    beside = _beside(self.looker.beside(pane.view, wish.asked))
                answer = Answer(wish, prepared, marks, _moment(thing, scene, beside), fitting)
        except Exception as error:
            answer = Answer(wish, error=error)
        self._arrived.emit(answer)

    @Slot(object)
    def _draw(self, answer: Answer) -> None:
        self._waiting = False
        wish, pane = answer.wish, answer.wish.pane
        if self._shown is None or self._shown.id != wish.key.shown:
            return
        pane.took(wish.number, wish.key, wish.version)
        if answer.moment is not None:
            if pane.view.beside is not None:
                self._beside = answer.moment.beside
            self._tell(answer.moment, self._area.visible_panes())
        if answer.fitting:
            self._area.offer(answer.fitting)
        if answer.error is not None:
            pane.say("This view could not be drawn.")
            errors.report(answer.error)
        elif answer.remark:
            pane.say(answer.remark)
        else:
            start = time.monotonic()
            if wish.whole:
                pane.draw(answer.prepared)
            pane.plot.mark(answer.marks)
            end = time.monotonic()
            self._rest_until = end + min(MOST_REST, REST * (end - start))
            self.n_drawn += 1
            self.drawn.emit(pane.view.name)


def _beside(scene: Scene | None) -> Beside | None:
    return None if scene is None else Beside(scene.name, scene.engine.name, scene.snapshot, *_costs(scene))


def _costs(scene: Scene) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return thinned(scene.history.get("iteration", np.empty(0)), scene.history.get("cost", np.empty(0)))


def _moment(thing: Run | Dataset, scene: Scene, beside: Beside | None) -> Moment | None:
    if isinstance(thing, Dataset):
        return None
    snapshot = scene.snapshot
    iteration, cost = _costs(scene)
    figures = (("cost", snapshot.cost), *snapshot.metrics.items())
    latest = tuple((metric_title(name), number(float(value), 5)) for name, value in figures)
    return Moment(thing, snapshot, iteration, cost, latest, beside)
