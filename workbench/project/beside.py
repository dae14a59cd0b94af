"""What is put beside a project in its folder when it cannot take its place: the name, and what is said of it."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

from workbench.project import carrying
from workbench.project.disk import Disk
from workbench.project.marks import host


def free_name(home: Path, what: str) -> Path:
    """A free name beside a project that says what it is, of which computer, and of when."""
    words = f"{what} of {host()}, {time.strftime('%Y-%m-%d %H.%M')}"
    names = itertools.chain([words], (f"{words}, {k}" for k in itertools.count(2)))
    return next(p for name in names if not (p := home.with_name(f"{home.stem} ({name}){home.suffix}")).exists())


def free_for(disk: Disk, file: Path, folder: Path) -> Path | None:
    """Where to put a file that belongs beside a project; None if it is there already."""
    names = itertools.chain([file.name], (f"{file.stem} ({k}){file.suffix}" for k in itertools.count(2)))
    for target in (folder / name for name in names):
        if not target.exists():
            return target
        if target.stat().st_size == file.stat().st_size and carrying.is_same(disk, target, file):
            return None
    raise AssertionError("numbers have no end")


def strayed(home: Path, other: Path) -> str:
    """Work went to another file, as others have changed the one where it belongs."""
    return (
        f"'{home.name}' was changed elsewhere while it was worked on here: it stays as it is there, and the work of "
        f"here is beside it, as '{other.name}'."
    )


def damaged(home: Path, other: Path) -> str:
    """A copy that was left can no longer be opened."""
    return (
        f"The working copy of '{home.name}' that an earlier sitting left on this computer is damaged: it is beside it "
        f"now, as '{other.name}'. Salvage what can be read, and merge that."
    )
