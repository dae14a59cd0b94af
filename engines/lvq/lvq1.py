"""LVQ1 and its variant without a window: the estimator; what a row does is a rule of `rules`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from engines.lvq.online import EpochParameters, OnlineClassifier, ScheduleParameters
from engines.lvq.parameters import StartParameters
from engines.lvq.rules import Rivals, Rule, Winner
from engines.parameters import Param


@dataclass(eq=False, repr=False, kw_only=True)
class UpdateParameters:
    """Who moves.

    Parameters
    ----------
    update : {"winner", "winner-impostor"}
        The nearest prototype; or the nearest of the row's class and the nearest of any other.
    """

    update: Annotated[
        Literal["winner", "winner-impostor"],
        Param("who moves: the nearest prototype, or the nearest of the row's class and of the others"),
    ] = "winner"


@dataclass(eq=False, repr=False)
class LVQ1Parameters(EpochParameters, ScheduleParameters, UpdateParameters, StartParameters):
    """All of `LVQ1`."""


class LVQ1(LVQ1Parameters, OnlineClassifier):
    """Learning vector quantization: each row pulls its nearest prototype if they are of one class, else repels it.

    By w ← w ± α(t)(x − w). With `update="winner-impostor"` the nearest prototype of the row's class is attracted
    *and* the nearest of any other class repelled, wherever they are. That can diverge, above all where classes
    overlap: nothing holds an impostor back. Once a prototype stands thrice as far from the mean of the rows as any row
    or start does, in any feature, the training ends by itself, says so in the last snapshot's message, and keeps the
    epoch before. So do all engines of this kind.

    Parameters
    ----------
    prototypes_per_class, init, pinned
        See `engines.lvq.parameters.StartParameters`.
    update : {"winner", "winner-impostor"}
    rate, initial_rate, decay
        α(t); see `engines.lvq.online.ScheduleParameters`.
    max_iter, tol, patience, restore_best, class_weight, random_state, n_jobs
        See `engines.lvq.online.EpochParameters`.

    Attributes
    ----------
    prototypes_ : ndarray of shape (M, d)
    prototype_labels_ : ndarray of shape (M,)
        Class values.
    classes_ : ndarray of shape (C,)
    n_iter_ : int
        Epochs, and calls of `partial_fit`.
    history_ : dict of str to ndarray
        One entry per epoch: `iteration`, `cost` (mean of the relative distance μ = (d⁺ − d⁻)/(d⁺ + d⁻), by which
        engines can be compared; these rules do not descend it), `accuracy` (share of training rows classified right),
        `shift` (Euclidean, of all prototypes), `moved` (share of rows that moved a prototype), `rate`; with validation
        rows `validation_cost` and `validation_accuracy`.

    References
    ----------
    Kohonen, "Self-Organizing Maps", third edition, 2001.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import LVQ1
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(LVQ1(2, random_state=0).fit(X, y).score(X, y) > 0.95)
    True
    """

    def _rule(self) -> Rule:
        rule = Winner if self.update == "winner" else Rivals
        return rule(self._schedule)
