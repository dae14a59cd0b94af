"""An open project and what is in it, which the commands and the work of a session share."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.project import CopiedProject, Project
from workbench.session.branches import Branches
from workbench.session.carrying import Carrier
from workbench.session.dataset import Dataset
from workbench.session.document import Document, find, kind_of
from workbench.session.errors import SessionClosed, SessionError
from workbench.session.events import SessionEvents, tell
from workbench.session.jobs import Job, JobQueue
from workbench.session.launching import launch
from workbench.session.log import CommandLog, Entry, present
from workbench.session.run import Run
from workbench.session.search import Search
from workbench.session.selection import Selection, Subset
from workbench.session.storage import Storage
from workbench.session.study import Study
from workbench.session.sweep import Sweep


class Contents:
    """What an open project has, by id and by name.

    Attributes
    ----------
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
        self.notice: str = project.recovered
        self.events = SessionEvents()
        self.queue = JobQueue(self._job_changed)
        self.selection = Selection(lambda: tell(self.events.selection_changed))
        self._storage = Storage(project)
        contents = self._storage.load()
        self._document = Document(contents.datasets, contents.runs, contents.studies, contents.subsets)
        self._log = CommandLog(present(contents.entries, self._document.everything))
        self._changing = threading.RLock()
        self._closing = threading.Event()
        self._carrier = Carrier(self._storage, self._document, self._log, self.events, self._changing)
        self._branches = Branches(project, self._document, self._log, self.events, self._changing, self._adopt)
        things: list[Dataset | Run | Study] = [*contents.datasets, *contents.runs, *contents.studies]
        for thing in things:
            self._adopt(thing)
        if isinstance(project, CopiedProject):
            failed = self.events.failed
            project.on_word(lambda sentence: tell(failed, "Bringing back", sentence))

    @property
    def path(self) -> Path:
        """Where people know the project to be."""
        return self.project.address

    @property
    def parting(self) -> str:
        """What was not as usual when the session was closed, or ""."""
        return self.project.parting

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
    def works(self) -> list[Run | Study]:
        """All runs, sweeps and searches; hidden ones are not listed."""
        return [*self.runs.values(), *self.sweeps.values(), *self.searches.values()]

    @property
    def active_work(self) -> list[Run | Study]:
        """Those that wait, go on or pause."""
        return [work for work in self.works if work.active]

    @property
    def waiting(self) -> list[Run | Study]:
        """Those that wait, in the order in which they will begin."""
        by_job = {id(work.job): work for work in self.works if work.job is not None}
        return [by_job[id(job)] for job in self.queue.waiting if id(job) in by_job]

    @property
    def imports(self) -> list[Job[Any]]:
        """Imports that wait or go on."""
        return [job for job in self.queue.jobs if job.lane == "importing"]

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

    def known_dataset(self, id: str) -> Dataset:
        """The dataset with the id, also a deleted one, of which another may have been made."""
        dataset = self._document.get(id)
        assert isinstance(dataset, Dataset)
        return dataset

    def known_run(self, id: str) -> Run:
        """The run with the id, also a deleted one, which another may have branched off."""
        return self._document.run(id)

    def runs_on(self, dataset: Dataset) -> tuple[Run, ...]:
        """All runs on a dataset, deleted ones too."""
        return tuple(work for work in self._document.work_of(dataset.id) if isinstance(work, Run))

    def kin_of(self, dataset: Dataset) -> tuple[Dataset, ...]:
        """The other datasets that may share rows with it, deleted ones too: of one origin, or of equal rows."""
        told = (command for entry in self.log for command in entry.command.told)
        made_of = {command.target: command.details["from"] for command in told if command.kind == "derive"}

        def origin(id: str) -> str:
            return origin(made_of[id]) if id in made_of else id

        others = [thing for thing in self._document.everything.values() if isinstance(thing, Dataset)]
        mine = origin(dataset.id)
        kin = (d for d in others if origin(d.id) == mine or d.data_hash == dataset.data_hash)
        return tuple(d for d in kin if d.id != dataset.id)

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

    def _adopt(self, work: Dataset | Run | Study) -> None:
        """Connect a dataset, a run or a study to this session's selection, queue and events."""
        if isinstance(work, Dataset):
            work.selection = self.selection
            return
        work.requeue = lambda: self._enqueue(work)
        if isinstance(work, Study):
            work.announce = lambda: tell(getattr(self.events, f"{kind_of(work)}_changed"), work)
            return
        run = work
        run.selection = self.selection
        run.announce = lambda: tell(self.events.run_changed, run)
        run.peers = lambda: tuple(r for r in self.runs.values() if r.dataset is run.dataset and r is not run)

    def _enqueue(self, work: Run | Study, *, paused: bool = False) -> None:
        self._require_writable()
        launch(work, self.queue, self._closing.is_set, self._changing, paused=paused)

    def _job_changed(self, job: Job[Any]) -> None:
        tell(self.events.job_changed, job)
        if job.status == "failed":
            tell(self.events.failed, job.title, job.error)

    def _require_writable(self) -> None:
        if self.closed:
            raise SessionClosed(f"The project '{self.path.name}' is closed; open it again to go on.")
        if self.read_only:
            raise SessionError(f"The project '{self.path.name}' was opened for reading only; open it for writing.")
