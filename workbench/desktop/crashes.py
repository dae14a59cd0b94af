"""Marks of programs that run, and what those left behind that died: which projects were open, and the trace of the end.

A program holds a lock on its mark while it lives, so one that runs beside another is never taken for dead. Knows no
widget.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import logging
import os
import platform
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import platformdirs

import workbench
from workbench.errors import WorkbenchError
from workbench.project.lock import FileLock

N_KEPT = 10
"""So many reports are kept; older ones are removed."""
FATAL = ("Fatal Python error: ", "Windows fatal exception: ")
log = logging.getLogger("workbench.desktop")


def state_folder() -> Path:
    """Where marks and reports of this person are; `VQ_WORKBENCH_STATE` names another folder."""
    return Path(os.environ.get("VQ_WORKBENCH_STATE") or platformdirs.user_state_dir("vq-workbench", appauthor=False))


class Watch:
    """The mark of this program while it runs: the open projects, reported problems, and the trace of a fatal signal.

    Attributes
    ----------
    path : Path
        The mark; `path` with the ending `.trace` takes problems and traces.
    """

    def __init__(self, folder: Path) -> None:
        """Take a mark; `begin` is the way in.

        Raises
        ------
        OSError, WorkbenchError
            If nothing can be written in `folder`.
        """
        marks = folder / "running"
        marks.mkdir(parents=True, exist_ok=True)
        self.path = marks / f"{os.getpid()}-{secrets.token_hex(4)}.json"
        self._lock = FileLock(self.path)
        self._writing = threading.Lock()
        self._projects: tuple[Path, ...] = ()
        self._facts = {
            "version": workbench.__version__,
            "python": platform.python_version(),
            "system": platform.platform(),
            "started": datetime.now().isoformat(" ", "seconds"),
        }
        self.write()
        self._trace = self.path.with_suffix(".trace").open("a", encoding="utf-8")
        self._problems = logging.StreamHandler(self._trace)
        self._problems.setLevel(logging.ERROR)
        log.addHandler(self._problems)
        faulthandler.enable(self._trace)

    @classmethod
    def begin(cls, folder: Path) -> Self | None:
        """Take a mark; None where nothing can be written, for a program that leaves no reports is better than none."""
        try:
            return cls(folder)
        except (OSError, WorkbenchError) as error:
            log.warning("no mark of this program: %s", error)
            return None

    def note(self, projects: Iterable[Path]) -> None:
        """These projects are open from now on; `write` puts it on the disk, from any thread."""
        self._projects = tuple(projects)

    def write(self) -> None:
        """Bring the mark up to date."""
        with self._writing:
            text = json.dumps(self._facts | {"projects": [str(path) for path in self._projects]})
            new = self.path.with_suffix(".new")
            new.write_text(text, encoding="utf-8")
            new.replace(self.path)

    def end(self) -> None:
        """The program ends as it should: nothing is left of the mark."""
        faulthandler.disable()
        log.removeHandler(self._problems)
        self._trace.close()
        _remove(self.path)
        self._lock.release()


@dataclass(frozen=True)
class Crash:
    """What a program that died left behind; nobody else finds it until `keep` or `delete`.

    Attributes
    ----------
    facts : dict
        Version, Python, system and start of the program, as text.
    projects : tuple of Path
        Those that were open.
    trace : str
        Problems that were reported, and the stacks at a fatal signal.
    """

    path: Path
    facts: dict[str, str]
    projects: tuple[Path, ...]
    trace: str
    lock: FileLock

    @property
    def cause(self) -> str:
        """One sentence on what is known of the end."""
        for line in self.trace.splitlines():
            for beginning in FATAL:
                if line.startswith(beginning):
                    return f"It was stopped by a fatal error: {line.removeprefix(beginning)}."
        return "It was ended from outside, or the machine went down: it left nothing that tells why."

    @property
    def report(self) -> str:
        """The text for a report."""
        lines = ["VQ Workbench ended without being closed.", self.cause]
        lines += [f"{name}: {value}" for name, value in self.facts.items()]
        lines += [f"project: {path}" for path in self.projects]
        return "\n".join([*lines, "", self.trace]).strip() + "\n"

    @property
    def kept_at(self) -> Path:
        """Where `keep` puts the report."""
        return self.path.parents[1] / "crashes" / f"{self.path.stem}.txt"

    def keep(self) -> None:
        """Put the report among those kept; the next start tells no more of it."""
        with contextlib.suppress(OSError):
            self.kept_at.parent.mkdir(exist_ok=True)
            self.kept_at.write_text(self.report, encoding="utf-8")
            kept = sorted(self.kept_at.parent.glob("*.txt"), key=lambda path: path.stat().st_mtime)
            for path in kept[:-N_KEPT]:
                path.unlink()
        self.delete()

    def delete(self) -> None:
        """Leave nothing of it."""
        _remove(self.path)
        self.lock.release()


def find_crashes(folder: Path) -> list[Crash]:
    """What programs left that died, the newest first: with a project open, or by a fatal signal.

    Marks of programs that ended with nothing open and without a trace are removed: nothing was lost there.
    """
    found = []
    marks = folder / "running"
    for path in sorted(marks.glob("*.json"), key=_age, reverse=True) if marks.is_dir() else ():
        try:
            lock = FileLock(path)
        except WorkbenchError:  # its program goes on, or another one reads it now
            continue
        facts = _read(path)
        projects = tuple(Path(name) for name in facts.pop("projects", []))
        crash = Crash(path, {name: str(value) for name, value in facts.items()}, projects, _trace_of(path), lock)
        if facts and (projects or any(beginning in crash.trace for beginning in FATAL)):
            found.append(crash)
        else:
            crash.delete()
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return facts if isinstance(facts, dict) and isinstance(facts.get("projects", []), list) else {}
    except (OSError, ValueError):
        return {}


def _trace_of(path: Path) -> str:
    try:
        return path.with_suffix(".trace").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _remove(path: Path) -> None:
    for ending in (".json", ".trace", ".new"):
        with contextlib.suppress(OSError):
            path.with_suffix(ending).unlink(missing_ok=True)
