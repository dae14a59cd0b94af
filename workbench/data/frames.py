"""What importers of typed tables share: polars columns as columns of numbers, texts and dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.data.columns import assign_roles, left_out
from workbench.data.dialect import DelimitedOptions
from workbench.data.encoding import Encoding
from workbench.data.errors import DataError
from workbench.data.gathering import Gathering, Layout
from workbench.data.labels import MISSING_NUMBERS, MISSING_WORDS
from workbench.data.plan import Column, Plan, Sample, Table
from workbench.data.recipe import Recipe
from workbench.data.typed_text import typed
from workbench.data.watch import Watch

SAMPLE_ROWS = 1000
_TEXT = (pl.String, pl.Categorical, pl.Enum)
_PLAIN = DelimitedOptions(decimal="point", thousands="none")
_NUMBER_WORDS = (*MISSING_WORDS, *MISSING_NUMBERS)


@dataclass(frozen=True)
class Flat:
    """Nested columns taken apart: structs into their fields, arrays and lists of one length into their places.

    Attributes
    ----------
    columns : dict of str to Expr
        By the new name.
    refused : tuple of str
        Names of columns that no row of numbers can be made of.
    """

    columns: Mapping[str, pl.Expr]
    refused: tuple[str, ...]

    @classmethod
    def of(cls, head: pl.DataFrame) -> Flat:
        """How to take apart a table that begins with `head`."""
        columns: dict[str, pl.Expr] = {}
        refused: list[str] = []
        for name, dtype in head.schema.items():
            _flatten(name, dtype, pl.col(name), head[name], columns, refused)
        return cls(columns, tuple(refused))

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` with plain columns alone; raises DataError where a list is of another length than the first."""
        try:
            return frame.select(expression.alias(name) for name, expression in self.columns.items())
        except pl.exceptions.PolarsError as error:
            raise DataError(f"Lists of one column are not all of one length: {_first_line(error)}.") from error


def _flatten(
    name: str, dtype: pl.DataType, at: pl.Expr, head: pl.Series, columns: dict[str, pl.Expr], refused: list[str]
) -> None:
    if isinstance(dtype, pl.Struct):
        for field in dtype.fields:
            inner = head.struct.field(field.name)
            _flatten(f"{name}.{field.name}", inner.dtype, at.struct.field(field.name), inner, columns, refused)
    elif isinstance(dtype, pl.Array) and dtype.inner.is_numeric() and len(dtype.shape) == 1:
        for k in range(dtype.shape[0]):
            columns[f"{name} {k + 1}"] = at.arr.get(k)
    elif isinstance(dtype, pl.List) and dtype.inner.is_numeric():
        lengths = head.drop_nulls().list.len().unique().to_list()
        if len(lengths) != 1 or lengths[0] == 0:
            refused.append(name)
            return
        for k in range(lengths[0]):
            columns[f"{name} {k + 1}"] = at.list.to_array(lengths[0]).arr.get(k)
    elif dtype.is_numeric() or dtype.is_temporal() or dtype in (pl.Boolean, pl.Null) or isinstance(dtype, _TEXT):
        columns[name] = at
    else:
        refused.append(name)


def sample_of_frame(
    frame: pl.DataFrame, options: Mapping[str, Any], n_rows: int, exact: bool, told: Sequence[str] = ()
) -> Sample:
    """What a preview needs, from the first rows of a flat table.

    Texts that are numbers, or dates written alike, are taken as such.
    """
    columns: list[Column] = []
    values: list[NDArray[Any]] = []
    warnings: list[str] = list(told)
    encodings: dict[str, Encoding] = {}
    for name, dtype in frame.schema.items():
        column, cells, encoding, doubt = _typed(name, dtype, frame[name])
        columns.append(column)
        values.append(cells)
        warnings += [doubt] if doubt else []
        if encoding is not None:
            encodings[name] = encoding
    assigned = assign_roles(columns, values)
    gaps = [c.name for c, v in zip(assigned, values, strict=True) if c.role == "feature" and not np.isfinite(v).all()]
    if gaps:
        warnings.append(
            f'Values are missing in some columns ({len(gaps):,}, "{gaps[0]}" the first): the mean of the training '
            "rows is put in their place unless you choose otherwise."
        )
    warnings += left_out(assigned, values)
    return Sample(
        options,
        assigned,
        values,
        n_rows,
        exact,
        warnings=tuple(warnings),
        recipe=Recipe(missing="mean") if gaps else Recipe(),
        encodings=encodings,
    )


def _typed(name: str, dtype: pl.DataType, series: pl.Series) -> tuple[Column, NDArray[Any], Encoding | None, str]:
    if isinstance(dtype, _TEXT):
        return typed(name, series.cast(pl.String).fill_null("").to_list(), _PLAIN)
    if dtype.is_temporal():
        texts = series.cast(pl.Int64).cast(pl.String) if dtype == pl.Duration else series.cast(pl.String)
        cells = np.array(texts.fill_null("").to_list(), dtype=np.dtypes.StringDType())
        return Column(name, type="date"), cells, Encoding("date"), ""
    return Column(name), _numbers(series), None, ""


def _numbers(series: pl.Series) -> NDArray[np.float64]:
    """(n,) float64, NaN where missing.

    Raises
    ------
    ValueError
        With a text that is no number.
    """
    if isinstance(series.dtype, _TEXT):
        texts = series.cast(pl.String).str.strip_chars()
        texts = texts.set(texts.is_in(_NUMBER_WORDS), None)
        numbers = texts.cast(pl.Float64, strict=False)
        wrong = numbers.is_null() & texts.is_not_null()
        if wrong.any():
            raise ValueError(texts.filter(wrong)[0])
        series = numbers
    return series.cast(pl.Float64).to_numpy()


def table_of_frames(plan: Plan, frames: Iterable[pl.DataFrame], precision: str, file: str, watch: Watch) -> Table:
    """The table that `plan` makes of flat `frames`, one after the other.

    Raises
    ------
    DataError
        If their columns are not those of the plan, or hold what they should not.
    """
    layout = Layout.of(plan)
    gathering = Gathering(layout, np.dtype(precision), file)
    n_rows = 0
    try:
        for frame in frames:
            watch.look()
            if tuple(frame.columns) != layout.names:
                raise DataError(f"The columns of {file} are not those of the plan: make the preview again.")
            block = np.empty((len(frame), len(layout.numbers)))
            for j, k in enumerate(layout.numbers):
                try:
                    block[:, j] = _numbers(frame.to_series(k))
                except ValueError as error:
                    raise DataError(
                        f'Column "{layout.names[k]}" of {file} holds "{error}" somewhere after row {n_rows:,}, where '
                        "a number is due: correct it, or give the column the role label, id or ignore."
                    ) from error
            gathering.add(block, {k: frame.to_series(k) for k in layout.texts})
            n_rows += len(frame)
        return gathering.table()
    except BaseException:
        gathering.close()
        raise


def nested(refused: Sequence[str]) -> list[str]:
    """The sentence on columns that no row of numbers can be made of."""
    if not refused:
        return []
    return [f'Columns of nested or binary values are left out ({len(refused):,}, "{refused[0]}" the first).']


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
