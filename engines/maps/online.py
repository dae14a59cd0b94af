"""Learning a map row by row: each pulls its winner and the winner's neighbours before the next one is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.held import held
from engines.kernels.exact import frozen
from engines.kernels.lanes import aligned, tiled, untiled, width_of
from engines.kernels.sweep import VECTORS, train_in_order
from engines.maps.learner import Position, Unfolding
from engines.maps.neighbourhood import Neighbourhood
from engines.rows import ArrayRows
from engines.training import StopToken

Floats = NDArray[Any]

PIECE_WORK = 2**25
"""Numbers of units that are met between two looks at a stop token: a few milliseconds."""


class OnlineMap(Unfolding):
    """w_k ← w_k + η h (x − w_k) for one row after the other, in an order of its own in each epoch (Kohonen 2001)."""

    _held: ArrayRows

    def _look(self, stop: StopToken) -> None:
        self._rows = self._held = held(self._rows, stop)
        super()._look(stop)

    def _moved(self, at: Position, rng: np.random.Generator, stop: StopToken) -> Floats:
        rate = self._plan.rate
        assert rate is not None
        return shown(
            self._held.array,
            self._weights,
            rng.permutation(len(self._held.array)),
            at.prototypes,
            self._plan.neighbourhood(at.iteration),
            rate.at(at.iteration),
            stop,
        )


def shown(
    X: Floats,
    weights: NDArray[np.float64] | None,
    order: NDArray[np.intp],
    prototypes: Floats,
    neighbourhood: Neighbourhood,
    rate: float,
    stop: StopToken,
) -> Floats:
    """New prototypes (M, d) after the rows `order` of X (n, d) were shown to these, one by one.

    Winners and pulls are computed in the rows' own precision, and h is cut off where it is below that precision's
    rounding unit, as the winner's own pull leaves nothing of it. A row of weight w pulls as w rows of its kind in
    turn: by 1 − (1 − ηh)^w.

    Raises
    ------
    Stopped
        When `stop` is set.
    """
    grid, dtype = neighbourhood.grid, X.dtype
    h = neighbourhood.table
    rates = frozen((rate * np.where(np.abs(h) < np.finfo(dtype).eps, 0.0, h)).astype(dtype))
    lanes = VECTORS * width_of(dtype)
    tiles = tiled(prototypes, lanes, np.nan)
    scratch, slots = aligned(((len(tiles) + 1) * lanes,), dtype), np.zeros(lanes, np.int32)
    n_rows = max(1, PIECE_WORK // tiles.size)
    for start in range(0, len(order), n_rows):
        stop.check()
        here = order[start : start + n_rows]
        own = np.empty(0, dtype) if weights is None else weights[here].astype(dtype)
        train_in_order(frozen(X[here]), frozen(own), tiles, rates, grid.rows, grid.cols, scratch, slots)
    return untiled(tiles, len(prototypes))
