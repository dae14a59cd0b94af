"""A project of a network or synced folder, open in its working copy: for whoever uses it a project like any other."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from workbench.project.arrays import Progress, Stop
from workbench.project.bringing import Bringing, Snapshot, Standing
from workbench.project.disk import Disk
from workbench.project.ledger import State
from workbench.project.places import Place
from workbench.project.project import Project, Staging, close_project
from workbench.project.store import Store
from workbench.project.thread import StorageThread
from workbench.project.transaction import Transaction
from workbench.project.working_copy import WorkingCopy

T = TypeVar("T")


class CopiedProject(Project):
    """A project whose file is a working copy; what is done to it is brought back, at the latest when it is closed.

    Attributes
    ----------
    place : Place
        Where it belongs.
    """

    def __init__(self, copy: WorkingCopy, disk: Disk, *, create: bool = False) -> None:
        """Open a copy, which is given up if that fails; with `create`, make the project first."""
        try:
            if create:
                Project.create(copy.path, disk=disk).close()
            super().__init__(copy.path, disk)
        except BaseException:
            copy.give_up()
            raise
        self.place: Place = copy.place
        where = f"'{copy.home.name}' is {copy.place.words}: it is worked on in a copy here, and brought back."
        self.recovered = " ".join(filter(None, (where, copy.note, self.recovered)))
        self._copy = copy
        self._finalizer.detach()
        self._bringing = Bringing(copy, _snapshots(self._thread))
        self._finalizer = weakref.finalize(self, _end, self._bringing, self._thread, self._staging)
        if State(self.uuid.replace("-", ""), self.commit_number) != copy.held:
            self._bringing.changed()

    @property
    def address(self) -> Path:
        return self._copy.home

    @property
    def standing(self) -> Standing:
        """How the copy stands to its home now."""
        return self._bringing.standing

    def on_word(self, tell: Callable[[str], object]) -> None:
        """Let `tell` have a sentence, on a thread of ours, when something about its home should be known."""
        self._bringing.tell = tell

    def bring_back(self) -> None:
        """Bring the work back now, in the background; `standing` tells how far that is, and what came of it."""
        self._bringing.bring_now()

    def leave(self) -> None:
        """Let the work stay in the working copy when the project is closed, or is being closed."""
        self._bringing.leave()

    def transact(self, work: Callable[[Transaction], T]) -> Future[T]:
        future = super().transact(work)
        future.add_done_callback(self._bringing.changed)
        return future

    def compact(self, *, progress: Progress | None = None, stop: Stop | None = None) -> int:
        saved = super().compact(progress=progress, stop=stop)
        self._bringing.changed()
        return saved

    def close(self) -> None:
        """Finish the queued work, bring back what is not at home yet, and let others open the project.

        Nothing is raised where that cannot be: the copy stays, `parting` says so, and the next opening goes on with it.
        """
        self.parting = self._finalizer() or self.parting


def _snapshots(thread: StorageThread) -> Snapshot:
    """What writes snapshots, without holding the project."""

    def snapshot(path: Path, taken: Callable[[], None]) -> State:
        def work(store: Store) -> State:
            taken()
            block = store.snapshot(path)
            return State(block.uuid.hex(), block.commit)

        return thread.call(work)

    return snapshot


def _end(bringing: Bringing, thread: StorageThread, staging: Staging) -> str:
    bringing.stop()
    close_project(thread, staging)
    return bringing.end()
