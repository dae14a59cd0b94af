"""Median LVQ: the estimator; the search is in `median_search`, what a move brings in `median_board`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engines.base import generator
from engines.blocks import block_bounds, map_blocks, resolve_jobs
from engines.held import held
from engines.lvq import declarations as d
from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.dissimilarity import OF_ROWS, Dissimilarity, MetricName, dissimilarity, pairs_of
from engines.lvq.kernels import TRANSFER
from engines.lvq.labels import LabelledRows, prototype_counts
from engines.lvq.median_board import Field, Ints
from engines.lvq.median_search import Ground, MedianSearch, Plan
from engines.lvq.median_starts import check_counts, given_places, start_places
from engines.parameters import Param
from engines.rows import RowSource, SelectedRows, check_values
from engines.training import Learner, StopToken


class MedianLVQ(PrototypeClassifier):
    """Labelled prototypes that are rows of the data, for any dissimilarity, also one that is only given as a matrix.

    Minimises E = -Σ sᵢ φ(-μᵢ) / Σ sᵢ, with the identity as φ the mean of μ = (d⁺ - d⁻)/(d⁺ + d⁻), where d⁺ and d⁻ are
    the dissimilarities from the nearest prototype of the row's class and of any other, and sᵢ is the row's sample
    weight times its class weight. By generalized expectation-maximisation: with fᵢ = 1 + φ(-μᵢ), E takes
    γᵢ = sᵢfᵢ / Σ sf; M moves one prototype to that row of its class which raises Σ γᵢ ln fᵢ most, the competition for
    each row being what it then is. One iteration does so for each prototype in turn. E never rises; prototypes of one
    class are different rows, and none moves to where, at dissimilarity 0, another of its class is.

    All dissimilarities of the training rows are kept where they take no more than 1 GiB, else computed again in each
    iteration, block by block.

    Parameters
    ----------
    prototypes_per_class : int, sequence of int or "auto"
        Prototypes of each class: one number, one for each class in sorted order, or "auto" for 10√C in all, no class
        more than it has rows.
    metric : str
        d: "sqeuclidean", any other metric of `scipy.spatial.distance` that cdist takes, by its name, or "precomputed".
        It is as it is there: not squared by "euclidean"; metrics of truth values take what is not 0 as true. With
        "precomputed" X is a matrix of dissimilarities, (n, n) to learn from, with x[i, k] that of row i from row k,
        and (n_new, n) in use; it need not be symmetric.
    metric_params : dict or None
        Keyword arguments of the metric, such as p of "minkowski" or w. V of "seuclidean" and VI of "mahalanobis" are
        of the weighted training rows where they are not given.
    init : {"kmeans++", "medoids", "random"}, int array of shape (M,) or array of shape (M, d)
        Start: in each class, rows drawn by their dissimilarity from those drawn before; its medoid, then the rows that
        lower the dissimilarity from the nearest most; rows drawn by weight; the rows of these numbers, those of the
        first class first; or the rows nearest to these vectors.
    pinned : sequence of int or None
        Numbers of prototypes that stay where they start, in the order of `prototypes_`.
    transfer : {"identity", "sigmoid", "swish", "relu"}
        φ: x, 1/(1 + exp(-βx)), x/(1 + exp(-βx)), max(0, x).
    beta : float or None
        β of sigmoid and swish; None is 8.
    n_init : int or "auto"
        Starts, of which the lowest E is kept; "auto" is 10 for rows that are drawn. A start without chance (medoids,
        given rows) is made once whatever this says.
    max_iter : int
        Most sweeps from one start; it ends before when no move helps.
    class_weight : dict, "balanced" or None
        Weights by class value (or its text; 1 where left out); "balanced" gives all classes the same total.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads; None is all cores, -1 too. The result is the same, bit for bit.

    Attributes
    ----------
    prototypes_ : ndarray of shape (M, d)
        Rows of X.
    prototype_indices_ : ndarray of shape (M,), int64
        Their numbers.
    prototype_labels_ : ndarray of shape (M,)
        Class values.
    classes_ : ndarray of shape (C,)
    spread_ : ndarray
        What the metric took of the training rows: V (d,) of "seuclidean", VI (d, d) of "mahalanobis", else nothing.
    n_iter_ : int
        Sweeps of the start that was kept.
    history_ : dict of str to ndarray
        `iteration`, `cost`, `accuracy` (share of training rows classified right), `n_moved` (prototypes), `restart`,
        and with validation rows `validation_cost` and `validation_accuracy`.

    References
    ----------
    Nebel, Hammer, Frohberg & Villmann, "Median variants of learning vector quantization for learning of dissimilarity
    data", 2015; Kaufman & Rousseeuw, "Finding groups in data", 1990 (the medoids to start at).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import MedianLVQ
    >>> X, y = load_iris(return_X_y=True)
    >>> MedianLVQ(transfer="identity", random_state=0).fit(X, y).prototype_indices_
    array([  0,  71, 104])
    """

    FITTED: ClassVar[tuple[str, ...]] = (*PrototypeClassifier.FITTED, "prototype_indices_", "spread_")

    prototype_indices_: Ints
    spread_: NDArray[np.float64]
    n_iter_: int

    def __init__(
        self,
        prototypes_per_class: d.PrototypesPerClass = 1,
        *,
        metric: Annotated[
            MetricName,
            Param("dissimilarity, as SciPy names it, or precomputed: the table is a matrix of them"),
        ] = "sqeuclidean",
        metric_params: Annotated[
            dict[str, Any] | None, Param("further arguments of the metric by name, such as p or w", advanced=True)
        ] = None,
        init: Annotated[
            Literal["kmeans++", "medoids", "random"] | NDArray[Any],
            Param("where the prototypes start: a method, or the numbers of rows"),
        ] = "kmeans++",
        pinned: d.Pinned = None,
        transfer: d.Transfer = "sigmoid",
        beta: d.Beta = None,
        n_init: Annotated[
            int | Literal["auto"], Param("starts, of which the best is kept; auto: 10 if drawn, else 1", low=1)
        ] = "auto",
        max_iter: Annotated[int, Param("most sweeps over the prototypes from one start", low=1)] = 100,
        class_weight: d.ClassWeight = None,
        random_state: d.Seed = None,
        n_jobs: d.NJobs = None,
    ) -> None:
        self.prototypes_per_class = prototypes_per_class
        self.metric = metric
        self.metric_params = metric_params
        self.init = init
        self.pinned = pinned
        self.transfer = transfer
        self.beta = beta
        self.n_init = n_init
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.random_state = random_state
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = tags.input_tags.positive_only = self.metric == "precomputed"
        return tags

    def transform(self, X: Any) -> NDArray[Any]:
        """Dissimilarity of each row from each prototype, (n, M), in the rows' precision; of "sqeuclidean" its root."""
        rows = self._new_rows(X)
        found = np.empty((rows.shape[0], len(self.prototypes_)), dtype=rows.dtype)

        def one(D: NDArray[Any], here: slice) -> None:
            found[here] = D.T

        self._each_block(rows, one)
        return np.sqrt(found, out=found) if self.metric == "sqeuclidean" else found

    def _each_block(self, rows: RowSource, one: Callable[[NDArray[Any], slice], None]) -> None:
        metric = self._dissimilarity()
        points, numbers = self.prototypes_.astype(rows.dtype, copy=False), self.prototype_indices_

        def work(block: NDArray[Any], start: int) -> None:
            one(metric.between(points, numbers, block), slice(start, start + len(block)))

        bounds = block_bounds(*rows.shape, rows.dtype.itemsize, len(points))
        for _ in map_blocks(rows, work, bounds, n_jobs=resolve_jobs(self.n_jobs)):
            pass

    def _dissimilarity(self) -> Dissimilarity:
        """The fitted metric."""
        arguments = dict(self.metric_params or {})
        if self.metric in OF_ROWS:
            arguments[OF_ROWS[self.metric]] = self.spread_
        return dissimilarity(self.metric, arguments, self.prototypes_, np.ones(len(self.prototypes_)))

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        if self.beta is not None and self.transfer not in ("sigmoid", "swish"):
            raise ValueError(f"MedianLVQ: beta has no effect with transfer={self.transfer!r}: leave it out.")
        if self.metric_params is not None and self.metric == "precomputed":
            raise ValueError("MedianLVQ: metric_params has no effect with metric='precomputed': leave it out.")
        data, held_out, classes = self._labelled(X, y, sample_weight, self.class_weight, validation)
        n_rows = data.rows.source.shape[0] if isinstance(data.rows, SelectedRows) else data.rows.shape[0]
        if self.metric == "precomputed" and n_rows != data.rows.shape[1]:
            raise ValueError(
                "MedianLVQ: metric='precomputed' needs a square matrix of dissimilarities, a column for each row, "
                f"but its shape is ({n_rows}, {data.rows.shape[1]})."
            )
        counts = prototype_counts(self.prototypes_per_class, data.codes, classes)
        check_counts(counts, data.codes)
        drawn = isinstance(self.init, str) and self.init != "medoids"
        n_init = 10 if self.n_init == "auto" else int(self.n_init)
        pinned = d.pinned_of(self, int(counts.sum()))
        plan = Plan(n_init if drawn else 1, int(self.max_iter), pinned)
        return MedianSearch(
            lambda stop: self._ground(data, counts, stop),
            self._start,
            plan,
            held_out,
            classes,
            generator(self.random_state),
        )

    def _start(self, ground: Ground, rng: np.random.Generator, stop: StopToken) -> Ints:
        if isinstance(self.init, str):
            return start_places(self.init, ground.field, rng, stop)
        return given_places(np.asarray(self.init), ground)

    def _ground(self, data: LabelledRows, counts: Ints, stop: StopToken) -> Ground:
        """The rows, held and in the order of their classes, and their dissimilarities."""
        rows = held(data.rows, stop).array
        check_values(rows)
        numbers = data.rows.index if isinstance(data.rows, SelectedRows) else np.arange(len(rows))
        order = np.argsort(data.codes, kind="stable")
        metric = dissimilarity(self.metric, self.metric_params, rows, data.weights)
        beta = d.DEFAULT_BETA if self.beta is None else float(self.beta)
        field = Field(
            pairs=pairs_of(rows, order, metric, numbers[order]),
            codes=data.codes[order],
            weights=data.weights[order],
            labels=np.repeat(np.arange(len(counts)), counts),
            phi=(TRANSFER[self.transfer], beta),
            n_jobs=resolve_jobs(self.n_jobs),
        )
        return Ground(field, rows, order, numbers, metric)
