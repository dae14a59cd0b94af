"""Blocks of columns gathered into a table: numbers, categories and dates of the features, labels and identifiers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.data.dates import days_of
from workbench.data.errors import DataError
from workbench.data.labels import MISSING_WORDS, LabelCollector, TextCodes
from workbench.data.plan import Plan, Table
from workbench.data.rows import Spool


@dataclass(frozen=True)
class Layout:
    """Where in a row the wanted columns stand.

    Attributes
    ----------
    names : tuple of str
        One per column.
    features : tuple of int
        In their order; those that hold no plain numbers are also among `coded` or `dated`.
    coded, dated : tuple of int
    formats : dict of int to str
        Of those dates that are texts.
    label, identifier : int or None
    """

    names: tuple[str, ...]
    features: tuple[int, ...]
    coded: tuple[int, ...]
    dated: tuple[int, ...]
    formats: Mapping[int, str]
    label: int | None
    identifier: int | None

    @classmethod
    def of(cls, plan: Plan) -> Layout:
        """The layout that the roles and types of `plan` ask for."""
        places: dict[str, list[int]] = {"feature": [], "label": [], "id": [], "ignore": []}
        for k, column in enumerate(plan.columns):
            places[column.role].append(k)
        label, identifier = (places[role][0] if places[role] else None for role in ("label", "id"))
        features = tuple(places["feature"])
        types = [column.type for column in plan.columns]
        names = tuple(column.name for column in plan.columns)
        dated = tuple(k for k in features if types[k] == "date")
        formats = {k: plan.encodings[names[k]].format for k in dated if names[k] in plan.encodings}
        coded = tuple(k for k in features if types[k] == "text")
        return cls(names, features, coded, dated, formats, label, identifier)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The features that are numbers as they stand."""
        others = {*self.coded, *self.dated}
        return tuple(k for k in self.features if k not in others)

    @property
    def texts(self) -> tuple[int, ...]:
        """The columns that are wanted as they are written, in their order."""
        wanted = {k for k in (self.label, self.identifier) if k is not None}
        return tuple(sorted(wanted | {*self.coded, *self.dated}))


class Gathering:
    """Takes rows block by block into a temporary file, and gives the table that they make.

    Parameters
    ----------
    layout : Layout
    dtype : dtype
        In which numbers are kept.
    file : str
        For errors.
    missing : iterable of str
        Texts that mean "no value".
    """

    def __init__(self, layout: Layout, dtype: np.dtype[Any], file: str, missing: Iterable[str] = MISSING_WORDS) -> None:
        self._layout = layout
        self._file = file
        self._missing = tuple(missing)
        self._labels = LabelCollector(self._missing)
        self._codes = {k: TextCodes(self._missing) for k in layout.coded}
        self._ids: list[NDArray[Any]] = []
        self._spool = Spool(len(layout.features), dtype)
        self._n_rows = 0

    def add(self, numbers: NDArray[Any], others: Mapping[int, pl.Series]) -> None:
        """Append some rows.

        Parameters
        ----------
        numbers : (k, d) array
            Of `layout.numbers`; NaN where missing.
        others : mapping of int to Series
            Those of `layout.texts`: texts, or dates.

        Raises
        ------
        DataError
            If a date is not written as its column's format says, or the disk is full.
        """
        layout = self._layout
        self._spool.append(numbers if not (layout.coded or layout.dated) else self._assembled(numbers, others))
        if layout.label is not None:
            self._labels.add(others[layout.label].cast(pl.String))
        if layout.identifier is not None:
            texts = others[layout.identifier].cast(pl.String).fill_null("").to_list()
            self._ids.append(np.array(texts, dtype=np.dtypes.StringDType()))
        self._n_rows += len(numbers)

    def table(self) -> Table:
        """All rows."""
        layout = self._layout
        codes, classes = self._labels.finish() if layout.label is not None else (None, ())
        texts = {layout.features.index(k): tuple(codes.texts) for k, codes in self._codes.items()}
        return Table(self._spool, codes, classes, np.concatenate(self._ids) if self._ids else None, texts=texts)

    def close(self) -> None:
        """Delete the temporary file."""
        self._spool.close()

    def _assembled(self, numbers: NDArray[Any], others: Mapping[int, pl.Series]) -> NDArray[Any]:
        layout = self._layout
        block = np.empty((len(numbers), len(layout.features)))
        block[:, [layout.features.index(k) for k in layout.numbers]] = numbers
        for k, codes in self._codes.items():
            found = codes.of(others[k].cast(pl.String)).astype(np.float64)
            block[:, layout.features.index(k)] = np.where(found >= 0, found, np.nan)
        for k in layout.dated:
            try:
                days = days_of(others[k], layout.formats.get(k, ""), self._missing)
            except ValueError as error:
                raise DataError(
                    f'Column "{layout.names[k]}" of {self._file} holds "{error}" somewhere after row '
                    f"{self._n_rows:,}, which is no date written as {layout.formats.get(k, '')}: correct it, name it "
                    "as a word for a missing value, or ignore the column."
                ) from error
            block[:, layout.features.index(k)] = days
        return block
