"""The file that HDF5 writes through: pages below the last commit's end are held back, the rest goes to the disk."""

import contextlib
import os
from dataclasses import replace
from pathlib import Path

from workbench.project.disk import Disk
from workbench.project.journal import PAGE, Journal, Recovered, write_pages
from workbench.project.userblock import UserBlock


class PagedFile:
    """A project file between two commits.

    What it shows is the transaction so far. On the disk nothing below the last commit's end changes before
    the journal holds the whole transaction. After the first failed call it stays away from the disk: HDF5 may go on
    (its calls must not fail halfway through an update), into memory that is then dropped.

    Attributes
    ----------
    failure : OSError or None
        The first call of the operating system that failed.
    block : UserBlock
        Identity and number of the last commit.
    length : int
        Length in bytes as HDF5 sees it.
    """

    def __init__(self, disk: Disk, path: Path, found: Recovered, *, read_only: bool = False) -> None:
        self.failure: OSError | None = None
        self.block = found.block
        self._disk = disk
        self._handle = disk.open(path, read_only=read_only)
        self._journal = Journal(disk, path, self.block.uuid)
        self._pages: dict[int, bytearray] = dict(found.overlay or {})
        self._detached = read_only
        self._closed = False
        self._position = 0
        self.length = self.block.length
        self._start()

    def _start(self) -> None:
        """Take the present length as the committed one."""
        self._committed = self.length
        self._boundary = -(-self.length // PAGE) * PAGE
        self._extent = self.length  # how far the file reaches on the disk
        self._begun = False

    @property
    def boundary(self) -> int:
        """Where the pages of the last commit end; what is written behind goes straight to the file."""
        return self._boundary

    @property
    def changed(self) -> bool:
        return bool(self._pages) or self._begun or self.length != self._committed

    def in_file(self, offset: int, count: int) -> bool:
        """Whether these bytes can be read from the file itself, by anyone."""
        return not any(offset < (n + 1) * PAGE and n * PAGE < offset + count for n in self._pages)

    # what h5py calls

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = offset + (0, self._position, self.length)[whence]
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:
        view = memoryview(buffer).cast("B")
        self.read_at(self._position, view)
        self._position += len(view)
        return len(view)

    def read(self, count: int) -> bytes:
        buffer = bytearray(count)
        self.readinto(memoryview(buffer))
        return bytes(buffer)

    def write(self, data: memoryview) -> int:
        view = memoryview(data).cast("B")
        self.write_at(self._position, view)
        self._position += len(view)
        return len(view)

    def truncate(self, length: int) -> None:
        self.length = length

    def flush(self) -> None:
        """Do nothing: only a commit asks the disk to keep something."""

    # what arrays are read and written through

    def read_at(self, offset: int, view: memoryview) -> None:
        """Fill `view` with the transaction's bytes from `offset` on, zeros behind the end."""
        count = 0
        if not self._closed:
            try:
                count = self._disk.read(self._handle, view, offset)
            except OSError as error:
                self._fail(error)
        if count < len(view):
            view[count:] = bytes(len(view) - count)
        if self._pages:
            for number in self._touched(offset, len(view)):
                self._lay_over(number, offset, view)

    def write_at(self, offset: int, view: memoryview) -> None:
        """Put `view` at `offset`, in held-back pages or behind the last commit's end."""
        end = offset + len(view)
        self.length = max(self.length, end)
        boundary = end if self._detached else min(max(self._boundary, offset), end)
        if offset < boundary:
            self._hold_back(offset, view[: boundary - offset])
        if boundary < end and not self._write_behind(boundary, view[boundary - offset :]):
            self._hold_back(boundary, view[boundary - offset :])

    # what the storage thread calls

    def commit(self) -> bool:
        """Make the transaction last.

        Returns
        -------
        bool
            False if it is on the disk, in the journal, but copying it into the file failed; `failure` then tells
            why, and recovery will do it.

        Raises
        ------
        OSError
            If it is not known to be on the disk; it then has to be dropped.
        """
        length, base = self.length, self.block.commit
        block = replace(self.block, commit=base + 1, length=length)
        self.write_at(0, memoryview(block.pack()))
        if self.failure is not None:
            raise self.failure
        pages = {n: page for n, page in self._pages.items() if n * PAGE < length}
        try:
            if self._begun or length > self._extent:
                self._begin()
                if length > self._extent:
                    self._disk.truncate(self._handle, length)
                    self._extent = length
                self._disk.sync(self._handle)
            self._journal.commit(pages, base, self._committed, length, self._begun)
        except OSError as error:
            self._fail(error)
            with contextlib.suppress(OSError):
                self._journal.withdraw()
            raise
        self.block = block
        try:
            write_pages(self._disk, self._handle, pages)
            self._extent = max(self._extent, (max(pages) + 1) * PAGE)
            if length < self._extent:
                self._disk.truncate(self._handle, length)
            self._disk.sync(self._handle)
            self._journal.clear()
        except OSError as error:
            self._fail(error)
            return False
        self._pages.clear()
        self._start()
        return True

    def relabel(self, schema: int, least_reader: int) -> None:
        """Let the next commit say that the layout is that of another version."""
        self.block = replace(self.block, schema=schema, least_reader=least_reader)
        self.write_at(0, memoryview(self.block.pack()))

    def patch(self, number: int, page: bytearray, length: int) -> None:
        """Show another page in the place of a damaged one, and zeros up to `length`; of a file that is only read."""
        self._pages[number] = page
        self.length = max(self.length, length)

    def drop(self) -> None:
        """Stay away from the disk from now on; what was not committed will vanish with this object."""
        self._detached = True

    def close(self, *, remove_journal: bool) -> None:
        """Let go of the file, and of an empty journal beside it."""
        self._detached = self._closed = True
        self._disk.close(self._handle)
        if remove_journal:
            self._journal.remove()
        else:
            self._journal.close()

    def _fail(self, error: OSError) -> None:
        self._detached = True
        if self.failure is None:
            self.failure = error

    def _begin(self) -> None:
        if not self._begun:
            self._journal.begin(self.block.commit, self._committed)
            self._begun = True

    def _write_behind(self, offset: int, view: memoryview) -> bool:
        try:
            self._begin()
            self._disk.write(self._handle, view, offset)
        except OSError as error:
            self._fail(error)
            return False
        self._extent = max(self._extent, offset + len(view))
        return True

    def _hold_back(self, offset: int, view: memoryview) -> None:
        for number in self._touched(offset, len(view)):
            start = max(offset, number * PAGE)
            stop = min(offset + len(view), (number + 1) * PAGE)
            page = self._pages.get(number)
            if page is None:
                page = bytearray(PAGE)
                if stop - start < PAGE:
                    self.read_at(number * PAGE, memoryview(page))
                self._pages[number] = page
            page[start - number * PAGE : stop - number * PAGE] = view[start - offset : stop - offset]

    def _lay_over(self, number: int, offset: int, view: memoryview) -> None:
        page = self._pages.get(number)
        if page is not None:
            start = max(offset, number * PAGE)
            stop = min(offset + len(view), (number + 1) * PAGE)
            view[start - offset : stop - offset] = page[start - number * PAGE : stop - number * PAGE]

    @staticmethod
    def _touched(offset: int, count: int) -> range:
        return range(offset // PAGE, -(-(offset + count) // PAGE))


def write_new(disk: Disk, path: Path, block: UserBlock) -> None:
    """Create `path` with a user block and nothing else, ready to be a `PagedFile`."""
    handle = disk.open(path, create=True)
    try:
        disk.write(handle, block.pack().ljust(PAGE, b"\0"), 0)
    finally:
        disk.close(handle)
