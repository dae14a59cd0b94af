"""k-means: the scikit-learn face of Lloyd's algorithm."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from numpy.typing import NDArray
from sklearn.base import ClusterMixin

from engines.base import check_sample_weight, generator
from engines.blocks import resolve_jobs
from engines.clustering.bisecting import Bisecting
from engines.clustering.lloyd import Lloyd, Plan
from engines.clustering.starts import check_enough_rows, n_starts_of, seeder
from engines.euclidean import EuclideanCodebook
from engines.parameters import Param, RandomState
from engines.training import Learner


class KMeans(ClusterMixin, EuclideanCodebook):  # type: ignore[misc]
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
    algorithm : {"auto", "lloyd", "bounds", "bisecting"}
        "lloyd" takes every distance in each iteration. "bounds" remembers how near and how far prototypes were and
        takes only the distances that may change a label (Hamerly 2010; Ding et al. 2015): the same labels, prototypes
        and cost, bit for bit, in less time and for 1 + K/16 numbers of memory a row. "auto" does so where that is at
        most 256 MB. "bisecting" begins at the mean and splits the cell of greatest cost in two, by all of the above
        inside it, until there are K (Steinbach, Karypis & Kumar 2000): less work for many prototypes, at a somewhat
        higher J; each split is one step, and equal rows are not split, so there may be fewer than K in the end.
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
        Bisecting has `n_prototypes` and `inner_iterations` in place of `shift`, `n_reseeded` and `restart`.

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
        algorithm: Annotated[
            Literal["auto", "lloyd", "bounds", "bisecting"],
            Param(
                "lloyd: every distance; bounds: only those in question, same result; bisecting: split by split",
                advanced=True,
            ),
        ] = "auto",
        random_state: Annotated[RandomState, Param("seed of all random draws", low=0, advanced=True)] = None,
        n_jobs: Annotated[int | None, Param("threads; none is all cores", advanced=True)] = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.algorithm = algorithm
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        rows, _ = self._training_rows(X)
        validate = None if validation is None else self._validation_error(validation)
        n, d = rows.shape
        weights = check_sample_weight(sample_weight, n)
        check_enough_rows(n, weights, self.n_clusters, "n_clusters")
        seed = seeder(self.init, self.n_clusters, d, rows.dtype)
        plan = Plan(
            n_clusters=self.n_clusters,
            n_starts=n_starts_of(self.init, self.n_init),
            max_iter=self.max_iter,
            tol=float(self.tol),
            n_jobs=resolve_jobs(self.n_jobs),
            bounded={"lloyd": False, "bounds": True}.get(self.algorithm),
        )
        rng = generator(self.random_state)
        if self.algorithm != "bisecting":
            return Lloyd(rows, weights, plan, seed, rng, validate)
        if not isinstance(self.init, str):
            raise ValueError(
                "KMeans: algorithm='bisecting' starts at the mean of all rows: init must name how each split starts."
            )
        return Bisecting(rows, weights, plan, self.init, rng, validate)
