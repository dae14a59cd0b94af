"""The command that learns a published table again, and prints our figures beside the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.common import AsJson
from workbench.errors import WorkbenchError
from workbench.terminal import print_json, print_table, progress


def bench(
    data: Annotated[Path, typer.Option(help="folder of IDX files named as MNIST's, or a project with a test part")],
    table: Annotated[str, typer.Option(help="deepvq: Table 1 of Le Tan et al. 2018")] = "deepvq",
    dataset: Annotated[str, typer.Option(help="name of the dataset, where the project has several")] = "",
    out: Annotated[Path | None, typer.Option(help="folder for deepvq.json and deepvq.png")] = None,
    methods: Annotated[str, typer.Option(help="such as best,pq; all if not given")] = "",
    bits: Annotated[str, typer.Option(help="bits of a row")] = "10,12,15,24,32",
    minutes: Annotated[float, typer.Option(min=0.0, help="most time for one method at one number of bits")] = 10.0,
    resume: Annotated[bool, typer.Option("--resume", help="keep the figures in --out, learn the others")] = False,
    as_json: AsJson = False,
) -> None:
    """Learn a published table again: errors on rows from -1 to 1, time and memory, beside the published figures.

    Where a method may part its bits in several ways, that is chosen on training rows held out, never on test rows.
    """
    from workbench import bench as tables

    if table != "deepvq":
        raise WorkbenchError(f"There is no table '{table}'; there is deepvq.")
    chosen, sizes = tables.methods_called(methods), _sizes(bits)
    if resume and out is None:
        raise WorkbenchError("--resume goes on with the table in a folder: name it with --out.")
    rows = tables.rows_of(data, dataset)
    kept = {(cell.method, cell.bits): cell for cell in (tables.read_table(out, rows) if resume and out else ())}
    results: list[tables.Result] = []
    with progress() as report:
        for n_bits in sizes:
            for method in chosen:
                report(f"{method.title}, {n_bits} bits", len(results) / (len(sizes) * len(chosen)))
                found = kept.pop((method.name, n_bits), None)
                results.append(found or tables.measure(method, n_bits, rows, minutes))
                if out is not None:  # after each, so that an interrupt keeps what is done
                    written = tables.write_table(out, rows, [*results, *kept.values()], minutes)
    results += kept.values()
    results.sort(key=lambda result: [method.name for method in tables.METHODS].index(result.method))
    if as_json:
        print_json(tables.as_json(rows, results, minutes))
        return
    title = (
        f"{rows.name}: {len(rows.train):,} rows learned, {len(rows.test):,} tested; mean row {rows.mean_row_error:.4f}"
    )
    print_table(title, tables.columns, tables.lines(results))
    for line in (*tables.remarks(results), *(() if out is None else written)):
        print(line)


def _sizes(text: str) -> list[int]:
    """Numbers of bits out of a list with commas."""
    try:
        sizes = sorted({int(part) for part in text.split(",")})
    except ValueError:
        sizes = []
    if not sizes or sizes[0] < 1:
        raise WorkbenchError(f"--bits {text} is not understood: write numbers with commas, such as 10,12.")
    return sizes
