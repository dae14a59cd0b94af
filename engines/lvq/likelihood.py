"""What engines of the RSLVQ kind share as estimators: the width of their mixture, and classes by their likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engines.blocks import resolve_jobs
from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.distance_cost import Start
from engines.lvq.gradient import GradientClassifier
from engines.lvq.learned import LearnedMetric
from engines.lvq.likelihood_cost import LikelihoodProblem, Width
from engines.parameters import Param


@dataclass(eq=False, repr=False, kw_only=True)
class WidthParameters:
    """The one width of all components of a mixture.

    Parameters
    ----------
    variance : float or "auto"
        σ², in squared units of the rows. "auto" is taken from the start: the mean distance d of a row to the nearest
        prototype of its class, divided by the metric's trace; for the Euclidean distance that is the width under which
        the rows are likeliest. The smaller σ², the more the rows near a border count alone. With one prototype a class
        and the Euclidean distance, the best borders are the same for every σ²: prototypes come to lie closer together
        where it is small.
    learn_variance : bool
        Whether σ² moves with the rest, down the same cost; a learned metric's warm-up is its own too.
    """

    variance: Annotated[
        float | Literal["auto"],
        Param("variance σ² of the components, in squared units of the rows; auto: from the start", 0, open_low=True),
    ] = "auto"
    learn_variance: Annotated[bool, Param("whether the variance is learned with the rest")] = False


class LikelihoodClassifier(GradientClassifier):
    """An engine of `WidthParameters` too: p(x) = Σⱼ exp(-d(x, wⱼ)/2σ²) over its prototypes; rows may lack values.

    A row's class is that of its nearest prototype, as in every LVQ and in the experiments of the sources. So that
    confidence goes along, each class is stood for by its nearest prototype there too: with one prototype a class that
    is the posterior of the mixture, with several close to it.

    Attributes
    ----------
    variance_ : float
        σ².
    """

    FITTED: ClassVar[tuple[str, ...]] = (*PrototypeClassifier.FITTED, "variance_")

    init: Any
    variance: Any
    learn_variance: bool
    variance_: float

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def adopt(self, fitted: Mapping[str, Any]) -> None:
        super().adopt(fitted)
        if "variance_" in fitted:
            self.variance_ = float(fitted["variance_"])

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Posterior (n, C) of each class, exp(-D_c/2σ²) / Σ exp(-D/2σ²), with D_c the distance to the nearest of c.

        Its largest entry is the predicted class. With one prototype a class, its mean logarithm at the rows' own
        classes is what training makes as large as can be.
        """
        return np.asarray(np.exp(self._log_posteriors(X)))

    def decision_function(self, X: Any) -> NDArray[Any]:
        """Logarithm of the posterior of each class.

        Returns
        -------
        ndarray
            (n, C); for two classes (n,), ln P(second)/P(first), so that positive means the second.
        """
        logs = self._log_posteriors(X)
        return np.asarray(logs[:, 1] - logs[:, 0] if len(self.classes_) == 2 else logs)

    def _log_posteriors(self, X: Any) -> NDArray[np.float64]:
        logs = self._class_distances(X).astype(np.float64)
        logs -= logs.min(axis=1, keepdims=True)
        logs /= -2 * self.variance_
        return np.asarray(logs - np.log(np.exp(logs).sum(axis=1, keepdims=True)))

    def _likelihood_problem(
        self, counts: NDArray[np.int64], learned: LearnedMetric, dtype: np.dtype[Any]
    ) -> LikelihoodProblem:
        return LikelihoodProblem(
            Start(counts, self.init),
            learned,
            Width(self.variance, bool(self.learn_variance)),
            learned.n_features,
            dtype,
            n_jobs=resolve_jobs(self.n_jobs),
            allow_nan=self._allows_nan,
        )
