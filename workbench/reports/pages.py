"""Pages of one measurement: a figure, a table and how it was done, as a picture or a web page that loads nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from workbench.reports.errors import ReportError
from workbench.reports.files import written_beside
from workbench.reports.html import Picture, template
from workbench.views import render, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMS = ("html", "png", "svg")


def check_form(path: Path, what: str) -> str:
    """The form that the ending of `path` names; raises ReportError where it is none of `FORMS`."""
    form = path.suffix[1:].lower()
    if form not in FORMS:
        found = path.suffix or "a file without ending"
        raise ReportError(f"The page of a {what} is written as .html, .png or .svg, not as {found!r}.")
    return form


def write_page(path: Path, what: str, page: Callable[[], str], figure: Callable[[], Figure]) -> Path:
    """Write the `page`, or where the ending of `path` is of a picture, the `figure` alone.

    Raises
    ------
    ReportError
        If the ending is none of `FORMS`, or the file cannot be written.
    """
    form = check_form(path, what)
    made = page().encode() if form == "html" else render(figure(), cast(Literal["png", "svg"], form))
    with written_beside(path) as part:
        part.write_bytes(made)
    return path


def page_of(
    *,
    title: str,
    about: str,
    picture: Picture,
    remarks: Sequence[str],
    table_title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    chosen: int | None,
    method: str,
    parameters: Mapping[str, Any],
) -> str:
    """The web page; `chosen` is the number of the row to stress."""
    shown = [(name, "none" if value is None else str(value)) for name, value in parameters.items()]
    page: str = template("page.html").render(
        title=title,
        about=about,
        picture=picture,
        remarks=remarks,
        table_title=table_title,
        columns=columns,
        rows=rows,
        chosen=chosen,
        method=method,
        parameters=shown,
        looks=(theme("light"), theme("dark")),
    )
    return page
