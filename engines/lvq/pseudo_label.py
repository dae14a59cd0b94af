"""Pseudo-label GLVQ: the estimator; the rounds are in `pseudo_rounds`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClusterMixin

from engines.base import check_sample_weight, generator
from engines.blocks import resolve_jobs
from engines.clustering.starts import check_enough_rows, n_starts_of, seeder
from engines.distortion import squared_to_labelled
from engines.lvq import declarations as d
from engines.lvq.matrix import MatrixCodebook, OmegaParameters, omegas_of
from engines.lvq.parameters import TransferParameters
from engines.lvq.pseudo_clusters import Clustering
from engines.lvq.pseudo_rounds import Plan, PseudoRounds
from engines.parameters import Param
from engines.training import Learner


@dataclass(eq=False, repr=False)
class ClusterParameters:
    """How many clusters, and where the first ones come from."""

    n_clusters: Annotated[int, Param("number of clusters, each with a prototype", low=1)] = 8
    _: KW_ONLY
    init: Annotated[
        Literal["k-means++", "random", "pca"] | NDArray[Any],
        Param("where the first clustering starts: a method, or an array (n_clusters, d)"),
    ] = "k-means++"
    n_init: Annotated[int, Param("starts of the first clustering, of which the best is kept", low=1)] = 10


@dataclass(eq=False, repr=False, kw_only=True)
class RoundParameters:
    """How long to go on."""

    max_rounds: Annotated[int, Param("most rounds of clustering and learning", low=1)] = 20
    agreement: Annotated[float, Param("adjusted Rand index of the clusters of two rounds at which to end", 0, 1)] = (
        0.999
    )
    max_iter: Annotated[int, Param("most updates of the metric in a round", low=1)] = 100
    tol: d.Tol = 1e-4
    patience: d.Patience = 5
    random_state: d.Seed = None
    n_jobs: d.NJobs = None


@dataclass(eq=False, repr=False, kw_only=True)
class PseudoLabelParameters(RoundParameters, OmegaParameters, TransferParameters, ClusterParameters):
    """All of `PseudoLabelGLVQ`; by the sigmoid, the metric would fit every border that k-means happened to draw."""

    transfer: d.Transfer = "identity"


class PseudoLabelGLVQ(PseudoLabelParameters, ClusterMixin, MatrixCodebook):  # type: ignore[misc]
    """Clusters, and the metric Λ = ΩᵀΩ of trace 1 that tells them apart, without labels.

    A round is: k-means of Ωx; GMLVQ with the clusters as classes, by L-BFGS, from the Ω and the prototypes that it had;
    k-means again from the cluster means. It ends when the clusters of two rounds agree. The cost is that of `GMLVQ`
    for the clusters of the round, so it falls within rounds and may jump between them. Trace 1 and the log-det term
    keep Λ from collapsing to the one direction that tells the clusters apart best, whatever they are.

    The metric confirms the clusters that it was learned from: features in which these differ gain weight. So the first
    clusters matter. It is learned of features divided by their standard deviations, and starts there, so that none
    counts for its units alone; Λ and Ω are told for the rows as they are.

    Parameters
    ----------
    n_clusters : int
        K.
    init : {"k-means++", "random", "pca"} or array of shape (K, d)
        Start of the first k-means, in the space of Ωx; given prototypes are in that of the rows.
    n_init : int
        Starts of the first k-means; one without chance is made once.
    transfer, beta, margin
        φ, its β, and what is added to μ; see `engines.lvq.parameters.TransferParameters`. Here φ is the identity unless
        told otherwise: a sigmoid would fit the borders that k-means drew, whatever they are.
    rank, omega_init, log_det
        Ω; see `engines.lvq.matrix.OmegaParameters`. A start by name is that of the scaled features.
    max_rounds : int
        Most clusterings.
    agreement : float
        Adjusted Rand index of two rounds at which to end; at 0 the second round is the last.
    max_iter, tol, patience : int, float, int
        A round ends after so many updates, or when `patience` of them together lowered the cost by less than this
        share of it.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads; None is all cores, -1 too. The result is the same, bit for bit.

    Attributes
    ----------
    prototypes_ : ndarray of shape (K, d)
        Means of the clusters of the last round.
    omega_ : ndarray of shape (m, d)
        Ω, with ‖Ω‖_F = 1.
    relevance_matrix_ : ndarray of shape (d, d), float64
        Λ: symmetric, positive semi-definite, trace 1.
    relevances_ : ndarray of shape (d,), float64
        Its diagonal.
    labels_ : ndarray of shape (n,), int32
        Nearest prototype of each row, by Λ.
    counts_ : ndarray of shape (K,)
        Weight of the rows of each.
    inertia_ : float
        Weighted sum of the squared distances d(x, w) = (x - w)ᵀΛ(x - w).
    stability_ : float
        Adjusted Rand index of the clusters of the last two rounds; NaN after one.
    n_rounds_, n_iter_ : int
        Clusterings, and steps in all.
    history_ : dict of str to ndarray
        `iteration`, `cost`, `round`, `agreement` (with the round before), `error_per_row` (mean of ‖x - w‖², Euclidean,
        for the prototype that is nearest by Λ), `error_per_component`, `n_empty`, `accuracy` (share of rows that
        GMLVQ's own prototypes give to their cluster), and `validation_error_per_row` where validation rows were given.

    References
    ----------
    Schneider, Biehl & Hammer, "Adaptive relevance matrices in learning vector quantization", 2009; the alternation is
    that of our overview of LVQ.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import PseudoLabelGLVQ
    >>> X, _ = load_iris(return_X_y=True)
    >>> model = PseudoLabelGLVQ(3, random_state=0).fit(X)
    >>> bool(model.stability_ >= 0.999)
    True
    """

    FITTED: ClassVar[tuple[str, ...]] = ("prototypes_", "omega_", "counts_")

    counts_: NDArray[np.float64]
    labels_: NDArray[np.int32]
    inertia_: float
    stability_: float
    n_rounds_: int
    n_iter_: int

    def predict(self, X: Any) -> NDArray[np.int32]:
        """Index (n,) int32 of the nearest prototype of each row by Λ; of equally near ones the lowest."""
        return self._nearest(X)

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> NDArray[np.int32]:
        """Train, and give the labels (n,) int32 of the rows trained on."""
        labels: NDArray[np.int32] = self.fit(X, y, sample_weight).labels_
        return labels

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """The negative, weighted sum of ‖x - quantize(x)‖²."""
        errors = self._squared_errors(X)
        weights = check_sample_weight(sample_weight, len(errors))
        return -float(np.sum(errors if weights is None else weights * errors))

    def quantization_error(self, X: Any, sample_weight: Any = None) -> float:
        """(Weighted) mean over rows of ‖x - quantize(x)‖²: Euclidean, so that it compares with other codebooks."""
        errors = self._squared_errors(X)
        return float(np.average(errors, weights=check_sample_weight(sample_weight, len(errors))))

    def _squared_errors(self, X: Any) -> NDArray[np.float64]:
        rows = self._new_rows(X)
        return squared_to_labelled(rows, self.prototypes_, self._nearest(X), n_jobs=resolve_jobs(self.n_jobs))

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        beta = d.steepness(self)
        rows, _ = self._training_rows(X)
        held_out = None if validation is None else self._validation_rows(validation)
        n, n_features = rows.shape
        weights = check_sample_weight(sample_weight, n)
        check_enough_rows(n, weights, self.n_clusters, "n_clusters")
        metric = omegas_of(self, n_features)
        seeder(self.init, self.n_clusters, n_features, rows.dtype)  # refuses an array that does not fit
        learning = {
            "transfer": self.transfer,
            "beta": beta if self.transfer in ("sigmoid", "swish") else None,
            "margin": float(self.margin),
            "log_det": metric.log_det,
            "max_iter": int(self.max_iter),
            "tol": float(self.tol),
            "patience": int(self.patience),
        }
        plan = Plan(
            init=self.init,
            n_starts=n_starts_of(self.init, int(self.n_init)),
            max_rounds=int(self.max_rounds),
            agreement=float(self.agreement),
            metric=metric,
            learning=learning,
        )
        n_clusters, n_jobs = int(self.n_clusters), resolve_jobs(self.n_jobs)
        return PseudoRounds(
            lambda stop: Clustering.of(rows, weights, n_clusters, n_jobs, stop),
            plan,
            generator(self.random_state),
            held_out,
        )
