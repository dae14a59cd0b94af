"""The way in to a project wherever it lies: in place, or by a working copy if its folder is on a network or synced."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from workbench.project.arrays import Progress, Stop
from workbench.project.copied import CopiedProject
from workbench.project.disk import Disk
from workbench.project.errors import ProjectDamaged, ProjectError, ProjectLocked, in_words
from workbench.project.journal import recover
from workbench.project.ledger import NAME, Ledger, State, folders_of, ledgers, place_for_copy, strayed_from
from workbench.project.lock import NoLock, require_free
from workbench.project.marks import Mark, holder_of, open_elsewhere
from workbench.project.places import Place
from workbench.project.project import Project
from workbench.project.working_copy import WorkingCopy

_delivering: set[Path] = set()
_delivered = threading.Condition()


def create_project(path: Path | str, *, in_place: bool = False, disk: Disk | None = None) -> Project:
    """Make a new project and open it; with `in_place`, never by way of a working copy.

    Raises
    ------
    ProjectError
        As `Project.create` does.
    """
    path, disk = Path(path).absolute(), disk or Disk()
    home = _home(path)
    place = None if in_place else place_for_copy(home)
    if place is None:
        return Project.create(path, disk=disk)
    if not home.parent.is_dir():
        raise ProjectError(f"The folder '{home.parent}' does not exist; create it first.")
    mark = Mark(home)
    try:
        if home.exists():
            raise ProjectError(f"'{home}' exists already; open it, or choose another name.")
        with in_words(home):
            copy = WorkingCopy.make(home, place, disk, mark)
    except BaseException:
        mark.release()
        raise
    project = CopiedProject(copy, disk, create=True)
    project.bring_back()
    return project


def open_project(
    path: Path | str,
    *,
    read_only: bool = False,
    in_place: bool = False,
    progress: Progress | None = None,
    stop: Stop | None = None,
    disk: Disk | None = None,
) -> Project:
    """Open an existing project, for writing by way of a working copy where its folder is on a network or synced.

    Who only reads needs no copy: files there are replaced as a whole, so that what was opened stays as it was. A reader
    is given the working copy where that holds work which is not brought back and nobody has it open.

    Parameters
    ----------
    in_place : bool
        Whether to write where the file is, whatever its folder is.
    progress, stop : callable, optional
        For the copying.

    Raises
    ------
    ProjectError
        As `Project.open` does.
    Cancelled
        If `stop` said so.
    """
    path, disk = Path(path).absolute(), disk or Disk()
    home = _home(path)
    place = place_for_copy(home)
    if place is None:
        return Project.open(path, read_only=read_only, disk=disk)
    with in_words(home):
        if read_only:
            return _reader(home, disk)
        if in_place:
            _clear_the_way(home, disk)
            return Project.open(home, disk=disk)
        return CopiedProject(_take(home, place, disk, progress, stop), disk)


def can_be_opened(path: Path) -> bool:
    """Whether there is a project at `path`, or a working copy of one that cannot be reached."""
    return path.exists() or bool(folders_of(_home(path)))


def newest(path: Path | str) -> Path:
    """The file that holds the newest work on a project and that nobody has open for writing: itself, or a copy."""
    home = _home(Path(path))
    for folder in folders_of(home):
        ledger = Ledger.read(folder)
        with contextlib.suppress(ProjectError):
            require_free(folder / NAME)
            if ledger is not None and _holds_more(folder / ledger.name, ledger.held):
                return folder / ledger.name
    return Path(path)


def deliver_left(disk: Disk | None = None) -> list[str]:
    """Bring back what earlier sittings left in working copies, where folders can be reached and nobody is in the way.

    Returns
    -------
    list of str
        A sentence on each project that was brought back, or still cannot be.
    """
    left = [folder for folder, ledger in ledgers() if not _is_open_elsewhere(ledger.home)]
    return _deliver_all(left, disk or Disk())


def _home(path: Path) -> Path:
    """By what a project is known, whatever links lead to it."""
    return Path(os.path.realpath(path))


def _reader(home: Path, disk: Disk) -> Project:
    path = newest(home)
    if path != home:
        project = Project(path, disk, read_only=True, address=home)
        note = f"This is the working copy of '{home.name}' on this computer; it has work that is not brought back yet."
    elif home.is_file():
        project = Project(home, disk, read_only=True, lock=NoLock())
        busy = _is_open_elsewhere(home) or bool(folders_of(home))
        note = f"'{home.name}' is open for changes elsewhere; this is what was brought back last." if busy else ""
    else:
        raise _missing(home)
    project.recovered = " ".join(filter(None, (note, project.recovered)))
    return project


def _take(home: Path, place: Place, disk: Disk, progress: Progress | None, stop: Stop | None) -> WorkingCopy:
    """The working copy to go on with: one that was left, or a new one of what is at home now."""
    left = _hold_all(home, disk)
    adopted: WorkingCopy | None = None
    mark: Mark | None = None
    try:
        told = _deliver_all(strayed_from(home), disk)
        mark = Mark(home)
        require_free(home)
        for copy in left:
            if adopted is None and _goes_on(copy) and _is_sound(copy, disk):
                adopted = copy
                told.append(_words_of(copy))
            else:
                told.append(_deliver(copy, disk))
        if adopted is None:
            if not home.is_file():
                raise _missing(home)
            adopted = WorkingCopy.fetch(home, place, disk, mark, progress=progress, stop=stop)
    except BaseException:
        for copy in left:
            copy.release()
        if mark is not None:
            mark.release()
        raise
    adopted.mark = mark
    adopted.note = " ".join(filter(None, (mark.note, *told)))
    return adopted


def _hold_all(home: Path, disk: Disk) -> list[WorkingCopy]:
    """All copies of a project that earlier sittings left; ProjectLocked if one is open."""
    held: list[WorkingCopy] = []
    try:
        for folder in folders_of(home):
            with _delivered:
                _delivered.wait_for(lambda folder=folder: folder not in _delivering)  # type: ignore[misc]
            if Ledger.read(folder) is not None:
                held.append(WorkingCopy.hold(disk, folder))
    except BaseException:
        for copy in held:
            copy.release()
        raise
    return held


def _goes_on(copy: WorkingCopy) -> bool:
    """Whether a copy that was left is the newest there is, so that work goes on in it."""
    if not copy.path.is_file():
        return False
    if not copy.home_is_there():
        return True
    return copy.home_is_known() and (copy.home.exists() or copy.state() != copy.held)


def _is_sound(copy: WorkingCopy, disk: Disk) -> bool:
    """Whether a copy that was left can be opened; what a crash has left of it is mended."""
    try:
        Project(copy.path, disk).close()
    except ProjectDamaged:
        return False
    return True


def _words_of(copy: WorkingCopy) -> str:
    name = copy.home.name
    if not copy.home_is_there():
        return (
            f"The folder '{copy.home.parent}' cannot be reached; this is the working copy of '{name}' on this "
            "computer, which is brought back when the folder is there again."
        )
    if copy.state() == copy.held:
        return ""
    return f"'{name}' has work of an earlier sitting that was not brought back to its folder; it is here, and now is."


def _deliver_all(folders: Iterable[Path], disk: Disk) -> list[str]:
    told = []
    for folder in folders:
        try:
            with _claimed(folder), in_words(folder):
                told.append(_deliver(WorkingCopy.hold(disk, folder), disk))
        except ProjectLocked:
            pass  # someone works on it
        except ProjectError as error:
            told.append(str(error))
    return [sentence for sentence in told if sentence]


def _deliver(copy: WorkingCopy, disk: Disk) -> str:
    """Bring back what a copy holds more than its home, let go of it, and say so."""
    if not copy.path.is_file():
        copy.discard()
        return ""
    name, folder = copy.home.name, copy.home.parent
    try:
        if not _is_sound(copy, disk):
            return copy.put_aside()
        is_newer = copy.state() != copy.held
    except BaseException:
        copy.release()
        raise
    told = copy.end()
    return told or (
        f"'{name}' was brought back to '{folder}', with the work of an earlier sitting." if is_newer else ""
    )


def _clear_the_way(home: Path, disk: Disk) -> None:
    """Let a project be written where it is: nothing of it is left in working copies, and nobody else is at it."""
    for copy in _hold_all(home, disk):
        told = _deliver(copy, disk)
        if copy.folder.exists():
            raise ProjectError(told)
    holder = holder_of(home)
    if holder is not None and holder.lives:
        raise ProjectLocked(open_elsewhere(home, holder))


def _holds_more(path: Path, held: State) -> bool:
    """Whether a copy that was left has what its home lacks; one that is damaged may have."""
    if not path.is_file():
        return False
    try:
        block = recover(Disk(), path, read_only=True).block
    except ProjectDamaged:
        return True
    return State(block.uuid.hex(), block.commit) != held


def _is_open_elsewhere(home: Path) -> bool:
    holder = holder_of(home)
    return holder is not None and holder.lives


def _missing(home: Path) -> ProjectError:
    return ProjectError(f"There is no project at '{home}'; check the path, or create a new project.")


@contextlib.contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    """Let who wants to open a project meanwhile wait, instead of finding it locked by ourselves."""
    with _delivered:
        _delivering.add(folder)
    try:
        yield
    finally:
        with _delivered:
            _delivering.discard(folder)
            _delivered.notify_all()
