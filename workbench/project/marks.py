"""The mark beside a project in a shared folder: a courtesy to others, which needs no lock of the operating system.

It tells who has the project open, on whatever computer. That nothing is overwritten does not rest on it.
"""

from __future__ import annotations

import contextlib
import errno
import getpass
import json
import os
import secrets
import socket
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from workbench.project.errors import ProjectLocked, storage_error

RENEWED = 600.0
"""Seconds between two signs of life."""
LAPSED = 3600.0
"""Seconds without one after which a mark of another computer no longer counts."""
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True)
class Holder:
    """Who has a project open.

    Attributes
    ----------
    host, person : str
    process : int
    token : str
        Of this opening alone.
    since, alive : float
        Seconds since 1970: when it was opened, and the last sign of life.
    """

    host: str
    person: str
    process: int
    token: str
    since: float
    alive: float

    @classmethod
    def me(cls) -> Holder:
        now = time.time()
        return cls(host(), _person(), os.getpid(), secrets.token_hex(8), now, now)

    @property
    def is_here(self) -> bool:
        """Whether it is, or was, this person on this computer, whose own locks tell whether that goes on."""
        return (self.host, self.person) == (host(), _person())

    @property
    def lives(self) -> bool:
        """Whether the project must be taken for open there."""
        if self.is_here:
            return False
        if self.host == host():
            return _process_lives(self.process)
        return time.time() - self.alive < LAPSED


class Mark:
    """Our mark beside a project.

    Attributes
    ----------
    note : str
        One sentence if the mark of someone who gave no sign of life was taken over, or "".
    """

    def __init__(self, project: Path) -> None:
        """Put it there, or raise.

        Raises
        ------
        ProjectLocked
            If someone else has the project open.
        ProjectError
            If nothing can be written there.
        """
        self.note = ""
        self._project = project
        self._holder = Holder.me()
        other = holder_of(project)
        if other is not None and other.lives:
            raise ProjectLocked(open_elsewhere(project, other))
        if other is not None and not other.is_here:
            self.note = f"The program on the computer '{other.host}' that had '{project.name}' open no longer answers."
        try:
            self._write()
        except OSError as error:
            if error.errno in _FORBIDDEN:
                raise storage_error(error, project) from error

    def renew(self) -> None:
        """Give a sign of life; harmless where the folder cannot be reached."""
        self._holder = replace(self._holder, alive=time.time())
        with contextlib.suppress(OSError):
            self._write()

    def move(self, project: Path) -> None:
        """Mark another project in place of this one."""
        self.release()
        self._project = project
        self.renew()

    def release(self) -> None:
        """Take it away if it is still ours; harmless when called twice."""
        found = holder_of(self._project)
        if found is not None and found.token == self._holder.token:
            with contextlib.suppress(OSError):
                mark_path(self._project).unlink(missing_ok=True)

    def _write(self) -> None:
        path = mark_path(self._project)
        passing = path.with_name(f".~{path.name}.{self._holder.token}.tmp")
        try:
            passing.write_text(json.dumps(asdict(self._holder)), encoding="utf-8")
            passing.replace(path)
        finally:
            with contextlib.suppress(OSError):
                passing.unlink(missing_ok=True)


def holder_of(project: Path) -> Holder | None:
    """Who has put a mark beside a project; None if nobody has, or it cannot be read."""
    try:
        found = Holder(**json.loads(mark_path(project).read_text(encoding="utf-8")))
        return replace(found, since=float(found.since), alive=float(found.alive), process=int(found.process))
    except (OSError, ValueError, TypeError):
        return None


def open_elsewhere(project: Path, holder: Holder) -> str:
    """One sentence on who has it open."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(holder.since))
    return (
        f"The project '{project.name}' is open on the computer '{holder.host}' ({holder.person}, since {when}); "
        "close it there first."
    )


def mark_path(project: Path) -> Path:
    """Where the mark of a project is."""
    return project.with_name(project.name + ".in-use")


def host() -> str:
    """The name of this computer."""
    return socket.gethostname()


def _person() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _process_lives(process: int) -> bool:
    if os.name == "nt":  # where signal 0 ends a process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
