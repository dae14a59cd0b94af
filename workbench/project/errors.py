"""What can go wrong with a project file, in words that a user can act on."""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from workbench.errors import Closed, WorkbenchError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Numbers of errors that say that there is no room left."""


class ProjectError(WorkbenchError):
    """A project could not be created, opened, read or written."""


class ProjectLocked(ProjectError):
    """Another program, or another window of this one, has the project open."""


class ProjectDamaged(ProjectError):
    """The file is not a project, is cut short, or holds bytes other than those that were written."""


class ProjectTooNew(ProjectError):
    """A later version of the program wrote the project in a way that this one cannot read."""


class NotBroughtBack(ProjectError):
    """A working copy could not be brought to the folder where it belongs; what was done is safe in it."""


class StorageFull(ProjectError):
    """The disk has no room left; the change was taken back and the project is as it was."""


def storage_error(error: OSError, path: Path) -> ProjectError:
    """Turn a failed call of the operating system on `path` into one sentence for the user."""
    if error.errno in FULL:
        return StorageFull(
            f"There is no room left on the disk that holds '{path.name}'; the last change was not saved, "
            "free some space and try again."
        )
    reason = error.strerror or str(error) or type(error).__name__
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ProjectError(f"'{path}' could not be opened or written ({reason}); check its permissions.")
    return ProjectError(
        f"The disk reported an error on '{path.name}' ({reason}); what was saved before is safe, "
        "check the disk and try again."
    )


@contextlib.contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Let what the operating system raises on `path` or near it be one sentence."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, path) from error


class ProjectClosed(ProjectError, Closed):
    """The file was closed before what was asked of it began."""
