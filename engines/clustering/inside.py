"""k-means inside some of the rows: what engines use that train a codebook for each cell of another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.base import generator_from_state
from engines.clustering.lloyd import Lloyd, Plan
from engines.clustering.seeding import picked
from engines.clustering.starts import Seeder
from engines.rows import ArrayRows, RowSource, SelectedRows
from engines.training import StopToken

MAX_GATHERED_BYTES = 2**30
"""Rows up to this size are brought into memory, more are read from where they lie at each iteration."""


def lloyd_inside(
    rows: RowSource,
    weights: NDArray[np.float64] | None,
    index: NDArray[np.intp],
    plan: Plan,
    seed: Seeder,
    rng: np.random.Generator,
    stop: StopToken,
) -> Lloyd:
    """Lloyd's iteration, run to its end, on the rows `index` (m,), ascending.

    The bits do not depend on whether the rows are in memory.

    Raises
    ------
    Stopped
        When `stop` is set.
    """
    own = None if weights is None else weights[index]
    lloyd = Lloyd(chosen_rows(rows, index, stop), own, plan, seed, rng)
    lloyd.start(stop)
    while not lloyd.finished:
        lloyd.step(stop)
    return lloyd


def chosen_rows(rows: RowSource, index: NDArray[np.intp], stop: StopToken) -> RowSource:
    """The rows `index` (m,), ascending, of a source (n, d), in memory where they are not too many."""
    n, d = rows.shape
    if len(index) == n:
        return rows
    if len(index) * d * rows.dtype.itemsize > MAX_GATHERED_BYTES:
        return SelectedRows(rows, index.astype(np.int64))
    return ArrayRows(picked(rows, index, stop))


def two_generators(state: Mapping[str, Any]) -> tuple[np.random.Generator, np.random.Generator]:
    """The generator of a state, and one of its own for what comes next; the first has moved on by that."""
    rng = generator_from_state(state)
    return rng, np.random.default_rng(rng.integers(2**63, size=2))
