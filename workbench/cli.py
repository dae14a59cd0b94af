"""The command line: words in, calls to the session out, results as tables or JSON; it decides nothing itself."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench import __version__
from workbench.commands.applying import apply
from workbench.commands.bench import bench
from workbench.commands.care import salvage
from workbench.commands.common import AsJson, ProjectPath, in_place, pair, project_of, run_called, session_of
from workbench.commands.compare import compare
from workbench.commands.figure import FigureWish
from workbench.commands.figure import write as write_figure
from workbench.commands.first_look import show_test
from workbench.commands.importing import derive, import_file
from workbench.commands.learning import sweep, train
from workbench.commands.merging import merge
from workbench.commands.searching import search
from workbench.commands.stability import stability
from workbench.errors import WorkbenchError
from workbench.terminal import plain, print_json, print_table, progress, sentence

FIGURE = "Figure: one view at a size"

app = typer.Typer(
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Learn codebooks and prototypes from data. Without a command, the window opens.",
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code: 0 done, 1 it could not be done, 2 it was not understood.

    A user's mistake is answered with one line on standard error; `--debug` adds the traceback. With `--in-place`,
    projects of network and synced folders are worked on where they are.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    in_place.set("--in-place" in words)
    words = [word for word in words if word not in ("--debug", "--in-place")]
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
    with session_of(project, read_only=True) as session:
        datasets = [
            {
                "name": dataset.name,
                "id": dataset.id,
                "shape": [dataset.n_rows, dataset.n_features],
                "kind": dataset.kind,
                "classes": len(dataset.classes),
                "image_shape": list(dataset.image_shape) if dataset.image_shape else None,
                "test_part": _test_part(dataset),
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
                **({"from": run.facts.from_file["file"]} if run.facts.from_file else {}),
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
        searches = [
            {
                "name": search.name,
                "id": search.id,
                "engine": search.engine.name,
                "dataset": search.dataset.name,
                "status": search.status,
                "trials": len(search.trials),
                "folds": search.folds,
                "best": search.ranking.best,
            }
            for search in session.searches.values()
        ]
    if as_json:
        print_json({"datasets": datasets, "runs": runs, "sweeps": sweeps, "searches": searches})
        return
    listed = [{**dataset, "test part": _test_words(dataset["test_part"])} for dataset in datasets]
    print_table("Datasets", ("name", "shape", "classes", "test part"), listed)
    shown = [{**run, "figures": run.get("error") or _main_figures(run["metrics"])} for run in runs]
    print_table("Runs", ("name", "engine", "dataset", "status", "figures"), shown)
    if sweeps:
        print_table("Sweeps", ("name", "engine", "dataset", "status", "recommended"), sweeps)
    if searches:
        print_table("Searches", ("name", "engine", "dataset", "status", "trials", "best"), searches)


@app.command()
def verify(project: ProjectPath) -> None:
    """Read every byte of a project and compare it with its hashes."""
    with project_of(project, read_only=True) as opened, progress() as report:
        damages = opened.verify(lambda share: report("Verifying", share))
    if damages:
        raise WorkbenchError(
            f"{project} is damaged: {' '.join(damages)} 'vq-workbench salvage' writes what is whole to a new project."
        )
    print(f"{project} is sound.")


@app.command()
def compact(project: ProjectPath) -> None:
    """Give back the space of what was deleted."""
    before = os.path.getsize(project) if project.exists() else 0
    with project_of(project) as opened:
        opened.compact()
    print(f"{project}: {before:,} bytes before, {os.path.getsize(project):,} now.")


@app.command()
def warm(quiet: Annotated[bool, typer.Option("--quiet", help="print nothing")] = False) -> None:
    """Compile the numeric kernels ahead of their first use."""
    from workbench.warm import warm as compile_all

    for title in compile_all():
        if not quiet:
            print(f"compiled: {title}")


app.command("import")(import_file)
app.command()(derive)
app.command()(train)
app.command()(sweep)
app.command()(search)
app.command()(stability)
app.command("show-test")(show_test)
app.command()(apply)
app.command()(salvage)
app.command()(merge)
app.command()(compare)
app.command()(bench)


@app.command()
def export(
    kind: Annotated[
        str,
        typer.Argument(
            help="codebook, model, assignments, codes, polytopes, c, python, onnx, report, views, sheet, figure, script"
        ),
    ],
    project: ProjectPath,
    out: Annotated[Path, typer.Option("-o", "--out", help="file to write; its ending chooses the form")],
    runs: Annotated[
        list[str] | None,
        typer.Option(
            "--run", help="name or id of the run; the newest one if not given; several, for a report of all of them"
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="option of a sheet: columns, scale, gap, labels, ground"),
    ] = None,
    view: Annotated[str, typer.Option(help="the view to draw", rich_help_panel=FIGURE)] = "",
    width: Annotated[float, typer.Option(help="millimetres", rich_help_panel=FIGURE)] = 85.0,
    height: Annotated[
        float | None, typer.Option(help="millimetres; as much as the view needs if not given", rich_help_panel=FIGURE)
    ] = None,
    letters: Annotated[float, typer.Option(help="size in points", rich_help_panel=FIGURE)] = 8.0,
    look: Annotated[str, typer.Option(help="print (black on white), light or dark", rich_help_panel=FIGURE)] = "print",
    dpi: Annotated[float, typer.Option(help="dots of an inch, of what is pixels", rich_help_panel=FIGURE)] = 300.0,
    title: Annotated[str, typer.Option(help="above the plot", rich_help_panel=FIGURE)] = "",
    legend: Annotated[bool, typer.Option(help="draw legends", rich_help_panel=FIGURE)] = True,
    note: Annotated[bool, typer.Option(help="write the remark under the plot", rich_help_panel=FIGURE)] = True,
    part: Annotated[
        str, typer.Option(help='one part only, as it is called in the window: "Hits"', rich_help_panel=FIGURE)
    ] = "",
    ask: Annotated[
        str,
        typer.Option(
            help="what to show, of a view that can be asked: a code of the code atlas", rich_help_panel=FIGURE
        ),
    ] = "",
) -> None:
    """Write what a run learned to a file.

    Forms: codebook and assignments .csv .parquet .xlsx, codebook .json .npz .h5 too, model .safetensors, codes .npz,
    polytopes .json .csv, c .h, python .py, onnx .onnx, report .html .pdf, views and figure .png .svg .pdf, sheet .png,
    script .py .ipynb. "polytopes" are the cells of the prototypes in original units: a row x belongs to a prototype
    where Ax <= b. A border that other borders imply is left out. In the CSV file each line is one border.

    "c", "python" and "onnx" are the model with its recipe as a C99 header without dependencies, as Python that needs
    NumPy alone, and for any ONNX runtime; each takes rows as they were imported, and is tried before it is saved.

    Of an engine whose code is bits (DeepVQ): "codebook" is what each code decodes to, up to 12 bits. "codes" are the
    bits of every row, packed, the first in the lowest bit of the first byte. "onnx" are its networks, NAME-encoder.onnx
    from rows to bits and NAME-decoder.onnx back, tried before they are saved.

    "report" with several --run lays runs on the same data side by side: parameters that differ, accuracies and errors
    with intervals, what each metric finds relevant, learning curves, pairs of runs, and each run in short.

    "sheet" are prototypes of pictures side by side, every pixel whole: `--set columns=10 --set scale=4 --set gap=2`,
    with `--set labels=true` the class or the number under each.

    "script" is a Python script, or a Jupyter notebook, that learns the same codebooks again from the data: that of a
    run, or without --run those of the whole project.
    """
    from workbench.reports import EXPORTS, export_together, parse_options, write_script
    from workbench.reports import export as write

    run, *others = runs or [""]
    if others and kind != "report":
        raise WorkbenchError(f"'{kind}' is of one run: give --run once. Only a report takes several.")
    if settings and (others or kind in ("script", "figure")):
        raise WorkbenchError(f"--set is for exports with options, which '{kind}' has not: leave it out.")
    with session_of(project, read_only=True) as session:
        if others:
            written: Any = export_together(session, [session.run(name) for name in runs or ()], out)
        elif kind == "script":
            written = write_script(session, out, session.run(run) if run else None)
        elif kind == "figure":
            wish = FigureWish(view, width, height, letters, look, dpi, title, legend, note, part, ask)
            written = write_figure(run_called(session, run), out, wish)
        else:
            words = dict(pair(text) for text in settings or ())
            chosen = run_called(session, run)
            written = write(kind, session, chosen, out, options=parse_options(kind, words))
            remark = next(one for one in EXPORTS if one.name == kind).remark(chosen)
            if remark:
                print(f"note: {remark}", file=sys.stderr)
    for path in written if isinstance(written, list | tuple) else [written]:
        print(path)


def _main_figures(metrics: dict[str, Any]) -> dict[str, Any]:
    """What was measured of a run on the parts of its dataset; before that, its cost."""
    measured = {key: value for key, value in metrics.items() if key.endswith(("_train", "_validation", "_test"))}
    return measured or {key: value for key, value in metrics.items() if key == "cost"}


def _test_part(dataset: Any) -> dict[str, Any] | None:
    """Rows of the test part, and when it was first looked at; None of a dataset without one."""
    if not dataset.has_test_part:
        return None
    look = None if dataset.first_look is None else dataset.first_look.time or None
    return {"rows": dataset.n_in("test"), "sealed": dataset.is_sealed, "first_look": look}


def _test_words(part: dict[str, Any] | None) -> str:
    if part is None:
        return "none"
    when = part["first_look"] or "before that was recorded"
    seen = "not looked at yet (show-test)" if part["sealed"] else f"first looked at {when}"
    return f"{part['rows']:,} rows, {seen}"


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
