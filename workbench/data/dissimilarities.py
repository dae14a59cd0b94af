"""Tables that are matrices of dissimilarities: what one must be, and its part that training needs; no file is read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engines.catalog import DataKind
from engines.rows import RowSource
from workbench.data.errors import DataError
from workbench.data.plan import Column
from workbench.data.rows import row_blocks
from workbench.data.watch import Watch


def shape_fault(name: str, kind: DataKind, n_rows: int, n_columns: int) -> str:
    """Why a table of this shape is no matrix of dissimilarities, in one sentence; "" where it may be one."""
    if kind != "table":
        return (
            f"{name} holds {'pictures' if kind == 'image' else 'matrices'}, not dissimilarities: leave that unticked."
        )
    if n_rows != n_columns:
        return (
            f"{name} has {n_rows:,} rows and {n_columns:,} feature columns, but dissimilarities need a square matrix, "
            "column k for row k: give every other column the role label, id or ignore."
        )
    return ""


def check_dissimilarities(name: str, kind: DataKind, rows: RowSource, watch: Watch) -> None:
    """Raise DataError unless complete rows (n, d) of a table are a square matrix without negative values.

    It need not be symmetric.
    """
    if fault := shape_fault(name, kind, *rows.shape):
        raise DataError(fault)
    n, d = rows.shape
    for start, stop in row_blocks(n, d):
        watch(start / n)
        block = rows.read(start, stop)
        if block.min() < 0:
            row, column = np.argwhere(block < 0)[0]
            raise DataError(
                f"The dissimilarity of row {start + row + 1:,} from row {column + 1:,} is {block[row, column]:g}, but "
                "none may be negative."
            )


def learned_from(split: NDArray[np.uint8], codes: NDArray[np.int32] | None) -> NDArray[np.intp]:
    """Numbers of the rows that are trained on: their columns are those that all rows keep."""
    return np.flatnonzero(split == 0 if codes is None else (split == 0) & (codes >= 0))


def without_columns(columns: tuple[Column, ...], kept: NDArray[np.intp]) -> tuple[Column, ...]:
    """The columns, of whose features only those numbered in `kept` are left, the others ignored."""
    places = [k for k, column in enumerate(columns) if column.role == "feature"]
    left_out = set(places) - {places[k] for k in kept}
    return tuple(replace(column, role="ignore") if k in left_out else column for k, column in enumerate(columns))
