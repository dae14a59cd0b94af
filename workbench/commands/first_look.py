"""The command that asks for the test part of a dataset, and tells what each run reaches on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.commands.common import AsJson, ProjectPath, dataset_name, session_of
from workbench.terminal import print_json, print_table

if TYPE_CHECKING:  # imported where used: `--help` and `--version` answer at once
    from workbench.session import Run

_COLUMNS = ("name", "engine", "figure", "value", "95 % interval", "of rows")


def show_test(
    project: ProjectPath,
    dataset: Annotated[str | None, typer.Option(help="name or id; the only one if not given")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the test part of a dataset, from now on and everywhere, and what each run reaches on it.

    The first time is written into the project, since what was seen cannot be unseen: reports tell when it was, and
    which runs were started or changed after it. Before, no figure of the test part is shown.
    """
    from workbench.views.first_look import look_words, seen_before

    with session_of(project) as session:
        data = session.dataset(dataset_name(session, dataset))
        session.show_test_part(data)
        told = [look_words(data, session.runs_on(data)), seen_before(data, session.kin_of(data))]
        runs = [_reached(run) for run in session.runs.values() if run.dataset is data]
        look = data.first_look
        time = None if look is None or not look.is_recorded else look.time
        result = {"dataset": data.name, "rows": data.n_in("test"), "first_look": time, "runs": runs}
    if as_json:
        print_json(result)
        return
    print_table(f"Test part of {result['dataset']}, {result['rows']:,} rows", _COLUMNS, [_words(run) for run in runs])
    for line in filter(None, (*told, *(run["caution"] for run in runs))):
        print(line)


def _reached(run: Run) -> dict[str, Any]:
    """What a run reaches on the test part; None for what was not measured."""
    from workbench.views.first_look import caution
    from workbench.views.intervals import wilson

    name = next((name for name in run.metrics if name.endswith("_test")), None)
    value = None if name is None else run.metrics[name]
    n_rows = run.given.n_in("test", labelled=run.engine.supervised)
    interval = None
    if value is not None and run.engine.supervised:
        interval = list(wilson(round(value * n_rows), n_rows))
    return {
        "name": run.name,
        "engine": run.engine.name,
        "figure": name,
        "value": value,
        "interval": interval,
        "rows": n_rows,
        "caution": caution(run),
    }


def _words(run: dict[str, Any]) -> dict[str, str]:
    """The same under `_COLUMNS`."""
    from workbench.views.wording import MISSING, metric_title, number, percent

    told = percent if run["interval"] else number
    return {
        "name": run["name"],
        "engine": run["engine"],
        "figure": "not measured" if run["figure"] is None else metric_title(run["figure"]),
        "value": MISSING if run["value"] is None else told(run["value"]),
        "95 % interval": " to ".join(map(percent, run["interval"])) if run["interval"] else MISSING,
        "of rows": f"{run['rows']:,}",
    }
