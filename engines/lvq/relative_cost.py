"""The cost of the GLVQ kind: the transferred relative distance μ = (d⁺ - d⁻)/(d⁺ + d⁻), for any learned metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.lvq.distance_cost import DistanceProblem, Start
from engines.lvq.kernels import TRANSFER, nearest_pairs, relative_terms
from engines.lvq.learned import LearnedMetric
from engines.optimize import Arrays


@dataclass(frozen=True)
class Transfer:
    """φ and what is added to μ before it: see `engines.lvq.kernels.transfer`."""

    name: str
    beta: float
    margin: float


class RelativeProblem(DistanceProblem):
    """E = Σ sᵢ φ(μᵢ + margin) / Σ sᵢ + the metric's penalty (Sato & Yamada 1995, eq. 4 and 5).

    d⁺ and d⁻ are the squared distances to the nearest prototype of the row's class and of any other.
    """

    def __init__(self, start: Start, learned: LearnedMetric, transfer: Transfer, *shape: Any, **options: Any) -> None:
        super().__init__(start, learned, *shape, **options)
        self._transfer = transfer

    def terms(
        self, D: NDArray[Any], codes: NDArray[np.int64], weights: NDArray[np.float64], arrays: Arrays
    ) -> tuple[float, int, NDArray[np.float64]]:
        winners = np.empty((2, D.shape[1]), dtype=np.int64)
        nearest_pairs(D, self._labels, codes, winners[0], winners[1])
        how = self._transfer
        cost, n_right = relative_terms(D, winners[0], winners[1], weights, TRANSFER[how.name], how.beta, how.margin)
        return cost, n_right, np.zeros(0)
