"""The command that applies a trained run to new rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.common import AsJson, ProjectPath, RunName, run_called, session_of
from workbench.terminal import print_json, progress


def apply(
    project: ProjectPath,
    file: Annotated[Path, typer.Argument(help="data file with the columns that were learned from, in any order")],
    out: Annotated[Path, typer.Option("-o", "--out", help="table to write: .csv, .parquet or .xlsx")],
    run: RunName = "",
    reconstructions: Annotated[
        bool, typer.Option("--reconstructions", help="add what stands for each row, in original units")
    ] = False,
    importer: Annotated[str | None, typer.Option(help="kind of file, if the guess is wrong")] = None,
    as_json: AsJson = False,
) -> None:
    """Apply a run to new rows: its prototype or code of each, the distance, and the class it predicts, how surely."""
    from workbench.reports import apply as write
    from workbench.session import read_new
    from workbench.views.wording import percent

    with session_of(project, read_only=True) as session, progress() as report:
        chosen = run_called(session, run)
        rows = read_new(chosen.dataset, file, importer=importer, progress=lambda share: report("Reading", share))
        done = write(
            chosen, rows, out, reconstructions=reconstructions, progress=lambda share: report("Applying", share)
        )
        name = chosen.name
    for warning in done.warnings:
        print(f"note: {warning}", file=sys.stderr)
    if as_json:
        known = None if done.accuracy is None else dict(zip(("value", "low", "high"), done.accuracy, strict=True))
        print_json(
            {
                "run": name,
                "rows": done.n_rows,
                "labelled": done.n_labelled,
                "accuracy": known,
                "rejected": done.n_rejected,
                "mean_distance": done.mean_distance,
                "warnings": list(done.warnings),
            }
        )
        return
    print(f"{out}: {done.n_rows:,} rows, mean distance {done.mean_distance:.4g}.")
    if done.accuracy is not None:
        share, low, high = map(percent, done.accuracy)
        print(f"Right: {share} of {done.n_labelled:,} labelled rows (95 % interval {low} to {high}).")
    if done.n_rejected:
        print(f"Rejected, as less certain than the run's threshold: {done.n_rejected:,}.")
