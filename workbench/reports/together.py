"""The report of several runs on the same data, side by side: whether they can be, their figures, and the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.reports.comparison import require_same_data
from workbench.reports.errors import ReportError
from workbench.reports.html import Picture, page_bytes, picture, picture_of, printed, template
from workbench.reports.learned import Trained, Watch, trained
from workbench.reports.outcomes import assess_rows
from workbench.reports.runs_content import Assessed, runs_content
from workbench.session import Run, Session
from workbench.views import Scene, Theme, run_curves, run_relevances, theme, view

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

MOST_RUNS = 10
"""As many as there are colours to tell them apart."""
_ASSESSING = 0.7
_SHOWN = ("mixture", "prototypes", "code_atlas", "reconstructions")
"""Views of one run, the first of which that it has is shown."""


def require_comparable(runs: Sequence[Run]) -> None:
    """Raise ReportError unless these are several runs that one report can lay side by side."""
    if len(runs) < 2:
        raise ReportError("A report of several runs needs at least two: name another one.")
    if len(runs) > MOST_RUNS:
        raise ReportError(f"{len(runs)} runs are too many for one report: name at most {MOST_RUNS}.")
    twice = next((run for k, run in enumerate(runs) if any(run is other for other in runs[:k])), None)
    if twice is not None:
        raise ReportError(f"Run '{twice.name}' is named twice: name each run once.")
    require_same_data(runs)


def write_together(session: Session, runs: Sequence[Run], path: Path, form: str, watch: Watch) -> None:
    """Write one report of `runs` to `path`, as "html" or "pdf"; it loads nothing from anywhere and runs no script.

    Raises
    ------
    ReportError
        If they cannot be laid side by side, or one of them has learned nothing yet.
    """
    require_comparable(runs)
    data = runs[0].dataset.as_of(runs[0].dataset.correction)
    learned = [trained(run, data) for run in runs]
    found = []
    for k, run in enumerate(learned):
        share = Watch(lambda fraction, k=k: watch(_ASSESSING * (k + fraction) / len(learned)))  # type: ignore[misc]
        found.append(Assessed(run, *assess_rows(run, share)))
    scenes = [run.scene for run in learned]
    relevances = run_relevances.compute(scenes) if any(map(run_relevances.has_metric, scenes)) else None
    words = runs_content(session, found, relevances)
    curves = run_curves.compute(scenes)
    pictures = {"curves": _figure(run_curves.figure, curves, "Learning curves of all runs.", form)}
    if relevances is not None:
        pictures["relevance"] = _figure(run_relevances.figure, relevances, "What each metric finds relevant.", form)
    for k, run in enumerate(learned):
        watch(_ASSESSING + (1 - _ASSESSING) * k / len(learned))
        words["sections"][k]["picture"] = _picture(run, form)
    page = template("runs.html").render(pictures=pictures, looks=(theme("light"), theme("dark")), **words)
    path.write_bytes(page_bytes(page, form))
    watch(1.0)


def _figure(make: Callable[[Any, Theme], Figure], data: Any, alt: str, form: str) -> Picture:
    return printed(make, data, alt) if form == "pdf" else picture(make, data, "svg", alt)


def _picture(run: Trained, form: str) -> Picture | None:
    """The view that says most of what one run learned; None where it has none of them."""
    scene: Scene = run.scene
    shown = next((found for name in _SHOWN if (found := view(name)).applies(scene)), None)
    return None if shown is None else picture_of(shown, scene, form)
