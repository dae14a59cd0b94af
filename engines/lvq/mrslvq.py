"""Matrix robust soft LVQ: the estimator; the cost is in `likelihood_cost`, its metric in `learned`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engines.lvq.likelihood import LikelihoodClassifier, WidthParameters
from engines.lvq.matrix import MatrixClassifier, OmegaParameters, omegas_of
from engines.lvq.parameters import DescentParameters, MetricParameters, StartParameters
from engines.lvq.problem import Problem


@dataclass(eq=False, repr=False)
class SoftMatrixParameters(DescentParameters, MetricParameters, OmegaParameters, WidthParameters, StartParameters):
    """All of `MRSLVQ`."""


class MRSLVQ(SoftMatrixParameters, MatrixClassifier, LikelihoodClassifier):
    """`RSLVQ` with a metric Λ = ΩᵀΩ of trace 1, learned down the same cost.

    Minimises E = -Σ sᵢ ln(p(xᵢ, yᵢ)/p(xᵢ)) / Σ sᵢ - (η/2) ln det(ΩΩᵀ) with p(x) = Σⱼ exp(-d(x, wⱼ)/2σ²) and
    d(x, w) = (x - w)ᵀΛ(x - w). Trace 1 is part of the cost (Ω = A/‖A‖_F). σ² is in units of that d, a mean over the
    features rather than a sum. Rows may lack values (NaN), see `engines.lvq.metric.Metric`. Scale the features before:
    where spreads differ a hundredfold, the largest drowns the others at the start.

    Parameters
    ----------
    prototypes_per_class, init, pinned
        See `engines.lvq.parameters.StartParameters`.
    variance, learn_variance
        σ²; see `engines.lvq.likelihood.WidthParameters`.
    rank, omega_init, log_det
        Ω; see `engines.lvq.matrix.OmegaParameters`.
    metric_warmup, metric_learning_rate, frozen
        See `engines.lvq.parameters.MetricParameters`; a learned σ² belongs to the metric.
    solver, max_iter, tol, patience, and so on
        See `engines.lvq.parameters.DescentParameters`.

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
    variance_ : float
        σ².
    n_iter_ : int
    history_ : dict of str to ndarray
        As that of `GLVQ`.

    References
    ----------
    Schneider, Biehl & Hammer, "Distance learning in discriminative vector quantization", 2009; Schneider et al.,
    "Regularization in matrix relevance learning", 2010 (the log-det term).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import MRSLVQ
    >>> X, y = load_iris(return_X_y=True)
    >>> MRSLVQ(random_state=0).fit(X, y).relevance_matrix_.shape
    (4, 4)
    """

    FITTED: ClassVar[tuple[str, ...]] = (*LikelihoodClassifier.FITTED, "omega_")

    def _problem(self, counts: NDArray[np.int64], n_features: int, dtype: np.dtype[Any]) -> Problem:
        if self.learn_variance and self.frozen == "metric":
            raise ValueError("MRSLVQ: learn_variance has no effect with frozen='metric': leave it out.")
        return self._likelihood_problem(counts, omegas_of(self, n_features), dtype)
