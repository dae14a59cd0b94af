"""LVQ3: the estimator; what a row does is a rule of `rules`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from engines.lvq.lvq21 import WindowParameters
from engines.lvq.online import EpochParameters, OnlineClassifier, ScheduleParameters
from engines.lvq.parameters import StartParameters
from engines.lvq.rules import Pair, Rule
from engines.parameters import Param


@dataclass(eq=False, repr=False, kw_only=True)
class SoftParameters:
    """What a row does to two prototypes of its own class.

    Parameters
    ----------
    epsilon : float
        ε, the share of α by which they are attracted. Kohonen recommends 0.1 to 0.5, less for narrower windows.
    """

    epsilon: Annotated[
        float, Param("share ε of the rate at which two prototypes of the row's class are attracted", 0, 1, True)
    ] = 0.2


@dataclass(eq=False, repr=False)
class LVQ3Parameters(EpochParameters, ScheduleParameters, SoftParameters, WindowParameters, StartParameters):
    """All of `LVQ3`."""


class LVQ3(LVQ3Parameters, OnlineClassifier):
    """LVQ3: as `LVQ21`, and where both nearest prototypes are of the row's class, both move by εα(t)(x − w).

    That holds them among the rows of their class, wherever the row lies, in a window or not (as in LVQ_PAK).

    Parameters
    ----------
    prototypes_per_class, init, pinned
        See `engines.lvq.parameters.StartParameters`.
    window : float
        w; Kohonen recommends 0.2 to 0.3.
    epsilon : float
        ε; Kohonen recommends 0.1 to 0.5, less for narrower windows.
    rate, initial_rate, decay
        α(t); see `engines.lvq.online.ScheduleParameters`.
    max_iter, tol, patience, restore_best, class_weight, random_state, n_jobs
        See `engines.lvq.online.EpochParameters`.

    Attributes
    ----------
    prototypes_, prototype_labels_, classes_, n_iter_, history_
        As of `LVQ1`.

    References
    ----------
    Kohonen, "Self-Organizing Maps", third edition, 2001; Kohonen et al., "LVQ_PAK: the learning vector
    quantization program package", 1996.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import LVQ3
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(LVQ3(2, random_state=0).fit(X, y).score(X, y) > 0.95)
    True
    """

    def _rule(self) -> Rule:
        return Pair(self._schedule, float(self.window), float(self.epsilon))
