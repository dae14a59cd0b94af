"""Robust soft LVQ: the estimator; the cost is in `likelihood_cost`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.lvq.learned import NoMetric
from engines.lvq.likelihood import LikelihoodClassifier, WidthParameters
from engines.lvq.parameters import DescentParameters, StartParameters
from engines.lvq.problem import Problem


@dataclass(eq=False, repr=False)
class SoftParameters(DescentParameters, WidthParameters, StartParameters):
    """All of `RSLVQ`."""


class RSLVQ(SoftParameters, LikelihoodClassifier):
    """Labelled prototypes w as the centres of a Gaussian mixture that tells the classes apart as likely as can be.

    Minimises E = -Σ sᵢ ln(p(xᵢ, yᵢ)/p(xᵢ)) / Σ sᵢ, where p(x) = Σⱼ exp(-‖x - wⱼ‖²/2σ²) over all prototypes, p(x, y) the
    same over those of class y, and sᵢ is the row's sample weight times its class weight. A row attracts the prototypes
    of its class and repels the others, each by its share in the mixture: all of them near a border where σ² is large,
    the two nearest where it is small. Rows are classified by the nearest prototype. All is computed from logarithms,
    so that no row is too far from the prototypes.

    Rows may lack values (NaN): their distance is that of the observed features times the number of all over that of
    the observed ones, where the density of the observed ones alone would have no such factor; it makes the posterior
    sharper and, with one prototype a class, changes no prediction.

    Parameters
    ----------
    prototypes_per_class, init, pinned
        See `engines.lvq.parameters.StartParameters`.
    variance, learn_variance
        σ²; see `engines.lvq.likelihood.WidthParameters`.
    solver, max_iter, tol, patience, and so on
        See `engines.lvq.parameters.DescentParameters`.

    Attributes
    ----------
    prototypes_ : ndarray of shape (M, d)
    prototype_labels_ : ndarray of shape (M,)
        Class values.
    classes_ : ndarray of shape (C,)
    variance_ : float
        σ².
    n_iter_ : int
    history_ : dict of str to ndarray
        As that of `GLVQ`.

    References
    ----------
    Seo & Obermayer, "Soft learning vector quantization", 2003; Schneider, Biehl & Hammer, "Hyperparameter learning in
    probabilistic prototype-based models", 2010 (`learn_variance`).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import RSLVQ
    >>> X, y = load_iris(return_X_y=True)
    >>> RSLVQ(random_state=0).fit(X, y).predict_proba(X).shape
    (150, 3)
    """

    def _problem(self, counts: NDArray[np.int64], n_features: int, dtype: np.dtype[Any]) -> Problem:
        return self._likelihood_problem(counts, NoMetric(n_features), dtype)
