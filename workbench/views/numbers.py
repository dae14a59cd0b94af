"""The numbers behind views, as tables to take away: a row of heads, then rows of texts and numbers in full."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.views import search
from workbench.views.confusion import ConfusionData
from workbench.views.curves import CurvesData
from workbench.views.description import DescriptionData
from workbench.views.local_relevance import LocalRelevanceData
from workbench.views.prototypes import PrototypesData
from workbench.views.rate_distortion import RateDistortionData
from workbench.views.relevance import RelevanceData
from workbench.views.search import SearchData
from workbench.views.sources_data import SourcesData
from workbench.views.stability import StabilityData
from workbench.views.usage import UsageData
from workbench.views.wording import with_unit

if TYPE_CHECKING:
    from workbench.session import Study, Sweep

Rows = list[Sequence[Any]]


def numbers_of(view: str, data: Any) -> Rows | None:
    """The table of what the view of that name shows, given what it computed; None where it has none."""
    make = _TABLES.get(view)
    return None if make is None else make(data)


def has_numbers(view: str) -> bool:
    """Whether `numbers_of` gives a table for the view of that name."""
    return view in _TABLES


def numbers_of_study(study: Study) -> Rows:
    """Every criterion of a sweep, a row a count; or the trials of a search, the best first."""
    from workbench.session import Search, Sweep

    if isinstance(study, Search):
        return _search(search.compute(study))
    assert isinstance(study, Sweep)
    return _sweep(study)


def _sweep(sweep: Sweep) -> Rows:
    table = sweep.table
    return [["count", *table], *zip(sweep.counts, *(column.tolist() for column in table.values()), strict=True)]


def _search(data: SearchData) -> Rows:
    rows: Rows = [data.columns]
    for trial in data.order:
        k = trial - 1
        figures = (data.means[k], data.errors[k], *data.scores[k], data.seconds[k])
        rows.append([trial, *data.values[k], *map(float, figures)])
    return rows


def _description(data: DescriptionData) -> Rows:
    heads = ["feature", "unit", "mean", "deviation", "least", "lower quartile", "median", "upper quartile", "greatest"]
    figures = (data.mean, data.deviation, data.low, *data.quartiles, data.high, data.missing)
    columns = (column.tolist() for column in figures)
    if not data.feature_notes:
        return [[*heads, "missing"], *zip(data.names, data.units, *columns, strict=True)]
    return [[*heads, "missing", "note"], *zip(data.names, data.units, *columns, data.feature_notes, strict=True)]


def _confusion(data: ConfusionData) -> Rows:
    rows: Rows = []
    for part in data.parts:
        rows.append([f"{part.part}: true class", *data.class_names, "recall"])
        for name, counts, recall in zip(data.class_names, part.counts.tolist(), part.recall.tolist(), strict=True):
            rows.append([name, *counts, recall])
        rows.append(["precision", *part.precision.tolist(), part.accuracy])
    return rows


def _curves(data: CurvesData) -> Rows:
    curves = [curve for panel in data.panels for curve in panel.curves]
    columns = [data.iteration.tolist(), *(curve.values.tolist() for curve in curves)]
    return [[data.x_label, *(curve.title for curve in curves)], *zip(*columns, strict=True)]


def _relevance(data: RelevanceData) -> Rows:
    rows: Rows = [["feature", "relevance", *data.names]]
    for name, relevance, entries in zip(data.names, data.relevances.tolist(), data.matrix.tolist(), strict=True):
        rows.append([name, relevance, *entries])
    return rows


def _local_relevance(data: LocalRelevanceData) -> Rows:
    rows: Rows = [["metric", *data.names]]
    return rows + [[name, *row] for name, row in zip(data.metric_names, data.relevances.tolist(), strict=True)]


def _stability(data: StabilityData) -> Rows:
    heads = ["feature", "relevance", "of refits: 5 %", "median", "95 %"]
    heads += ["entry of the first eigenvector", "of refits: 5 %", "median", "95 %"]
    columns = (data.relevances, *data.relevance_bands, data.entries, *data.entry_bands)
    return [heads, *zip(data.names, *(column.tolist() for column in columns), strict=True)]


def _prototypes(data: PrototypesData) -> Rows:
    features = [with_unit(name, unit) for name, unit in zip(data.feature_names, data.units, strict=True)]
    heads = ["number", "class", "rows", *features]
    rows: Rows = [heads]
    for which, code, count, values in zip(
        data.index.tolist(), data.codes.tolist(), data.counts.tolist(), data.values.tolist(), strict=True
    ):
        rows.append([which, data.class_names[code] if code >= 0 else "", count, *values])
    return rows


def _rate_distortion(data: RateDistortionData) -> Rows:
    columns = (data.names, data.titles, data.bits.tolist(), data.errors.tolist(), data.unseen.tolist())
    return [
        ["run", "engine", "bits of a row", "squared error of a component", "on unseen rows"],
        *zip(*columns, strict=True),
    ]


def _sources(data: SourcesData) -> Rows:
    """A row for each codeword: how many places of the picture are its, and the mean error there where that is known."""
    if not data.n_codewords:
        return [["picture", "places"], [data.name, len(data.rows)]]
    rows: Rows = [["prototype", f"places in {data.name}", *([data.scale + ", mean"] if len(data.errors) else [])]]
    for codeword in range(data.n_codewords):
        mine = data.winners == codeword
        errors = data.errors[mine] if len(data.errors) else data.errors
        known = errors[np.isfinite(errors)]
        mean = [float(known.mean()) if len(known) else None] if len(data.errors) else []
        rows.append([codeword, int(mine.sum()), *mean])
    return rows


def _usage(data: UsageData) -> Rows:
    most = max((len(book.counts) for book in data.books), default=0)
    padded = [[*np.asarray(book.counts).tolist(), *[None] * (most - len(book.counts))] for book in data.books]
    return [
        ["code, by falling use", *(book.title for book in data.books)],
        *zip(range(1, most + 1), *padded, strict=True),
    ]


_TABLES: dict[str, Callable[[Any], Rows]] = {
    "confusion": _confusion,
    "curves": _curves,
    "description": _description,
    "relevance": _relevance,
    "local_relevance": _local_relevance,
    "stability": _stability,
    "prototypes": _prototypes,
    "rate_distortion": _rate_distortion,
    "sources": _sources,
    "usage": _usage,
}
