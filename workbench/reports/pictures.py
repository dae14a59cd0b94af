"""Views as picture files."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from workbench.reports.errors import ReportError
from workbench.reports.files import made_folder, written_beside
from workbench.reports.learned import Trained, Watch
from workbench.session import Session
from workbench.views import VIEWS, Scene, Theme, View, render, theme
from workbench.views.canvas import Form


def write_views(session: Session, run: Trained, path: Path, form: str, watch: Watch) -> tuple[Path, ...]:
    """Every view that `run` has, light, as one file each; gives the paths.

    A `path` without ending is a folder, which is made; "iris.png" stands for "iris-curves.png" and so on.
    """
    shown = [view for view in VIEWS if view.printed and view.applies(run.scene)]
    written = []
    with made_folder(path.parent if path.suffix else path):
        for done, view in enumerate(shown):
            watch(done / len(shown))
            name = f"{view.name}.{form}"
            written.append(path.with_name(f"{path.stem}-{name}") if path.suffix else path / name)
            save_view(view, run.scene, written[-1])
    watch(1.0)
    return tuple(written)


def save_view(view: View, scene: Scene, path: Path, look: Theme | None = None) -> Path:
    """Write one view of a scene at the size that suits it; the ending of `path` says whether as PNG, SVG or PDF.

    Raises
    ------
    ReportError
        If the ending is another, or the file cannot be written.
    """
    form = path.suffix[1:].lower()
    if form not in ("png", "svg", "pdf"):
        found = path.suffix or "a file without ending"
        raise ReportError(f"A picture is written as .png, .svg or .pdf, not as {found!r}.")
    picture = render(view.figure(view.compute(scene), look or theme("light")), cast(Form, form))
    with written_beside(path) as part:
        part.write_bytes(picture)
    return path
