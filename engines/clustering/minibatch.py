"""Mini-batch k-means: the scikit-learn face of k-means on random batches."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClusterMixin

from engines.base import check_sample_weight, generator
from engines.blocks import resolve_jobs
from engines.clustering.batches import Batches, Plan, learned
from engines.clustering.starts import check_enough_rows, seeder
from engines.clustering.streaming import StreamingCodebook
from engines.parameters import Param, RandomState
from engines.rows import SelectedRows
from engines.survey import Sample
from engines.training import Learner, StopToken


class MiniBatchKMeans(ClusterMixin, StreamingCodebook):  # type: ignore[misc]
    """k-means on random batches: each prototype is the mean of all rows that it has learned from so far.

    The rows of a batch are assigned to the prototypes as they stand, then each prototype moves to the running mean,
    by the rate 1/n_s. Batches are drawn with replacement, row by row and evenly, from the rows of positive weight;
    a row's weight counts in the means. From a `RowSource` only the rows of a batch are read, each by itself unless
    neighbours were drawn: where a single read is dear, as from a spinning disk, `KMeans` is the better choice.

    A snapshot is given after each round of batches (of 32,768 rows together, or one pass if that is less). Its cost is
    measured on 16,384 rows (or 8 K) that are drawn once and kept, or on all if there are no more; the prototypes start
    among these too. At the end all rows are labelled, and `inertia_`, `counts_` and the last cost are those of all.

    Parameters
    ----------
    n_clusters : int
        Prototypes K.
    batch_size : int
        Rows of a batch.
    init : {"k-means++", "random", "pca"} or array of shape (K, d)
        Start among the measured rows, else as for `KMeans`.
    max_iter : int
        Most passes: as many rows are drawn as there are, so often.
    tol : float
        A round counts as idle unless it lowers the lowest cost so far by more than this share.
    patience : int
        Idle rounds in a row that end the training.
    reassignment_ratio : float
        Before each round but the first, prototypes that have learned from less than this share of the weight of the
        prototype that has learned most are placed on measured rows, drawn in proportion to their squared distance,
        and take over the least weight of the others; 0 leaves them where they are.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads; None is all cores, -1 too.

    Attributes
    ----------
    prototypes_, cluster_centers_ : ndarray of shape (K, d)
    counts_ : ndarray of shape (K,)
        Weight of the rows of each prototype; before the end, estimated as the cost is.
    wins_ : ndarray of shape (K,)
        Weight of all rows each prototype has learned from.
    labels_ : ndarray of shape (n,), int32
        After a training that came to its own end, or wherever all rows are measured.
    inertia_ : float
        J, the weighted sum of squared distances; before the end, estimated.
    n_iter_, n_steps_ : int
        Rounds and batches.
    history_ : dict of str to ndarray
        One entry per round: `iteration`, `cost`, `error_per_row`, `error_per_component`, `shift` (Euclidean, of all
        prototypes), `n_empty`, `n_reassigned`, `passes` (rows drawn over rows there are);
        `validation_error_per_row` where validation rows were given.

    References
    ----------
    Sculley, "Web-scale k-means clustering", 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from engines import MiniBatchKMeans
    >>> X = np.array([[1.0, 2.0], [1.0, 4.0], [10.0, 2.0], [10.0, 4.0]])
    >>> MiniBatchKMeans(n_clusters=2, random_state=0).fit(X).labels_.tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    True
    """

    COUNT: ClassVar[str] = "n_clusters"

    n_steps_: int

    def __init__(
        self,
        n_clusters: Annotated[int, Param("number of prototypes", low=1)] = 8,
        *,
        batch_size: Annotated[int, Param("rows of a batch", low=1)] = 1024,
        init: Annotated[
            Literal["k-means++", "random", "pca"] | NDArray[Any],
            Param("where the prototypes start: a method, or an array (n_clusters, d)"),
        ] = "k-means++",
        max_iter: Annotated[int, Param("most passes over as many rows as there are", low=1)] = 100,
        tol: Annotated[float, Param("share by which a round must lower the cost", low=0, high=1)] = 1e-3,
        patience: Annotated[int, Param("rounds without that which end the training", low=1)] = 3,
        reassignment_ratio: Annotated[
            float, Param("share of the busiest prototype's rows below which one is placed anew", low=0, high=1)
        ] = 0.01,
        random_state: Annotated[RandomState, Param("seed of all random draws", low=0, advanced=True)] = None,
        n_jobs: Annotated[int | None, Param("threads; none is all cores", advanced=True)] = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.batch_size = batch_size
        self.init = init
        self.max_iter = max_iter
        self.tol = tol
        self.patience = patience
        self.reassignment_ratio = reassignment_ratio
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
            batch_size=self.batch_size,
            max_iter=self.max_iter,
            tol=float(self.tol),
            patience=self.patience,
            reassignment_ratio=float(self.reassignment_ratio),
            n_jobs=resolve_jobs(self.n_jobs),
        )
        return Batches(rows, weights, plan, seed, generator(self.random_state), validate)

    def _learned(
        self, sample: Sample, prototypes: NDArray[Any], wins: NDArray[np.float64], epochs: int, stop: StopToken
    ) -> tuple[NDArray[Any], NDArray[np.float64]]:
        n = sample.rows.shape[0]
        for start in range(0, n, self.batch_size):
            here = np.arange(start, min(start + self.batch_size, n))
            weights = None if sample.weights is None else sample.weights[here]
            batch = SelectedRows(sample.rows, here)
            prototypes, wins = learned(batch, weights, prototypes, wins, sample.n_jobs, stop)
        return prototypes, wins
