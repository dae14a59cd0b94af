"""The command that searches for good parameters by cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.commands.common import AsJson, PageFile, ProjectPath, dataset_name, pair, session_of, wait_for
from workbench.errors import WorkbenchError
from workbench.terminal import plain, print_json, print_table, progress

if TYPE_CHECKING:  # imported where used: `--help` and `--version` answer at once
    from workbench.session import Search

MOST_LINES = 20


def search(
    project: ProjectPath,
    engine: Annotated[str, typer.Option(help="an engine of `vq-workbench engines`")],
    grid: Annotated[list[str] | None, typer.Option(metavar="KEY=A,B,…", help="values of a parameter to try")] = None,
    ranges: Annotated[
        list[str] | None, typer.Option("--range", metavar="KEY=LOW:HIGH[:log]", help="a range to draw from at random")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(help="draw so many at random; every combination of the values if not given")
    ] = None,
    folds: Annotated[int, typer.Option(help="parts of the training rows, each held out once")] = 5,
    seed: Annotated[int, typer.Option(help="of the cut in folds and of the drawing")] = 0,
    dataset: Annotated[str | None, typer.Option(help="name or id; the only one if not given")] = None,
    name: Annotated[str | None, typer.Option(help="name of the search")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="another parameter of the engine")
    ] = None,
    out: PageFile = None,
    as_json: AsJson = False,
) -> None:
    """Try sets of parameters, judged by cross-validation; Ctrl-C stops it and keeps the trials that are done."""
    from workbench.reports import write_search
    from workbench.reports.pages import check_form
    from workbench.session import parse_space
    from workbench.views import search as page

    if out is not None:
        check_form(out, "search")
    words = dict(pair(text, "--set") for text in settings or ())
    varied = dict(pair(text, "--grid") for text in grid or ()) | dict(pair(text, "--range") for text in ranges or ())
    with session_of(project) as session:
        made = session.add_search(
            dataset_name(session, dataset),
            engine,
            parse_space(engine, varied),
            parameters=session.parse(engine, words),
            scheme="random" if ranges or trials is not None else "grid",
            n_trials=trials,
            folds=folds,
            seed=seed,
            name=name,
        )
        with progress() as report:
            wait_for(made, lambda: report(f"{made.engine.title}, {len(made.measured)} trials", made.progress))
        if made.status == "failed":
            raise WorkbenchError(made.error)
        data = page.compute(made)
        written = None if out is None else write_search(made, out)
    if as_json:
        print_json(_as_json(made))
        return
    rows = [page.short_row(data, trial) for trial in data.order[:MOST_LINES]]
    print_table(made.name, tuple(rows[0]) if rows else (), rows)
    print(f"{data.headline}. {data.reason}")
    more = len(data.order) - len(rows)
    left_out = [f"{more:,} more trials: see the page (-o) or --json."] if more else []
    for line in (*left_out, *data.remarks, *([] if written is None else [str(written)])):
        print(line)


def _as_json(made: Search) -> dict[str, Any]:
    ranking, table = made.ranking, made.table
    means, deviations = made.means, made.deviations
    return {
        "name": made.name,
        "id": made.id,
        "engine": made.engine.name,
        "status": made.status,
        "seconds": made.seconds,
        "score": made.score.name,
        "higher_is_better": made.score.higher,
        "best": ranking.best,
        "near": sorted(ranking.near),
        "simplest": ranking.simplest,
        "parameters": plain(made.parameters),
        "trials": [
            {
                "trial": trial,
                "parameters": plain(made.trials[k]),
                "mean": plain(float(means[k])),
                "deviation": plain(float(deviations[k])),
                "scores": plain(table["scores"][k]),
                "seconds": plain(float(table["seconds"][k])),
                **({"error": made.failures[trial]} if trial in made.failures else {}),
            }
            for k, trial in enumerate(made.keys)
        ],
    }
