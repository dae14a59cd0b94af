"""LVQ2.1: the estimator; what a row does is a rule of `rules`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from engines.lvq.online import EpochParameters, OnlineClassifier, ScheduleParameters
from engines.lvq.parameters import StartParameters
from engines.lvq.rules import Pair, Rule
from engines.parameters import Param


@dataclass(eq=False, repr=False, kw_only=True)
class WindowParameters:
    """Which rows lie near a border.

    Parameters
    ----------
    window : float
        w of min(d₁/d₂, d₂/d₁) > (1 − w)/(1 + w), with the distances, not squared, to the two nearest prototypes.
        Kohonen recommends 0.2 to 0.3.
    """

    window: Annotated[
        float, Param("relative width of the window around the border between two prototypes", 0, 1, True, True)
    ] = 0.25


@dataclass(eq=False, repr=False)
class LVQ21Parameters(EpochParameters, ScheduleParameters, WindowParameters, StartParameters):
    """All of `LVQ21`."""


class LVQ21(LVQ21Parameters, OnlineClassifier):
    """LVQ2.1: a row near the border between two prototypes moves both, so that the border moves.

    Only if the two prototypes nearest to the row are of different classes, one of them the row's, and the row lies in
    the window between them, min(d₁/d₂, d₂/d₁) > (1 − w)/(1 + w). Then the right one moves by +α(t)(x − w) and the
    wrong one by −α(t)(x − w). It is made for few epochs at a low rate after another engine (`init` takes its
    prototypes): where classes overlap, prototypes drift away from the border, to where no row is near. Should they
    leave the data, the training ends by itself, says so in the last snapshot's message, and keeps the epoch before.

    Parameters
    ----------
    prototypes_per_class, init, pinned
        See `engines.lvq.parameters.StartParameters`.
    window : float
        w; Kohonen recommends 0.2 to 0.3.
    rate, initial_rate, decay
        α(t); see `engines.lvq.online.ScheduleParameters`.
    max_iter, tol, patience, restore_best, class_weight, random_state, n_jobs
        See `engines.lvq.online.EpochParameters`.

    Attributes
    ----------
    prototypes_, prototype_labels_, classes_, n_iter_, history_
        As of `LVQ1`; `moved` is the share of rows in a window.

    References
    ----------
    Kohonen, "Self-Organizing Maps", third edition, 2001; Kohonen et al., "LVQ_PAK: the learning vector
    quantization program package", 1996.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import LVQ21
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(LVQ21(2, random_state=0).fit(X, y).score(X, y) > 0.95)
    True
    """

    def _rule(self) -> Rule:
        return Pair(self._schedule, float(self.window))
