"""Generalized LVQ: the estimator; the cost is in `relative_cost`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.lvq.gradient import RelativeClassifier
from engines.lvq.learned import NoMetric
from engines.lvq.parameters import DescentParameters, StartParameters, TransferParameters
from engines.lvq.problem import Problem


@dataclass(eq=False, repr=False)
class RelativeParameters(DescentParameters, TransferParameters, StartParameters):
    """All of `GLVQ`."""


class GLVQ(RelativeParameters, RelativeClassifier):
    """Labelled prototypes w that minimise a relative distance, in the Euclidean metric.

    Minimises E = Σ sᵢ φ(μᵢ + margin) / Σ sᵢ, where μ = (d⁺ - d⁻)/(d⁺ + d⁻), d⁺ and d⁻ are the squared distances to the
    nearest prototype of the row's class and of any other, and sᵢ is the row's sample weight times its class weight.
    The sum is divided by the weights' total, so that learning rates do not depend on the number of rows. Rows may lack
    values (NaN): they are compared on what is known, see `engines.lvq.metric.Metric`.

    Parameters
    ----------
    prototypes_per_class, init, pinned
        See `engines.lvq.parameters.StartParameters`.
    transfer, beta, margin
        φ, its β, and what is added to μ; see `TransferParameters`.
    solver, max_iter, tol, patience, and so on
        See `DescentParameters`.

    Attributes
    ----------
    prototypes_ : ndarray of shape (M, d)
    prototype_labels_ : ndarray of shape (M,)
        Class values.
    classes_ : ndarray of shape (C,)
    n_iter_ : int
    history_ : dict of str to ndarray
        `iteration`, `cost`, `accuracy` (share of training rows classified right), with validation rows
        `validation_cost` and `validation_accuracy`, `gradient_norm` (with mini-batches the mean over the epoch's
        updates), and but for L-BFGS `learning_rate`.

    References
    ----------
    Sato & Yamada, "Generalized learning vector quantization", 1995.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import GLVQ
    >>> X, y = load_iris(return_X_y=True)
    >>> GLVQ(random_state=0).fit(X, y).prototypes_.shape
    (3, 4)
    """

    def _problem(self, counts: NDArray[np.int64], n_features: int, dtype: np.dtype[Any]) -> Problem:
        return self._relative_problem(counts, NoMetric(n_features), dtype)
