"""What is picked in the open project: views, menu and named subsets all change the one selection here."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from workbench.desktop import errors
from workbench.desktop.background import Background
from workbench.desktop.live import Live
from workbench.desktop.question import Question
from workbench.session import Dataset, Run, Session, Subset
from workbench.session.document import free_name
from workbench.session.selection import Combination, RowMask
from workbench.views.picking import Pick
from workbench.views.wording import counted


class Picking(QObject):
    """Changes the selection of the open session, and tells that it changed.

    Attributes
    ----------
    changed : Signal
        Something else is picked, or another thing is shown.
    """

    changed = Signal()
    _failed = Signal(object)

    def __init__(self, live: Live, background: Background, window: QWidget) -> None:
        super().__init__(window)
        self._live = live
        self._background = background
        self._window = window
        self._session: Session | None = None
        self._waiting = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="views-picks")  # one by one, in order
        self._failed.connect(errors.report)

    def follow(self, session: Session | None) -> None:
        """Pick in `session` from now on."""
        self._session = session
        self._live.follow(None if session is None else session.selection)
        self.changed.emit()

    def close(self) -> None:
        """Pick no more, and wait for what is being looked up."""
        self._session = None
        self._pool.shutdown(wait=True, cancel_futures=True)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """What the actions about picks do."""
        return {
            "pick_all": partial(self._change_rows, lambda rows: rows | ~rows),
            "pick_none": self.clear,
            "pick_invert": partial(self._change_rows, lambda rows: ~rows),
            "name_subset": self.ask_name,
        }

    @property
    def session(self) -> Session | None:
        """Where things are picked."""
        return self._session

    @property
    def facts(self) -> frozenset[str]:
        """What is true now, in the words of the table of actions."""
        return frozenset({"picked"} if self.rows is not None and len(self.rows) else ())

    @property
    def dataset(self) -> Dataset | None:
        """Whose rows are picked: that of what is shown."""
        shown = self._live.shown
        return shown.dataset if isinstance(shown, Run) else shown

    @property
    def rows(self) -> RowMask | None:
        """The picked rows of it, dropped ones left out."""
        if self._session is None or self.dataset is None:
            return None
        return self._session.selection.rows(self.dataset.id, self.dataset.n_rows) - self.dataset.dropped

    @property
    def prototypes(self) -> tuple[int, ...]:
        """The picked prototypes of the run that is shown, increasing."""
        run = self._live.run
        return () if self._session is None or run is None else tuple(sorted(self._session.selection.prototypes(run.id)))

    @property
    def features(self) -> tuple[int, ...]:
        """The picked features of the dataset, increasing."""
        if self._session is None or self.dataset is None:
            return ()
        return tuple(sorted(self._session.selection.features(self.dataset.id)))

    @property
    def words(self) -> str:
        """What is picked, for the status bar; "" for nothing."""
        rows, prototypes, features = self.rows, self.prototypes, self.features
        told = [counted(len(rows), "row")] if rows is not None and len(rows) else []
        if prototypes:
            told.append(counted(len(prototypes), "prototype"))
        if features:
            told.append(counted(len(features), "feature"))
        return " · ".join(told) + " picked" if told else ""

    @Slot(object)
    def pick(self, pick: Pick) -> None:
        """Pick what a person points at in a view."""
        session, shown = self._session, self._live.shown
        if session is not None and shown is not None:
            self._waiting += 1
            self._pool.submit(self._work, lambda: self._live.looker.pick(pick, session.selection, shown.id))

    @property
    def busy(self) -> bool:
        """Whether something that was pointed at is still looked up."""
        return self._waiting > 0

    @Slot()
    def clear(self) -> None:
        """Pick nothing."""
        if self._session is not None:
            self._session.selection.clear()

    def pick_subset(self, subset: Subset, how: Combination = "replace") -> None:
        """Pick the rows of a named subset, or combine the picked ones with them."""
        if self._session is not None:
            self._session.selection.pick_rows(subset.dataset, subset.rows, how)

    @Slot(object)
    def pick_alarm(self, run: Run) -> None:
        """Pick the rows that the alarm of a run names."""
        if self._session is not None and run.alarm is not None:
            rows = RowMask.of_rows(run.alarm.rows, run.dataset.n_rows)
            self._session.selection.pick_rows(run.dataset.id, rows)

    def ask_name(self) -> None:
        """Ask for a name, and keep the picked rows under it."""
        session, dataset, rows = self._session, self.dataset, self.rows
        if session is None or dataset is None or rows is None:
            return
        asked = f"A name for the {counted(len(rows), 'picked row')} of {dataset.name}:"
        dialog = Question("Name the picked rows", asked, self._window)
        dialog.setTextValue(free_name("picked rows", session.subsets.values()))
        dialog.textValueSelected.connect(
            lambda name: self._background.call(self, lambda: session.name_subset(name, dataset, rows))
        )
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _change_rows(self, change: Callable[[RowMask], RowMask]) -> None:
        rows, dataset = self.rows, self.dataset
        if self._session is not None and rows is not None and dataset is not None:
            self._session.selection.pick_rows(dataset.id, change(rows))

    def _work(self, look_up: Callable[[], None]) -> None:
        try:
            look_up()
        except Exception as error:
            self._failed.emit(error)
        finally:
            self._waiting -= 1
