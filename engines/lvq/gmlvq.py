"""Generalized matrix LVQ: the estimator; the cost is in `relative_cost`, its metric in `learned`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.gradient import RelativeClassifier
from engines.lvq.matrix import MatrixClassifier, OmegaParameters, omegas_of
from engines.lvq.parameters import DescentParameters, MetricParameters, StartParameters, TransferParameters
from engines.lvq.problem import Problem


@dataclass(eq=False, repr=False)
class MatrixParameters(DescentParameters, MetricParameters, OmegaParameters, TransferParameters, StartParameters):
    """All of `GMLVQ`."""


class GMLVQ(MatrixParameters, MatrixClassifier, RelativeClassifier):
    """Labelled prototypes w and a metric Λ = ΩᵀΩ of trace 1, learned together.

    Minimises E = Σ sᵢ φ(μᵢ + margin) / Σ sᵢ - (η/2) ln det(ΩΩᵀ), where μ = (d⁺ - d⁻)/(d⁺ + d⁻), d⁺ and d⁻ are the
    squared distances d(x, w) = (x - w)ᵀΛ(x - w) to the nearest prototype of the row's class and of any other, and
    sᵢ is the row's sample weight times its class weight. The sum is divided by the weights' total, so that learning
    rates do not depend on the number of rows. Trace 1 is part of the cost (Ω = A/‖A‖_F), not a correction after the
    step. Rows may lack values (NaN), see `engines.lvq.metric.Metric`. Scale the features before: where spreads differ
    a hundredfold, the largest drowns the others at the start.

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

    def _problem(self, counts: NDArray[np.int64], n_features: int, dtype: np.dtype[Any]) -> Problem:
        return self._relative_problem(counts, omegas_of(self, n_features), dtype)
