"""The commands that learn: train one engine, or sweep over several numbers of prototypes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.commands.common import AsJson, PageFile, ProjectPath, dataset_name, pair, session_of, wait_for
from workbench.errors import WorkbenchError
from workbench.terminal import plain, print_json, print_table, progress

if TYPE_CHECKING:  # imported where used: `--help` and `--version` answer at once
    from workbench.session import Run

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


def train(
    project: ProjectPath,
    engine: Annotated[str, typer.Option(help="an engine of `vq-workbench engines`")],
    dataset: Annotated[str | None, typer.Option(help="name or id; the only one if not given")] = None,
    name: Annotated[str | None, typer.Option(help="name of the run")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="parameter of the engine")
    ] = None,
    watch: Annotated[bool, typer.Option(help="stop when the training seems to run away, and name the rows")] = True,
    as_json: AsJson = False,
) -> None:
    """Train an engine on a dataset; Ctrl-C stops it and keeps what was learned."""
    from workbench.views.first_look import sealed_words

    words = dict(pair(text) for text in settings or ())
    with session_of(project) as session:
        parameters = session.parse(engine, words)
        run = session.add_run(dataset_name(session, dataset), engine, parameters, name=name, watched=watch)
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


def _cost(run: Run) -> str:
    return f"cost {run.latest.cost:.6g}" if run.latest else ""
