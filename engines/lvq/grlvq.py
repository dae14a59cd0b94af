"""Generalized relevance LVQ: the estimator; the cost is in `relative_cost`, its metric in `learned`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.gradient import RelativeClassifier
from engines.lvq.learned import Relevances
from engines.lvq.metric import Diagonal, Metric
from engines.lvq.parameters import DescentParameters, MetricParameters, StartParameters, TransferParameters
from engines.lvq.problem import Problem
from engines.parameters import Param


@dataclass(eq=False, repr=False, kw_only=True)
class DiagonalParameters:
    """A diagonal metric to be learned.

    Parameters
    ----------
    relevances_init : array of shape (d,) or None
        λ at the start, up to a factor; None is all alike. What starts at 0 stays there.
    """

    relevances_init: Annotated[
        NDArray[Any] | None,
        Param("where the relevances start: one number for each feature; none is all alike", advanced=True),
    ] = None


@dataclass(eq=False, repr=False)
class RelevanceParameters(DescentParameters, MetricParameters, DiagonalParameters, TransferParameters, StartParameters):
    """All of `GRLVQ`."""


class GRLVQ(RelevanceParameters, RelativeClassifier):
    """Labelled prototypes w and a relevance λ of each feature, learned together.

    Minimises the cost of `GLVQ` with d(x, w) = Σ λₖ(xₖ - wₖ)², λ ≥ 0, Σλ = 1. Both constraints are part of the cost,
    λ = a²/‖a‖², where the source clips and renormalises after each step: L-BFGS needs a cost without corners, and this
    makes of it `GMLVQ` with a diagonal Ω. Rows may lack values (NaN), see `engines.lvq.metric.Metric`.

    Parameters
    ----------
    prototypes_per_class, init, pinned
        See `engines.lvq.parameters.StartParameters`.
    transfer, beta, margin
        φ, its β, and what is added to μ; see `TransferParameters`.
    relevances_init
        See `DiagonalParameters`.
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
    relevances_ : ndarray of shape (d,)
        λ: not negative, of sum 1.
    relevance_matrix_ : ndarray of shape (d, d), float64
        Λ, with λ as its diagonal.
    n_iter_ : int
    history_ : dict of str to ndarray
        As that of `GLVQ`.

    References
    ----------
    Hammer & Villmann, "Generalized relevance learning vector quantization", 2002.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import GRLVQ
    >>> X, y = load_iris(return_X_y=True)
    >>> GRLVQ(random_state=0).fit(X, y).relevances_.shape
    (4,)
    """

    FITTED: ClassVar[tuple[str, ...]] = (*PrototypeClassifier.FITTED, "relevances_")

    relevances_: NDArray[Any]

    @property
    def relevance_matrix_(self) -> NDArray[np.float64]:
        """Λ (d, d): diagonal, of trace 1."""
        return self._metric.matrix(0)

    @property
    def _metric(self) -> Metric:
        return Diagonal(self.relevances_)

    def _problem(self, counts: NDArray[np.int64], n_features: int, dtype: np.dtype[Any]) -> Problem:
        return self._relative_problem(counts, Relevances(n_features, self.relevances_init), dtype)
