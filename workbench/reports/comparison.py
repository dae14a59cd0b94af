"""The page of two runs side by side as a file; what it shows is computed in `views`, its form is that of `pages`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.reports.errors import ReportError
from workbench.reports.pages import PageTable, PageWords, write_page
from workbench.session import Run
from workbench.views import comparison, scene_of
from workbench.views.comparable import MOST_PROTOTYPES, offered
from workbench.views.comparison import ComparisonData
from workbench.views.when import When
from workbench.views.wording import number, percent

WHAT = "comparison"
COLUMNS = ("in the first run", "in the second run", "distance", "rows, first", "rows, second", "in common", "change")
METHOD = (
    "Prototypes are matched one to one by the Hungarian method, so that their squared distances in training units sum "
    "to the least; with classes, within classes as far as there are partners. Units of maps on the same grid are "
    "matched place by place after the second map was turned, mirrored and, on a torus, shifted so that it comes "
    "nearest. A row has moved where its prototypes in the two runs are no partners. Rows in common are those in both "
    "cells by those in either. McNemar's exact test asks of the rows that one classifier alone has right whether they "
    "part evenly."
)


def compare_runs(run: Run, other: Run, max_rows: int = 5000, when: When | None = None) -> ComparisonData:
    """`run` beside `other`, at their newest or their recorded moments nearest to `when`, on at most `max_rows` rows.

    Raises
    ------
    ReportError
        If one of them has no prototypes among the rows, or they are of different data.
    """
    scene = scene_of(run, max_rows=max_rows, when=when)
    if scene is None:
        raise ReportError(f"Run '{run.name}' has learned nothing yet: wait for its first iteration.")
    if other is run:
        raise ReportError(f"Run '{run.name}' is compared with another run on {run.dataset.name}: name one of these.")
    require_same_data((run, other))
    scene = scene.asking(other.name)
    if not comparison.applies(scene) or other.name not in (found.name for found in offered(scene)):
        raise ReportError(
            f"'{run.name}' and '{other.name}' cannot be compared: both need prototypes among the rows, "
            f"at most {MOST_PROTOTYPES:,}, as matching more of them takes too long."
        )
    return comparison.compute(scene)


def require_same_data(runs: Sequence[Run]) -> None:
    """Raise ReportError unless all `runs` learned from one dataset, whose rows they have in common."""
    for other in runs[1:]:
        if other.dataset is not runs[0].dataset:
            raise ReportError(
                f"'{runs[0].name}' learned from {runs[0].dataset.name} and '{other.name}' from {other.dataset.name}: "
                "only runs on the same data have rows in common to be compared on."
            )


def write_comparison(run: Run, data: ComparisonData, path: Path) -> Path:
    """Write the page of what `compare_runs` gave for `run`; `path` ends in one of `pages.FORMS`.

    Raises
    ------
    ReportError
        If the ending is another, or the file cannot be written.
    """
    return write_page(path, WHAT, comparison.figure, data, _words(run, data))


def _words(run: Run, data: ComparisonData) -> PageWords:
    heads = ("", data.first.name, data.second.name)
    told = len(COLUMNS) if any(data.captions) else len(COLUMNS) - 1  # of pictures no change is told in words
    return PageWords(
        title=f"{data.first.name} beside {data.second.name}",
        about=" and ".join(f"{side.title} at iteration {side.iteration:,}" for side in (data.first, data.second))
        + f" on {run.dataset.name}, {data.note}",
        headline=data.headline,
        shows="Both runs in one plane, a line from each prototype to its partner; below, the pairs that differ most.",
        remarks=[f"Partners are {data.method}.", *data.agreements],
        tables=[
            PageTable("Figures", heads, data.figures),
            *([PageTable("Parameters that differ", heads, data.parameters)] if data.parameters else []),
            PageTable("Pairs, the most different first", COLUMNS[:told], [row[:told] for row in pair_rows(data)]),
        ],
        method=METHOD,
    )


def pair_rows(data: ComparisonData) -> list[tuple[str, ...]]:
    """Every pair as texts under `COLUMNS`."""
    captions = [*data.captions, *[""] * (len(data.pair_first) - len(data.captions))]
    return [
        (
            f"#{a}",
            f"#{b}",
            number(distance, 4),
            f"{data.first.counts[a]:,}",
            f"{data.second.counts[b]:,}",
            percent(common, 0),
            caption,
        )
        for a, b, distance, common, caption in zip(
            data.pair_first.tolist(),
            data.pair_second.tolist(),
            data.distances.tolist(),
            data.common.tolist(),
            captions,
            strict=True,
        )
    ]
