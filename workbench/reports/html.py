"""The report as one self-contained HTML page: pictures and template; what it says is put together in `content`."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from workbench.reports.assessment import assess
from workbench.reports.content import content
from workbench.reports.learned import Trained, Watch
from workbench.resources import resource_path
from workbench.session import Session
from workbench.views import VIEWS, Theme, render, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FORMS: dict[str, Literal["png", "svg"]] = {"curves": "svg", "confusion": "svg"}
_ASSESSING = 0.7


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
    """Write the report of `run` to `path`; it loads nothing from anywhere and runs no script."""

    def share(fraction: float) -> None:
        watch(_ASSESSING * fraction)

    found = assess(run, Watch(share))
    words = content(session, run, found)
    in_tables = {"confusion"} if all(part["matrix"] for part in words["confusion"]) else set()
    pictures = {}
    shown = [view for view in VIEWS if view.printed and view.name not in in_tables and view.applies(run.scene)]
    for done, view in enumerate(shown):
        watch(_ASSESSING + (1 - _ASSESSING) * done / len(shown))
        alt = f"{view.title}. {view.summary}"
        pictures[view.name] = picture(view.figure, view.compute(run.scene), _FORMS.get(view.name, "png"), alt)
    page = template("report.html").render(pictures=pictures, looks=(theme("light"), theme("dark")), **words)
    path.write_text(page, encoding="utf-8")
    watch(1.0)


def picture(make: Callable[[Any, Theme], Figure], data: Any, form: Literal["png", "svg"], alt: str) -> Picture:
    """The figure that `make` gives of `data`, in both looks."""
    addresses, width = [], 0.0
    for name in ("light", "dark"):
        figure = make(data, theme(name))
        width = float(figure.get_size_inches()[0])
        kind = "image/svg+xml" if form == "svg" else "image/png"
        addresses.append(f"data:{kind};base64," + base64.b64encode(render(figure, form)).decode("ascii"))
    return Picture(addresses[0], addresses[1], round(96 * width), alt)


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
