"""The part of `export` that draws one view of a run for a paper or a slide."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.session import Run


@dataclass(frozen=True)
class FigureWish:
    """What was asked for; lengths in millimetres, letters in points."""

    view: str
    width: float
    height: float | None
    letters: float
    look: str
    dpi: float
    title: str
    with_legend: bool
    with_note: bool
    part: str
    asked: str


def write(run: Run, path: Path, wish: FigureWish) -> Path:
    """Write the figure; raises WorkbenchError where there is no such view or look, or nothing to show."""
    from workbench.reports.figures import LOOKS, page, write_figure
    from workbench.views import VIEWS, scene_of

    scene = scene_of(run)
    if scene is None:
        raise WorkbenchError(f"Nothing is learned yet by run '{run.name}': train it first.")
    fitting = {view.name: view for view in VIEWS if view.applies(scene)}
    if wish.view not in fitting:
        listed = ", ".join(fitting)
        problem = f"Run '{run.name}' has no view called '{wish.view}'" if wish.view else "Say which view with --view"
        raise WorkbenchError(f"{problem}: there are {listed}.")
    look = next((look for look in LOOKS if look == wish.look), None)
    if look is None:
        raise WorkbenchError(f"There is no look called '{wish.look}': there are {', '.join(LOOKS)}.")
    place = page(
        wish.width,
        wish.height,
        letters=wish.letters,
        title=wish.title,
        with_legend=wish.with_legend,
        with_note=wish.with_note,
        part=wish.part,
    )
    view = fitting[wish.view]
    return write_figure(view, view.compute(scene.asking(wish.asked)), path, place, look=look, dpi=wish.dpi)
