"""Where a new project is written: where it belongs, or in a working copy that is carried there when it is whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from workbench.project.disk import Disk
from workbench.project.errors import ProjectError, in_words
from workbench.project.ledger import NAME, folders_of, place_for_copy
from workbench.project.lock import FileLock, require_free
from workbench.project.marks import Mark
from workbench.project.places import Place
from workbench.project.working_copy import WorkingCopy


@contextlib.contextmanager
def written_at(path: Path, *, overwrite: bool, disk: Disk) -> Iterator[Path]:
    """Give the path at which to write a project that belongs at `path`, and see to it that it gets there.

    Raises
    ------
    ProjectError
        If there is one that must not be replaced, or it could not be carried there.
    ProjectLocked
        If that is open.
    """
    home = Path(os.path.realpath(path))
    place = place_for_copy(home)
    if place is not None:
        with _carried_to(home, place, overwrite, disk) as passing:
            yield passing
        return
    lock = FileLock(path)
    try:
        _require_free_name(path, overwrite)
        yield path
    finally:
        lock.release()


@contextlib.contextmanager
def _carried_to(home: Path, place: Place, overwrite: bool, disk: Disk) -> Iterator[Path]:
    for folder in folders_of(home):
        require_free(folder / NAME)
    mark = Mark(home)
    try:
        _require_free_name(home, overwrite)
        with in_words(home):
            copy = WorkingCopy.make(home, place, disk, mark)
        try:
            yield copy.path
        except BaseException:
            copy.discard()
            raise
        told = copy.end()
    finally:
        mark.release()
    if told:
        raise ProjectError(told)


def _require_free_name(path: Path, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise ProjectError(f"'{path}' exists already; choose another name.")
