"""The command that lays two runs side by side: pairs of prototypes and agreement, in words, as JSON and as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.commands.common import AsJson, PageFile, ProjectPath, session_of
from workbench.errors import WorkbenchError
from workbench.terminal import plain, print_json, print_table

if TYPE_CHECKING:  # imported where used: `--help` and `--version` answer at once
    from workbench.views.comparison import ComparisonData, Side

_MOST_PRINTED = 20


def compare(
    project: ProjectPath,
    run: Annotated[str, typer.Argument(help="name or id of a run")],
    other: Annotated[str, typer.Argument(help="name or id of another run on the same data")],
    rows: Annotated[int, typer.Option(min=1, help="rows to compare on, drawn at random where there are more")] = 5000,
    out: PageFile = None,
    at: Annotated[
        float | None, typer.Option(min=0, help="iteration at which both are compared; else the newest")
    ] = None,
    share: Annotated[
        float | None, typer.Option(min=0, max=1, help="share of its course at which each is compared, as 0.5")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Lay two runs side by side: which prototype is which, what changed of them, and which rows moved."""
    from workbench.reports.comparison import COLUMNS, WHAT, compare_runs, pair_rows, write_comparison
    from workbench.reports.pages import check_form
    from workbench.views.when import When

    if out is not None:
        check_form(out, WHAT)
    if at is not None and share is not None:
        raise WorkbenchError("Give --at or --share, not both: each says at which moments the runs are compared.")
    when = When(at) if at is not None else When(share, "share") if share is not None else None
    with session_of(project, read_only=True) as session:
        first = session.run(run)
        data = compare_runs(first, session.run(other), rows, when)
        written = None if out is None else write_comparison(first, data, out)
    if as_json:
        print_json(_as_json(data))
        return
    first_told, second_told = (f"{side.name} at iteration {side.iteration:,}" for side in (data.first, data.second))
    print(f"First run: {first_told}. Second run: {second_told}. On {data.note}.")
    heads = ("", "first", "second")
    print_table("Figures", heads, [dict(zip(heads, row, strict=True)) for row in data.figures])
    if data.parameters:
        print_table("Parameters", heads, [dict(zip(heads, row, strict=True)) for row in data.parameters])
    shown = pair_rows(data)[:_MOST_PRINTED]
    print_table(data.headline, COLUMNS, [dict(zip(COLUMNS, row, strict=True)) for row in shown])
    if len(shown) < len(data.pair_first):
        print(f"These are the {len(shown)} most different of {len(data.pair_first):,} pairs.")
    for line in (f"Partners are {data.method}.", *data.agreements, *([] if written is None else [str(written)])):
        print(line)


def _as_json(data: ComparisonData) -> dict[str, Any]:
    pairs = zip(data.pair_first, data.pair_second, data.distances, data.common, data.changes, strict=True)
    return {
        "first": _side(data.first),
        "second": _side(data.second),
        "rows": len(data.rows),
        "moved": plain(data.rows[data.moved]),
        "adjusted_rand_index": plain(data.rand_index),
        "normalized_mutual_information": plain(data.mutual_information),
        "method": data.method,
        "disparity": plain(data.disparity),
        "pairs": [
            {
                "first": int(a),
                "second": int(b),
                "distance": plain(float(distance)),
                "common": plain(float(common)),
                "change": plain(change),
            }
            for a, b, distance, common, change in pairs
        ],
        "parts": {
            part.part: {
                "rows": part.n_rows,
                "right": [part.right_first, part.right_second],
                "right_alone": [part.only_first, part.only_second],
                "mcnemar_p": part.p,
            }
            for part in data.parts
        },
        "figures": {name: [one, second] for name, one, second in data.figures},
        "parameters": {name: [one, second] for name, one, second in data.parameters},
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "run": side.name,
        "engine": side.title,
        "iteration": side.iteration,
        "prototypes": len(side.counts),
        "counts": plain(side.counts),
        "without_partner": list(side.alone),
    }
