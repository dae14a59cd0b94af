"""A disk that records and fails calls, and the states in which a stop could leave it; knows nothing of projects."""

from __future__ import annotations

import errno
import itertools
import os
import posixpath
import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workbench.project.disk import Disk

SECTOR = 512
Image = dict[str, bytes]
"""Content of a folder: file name to bytes."""


@dataclass(frozen=True)
class Op:
    """One call that changes the disk, or a mark between calls.

    Kinds: create, write, truncate, sync, lost_sync (failed: what was pending will never reach the disk), rename,
    remove, sync_folder, mark.
    """

    kind: str
    inode: int = -1
    name: str = ""
    target: str = ""
    offset: int = 0
    data: bytes = b""


class QuickDisk(Disk):
    """The real disk without waiting for it; for states that no power cut follows."""

    def sync(self, handle: int) -> None:
        pass

    def sync_folder(self, folder: Path) -> None:
        pass


class RecordingDisk(QuickDisk):
    """Does and records every call; can fail some.

    Attributes
    ----------
    ops : list of Op
    fail_at : int
        Number of the call that fails with `error`; with `sticky` every later call that needs room fails too.
    failed_after : int
        Calls recorded before that one.
    calls : int
        Calls so far that could have failed.
    """

    def __init__(self, names: dict[str, int] | None = None, root: Path | None = None) -> None:
        """Begin with files of these names, known by these numbers from `Simulation.names`.

        With `root`, files in folders under it are told apart, and called by their paths from there.
        """
        self._root = root
        self._inodes = dict(names or {})
        self._next = 1000 * (1 + max(self._inodes.values(), default=0) // 1000)
        self._handles: dict[int, int] = {}
        self._lock = threading.Lock()
        self.ops: list[Op] = []
        self.calls = 0
        self.fail_at = -1
        self.failed_after = 0
        self.error = errno.ENOSPC
        self.sticky = False

    def mark(self, name: str, number: int = 0) -> None:
        """Note in the record that something became true here."""
        self.ops.append(Op("mark", name=name, offset=number))

    def open(self, path: Path, *, create: bool = False, read_only: bool = False) -> int:
        if create:
            self._call("create")
        handle = super().open(path, create=create, read_only=read_only)
        with self._lock:
            if create:
                self._inodes[self._name(path)] = self._next
                self.ops.append(Op("create", self._next, self._name(path)))
                self._next += 1
            self._handles[handle] = self._inodes[self._name(path)]
        return handle

    def close(self, handle: int) -> None:
        self._handles.pop(handle)
        super().close(handle)

    def write(self, handle: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        self._call("write")
        self.ops.append(Op("write", self._handles[handle], offset=offset, data=bytes(data)))
        super().write(handle, data, offset)

    def clone(self, source: int, target: int) -> None:
        data = bytearray(self.size(source))
        self.read(source, memoryview(data), 0)
        self.write(target, data, 0)

    def truncate(self, handle: int, length: int) -> None:
        self._call("truncate")
        self.ops.append(Op("truncate", self._handles[handle], offset=length))
        super().truncate(handle, length)

    def sync(self, handle: int) -> None:
        try:
            self._call("sync")
        except OSError:
            self.ops.append(Op("lost_sync", self._handles[handle]))
            raise
        self.ops.append(Op("sync", self._handles[handle]))

    def rename(self, source: Path, target: Path) -> None:
        self._call("rename")
        super().rename(source, target)
        self._inodes[self._name(target)] = self._inodes.pop(self._name(source))
        self.ops.append(Op("rename", name=self._name(source), target=self._name(target)))

    def remove(self, path: Path) -> None:
        self._call("remove")
        super().remove(path)
        del self._inodes[self._name(path)]
        self.ops.append(Op("remove", name=self._name(path)))

    def sync_folder(self, folder: Path) -> None:
        self._call("sync_folder")
        self.ops.append(Op("sync_folder", name=self._name(folder) if self._root is not None else ""))

    def _name(self, path: Path) -> str:
        return path.name if self._root is None else path.relative_to(self._root).as_posix()

    def _call(self, kind: str) -> None:
        number, self.calls = self.calls, self.calls + 1
        full = self.sticky and 0 <= self.fail_at < number and kind in ("create", "write")
        if number == self.fail_at:
            self.failed_after = len(self.ops)
        if number == self.fail_at or full:
            raise OSError(self.error, os.strerror(self.error))


@dataclass
class _Inode:
    durable: bytes = b""
    current: bytearray = field(default_factory=bytearray)
    pending: list[Op] = field(default_factory=list)

    def units(self) -> list[Op]:
        """Give what is pending in pieces that reach the disk or not: sectors of writes, changes of length."""
        pieces = []
        for op in self.pending:
            if op.kind == "truncate":
                pieces.append(op)
                continue
            start, stop = op.offset, op.offset + len(op.data)
            while start < stop:
                end = min((start // SECTOR + 1) * SECTOR, stop)
                pieces.append(Op("write", offset=start, data=op.data[start - op.offset : end - op.offset]))
                start = end
        return pieces

    def after(self, units: Sequence[Op], kept: Sequence[bool], *, sizes_kept: bool = False) -> bytes:
        content = bytearray(self.durable)
        for unit, keep in zip(units, kept, strict=True):
            if keep:
                _apply(content, unit)
        if sizes_kept:
            content = content[: len(self.current)].ljust(len(self.current), b"\0")
        return bytes(content)


class Simulation:
    """A folder between memory and disk: what each call made pending, and what would be there after a stop.

    Attributes
    ----------
    names : dict of str to int
        The files that a program sees now.
    """

    def __init__(self, image: Image | None = None) -> None:
        self._inodes = {number: _Inode(data, bytearray(data)) for number, data in enumerate((image or {}).values())}
        self.names = {name: number for number, name in enumerate(image or {})}
        self._durable_names = dict(self.names)
        self._pending_names: list[Op] = []

    def apply(self, op: Op) -> None:
        """Carry out one recorded call."""
        if op.kind in ("write", "truncate"):
            inode = self._inodes[op.inode]
            inode.pending.append(op)
            _apply(inode.current, op)
        elif op.kind == "sync":
            inode = self._inodes[op.inode]
            inode.durable = inode.after(units := inode.units(), [True] * len(units))
            inode.pending.clear()
        elif op.kind == "lost_sync":
            self._inodes[op.inode].pending.clear()
        elif op.kind == "sync_folder":
            for pending in self._pending_names:
                if posixpath.dirname(pending.name) == op.name:
                    _rename(self._durable_names, pending)
            self._pending_names = [p for p in self._pending_names if posixpath.dirname(p.name) != op.name]
        elif op.kind != "mark":
            if op.kind == "create":
                self._inodes[op.inode] = _Inode()
            self._pending_names.append(op)
            _rename(self.names, op)

    def fingerprint(self) -> object:
        """Give what tells this state from others."""
        files = [(n, i.durable, bytes(i.current), i.pending) for n, i in sorted(self._inodes.items())]
        return files, sorted(self.names.items()), sorted(self._durable_names.items()), self._pending_names

    def killed(self) -> Image:
        """Give what a program finds that starts after this one was killed."""
        return {name: bytes(self._inodes[number].current) for name, number in self.names.items()}

    def cut(self, rng: random.Random, *, samples: int, singles: bool) -> Iterator[Image]:
        """Give what may be found after a power cut: none or all of what is pending, all but one piece, samples."""
        files = {number: (inode, inode.units()) for number, inode in self._inodes.items()}
        total = sum(len(units) for _, units in files.values())
        n_names = len(self._pending_names)
        yield self._image(files, [False] * total, 0)
        yield self._image(files, [False] * total, n_names, sizes_kept=True)
        yield self._image(files, [True] * total, n_names)
        if singles:
            for kept_names, lost in itertools.product({0, n_names}, range(total)):
                yield self._image(files, [unit != lost for unit in range(total)], kept_names)
        for kept_names in range(n_names):
            yield self._image(files, [True] * total, kept_names)
        if total:
            for _ in range(samples):
                share = rng.random()
                kept = [rng.random() < share for _ in range(total)]
                yield self._image(files, kept, rng.randint(0, n_names), sizes_kept=rng.random() < 0.3)

    def _image(
        self, files: dict[int, tuple[_Inode, list[Op]]], kept: list[bool], n_names: int, *, sizes_kept: bool = False
    ) -> Image:
        flags = iter(kept)
        content = {
            number: inode.after(units, list(itertools.islice(flags, len(units))), sizes_kept=sizes_kept)
            for number, (inode, units) in files.items()
        }
        names = dict(self._durable_names)
        for op in self._pending_names[:n_names]:
            _rename(names, op)
        return {name: content[number] for name, number in names.items()}


def put_image(folder: Path, image: Image) -> None:
    """Make `folder` hold exactly these files, and folders as they need."""
    folder.mkdir(exist_ok=True)
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in image:
            path.unlink()
    for name, data in image.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def get_image(folder: Path) -> Image:
    """Read all files of `folder` and of those in it; locks and marks of who has a project open are left out."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix not in (".lock", ".in-use")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _apply(content: bytearray, op: Op) -> None:
    if op.kind == "truncate":
        del content[op.offset :]
        content.extend(bytes(op.offset - len(content)))
    else:
        content.extend(bytes(max(0, op.offset - len(content))))
        content[op.offset : op.offset + len(op.data)] = op.data


def _rename(names: dict[str, int], op: Op) -> None:
    if op.kind == "create":
        names[op.name] = op.inode
    elif op.kind == "rename":
        names[op.target] = names.pop(op.name)
    else:
        names.pop(op.name, None)
