"""Salvage of a damaged project, with as much of its log of commands as is still true of what is left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workbench.project import newest, salvaging
from workbench.project.salvaging import Salvaged
from workbench.session.log import coherent


def salvage(
    path: Path | str,
    target: Path | str,
    *,
    overwrite: bool = False,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Salvaged:
    """Write what can be read of the damaged project at `path` to a new one at `target`; the damaged file stays.

    Where a working copy of it holds newer work, that is what is read.

    Datasets whose every block is as it was written come over, with the runs, studies and subsets on them. A run may
    lose single snapshots, its curves or its last state.

    Parameters
    ----------
    overwrite : bool
        Whether `target` may be there already.
    progress, stop : callable, optional
        Called with the fraction done; asked whether to give up.

    Raises
    ------
    ProjectError
        If there is no such file, `target` must not be written, or nothing can be read; one sentence says why.
    Cancelled
        If `stop` said so; nothing was written.
    """
    return salvaging.salvage(newest(path), target, coherent, overwrite=overwrite, progress=progress, stop=stop)
