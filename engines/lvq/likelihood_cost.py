"""The cost of the RSLVQ kind: the log-likelihood ratio of a labelled Gaussian mixture, for any learned metric."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.kernels.exact import frozen
from engines.kernels.quadratics import TILE
from engines.lvq.distance_cost import DistanceProblem, OfRows, Start
from engines.lvq.kernels import class_distances
from engines.lvq.labels import LabelledRows
from engines.lvq.learned import LearnedMetric
from engines.lvq.likelihood_kernels import LANES, N_LANES, likelihood_ratios, likelihood_sums
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
    """E = -Σ sᵢ ln(p(xᵢ, yᵢ)/p(xᵢ)) / Σ sᵢ + the metric's penalty (Seo & Obermayer 2003).

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
        half = self._half_at(arrays)
        shares, parts = np.empty((len(D), LANES)), np.empty((len(self._start.counts), LANES))
        cost, n_right, by_half = likelihood_ratios(
            D, self._labels, codes, weights, half, shares, parts, np.empty((N_LANES, LANES))
        )
        return cost, n_right, np.array([by_half])

    def of_rows(self, prepared: Prepared, arrays: Arrays, *, metric: bool) -> OfRows:
        """As of any cost of distances, but complete rows in one pass, where there is one metric for all prototypes.

        `terms` gives c without its factor 1/2σ², which float32 may not hold; it comes in here.
        """
        slowly = super().of_rows(prepared, arrays, metric=metric)
        half = self._half_at(arrays)
        field = None
        if len(prepared.views) == 1 and not prepared.views[0].is_diagonal:
            field = Field(prepared, self._labels, self._dtype, half)

        def one(*rows: Any) -> Sums:
            found = None if field is None else field.sums(*rows, metric=metric)
            found = slowly(*rows) if found is None else found
            names = ("by_prototype", "factors", "pulls", "by_others")
            scaled = {name: half * getattr(found, name).astype(np.float64) for name in names}
            by_metric = tuple(half * values.astype(np.float64) for values in found.by_metric)
            return replace(found, **scaled, by_metric=by_metric)

        return one

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
        with np.errstate(over="ignore", under="ignore"):
            grown = float(np.exp(arrays["log_variance"][0])) if self._width.learn else 1.0
        return self._variance * grown * self._scale**2

    def _half_at(self, arrays: Arrays) -> float:
        """1/2σ²; NaN, which the cost then is too, where a learned σ² has left all bounds."""
        variance = self._variance_at(arrays)
        return 1 / (2 * variance) if 0 < variance < math.inf else math.nan

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


class Field:
    """Prototypes and their one metric, laid out for `likelihood_sums`."""

    def __init__(self, prepared: Prepared, labels: NDArray[np.int64], dtype: np.dtype[Any], half: float) -> None:
        (view,) = prepared.views
        M, m = view.image.shape
        self._labels, self._dtype, self._half = labels, dtype, half
        self._origin, self._d = prepared.origin, prepared.prototypes.shape[1]
        self._omega = np.zeros((0, self._d), dtype) if view.cast is None else view.cast
        self._images = np.zeros((m, -(-M // TILE) * TILE), dtype)
        self._images[:, :M] = view.image.T

    def sums(
        self, block: NDArray[Any], codes: NDArray[np.int64], weights: NDArray[np.float64], *, metric: bool
    ) -> Sums | None:
        """What rows (b, d) add, without the factor 1/2σ² of c; None where one lacks values or is too far.

        Σ c over the prototypes of a row is 0, so that Σ c Ωx xᵀ is 0 too.
        """
        M, d, (m, K) = len(self._labels), self._d, self._images.shape
        panel = np.empty((d, LANES), self._dtype)
        image = np.empty((m, LANES), self._dtype) if self._omega.size else panel
        by_prototype, factors = np.zeros((M, d)), np.zeros(M)
        cost, n_right, by_half, is_whole = likelihood_sums(
            frozen(block), self._origin, self._omega, self._images, self._labels, frozen(codes), frozen(weights),
            self._half, panel, image, np.ones_like(self._images), np.empty((K, LANES), self._dtype),
            np.empty((K, d), self._dtype), np.empty((M, LANES)), np.empty((int(self._labels[-1]) + 1, LANES)),
            np.empty((N_LANES, LANES)), by_prototype, factors,
        )  # fmt: skip
        if not is_whole:
            return None
        by_metric = (np.zeros(self._omega.shape),) if metric and self._omega.size else ()
        return Sums(cost, n_right, by_prototype, factors, np.zeros((M, d)), by_metric, np.array([by_half]))
