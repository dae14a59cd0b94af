"""The commands that learn: train one engine, or sweep over several numbers of prototypes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.commands.common import AsJson, PageFile, ProjectPath, dataset_name, pair, session_of, wait_for
from workbench.errors import WorkbenchError
from workbench.terminal import plain, print_json, print_table, progress

if TYPE_CHECKING:  # imported where used: `--help` and `--version` answer at once
    from workbench.session import Run, Session

_SHORT = {
    "count": "count",
    "error_per_row": "error",
    "silhouette": "silh.",
    "silhouette_without_groups": "chance",
    "davies_bouldin": "DB",
    "calinski_harabasz": "CH",
    "bic": "BIC",
    "stability": "stable",
    "ari": "ARI",
}
"""Columns of a sweep's table that fit a terminal, and their heads."""


FILE = "From a file"


def train(
    project: ProjectPath,
    engine: Annotated[str | None, typer.Option(help="an engine of `vq-workbench engines`; a model has its own")] = None,
    dataset: Annotated[str | None, typer.Option(help="name or id; the only one if not given")] = None,
    name: Annotated[str | None, typer.Option(help="name of the run")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="parameter of the engine")
    ] = None,
    watch: Annotated[bool, typer.Option(help="stop when the training seems to run away, and name the rows")] = True,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="model or codebook to start from: .safetensors, or .csv .json .npz .npy .h5 .parquet .xlsx",
            rich_help_panel=FILE,
        ),
    ] = None,
    units: Annotated[
        str | None,
        typer.Option(
            help="original or training: units of the prototypes in the file; as it says itself, else original",
            rich_help_panel=FILE,
        ),
    ] = None,
    only_load: Annotated[bool, typer.Option("--no-train", help="load the file only", rich_help_panel=FILE)] = False,
    as_json: AsJson = False,
) -> None:
    """Train an engine on a dataset; Ctrl-C stops it and keeps what was learned.

    With --from it starts from what a file holds. A model goes on as it is: on the rows that it was learned from as if
    it had not been stopped, else anew from all that it learned; an engine that can do neither is kept as it is. A
    codebook, ours or any table of prototypes, needs --engine.
    """
    from workbench.views.first_look import sealed_words

    words = dict(pair(text) for text in settings or ())
    if start is None and (engine is None or units is not None or only_load):
        raise typer.BadParameter("--engine is needed" if engine is None else "--units and --no-train go with --from")
    with session_of(project) as session:
        data = dataset_name(session, dataset)
        if start is None:
            assert engine is not None
            run = session.add_run(data, engine, session.parse(engine, words), name=name, watched=watch)
        else:
            run = _started(session, start, data, engine, words, units, name, watched=watch)
            if run.resumable and not only_load:
                run.resume()
        with progress() as report:
            wait_for(run, lambda: report(f"{run.engine.title} {_cost(run)}", run.progress))
        if run.alarm is not None:
            rows = ", ".join(map(str, run.alarm.rows))
            raise WorkbenchError(f"Run '{run.name}' is {run.status}. {run.alarm.sentence} The rows are {rows}.")
        if run.status == "failed":
            raise WorkbenchError(run.error)
        result = {
            "name": run.name,
            "id": run.id,
            "status": run.status,
            "seconds": run.seconds,
            "metrics": plain(run.metrics),
        }
        sealed = sealed_words(run.dataset)
    if as_json:
        print_json(result)
    else:
        figures = ", ".join(f"{key} {value:.6g}" for key, value in run.metrics.items())
        print(f"{result['name']} {result['status']} after {result['seconds']:.1f} s: {figures}")
        if sealed:
            print(f"{sealed} It is shown by 'vq-workbench show-test {project}'.")


def sweep(
    project: ProjectPath,
    engine: Annotated[str, typer.Option(help="an engine that has a number of prototypes")],
    values: Annotated[str, typer.Option(help="numbers to try: 2:12, 10:50:10, or 2,4,8")] = "1:12",
    dataset: Annotated[str | None, typer.Option(help="name or id; the only one if not given")] = None,
    name: Annotated[str | None, typer.Option(help="name of the sweep")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="another parameter of the engine")
    ] = None,
    out: PageFile = None,
    as_json: AsJson = False,
) -> None:
    """Try several numbers of prototypes and recommend one; Ctrl-C stops it and keeps what was measured."""
    from workbench.reports import write_sweep
    from workbench.reports.pages import check_form
    from workbench.session import parse_counts
    from workbench.views import sweep as page

    if out is not None:
        check_form(out, "sweep")
    words = dict(pair(text) for text in settings or ())
    with session_of(project) as session:
        parameters = session.parse(engine, words)
        made = session.add_sweep(dataset_name(session, dataset), engine, parse_counts(values), parameters, name=name)
        with progress() as report:
            wait_for(made, lambda: report(f"{made.engine.title}, {len(made.measured)} measured", made.progress))
        if made.status == "failed":
            raise WorkbenchError(made.error)
        data, said, table = page.compute(made), made.recommendation, made.table
        written = None if out is None else write_sweep(made, out)
    if as_json:
        result = {
            "name": made.name,
            "id": made.id,
            "engine": made.engine.name,
            "status": made.status,
            "seconds": made.seconds,
            "recommended": said.value,
            "reason": said.reason,
            "remarks": list(data.remarks),
            "best": dict(said.bests),
            "table": {made.engine.count: list(made.counts), **plain(table)},
        }
        print_json(result)
        return
    print_table(made.name, tuple(_SHORT.values()), page.short_rows(made, _SHORT))
    print(f"{data.headline}. {data.reason}")
    for line in (*data.remarks, *([] if written is None else [str(written)])):
        print(line)


def _started(
    session: Session,
    path: Path,
    dataset: str,
    engine: str | None,
    words: dict[str, str],
    units: str | None,
    name: str | None,
    *,
    watched: bool,
) -> Run:
    """The run that starts from a file, whose remarks are told."""
    from workbench.session import look_into

    if units not in (None, "original", "training"):
        raise typer.BadParameter(f"--units {units} is not understood: original or training.")
    given = look_into(path)
    own = engine or (given.info.name if given.info is not None else "")
    parameters = session.parse(own, words) if own else {}
    run = session.start_from(given, dataset, engine, parameters, units=units, name=name, watched=watched)  # type: ignore[arg-type]
    for remark in run.remarks:
        print(f"note: {remark}", file=sys.stderr)
    return run


def _cost(run: Run) -> str:
    return f"cost {run.latest.cost:.6g}" if run.latest else ""
