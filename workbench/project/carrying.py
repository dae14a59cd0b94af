"""Files carried from folder to folder: hashed on the way, read back, known again; what they hold is not known here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import Cancelled
from workbench.project import arrays
from workbench.project.arrays import Progress, Stop
from workbench.project.disk import Disk
from workbench.project.errors import ProjectDamaged, ProjectError
from workbench.project.journal import PAGE, journal_path

_TRIES = 3


@dataclass(frozen=True)
class Seen:
    """A project file as it was found, by which it is known again.

    Attributes
    ----------
    size, time : int
        Bytes, and nanoseconds of its last change as its folder tells them.
    first, digest : str
        Hashes of the first page, which each commit changes, and of all bytes.
    journal : str
        Hash of the journal beside it; "" where that is empty or not there.
    """

    size: int
    time: int
    first: str
    digest: str
    journal: str


def look(disk: Disk, path: Path, digest: str = "") -> Seen:
    """Look at a file and its journal; all of it is read unless its `digest` is known."""
    found = path.stat()
    return Seen(
        found.st_size, found.st_mtime_ns, _first(disk, path), digest or digest_of(disk, path), _journal(disk, path)
    )


def is_still(disk: Disk, path: Path, seen: Seen) -> bool:
    """Whether a file holds what it held; it is read in full only where its time or length tell of a change.

    The first page is read in any case, since some drives tell times in whole seconds.
    """
    while True:
        found = path.stat()
        if _journal(disk, path) != seen.journal or found.st_size != seen.size:
            return False
        same = found.st_mtime_ns == seen.time and _first(disk, path) == seen.first
        if not same and digest_of(disk, path) != seen.digest:
            return False
        after = path.stat()  # reading may have taken a while
        if (after.st_ino, after.st_mtime_ns, after.st_size) == (found.st_ino, found.st_mtime_ns, found.st_size):
            return True


def copy(disk: Disk, source: Path, target: Path, *, progress: Progress | None = None, stop: Stop | None = None) -> str:
    """Write the bytes of `source` to `target`, wait for the disk, compare what is read back, and give their hash.

    Raises
    ------
    Cancelled
        If `stop` said so; what was written stays.
    ProjectDamaged
        If other bytes come back than were written.
    """
    digest = _written(disk, source, target, _half(progress, 0.0), stop)
    if digest_of(disk, target, progress=_half(progress, 0.5), stop=stop) != digest:
        raise ProjectDamaged(f"'{target}' does not hold what was written to it; check the drive, or choose another.")
    return digest


def fetch(
    disk: Disk, source: Path, target: Path, *, progress: Progress | None = None, stop: Stop | None = None
) -> Seen:
    """Copy a project and its journal to places that are free; what may be changing meanwhile is copied anew.

    Raises
    ------
    Cancelled
        If `stop` said so.
    ProjectError
        If it changed each time.
    """
    for _ in range(_TRIES):
        before = source.stat()
        digest = copy(disk, source, target, progress=progress, stop=stop)
        journal = _journal(disk, source)
        copied = copy(disk, journal_path(source), journal_path(target)) if journal else ""
        seen = look(disk, source, digest)
        if (seen.size, seen.time, seen.journal) == (before.st_size, before.st_mtime_ns, copied):
            return seen
        for passing in (target, journal_path(target)):
            if passing.exists():
                disk.remove(passing)
    raise ProjectError(f"'{source.name}' is being changed by another program; try again when that is done.")


def digest_of(disk: Disk, path: Path, *, progress: Progress | None = None, stop: Stop | None = None) -> str:
    """The hash of all bytes of a file."""
    digest = _new_hash()
    handle = disk.open(path, read_only=True)
    try:
        buffer, offset, size = memoryview(bytearray(arrays.BLOCK_BYTES)), 0, max(1, disk.size(handle))
        while count := disk.read(handle, buffer, offset):
            digest.update(buffer[:count])
            offset += count
            _report(offset / size, progress, stop)
    finally:
        disk.close(handle)
    return digest.hexdigest()


def is_same(disk: Disk, path: Path, other: Path) -> bool:
    """Whether two files hold the same bytes."""
    return digest_of(disk, path) == digest_of(disk, other)


def _written(disk: Disk, source: Path, target: Path, progress: Progress | None, stop: Stop | None) -> str:
    digest = _new_hash()
    handle = disk.open(source, read_only=True)
    try:
        copied = disk.open(target, create=True)
        try:
            buffer, offset, size = memoryview(bytearray(arrays.BLOCK_BYTES)), 0, max(1, disk.size(handle))
            while count := disk.read(handle, buffer, offset):
                disk.write(copied, buffer[:count], offset)
                digest.update(buffer[:count])
                offset += count
                _report(offset / size, progress, stop)
            disk.sync(copied)
        finally:
            disk.close(copied)
    finally:
        disk.close(handle)
    return digest.hexdigest()


def _first(disk: Disk, path: Path) -> str:
    handle = disk.open(path, read_only=True)
    try:
        page = bytearray(PAGE)
        disk.read(handle, memoryview(page), 0)
    finally:
        disk.close(handle)
    digest = _new_hash()
    digest.update(page)
    return digest.hexdigest()


def _journal(disk: Disk, path: Path) -> str:
    journal = journal_path(path)
    return digest_of(disk, journal) if journal.exists() and journal.stat().st_size else ""


def _new_hash() -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=32)


def _report(share: float, progress: Progress | None, stop: Stop | None) -> None:
    if progress is not None:
        progress(min(1.0, share))
    if stop is not None and stop():
        raise Cancelled


def _half(progress: Progress | None, start: float) -> Progress | None:
    return None if progress is None else lambda share: progress(start + share / 2)
