"""The cost of the RSLVQ kind: the log-likelihood ratio of a labelled Gaussian mixture, for any learned metric."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.lvq.distance_cost import DistanceProblem, OfRows, Start
from engines.lvq.kernels import class_distances
from engines.lvq.labels import LabelledRows
from engines.lvq.learned import LearnedMetric
from engines.lvq.likelihood_kernels import LANES, N_LANES, likelihood_ratios
from engines.lvq.metric import Euclidean, Prepared
from engines.lvq.sums import Sums
from engines.optimize import Arrays
from engines.training import State, StopToken

NARROWEST = 1e-6
"""Of the data's mean variance: no width taken from the rows is less, even where they lie on their prototypes."""


@dataclass(frozen=True)
class Width:
    """σ² of all components.

    Attributes
    ----------
    variance : float or "auto"
        Where it starts, in squared units of the rows.
    learn : bool
        Whether it moves with the rest.
    """

    variance: float | Literal["auto"]
    learn: bool


class LikelihoodProblem(DistanceProblem):
    """E = -Σ sᵢ ln(p(xᵢ, yᵢ)/p(xᵢ)) / Σ sᵢ + the metric's penalty (Seo & Obermayer 2003, eq. 12 and 13).

    p(x) = Σⱼ exp(-d(x, wⱼ)/2σ²), up to a factor, and p(x, y) is the same sum over the prototypes of class y. Where σ²
    is learned, it is σ₀² exp(a) with `log_variance` = a (1,), which goes with the metric: it is its missing scale.
    """

    def __init__(self, start: Start, learned: LearnedMetric, width: Width, *shape: Any, **options: Any) -> None:
        super().__init__(start, learned, *shape, **options)
        self._width = width
        self._variance = math.nan  # σ₀²/s²

    @property
    def metric_names(self) -> frozenset[str]:
        return super().metric_names | frozenset(self.others())

    def start(self, data: LabelledRows, rng: np.random.Generator, stop: StopToken) -> dict[str, NDArray[np.float64]]:
        arrays = super().start(data, rng, stop)
        if self._width.variance == "auto":
            self._variance = max(self._own_distance(arrays, data, stop) / self._scale**2, NARROWEST)
        else:
            self._variance = float(self._width.variance) / self._scale**2
        return arrays

    def terms(
        self, D: NDArray[Any], codes: NDArray[np.int64], weights: NDArray[np.float64], arrays: Arrays
    ) -> tuple[float, int, NDArray[np.float64]]:
        half = 1 / (2 * self._variance_at(arrays))
        shares, parts = np.empty((len(D), LANES)), np.empty((len(self._start.counts), LANES))
        cost, n_right, by_half = likelihood_ratios(
            D, self._labels, codes, weights, half, shares, parts, np.empty((N_LANES, LANES))
        )
        return cost, n_right, np.array([by_half])

    def of_rows(self, prepared: Prepared, arrays: Arrays, *, metric: bool) -> OfRows:
        """As of any cost of distances, but c without its factor 1/2σ², which comes in here: float32 may not hold it."""
        one = super().of_rows(prepared, arrays, metric=metric)
        half = 1 / (2 * self._variance_at(arrays))

        def times_half(*rows: Any) -> Sums:
            found = one(*rows)
            names = ("by_prototype", "factors", "pulls", "by_others")
            scaled = {name: half * getattr(found, name).astype(np.float64) for name in names}
            by_metric = tuple(half * values.astype(np.float64) for values in found.by_metric)
            return replace(found, **scaled, by_metric=by_metric)

        return times_half

    def others(self) -> dict[str, NDArray[np.float64]]:
        return {"log_variance": np.zeros(1)} if self._width.learn else {}

    def others_gradient(self, arrays: Arrays, by_others: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        return {"log_variance": -by_others} if self._width.learn else {}

    def others_model(self, arrays: Arrays) -> dict[str, NDArray[Any]]:
        return {"variance_": np.array(self._variance_at(arrays))}

    def state(self) -> State:
        return {**super().state(), "variance": self._variance}

    def load_state(self, state: State) -> None:
        super().load_state(state)
        self._variance = float(state["variance"])

    def _variance_at(self, arrays: Arrays) -> float:
        """σ², in squared units of the rows."""
        grown = math.exp(arrays["log_variance"][0]) if self._width.learn else 1.0
        return self._variance * grown * self._scale**2

    def _own_distance(self, arrays: Arrays, data: LabelledRows, stop: StopToken) -> float:
        """Mean of d to the nearest prototype of a row's class, over the metric's trace.

        For the Euclidean distance it is the width under which the rows are likeliest, each from its prototype.
        """
        metric = self.learned.metric(arrays)
        prepared = metric.prepare(arrays["prototypes"] * self._scale, self._origin, self._dtype)

        def work(block: NDArray[Any], start: int) -> float:
            here = slice(start, start + len(block))
            by_class = np.empty((len(block), len(self._start.counts)), dtype=block.dtype)
            class_distances(prepared.distances(block), self._labels, by_class)
            own = np.take_along_axis(by_class, data.codes[here, None], axis=1)[:, 0]
            return float(own.astype(np.float64) @ data.weights[here])

        bounds = block_bounds(*data.rows.shape, self._dtype.itemsize, prepared.work)
        total = sum(map_blocks(data.rows, work, bounds, n_jobs=self._n_jobs, stop=stop))
        trace = self._n_features if isinstance(metric, Euclidean) else 1
        return total / float(data.weights.sum()) / trace
