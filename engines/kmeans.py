"""k-means: the scikit-learn face of Lloyd's algorithm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.utils.validation import check_array, validate_data

from engines.base import FLOATS, Engine, check_sample_weight, generator
from engines.blocks import block_bounds, map_blocks, resolve_jobs
from engines.codes import CodebookMixin
from engines.distortion import squared_errors
from engines.kernels.exact import Labels, distances, frozen
from engines.kernels.nearest import Codebook
from engines.lloyd import Lloyd, Plan
from engines.parameters import Param, RandomState
from engines.rows import ArrayRows, RowSource, is_row_source
from engines.seeding import kmeans_plus_plus, principal_slices, random_rows
from engines.survey import Sample
from engines.training import Learner, StopToken

Floats = NDArray[Any]


class KMeans(CodebookMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, Engine):  # type: ignore[misc]
    """Prototypes that minimise J = Σₙ ‖xₙ − w_{s(n)}‖², by Lloyd's iteration.

    A step moves each prototype to the mean of its rows and assigns all rows anew; J never rises. An iteration ends
    the run when no row changes its prototype or the prototypes hardly move (`tol`). A prototype without rows is put
    on the row farthest from its own prototype. float32 and float64 rows are computed in their own precision, with
    sums over rows in float64; the result has the same bits for any `n_jobs`, in memory or read from a `RowSource`.

    Parameters
    ----------
    n_clusters : int
        Prototypes K.
    init : {"k-means++", "random", "pca"} or array of shape (K, d)
        Start: greedy k-means++ (on a random part of the rows where there are more than 131,072), random rows, means
        of equal slices along the first principal axis, or given prototypes.
    n_init : int or "auto"
        Starts, of which the lowest J is kept; "auto" is 10 for random rows, else 1. A start without chance
        (`"pca"`, given) is made once whatever this says.
    max_iter : int
        Most iterations from one start.
    tol : float
        End when the squared shift of all prototypes is at most this share of the mean column variance.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads; None is all cores, -1 too.

    Attributes
    ----------
    prototypes_, cluster_centers_ : ndarray of shape (K, d)
    counts_ : ndarray of shape (K,)
        Weight of the rows of each prototype.
    labels_ : ndarray of shape (n,), int32
    inertia_ : float
        J, weighted.
    n_iter_ : int
        Iterations of the kept start.
    history_ : dict of str to ndarray
        One entry per step over all starts: `iteration`, `cost`, `error_per_row` (J over the weight of all rows),
        `error_per_component` (that over d), `shift` (Euclidean, of all prototypes), `changed` (share of rows with
        a new label), `n_empty`, `n_reseeded`, `restart`; `validation_error_per_row` where validation rows were given.

    References
    ----------
    Lloyd, "Least squares quantization in PCM", 1982; Arthur & Vassilvitskii, "k-means++", 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from engines import KMeans
    >>> X = np.array([[1.0, 2.0], [1.0, 4.0], [10.0, 2.0], [10.0, 4.0]])
    >>> KMeans(n_clusters=2, random_state=0).fit(X).inertia_
    4.0
    """

    FITTED: ClassVar[tuple[str, ...]] = ("prototypes_", "counts_")

    prototypes_: Floats
    counts_: NDArray[np.float64]
    labels_: Labels
    inertia_: float
    n_iter_: int

    def __init__(
        self,
        n_clusters: Annotated[int, Param("number of prototypes", low=1)] = 8,
        *,
        init: Annotated[
            Literal["k-means++", "random", "pca"] | NDArray[Any],
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

    @property
    def cluster_centers_(self) -> Floats:
        """The prototypes (K, d), by scikit-learn's name."""
        return self.prototypes_

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> Labels:
        """Train, and give the labels (n,) int32 of the rows trained on."""
        return self.fit(X, y, sample_weight).labels_

    def predict(self, X: Any) -> Labels:
        """Index (n,) int32 of the nearest prototype of each row; of equally near ones the lowest."""
        rows = self._new_rows(X)
        prototypes = self._prototypes_for(rows)
        codebook = Codebook(prototypes)
        labels = np.empty(rows.shape[0], np.int32)

        def one(block: Floats, start: int) -> None:
            codebook.label(block, labels[start : start + len(block)])

        self._each_block(rows, one)
        return labels

    def transform(self, X: Any) -> Floats:
        """Euclidean distance, not squared, of each row to each prototype: (n, K), in the rows' precision.

        `transform(X).argmin(axis=1)` is `predict(X)`, ties included.
        """
        rows = self._new_rows(X)
        prototypes = frozen(self._prototypes_for(rows))
        found = np.empty((rows.shape[0], len(prototypes)), rows.dtype)

        def one(block: Floats, start: int) -> None:
            distances(frozen(block), prototypes, found[start : start + len(block)])

        self._each_block(rows, one)
        return found

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """−J of these rows: the negative, weighted sum of their squared distances to the nearest prototype."""
        squared = self._squared_errors(X)
        weights = check_sample_weight(sample_weight, len(squared))
        return -float(np.sum(squared if weights is None else weights * squared))

    def quantization_error(self, X: Any, sample_weight: Any = None) -> float:
        """Mean over rows of the squared Euclidean distance to the nearest prototype.

        It is the mean of ‖x − quantize(x)‖², summed over the d components and not divided by d; with
        `sample_weight` (n,), the weighted mean.
        """
        squared = self._squared_errors(X)
        return float(np.average(squared, weights=check_sample_weight(sample_weight, len(squared))))

    def _nearest(self, X: Any) -> Labels:
        return self.predict(X)

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        rows, _ = self._training_rows(X)
        validate = None if validation is None else self._validation_error(validation)
        n, d = rows.shape
        weights = check_sample_weight(sample_weight, n)
        n_weighty = n if weights is None else int(np.count_nonzero(weights))
        if n_weighty < self.n_clusters:
            kind = "" if weights is None else " of positive weight"
            raise ValueError(f"n_samples={n_weighty}{kind} should be >= n_clusters={self.n_clusters}.")
        given = None if isinstance(self.init, str) else self._given_start(d, rows.dtype)
        if given is not None or self.init == "pca":
            n_starts = 1
        elif self.n_init == "auto":
            n_starts = 10 if self.init == "random" else 1
        else:
            n_starts = int(self.n_init)
        plan = Plan(
            n_clusters=self.n_clusters,
            n_starts=n_starts,
            max_iter=self.max_iter,
            tol=float(self.tol),
            n_jobs=resolve_jobs(self.n_jobs),
        )
        init = self.init

        def seed(sample: Sample, rng: np.random.Generator, stop: StopToken) -> Floats:
            if given is not None:
                return given
            if init == "random":
                return random_rows(sample.rows, sample.weights, plan.n_clusters, rng, stop=stop)
            if init == "pca":
                return principal_slices(
                    sample.rows, sample.weights, plan.n_clusters, sample.mean, n_jobs=sample.n_jobs, stop=stop
                )
            return kmeans_plus_plus(sample.rows, sample.weights, plan.n_clusters, rng, n_jobs=sample.n_jobs, stop=stop)

        return Lloyd(rows, weights, plan, seed, generator(self.random_state), validate)

    def _given_start(self, d: int, dtype: np.dtype[Any]) -> Floats:
        start: Floats = check_array(self.init, dtype=dtype, order="C", copy=True, input_name="init")
        if start.shape != (self.n_clusters, d):
            raise ValueError(
                f"init has shape {start.shape}, expected ({self.n_clusters}, {d}): one row for each prototype."
            )
        return start

    def _squared_errors(self, X: Any) -> NDArray[np.float64]:
        """Squared distance (n,) of each row to its nearest prototype, float64."""
        return squared_errors(self._new_rows(X), self.prototypes_, n_jobs=resolve_jobs(self.n_jobs))

    def _validation_error(self, validation: tuple[Any, Any]) -> Callable[[Floats, StopToken], float]:
        """What tells, of prototypes, their mean squared error on the validation rows."""
        X = validation[0]
        held_out = X if is_row_source(X) else ArrayRows(validate_data(self, X, dtype=FLOATS, order="C", reset=False))
        if held_out.shape[0] < 1 or held_out.shape[1] != self.n_features_in_:
            raise ValueError(
                f"The validation rows have shape {held_out.shape}; at least one row of "
                f"{self.n_features_in_} features is needed."
            )
        n_jobs = resolve_jobs(self.n_jobs)

        def error(prototypes: Floats, stop: StopToken) -> float:
            return float(np.mean(squared_errors(held_out, prototypes, n_jobs=n_jobs, stop=stop)))

        return error

    def _each_block(self, rows: RowSource, one: Any) -> None:
        n, d = rows.shape
        bounds = block_bounds(n, d, rows.dtype.itemsize, len(self.prototypes_))
        for _ in map_blocks(rows, one, bounds, n_jobs=resolve_jobs(self.n_jobs)):
            pass

    def _prototypes_for(self, rows: RowSource) -> Floats:
        """The prototypes in the rows' precision."""
        return np.ascontiguousarray(self.prototypes_, rows.dtype)
