"""Generalized matrix LVQ: the estimator; cost and gradient are in `matrix_cost`, the descent in `learner`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engines.base import generator
from engines.blocks import resolve_jobs
from engines.lvq import declarations as d
from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.labels import prototype_counts
from engines.lvq.learner import GradientLearner
from engines.lvq.matrix_cost import MatrixProblem, MatrixSettings
from engines.lvq.metric import relevance_matrix
from engines.parameters import Param
from engines.training import Learner


class GMLVQ(PrototypeClassifier):
    """Labelled prototypes w and a metric Λ = ΩᵀΩ of trace 1, learned together.

    Minimises E = Σ sᵢ φ(μᵢ + margin) / Σ sᵢ - (η/2) ln det(ΩΩᵀ), where μ = (d⁺ - d⁻)/(d⁺ + d⁻), d⁺ and d⁻ are the
    squared distances d(x, w) = (x - w)ᵀΛ(x - w) to the nearest prototype of the row's class and of any other, and
    sᵢ is the row's sample weight times its class weight. The sum is divided by the weights' total, so that learning
    rates do not depend on the number of rows. Trace 1 is part of the cost (Ω = A/‖A‖_F), not a correction after the
    step. Scale the features before: where spreads differ a hundredfold, the largest drowns the others at the start.

    Parameters
    ----------
    prototypes_per_class : int, sequence of int or "auto"
        Prototypes of each class: one number, one for each class in sorted order, or "auto" for 10√C in all, no class
        more than it has rows.
    init : {"kmeans", "mean", "kmeans++", "random"} or array of shape (M, d)
        Start of the prototypes: means of a k-means within each class (with one prototype, the class mean), class means
        with a little noise, rows drawn by k-means++ or evenly, or given ones, those of the first class first.
    rank : int or None
        m, the rows of Ω; None is d. Λ has at most this rank.
    omega_init : {"auto", "pca", "random"} or array of shape (m, d)
        Start of Ω: "auto" is the identity at full rank, else "pca", the first m principal axes with equal weights.
    transfer : {"identity", "sigmoid", "swish", "relu"}
        φ: x, 1/(1 + exp(-βx)), x/(1 + exp(-βx)), max(0, x).
    beta : float or None
        β of sigmoid and swish; None is 8, so that rows near a border count most.
    margin : float
        Added to μ before φ.
    log_det : float or "auto"
        η, the weight of the term that keeps Λ from losing rank; "auto" is 0.15/m, the same for each direction.
    metric_warmup : int or "auto"
        Iterations before Ω moves; "auto" until one lowers the cost by less than 1 %.
    frozen : {"prototypes", "metric"} or None
        Part that stays bit for bit at its start.
    solver : {"lbfgs", "adam", "sgd"}
        L-BFGS with a strong Wolfe line search on all rows; Adam; SGD. Prototypes move in units of the data's spread.
    max_iter : int
        Most iterations: updates on all rows, or epochs of mini-batches.
    tol, patience : float, int
        End after `patience` iterations that together lowered the watched cost by less than this share of it. The
        watched cost is that of the validation rows where there are any.
    restore_best : bool
        End with the arrays of the lowest watched cost.
    validation_fraction : float
        Share of the rows of each class drawn for validation, when `train` is given none.
    batch_size : int or None
        Rows of a batch ("adam", "sgd"); None is all rows.
    learning_rate, metric_learning_rate : float or None
        α₀ of "adam" and "sgd"; None is 0.05, and that of the prototypes.
    momentum : float
        Of "sgd".
    schedule, decay, schedule_steps
        How rates fall over the iterations; see `engines.optimize.Plan`.
    average : float
        Decay, at each update, of the exponential moving average of W and Ω that becomes the model; 0 for none.
    class_weight : dict, "balanced" or None
        Weights by class value (or its text; 1 where left out); "balanced" gives all classes the same total.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads; None is all cores, -1 too. The result is the same, bit for bit.

    Attributes
    ----------
    prototypes_ : ndarray of shape (M, d)
    prototype_labels_ : ndarray of shape (M,)
        Class values.
    classes_ : ndarray of shape (C,)
    omega_ : ndarray of shape (m, d)
        Ω, with ‖Ω‖_F = 1.
    relevance_matrix_ : ndarray of shape (d, d), float64
        Λ: symmetric, positive semi-definite, trace 1.
    relevances_ : ndarray of shape (d,), float64
        Its diagonal: the share of each feature.
    n_iter_ : int
    history_ : dict of str to ndarray
        `iteration`, `cost`, `accuracy` (share of training rows classified right), with validation rows
        `validation_cost` and `validation_accuracy`, `gradient_norm` (with mini-batches the mean over the epoch's
        batches), and but for L-BFGS `learning_rate`.

    References
    ----------
    Schneider, Biehl & Hammer, "Adaptive relevance matrices in learning vector quantization", 2009; Schneider et al.,
    "Regularization in matrix relevance learning", 2010 (the log-det term); Sato & Yamada, "Generalized learning vector
    quantization", 1995 (μ).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import GMLVQ
    >>> X, y = load_iris(return_X_y=True)
    >>> model = GMLVQ(random_state=0).fit(X, y)
    >>> model.relevance_matrix_.shape
    (4, 4)
    """

    FITTED: ClassVar[tuple[str, ...]] = (*PrototypeClassifier.FITTED, "omega_")

    omega_: NDArray[Any]
    n_iter_: int

    def __init__(
        self,
        prototypes_per_class: d.PrototypesPerClass = 1,
        *,
        init: d.Init = "kmeans",
        rank: Annotated[
            int | None, Param("rows of Ω, the most that Λ's rank can be; none is all features", low=1)
        ] = None,
        omega_init: Annotated[
            Literal["auto", "pca", "random"] | NDArray[Any],
            Param("where Ω starts: a method, or an array (rank, features)", advanced=True),
        ] = "auto",
        transfer: d.Transfer = "sigmoid",
        beta: d.Beta = None,
        margin: d.Margin = 0.0,
        log_det: Annotated[
            float | Literal["auto"],
            Param("weight η of the log-det term that keeps the metric from losing rank; auto is 0.15/rank", 0),
        ] = "auto",
        metric_warmup: Annotated[
            int | Literal["auto"], Param("iterations before the metric moves; auto: until prototypes have settled", 0)
        ] = "auto",
        frozen: d.Frozen = None,
        solver: d.SolverName = "lbfgs",
        max_iter: d.MaxIter = 100,
        tol: d.Tol = 1e-5,
        patience: d.Patience = 10,
        restore_best: d.RestoreBest = True,
        validation_fraction: d.ValidationFraction = 0.0,
        batch_size: d.BatchSize = None,
        learning_rate: d.LearningRate = None,
        metric_learning_rate: d.MetricRate = None,
        momentum: d.Momentum = 0.0,
        schedule: d.ScheduleName = "constant",
        decay: d.Decay = None,
        schedule_steps: d.ScheduleSteps = None,
        average: d.Average = 0.0,
        class_weight: d.ClassWeight = None,
        random_state: d.Seed = None,
        n_jobs: d.NJobs = None,
    ) -> None:
        self.prototypes_per_class = prototypes_per_class
        self.init = init
        self.rank = rank
        self.omega_init = omega_init
        self.transfer = transfer
        self.beta = beta
        self.margin = margin
        self.log_det = log_det
        self.metric_warmup = metric_warmup
        self.frozen = frozen
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.patience = patience
        self.restore_best = restore_best
        self.validation_fraction = validation_fraction
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.metric_learning_rate = metric_learning_rate
        self.momentum = momentum
        self.schedule = schedule
        self.decay = decay
        self.schedule_steps = schedule_steps
        self.average = average
        self.class_weight = class_weight
        self.random_state = random_state
        self.n_jobs = n_jobs

    @property
    def relevance_matrix_(self) -> NDArray[np.float64]:
        """Λ = ΩᵀΩ (d, d): symmetric, positive semi-definite, of trace 1."""
        return relevance_matrix(self.omega_)

    @property
    def relevances_(self) -> NDArray[np.float64]:
        """Diagonal (d,) of Λ, not negative, of sum 1."""
        return np.diagonal(self.relevance_matrix_).copy()

    @property
    def _omega(self) -> NDArray[Any]:
        return self.omega_

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        beta = d.steepness(self)
        descent = d.descent_of(self, has_validation=validation is not None)
        data, held_out, classes = self._labelled(X, y, sample_weight, self.class_weight, validation)
        n_features = data.rows.shape[1]
        rank = n_features if self.rank is None else int(self.rank)
        if rank > n_features:
            raise ValueError(f"GMLVQ: rank is {rank}, but the rows have {n_features} features: use at most as many.")
        counts = prototype_counts(self.prototypes_per_class, data.codes, classes)
        settings = MatrixSettings(
            counts=counts,
            init=self.init,
            rank=rank,
            omega_init=self.omega_init,
            transfer=self.transfer,
            beta=beta,
            margin=float(self.margin),
            log_det=0.15 / rank if self.log_det == "auto" else float(self.log_det),
            n_jobs=resolve_jobs(self.n_jobs),
        )
        problem = MatrixProblem(settings, n_features, data.rows.dtype)
        labels = {"prototype_labels_": np.repeat(classes, counts), "classes_": classes}
        return GradientLearner(problem, descent, data, held_out, labels, generator(self.random_state))
