"""OLVQ1: the estimator; what a row does is a rule of `rules`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.online import EpochParameters, OnlineClassifier
from engines.lvq.parameters import StartParameters
from engines.lvq.rules import OwnRate, Rule
from engines.parameters import Param


@dataclass(eq=False, repr=False, kw_only=True)
class OwnRateParameters:
    """The prototypes' own rates.

    Parameters
    ----------
    initial_rate : float
        α_c at the start, of all prototypes.
    max_rate : float
        The most that one can become, at least the initial one.
    """

    initial_rate: Annotated[float, Param("learning rate at the start", low=0, high=1, open_low=True)] = 0.3
    max_rate: Annotated[float, Param("most that a prototype's rate can become", low=0, high=1, open_low=True)] = 0.3


@dataclass(eq=False, repr=False)
class OLVQ1Parameters(EpochParameters, OwnRateParameters, StartParameters):
    """All of `OLVQ1`."""


class OLVQ1(OLVQ1Parameters, OnlineClassifier):
    """Optimized-rate LVQ1: as `LVQ1`, but each prototype has a rate of its own, which falls as it is right.

    The winner's rate becomes α_c ← min(α_max, α_c/(1 + s α_c)) with s = 1 if its class is the row's and −1 if not;
    then it moves by w_c ← w_c + s α_c(x − w_c). So all rows that a prototype was right about count the same, however
    early they came. (LVQ_PAK moves before it takes the new rate.) A row of weight w makes it α_c/(1 + s w α_c), as w
    rows in turn do. The rates go on falling from epoch to epoch.

    Parameters
    ----------
    prototypes_per_class, init, pinned
        See `engines.lvq.parameters.StartParameters`.
    initial_rate, max_rate : float
        α_c at the start, and α_max, at least as high.
    max_iter, tol, patience, restore_best, class_weight, random_state, n_jobs
        See `engines.lvq.online.EpochParameters`.

    Attributes
    ----------
    prototypes_, prototype_labels_, classes_, n_iter_, history_
        As of `LVQ1`; `rate` is the mean of the rates.
    rates_ : ndarray of shape (M,), float64
        α_c.

    References
    ----------
    Kohonen, "Self-Organizing Maps", third edition, 2001; Kohonen et al., "LVQ_PAK: the learning vector
    quantization program package", 1996.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import OLVQ1
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(OLVQ1(2, random_state=0).fit(X, y).score(X, y) > 0.95)
    True
    """

    FITTED: ClassVar[tuple[str, ...]] = (*PrototypeClassifier.FITTED, "rates_")

    rates_: NDArray[np.float64]

    def _rule(self) -> Rule:
        if self.max_rate < self.initial_rate:
            raise ValueError(
                f"OLVQ1: max_rate is {self.max_rate}, but it must be at least initial_rate, {self.initial_rate}."
            )
        return OwnRate(float(self.initial_rate), float(self.max_rate))
