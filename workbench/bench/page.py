"""A table of results as lines, as JSON and as a plot of rate against distortion, published figures beside ours."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.bench.data import Rows
from workbench.bench.methods import METHODS
from workbench.bench.running import Result
from workbench.errors import WorkbenchError
from workbench.reports.files import made_folder, written_beside
from workbench.terminal import plain
from workbench.views import MARKERS, Theme, canvas, render, theme
from workbench.views.wording import MISSING, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

columns = ("method", "bits", "train", "test", "published train", "published test", "learning [s]", "processor [s]")


def lines(results: Sequence[Result]) -> list[dict[str, Any]]:
    """One line for each result, by the names of `columns`."""
    return [dict(zip(columns, _line(result), strict=True)) for result in results]


def _line(result: Result) -> tuple[str, ...]:
    errors = (result.train, result.test, *_published(result))
    told = (f"{value:.4f}" if math.isfinite(value) else MISSING for value in errors)
    return (result.title, str(result.bits), *told, number(result.seconds, 3), number(result.processor_seconds, 3))


def remarks(results: Sequence[Result]) -> list[str]:
    """Under the lines: what was chosen, time and memory of codes; or why there are no figures."""
    return [
        f"{result.title}, {result.bits} bits: "
        + (
            result.reason
            or f"{result.chosen}; test rows encoded in {number(result.encode_seconds, 3)} s; codes of the training "
            f"rows {result.code_bytes:,} bytes, model {result.model_bytes:,} bytes"
        )
        for result in results
    ]


def _published(result: Result) -> tuple[float, float]:
    method = next(method for method in METHODS if method.name == result.method)
    return method.published.get(result.bits, (float("nan"), float("nan")))


def as_json(rows: Rows, results: Sequence[Result], minutes: float) -> dict[str, Any]:
    """Everything for machines; the published figures of each cell beside ours."""
    cells = []
    for result in results:
        train, test = _published(result)
        cells.append(asdict(result) | {"published_train": train, "published_test": test})
    made: dict[str, Any] = plain(
        {
            "table": "deepvq",
            "data": rows.name,
            "train_rows": len(rows.train),
            "test_rows": len(rows.test),
            "features": rows.train.shape[1],
            "mean_row_error": rows.mean_row_error,
            "minutes": minutes,
            "results": cells,
        }
    )
    return made


def write_table(folder: Path, rows: Rows, results: Sequence[Result], minutes: float) -> tuple[Path, ...]:
    """Write `deepvq.json` and `deepvq.png` to a folder, which is made; what was there is replaced.

    Raises
    ------
    ReportError
        If they cannot be written.
    """
    text = json.dumps(as_json(rows, results, minutes), indent=1, ensure_ascii=False)
    contents = {"deepvq.json": text.encode(), "deepvq.png": render(figure(rows, results, theme("light")), "png")}
    with made_folder(folder):
        for name, content in contents.items():
            with written_beside(folder / name) as part:
                part.write_bytes(content)
    return tuple(folder / name for name in contents)


def read_table(folder: Path, rows: Rows) -> list[Result]:
    """The cells with figures of a table that was written to a folder; none where there is no table yet.

    Raises
    ------
    WorkbenchError
        If the table is of other rows, or is no table.
    """
    path = folder / "deepvq.json"
    if not path.exists():
        return []
    try:
        told = json.loads(path.read_bytes())
        same = told["mean_row_error"] == rows.mean_row_error and told["train_rows"] == len(rows.train)
        cells = [
            {field.name: cell[field.name] for field in fields(Result) if cell[field.name] is not None}
            for cell in told["results"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkbenchError(f"{path} is no table of this version, so it cannot be resumed: {error!r}.") from None
    if not same:
        raise WorkbenchError(f"{path} is a table of other rows: give another folder with --out, or leave out --resume.")
    return [Result(**cell) for cell in cells if not cell["reason"]]


def figure(rows: Rows, results: Sequence[Result], look: Theme) -> Figure:
    """Bits against test error: ours as filled marks on lines, published figures hollow on dashed lines."""
    made = canvas.new_figure(look, 9.4, 5.4)
    axes = made.subplots()
    canvas.dress(axes, look, grid=True)
    axes.set_yscale("log")
    bits = sorted({result.bits for result in results})
    for which, method in enumerate(METHODS):
        mine = [result for result in results if result.method == method.name]
        style = {"color": look.class_color(which), "marker": MARKERS[which].matplotlib, "markersize": 6}
        found = [(result.bits, result.test) for result in mine if not result.reason]
        if found:
            axes.plot(*zip(*sorted(found), strict=True), linewidth=1.5, label=method.title, **style)
        told = [(n, method.published[n][1]) for n in bits if n in method.published] if mine else []
        if told:
            name = f"{method.title.split(' (')[0]}, published"
            axes.plot(*zip(*told, strict=True), linestyle="--", linewidth=1, fillstyle="none", label=name, **style)
    error = rows.mean_row_error
    axes.axhline(error, color=look.muted, linestyle=":", linewidth=1, label=f"mean row, {number(error)}")
    axes.set_xticks(bits)
    canvas.label(axes, x="bits of a row", y="mean squared error of a component, test rows", title=rows.name)
    canvas.legend(axes, look, outside=True)
    return made
