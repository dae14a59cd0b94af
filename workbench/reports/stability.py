"""The page of a run's stability as a file; what it shows is computed in `views`, its form is that of `pages`."""

from __future__ import annotations

from pathlib import Path

from workbench.reports.errors import ReportError
from workbench.reports.pages import PageTable, PageWords, write_page
from workbench.session import Run
from workbench.views import scene_of, stability

WHAT = "measured stability"
METHOD = (
    "The engine learned again with the parameters of the run; where prototypes have a metric each, their mean is "
    "judged. Bands go from the 5 % to the 95 % quantile over these refits. Eigenvectors have no sign, and close ones "
    "may come in either order: each is compared with the one that agrees with it best, after the signed permutation "
    "that brings all of them nearest. Neighbours whose bands of uᵀΛu (u an eigenvector of the run, Λ the metric of a "
    "refit) overlap are not told apart; of these only the space that they span means something, and its overlap is the "
    "mean cos² of the principal angles."
)


def write_stability(run: Run, path: Path) -> Path:
    """Write the page of what was measured of a run's stability; `path` ends in one of `pages.FORMS`.

    Raises
    ------
    ReportError
        If fewer than two refits were made, the ending is another, or the file cannot be written.
    """
    scene = scene_of(run)
    if scene is None or not stability.applies(scene):
        raise ReportError(f"The stability of run '{run.name}' has not been measured: measure it first.")
    data = stability.compute(scene)
    return write_page(path, WHAT, stability.figure, data, _words(run, data))


def _words(run: Run, data: stability.StabilityData) -> PageWords:
    return PageWords(
        title=f"Stability of {run.name}",
        about=f"{run.engine.title} on {run.dataset.name}, {run.facts.created.replace('T', ' ')[:16]}",
        headline=data.headline,
        shows="The metric of the run as rings, and bands over the refits from 5 % to 95 %.",
        remarks=data.told,
        tables=[PageTable("Features, the most relevant first", stability.COLUMNS, data.rows)],
        method=METHOD,
        parameters=run.parameters,
    )
