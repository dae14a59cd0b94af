"""The lock beside a project: one writer or several readers, held by the operating system, gone with the process."""

import contextlib
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

from workbench.project.errors import ProjectLocked, storage_error


class FileLock:
    """A lock on ``<project>.lock``; its text says who holds it, the operating system says whether it is held."""

    def __init__(self, project: Path, *, shared: bool = False, called: str = "") -> None:
        """Take the lock at once or raise.

        Parameters
        ----------
        project : Path
            The project file; the lock lies beside it.
        shared : bool
            Share it with other readers; a reader in a folder that cannot be written needs no lock.
        called : str
            What people know it by, if not by its name.

        Raises
        ------
        ProjectLocked
            If someone else has it.
        """
        self._path = project.with_name(project.name + ".lock")
        self._shared = shared
        self._handle = -1
        while self._handle < 0:
            try:
                handle = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
            except OSError as error:
                if shared and not os.access(project.parent, os.W_OK):
                    return
                raise storage_error(error, project) from error
            try:
                locked = _try_lock(handle, shared)
            except OSError as error:
                os.close(handle)
                raise storage_error(error, self._path) from error
            if not locked:
                holder = _holder(handle)
                os.close(handle)
                raise ProjectLocked(_taken(called or project.name, holder))
            if _is_at(handle, self._path):
                self._handle = handle
            else:  # its last holder removed it between our opening and locking
                os.close(handle)
        if not shared:
            _write_holder(self._handle)

    def release(self) -> None:
        """Let others in; harmless when called twice."""
        if self._handle < 0:
            return
        handle, self._handle = self._handle, -1
        if not self._shared and sys.platform != "win32":
            self._path.unlink(missing_ok=True)
        os.close(handle)
        if not self._shared and sys.platform == "win32":
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


class NoLock:
    """For who reads a file that is only ever replaced as a whole."""

    def release(self) -> None:
        """There is nothing to do."""


def require_free(project: Path) -> None:
    """Raise ProjectLocked if someone writes to a project where it is, as far as locks there tell; leaves no file."""
    try:
        handle = os.open(project.with_name(project.name + ".lock"), os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return
    try:
        if not _try_lock(handle, shared=True):
            raise ProjectLocked(_taken(project.name, _holder(handle)))
    except OSError:
        return  # a drive without locks
    finally:
        os.close(handle)


def _taken(name: str, holder: str) -> str:
    return f"The project '{name}' is already open{holder}; close it there first."


def _write_holder(handle: int) -> None:
    """Note who holds the lock; only a courtesy to whom it shuts out, so a full disk does not matter."""
    text = json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode()
    with contextlib.suppress(OSError):
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, text)


def _holder(handle: int) -> str:
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        known: Any = json.loads(os.read(handle, 4096))
        pid, host = int(known["pid"]), str(known["host"])
    except (OSError, ValueError, KeyError, TypeError):
        return " in another program"
    if host == socket.gethostname():
        return " in this program" if pid == os.getpid() else f" in another program (process {pid})"
    return f" on the computer '{host}' (process {pid})"


def _is_at(handle: int, path: Path) -> bool:
    try:
        there = os.stat(path)
    except OSError:
        return False
    return os.path.samestat(os.fstat(handle), there)


if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE = 1 << 30  # far behind the text, which others may then still read

    def _try_lock(handle: int, shared: bool) -> bool:  # byte locks are never shared there
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(handle: int, shared: bool) -> bool:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
