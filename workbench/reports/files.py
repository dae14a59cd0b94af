"""Files that appear whole or not at all; nothing of what is in them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from workbench.reports.errors import ReportError


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`; what is written there is moved to `path` at the end, and removed on failure.

    Raises
    ------
    ReportError
        If the folder is missing, is not a folder, may not be written to, or the disk is full.
    """
    part: Path | None = None
    try:
        if path.is_dir():
            raise ReportError(f"{path} is a folder: give the name of a file.")
        part = _reserve(path)
        yield part
        _sync(part)
        os.replace(part, path)
        part = None
    except OSError as error:
        raise ReportError(_sentence(path, error)) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


@contextmanager
def made_folder(path: Path) -> Iterator[Path]:
    """The folder `path`, made if it is missing and removed again if nothing could be put there."""
    fresh = not path.exists()
    try:
        path.mkdir(parents=True, exist_ok=True)
        yield path
    except OSError as error:
        raise ReportError(_sentence(path, error)) from error
    finally:
        if fresh and path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _reserve(path: Path) -> Path:
    """An empty file beside `path`."""
    part = path.with_name(f".{path.name[:40]}.{uuid4().hex}.part")
    part.touch(exist_ok=False)
    return part


def _sync(path: Path) -> None:
    """Make sure that the file's content is on the disk before its name is."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sentence(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: {path} was not written; make room and export again."
    if isinstance(error, FileNotFoundError):
        return f"There is no folder {path.parent}: make it, or choose another place for {path.name}."
    if isinstance(error, PermissionError):
        return f"{path} may not be written by you: choose another place."
    if isinstance(error, NotADirectoryError | FileExistsError):
        return f"{path} cannot be made, since a file is in its way: choose another place."
    return f"{path} could not be written ({error.strerror or error}): choose another place."
