"""The open document: what there is, the commands that change it, and the work that goes on in it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from workbench.project import Project, create_project, open_project
from workbench.session.changing import Changing
from workbench.session.errors import SessionError
from workbench.session.starting import Starting


class Session(Starting, Changing):
    """A project that is open for work. Thread-safe; use as a context manager, or `close` it.

    Commands (`add_run`, `rename`, `delete`, `undo`, ...) wait until they are on the disk, some hundredths of a second,
    and change nothing when that fails. Learning and importing go on in the background; what comes of them is told by
    `events` and read from `Run` and `Job`.

    See `contents.Contents` for what there is, `changing.Changing` for commands, `starting.Starting` for work.
    """

    @classmethod
    def create(cls, path: Path | str, *, in_place: bool = False) -> Self:
        """Make a new project file; raises ProjectError if there is one, or it cannot be written.

        `in_place` is as for `open`.
        """
        return cls._over(create_project(path, in_place=in_place))

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        read_only: bool = False,
        in_place: bool = False,
        progress: Callable[[float], None] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Self:
        """Open a project file, mending what a crash may have left.

        A project on a network drive or in a synced folder is worked on in a copy on this computer, which is brought
        back from time to time and when the session is closed. Nothing that others changed meanwhile is overwritten: the
        work is then put beside it. Who only reads is given the file itself.

        Parameters
        ----------
        in_place : bool
            Whether to work on the file where it is, wherever that is.
        progress, stop : callable, optional
            For the copying: called with the fraction done; asked whether to give up.

        Raises
        ------
        ProjectError
            If it cannot be read, or is open elsewhere.
        Cancelled
            If `stop` said so.
        """
        return cls._over(open_project(path, read_only=read_only, in_place=in_place, progress=progress, stop=stop))

    @classmethod
    def _over(cls, project: Project) -> Self:
        try:
            return cls(project)
        except BaseException:
            project.close()
            raise

    def compact(
        self, *, progress: Callable[[float], None] | None = None, stop: Callable[[], bool] | None = None
    ) -> int:
        """Write the project file anew without its gaps; what was deleted stays in it, since that can be undone.

        Returns
        -------
        int
            Bytes given back; negative where the new file is longer.

        Raises
        ------
        SessionError
            If something runs or waits, or the project is read-only.
        Cancelled
            If `stop` said so; the file is as it was.
        """
        self._require_writable()
        jobs = self.queue.jobs
        if jobs:
            raise SessionError(
                f"'{jobs[0].title}' is {jobs[0].status}: stop it, or wait for its end, then compact the project."
            )
        return self.project.compact(progress=progress, stop=stop)

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
