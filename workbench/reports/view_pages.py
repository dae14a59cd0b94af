"""Views that leave as a page of their own, with their tables and how they were measured: which, and who writes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workbench.reports.comparison import write_comparison
from workbench.reports.stability import write_stability
from workbench.session import Run
from workbench.views import Scene
from workbench.views.comparison import compute as comparison_of

_WRITERS: dict[str, Callable[[Run, Scene, Path], Path]] = {
    "comparison": lambda run, scene, path: write_comparison(run, comparison_of(scene), path),
    "stability": lambda run, _, path: write_stability(run, path),
}

PAGED = frozenset(_WRITERS)
"""Names of these views."""


def write_view_page(name: str, run: Run, scene: Scene, path: Path) -> Path:
    """Write the page of the view `name`, one of `PAGED`, of `run`; `path` ends in one of `pages.FORMS`.

    Parameters
    ----------
    scene : Scene
        The run at the moment, and asked what, the view shows of it.

    Raises
    ------
    ReportError
        If the ending is another, or the file cannot be written.
    """
    return _WRITERS[name](run, scene, path)
