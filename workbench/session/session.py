"""The open document: joins project, datasets, runs, studies, commands, queue and selection; each does its own part."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from workbench.data import Plan
from workbench.project import Project
from workbench.session import checks, commands, corrections
from workbench.session.branches import Branches
from workbench.session.carrying import Carrier
from workbench.session.commands import Command
from workbench.session.corrections import Correcting
from workbench.session.dataset import Dataset
from workbench.session.document import Document, Thing, find, free_name, kind_of, name_for, require_free
from workbench.session.errors import SessionClosed, SessionError
from workbench.session.estimates import Estimate, estimate, estimate_search
from workbench.session.events import SessionEvents, tell
from workbench.session.importing import Importing
from workbench.session.jobs import Job, JobQueue
from workbench.session.launching import launch
from workbench.session.log import Action, CommandLog, Entry, now
from workbench.session.measuring import measuring
from workbench.session.run import Run
from workbench.session.search import Search, SearchPlan, check_search
from workbench.session.selection import RowMask, Selection, Subset
from workbench.session.space import Space
from workbench.session.stability import MeasuredStability
from workbench.session.storage import Storage
from workbench.session.study import Study
from workbench.session.study_storage import Draft, search_draft, sweep_draft
from workbench.session.sweep import Sweep, check_counts
from workbench.session.threshold import choosing
from workbench.session.worker import new_facts

AnyStudy = TypeVar("AnyStudy", Sweep, Search)

if TYPE_CHECKING:  # it brings the compiler
    from engines.surgery import Effect


class Session:
    """A project that is open for work. Thread-safe; use as a context manager, or `close` it.

    Commands (`add_run`, `rename`, `delete`, `undo`, ...) wait until they are on the disk, some hundredths of a second,
    and change nothing when that fails. Learning and importing go on in the background; what comes of them is told by
    `events` and read from `Run` and `Job`.

    Attributes
    ----------
    path : Path
    project : Project
    notice : str
        What recovery did when the project was opened, or "".
    events : SessionEvents
    queue : JobQueue
        One run at a time, and imports beside it.
    selection : Selection
    """

    def __init__(self, project: Project) -> None:
        """Take over an open project; `create` and `open` are the ways in."""
        self.project = project
        self.path: Path = project.path
        self.notice: str = project.recovered
        self.events = SessionEvents()
        self.queue = JobQueue(self._job_changed)
        self.selection = Selection(lambda: tell(self.events.selection_changed))
        self._storage = Storage(project)
        contents = self._storage.load()
        self._document = Document(contents.datasets, contents.runs, contents.studies, contents.subsets)
        self._log = CommandLog(contents.entries)
        self._changing = threading.RLock()
        self._closing = threading.Event()
        self._carrier = Carrier(self._storage, self._document, self._log, self.events, self._changing)
        self._branches = Branches(project, self._document, self._log, self.events, self._changing, self._adopt)
        works: list[Run | Study] = [*contents.runs, *contents.studies]
        for work in works:
            self._adopt(work)

    @classmethod
    def create(cls, path: Path | str) -> Self:
        """Make a new project file; raises ProjectError if there is one, or it cannot be written."""
        return cls._over(Project.create(path))

    @classmethod
    def open(cls, path: Path | str, *, read_only: bool = False) -> Self:
        """Open a project file, mending what a crash may have left; raises ProjectError if it cannot be read."""
        return cls._over(Project.open(path, read_only=read_only))

    @classmethod
    def _over(cls, project: Project) -> Self:
        try:
            return cls(project)
        except BaseException:
            project.close()
            raise

    # What there is

    @property
    def read_only(self) -> bool:
        return self.project.read_only

    @property
    def closed(self) -> bool:
        return self._closing.is_set()

    @property
    def datasets(self) -> Mapping[str, Dataset]:
        """By id; hidden ones are not listed."""
        return self._document.datasets

    @property
    def runs(self) -> Mapping[str, Run]:
        """By id; hidden ones are not listed."""
        return self._document.runs

    @property
    def sweeps(self) -> Mapping[str, Sweep]:
        """By id; hidden ones are not listed."""
        return self._document.sweeps

    @property
    def searches(self) -> Mapping[str, Search]:
        """By id; hidden ones are not listed."""
        return self._document.searches

    @property
    def subsets(self) -> Mapping[str, Subset]:
        """By id; hidden ones are not listed."""
        return self._document.subsets

    @property
    def log(self) -> tuple[Entry, ...]:
        """All that was done, undone and redone, in order."""
        return tuple(self._log.entries)

    def dataset(self, wanted: str) -> Dataset:
        """The dataset with this name or id; raises SessionError listing those there are."""
        return find(self.datasets, wanted, "dataset")

    def run(self, wanted: str) -> Run:
        """The run with this name or id; raises SessionError listing those there are."""
        return find(self.runs, wanted, "run")

    def sweep(self, wanted: str) -> Sweep:
        """The sweep with this name or id; raises SessionError listing those there are."""
        return find(self.sweeps, wanted, "sweep")

    def search(self, wanted: str) -> Search:
        """The search with this name or id; raises SessionError listing those there are."""
        return find(self.searches, wanted, "search")

    def subset(self, wanted: str) -> Subset:
        """The named subset with this name or id; raises SessionError listing those there are."""
        return find(self.subsets, wanted, "subset")

    # Work

    def import_data(self, plan: Plan, *, name: str | None = None) -> Job[Dataset]:
        """Import in the background, as a command; cancelled or failed, nothing of it remains.

        Returns
        -------
        Job
            `result()` gives the Dataset, or raises what went wrong.

        Raises
        ------
        SessionError
            If the project is closed or opened for reading only.
        """
        self._require_writable()
        wanted = name or plan.name or "data"
        return self.queue.submit(Importing(plan, wanted, self._storage, self._admit).job())

    def parse(self, engine: str, texts: Mapping[str, str]) -> dict[str, Any]:
        """Parameter values from what people type; raises SessionError as `add_run` does."""
        return checks.parse_parameters(engine, texts)

    def add_run(
        self,
        dataset: Dataset | str,
        engine: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        name: str | None = None,
        paused: bool = False,
        watched: bool = True,
    ) -> Run:
        """Queue a run, as a command; it starts as soon as those before it have ended.

        With `paused` it holds before its first step, so that it can be watched step by step from the start. Where it
        is `watched` it also pauses when it seems to run away, and `Run.alarm` says why.

        Raises
        ------
        SessionError
            If the engine, a parameter, its value, or the dataset is not known or does not fit; nothing is changed.
        """
        self._require_writable()
        data = self.dataset(dataset) if isinstance(dataset, str) else dataset
        info = checks.find_engine(engine)
        values = checks.complete_parameters(info, parameters or {}, data)
        given = data.as_of(data.correction)
        facts = new_facts(given, checks.check_run(given, info, values), watched=watched)
        with self._changing:
            run_name = name_for(name, f"{info.name} on {data.name}", self.runs.values(), "run")

            def logged(id: str) -> Entry:
                return Entry("do", commands.adding_run(id, run_name, data.id, info.name, values), now())

            run, entry = self._storage.add_run(run_name, info, values, data, facts, logged)
            self._adopt(run)
            self._document.add(run)
            self._log.append(entry)
        tell(self.events.run_added, run)
        tell(self.events.history_changed)
        self._enqueue(run, paused=paused)
        return run

    def add_sweep(
        self,
        dataset: Dataset | str,
        engine: str,
        counts: Iterable[int],
        parameters: Mapping[str, Any] | None = None,
        *,
        name: str | None = None,
    ) -> Sweep:
        """Queue a search for the right count of prototypes, as a command; it waits its turn among the runs.

        Parameters
        ----------
        counts : iterable of int
            What to try of the engine's `EngineInfo.count`; its other parameters are those given, or their defaults.

        Raises
        ------
        SessionError
            If the engine has no count, or a count, a parameter, or the dataset does not fit; nothing is changed.
        """
        self._require_writable()
        data = self.dataset(dataset) if isinstance(dataset, str) else dataset
        info = checks.find_engine(engine)
        wanted = check_counts(info, data, counts)
        values = checks.complete_parameters(info, parameters or {}, data) | {info.count: wanted[-1]}
        given = data.as_of(data.correction)
        facts = new_facts(given, checks.check_run(given, info, values))
        del values[info.count]
        return self._add_study(Sweep, name, sweep_draft(data, info.name, wanted, values, facts))

    def plan_search(
        self,
        dataset: Dataset | str,
        engine: str,
        space: Space,
        *,
        parameters: Mapping[str, Any] | None = None,
        scheme: str = "grid",
        n_trials: int | None = None,
        folds: int = 5,
        seed: int = 0,
    ) -> tuple[SearchPlan, Estimate]:
        """What `add_search` would do and take, which changes nothing; raises SessionError as it does."""
        data = self.dataset(dataset) if isinstance(dataset, str) else dataset
        info = checks.find_engine(engine)
        plan = check_search(
            info, data, space, parameters or {}, scheme=scheme, n_trials=n_trials, folds=folds, seed=seed
        )
        return plan, estimate_search(plan, self.runs.values())

    def add_search(
        self,
        dataset: Dataset | str,
        engine: str,
        space: Space,
        *,
        parameters: Mapping[str, Any] | None = None,
        scheme: str = "grid",
        n_trials: int | None = None,
        folds: int = 5,
        seed: int = 0,
        name: str | None = None,
    ) -> Search:
        """Queue a search for good parameters by cross-validation, as a command; it waits its turn among the runs.

        Parameters
        ----------
        space : mapping
            What varies: for each parameter a list of values, or a `Range` that trials are drawn from.
        parameters : mapping, optional
            Others that are not at their defaults.
        scheme : {"grid", "random"}
            Every combination of the values, for which a range of whole numbers stands for all of them; or
            `n_trials` of them drawn at random.
        n_trials : int, optional
            20 by default; only of a random search.
        folds : int
            The training part is cut in so many; a trial learns from all but one and is judged on that one, in turn.
            Validation and test part are not used, and the preprocessing is fitted anew without the rows held out.
        seed : int
            Of the cut and of the drawing.

        Raises
        ------
        SessionError
            If a parameter, a value, a number or the dataset does not fit; nothing is changed.
        """
        self._require_writable()
        plan, _ = self.plan_search(
            dataset, engine, space, parameters=parameters, scheme=scheme, n_trials=n_trials, folds=folds, seed=seed
        )
        given = plan.dataset.as_of(plan.dataset.correction)
        return self._add_study(Search, name, search_draft(plan, new_facts(given, plan.remarks)))

    def add_run_of(self, study: Study, key: int | None = None) -> Run:
        """Queue the run of a sweep with the count `key`, or of a search's trial `key`, or of the recommended one.

        It learns with those parameters, from all training rows.

        Raises
        ------
        SessionError
            If nothing is recommended and no key is given, or as `add_run` does.
        """
        chosen = study.choice() if key is None else key
        parameters = study.parameters_with(chosen)
        name = free_name(study.run_name(chosen), self.runs.values())
        return self.add_run(study.dataset, study.engine.name, parameters, name=name)

    def measure_stability(
        self, run: Run, scheme: str = "bootstrap", n_refits: int = 20, *, seed: int = 0
    ) -> Job[MeasuredStability]:
        """Learn a run's metric again and again, to tell how stable it is; waits its turn among the runs.

        What is measured stays with the run, and a measuring that was stopped goes on when it is asked for again. It
        adds to what is known of a run and changes nothing, so it is no command.

        Parameters
        ----------
        run : Run
            At rest, of an engine that learns a metric.
        scheme : {"bootstrap", "folds", "seeds"}
            What changes from refit to refit; see `engines.lvq.refits.Resampling`.
        n_refits, seed : int

        Raises
        ------
        SessionError
            If the run is not such a one, is measured already, or the scheme or number is not possible.
        """
        self._require_writable()
        return self.queue.submit(measuring(run, scheme, n_refits, seed))

    def branch(self, run: Run, iteration: int | None = None, *, name: str | None = None) -> Run:
        """Make a run that goes on from the model `run` had at an iteration, as a command; resume it to train.

        Its training begins anew from the prototypes and metric there, and iteration 0 shows them. Where an engine can
        start from no given model, the branch goes on from the newest training state instead, bit for bit.

        Parameters
        ----------
        run : Run
        iteration : int, optional
            The nearest recorded one is taken (`Run.snapshots`); None is the newest.
        name : str, optional
            None makes one.

        Raises
        ------
        SessionError
            If nothing is recorded of the run, or its engine cannot go on from there.
        """
        self._require_writable()
        return self._branches.branch(run, iteration, name)

    def edit(self, run: Run, operation: str, **arguments: Any) -> Run:
        """Operate on the newest model of a run at rest, as a command; the error before and after is in `Run.editions`.

        A branch that has not been trained gets another edition, which undoing takes out of force. Of any other run a
        branch is made, which begins with the edition, and the run stays as it is.

        Parameters
        ----------
        run : Run
        operation : str
            merge(which), split(which), delete(which), add(vector or rows, label), relabel(which, label), pin(which),
            unpin(which), prune() or merge_close(within), as in `engines.surgery`. A split parts the training rows of
            the prototype in two, unless an `offset` is given. `rows` are numbers of rows, or a RowMask: the prototype
            is their mean, of the class that most of them have.
        **arguments
            Of the operation.

        Returns
        -------
        Run
            The run that has the edition in force.

        Raises
        ------
        SessionError
            If the run is not at rest, has learned nothing, or does not allow this; nothing is changed.
        """
        self._require_writable()
        return self._branches.edit(run, operation, arguments)

    def preview(self, run: Run, operation: str, **arguments: Any) -> Effect:
        """What `edit` would do to the error on the training rows; changes nothing, and raises as `edit` does."""
        return self._branches.preview(run, operation, arguments)

    def resume_run(self, run: Run) -> None:
        """Go on with a stopped, failed or interrupted run from its last stored state, or with a paused one."""
        run.resume()

    def estimate(self, dataset: Dataset | str, engine: str, parameters: Mapping[str, Any] | None = None) -> Estimate:
        """What a run would take; raises SessionError as `add_run` does."""
        data = self.dataset(dataset) if isinstance(dataset, str) else dataset
        info = checks.find_engine(engine)
        values = checks.complete_parameters(info, parameters or {}, data)
        remarks = checks.check_run(data, info, values)
        return estimate(data, info, values, remarks, self.runs.values())

    # Commands

    def do(self, command: Command) -> None:
        """Carry a command out and record it; what could be redone cannot any more."""
        self._carry_out("do", lambda: command)

    def undo(self) -> None:
        """Take the last command back; undoing an import or a run hides it. Raises SessionError if there is none."""
        self._carry_out("undo", lambda: self._log.undoable)

    def redo(self) -> None:
        """Do again what was undone last; nothing is recomputed. Raises SessionError if there is nothing."""
        self._carry_out("redo", lambda: self._log.redoable)

    @property
    def can_undo(self) -> str | None:
        """What `undo` would take back, in words, e.g. "import of iris"; None if nothing."""
        command = None if self.read_only else self._log.undoable
        return command.text if command else None

    @property
    def can_redo(self) -> str | None:
        """What `redo` would do again, in words; None if nothing."""
        command = None if self.read_only else self._log.redoable
        return command.text if command else None

    def rename(self, thing: Thing, name: str) -> None:
        """Give a dataset, run, sweep, search or subset another name; raises SessionError if it is empty or taken."""
        name = name.strip()
        others = [other for other in self._document.like(thing) if other.id != thing.id]
        require_free(name, others, kind_of(thing))
        if name != thing.name:
            self.do(commands.renaming(thing.id, thing.name, name))

    def delete(self, thing: Thing) -> None:
        """Hide a dataset with its runs and studies, a run, a study or a subset, and stop what is running of it."""
        self.do(commands.deleting(thing.id, thing.name))

    def note(self, thing: Dataset | Run | Study, text: str) -> None:
        """Write a note on a dataset, run, sweep or search."""
        if text != thing.note:
            self.do(commands.noting(thing.id, thing.name, thing.note, text))

    def name_subset(self, name: str, dataset: Dataset, rows: RowMask) -> Subset:
        """Keep rows of a dataset under a name, as a command.

        Raises
        ------
        SessionError
            If the name is empty or taken, or `rows` is for another number of rows.
        """
        self._require_writable()
        name = name.strip()
        if rows.n_rows != dataset.n_rows:
            raise SessionError(
                f"The subset is of {rows.n_rows} rows, but dataset '{dataset.name}' has {dataset.n_rows}."
            )
        with self._changing:
            require_free(name, self.subsets.values(), "subset")

            def logged(id: str) -> Entry:
                return Entry("do", commands.naming_subset(id, name, dataset.id, len(rows)), now())

            subset, entry = self._storage.add_subset(name, dataset.id, rows, logged)
            self._document.add(subset)
            self._log.append(entry)
        tell(self.events.selection_changed)
        tell(self.events.history_changed)
        return subset

    def relabel(self, dataset: Dataset | str, rows: corrections.Rows, value: Any) -> None:
        """Correct the label of rows, numbers or a mask, as a command; those that have it already are left out.

        What was stored at the import stays as it is, and so does every run that was made before: one that is under
        way, or resumed later, goes on with the labels that it began with. Learn from the corrected labels with
        `add_run`.

        Parameters
        ----------
        value : class value, or None
            One of the dataset's classes; None takes the label away.

        Raises
        ------
        SessionError
            If there is no such row or class, or the data have no labels; nothing is changed.
        """
        self._carry_out("do", lambda: corrections.relabelling(self._shown(dataset), rows, value))

    def drop(self, dataset: Dataset | str, rows: corrections.Rows) -> None:
        """Take rows out of every part, so that none is learned from nor measured, as a command; see also `relabel`.

        The recipe stays as it was fitted when the data were imported, with those rows.

        Raises
        ------
        SessionError
            If there is no such row, or none would be left to train on.
        """
        self._carry_out("do", lambda: corrections.dropping(self._shown(dataset), rows, True))

    def keep(self, dataset: Dataset | str, rows: corrections.Rows) -> None:
        """Put dropped rows back into their parts, as a command; raises SessionError if there is no such row."""
        self._carry_out("do", lambda: corrections.dropping(self._shown(dataset), rows, False))

    def set_threshold(self, run: Run, value: float | None, part: str = "validation") -> None:
        """Keep with a run below which certainty rows are to be rejected, as a command; None takes it away.

        It goes where the model goes: report, model file, codebook. It is that of the model the run has now; once the
        run has learned on it counts no more.

        Parameters
        ----------
        value : float or None
            Of the relative certainty, 0 to 1; see `Threshold`.
        part : {"train", "validation", "test"}
            The part on which it was chosen.

        Raises
        ------
        SessionError
            If the run predicts no classes or has learned nothing, or the value or part is not possible.
        """
        self._carry_out("do", lambda: choosing(run, value, part))

    # The end

    def close(self, wait: bool = True) -> None:
        """Stop what runs, record it, and let go of the project; with `wait` false, that happens in the background.

        Not to be called from a listener of `events` that runs on a worker's thread.
        """
        if self._closing.is_set():
            return
        self._closing.set()
        self.queue.close()
        if wait:
            self._finish()
        else:
            threading.Thread(target=self._finish, name="vqw-closing").start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _finish(self) -> None:
        self.queue.join()
        self.project.close()

    def _adopt(self, work: Run | Study) -> None:
        """Connect a run or a study to this session's queue and events."""
        work.requeue = lambda: self._enqueue(work)
        if isinstance(work, Study):
            work.announce = lambda: tell(getattr(self.events, f"{kind_of(work)}_changed"), work)
            return
        run = work
        run.announce = lambda: tell(self.events.run_changed, run)
        run.peers = lambda: tuple(r for r in self.runs.values() if r.dataset is run.dataset and r is not run)

    def _add_study(self, kind: type[AnyStudy], name: str | None, draft: Draft) -> AnyStudy:
        """Keep a study under this name, or one that is free, and queue it."""
        word, data = kind.__name__.lower(), draft.dataset
        with self._changing:
            otherwise = f"{draft.record.engine} {word} on {data.name}"
            chosen = name_for(name, otherwise, self._document.shown(kind).values(), word)
            study, entry = self._storage.add_study(
                replace(draft.record, name=chosen), data, lambda id: Entry("do", draft.command(id, chosen), now())
            )
            assert isinstance(study, kind)
            self._adopt(study)
            self._document.add(study)
            self._log.append(entry)
        tell(getattr(self.events, f"{word}_added"), study)
        tell(self.events.history_changed)
        self._enqueue(study)
        return study

    def _enqueue(self, work: Run | Study, *, paused: bool = False) -> None:
        self._require_writable()
        launch(work, self.queue, self._closing.is_set, self._changing, paused=paused)

    def _admit(self, wanted: str, make: Callable[[str], tuple[Dataset, Entry]]) -> Dataset:
        """Take in a dataset that an import brought; `make` commits it under the name it is given."""
        with self._changing:
            dataset, entry = make(free_name(wanted, self.datasets.values()))
            self._document.add(dataset)
            self._log.append(entry)
        tell(self.events.dataset_added, dataset)
        tell(self.events.history_changed)
        return dataset

    def _carry_out(self, action: Action, choose: Callable[[], Command | Correcting | None]) -> None:
        self._require_writable()
        self._carrier.carry_out(action, choose)

    def _shown(self, dataset: Dataset | str) -> Dataset:
        """The dataset that commands reach."""
        return self.dataset(dataset if isinstance(dataset, str) else dataset.id)

    def _job_changed(self, job: Job[Any]) -> None:
        tell(self.events.job_changed, job)
        if job.status == "failed":
            tell(self.events.failed, job.title, job.error)

    def _require_writable(self) -> None:
        if self.closed:
            raise SessionClosed(f"The project '{self.path.name}' is closed; open it again to go on.")
        if self.read_only:
            raise SessionError(f"The project '{self.path.name}' was opened for reading only; open it for writing.")
