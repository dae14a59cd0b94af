"""The report as one self-contained page, for browsers or in print: pictures and template; its words are `content`'s."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from workbench.reports.assessment import assess
from workbench.reports.content import content
from workbench.reports.learned import Trained, Watch
from workbench.resources import resource_path
from workbench.session import Session
from workbench.views import VIEWS, NoRoom, Page, Scene, Theme, View, canvas, render, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FORMS: dict[str, Literal["png", "svg"]] = {"curves": "svg", "confusion": "svg"}
_ASSESSING = 0.7
_PAPER = Page(width=174 / 25.4, letters=6.5)
"""What figures in print are made for: A4 between its margins."""
_DPI = 200
"""Of what is pixels in print: heat maps, and rows of a scatter."""


@dataclass(frozen=True)
class Picture:
    """One view in both looks.

    Attributes
    ----------
    light, dark : str
        data: addresses.
    width : int
        In CSS pixels.
    alt : str
        What it shows, for people who do not see it.
    """

    light: str
    dark: str
    width: int
    alt: str


def write_report(session: Session, run: Trained, path: Path, form: str, watch: Watch) -> None:
    """Write the report of `run` to `path`, as "html" or "pdf"; it loads nothing from anywhere and runs no script."""

    def share(fraction: float) -> None:
        watch(_ASSESSING * fraction)

    found = assess(run, run.blocks(Watch(share)))
    words = content(session, run, found)
    in_tables = {"confusion"} if all(part["matrix"] for part in words["confusion"]) else set()
    pictures = {}
    shown = [view for view in VIEWS if view.printed and view.name not in in_tables and view.applies(run.scene)]
    for done, view in enumerate(shown):
        watch(_ASSESSING + (1 - _ASSESSING) * done / len(shown))
        pictures[view.name] = picture_of(view, run.scene, form)
    page = template("report.html").render(pictures=pictures, looks=(theme("light"), theme("dark")), **words)
    path.write_bytes(page_bytes(page, form))
    watch(1.0)


def page_bytes(page: str, form: str) -> bytes:
    """What a file of a page holds: the page itself for "html", or what it comes to in print for "pdf"."""
    if form != "pdf":
        return page.encode()
    from workbench.reports.pdf import pdf_of  # at its use: not every page needs what sets it

    return pdf_of(page)


def picture_of(view: View, scene: Scene, form: str) -> Picture:
    """A view of a scene for a page in that form."""
    alt, data = f"{view.title}. {view.summary}", view.compute(scene)
    if form == "pdf":
        return printed(view.figure, data, alt)
    return picture(view.figure, data, _FORMS.get(view.name, "png"), alt)


def picture(make: Callable[[Any, Theme], Figure], data: Any, form: Literal["png", "svg"], alt: str) -> Picture:
    """The figure that `make` gives of `data`, in both looks."""
    addresses, width = [], 0.0
    for name in ("light", "dark"):
        figure = make(data, theme(name))
        width = float(figure.get_size_inches()[0])
        addresses.append(_address(figure, form))
    return Picture(addresses[0], addresses[1], round(96 * width), alt)


def printed(make: Callable[[Any, Theme], Figure], data: Any, alt: str, *, with_note: bool = True) -> Picture:
    """The figure that `make` gives of `data`, black on white, for a page in print; with the remark under it or not."""
    look = theme("print")
    try:
        figure = canvas.paged(
            lambda dressed: make(data, dressed), replace(look, page=replace(_PAPER, with_note=with_note))
        )
    except NoRoom:  # in its natural size, which is made smaller with its letters
        figure = make(data, look)
    address = _address(figure, "svg", dpi=_DPI)
    return Picture(address, address, round(96 * float(figure.get_size_inches()[0])), alt)


def _address(figure: Figure, form: Literal["png", "svg"], dpi: float | None = None) -> str:
    kind = "image/svg+xml" if form == "svg" else "image/png"
    return f"data:{kind};base64," + base64.b64encode(render(figure, form, dpi=dpi)).decode("ascii")


def template(name: str) -> Any:
    """The page template called `name`, which fails on anything that it is not given."""
    environment = Environment(
        loader=FileSystemLoader(resource_path("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
