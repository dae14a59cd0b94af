"""The redo journal beside a project: its bytes, and the recovery that a crash leaves to the next opening; no HDF5 here.

The journal holds at most one transaction. A header names the file, the commit it starts from and that commit's
length; it is on the disk before anything is written behind that length. A frame holds the new images of all pages
that changed below it. The frame's arrival on the disk *is* the commit; copying its pages into the file comes after.
"""

import hashlib
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.project.disk import Disk
from workbench.project.errors import ProjectDamaged, ProjectTooNew
from workbench.project.userblock import SCHEMA_VERSION, USERBLOCK_SIZE, UserBlock

PAGE = 4096
HEADER_SIZE = 512  # one disk sector

_HEADER = struct.Struct("<8s16sQQ")
_HEADER_MAGIC = b"VQWAL 1\n"
_FRAME = struct.Struct("<8sQQQ")
_FRAME_MAGIC = b"VQFRAME\n"
_DIGEST = 32
_RUN = 256  # pages in one write: 1 MiB


@dataclass(frozen=True)
class Header:
    """From where a transaction starts: whose file, its last commit, and that commit's length in bytes."""

    uuid: bytes
    base: int
    length: int

    def pack(self) -> bytes:
        fields = _HEADER.pack(_HEADER_MAGIC, self.uuid, self.base, self.length)
        return (fields + _digest(fields)).ljust(HEADER_SIZE, b"\0")

    @classmethod
    def unpack(cls, data: bytes) -> "Header | None":
        fields = data[: _HEADER.size]
        if len(data) < HEADER_SIZE or data[_HEADER.size : _HEADER.size + _DIGEST] != _digest(fields):
            return None
        magic, uuid, base, length = _HEADER.unpack(fields)
        return cls(uuid, base, length) if magic == _HEADER_MAGIC else None


@dataclass(frozen=True)
class Frame:
    """One whole transaction in a journal: the new length, the commit's number, and where its page images lie."""

    length: int
    commit: int
    pages: tuple[int, ...]
    offset: int  # of the first image in the journal


@dataclass(frozen=True)
class Recovered:
    """What an opening found: the file's identity at its last commit, and a sentence if a crash was mended.

    `overlay` holds committed pages that are not in the file yet, where nothing may be written to bring them there.
    """

    block: UserBlock
    note: str = ""
    overlay: Mapping[int, bytearray] | None = None


class Journal:
    """The open journal of a project that is being written."""

    def __init__(self, disk: Disk, project: Path, uuid: bytes) -> None:
        self._disk = disk
        self._path = journal_path(project)
        self._uuid = uuid
        self._handle = -1
        self._name_is_safe = False

    def begin(self, base: int, length: int) -> None:
        """Write the header and wait for it: from here on the file may grow behind `length`."""
        self._write_header(base, length)
        self._disk.sync(self._handle)
        self._sync_name()

    def commit(self, pages: Mapping[int, bytearray], base: int, committed: int, length: int, begun: bool) -> None:
        """Write the frame and wait for it; when this returns, the transaction is acknowledged.

        Parameters
        ----------
        pages : mapping of int to bytearray
            Number and 4 KiB image of each changed page.
        base, committed : int
            The commit that this one follows, and the length it left.
        length : int
            The new length of the file.
        begun : bool
            Whether `begin` was called; if not, the header comes with the frame.
        """
        if not begun:
            self._write_header(base, committed)
        numbers = sorted(pages)
        head = _FRAME.pack(_FRAME_MAGIC, len(numbers), length, base + 1) + struct.pack(f"<{len(numbers)}Q", *numbers)
        digest = hashlib.blake2b(Header(self._uuid, base, committed).pack(), digest_size=_DIGEST)
        digest.update(head)
        for number in numbers:
            digest.update(pages[number])
        offset = HEADER_SIZE + len(head) + _DIGEST
        self._disk.write(self._handle, head + digest.digest(), HEADER_SIZE)
        for start in range(0, len(numbers), _RUN):
            images = b"".join(pages[number] for number in numbers[start : start + _RUN])
            self._disk.write(self._handle, images, offset + start * PAGE)
        self._disk.sync(self._handle)
        self._sync_name()

    def clear(self) -> None:
        """Empty the journal, once the file itself holds the commit."""
        if self._handle >= 0:
            self._disk.truncate(self._handle, 0)

    def withdraw(self) -> None:
        """Cut off a frame whose arrival on the disk failed, so that what was reported lost stays lost."""
        if self._handle >= 0 and self._disk.size(self._handle) > HEADER_SIZE:
            self._disk.truncate(self._handle, HEADER_SIZE)

    def close(self) -> None:
        if self._handle >= 0:
            self._disk.close(self._handle)
            self._handle = -1

    def remove(self) -> None:
        """Close an empty journal and take its name away."""
        self.close()
        if self._path.exists():
            self._disk.remove(self._path)

    def _write_header(self, base: int, length: int) -> None:
        if self._handle < 0:
            self._handle = self._disk.open(self._path, create=not self._path.exists())
        self._disk.write(self._handle, Header(self._uuid, base, length).pack(), 0)

    def _sync_name(self) -> None:
        if not self._name_is_safe:  # a crash may have left the file without its name on the disk
            self._disk.sync_folder(self._path.parent)
            self._name_is_safe = True


def journal_path(project: Path) -> Path:
    """Give the journal's place beside `project`."""
    return project.with_name(project.name + "-wal")


def write_pages(disk: Disk, handle: int, pages: Mapping[int, bytearray]) -> None:
    """Copy page images to their places in the file, neighbours in one write."""
    for first, images in _runs(pages):
        disk.write(handle, images, first * PAGE)


def recover(disk: Disk, project: Path, *, read_only: bool = False) -> Recovered:
    """Bring `project` to its last acknowledged commit; may be stopped anywhere and begun again.

    Parameters
    ----------
    disk : Disk
    project : Path
        An existing file whose lock the caller holds.
    read_only : bool
        Change nothing: hand back committed pages that are still in the journal as an overlay.

    Raises
    ------
    ProjectDamaged
        If the file is no project, or is shorter than its last commit left it.
    ProjectTooNew
        If this program must not read it.
    OSError
        If the disk fails; the journal is then still whole.
    """
    handle = disk.open(project, read_only=read_only)
    try:
        if not read_only:
            disk.sync_folder(project.parent)  # a crash may have left files here whose names are not on the disk
        return _recover(disk, project, handle, read_only)
    finally:
        disk.close(handle)


def _recover(disk: Disk, project: Path, handle: int, read_only: bool) -> Recovered:
    block = UserBlock.unpack(_read(disk, handle, 0, USERBLOCK_SIZE))
    if block is not None:
        _check_version(block, project)
    path = journal_path(project)
    if not path.exists():
        return _settle(disk, handle, block, project)
    journal = disk.open(path, read_only=read_only)
    try:
        start = _read(disk, journal, 0, HEADER_SIZE)
        if not any(start):  # nothing was begun: the header is on the disk before the file is touched
            return _settle(disk, handle, block, project)
        header = Header.unpack(start)
        frame = None if header is None else _read_frame(disk, journal, header)
        if header is not None and _belongs(header, frame, block):
            if frame is not None:
                return _replay(disk, handle, journal, header, frame, project, read_only)
            return _take_back(disk, handle, journal, header, block, project, read_only)
    finally:
        disk.close(journal)
    note = "" if read_only else _set_aside(disk, path)
    settled = _settle(disk, handle, block, project)
    return Recovered(settled.block, note)


def _belongs(header: Header, frame: Frame | None, block: UserBlock | None) -> bool:
    """Whether this journal continues this file.

    With a whole frame the file may be at the header's commit or (wholly or in part) at the frame's, and a torn
    first page is in the frame; without one it must be at the header's commit.
    """
    if block is None:
        return frame is not None
    if block.uuid != header.uuid:
        return False
    return block.commit == header.base or (frame is not None and block.commit == frame.commit)


def _replay(
    disk: Disk, handle: int, journal: int, header: Header, frame: Frame, project: Path, read_only: bool
) -> Recovered:
    """Bring an acknowledged commit into the file (or, read-only, into memory)."""
    first = bytearray(_read(disk, journal, frame.offset, PAGE)) if frame.pages[:1] == (0,) else bytearray()
    block = UserBlock.unpack(first)
    if block is None or block.uuid != header.uuid:
        raise ProjectDamaged(f"The journal of '{project.name}' does not belong to it; restore both from a backup.")
    _check_version(block, project)
    if read_only:
        return Recovered(block, overlay={n: i for chunk in _images(disk, journal, frame) for n, i in chunk.items()})
    _write_again(disk, journal, frame)  # a killed program may have left it in the system's memory alone,
    disk.sync(journal)  # and waiting is of no use where an earlier recovery's wait for it failed
    for chunk in _images(disk, journal, frame):
        write_pages(disk, handle, chunk)
    if disk.size(handle) != frame.length:
        disk.truncate(handle, frame.length)
    disk.sync(handle)
    disk.truncate(journal, 0)
    return Recovered(block, "The program ended while saving; the last saved change was completed from the journal.")


def _write_again(disk: Disk, journal: int, frame: Frame) -> None:
    end = frame.offset + PAGE * len(frame.pages)
    for start in range(0, end, _RUN * PAGE):
        disk.write(journal, _read(disk, journal, start, min(_RUN * PAGE, end - start)), start)


def _take_back(
    disk: Disk, handle: int, journal: int, header: Header, block: UserBlock | None, project: Path, read_only: bool
) -> Recovered:
    """Cut off what an unfinished transaction wrote behind the last commit's end."""
    block = _settle(disk, handle, block, project).block
    if not read_only:
        if disk.size(journal) > HEADER_SIZE:
            disk.truncate(journal, HEADER_SIZE)
        disk.sync(journal)  # no frame may come back once the bytes that it relies on are cut off
        if disk.size(handle) > header.length:
            disk.truncate(handle, header.length)
            disk.sync(handle)
        disk.truncate(journal, 0)
    return Recovered(
        replace(block, length=min(block.length, header.length)),
        "The program ended in the middle of a change; the project is as it was before that change.",
    )


def _settle(disk: Disk, handle: int, block: UserBlock | None, project: Path) -> Recovered:
    """Accept the file as it is, at the commit that its user block names."""
    if block is None:
        raise ProjectDamaged(
            f"'{project.name}' is not a VQ Workbench project, or its first bytes are damaged; "
            "choose another file or restore it from a backup."
        )
    size = disk.size(handle)
    if size < block.length:
        raise ProjectDamaged(
            f"'{project.name}' is cut short ({size} of {block.length} bytes); restore it from a backup."
        )
    return Recovered(replace(block, length=size))


def _set_aside(disk: Disk, path: Path) -> str:
    """Rename a journal that cannot be used; what it holds may still matter to someone."""
    number = 1
    while (target := path.with_name(f"{path.name}.unusable-{number}")).exists():
        number += 1
    disk.rename(path, target)
    disk.sync_folder(path.parent)
    return f"A journal that does not belong to this state of the project was set aside as '{target.name}'."


def _check_version(block: UserBlock, project: Path) -> None:
    if block.least_reader > SCHEMA_VERSION:
        raise ProjectTooNew(
            f"'{project.name}' was written by a newer version of VQ Workbench (file version {block.schema}, "
            f"this program reads up to {SCHEMA_VERSION}); update the program to open it."
        )


def _read_frame(disk: Disk, journal: int, header: Header) -> Frame | None:
    """Read and check the frame behind the header; None unless every byte of it is as it was written."""
    fixed = _read(disk, journal, HEADER_SIZE, _FRAME.size)
    if len(fixed) < _FRAME.size:
        return None
    magic, count, length, commit = _FRAME.unpack(fixed)
    offset = HEADER_SIZE + _FRAME.size + 8 * count + _DIGEST
    if magic != _FRAME_MAGIC or commit != header.base + 1 or offset + PAGE * count > disk.size(journal):
        return None
    rest = _read(disk, journal, HEADER_SIZE + _FRAME.size, 8 * count + _DIGEST)
    frame = Frame(length, commit, struct.unpack(f"<{count}Q", rest[:-_DIGEST]), offset)
    digest = hashlib.blake2b(header.pack(), digest_size=_DIGEST)
    digest.update(fixed + rest[:-_DIGEST])
    for chunk in _images(disk, journal, frame):
        for image in chunk.values():
            digest.update(image)
    return frame if digest.digest() == rest[-_DIGEST:] else None


def _images(disk: Disk, journal: int, frame: Frame) -> Iterator[dict[int, bytearray]]:
    """Give the frame's page images by number, 1 MiB at a time."""
    for start in range(0, len(frame.pages), _RUN):
        numbers = frame.pages[start : start + _RUN]
        data = _read(disk, journal, frame.offset + start * PAGE, PAGE * len(numbers))
        yield {n: bytearray(data[i * PAGE : (i + 1) * PAGE]) for i, n in enumerate(numbers)}


def _runs(pages: Mapping[int, bytearray]) -> Iterator[tuple[int, bytes]]:
    run: list[int] = []
    for number in sorted(pages):
        if run and (number != run[-1] + 1 or len(run) == _RUN):
            yield run[0], b"".join(pages[n] for n in run)
            run = []
        run.append(number)
    if run:
        yield run[0], b"".join(pages[n] for n in run)


def _read(disk: Disk, handle: int, offset: int, count: int) -> bytes:
    buffer = bytearray(count)
    return bytes(buffer[: disk.read(handle, memoryview(buffer), offset)])


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST).digest()
