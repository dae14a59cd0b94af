"""Clusters of rows under a metric: k-means of Ωx, means, rows at their nearest; no metric is learned here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds
from engines.clustering.lloyd import Lloyd, Plan
from engines.clustering.starts import Start, seeder
from engines.distortion import squared_to_labelled
from engines.lvq.initializers import covariance, moments
from engines.lvq.labels import LabelledRows
from engines.lvq.learned import Omegas
from engines.lvq.measured import each_block
from engines.lvq.metric import Full
from engines.rows import DerivedRows, RowSource
from engines.survey import survey
from engines.training import StopToken

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ProjectedRows(DerivedRows):
    """Rows of a source as Ωx: (n, m), computed as they are read."""

    omega: Floats

    @property
    def shape(self) -> tuple[int, int]:
        return self.source.shape[0], len(self.omega)

    def read(self, start: int, stop: int) -> Floats:
        return np.ascontiguousarray(self.source.read(start, stop) @ self.omega.T)


@dataclass(frozen=True, eq=False)
class ScaledRows(DerivedRows):
    """Rows of a source, each feature divided by its spread (d,) as they are read."""

    spread: Floats

    def read(self, start: int, stop: int) -> Floats:
        return np.ascontiguousarray(self.source.read(start, stop) / self.spread)


@dataclass(frozen=True, eq=False)
class Cells:
    """Rows at their nearest prototypes under a metric.

    Attributes
    ----------
    labels : (n,) int32
    counts : (K,) float64
        Weight of the rows of each.
    inertia : float
        Weighted sum of the squared distances d(x, w).
    """

    labels: NDArray[np.int32]
    counts: NDArray[np.float64]
    inertia: float


@dataclass(frozen=True, eq=False)
class Clustering:
    """Rows to be clustered, again and again, under one Ω or another.

    Attributes
    ----------
    rows : RowSource of shape (n, d)
    given_weights : float64 array of shape (n,), or None
    n_clusters : int
        K.
    n_jobs : int
    spread : (d,), in the rows' precision
        Standard deviation of each feature; that of the widest one where a feature is constant.
    """

    rows: RowSource
    given_weights: NDArray[np.float64] | None
    n_clusters: int
    n_jobs: int
    spread: Floats

    @classmethod
    def of(
        cls,
        rows: RowSource,
        given_weights: NDArray[np.float64] | None,
        n_clusters: int,
        n_jobs: int,
        stop: StopToken,
    ) -> Self:
        """With the spreads, by one pass over the rows."""
        bounds = block_bounds(*rows.shape, rows.dtype.itemsize)
        spread = np.sqrt(survey(rows, given_weights, bounds, n_jobs, stop).variance).astype(rows.dtype)
        spread[spread == 0] = spread.max() or 1.0
        return cls(rows, given_weights, n_clusters, n_jobs, spread)

    @property
    def scaled(self) -> ScaledRows:
        """The rows that the metric is learned from."""
        return ScaledRows(self.rows, self.spread)

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """Weights (n,), 1 where none are given."""
        return np.ones(self.rows.shape[0]) if self.given_weights is None else self.given_weights

    def start_omega(self, wanted: Omegas, rng: np.random.Generator, stop: StopToken) -> Floats:
        """Ω (m, d) for the rows at the start; "auto" and the others but a given one are meant for the scaled rows."""
        if not isinstance(wanted.init, str):
            return self.for_rows(wanted.start(lambda: np.empty(0), rng)["omega"] * self.spread)
        everything = self._labelled(self.scaled, np.zeros(self.rows.shape[0], np.int32))
        options: dict[str, Any] = {"n_jobs": self.n_jobs, "stop": stop}

        def covariances() -> NDArray[np.float64]:
            return covariance(everything, moments(everything, 1, **options).mean, **options)

        return self.for_rows(wanted.start(covariances, rng)["omega"])

    def for_rows(self, omega: Floats) -> Floats:
        """Ω of norm 1 for the rows as they are, of one for the scaled rows."""
        turned = omega / self.spread.astype(np.float64)
        return (turned / np.linalg.norm(turned)).astype(self.rows.dtype)

    def found(
        self, omega: Floats, init: Start, n_starts: int, rng: np.random.Generator, stop: StopToken
    ) -> NDArray[np.int32]:
        """Labels (n,) by k-means of Ωx, from prototypes (K, d) or by the name of a start."""
        start = init if isinstance(init, str) else np.asarray(init, np.float64) @ omega.T.astype(np.float64)
        seed = seeder(start, self.n_clusters, len(omega), self.rows.dtype)
        plan = Plan(self.n_clusters, n_starts, max_iter=300, tol=1e-4, n_jobs=self.n_jobs)
        lloyd = Lloyd(ProjectedRows(self.rows, omega), self.given_weights, plan, seed, rng)
        lloyd.start(stop)
        while not lloyd.finished:
            lloyd.step(stop)
        labels: NDArray[np.int32] = lloyd.fitted()["labels_"]
        return labels

    def means(self, labels: NDArray[np.int32], former: Floats | None, stop: StopToken) -> Floats:
        """Weighted means (K, d) of the clusters; one without rows stays where it was, or is the mean of all."""
        means = moments(self._labelled(self.rows, labels), self.n_clusters, n_jobs=self.n_jobs, stop=stop).class_means
        if former is not None:
            filled = np.bincount(labels, self.weights, self.n_clusters) > 0
            means = np.where(filled[:, None], means, former)
        return means.astype(self.rows.dtype)

    def cells(self, prototypes: Floats, omega: Floats, stop: StopToken) -> Cells:
        """The rows at their nearest prototypes (K, d) under Ω (m, d)."""
        n = self.rows.shape[0]
        labels, nearest = np.empty(n, np.int32), np.empty(n)

        def one(D: Floats, here: slice) -> None:
            labels[here], nearest[here] = D.argmin(axis=0), D.min(axis=0)

        each_block(self.rows, prototypes, Full(omega), one, n_jobs=self.n_jobs, stop=stop)
        counts = np.bincount(labels, self.weights, self.n_clusters).astype(np.float64)
        return Cells(labels, counts, float(self.weights @ nearest))

    def errors(self, rows: RowSource, prototypes: Floats, omega: Floats, stop: StopToken) -> NDArray[np.float64]:
        """Squared Euclidean distance (n,) of any rows to the prototype that is nearest under Ω."""
        labels = np.empty(rows.shape[0], np.int32)

        def one(D: Floats, here: slice) -> None:
            labels[here] = D.argmin(axis=0)

        each_block(rows, prototypes, Full(omega), one, n_jobs=self.n_jobs, stop=stop)
        return squared_to_labelled(rows, prototypes, labels, n_jobs=self.n_jobs, stop=stop)

    def _labelled(self, rows: RowSource, labels: NDArray[np.int32]) -> LabelledRows:
        return LabelledRows(rows, labels.astype(np.int64), self.weights, float(self.weights.mean()))
