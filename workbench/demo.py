"""The whole job on a sample, from data file to report: what a new user sees first."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.reports import export
from workbench.samples import Report, sample, train_sample
from workbench.session import Session


def run_demo(folder: Path, report: Report, sample_name: str = "digits") -> Path:
    """Write a sample's data file into `folder`, import it, train its runs and export all there is to export.

    Returns
    -------
    Path
        The project; beside it lie the data file and, for each run, codebook, model, assignments, report and views.

    Raises
    ------
    WorkbenchError
        If the folder already holds the demo's project, or cannot be written.
    """
    project = folder / f"{sample_name}.vqw"
    if project.exists():
        raise WorkbenchError(f"{project} exists already: remove it, or choose another folder with --out.")
    folder.mkdir(parents=True, exist_ok=True)
    with Session.create(project) as session:
        for run in train_sample(sample(sample_name), session, folder, report):
            if run.status != "finished":
                raise WorkbenchError(f"The demo's run {run.name} {run.status}: {run.error}")
            report(f"Exporting {run.name}", None)
            results = folder / run.engine.name
            results.mkdir(exist_ok=True)
            export("codebook", session, run, results / "codebook.csv")
            export("model", session, run, results / "model.safetensors")
            export("assignments", session, run, results / "assignments.csv")
            export("report", session, run, results / "report.html")
            export("views", session, run, results / "views.png")
    return project


def has_display() -> bool:
    """Whether a window can be shown here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
