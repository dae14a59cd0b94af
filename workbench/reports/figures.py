"""One view as a figure for a paper or a slide: at a chosen size, with letters that are read at that size.

In an SVG, letters stay letters, which drawing programs can change and search engines find; in a PDF they are TrueType
and embedded, as journals ask for. What is pixels in either (rows of a scatter, heat maps) has the chosen resolution.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

from workbench.reports.errors import ReportError
from workbench.reports.files import written_beside
from workbench.views import Page, View, canvas, render, theme
from workbench.views.canvas import Form

Look = Literal["light", "dark", "print"]

FORMS: tuple[Form, ...] = ("pdf", "svg", "png")
LOOKS: tuple[Look, ...] = ("print", "light", "dark")
MM = 25.4
"""Millimetres of an inch."""
SMALLEST, LARGEST = 20.0, 1200.0
"""Millimetres of a side."""
LETTERS = (4.0, 40.0)
"""Points."""
RESOLUTIONS = (36, 1200)
"""Dots of an inch."""
MOST_PIXELS = 100_000_000


@dataclass(frozen=True)
class Size:
    """A size that is often wanted: millimetres, and points of its letters; no height for what the view needs."""

    title: str
    width: float
    height: float | None
    letters: float


SIZES = (
    Size("One column", 85.0, None, 7.0),
    Size("Two columns", 178.0, None, 8.0),
    Size("Slide, 16:9", 254.0, 142.875, 12.0),
)
"""The sizes to choose from: columns of most journals, and a slide."""


def page(
    width: float,
    height: float | None = None,
    *,
    letters: float = 8.0,
    title: str = "",
    with_legend: bool = True,
    with_note: bool = True,
    part: str = "",
) -> Page:
    """A page of so many millimetres; see `workbench.views.Page`.

    Raises
    ------
    ReportError
        If a size is out of bounds.
    """
    for name, side in (("width", width), ("height", height)):
        if side is not None and not SMALLEST <= side <= LARGEST:
            raise ReportError(f"The {name} of a figure is from {SMALLEST:g} to {LARGEST:g} mm, not {side:g}.")
    if not LETTERS[0] <= letters <= LETTERS[1]:
        raise ReportError(f"Letters of a figure have from {LETTERS[0]:g} to {LETTERS[1]:g} points, not {letters:g}.")
    inches = None if height is None else height / MM
    return Page(width / MM, inches, letters, title, with_legend, with_note, part)


def drawn(view: View, data: Any, place: Page, form: Form, *, look: Look = "print", dpi: float = 300) -> bytes:
    """The bytes of a figure of `data`, which `view.compute` gave.

    Raises
    ------
    ReportError
        If it would have too many pixels.
    NoRoom
        If the view does not fit on the page.
    """
    made = canvas.paged(lambda dressed: view.figure(data, dressed), replace(theme(look), page=place))
    width, height = made.get_size_inches()
    if form == "png" and width * height * dpi**2 > MOST_PIXELS:
        raise ReportError(
            f"{width * dpi:,.0f} × {height * dpi:,.0f} pixels are too many: choose a smaller size or resolution."
        )
    return render(made, form, dpi=dpi)


def write_figure(view: View, data: Any, path: Path, place: Page, *, look: Look = "print", dpi: float = 300) -> Path:
    """Write a figure of `data` to `path`, which ends in one of `FORMS`; what was there stays until the file is whole.

    Raises
    ------
    ReportError
        If the ending is another, a figure would have too many pixels, or the file cannot be written.
    NoRoom
        If the view does not fit on the page.
    """
    form = path.suffix[1:].lower()
    if form not in FORMS:
        found = path.suffix or "a file without ending"
        raise ReportError(f"A figure is written as .{', .'.join(FORMS[:-1])} or .{FORMS[-1]}, not as {found!r}.")
    if not RESOLUTIONS[0] <= dpi <= RESOLUTIONS[1]:
        raise ReportError(f"The resolution is from {RESOLUTIONS[0]} to {RESOLUTIONS[1]} dots of an inch, not {dpi:g}.")
    made = drawn(view, data, place, cast(Form, form), look=look, dpi=dpi)
    with written_beside(path) as part:
        part.write_bytes(made)
    return path
