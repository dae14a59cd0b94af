"""Localized generalized matrix LVQ: the estimator; the cost is in `relative_cost`, its metrics in `learned`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.gradient import RelativeClassifier
from engines.lvq.labels import codes_of
from engines.lvq.matrix import OmegaParameters, omegas_of
from engines.lvq.metric import Local, Metric, relevance_matrix
from engines.lvq.parameters import DescentParameters, MetricParameters, StartParameters, TransferParameters
from engines.lvq.problem import Problem
from engines.parameters import Param


@dataclass(eq=False, repr=False, kw_only=True)
class LocalParameters(OmegaParameters):
    """Several Ω to be learned; a given `omega_init` is (k, m, d).

    Parameters
    ----------
    localization : {"class", "prototype"}
        Whether the prototypes of a class share an Ω, or each has its own.
    """

    localization: Annotated[
        Literal["class", "prototype"], Param("what has a metric of its own: each class, or each prototype")
    ] = "class"


@dataclass(eq=False, repr=False)
class LocalMatrixParameters(DescentParameters, MetricParameters, LocalParameters, TransferParameters, StartParameters):
    """All of `LGMLVQ`."""


class LGMLVQ(LocalMatrixParameters, RelativeClassifier):
    """Labelled prototypes w, and a metric Λₖ = ΩₖᵀΩₖ of trace 1 for each class or each prototype, learned together.

    Minimises the cost of `GMLVQ` with d(x, w) = (x - w)ᵀΛₖ(x - w), where k is the class of w or its own number, and the
    mean of the Ωₖ's log-det terms. Rows may lack values (NaN), see `engines.lvq.metric.Metric`.

    Parameters
    ----------
    prototypes_per_class, init, pinned
        See `engines.lvq.parameters.StartParameters`.
    transfer, beta, margin
        φ, its β, and what is added to μ; see `TransferParameters`.
    rank, omega_init, log_det
        Ω; see `engines.lvq.matrix.OmegaParameters`. An array is (k, m, d).
    localization
        See `LocalParameters`.
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
    omegas_ : ndarray of shape (k, m, d)
        Ωₖ, each with ‖Ω‖_F = 1, in the order of the classes or of the prototypes.
    relevance_matrices_ : ndarray of shape (k, d, d), float64
        Λₖ: symmetric, positive semi-definite, trace 1.
    n_iter_ : int
    history_ : dict of str to ndarray
        As that of `GMLVQ`.

    References
    ----------
    Schneider, Biehl & Hammer, "Adaptive relevance matrices in learning vector quantization", 2009, section 3.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import LGMLVQ
    >>> X, y = load_iris(return_X_y=True)
    >>> LGMLVQ(random_state=0).fit(X, y).relevance_matrices_.shape
    (3, 4, 4)
    """

    FITTED: ClassVar[tuple[str, ...]] = (*PrototypeClassifier.FITTED, "omegas_")

    omegas_: NDArray[Any]

    @property
    def relevance_matrices_(self) -> NDArray[np.float64]:
        """Λₖ = ΩₖᵀΩₖ (k, d, d)."""
        return np.stack([relevance_matrix(omega) for omega in self.omegas_])

    @property
    def _metric(self) -> Metric:
        codes = codes_of(self.prototype_labels_, self.classes_)
        return Local(self.omegas_, _matrices_of(codes, self.localization))

    def _problem(self, counts: NDArray[np.int64], n_features: int, dtype: np.dtype[Any]) -> Problem:
        codes = np.repeat(np.arange(len(counts)), counts)
        learned = omegas_of(self, n_features, _matrices_of(codes, self.localization))
        return self._relative_problem(counts, learned, dtype)


def _matrices_of(codes: NDArray[np.int64], localization: str) -> NDArray[np.intp]:
    """Which Ω each prototype (M,) has, by its class."""
    return np.asarray(codes if localization == "class" else np.arange(len(codes)), np.intp)
