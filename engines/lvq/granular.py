"""Granular LVQ: the estimator; granules and the rule are in `granules`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from numpy.typing import NDArray

from engines.blocks import resolve_jobs
from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.granules import GranularWinner, Granulation
from engines.lvq.measured import each_block
from engines.lvq.online import EpochParameters, OnlineClassifier, ScheduleParameters
from engines.lvq.parameters import StartParameters
from engines.lvq.rules import Rule
from engines.parameters import Param
from engines.rows import RowSource


@dataclass(eq=False, repr=False, kw_only=True)
class GranuleParameters:
    """How values are granulated, and granules compared.

    Parameters
    ----------
    delta : float
        δ in standard deviations of each feature.
    distance : {"relative", "absolute"}
        |s △ t| / |s ∪ t| or |s △ t| / r.
    cooperation : float
        κ: share of the winner's rate at which its nearest neighbour moves; 0 is none.
    n_references : int
        Most rows that granules are sets of; more are drawn from.
    """

    delta: Annotated[
        float, Param("how near values are neighbours, in standard deviations of the feature", low=0, open_low=True)
    ] = 1.0
    distance: Annotated[
        Literal["relative", "absolute"], Param("whether granules differ in relation to their own size, or to all rows")
    ] = "relative"
    cooperation: Annotated[
        float,
        Param("share of the winner's rate at which its nearest neighbour moves too; 0 is none", 0, 1, False, True),
    ] = 0.0
    n_references: Annotated[int, Param("most rows that granules are made of", low=1, advanced=True)] = 1000


@dataclass(eq=False, repr=False)
class GranularParameters(EpochParameters, ScheduleParameters, GranuleParameters, StartParameters):
    """All of `GranularLVQ`."""


class GranularLVQ(GranularParameters, OnlineClassifier):
    """LVQ1 that compares neighbourhoods of values: a reconstruction, as only the abstract of its paper is public.

    From the abstract: values of features are granulated by their neighbourhood, granules form vectors, and relative
    and absolute distances between these, which are metrics, decide who is near. Chosen here: the granule of x in
    feature a is the set s of reference rows j with |x_a − x_{j,a}| ≤ δ_a; the relative distance of two granules is
    |s △ t| / |s ∪ t| (0 where both are empty), the absolute one |s △ t| / r with r the references that have the
    feature; that of vectors is the mean over features. δ_a is `delta` standard deviations. Prototypes are points of
    the input space and granulated like rows. They move as in `LVQ1`, but a row repels its winner in those features
    alone in which their granules have a reference in common: one that it shares nothing with it could push ever
    farther. So differences count where rows are dense, and scales and outliers hardly do.

    With `cooperation` κ > 0 neighbours of the winner move too (the overview's cooperative form, which leaves open who
    is one): the r-th nearest to the row among the other prototypes of the winner's class moves with it, at κ^r of its
    rate, until that is below 0.001.

    Parameters
    ----------
    prototypes_per_class, init, pinned
        See `engines.lvq.parameters.StartParameters`.
    delta, distance, cooperation, n_references
        See `GranuleParameters`.
    rate, initial_rate, decay
        α(t); see `engines.lvq.online.ScheduleParameters`.
    max_iter, tol, patience, restore_best, class_weight, random_state, n_jobs
        See `engines.lvq.online.EpochParameters`.

    Attributes
    ----------
    prototypes_, prototype_labels_, classes_, n_iter_, history_
        As of `LVQ1`, where d⁺ and d⁻ are squared granular distances.
    references_ : ndarray of shape (r, d)
        Values of the reference rows, sorted in each feature; where rows lack values, NaN comes last.
    radii_ : ndarray of shape (d,)
        δ_a.

    References
    ----------
    Jiang, Chen, Kong, Cai & Jiang, "An LVQ clustering algorithm based on neighborhood granules", Journal of
    Intelligent & Fuzzy Systems 43(5), 2022 (abstract only).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import GranularLVQ
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(GranularLVQ(2, random_state=0).fit(X, y).score(X, y) > 0.95)
    True
    """

    FITTED: ClassVar[tuple[str, ...]] = (*PrototypeClassifier.FITTED, *GranularWinner.TAKEN)

    references_: NDArray[Any]
    radii_: NDArray[Any]

    def _each_block(self, rows: RowSource, one: Callable[[NDArray[Any], slice], None]) -> None:
        granulation = Granulation(self.references_, self.radii_, self.distance == "relative")
        each_block(rows, self.prototypes_, granulation, one, n_jobs=resolve_jobs(self.n_jobs))

    def _rule(self) -> Rule:
        return GranularWinner(
            schedule=self._schedule,
            delta=float(self.delta),
            relative=self.distance == "relative",
            cooperation=float(self.cooperation),
            n_references=int(self.n_references),
        )
