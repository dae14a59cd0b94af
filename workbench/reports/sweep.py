"""The page of a sweep as a file: a picture, or a web page that loads nothing from anywhere."""

from __future__ import annotations

from pathlib import Path

from workbench.reports.html import picture
from workbench.reports.pages import page_of, write_page
from workbench.session import Sweep
from workbench.session.sweep import REFERENCE_ROWS, REFERENCES, REPEATS, SAMPLE_ROWS
from workbench.views import sweep, theme


def write_sweep(measured: Sweep, path: Path) -> Path:
    """Write the page of a sweep, as far as it has come; `path` ends in one of `pages.FORMS`.

    Raises
    ------
    ReportError
        If the ending is another, or the file cannot be written.
    """
    data = sweep.compute(measured)
    return write_page(path, "sweep", lambda: _page(measured, data), lambda: sweep.figure(data, theme("light")))


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


def _page(measured: Sweep, data: sweep.SweepData) -> str:
    counts = data.counts.tolist()
    return page_of(
        title=data.title,
        about=f"{measured.engine.title} on {measured.dataset.name}, {measured.facts.created.replace('T', ' ')[:16]}",
        picture=picture(sweep.figure, data, "svg", f"{data.headline}. {data.reason}"),
        remarks=data.remarks,
        table_title="Every count",
        columns=data.columns,
        rows=data.rows,
        chosen=None if data.value is None else counts.index(data.value),
        method=method(measured),
        parameters=measured.parameters,
    )
