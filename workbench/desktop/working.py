"""Work is started and steered: imports, merges, runs, sweeps, searches and refits, all of it in the background."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication

from workbench.data import Plan
from workbench.desktop import errors
from workbench.desktop.derive_dialog import DeriveRequest
from workbench.desktop.dialogs import Dialogs
from workbench.desktop.frame import Frame
from workbench.desktop.merge_dialog import MergeRequest
from workbench.desktop.new_run import RunRequest
from workbench.desktop.pasting import pasted_file
from workbench.desktop.picking import Picking
from workbench.desktop.search_dialog import SearchRequest
from workbench.desktop.stability_dialog import StabilityRequest
from workbench.desktop.start_dialog import StartRequest
from workbench.desktop.sweep_dialog import SweepRequest
from workbench.session import Dataset, Job, Merged, Run, Search, Session, Study, Subset, Sweep

BUTTONS = ("pause", "step", "resume", "stop")


class Working(QObject):
    """What people ask to be computed, from the page for a new run, the dialogs and the buttons.

    Attributes
    ----------
    started : Signal(Run or Study)
        It was made, and waits its turn.
    steered : Signal
        What is possible now may be something else.
    """

    started = Signal(object)
    steered = Signal()

    def __init__(self, frame: Frame, dialogs: Dialogs, picking: Picking, session: Callable[[], Session | None]) -> None:
        super().__init__(frame)
        self._frame = frame
        self._background = frame.background
        self._dialogs = dialogs
        self._picking = picking
        self._session = session
        dialogs.import_wanted.connect(self._import)
        dialogs.sweep_wanted.connect(self._sweep)
        dialogs.search_wanted.connect(self._search)
        dialogs.stability_wanted.connect(self._measure_stability)
        dialogs.derive_wanted.connect(self._derive)
        dialogs.start_wanted.connect(self._start_from)
        dialogs.test_part_wanted.connect(self._show_test_part)
        dialogs.merge_wanted.connect(self._merge)
        for page in (frame.sweeps, frame.searches):
            page.train_wanted.connect(self._train)
            page.stop_wanted.connect(partial(self._control, "stop"))
            page.resume_wanted.connect(partial(self._control, "resume"))

    def handlers(self) -> dict[str, Callable[[], object]]:
        """What the actions do."""
        made: dict[str, Callable[[], object]] = {
            "import": lambda: self._dialogs.import_data(),
            "paste_table": self.paste_table,
            "new_run": self.new_run,
            "start": self.start_run,
            "start_from": lambda: self.start_from(),
            "sweep": self.new_sweep,
            "search": self.new_search,
            "stability": self.new_stability,
            "show_test": self.ask_for_test_part,
            "apply": self.apply,
            "derive": self.derive,
            "merge_project": self.choose_merge,
            "hasten": self.hasten,
        }
        return made | {act: partial(self._control, act) for act in BUTTONS}

    def paste_table(self) -> None:
        """Open the import dialog with the table that is on the clipboard."""
        text = QGuiApplication.clipboard().text()
        self._background.call(self, partial(pasted_file, text), lambda path: self._dialogs.import_data([path]))

    def new_run(self) -> None:
        """Show the page for a new run on the selected dataset, or on the newest one."""
        dataset = self._chosen_dataset()
        if dataset is not None:
            self._frame.inspector.new_run.set_up(dataset)
            self._frame.show_inspector()
            self._frame.inspector.prepare()
            self.steered.emit()

    @Slot(object)
    def new_run_like(self, run: Run) -> None:
        """Set up a run with the parameters of `run`."""
        self._frame.inspector.new_run.set_up(run.dataset, run.engine.name, run.parameters)
        self._frame.inspector.prepare()

    def start_run(self) -> None:
        """Start what is set up in the inspector."""
        request = self._frame.inspector.new_run.request()
        if self._frame.inspector.is_preparing and request is not None:
            self.start(request)

    @Slot(object)
    def start(self, request: RunRequest) -> None:
        """Queue the run that is asked for."""
        session = self._session()
        if session is not None:
            self._frame.inspector.new_run.start.setEnabled(False)
            self._background.call(
                self,
                partial(_add_run, session, request),
                self.started.emit,
                self._not_started,
            )

    def new_sweep(self) -> None:
        """Open the dialog for a sweep on the selected dataset."""
        dataset, session = self._chosen_dataset(), self._session()
        if dataset is not None and session is not None:
            self._dialogs.set_up_sweep(list(session.datasets.values()), dataset)

    def new_search(self) -> None:
        """Open the dialog for a search on the selected dataset."""
        dataset, session = self._chosen_dataset(), self._session()
        if dataset is not None and session is not None:
            self._dialogs.set_up_search(session, dataset)

    def start_from(self, path: Path | None = None) -> None:
        """Open the dialog for a run that starts from a file, if one is given from this one."""
        dataset, session = self._chosen_dataset(), self._session()
        if dataset is not None and session is not None:
            self._dialogs.start_from(session, dataset, path)

    @Slot(object)
    def _start_from(self, request: StartRequest) -> None:
        session = self._session()
        if session is not None:
            self._background.call(self, partial(_begin, session, request), self.started.emit)

    def derive(self) -> None:
        """Open the dialog that makes another dataset of the selected one."""
        dataset, session = self._chosen_dataset(), self._session()
        if dataset is None or session is None:
            return
        sets = {f"Subset {s.name}": s.rows for s in session.subsets.values() if s.dataset == dataset.id}
        picked = session.selection.rows(dataset.id, dataset.n_rows)
        if len(picked):
            sets = {f"The {len(picked):,} picked rows": picked, **sets}
        self._dialogs.derive(dataset, sets)

    @Slot(object)
    def _derive(self, request: DeriveRequest) -> None:
        session = self._session()
        if session is not None:
            self._background.call(self, partial(session.derive, request.dataset, request.derivation, name=request.name))

    def choose_merge(self) -> None:
        """Ask for another project, and open the dialog that offers what is in it."""
        session = self._session()
        if session is not None:
            self._dialogs.choose_merge(session)

    @Slot(object)
    def _merge(self, request: MergeRequest) -> None:
        session = self._session()
        if session is not None:
            self._background.call(self, partial(session.merge, request.path, request.things), self._await_merge)

    def _await_merge(self, job: Job[Merged]) -> None:
        self._background.call(self, job.result, self._merged, lambda _: None)  # that it failed, the session tells

    def _merged(self, found: Merged) -> None:
        self._frame.statusBar().showMessage(" ".join(found.sentences), 20_000)

    def apply(self) -> None:
        """Open the dialog that applies the run that is shown to new rows."""
        if self._frame.live.run is not None:
            self._dialogs.apply(self._frame.live.run)

    def new_stability(self) -> None:
        """Open the dialog for refits of the run that is shown."""
        if self._frame.live.run is not None:
            self._dialogs.set_up_stability(self._frame.live.run)

    @property
    def facts(self) -> frozenset[str]:
        """What the table of actions asks of the dataset that is worked on."""
        dataset = self._chosen_dataset()
        return frozenset({"sealed"} if dataset is not None and dataset.is_sealed else ())

    def ask_for_test_part(self) -> None:
        """Ask whether the test part of the dataset that is worked on shall be shown."""
        dataset = self._chosen_dataset()
        if dataset is not None and dataset.is_sealed:
            self._dialogs.ask_for_test_part(dataset)

    @Slot(object)
    def _show_test_part(self, dataset: Dataset) -> None:
        session = self._session()
        if session is not None:
            self._background.call(self, partial(session.show_test_part, dataset), lambda _: self.steered.emit())

    def hasten(self) -> None:
        """Let the selected work be the next in the queue."""
        work, session = self._frame.tree.selected, self._session()
        if session is not None and isinstance(work, Run | Study) and work.job is not None:
            session.queue.hasten(work.job)
            self.steered.emit()

    def _chosen_dataset(self) -> Dataset | None:
        """The selected dataset, or that of the selected run or study, or the newest one."""
        thing, session = self._frame.tree.selected, self._session()
        dataset = thing.dataset if isinstance(thing, Run | Study) else thing
        if isinstance(dataset, Subset):
            dataset = self._picking.dataset
        if dataset is None and session is not None:
            dataset = next(reversed(list(session.datasets.values())), None)
        return dataset

    def _not_started(self, error: Exception) -> None:
        self._frame.inspector.new_run.start.setEnabled(True)
        errors.report(errors.describe(error))

    def _control(self, act: str) -> None:
        work = self._frame.study or self._frame.live.run
        if work is not None:
            self._background.call(self, getattr(work, act), lambda _: self.steered.emit())

    @Slot(object)
    def _import(self, plan: Plan) -> None:
        session = self._session()
        if session is not None:
            self._background.call(self, lambda: session.import_data(plan))

    @Slot(object)
    def _sweep(self, request: SweepRequest) -> None:
        session = self._session()
        if session is not None:
            self._background.call(self, partial(_add_sweep, session, request), self.started.emit)

    @Slot(object)
    def _search(self, request: SearchRequest) -> None:
        session = self._session()
        if session is not None:
            self._background.call(self, partial(_add_search, session, request), self.started.emit)

    @Slot(object)
    def _measure_stability(self, request: StabilityRequest) -> None:
        session = self._session()
        if session is not None:
            ask = partial(session.measure_stability, request.run, request.scheme, request.n_refits, seed=request.seed)
            self._background.call(self, ask, lambda _: self._frame.views.show_view("stability"))

    @Slot(object, int)
    def _train(self, study: Study, key: int) -> None:
        """Start the run of a sweep with one of its counts, or of one of the trials of a search."""
        session = self._session()
        if session is not None:
            self._background.call(self, partial(session.add_run_of, study, key), self.started.emit)


def _add_run(session: Session, request: RunRequest) -> Run:
    dataset, engine, parameters = request.dataset, request.engine, request.parameters
    return session.add_run(dataset, engine, parameters, name=request.name, watched=request.watched)


def _begin(session: Session, request: StartRequest) -> Run:
    """The run that starts from a file, and trains if that is asked for."""
    run = session.start_from(
        request.given, request.dataset, request.engine, request.parameters, units=request.units, name=request.name
    )
    if request.trains and run.resumable:
        run.resume()
    return run


def _add_sweep(session: Session, request: SweepRequest) -> Sweep:
    return session.add_sweep(request.dataset, request.engine, request.counts, request.parameters, name=request.name)


def _add_search(session: Session, request: SearchRequest) -> Search:
    return session.add_search(request.dataset, request.engine, request.space, **request.how, name=request.name)
