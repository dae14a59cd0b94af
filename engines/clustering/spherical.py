"""Spherical k-means: prototypes of unit length for directions of rows, by Lloyd's iteration on the sphere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray
from sklearn.base import ClusterMixin

from engines.base import check_sample_weight, generator
from engines.blocks import block_bounds, map_blocks, resolve_jobs
from engines.clustering.lloyd import Lloyd, Plan, Position
from engines.clustering.starts import Seeder, check_enough_rows, n_starts_of, seeder
from engines.euclidean import EuclideanCodebook
from engines.kernels.exact import frozen
from engines.parameters import Param, RandomState
from engines.rows import ArrayRows, DerivedRows, RowSource
from engines.survey import Sample
from engines.training import Learner, Snapshot, State, StopToken

Floats = NDArray[Any]


class SphericalKMeans(ClusterMixin, EuclideanCodebook):  # type: ignore[misc]
    """Unit prototypes that minimise Σₙ (1 − cos(xₙ, w_{s(n)})): k-means of directions.

    The winner of a row is argmax wᵀx, and a prototype moves to the normalised sum of its rows, each taken at unit
    length; the cost never rises. As rows and prototypes have unit length, 1 − cos = ½‖x − w‖², so the winner is also
    the nearest prototype: labels, distances, codes and errors all come from that one Euclidean distance. (Plain
    wᵀx serves only because the norms are equal; among prototypes of unlike norms it would be wᵀx − ½‖w‖².)

    Rows are normalised here, and only their direction matters. A row of zeros has none: it is taken as it is, lies at
    ½ from every prototype, moves none and starts none. A prototype whose rows add up to zero stays where it is; one
    without rows is put on the row farthest from its own prototype.

    Parameters
    ----------
    n_clusters : int
        Prototypes K.
    init : {"k-means++", "random"} or array of shape (K, d)
        Start: greedy k-means++ with 1 − cos as its squared distance, random rows, or given prototypes (normalised).
    n_init : int or "auto"
        Starts, of which the lowest cost is kept; "auto" is 10 for random rows, else 1. Given prototypes are one start.
    max_iter : int
        Most iterations from one start.
    tol : float
        End when the squared shift of all prototypes is at most this share of the mean column variance of unit rows.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads; None is all cores, -1 too.

    Attributes
    ----------
    prototypes_, cluster_centers_ : ndarray of shape (K, d)
        Of unit length.
    counts_ : ndarray of shape (K,)
        Weight of the rows of each prototype.
    labels_ : ndarray of shape (n,), int32
    inertia_ : float
        Σ (1 − cos), weighted.
    n_iter_ : int
        Iterations of the kept start.
    history_ : dict of str to ndarray
        As of k-means, on unit rows: `cost` is Σ (1 − cos), `error_per_row` the mean squared distance between unit
        row and prototype, which is twice the mean cosine distance; and `mean_cosine`.

    References
    ----------
    Dhillon & Modha, "Concept decompositions for large sparse text data using clustering", 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from engines import SphericalKMeans
    >>> X = np.array([[1.0, 0.1], [5.0, -0.5], [0.2, 2.0], [0.0, 7.0]])
    >>> SphericalKMeans(n_clusters=2, random_state=0).fit_predict(X).tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    True
    """

    inertia_: float
    n_iter_: int

    def __init__(
        self,
        n_clusters: Annotated[int, Param("number of prototypes", low=1)] = 8,
        *,
        init: Annotated[
            Literal["k-means++", "random"] | NDArray[Any],
            Param("where the prototypes start: a method, or an array (n_clusters, d)"),
        ] = "k-means++",
        n_init: Annotated[
            int | Literal["auto"], Param("starts, of which the best is kept; auto: 10 if random, else 1", low=1)
        ] = "auto",
        max_iter: Annotated[int, Param("most iterations from one start", low=1)] = 300,
        tol: Annotated[
            float, Param("shift that counts as none, squared, relative to the mean column variance", low=0)
        ] = 1e-4,
        random_state: Annotated[RandomState, Param("seed of all random draws", low=0, advanced=True)] = None,
        n_jobs: Annotated[int | None, Param("threads; none is all cores", advanced=True)] = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs

    def transform(self, X: Any) -> Floats:
        """Cosine distance 1 − cos of each row to each prototype: (n, K), in the rows' precision; ½ for zeros."""
        euclidean = super().transform(X)
        distances: Floats = euclidean * euclidean / 2
        return distances

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """The negative, weighted sum of the rows' cosine distances 1 − cos to the nearest prototype."""
        return super().score(X, y, sample_weight) / 2

    def quantization_error(self, X: Any, sample_weight: Any = None) -> float:
        """Mean over rows of the squared distance between the row at unit length and its nearest prototype.

        It is 2 (1 − cos), averaged; with `sample_weight` (n,), the weighted mean.
        """
        return super().quantization_error(X, sample_weight)

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        rows, _ = self._training_rows(X)
        validate = None if validation is None else self._validation_error(validation)
        n, d = rows.shape
        weights = check_sample_weight(sample_weight, n)
        check_enough_rows(n, weights, self.n_clusters, "n_clusters")
        start = _on_sphere(seeder(self.init, self.n_clusters, d, rows.dtype), self.n_clusters)
        n_starts = n_starts_of(self.init, self.n_init)
        plan = Plan(self.n_clusters, n_starts, self.max_iter, float(self.tol), resolve_jobs(self.n_jobs))
        return SphericalLloyd(rows, weights, plan, start, generator(self.random_state), validate)

    def _new_rows(self, X: Any) -> RowSource:
        return UnitRows(super()._new_rows(X))

    def _validation_rows(self, validation: tuple[Any, Any]) -> RowSource:
        return UnitRows(super()._validation_rows(validation))


@dataclass(frozen=True, eq=False)
class UnitRows(DerivedRows):
    """Another source's rows, each at unit length as it is read; zeros stay zeros."""

    def read(self, start: int, stop: int) -> Floats:
        return at_unit_length(self.source.read(start, stop))


def at_unit_length(X: Floats) -> Floats:
    """The rows of X (n, d) divided by their Euclidean norms; rows of zeros, or not finite, as they are."""
    unit = np.empty_like(X)
    _normalise(frozen(X), unit)
    return unit


class SphericalLloyd(Lloyd):
    """Lloyd's iteration on rows of unit length whose means are put back on the sphere."""

    def start(self, stop: StopToken) -> None:
        self._to_unit_length(stop)
        super().start(stop)

    def load_state(self, state: State) -> None:
        self._to_unit_length(StopToken())
        super().load_state(state)

    def snapshot(self) -> Snapshot:
        seen = super().snapshot()
        metrics = {**seen.metrics, "mean_cosine": 1 - seen.metrics["error_per_row"] / 2}
        return replace(seen, cost=seen.cost / 2, metrics=metrics)

    def fitted(self) -> Mapping[str, Any]:
        fitted = super().fitted()
        return {**fitted, "inertia_": fitted["inertia_"] / 2}

    def _updated(self, at: Position, stop: StopToken) -> tuple[Floats, int]:
        means, n_reseeded = super()._updated(at, stop)
        unit = at_unit_length(means)
        return np.where(unit.any(axis=1, keepdims=True), unit, at.prototypes), n_reseeded

    def _to_unit_length(self, stop: StopToken) -> None:
        """Rows in memory are normalised once, others whenever they are read."""
        rows = self._rows
        if not isinstance(rows, ArrayRows):
            self._rows = UnitRows(rows)
            return
        n, d = rows.shape
        unit = np.empty((n, d), rows.dtype)

        def one(block: Floats, start: int) -> None:
            _normalise(frozen(block), unit[start : start + len(block)])

        for _ in map_blocks(rows, one, block_bounds(n, d, rows.dtype.itemsize), n_jobs=self._plan.n_jobs, stop=stop):
            pass
        self._rows = ArrayRows(unit)


def _on_sphere(start: Seeder, n_clusters: int) -> Seeder:
    """A start of unit length, drawn from the rows that have a direction."""

    def seed(sample: Sample, rng: np.random.Generator, stop: StopToken) -> Floats:
        rows, (n, d) = sample.rows, sample.rows.shape
        bounds = block_bounds(n, d, rows.dtype.itemsize)
        directed = np.concatenate(
            list(map_blocks(rows, lambda block, _: block.any(axis=1), bounds, n_jobs=sample.n_jobs, stop=stop))
        )
        if not directed.all():
            weights = np.where(directed, 1.0 if sample.weights is None else sample.weights, 0.0)
            n_directed = int(np.count_nonzero(weights))
            if n_directed < n_clusters:
                raise ValueError(
                    f"n_samples={n_directed} with a direction should be >= n_clusters={n_clusters}: "
                    f"the other rows are zero everywhere, or of weight zero."
                )
            sample = replace(sample, weights=weights)
        prototypes = at_unit_length(np.ascontiguousarray(start(sample, rng, stop), rows.dtype))
        if not np.all(prototypes.any(axis=1)):
            raise ValueError("init has a row of zeros, which has no direction: give every prototype one.")
        return prototypes

    return seed


@njit(cache=True, nogil=True)
def _normalise(X, out):  # type: ignore[no-untyped-def]
    """Rows of X (n, d) over their norms; by way of their largest component, so that no square overflows."""
    n, d = X.shape
    for i in range(n):
        largest = 0.0
        for j in range(d):
            largest = max(largest, np.float64(abs(X[i, j])))
        squares = 0.0
        if largest > 0.0:
            for j in range(d):
                part = X[i, j] / largest
                squares += part * part
        norm = np.sqrt(squares)
        usable = norm > 0.0 and np.isfinite(norm)
        for j in range(d):
            out[i, j] = X[i, j] / largest / norm if usable else X[i, j]
