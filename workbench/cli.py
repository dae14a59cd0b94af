"""The command line: words in, calls to the session out, results as tables or JSON; it decides nothing itself."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench import __version__
from workbench.errors import WorkbenchError
from workbench.terminal import plain, print_json, print_table, progress, sentence

if TYPE_CHECKING:  # imported where used: `--help` and `--version` answer at once
    from workbench.data import Plan
    from workbench.session import Run, Session, Sweep

app = typer.Typer(
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Learn codebooks and prototypes from data. Without a command, the window opens.",
)

PAIR = "KEY=VALUE"
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
ProjectPath = Annotated[Path, typer.Argument(metavar="PROJECT", help="project file (*.vqw)")]
RunName = Annotated[str, typer.Option("--run", help="name or id of the run; the newest one if not given")]
AsJson = Annotated[bool, typer.Option("--json", help="for machines: one JSON value on standard output")]


def main(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code: 0 done, 1 it could not be done, 2 it was not understood.

    A user's mistake is answered with one line on standard error; `--debug` adds the traceback.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    if not words or (words[0] not in commands and words[0] not in ("--help", "--version")):
        if words and not words[0].startswith("-") and not Path(words[0]).suffix and not Path(words[0]).exists():
            print(f"vq-workbench: '{words[0]}' is neither a command nor a project; see --help.", file=sys.stderr)
            return 2
        words.insert(0, "open")
    try:
        app(words, prog_name="vq-workbench")
    except SystemExit as end:
        return int(end.code or 0)
    except (WorkbenchError, OSError, KeyboardInterrupt) as error:
        if debug:
            traceback.print_exc()
        print(f"vq-workbench: {sentence(error)}", file=sys.stderr)
        return 1
    return 0


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", help="print the version and end")] = False,
) -> None:
    if version:
        print(f"vq-workbench {__version__}")
        raise typer.Exit


@app.command("open")
def open_window(project: Annotated[Path | None, typer.Argument(help="project file (*.vqw)")] = None) -> None:
    """Open the window, with PROJECT if one is named."""
    from workbench.desktop.app import run

    raise typer.Exit(run(project))


@app.command()
def demo(
    out: Annotated[Path | None, typer.Option(help="folder for the results; a window is not opened then")] = None,
) -> None:
    """Take a sample through the whole job: import, train, report; then show it in the window if there is a display."""
    from workbench.demo import has_display, run_demo

    folder = Path("vq-workbench-demo") if out is None else out
    with progress() as report:
        project = run_demo(folder, report)
    print(f"Written to {folder}: the project, its codebook, model, report and views.")
    if out is None and has_display():
        open_window(project)


@app.command("engines")
def list_engines(as_json: AsJson = False) -> None:
    """List the engines with their parameters."""
    import engines

    if as_json:
        print_json([_engine_as_json(info) for info in engines.catalog()])
        return
    for info in engines.catalog():
        print(f"{info.name}  ({info.family})  {info.summary}")
        for parameter in info.parameters:
            print(f"    {parameter.name} = {parameter.default!r}: {parameter.doc}")


@app.command()
def info(project: ProjectPath, as_json: AsJson = False) -> None:
    """Tell what a project holds."""
    with _session(project, read_only=True) as session:
        datasets = [
            {
                "name": dataset.name,
                "id": dataset.id,
                "shape": [dataset.n_rows, dataset.n_features],
                "classes": len(dataset.classes),
                "image_shape": list(dataset.image_shape) if dataset.image_shape else None,
            }
            for dataset in session.datasets.values()
        ]
        runs = [
            {
                "name": run.name,
                "id": run.id,
                "engine": run.engine.name,
                "dataset": run.dataset.name,
                "status": run.status,
                "seconds": run.seconds,
                "parameters": plain(run.parameters),
                "metrics": plain(run.metrics),
                **({"error": run.error} if run.error else {}),
            }
            for run in session.runs.values()
        ]
        sweeps = [
            {
                "name": sweep.name,
                "id": sweep.id,
                "engine": sweep.engine.name,
                "dataset": sweep.dataset.name,
                "status": sweep.status,
                "counts": list(sweep.counts),
                "recommended": sweep.recommendation.value,
            }
            for sweep in session.sweeps.values()
        ]
    if as_json:
        print_json({"datasets": datasets, "runs": runs, "sweeps": sweeps})
        return
    print_table("Datasets", ("name", "shape", "classes"), datasets)
    shown = [{**run, "figures": run.get("error") or _main_figures(run["metrics"])} for run in runs]
    print_table("Runs", ("name", "engine", "dataset", "status", "figures"), shown)
    if sweeps:
        print_table("Sweeps", ("name", "engine", "dataset", "status", "recommended"), sweeps)


@app.command()
def verify(project: ProjectPath) -> None:
    """Read every byte of a project and compare it with its hashes."""
    from workbench.project import Project

    with Project.open(project, read_only=True) as opened, progress() as report:
        damages = opened.verify(lambda share: report("Verifying", share))
    if damages:
        raise WorkbenchError(f"{project} is damaged: {' '.join(damages)}")
    print(f"{project} is sound.")


@app.command()
def compact(project: ProjectPath) -> None:
    """Give back the space of what was deleted."""
    from workbench.project import Project

    before = os.path.getsize(project) if project.exists() else 0
    with Project.open(project) as opened:
        opened.compact()
    print(f"{project}: {before:,} bytes before, {os.path.getsize(project):,} now.")


@app.command()
def warm(quiet: Annotated[bool, typer.Option("--quiet", help="print nothing")] = False) -> None:
    """Compile the numeric kernels ahead of their first use."""
    from workbench.warm import warm as compile_all

    for title in compile_all():
        if not quiet:
            print(f"compiled: {title}")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="data file or folder of images")],
    project: Annotated[Path, typer.Option("--project", help="project file; made if there is none")],
    name: Annotated[str | None, typer.Option(help="name of the dataset")] = None,
    label: Annotated[str | None, typer.Option(metavar="COL", help="column with the classes")] = None,
    ids: Annotated[str | None, typer.Option("--id", metavar="COL", help="column that names the rows")] = None,
    ignore: Annotated[list[str] | None, typer.Option(metavar="COL", help="column to leave out; repeatable")] = None,
    scale: Annotated[str | None, typer.Option(help="none, standard, minmax or symmetric")] = None,
    missing: Annotated[str | None, typer.Option(help="error, drop, mean, median or keep")] = None,
    contrast: Annotated[bool, typer.Option("--contrast", help="normalise the contrast of each row")] = False,
    whitening: Annotated[str | None, typer.Option(help="none, pca or zca")] = None,
    split: Annotated[str | None, typer.Option(metavar="TRAIN/VAL/TEST", help="e.g. 0.7/0.15/0.15")] = None,
    seed: Annotated[int, typer.Option(help="seed of the split")] = 0,
    importer: Annotated[str | None, typer.Option(help="kind of file, if the guess is wrong")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="option of the importer")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring a file into a project."""
    plan = _plan(file, importer, dict(_pair(text) for text in settings or ()))
    roles = dict.fromkeys(ignore or (), "ignore")
    roles |= {column: role for column, role in ((label, "label"), (ids, "id")) if column is not None}
    plan = _with_recipe(plan.with_roles(roles), scale, missing, contrast, whitening, split, seed)
    with _session(project, create=True) as session, progress() as report:
        job = session.import_data(plan, name=name)
        while not job.wait(0.1):
            report("Importing", job.progress)
        dataset = job.result()
        summary = {"name": dataset.name, "id": dataset.id, "shape": [dataset.n_rows, dataset.n_features]}
        warnings = list(dataset.warnings)
    for warning in warnings:
        print(f"note: {warning}", file=sys.stderr)
    if as_json:
        print_json({**summary, "warnings": warnings})
    else:
        print(f"{summary['name']}: {dataset.n_rows:,} rows of {dataset.n_features:,} features.")


@app.command()
def train(
    project: ProjectPath,
    engine: Annotated[str, typer.Option(help="an engine of `vq-workbench engines`")],
    dataset: Annotated[str | None, typer.Option(help="name or id; the only one if not given")] = None,
    name: Annotated[str | None, typer.Option(help="name of the run")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="parameter of the engine")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train an engine on a dataset; Ctrl-C stops it and keeps what was learned."""
    words = dict(_pair(text) for text in settings or ())
    with _session(project) as session:
        run = session.add_run(_dataset_name(session, dataset), engine, session.parse(engine, words), name=name)
        with progress() as report:
            _wait_for(run, lambda: report(f"{run.engine.title} {_cost(run)}", run.progress))
        if run.status == "failed":
            raise WorkbenchError(run.error)
        result = {
            "name": run.name,
            "id": run.id,
            "status": run.status,
            "seconds": run.seconds,
            "metrics": plain(run.metrics),
        }
    if as_json:
        print_json(result)
    else:
        figures = ", ".join(f"{key} {value:.6g}" for key, value in result["metrics"].items())
        print(f"{result['name']} {result['status']} after {result['seconds']:.1f} s: {figures}")


@app.command()
def sweep(
    project: ProjectPath,
    engine: Annotated[str, typer.Option(help="an engine that has a number of prototypes")],
    values: Annotated[str, typer.Option(help="numbers to try: 2:12, 10:50:10, or 2,4,8")] = "1:12",
    dataset: Annotated[str | None, typer.Option(help="name or id; the only one if not given")] = None,
    name: Annotated[str | None, typer.Option(help="name of the sweep")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="another parameter of the engine")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="file for the page of all criteria: .html, .png or .svg")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Try several numbers of prototypes and recommend one; Ctrl-C stops it and keeps what was measured."""
    from workbench.reports import write_sweep
    from workbench.session import parse_counts
    from workbench.views import sweep as page

    words = dict(_pair(text) for text in settings or ())
    with _session(project) as session:
        parameters = session.parse(engine, words)
        made = session.add_sweep(_dataset_name(session, dataset), engine, parse_counts(values), parameters, name=name)
        with progress() as report:
            _wait_for(made, lambda: report(f"{made.engine.title}, {len(made.measured)} measured", made.progress))
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


@app.command()
def export(
    kind: Annotated[str, typer.Argument(help="codebook, model, assignments, report or views")],
    project: ProjectPath,
    out: Annotated[Path, typer.Option("-o", "--out", help="file to write; its ending chooses the form")],
    run: RunName = "",
) -> None:
    """Write what a run learned to a file."""
    from workbench.reports import export as write

    with _session(project, read_only=True) as session:
        written = write(kind, session, _run(session, run), out)
    for path in written if isinstance(written, list | tuple) else [written]:
        print(path)


def _plan(file: Path, importer: str | None, words: dict[str, str]) -> Plan:
    """The guessed plan for `file`, with the importer's options that were given in words."""
    from workbench.data import DataError, guess
    from workbench.data import importer as importer_called

    plan = guess(file, importer)
    if not words:
        return plan
    chosen = importer_called(plan.importer)
    declared = {parameter.name: parameter for parameter in chosen.parameters}
    unknown = [key for key in words if key not in declared]
    if unknown:
        raise DataError(f'{chosen.title} has no option "{unknown[0]}"; there are {", ".join(declared)}.')
    try:
        options = {key: declared[key].parse(text, chosen.title) for key, text in words.items()}
    except ValueError as error:
        raise DataError(str(error)) from error
    return guess(file, plan.importer, options)


def _with_recipe(
    plan: Plan,
    scale: str | None,
    missing: str | None,
    contrast: bool,
    whitening: str | None,
    split: str | None,
    seed: int,
) -> Plan:
    """The plan with the recipe's words that were given; the others stay as guessed."""
    recipe = plan.recipe
    given = {"scaling": scale, "missing": missing, "whitening": whitening, "contrast": contrast or None}
    recipe = replace(recipe, **{key: value for key, value in given.items() if value is not None})
    parts = replace(recipe.split, seed=seed)
    if split is not None:
        try:
            shares = [float(part) for part in split.split("/")]
            train_share, validation, test = [*shares, 0.0, 0.0][:3] if len(shares) <= 3 else shares
        except ValueError:
            raise WorkbenchError(f"--split {split} is not understood: give shares such as 0.7/0.15/0.15.") from None
        parts = replace(parts, train=train_share, validation=validation, test=test)
    return replace(plan, recipe=replace(recipe, split=parts))


def _wait_for(work: Run | Sweep, report: Callable[[], None]) -> None:
    """Show how far a run or a sweep is until it ends; an interrupt stops it and waits for what was learned."""
    try:
        while work.wait(0.1) in ("queued", "running", "paused"):
            report()
    except KeyboardInterrupt:
        work.stop()
        work.wait()


def _main_figures(metrics: dict[str, Any]) -> dict[str, Any]:
    """What was measured of a run on the parts of its dataset; before that, its cost."""
    measured = {key: value for key, value in metrics.items() if key.endswith(("_train", "_validation", "_test"))}
    return measured or {key: value for key, value in metrics.items() if key == "cost"}


def _cost(run: Run) -> str:
    return f"cost {run.latest.cost:.6g}" if run.latest else ""


@contextmanager
def _session(path: Path, *, create: bool = False, read_only: bool = False) -> Iterator[Session]:
    """The open project; one that had to be made for work that then fails is taken away again."""
    from workbench.session import Session

    is_new = create and not path.exists()
    session = Session.create(path) if is_new else Session.open(path, read_only=read_only)
    done = False
    try:
        if session.notice:
            print(f"note: {session.notice}", file=sys.stderr)
        yield session
        done = True
    finally:
        session.close()
        if is_new and not done:
            for ending in ("", "-wal", ".lock"):
                path.with_name(path.name + ending).unlink(missing_ok=True)


def _dataset_name(session: Session, name: str | None) -> str:
    if name is not None:
        return name
    if len(session.datasets) != 1:
        names = ", ".join(dataset.name for dataset in session.datasets.values()) or "none yet"
        raise WorkbenchError(f"Say which dataset with --dataset: the project has {names}.")
    return next(iter(session.datasets))


def _run(session: Session, name: str) -> Run:
    if name:
        return session.run(name)
    if not session.runs:
        raise WorkbenchError("The project has no run to export: train one first.")
    return list(session.runs.values())[-1]


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"--set {text} is not understood: write it as key=value.")
    return key.strip(), value


def _engine_as_json(info: Any) -> dict[str, Any]:
    return {
        "name": info.name,
        "family": info.family,
        "title": info.title,
        "summary": info.summary,
        "supervised": info.supervised,
        "data_kinds": list(info.data_kinds),
        "exports": list(info.exports),
        "parameters": [
            {
                "name": parameter.name,
                "kinds": sorted(parameter.kinds),
                "default": plain(parameter.default),
                "choices": list(parameter.choices),
                "low": parameter.low,
                "high": parameter.high,
                "unit": parameter.unit,
                "doc": parameter.doc,
            }
            for parameter in info.parameters
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
