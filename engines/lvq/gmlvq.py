"""Generalized matrix LVQ: the estimator; cost and gradient are in `matrix_cost`, the descent in `learner`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks, resolve_jobs
from engines.lvq import declarations as d
from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.gradient import GradientClassifier
from engines.lvq.matrix_cost import MatrixProblem, MatrixSettings
from engines.lvq.metric import Full, Metric, relevance_matrix
from engines.lvq.parameters import DescentParameters, MetricParameters, StartParameters, TransferParameters
from engines.lvq.problem import Problem
from engines.parameters import Param


@dataclass(eq=False, repr=False, kw_only=True)
class OmegaParameters:
    """A metric Λ = ΩᵀΩ to be learned.

    Parameters
    ----------
    rank : int or None
        m, the rows of Ω; None is d. Λ has at most this rank.
    omega_init : {"auto", "pca", "random"} or array of shape (m, d)
        Start of Ω: "auto" is the identity at full rank, else "pca", the first m principal axes with equal weights.
    log_det : float or "auto"
        η, the weight of the term that keeps Λ from losing rank; "auto" is 0.15/m, the same for each direction.
    """

    rank: Annotated[int | None, Param("rows of Ω, the most that Λ's rank can be; none is all features", low=1)] = None
    omega_init: Annotated[
        Literal["auto", "pca", "random"] | NDArray[Any],
        Param("where Ω starts: a method, or an array (rank, features)", advanced=True),
    ] = "auto"
    log_det: Annotated[
        float | Literal["auto"],
        Param("weight η of the log-det term that keeps the metric from losing rank; auto is 0.15/rank", 0),
    ] = "auto"


@dataclass(eq=False, repr=False)
class MatrixParameters(DescentParameters, MetricParameters, OmegaParameters, TransferParameters, StartParameters):
    """All of `GMLVQ`."""


class GMLVQ(MatrixParameters, GradientClassifier):
    """Labelled prototypes w and a metric Λ = ΩᵀΩ of trace 1, learned together.

    Minimises E = Σ sᵢ φ(μᵢ + margin) / Σ sᵢ - (η/2) ln det(ΩΩᵀ), where μ = (d⁺ - d⁻)/(d⁺ + d⁻), d⁺ and d⁻ are the
    squared distances d(x, w) = (x - w)ᵀΛ(x - w) to the nearest prototype of the row's class and of any other, and
    sᵢ is the row's sample weight times its class weight. The sum is divided by the weights' total, so that learning
    rates do not depend on the number of rows. Trace 1 is part of the cost (Ω = A/‖A‖_F), not a correction after the
    step. Scale the features before: where spreads differ a hundredfold, the largest drowns the others at the start.

    Parameters
    ----------
    prototypes_per_class, init, pinned
        See `engines.lvq.parameters.StartParameters`.
    transfer, beta, margin
        φ, its β, and what is added to μ; see `TransferParameters`.
    rank, omega_init, log_det
        Ω; see `OmegaParameters`.
    metric_warmup, metric_learning_rate, frozen
        See `MetricParameters`.
    solver, max_iter, tol, patience, and so on
        See `DescentParameters`.

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

    @property
    def relevance_matrix_(self) -> NDArray[np.float64]:
        """Λ = ΩᵀΩ (d, d): symmetric, positive semi-definite, of trace 1."""
        return relevance_matrix(self.omega_)

    @property
    def relevances_(self) -> NDArray[np.float64]:
        """Diagonal (d,) of Λ, not negative, of sum 1."""
        return np.diagonal(self.relevance_matrix_).copy()

    @property
    def _metric(self) -> Metric:
        return Full(self.omega_)

    def project(self, X: Any) -> NDArray[Any]:
        """Ωx of each row: (n, m), the space in which the distance is the Euclidean one."""
        rows = self._new_rows(X)
        omega = np.ascontiguousarray(self.omega_, dtype=rows.dtype)
        found = np.empty((rows.shape[0], len(omega)), dtype=rows.dtype)

        def work(block: NDArray[Any], start: int) -> None:
            found[start : start + len(block)] = block @ omega.T

        bounds = block_bounds(*rows.shape, rows.dtype.itemsize, len(omega))
        for _ in map_blocks(rows, work, bounds, n_jobs=resolve_jobs(self.n_jobs)):
            pass
        return found

    def _problem(self, counts: NDArray[np.int64], n_features: int, dtype: np.dtype[Any]) -> Problem:
        rank = n_features if self.rank is None else int(self.rank)
        if rank > n_features:
            raise ValueError(f"GMLVQ: rank is {rank}, but the rows have {n_features} features: use at most as many.")
        settings = MatrixSettings(
            counts=counts,
            init=self.init,
            rank=rank,
            omega_init=self.omega_init,
            transfer=self.transfer,
            beta=d.steepness(self),
            margin=float(self.margin),
            log_det=0.15 / rank if self.log_det == "auto" else float(self.log_det),
            n_jobs=resolve_jobs(self.n_jobs),
        )
        return MatrixProblem(settings, n_features, dtype)
