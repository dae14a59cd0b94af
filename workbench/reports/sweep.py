"""The page of a sweep as a file; what it shows is computed in `views`, its form is that of `pages`."""

from __future__ import annotations

from pathlib import Path

from workbench.reports.pages import PageTable, PageWords, write_page
from workbench.session import Sweep
from workbench.session.sweep import REFERENCE_ROWS, REFERENCES, REPEATS, SAMPLE_ROWS
from workbench.views import sweep


def write_sweep(measured: Sweep, path: Path) -> Path:
    """Write the page of a sweep, as far as it has come; `path` ends in one of `pages.FORMS`.

    Raises
    ------
    ReportError
        If the ending is another, or the file cannot be written.
    """
    data = sweep.compute(measured)
    return write_page(path, "sweep", sweep.figure, data, _words(measured, data))


def method(measured: Sweep) -> str:
    """How the numbers of a sweep came about, in some sentences."""
    n_rows = measured.dataset.n_in("train")
    judged = min(SAMPLE_ROWS, n_rows)
    which = f"all {n_rows:,} training rows" if judged == n_rows else f"{judged:,} of {n_rows:,} training rows"
    return (
        f"Every count is learned from all {n_rows:,} training rows. Silhouette, Davies–Bouldin, Calinski–Harabasz, "
        f"agreement and stability are measured on {which}. Rows without groups are {REFERENCES} sets of "
        f"{min(REFERENCE_ROWS, judged):,} rows spread evenly over the box along the principal axes, learned by the "
        f"same engine. Stability is the adjusted Rand index of two models that learned from a random half of these "
        f"rows each, over {REPEATS} splits."
    )


def _words(measured: Sweep, data: sweep.SweepData) -> PageWords:
    counts = data.counts.tolist()
    return PageWords(
        title=data.title,
        about=f"{measured.engine.title} on {measured.dataset.name}, {measured.facts.created.replace('T', ' ')[:16]}",
        headline=data.headline,
        reason=data.reason,
        shows=f"Every criterion against the {data.counted}; a mark is on the best of each.",
        remarks=data.remarks,
        tables=[
            PageTable("Every count", data.columns, data.rows, None if data.value is None else counts.index(data.value))
        ],
        method=method(measured),
        parameters=measured.parameters,
    )
