"""The open project: a thread-safe face over its storage thread, and the arrays that are read beside it."""

import contextlib
import threading
import uuid
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np

from workbench.errors import Cancelled
from workbench.project import rewriting
from workbench.project.arrays import HashedRows, Progress, Stop, as_rows
from workbench.project.disk import Disk
from workbench.project.errors import ProjectClosed, ProjectDamaged, ProjectError, storage_error
from workbench.project.lock import FileLock, NoLock
from workbench.project.placing import written_at
from workbench.project.staging import Staged, write_staged
from workbench.project.store import Store
from workbench.project.thread import StorageThread
from workbench.project.transaction import Reader, Transaction, is_under
from workbench.project.userblock import SCHEMA_VERSION

T = TypeVar("T")
_BLOCKS_AT_ONCE = 16  # 64 MiB hashed between two looks at other work


class Project:
    """A project file that is open, in this program alone unless it is open for reading only.

    Every method may be called from any thread. Work given to `transact` and `read` runs on the storage thread, one
    piece after the other; it must not call the project itself.

    Attributes
    ----------
    path : Path
    read_only : bool
    uuid : str
        Made with the project; copies made by `save_as` have their own.
    recovered : str
        One sentence on what was mended when the project was opened, or "".
    parting : str
        One sentence on what was not as usual when it was closed, or "".
    """

    def __init__(
        self,
        path: Path,
        disk: Disk,
        *,
        read_only: bool = False,
        address: Path | None = None,
        lock: FileLock | NoLock | None = None,
    ) -> None:
        """Open an existing file; `opening` has the ways in, and `create` and `open` for files of this computer.

        Parameters
        ----------
        address : Path, optional
            Where people know it to be, if that is not where the file is.
        lock : FileLock or NoLock, optional
            In place of one that is taken on the file.
        """
        self.path = path
        self.parting = ""
        self._address = address or path
        self.read_only = read_only
        self._disk = disk
        self._arrays: dict[str, HashedRows] = {}
        self._staging = Staging()
        lock = lock or FileLock(path, shared=read_only)
        found: dict[str, Any] = {}
        self._thread = StorageThread(path.name, lambda: _open_store(disk, path, read_only, found), lock.release)
        self.uuid: str = str(uuid.UUID(bytes=found["uuid"]))
        self.recovered: str = found["note"]
        self._finalizer: weakref.finalize[..., Any] = weakref.finalize(self, close_project, self._thread, self._staging)

    @classmethod
    def create(cls, path: Path | str, *, disk: Disk | None = None) -> Self:
        """Make a new, empty project and open it.

        Raises
        ------
        ProjectError
            If the file exists, or its folder does not or cannot be written.
        """
        path, disk = Path(path).absolute(), disk or Disk()
        if not path.parent.is_dir():
            raise ProjectError(f"The folder '{path.parent}' does not exist; create it first.")
        lock = FileLock(path)
        try:
            if path.exists():
                raise ProjectError(f"'{path}' exists already; open it, or choose another name.")
            rewriting.finish(rewriting.new_file(disk, path), path)
        finally:
            lock.release()
        return cls(path, disk)

    @classmethod
    def open(cls, path: Path | str, *, read_only: bool = False, disk: Disk | None = None) -> Self:
        """Open an existing project, after mending what a crash may have left.

        Raises
        ------
        ProjectError
            If there is no such file or it cannot be read.
        ProjectLocked
            If it is open elsewhere.
        ProjectDamaged
            If it is no project, or cut short.
        ProjectTooNew
            If a later version wrote it.
        """
        path = Path(path).absolute()
        if not path.is_file():
            raise ProjectError(f"There is no project at '{path}'; check the path, or create a new project.")
        return cls(path, disk or Disk(), read_only=read_only)

    @property
    def address(self) -> Path:
        """Where people know the project to be."""
        return self._address

    @property
    def commit_number(self) -> int:
        """The number of the last commit."""
        return self._thread.call(lambda store: store.block.commit)

    def transact(self, work: Callable[[Transaction], T]) -> Future[T]:
        """Run `work` and commit what it did; if it raises, nothing of it remains.

        The future is done once the change would survive a power cut.
        """

        def job(store: Store) -> T:
            result, touched = store.transact(work, set(self._arrays))
            for key in [k for k in self._arrays if any(is_under(k, t) for t in touched)]:
                del self._arrays[key]
            return result

        return self._thread.submit(job)

    def read(self, work: Callable[[Reader], T]) -> Future[T]:
        """Run `work` on what the last commit left."""
        return self._thread.submit(lambda store: store.read(work))

    def array(self, key: str) -> np.ndarray:
        """Give a write-once array, read-only and mapped from the file, so that only what is used is in memory.

        The first call reads it all to check its hashes; for arrays larger than memory `rows` checks as it goes.

        Raises
        ------
        ProjectError
            If there is no such array, or it may be rewritten (`Reader.load` copies those).
        ProjectDamaged
            If its bytes are not those that were written.
        """
        return self.rows(key).whole()

    def rows(self, key: str) -> HashedRows:
        """Give a write-once array as rows, whose blocks are checked when first read; errors as for `array`."""
        rows = self._arrays.get(key)
        return rows if rows is not None else self._thread.call(lambda store: self._map(store, key))

    def _map(self, store: Store, key: str) -> HashedRows:
        rows = self._arrays.get(key)
        if rows is None:
            rows = self._arrays[key] = store.map(key)
        return rows

    def stage(self, source: Any, *, progress: Progress | None = None, stop: Stop | None = None) -> Staged:
        """Write a large array from the calling thread while transactions go on; `Transaction.write` then names it.

        If it never gets one, its room is free again when the project is next opened.

        Parameters
        ----------
        source : ndarray or rows
            As for `Transaction.write`.
        progress, stop : callable, optional
            As for `Transaction.write`.

        Raises
        ------
        Cancelled
            If `stop` said so or the project is being closed; nothing remains.
        StorageFull
            If the disk is full; nothing remains.
        """
        with self._staging:
            rows = as_rows(source)
            name, place = self._thread.call(lambda store: store.transact(lambda t: t.reserve(rows), set())[0])
            try:
                return write_staged(
                    self._disk,
                    self.path,
                    name,
                    place,
                    progress=progress,
                    stop=lambda: self._staging.ending or (stop is not None and stop()),
                )
            except BaseException as error:
                self._cancel(name)
                if isinstance(error, OSError):
                    raise storage_error(error, self.path) from error
                raise

    def unstage(self, staged: Staged) -> None:
        """Give the place of a staged array back; harmless if it was written, or the project is closed."""
        self._cancel(staged.name)

    def _cancel(self, name: str) -> None:
        with contextlib.suppress(ProjectError):
            self._thread.call(lambda store: store.transact(lambda t: t.cancel(name), set()))

    def verify(self, progress: Progress | None = None, stop: Stop | None = None) -> list[str]:
        """Read everything and compare it with its hashes; other work goes on between two pieces.

        Returns
        -------
        list of str
            One sentence for each damaged thing; empty if all is sound.

        Raises
        ------
        Cancelled
            If `stop` said so.
        """
        found: list[str] = []
        arrays = self.read(lambda reader: _arrays_under(reader, "", found)).result()
        for number, key in enumerate(arrays):
            try:
                first = 0
                while first < self.read(partial(_check_some, key=key, first=first)).result():
                    first += _BLOCKS_AT_ONCE
                    if stop is not None and stop():
                        raise Cancelled
            except ProjectDamaged as error:
                found.append(str(error))
            except ProjectError:
                pass  # deleted meanwhile
            if progress is not None:
                progress((number + 1) / len(arrays))
        return found

    def save_as(
        self,
        path: Path | str,
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
        stop: Stop | None = None,
    ) -> None:
        """Write a compact copy with an identity of its own to `path`; this project stays the open one.

        Raises
        ------
        ProjectError
            If `path` exists and `overwrite` is not set, or is this project.
        ProjectLocked
            If it is to be overwritten but is open.
        Cancelled
            If `stop` said so.
        """
        path = Path(path).absolute()
        if path in (self.path, self.address):
            raise ProjectError(f"'{path.name}' is this project itself; choose another name.")
        with written_at(path, overwrite=overwrite, disk=self._disk) as target:
            self._thread.call(lambda store: rewriting.save_as(store, target, progress=progress, stop=stop))

    def compact(self, *, progress: Progress | None = None, stop: Stop | None = None) -> int:
        """Write the file anew without its gaps, and put it in the old one's place.

        Returns
        -------
        int
            Bytes saved.

        Raises
        ------
        ProjectError
            If an array is being staged, or the project is read-only.
        Cancelled
            If `stop` said so; the project is as it was.
        """
        if self.read_only:
            raise ProjectError(f"'{self.path.name}' was opened for reading only; open it for writing to compact it.")

        def job(store: Store) -> int:
            before = store.block.length
            rewriting.compact(store, progress=progress, stop=stop)
            self._arrays.clear()
            return before - store.block.length

        return self._thread.call(job)

    def close(self) -> None:
        """Finish the queued work and let others open the project; harmless when called twice."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Staging:
    """Counts the arrays being staged, and lets a closing project wait until there are none."""

    def __init__(self) -> None:
        self.ending = False
        self._count = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            if self.ending:
                raise ProjectClosed("The project is closed; open it again to go on.")
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self.ending = True
            self._changed.wait_for(lambda: self._count == 0)


def close_project(thread: StorageThread, staging: Staging) -> None:
    """Wait until no array is being staged, then close the file."""
    staging.end()
    thread.close()


def _open_store(disk: Disk, path: Path, read_only: bool, found: dict[str, Any]) -> Store:
    """Open, migrate and tidy a file, on its storage thread; note in `found` what the project wants to know."""
    store = Store(disk, path, "r" if read_only else "r+")
    notes = [store.note]
    if store.block.schema < SCHEMA_VERSION:
        if read_only:
            store.close()
            raise ProjectError(f"'{path.name}' was written by an older version; open it once for writing to update it.")
        store, backup = rewriting.migrated(store)
        notes.append(f"The project was updated to the present file version; '{backup.name}' keeps it as it was.")
    if not read_only and store.read(lambda reader: reader.leftovers()):
        with contextlib.suppress(ProjectError):  # no reason to keep anyone from the data
            if store.transact(lambda transaction: transaction.sweep(), set())[0]:
                notes.append("An unfinished import was removed.")
    found.update(uuid=store.block.uuid, note=" ".join(filter(None, notes)))
    return store


def _check_some(reader: Reader, key: str, first: int) -> int:
    """Check some blocks of an array and tell how many it has."""
    info = reader.info(key)
    reader.check(info, first, first + _BLOCKS_AT_ONCE)
    return len(info.digests)


def _arrays_under(reader: Reader, key: str, damaged: list[str]) -> list[str]:
    """List all arrays under a group, and say which groups cannot be read."""
    found = []
    try:
        if key:
            reader.get(key)
        children = [f"{key}/{name}" if key else name for name in reader.keys(key)]
    except ProjectDamaged as error:
        damaged.append(str(error))
        return []
    for child in children:
        try:
            found += [child] if reader.is_array(child) else _arrays_under(reader, child, damaged)
        except ProjectDamaged as error:
            damaged.append(str(error))
    return found
