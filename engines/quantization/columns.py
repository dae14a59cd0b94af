"""Columns cut into subspaces, each as rows of its own; which rows these are, rotated or not, is others' affair."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.rows import ArrayRows, DerivedRows, RowSource
from engines.training import StopToken

MAX_HELD_BYTES = 2**30
"""Rows up to this size are copied into memory as a learner needs them; larger ones are read anew at each step."""


def split_columns(d: int, n_subspaces: int) -> NDArray[np.int64]:
    """Where subspaces begin, and where the last ends (n_subspaces + 1,): consecutive columns, the wider ones first.

    Raises
    ------
    ValueError
        If there are more subspaces than columns.
    """
    if n_subspaces > d:
        raise ValueError(f"n_subspaces={n_subspaces} should be <= n_features={d}: a subspace needs a column.")
    widths = np.full(n_subspaces, d // n_subspaces)
    widths[: d % n_subspaces] += 1
    return np.concatenate(([0], np.cumsum(widths))).astype(np.int64)


def edges_of(splits: NDArray[np.int64]) -> list[slice]:
    """The columns of each subspace."""
    return [slice(first, last) for first, last in pairwise(splits.tolist())]


@dataclass(frozen=True, eq=False)
class Columns(DerivedRows):
    """Some consecutive columns of another source."""

    columns: slice

    @property
    def shape(self) -> tuple[int, int]:
        return self.source.shape[0], self.columns.stop - self.columns.start

    def read(self, start: int, stop: int) -> NDArray[Any]:
        return np.ascontiguousarray(self.source.read(start, stop)[:, self.columns])


def subspaces(rows: RowSource, splits: NDArray[np.int64], n_jobs: int, stop: StopToken) -> list[RowSource]:
    """The rows of each subspace; in memory where they are not too large, and then read only once here."""
    edges = edges_of(splits)
    n, d = rows.shape
    if len(edges) == 1 and isinstance(rows, ArrayRows):
        return [rows]
    if n * d * rows.dtype.itemsize > MAX_HELD_BYTES:
        return [Columns(rows, columns) for columns in edges]
    parts = [np.empty((n, columns.stop - columns.start), rows.dtype) for columns in edges]

    def one(block: NDArray[Any], start: int) -> None:
        for columns, part in zip(edges, parts, strict=True):
            part[start : start + len(block)] = block[:, columns]

    for _ in map_blocks(rows, one, block_bounds(n, d, rows.dtype.itemsize), n_jobs=n_jobs, stop=stop):
        pass
    return [ArrayRows(part) for part in parts]
