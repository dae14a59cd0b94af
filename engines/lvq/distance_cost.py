"""Costs of labelled rows that depend on distances to prototypes alone: start, gradient, model; each cost is a subclass.

A subclass says what c = ∂E/∂d of each row and prototype is; how distances depend on prototypes and metric is known
here. The arrays are `prototypes` = W/s (M, d), where s is the power of two next to the data's spread, and those of the
metric: learning rates then mean the same whatever the units, and no digit of W is touched by s.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.lvq.initializers import covariance, moments, start_prototypes
from engines.lvq.labels import LabelledRows
from engines.lvq.learned import LearnedMetric
from engines.lvq.metric import Prepared
from engines.lvq.problem import Evaluation, Problem
from engines.lvq.sums import Sums, added, gradient_by_metric, gradient_by_prototypes, sums_of_pairs
from engines.optimize import Arrays
from engines.training import State, StopToken

MIN_ROWS = 256
"""Of a block: partial sums do not count beside its products with Ω, and a stop must be felt."""
OVERHEAD = 32
"""Multiply-adds that take as long as all that is done to a number beside its products."""

OfRows = Callable[[NDArray[Any], NDArray[np.int64], NDArray[np.float64]], Sums]
"""From rows (b, d), their classes (b,) and weights (b,)."""


@dataclass(frozen=True, eq=False)
class Start:
    """Where prototypes are to start.

    Attributes
    ----------
    counts : int64 array of shape (C,)
        Prototypes of each class.
    init : str, or array of shape (M, d)
    """

    counts: NDArray[np.int64]
    init: str | NDArray[Any]


class DistanceProblem(Problem):
    """E = Σ sᵢ e(d(xᵢ, w₁), …, d(xᵢ, w_M)) / Σ sᵢ + the metric's penalty.

    Parameters
    ----------
    start : Start
    learned : LearnedMetric
    n_features : int
    dtype : numpy dtype
        Of the rows.
    n_jobs : int
        Threads.
    allow_nan : bool
        Whether rows may lack values.
    """

    def __init__(
        self,
        start: Start,
        learned: LearnedMetric,
        n_features: int,
        dtype: np.dtype[Any],
        *,
        n_jobs: int,
        allow_nan: bool = False,
    ) -> None:
        self._start, self.learned = start, learned
        self._n_features, self._dtype, self._n_jobs, self._allow_nan = n_features, dtype, n_jobs, allow_nan
        self._labels = np.repeat(np.arange(len(start.counts)), start.counts)
        self._origin = np.zeros(0)
        self._scale = 1.0

    # --- what a cost may say of itself

    @abstractmethod
    def terms(
        self, D: NDArray[Any], codes: NDArray[np.int64], weights: NDArray[np.float64], arrays: Arrays
    ) -> tuple[float, int, NDArray[np.float64]]:
        """Σ s e of rows with distances `D` (M, b), which become c = ∂(Σ s e)/∂d.

        Returns
        -------
        cost : float
        n_right : int
            Rows that are classified right.
        by_others : float64 array of shape (p,)
            Sums that `others_gradient` needs beside those by d, p always the same.
        """

    def others(self) -> dict[str, NDArray[np.float64]]:
        """Arrays at the start, beside those of prototypes and metric."""
        return {}

    def others_gradient(self, arrays: Arrays, by_others: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """By these arrays, before the division by the weights' total."""
        return {}

    def others_model(self, arrays: Arrays) -> dict[str, NDArray[Any]]:
        """Fitted attributes, with underscore, that they make."""
        return {}

    # --- the learner's side

    @property
    def metric_names(self) -> frozenset[str]:
        return self.learned.NAMES

    def start(self, data: LabelledRows, rng: np.random.Generator, stop: StopToken) -> dict[str, NDArray[np.float64]]:
        counts, n_jobs = self._start.counts, self._n_jobs
        found = moments(data, len(counts), n_jobs=n_jobs, stop=stop, allow_nan=self._allow_nan)
        self._origin = found.mean
        self._scale = float(2.0 ** np.round(np.log2(found.spread)))
        prototypes = start_prototypes(self._start.init, counts, data, found, rng)
        learned = self.learned.start(lambda: covariance(data, found.mean, n_jobs=n_jobs, stop=stop), rng)
        return {"prototypes": prototypes / self._scale, **learned, **self.others()}

    def evaluate(self, arrays: Arrays, data: LabelledRows, stop: StopToken, *, by: Collection[str]) -> Evaluation:
        metric = self.learned.metric(arrays)
        prepared = metric.prepare(arrays["prototypes"] * self._scale, self._origin, self._dtype)
        total = self._total(prepared, data, stop, arrays, by)
        penalty, by_penalty = self.learned.penalty(arrays)
        weight = data.mean_weight * len(data)
        cost, accuracy = total.cost / weight + penalty, total.n_right / len(data)
        if not by:
            return Evaluation(cost, accuracy)
        gradient = {"prototypes": gradient_by_prototypes(prepared, total) * (self._scale / weight)}
        if not self.learned.NAMES.isdisjoint(by):
            by_view = [found / weight for found in gradient_by_metric(prepared, total)]
            for found, more in zip(by_view, by_penalty, strict=False):
                found += more
            gradient |= self.learned.gradient(arrays, by_view)
        gradient |= {name: g / weight for name, g in self.others_gradient(arrays, total.by_others).items()}
        return Evaluation(cost, accuracy, {name: gradient[name] for name in by})

    def normalise(self, arrays: Mapping[str, NDArray[np.float64]]) -> None:
        self.learned.normalise(arrays)

    def model(self, arrays: Arrays) -> dict[str, NDArray[Any]]:
        return {
            "prototypes_": (arrays["prototypes"] * self._scale).astype(self._dtype),
            **self.learned.model(arrays, self._dtype),
            **self.others_model(arrays),
        }

    def shown(self, model: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return self.learned.shown(model)

    def check(self, arrays: Arrays) -> None:
        expected = {"prototypes": (len(self._labels), self._n_features), **self.learned.shapes()}
        expected |= {name: values.shape for name, values in self.others().items()}
        for name, shape in expected.items():
            if arrays[name].shape != shape:
                raise ValueError(
                    f"The state to resume has {name} of shape {arrays[name].shape}, but these rows and parameters "
                    f"need {shape}."
                )

    def state(self) -> State:
        return {"origin": self._origin, "scale": self._scale}

    def load_state(self, state: State) -> None:
        self._origin, self._scale = np.array(state["origin"]), float(state["scale"])

    # --- rows

    def _total(
        self, prepared: Prepared, data: LabelledRows, stop: StopToken, arrays: Arrays, by: Collection[str]
    ) -> Sums:
        one = self.of_rows(prepared, arrays, metric=not self.learned.NAMES.isdisjoint(by))

        def work(block: NDArray[Any], start: int) -> Sums:
            here = slice(start, start + len(block))
            return one(block, data.codes[here], data.weights[here])

        effort = 2 * prepared.work + OVERHEAD
        bounds = block_bounds(*data.rows.shape, self._dtype.itemsize, effort, min_rows=MIN_ROWS)
        return added(map_blocks(data.rows, work, bounds, n_jobs=self._n_jobs, stop=stop))

    def of_rows(self, prepared: Prepared, arrays: Arrays, *, metric: bool) -> OfRows:
        """What tells what a block of rows adds; by the metric only where that is asked for."""

        def one(block: NDArray[Any], codes: NDArray[np.int64], weights: NDArray[np.float64]) -> Sums:
            D = prepared.distances(block)
            cost, n_right, by_others = self.terms(D, codes, weights, arrays)
            found = sums_of_pairs(prepared, block, D, metric=metric)
            return replace(found, cost=cost, n_right=n_right, by_others=by_others)

        return one
