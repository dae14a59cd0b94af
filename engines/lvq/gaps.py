"""Labelled rows in memory of which some lack values (NaN): which ones, and what starts put in the gaps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, single_threaded_blas
from engines.held import held
from engines.lvq.labels import LabelledRows
from engines.lvq.metric import observed
from engines.rows import ArrayRows, check_values
from engines.training import StopToken


@dataclass(frozen=True, eq=False)
class HeldRows:
    """Labelled rows in memory, which have been looked at.

    Attributes
    ----------
    data : LabelledRows
        Of an `ArrayRows`.
    incomplete : bool array of shape (n,)
        Which rows lack values; empty where none does.
    """

    data: LabelledRows
    array: NDArray[Any]
    incomplete: NDArray[np.bool_]


def hold(data: LabelledRows, stop: StopToken) -> HeldRows:
    """The rows of `data` in memory.

    Raises
    ------
    ValueError
        If a value is infinite or too large to be computed with, or a row has no value at all.
    """
    array = held(data.rows, stop).array
    n, d = array.shape
    incomplete = np.zeros(n, dtype=np.bool_)
    for start, end in block_bounds(n, d, array.dtype.itemsize):
        stop.check()
        block = array[start:end]
        check_values(block, allow_nan=True)
        incomplete[start:end] = observed(~np.isnan(block)) < d
    incomplete = incomplete if incomplete.any() else incomplete[:0]
    return HeldRows(replace(data, rows=ArrayRows(array)), array, incomplete)


def filled(rows: HeldRows, n_classes: int) -> LabelledRows:
    """The rows with their class's mean of the feature in each gap; the mean of all where a class has none, or 0."""
    if not rows.incomplete.size:
        return rows.data
    data, X = rows.data, rows.array
    seen = ~np.isnan(X)
    by_class = np.zeros((len(X), n_classes))
    by_class[np.arange(len(X)), data.codes] = data.weights
    with single_threaded_blas():
        sums, masses = by_class.T @ np.where(seen, X, 0), by_class.T @ seen
    whole = np.divide(sums.sum(axis=0), masses.sum(axis=0), out=np.zeros(X.shape[1]), where=masses.sum(axis=0) > 0)
    means = np.divide(sums, masses, out=np.tile(whole, (n_classes, 1)), where=masses > 0)
    return replace(data, rows=ArrayRows(np.where(seen, X, means[data.codes].astype(X.dtype))))
