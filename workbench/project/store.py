"""The open file as the storage thread sees it: opening with recovery, commit, and return to the last commit."""

import contextlib
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import h5py
import numpy as np

from workbench.project.arrays import HashedRows
from workbench.project.disk import Disk
from workbench.project.errors import ProjectDamaged, ProjectError, storage_error
from workbench.project.journal import PAGE, recover
from workbench.project.pages import PagedFile, write_new
from workbench.project.transaction import Reader, Transaction
from workbench.project.userblock import LEAST_READER, SCHEMA_VERSION, USERBLOCK_SIZE, UserBlock

T = TypeVar("T")

HDF5: dict[str, Any] = {
    "libver": ("v108", "v108"),
    "alignment_threshold": PAGE,
    "alignment_interval": PAGE,
    "meta_block_size": PAGE,
}
"""How every project is laid out, for `h5py.File`."""


class Store:
    """A project file in one thread's hands; every h5py object of the project lives in here.

    Attributes
    ----------
    block : UserBlock
        Identity and number of the last commit.
    note : str
        One sentence on what recovery did when the project was opened, or "".
    """

    def __init__(self, disk: Disk, path: Path, mode: Literal["r", "r+", "w"] = "r+") -> None:
        """Open an existing file; ``w`` lets HDF5 start anew in it, for `create`."""
        self.path = path
        self.disk = disk
        self.note = ""
        self._mode: Literal["r", "r+"] = "r" if mode == "r" else "r+"
        self._pages: PagedFile | None = None
        self._root: h5py.File | None = None
        self.block = self._attach(mode)

    @classmethod
    def create(cls, disk: Disk, path: Path, identity: UserBlock | None = None) -> "Store":
        """Make a new, empty file at `path`, which must be free; not in one step, so under a passing name."""
        try:
            write_new(disk, path, identity or UserBlock(uuid.uuid4().bytes, 0, USERBLOCK_SIZE))
            store = cls(disk, path, "w")
            store._commit(*store._ready())
        except OSError as error:
            raise storage_error(error, path) from error
        return store

    def read(self, work: Callable[[Reader], T]) -> T:
        """Run work that changes nothing."""
        root, pages = self._ready()
        reader = Reader(root, pages)
        try:
            return self._translated(work, reader)
        finally:
            reader.expire()
            if pages.failure is not None:
                self._detach(remove_journal=False)  # the next work opens it again

    def transact(self, work: Callable[[Transaction], T], mapped: set[str]) -> tuple[T, set[str]]:
        """Run work and commit it; after any exception the file is as it was.

        Returns
        -------
        result : T
            Of the work.
        touched : set of str
            Keys that it deleted or replaced.
        """
        if self._mode == "r":
            raise ProjectError(f"'{self.path.name}' was opened for reading only; open it for writing to change it.")
        root, pages = self._ready()
        transaction = Transaction(root, pages, mapped)
        before = self.block.commit
        try:
            result = self._translated(work, transaction)
        except BaseException:
            transaction.expire()
            self._return_to_last_commit()
            raise
        transaction.expire()
        try:
            self._commit(root, pages)
        except Exception as error:
            self._return_to_last_commit()
            if self.block.commit == before:  # else its frame came to rest after all, and recovery found it
                raise storage_error(error, self.path) if isinstance(error, OSError) else error from error
        return result, transaction.touched

    def migrate(self, steps: Sequence[Callable[[Transaction], None]]) -> None:
        """Change the layout to the present version's, in one transaction."""

        def work(transaction: Transaction) -> None:
            for step in steps:
                step(transaction)

        _, pages = self._ready()
        pages.relabel(SCHEMA_VERSION, LEAST_READER)
        self.transact(work, set())

    def map(self, key: str) -> HashedRows:
        """Give a write-once array as rows that are mapped from the file (small ones are copied)."""
        return self.read(self._map(key))

    def _map(self, key: str) -> Callable[[Reader], HashedRows]:
        def work(reader: Reader) -> HashedRows:
            info = reader.info(key)
            if not info.write_once:
                raise ProjectError(f"'{key}' may change at any time; load a copy of it instead.")
            if info.nbytes >= PAGE and reader.in_file(info):
                mapped = np.memmap(self.path, info.stored, "r", info.offset, info.shape)
                stored = np.asarray(mapped)
            else:
                stored = reader.stored_rows(info, 0, info.shape[0] if info.shape else 1)
                stored.flags.writeable = False
            return HashedRows(info, lambda start, stop: stored[start:stop])

        return work

    def snapshot(self, path: Path) -> UserBlock:
        """Write the file as the last commit left it to `path`, which must be free; gives that commit.

        The disk is not waited for, as such a file is of use to this program only.
        """
        self._ready()
        try:
            _clone(self.disk, self.path, path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ProjectError(
                f"There could be no snapshot of '{self.path.name}' ({reason}); free some space on this computer. "
                "All is saved, and brought back when the project is closed."
            ) from error
        return self.block

    def replace(self, path: Path) -> None:
        """Continue with another file, which takes this one's place in one step."""
        self._ready()
        self._detach(remove_journal=True)
        try:
            self.disk.rename(path, self.path)
            self.disk.sync_folder(self.path.parent)
        except OSError as error:
            raise storage_error(error, self.path) from error
        finally:
            self.block = self._attach(self._mode)

    def close(self) -> None:
        """Let go of the file; what was acknowledged is in it."""
        self._detach(remove_journal=self._mode == "r+")

    def _ready(self) -> tuple[h5py.File, PagedFile]:
        if self._root is None or self._pages is None:  # the disk failed, and failed again on the way back
            self.block = self._attach(self._mode)
        assert self._root is not None
        assert self._pages is not None
        return self._root, self._pages

    def _translated(self, work: Callable[[Any], T], view: Reader) -> T:
        """Run work; what h5py and the disk raise becomes one sentence."""
        pages = self._pages
        assert pages is not None
        try:
            result = work(view)
        except Exception as error:
            if pages.failure is not None:
                raise storage_error(pages.failure, self.path) from error
            raise
        if pages.failure is not None:
            raise storage_error(pages.failure, self.path)
        return result

    def _commit(self, root: h5py.File, pages: PagedFile) -> None:
        root.flush()
        if pages.failure is not None:
            raise pages.failure
        if not pages.changed:
            return
        in_file = pages.commit()
        self.block = pages.block
        if not in_file:  # acknowledged, and recovery brings it there
            self._return_to_last_commit()

    def _return_to_last_commit(self) -> None:
        """Drop everything since the last commit: the same as a crash here and a new opening."""
        self._detach(remove_journal=False)
        with contextlib.suppress(ProjectError):  # the next work tries again, and tells if it still fails
            self.block = self._attach(self._mode)

    def _attach(self, mode: str) -> UserBlock:
        try:
            found = recover(self.disk, self.path, read_only=self._mode == "r")
            self._pages = PagedFile(self.disk, self.path, found, read_only=self._mode == "r")
        except OSError as error:
            raise storage_error(error, self.path) from error
        self.note = found.note
        try:
            size = USERBLOCK_SIZE if mode == "w" else None
            if mode == "w":
                self._pages.truncate(0)  # HDF5 starts anew only in an empty file
            self._root = h5py.File(self._pages, mode, userblock_size=size, **HDF5)
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            failure = self._pages.failure
            self._detach(remove_journal=False)
            if failure is not None:
                raise storage_error(failure, self.path) from error
            raise ProjectDamaged(
                f"'{self.path.name}' is damaged and cannot be read; restore it from a backup."
            ) from error
        return found.block

    def _detach(self, *, remove_journal: bool) -> None:
        root, pages = self._root, self._pages
        self._root = self._pages = None
        if pages is not None:
            pages.drop()
        if root is not None:
            with contextlib.suppress(OSError, RuntimeError):
                root.close()
        if pages is not None:
            with contextlib.suppress(OSError):
                pages.close(remove_journal=remove_journal)


def _clone(disk: Disk, path: Path, target: Path) -> None:
    source = disk.open(path, read_only=True)
    try:
        handle = disk.open(target, create=True)
        try:
            disk.clone(source, handle)
        finally:
            disk.close(handle)
    finally:
        disk.close(source)
