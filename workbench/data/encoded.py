"""Columns of categories, dates and angles as numbers, while rows are read; one column of the file may become many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.rows import RowSource
from workbench.data.encoding import MOST_LEVELS, Encoding, usual
from workbench.data.errors import DataError
from workbench.data.plan import Column, Plan
from workbench.data.rows import row_blocks
from workbench.data.watch import Watch

_MOST_NUMBERS = 100_000
"""Distinct numbers of a column that can be levels."""
_MONDAY = 3
"""1970-01-01 was a Thursday."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Levels:
    """The distinct values of one column, and how they stand in its rows.

    Attributes
    ----------
    texts : tuple of str
    values : (k,) float64, or None
        What stands for each in the rows, increasing; None where that is its place in `texts`.
    """

    texts: tuple[str, ...]
    values: Floats | None = None

    def places(self, column: Floats) -> NDArray[np.int64]:
        """Which of the texts each value is, -1 where it is missing."""
        known = np.isfinite(column)
        filled = np.where(known, column, 0)
        places = filled.astype(np.int64) if self.values is None else np.searchsorted(self.values, filled)
        return np.where(known, places, -1)


@dataclass(frozen=True, eq=False)
class Encoder:
    """One column of the file on its way to numbers.

    Attributes
    ----------
    column : Column
    encoding : Encoding
        With all levels found out.
    levels : Levels or None
        Those that occur in the rows, of categories.
    """

    column: Column
    encoding: Encoding
    levels: Levels | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """What it becomes."""
        if self.encoding.kind == "number":
            return (self.column,)
        made = replace(self.column, type="number", unit="", source=self.column.name)
        return tuple(
            replace(made, name=name, unit="d" if name.endswith("(days)") else "")
            for name in self.encoding.names(self.column.name)
        )

    @property
    def unknown(self) -> tuple[str, ...]:
        """Levels that occur in the rows and are none of the encoding's."""
        if self.levels is None or self.encoding.kind == "hash":
            return ()
        known = set(self.encoding.levels)
        return tuple(text for text in self.levels.texts if text not in known)

    def table(self) -> Floats:
        """(k + 1, width): what each level that occurs becomes, and last what is missing."""
        assert self.levels is not None
        texts, kind = self.levels.texts, self.encoding.kind
        width = len(self.columns)
        table = np.zeros((len(texts) + 1, width))
        if kind == "hash":
            table[:-1] = _hashed(texts, width)
        else:
            place = {level: k for k, level in enumerate(self.encoding.levels)}
            for row, text in enumerate(texts):
                if kind == "ordinal":
                    table[row, 0] = place.get(text, np.nan)
                elif text in place:
                    table[row, place[text]] = 1
        table[-1] = np.nan
        return table


def _hashed(texts: Sequence[str], n_buckets: int) -> Floats:
    from sklearn.feature_extraction import FeatureHasher  # takes a moment to import

    hasher = FeatureHasher(n_buckets, input_type="string")
    hashed: Floats = hasher.transform([text] for text in texts).toarray()
    return hashed


def waves(turns: Floats) -> Floats:
    """(n, 2) sine and cosine of (n,) full turns."""
    angles = 2 * np.pi * turns
    return np.stack([np.sin(angles), np.cos(angles)], axis=1)


def dated(days: Floats, parts: Sequence[str]) -> Floats:
    """(n, w) what (n,) days since 1970 become; NaN where missing."""
    known = np.isfinite(days)
    whole = np.floor(np.where(known, days, 0)).astype("datetime64[D]")
    found = []
    for part in parts:
        if part == "days":
            found.append(days[:, None])
        elif part == "day":
            found.append(waves(days % 1))
        elif part == "week":
            found.append(waves((days + _MONDAY) % 7 / 7))
        else:
            year = whole.astype("datetime64[Y]")
            start, end = (y.astype("datetime64[D]").astype(np.float64) for y in (year, year + 1))
            found.append(waves((days - start) / (end - start)))
    return np.concatenate(found, axis=1)


class EncodedRows:
    """Rows with a number, the place of a level or days since 1970 in each column, read as numbers all of them.

    Parameters
    ----------
    source : RowSource of (n, d)
    encoders : d Encoder
    """

    def __init__(self, source: RowSource, encoders: Sequence[Encoder]) -> None:
        self._source = source
        self._encoders = tuple(encoders)
        self._ends = np.cumsum([0, *(len(encoder.columns) for encoder in encoders)])
        self._plain = np.array([k for k, e in enumerate(encoders) if e.encoding.kind == "number"], np.intp)
        self._tables = {k: e.table() for k, e in enumerate(encoders) if e.levels is not None}

    @property
    def shape(self) -> tuple[int, int]:
        return self._source.shape[0], int(self._ends[-1])

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float32 if np.dtype(self._source.dtype) in (np.uint8, np.float32) else np.float64)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Rows `start` to `stop` (cut at the end) as a new C-contiguous array."""
        block = self._source.read(start, stop)
        rows = np.empty((len(block), self.shape[1]), self.dtype)
        rows[:, self._ends[self._plain]] = block[:, self._plain]
        for k, encoder in enumerate(self._encoders):
            if encoder.encoding.kind != "number":
                rows[:, self._ends[k] : self._ends[k + 1]] = self._encoded(k, block[:, k].astype(np.float64))
        return rows

    def _encoded(self, k: int, column: Floats) -> Floats:
        encoder = self._encoders[k]
        if encoder.levels is not None:
            return self._tables[k][encoder.levels.places(column)]
        if encoder.encoding.kind == "date":
            return dated(column, encoder.encoding.parts)
        return waves(column / encoder.encoding.period)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.read(0, self.shape[0]).astype(dtype or self.dtype, copy=False)


def encoders(
    plan: Plan, rows: RowSource, texts: Mapping[int, tuple[str, ...]], training: NDArray[np.bool_], watch: Watch
) -> tuple[Encoder, ...]:
    """What each feature of `plan` becomes.

    Parameters
    ----------
    rows : RowSource of (n, d)
        One column per feature: numbers, places in `texts`, or days since 1970.
    texts : mapping of int to tuple of str
        Levels of each column that holds places of them.
    training : (n,) bool
        Rows that may tell which levels there are.

    Raises
    ------
    DataError
        If a column cannot be encoded as wished.
    """
    features = [column for column in plan.columns if column.role == "feature"]
    wished = [plan.encodings.get(column.name) for column in features]
    numbers = [k for k, wish in enumerate(wished) if wish is not None and wish.is_category and k not in texts]
    occurring = {k: Levels(found) for k, found in texts.items()}
    occurring |= _numbers(rows, features, numbers, watch.part(0.0, 0.5))
    open_ones = [k for k in occurring if (wish := wished[k]) is None or (wish.kind != "hash" and not wish.levels)]
    # an order of levels takes nothing from the rows but their names, so those of all rows have a place in it
    learned = [k for k in open_ones if (wish := wished[k]) is None or wish.kind == "one-hot"]
    trained = _trained_on(rows, {k: occurring[k] for k in learned}, training, watch.part(0.5, 1.0))
    made = []
    for k, column in enumerate(features):
        encoding = wished[k] or usual(column.type, 0)
        _check(column, encoding, k in texts and wished[k] is not None)
        if k in open_ones:
            levels = trained[k] if k in trained else occurring[k].texts
            encoding = _with_levels(column, wished[k], _in_order(levels, occurring[k]))
        made.append(Encoder(column, encoding, occurring.get(k)))
        _refuse_unknown(made[-1])
    return tuple(made)


def _with_levels(column: Column, wish: Encoding | None, levels: tuple[str, ...]) -> Encoding:
    wish = wish or usual(column.type, len(levels))
    if wish.kind == "hash":
        return wish
    if not levels:
        raise DataError(f'Column "{column.name}" has no value in any training row: give it the role ignore.')
    if wish.kind == "one-hot" and len(levels) > MOST_LEVELS:
        raise DataError(
            f'Column "{column.name}" holds {len(levels):,} different values, too many for a column each: choose the '
            "encoding hash."
        )
    return replace(wish, levels=levels)


def _check(column: Column, encoding: Encoding, is_text: bool) -> None:
    if encoding.kind == "date" and column.type != "date":
        raise DataError(f'Column "{column.name}" holds no dates, so it cannot be encoded as one.')
    if column.type == "date" and encoding.kind != "date":
        raise DataError(f'Column "{column.name}" holds dates: choose the encoding date.')
    if is_text and not encoding.is_category:
        raise DataError(f'Column "{column.name}" holds text: choose the encoding one-hot, ordinal or hash.')


def _refuse_unknown(encoder: Encoder) -> None:
    """An unknown level has no place in an order; among columns of 0 and 1 it is none of them."""
    if encoder.encoding.kind == "ordinal" and encoder.unknown:
        shown = ", ".join(encoder.encoding.levels[:6])
        raise DataError(
            f'Column "{encoder.column.name}" holds "{encoder.unknown[0]}", which is none of the levels in its order '
            f"({shown}): name all of them."
        )


def _numbers(rows: RowSource, features: Sequence[Column], columns: Sequence[int], watch: Watch) -> dict[int, Levels]:
    """The distinct values of columns of numbers, as texts."""
    found: dict[int, Floats] = {k: np.empty(0) for k in columns}
    if not columns:
        return {}
    for block in _blocks(rows, watch):
        for k in columns:
            column = block[:, k].astype(np.float64)
            found[k] = np.union1d(found[k], column[np.isfinite(column)])
            if len(found[k]) > _MOST_NUMBERS:
                raise DataError(
                    f'Column "{features[k].name}" holds more than {_MOST_NUMBERS:,} different numbers, which are no '
                    "categories: choose the encoding number."
                )
    return {k: Levels(tuple(f"{value:.15g}" for value in values), values) for k, values in found.items()}


def _trained_on(
    rows: RowSource, levels: Mapping[int, Levels], training: NDArray[np.bool_], watch: Watch
) -> dict[int, tuple[str, ...]]:
    """The levels of columns that occur in training rows."""
    seen = {k: np.zeros(len(level.texts), bool) for k, level in levels.items()}
    if levels:
        start = 0
        for block in _blocks(rows, watch):
            inside = training[start : start + len(block)]
            start += len(block)
            for k, level in levels.items():
                places = level.places(block[inside, k].astype(np.float64))
                seen[k][places[places >= 0]] = True
    return {
        k: tuple(text for text, there in zip(level.texts, seen[k], strict=True) if there) for k, level in levels.items()
    }


def _in_order(texts: tuple[str, ...], levels: Levels) -> tuple[str, ...]:
    """Numbers by value, texts as in the alphabet."""
    return texts if levels.values is not None else tuple(sorted(texts, key=_natural))


def _natural(text: str) -> tuple[int, float, str]:
    """Numbers by value, before texts."""
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text


def _blocks(rows: RowSource, watch: Watch) -> Any:
    n, d = rows.shape
    for start, stop in row_blocks(n, d):
        watch(start / n)
        yield rows.read(start, stop)
