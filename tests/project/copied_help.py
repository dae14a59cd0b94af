"""What tests of working copies share: what is in a project, opening it, and what others do to it; no tests."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from workbench.project import CopiedProject, Project, open_project
from workbench.project.disk import Disk
from workbench.project.lock import NoLock


def put(project: Project, number: int) -> None:
    project.transact(lambda t: t.put("about", {"number": number})).result()


def number_in(path: Path) -> int:
    """What was put last, read where the file is and without a trace."""
    with Project(path, Disk(), read_only=True, lock=NoLock()) as project:
        return int(project.read(lambda r: r.get("about")).result()["number"])


def opened(home: Path) -> CopiedProject:
    project = open_project(home)
    assert isinstance(project, CopiedProject)
    return project


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.002)


def brought(project: CopiedProject) -> None:
    """Bring it back, and wait until that is done or known why not."""
    before = project.standing
    project.bring_back()
    until(lambda: project.standing is not before and project.standing.share is None)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".stfolder")


def copies(tmp_path: Path) -> list[str]:
    """The working copies there are."""
    return names(tmp_path / "copies") if (tmp_path / "copies").exists() else []


def abandon(project: CopiedProject) -> None:
    """End as a program does that is killed: nothing is brought back, and the copy is locked no more."""
    project.leave()
    project.close()


def change_elsewhere(home: Path, number: int) -> None:
    """Let another computer change the project, and the sync service replace the file."""
    other = home.with_name("other")
    shutil.copy(home, other)
    with Project(other, Disk(), lock=NoLock()) as project:
        put(project, number)
    other.replace(home)
