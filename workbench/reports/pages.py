"""Pages of one measurement: a figure, a table and how it was done, to look at, to print, or the picture alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from workbench.reports.errors import ReportError
from workbench.reports.files import written_beside
from workbench.reports.html import page_bytes, picture, printed, template
from workbench.views import Theme, render, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMS = ("html", "pdf", "png", "svg")


@dataclass(frozen=True)
class PageTable:
    """A table in texts; `chosen` is the number of the row to stress."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    chosen: int | None = None


@dataclass(frozen=True)
class PageWords:
    """What a page says around its figure.

    Attributes
    ----------
    title, about : str
    headline, reason : str
        What came out, and why, which may be ""; they stand in the figure too, except in print.
    shows : str
        What the figure shows, in a sentence.
    remarks : sequence of str
    tables : sequence of PageTable
    method : str
        How it was measured.
    parameters : mapping of str to Any
        What it was measured with.
    """

    title: str
    about: str
    headline: str
    shows: str
    remarks: Sequence[str]
    tables: Sequence[PageTable]
    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


def check_form(path: Path, what: str) -> str:
    """The form that the ending of `path` names; raises ReportError where it is none of `FORMS`."""
    form = path.suffix[1:].lower()
    if form not in FORMS:
        found = path.suffix or "a file without ending"
        raise ReportError(
            f"The page of a {what} is written as .{', .'.join(FORMS[:-1])} or .{FORMS[-1]}, not as {found!r}."
        )
    return form


def write_page(path: Path, what: str, make: Callable[[Any, Theme], Figure], data: Any, words: PageWords) -> Path:
    """Write the figure that `make` gives of `data` and the words around it, or the figure alone as a picture.

    Raises
    ------
    ReportError
        If the ending of `path` is none of `FORMS`, or the file cannot be written.
    """
    form = check_form(path, what)
    if form == "html":
        alt = " ".join(filter(None, [words.shows, f"{words.headline}.", words.reason]))
        made = page_bytes(_page(words, picture(make, data, "svg", alt), apart=False), form)
    elif form == "pdf":
        made = page_bytes(_page(words, printed(make, data, words.shows, with_note=False), apart=True), form)
    else:
        made = render(make(data, theme("light")), cast(Literal["png", "svg"], form))
    with written_beside(path) as part:
        part.write_bytes(made)
    return path


def _page(words: PageWords, figure: Any, *, apart: bool) -> str:
    """The web page; headline and reason are set `apart` from a figure that does not have them."""
    shown = [(name, "none" if value is None else str(value)) for name, value in words.parameters.items()]
    page: str = template("page.html").render(
        words=words, figure=figure, apart=apart, parameters=shown, looks=(theme("light"), theme("dark"))
    )
    return page
