"""The cost of the GLVQ kind: the transferred relative distance μ = (d⁺ - d⁻)/(d⁺ + d⁻), for any learned metric."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.kernels.tiles import LAYOUTS
from engines.lvq.distance_cost import DistanceProblem, OfRows, Start
from engines.lvq.field import Field, Seats, Transfer
from engines.lvq.kernels import nearest_pairs, relative_terms
from engines.lvq.learned import LearnedMetric
from engines.lvq.metric import Prepared
from engines.lvq.sums import Sums, added
from engines.optimize import Arrays


class RelativeProblem(DistanceProblem):
    """E = Σ sᵢ φ(μᵢ + margin) / Σ sᵢ + the metric's penalty (Sato & Yamada 1995, eq. 4 and 5).

    d⁺ and d⁻ are the squared distances to the nearest prototype of the row's class and of any other.
    """

    def __init__(self, start: Start, learned: LearnedMetric, transfer: Transfer, *shape: Any, **options: Any) -> None:
        super().__init__(start, learned, *shape, **options)
        self._transfer = transfer
        self._seats: Seats | None = None

    def terms(
        self, D: NDArray[Any], codes: NDArray[np.int64], weights: NDArray[np.float64], arrays: Arrays
    ) -> tuple[float, int, NDArray[np.float64]]:
        rows = np.arange(D.shape[1])
        winners = np.empty((2, D.shape[1]), dtype=np.int64)
        nearest_pairs(D, self._labels, codes, winners[0], winners[1])
        d_plus, d_minus = D[winners, rows].astype(np.float64)
        c = np.empty((2, len(rows)))
        scratch = np.empty((4, len(rows)))
        phi = self._transfer.arguments
        cost, n_right = relative_terms(d_plus, d_minus, winners, weights, *phi, scratch, c[0], c[1])
        D[...] = 0
        D[winners, rows] = c
        return cost, n_right, np.zeros(0)

    def of_rows(self, prepared: Prepared, arrays: Arrays, *, metric: bool) -> OfRows:
        """As that of any cost of distances, but for complete rows in one pass without distances to all prototypes."""
        slowly = super().of_rows(prepared, arrays, metric=metric)
        if LAYOUTS is None:
            return slowly
        self._seats = self._seats or Seats(prepared.views, self._labels, self._dtype)
        field = Field(prepared, self._seats)

        def one(block: NDArray[Any], codes: NDArray[np.int64], weights: NDArray[np.float64]) -> Sums:
            found, n_lost = field.sums(block, codes, weights, self._transfer, metric=metric)
            lacking = np.isnan(block).any(axis=1) if n_lost else np.zeros(0, dtype=bool)
            if not lacking.any():
                return found
            parts = [slowly(block[lacking], codes[lacking], weights[lacking])]
            if not lacking.all():
                rest = (block[~lacking], codes[~lacking], weights[~lacking])
                parts.append(field.sums(*rest, self._transfer, metric=metric)[0])
            return added(parts)

        return one
