"""The page of a sweep as a file: a picture, or a web page that loads nothing from anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

from workbench.reports.errors import ReportError
from workbench.reports.files import written_beside
from workbench.reports.html import picture, template
from workbench.session import Sweep
from workbench.session.sweep import REFERENCE_ROWS, REFERENCES, REPEATS, SAMPLE_ROWS
from workbench.views import render, sweep, theme

FORMS = ("html", "png", "svg")


def write_sweep(measured: Sweep, path: Path) -> Path:
    """Write the page of a sweep, as far as it has come; the ending of `path` says in which of `FORMS`.

    Raises
    ------
    ReportError
        If the ending is another, or the file cannot be written.
    """
    form = path.suffix[1:].lower()
    if form not in FORMS:
        found = path.suffix or "a file without ending"
        raise ReportError(f"The page of a sweep is written as .html, .png or .svg, not as {found!r}.")
    data = sweep.compute(measured)
    if form == "html":
        made = _page(measured, data).encode()
    else:
        made = render(sweep.figure(data, theme("light")), cast(Literal["png", "svg"], form))
    with written_beside(path) as part:
        part.write_bytes(made)
    return path


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
    parameters = [(name, "none" if value is None else str(value)) for name, value in measured.parameters.items()]
    page: str = template("sweep.html").render(
        page=data,
        about=f"{measured.engine.title} on {measured.dataset.name}, {measured.facts.created.replace('T', ' ')[:16]}",
        picture=picture(sweep.figure, data, "svg", f"{data.headline}. {data.reason}"),
        looks=(theme("light"), theme("dark")),
        method=method(measured),
        parameters=parameters,
    )
    return page
