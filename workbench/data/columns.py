"""Guesses from a file's first rows what each column is for, and sums columns up; nothing of formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.data.plan import Column, ColumnSummary, Sample

LABEL_NAMES = (
    *("class", "label", "target", "species", "category", "outcome", "diagnosis", "y", "classes", "labels", "targets"),
    *("output", "class_label", "class_name", "group", "cultivar", "variety", "klasse", "art"),
)
ID_NAMES = {
    *("id", "ids", "identifier", "index", "idx", "key", "uuid", "guid", "name", "names", "nr", "no", "row", "rowid"),
    *("row_id", "record", "sample", "sample_id"),
}
MOST_COLUMNS = 65_536
"""Of a row that can be imported."""
_MOST_CLASSES = 50
_HISTOGRAM_BINS = 20
_MOST_HISTOGRAMS = 256
_SPREAD = 100.0
_COLOURS = {1: ("",), 3: (" red", " green", " blue"), 4: (" red", " green", " blue", " alpha")}


def assign_roles(columns: Sequence[Column], values: Sequence[NDArray[Any]]) -> tuple[Column, ...]:
    """The columns with the roles that their names and first values suggest.

    Numbers are features, except an all-missing column and a column of distinct whole numbers named like an
    identifier. The label is the column named like one (the last such), else the last column of text that repeats
    itself. Distinct texts, first or named so, are identifiers; other text is ignored.
    """
    label = _label_of(columns, values)
    identifier = _identifier_of(columns, values, label)
    found = []
    for k, (column, data) in enumerate(zip(columns, values, strict=True)):
        if k == label:
            role = "label"
        elif k == identifier:
            role = "id"
        elif column.type in ("text", "date") or not np.isfinite(data).any():
            role = "ignore"
        else:
            role = "feature"
        found.append(replace(column, role=role))
    return tuple(found)


def pixel_columns(image_shape: Sequence[int]) -> tuple[Column, ...]:
    """One feature per pixel (and colour), row by row: "pixel 3,5", or "pixel 3,5 red"; counted from 0."""
    height, width = image_shape[:2]
    colours = ("",) if len(image_shape) == 2 else _COLOURS.get(image_shape[2], ())
    colours = colours or tuple(f" {k}" for k in range(image_shape[2]))
    return tuple(
        Column(f"pixel {row},{column}{colour}", type="pixel")
        for row in range(height)
        for column in range(width)
        for colour in colours
    )


def distinct_names(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns, those named as another before them with a number added."""
    taken, found = {column.name for column in columns}, []
    seen: set[str] = set()
    for column in columns:
        name, count = column.name, 2
        while name in seen or (name != column.name and name in taken):
            name, count = f"{column.name} ({count})", count + 1
        seen.add(name)
        found.append(column if name == column.name else replace(column, name=name))
    return tuple(found)


def summarise(sample: Sample, columns: Sequence[Column]) -> tuple[ColumnSummary, ...]:
    """One summary per column of the sample; histograms for the first 256 features."""
    return tuple(
        _text_summary(column, data) if data.dtype.kind != "f" else _number_summary(column, data, k < _MOST_HISTOGRAMS)
        for k, (column, data) in enumerate(zip(columns, sample.values, strict=True))
    )


def left_out(columns: Sequence[Column], values: Sequence[NDArray[Any]]) -> list[str]:
    """Sentences on the columns of a table that the guess does not use."""
    found = []
    texts = [c.name for c in columns if c.type in ("text", "date") and c.role == "ignore"]
    if texts and len(columns) > 1:
        found.append(
            f'Columns of text or dates are left out ({len(texts):,}, "{texts[0]}" the first): give them the role '
            "feature to have them encoded as numbers."
        )
    empty = [c.name for c, v in zip(columns, values, strict=True) if c.type == "number" and np.isnan(v).all()]
    if empty and len(values[0]):
        found.append(f'Columns without a value are left out ({len(empty):,}, "{empty[0]}" the first).')
    return found


def spread_warning(summaries: Sequence[ColumnSummary]) -> str:
    """A sentence when one feature spreads 100 times as far as another, else ""."""
    spreads = [
        (s.maximum - s.minimum, s.column.name)
        for s in summaries
        if s.column.role == "feature" and s.column.type == "number" and s.maximum > s.minimum
    ]
    if not spreads or max(spreads)[0] <= _SPREAD * min(spreads)[0]:
        return ""
    (low, narrow), (high, wide) = min(spreads), max(spreads)
    return (
        f'Column "{wide}" spreads over {high:.3g} and "{narrow}" over {low:.3g}: unscaled, the wide one alone decides '
        "distances; consider the scaling standard."
    )


def _label_of(columns: Sequence[Column], values: Sequence[NDArray[Any]]) -> int | None:
    named = [
        k for k, column in enumerate(columns) if _plain(column.name) in LABEL_NAMES and _may_be_label(column, values[k])
    ]
    if named:
        return min(named, key=lambda k: (LABEL_NAMES.index(_plain(columns[k].name)), -k))
    texts = [k for k, column in enumerate(columns) if column.type == "text" and _repeats(values[k])]
    return texts[-1] if texts else None


def _may_be_label(column: Column, data: NDArray[Any]) -> bool:
    if column.type != "number":
        return column.type == "text" and bool((data != "").any())
    known = data[np.isfinite(data)]
    distinct = np.unique(known)
    return 0 < len(distinct) <= _MOST_CLASSES and bool(np.all(distinct == np.round(distinct)))


def _repeats(texts: NDArray[Any]) -> bool:
    known = texts[texts != ""]
    return len(known) > 0 and (len(np.unique(known)) < len(known) or len(known) < 3)


def _identifier_of(columns: Sequence[Column], values: Sequence[NDArray[Any]], label: int | None) -> int | None:
    for k, (column, data) in enumerate(zip(columns, values, strict=True)):
        if k == label or len(data) < 2:
            continue
        named = _plain(column.name) in ID_NAMES or (k == 0 and column.name in ("column 1", "Unnamed: 0"))
        if column.type == "text":
            distinct = len(np.unique(data)) == len(data) and bool((data != "").all())
            if distinct and (named or k == 0):
                return k
        elif column.type == "number" and named and bool(np.all(np.isfinite(data)) and np.all(data == np.round(data))):
            steps = np.diff(data)
            if bool(np.all(steps == 1)) or (column.name != "column 1" and len(np.unique(data)) == len(data)):
                return k
    return None


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _text_summary(column: Column, data: NDArray[Any]) -> ColumnSummary:
    known = data[data != ""]
    distinct = np.unique(known)
    examples = tuple(str(text) for text in distinct[:5])
    return ColumnSummary(column, len(data) - len(known), len(distinct), examples=examples)


def _number_summary(column: Column, data: NDArray[Any], histogram: bool) -> ColumnSummary:
    known = data[np.isfinite(data)]
    if len(known) == 0:
        return ColumnSummary(column, len(data), 0)
    low, high = float(known.min()), float(known.max())
    counts: tuple[int, ...] = ()
    if histogram:
        width = high - low
        places = (known - low) / width * _HISTOGRAM_BINS if 0 < width < np.inf else np.zeros(len(known))
        bins = np.minimum(places.astype(np.int64), _HISTOGRAM_BINS - 1)
        counts = tuple(np.bincount(bins, minlength=_HISTOGRAM_BINS).tolist())
    distinct = len(np.unique(known))
    return ColumnSummary(column, len(data) - len(known), distinct, low, high, float(known.mean()), counts)
