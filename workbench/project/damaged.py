"""A damaged project file, opened for reading as far as it goes: cut short, or without the bytes that open it."""

from __future__ import annotations

import contextlib
import io
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py

from workbench.project.disk import Disk
from workbench.project.errors import ProjectDamaged, storage_error
from workbench.project.journal import PAGE, Recovered, recover
from workbench.project.pages import PagedFile
from workbench.project.store import HDF5
from workbench.project.transaction import Reader
from workbench.project.userblock import USERBLOCK_SIZE, UserBlock

_BROKEN = (OSError, RuntimeError, ValueError, KeyError)  # what h5py raises for bytes that make no sense
_SUPERBLOCK_SIZE = 48  # of version 2, HDF5 File Format Specification II.A


@contextlib.contextmanager
def reading(disk: Disk, path: Path) -> Iterator[tuple[Reader, UserBlock]]:
    """A view of what is left, and the identity of the file; nothing is written.

    Bytes that are cut off read as zeros, which no hash and no checksum of HDF5 takes for what was there.

    Raises
    ------
    ProjectDamaged
        If not even the list of what it holds can be read.
    ProjectTooNew
        If a later version wrote it.
    """
    try:
        found = _found(disk, path)
        pages = PagedFile(disk, path, found, read_only=True)
    except OSError as error:
        raise storage_error(error, path) from error
    try:
        root = _root(pages, path)
        reader = Reader(root, pages)
        try:
            yield reader, found.block
        finally:
            reader.expire()
            root.close()
    finally:
        pages.drop()
        pages.close(remove_journal=False)


def _found(disk: Disk, path: Path) -> Recovered:
    """What recovery gives; where it refuses, the identity that is left, or a new one, and the length of then."""
    try:
        return recover(disk, path, read_only=True)
    except ProjectDamaged:
        handle = disk.open(path, read_only=True)
        try:
            first = bytearray(USERBLOCK_SIZE)
            disk.read(handle, memoryview(first), 0)
            size = disk.size(handle)
        finally:
            disk.close(handle)
        block = UserBlock.unpack(first) or UserBlock(uuid.uuid4().bytes, 0, size)
        return Recovered(replace(block, length=max(size, block.length)))


def _root(pages: PagedFile, path: Path) -> h5py.File:
    """The file as HDF5 reads it; where it does not, once more with a superblock made anew."""
    with contextlib.suppress(*_BROKEN):
        return _open(pages)
    superblock, length = _new_superblock(pages.length)
    page = bytearray(PAGE)
    pages.read_at(USERBLOCK_SIZE, memoryview(page))
    page[:_SUPERBLOCK_SIZE] = superblock
    pages.patch(USERBLOCK_SIZE // PAGE, page, length)
    try:
        return _open(pages)
    except _BROKEN as error:
        raise ProjectDamaged(
            f"Nothing can be read of '{path.name}': the bytes that lead to all others are damaged; "
            "restore it from a backup."
        ) from error


def _open(pages: PagedFile) -> h5py.File:
    root = h5py.File(pages, "r", **HDF5)
    try:
        list(root)
    except BaseException:
        root.close()
        raise
    return root


def _new_superblock(length: int) -> tuple[bytes, int]:
    """The superblock of another file of ours that is at least so long, and how long that one is.

    All that it says of a file besides the length is where the root group lies, which is the same in each.
    """
    memory = io.BytesIO()
    with h5py.File(memory, "w", userblock_size=USERBLOCK_SIZE, **HDF5) as file:
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_layout(h5py.h5d.CONTIGUOUS)
        layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        room = file.create_dataset("room", (length,), "u1", dcpl=layout)
        end = int(room.id.get_offset()) + length
    return memory.getvalue()[USERBLOCK_SIZE : USERBLOCK_SIZE + _SUPERBLOCK_SIZE], end + PAGE
