"""Rejecting what a classifier is not sure of: certainties, and what thresholds for all or for each class gain and cost.

What is computed here are figures of rows; nothing is trained, and what is shown of it is the views' affair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.labels import check_labels, codes_of
from engines.lvq.polytopes import common_matrix

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Measure = Literal["relative", "border", "probability", "closeness"]


def certainty(model: PrototypeClassifier, X: Any, measure: Measure = "relative") -> Floats:
    """How sure the classifier is of each row, the higher the surer; labels are not needed.

    With D⁺ and D⁻ the squared distances to the nearest prototype w⁺ of all and to the nearest w⁻ of any other class:

    Parameters
    ----------
    model : PrototypeClassifier
        Fitted.
    X : array-like of shape (n, d), or RowSource
    measure : {"relative", "border", "probability", "closeness"}
        "relative" is (D⁻ - D⁺)/(D⁻ + D⁺), from 0 to 1 (RelSim of the reference); "border" is
        (D⁻ - D⁺)/(2√d(w⁺, w⁻)), how far the metric has it to the border between w⁺ and w⁻ (Dist); "probability" is
        the largest entry of `predict_proba` (Conf); "closeness" is -√D⁺, which rejects rows that are far from all.

    Returns
    -------
    (n,) float64

    Raises
    ------
    ValueError
        For "border" where prototypes have metrics of their own: such borders are curved.

    References
    ----------
    Fischer, Hammer & Wersing, "Efficient rejection strategies for prototype-based classification", Neurocomputing 169,
    2015.
    """
    if measure == "probability":
        return np.asarray(np.max(model.predict_proba(X), axis=1), np.float64)
    if measure == "border":
        return _to_border(model, X)
    D = np.sort(np.asarray(model._class_distances(X), np.float64), axis=1)
    if measure == "closeness":
        return -np.sqrt(D[:, 0])
    if measure == "relative":
        return _ratio(D[:, 1] - D[:, 0], D[:, 1] + D[:, 0])
    raise ValueError(f"measure must be relative, border, probability or closeness, got {measure!r}.")


def hypothesis_margin(model: PrototypeClassifier, X: Any, y: Any) -> Floats:
    """½(√D⁻ - √D⁺) of rows with labels y, (n,) float64: by so much prototypes may move without a row's class changing.

    D⁺ and D⁻ are squared distances to the nearest prototype of the row's class and of any other; it is below zero
    where the row is taken for another class, and never more than the distance to the border, the sample margin.

    References
    ----------
    Crammer, Gilad-Bachrach, Navot & Tishby, "Margin analysis of the LVQ algorithm", NIPS 2002.
    """
    D = np.sqrt(np.asarray(model._class_distances(X), np.float64))
    own = np.arange(D.shape[1]) == codes_of(check_labels(y, len(D), type(model).__name__), model.classes_)[:, None]
    return np.asarray((np.where(own, np.inf, D).min(axis=1) - D[own]) / 2)


@dataclass(frozen=True, eq=False)
class RejectCurve:
    """What is left when more and more rows are rejected, point by point, from all rows on.

    Attributes
    ----------
    thresholds : (k, G) float64
        A row of group g is rejected where its certainty is below `thresholds[:, g]`; G is 1 for one threshold for all.
    n_accepted, n_right : (k,) int64
        Rows that are not rejected, and the right ones among them; neither rises along the curve.
    n_rows : int
    """

    thresholds: Floats
    n_accepted: Ints
    n_right: Ints
    n_rows: int

    @property
    def accepted(self) -> Floats:
        """(k,) share of the rows that are not rejected."""
        return np.asarray(self.n_accepted / max(1, self.n_rows))

    @property
    def accuracy(self) -> Floats:
        """(k,) share of the accepted rows that are right; NaN where none is accepted."""
        return _ratio(self.n_right, self.n_accepted, np.nan)

    def first_with(self, accuracy: float) -> int:
        """The point that loses the fewest right rows among those of at least that accuracy.

        Raises
        ------
        ValueError
            If no point that accepts any row is so accurate.
        """
        enough = np.flatnonzero((self.n_accepted > 0) & (self.n_right >= accuracy * self.n_accepted))
        if not len(enough):
            raise ValueError(f"No threshold leaves rows of which a share of {accuracy:g} is right.")
        return int(enough[0])

    def cheapest(self, error_cost: float, reject_cost: float) -> int:
        """The point of the lowest total of so much for an error and so much for a rejected row (Chow 1970).

        Raises
        ------
        ValueError
            If a cost is negative or not finite.
        """
        if not (0 <= error_cost < np.inf and 0 <= reject_cost < np.inf):
            raise ValueError(f"Costs must be finite and not negative, got {error_cost!r} and {reject_cost!r}.")
        errors, rejected = self.n_accepted - self.n_right, self.n_rows - self.n_accepted
        return int(np.argmin(error_cost * errors + reject_cost * rejected))


def reject_curve(certainties: Any, right: Any) -> RejectCurve:
    """The accuracy-reject curve of one threshold for all rows: every way in which it can part them.

    Parameters
    ----------
    certainties : array-like of shape (n,)
        The higher the surer; rows that are equally sure are rejected together.
    right : array-like of bool, shape (n,)
        Whether the row's class is the predicted one.

    Raises
    ------
    ValueError
        If there are no rows, or a certainty is NaN.

    References
    ----------
    Nadeem, Zucker & Hanczar, "Accuracy-rejection curves (ARCs) for comparing classification methods with a reject
    option", JMLR W&CP 8, 2010.
    """
    sure, good, _, _ = _checked(certainties, right, None)
    way = _ways(sure, good)
    n, n_right = len(sure), int(good.sum())
    rejected = way.n_right + way.n_wrong
    return RejectCurve(way.thresholds[:, None], n - rejected, n_right - way.n_right, n)


def group_reject_curve(certainties: Any, right: Any, groups: Any) -> RejectCurve:
    """The best that one threshold for each group can do: the most errors rejected for each number of right rows lost.

    Groups must be known of new rows too: the predicted class, or the nearest prototype. The thresholds of all groups
    are chosen together, exactly, as a multiple-choice knapsack: opt(n, g) = max over the thresholds of group g, of
    which the i-th rejects rᵢ right and eᵢ wrong rows, of opt(n - rᵢ, g - 1) + eᵢ. Only thresholds that reject more
    wrong rows than any lower one need be tried, so the work grows with errors × right rows.

    Parameters
    ----------
    certainties, right : array-like of shape (n,)
        As for `reject_curve`.
    groups : array-like of int, shape (n,)
        From 0. A group without rows has the threshold -inf, one whose rows are all rejected inf.

    Returns
    -------
    RejectCurve
        After the point that rejects nothing, the Pareto front: more right rows lost at each, and more errors rejected.

    References
    ----------
    Fischer, Hammer & Wersing, "Optimal local rejection for classifiers", Neurocomputing 214, 2016.
    """
    sure, good, group, n_groups = _checked(certainties, right, groups)
    ways = [_ways(sure[group == g], good[group == g]).steps() for g in range(n_groups)]
    best, chosen = np.zeros(1, np.int64), []
    for way in ways:
        total = np.full(len(best) + int(way.n_right[-1]), -1, np.int64)
        taken = np.zeros(len(total), np.int32)
        for i, (r, e) in enumerate(zip(way.n_right.tolist(), way.n_wrong.tolist(), strict=True)):
            here = slice(r, r + len(best))
            found = np.where(best >= 0, best + e, -1)
            better = found > total[here]
            total[here] = np.where(better, found, total[here])
            taken[here][better] = i
        best = total
        chosen.append(taken)
    lost = np.flatnonzero(best > np.append(-1, np.maximum.accumulate(best)[:-1]))
    thresholds, rest = np.empty((len(lost), n_groups)), lost.copy()
    for g in range(n_groups - 1, -1, -1):
        which = chosen[g][rest]
        thresholds[:, g] = ways[g].thresholds[which]
        rest = rest - ways[g].n_right[which]
    n, n_right = len(sure), int(good.sum())
    curve = RejectCurve(thresholds, n - lost - best[lost], n_right - lost, n)
    return curve if best[0] == 0 else _from_all(curve, n_right)


def rejected(certainties: Any, thresholds: Any, groups: Any = None) -> NDArray[np.bool_]:
    """Which rows (n,) are rejected by the thresholds (G,) of one point of a curve; `groups` (n,) where G is not 1."""
    limits = np.asarray(thresholds, np.float64)
    return np.asarray(np.asarray(certainties) < (limits[0] if groups is None else limits[np.asarray(groups)]))


@dataclass(frozen=True, eq=False)
class _Ways:
    """Every way in which one threshold can part some rows: thresholds (w,), right and wrong rows rejected, (w,)."""

    thresholds: Floats
    n_right: Ints
    n_wrong: Ints

    def steps(self) -> _Ways:
        """Those ways alone that reject more wrong rows than all before."""
        keep = np.append(True, np.diff(self.n_wrong) > 0)
        return _Ways(self.thresholds[keep], self.n_right[keep], self.n_wrong[keep])


def _ways(sure: Floats, good: NDArray[np.bool_]) -> _Ways:
    """Thresholds: -inf rejects nothing; each further one is the certainty of the first row kept, the last is inf."""
    values, place = np.unique(sure, return_inverse=True)
    right = np.bincount(place[good], minlength=len(values))
    wrong = np.bincount(place[~good], minlength=len(values))
    if not len(values):
        return _Ways(np.array([-np.inf]), np.zeros(1, np.int64), np.zeros(1, np.int64))
    thresholds = np.concatenate([[-np.inf], values[1:], [np.inf]])
    return _Ways(thresholds, np.append(0, np.cumsum(right)), np.append(0, np.cumsum(wrong)))


def _from_all(curve: RejectCurve, n_right: int) -> RejectCurve:
    """The curve with the point in front that rejects nothing."""
    nothing = np.full((1, curve.thresholds.shape[1]), -np.inf)
    return RejectCurve(
        np.concatenate([nothing, curve.thresholds]),
        np.append(curve.n_rows, curve.n_accepted),
        np.append(n_right, curve.n_right),
        curve.n_rows,
    )


def _checked(certainties: Any, right: Any, groups: Any) -> tuple[Floats, NDArray[np.bool_], Ints, int]:
    sure, good = np.asarray(certainties, np.float64), np.asarray(right, np.bool_)
    group = np.zeros(len(sure), np.int64) if groups is None else np.asarray(groups, np.int64)
    if sure.ndim != 1 or sure.shape != good.shape or sure.shape != group.shape:
        raise ValueError("One certainty, one verdict and one group are needed for each row.")
    if not len(sure):
        raise ValueError("There are no rows to accept or reject.")
    if np.isnan(sure).any() or group.min() < 0:
        raise ValueError("Certainties must not be NaN, and groups are numbered from 0.")
    return sure, good, group, int(group.max()) + 1


def _ratio(above: NDArray[Any], below: NDArray[Any], otherwise: float = 0.0) -> Floats:
    return np.asarray(np.divide(above, below, out=np.full(len(above), otherwise), where=below > 0))


def _to_border(model: PrototypeClassifier, X: Any) -> Floats:
    """(D⁻ - D⁺)/(2√d(w⁺, w⁻)): the distance, in the metric, to the hyperplane between w⁺ and w⁻."""
    matrix = common_matrix(model)
    W = np.asarray(model.prototypes_, np.float64)
    D = np.asarray(model.transform(X), np.float64) ** 2
    labels = codes_of(model.prototype_labels_, model.classes_)
    first = D.argmin(axis=1)
    second = np.where(labels == labels[first][:, None], np.inf, D).argmin(axis=1)
    apart = W[first] - W[second]
    image = apart if matrix is None else apart @ matrix
    length = np.sqrt(np.maximum(np.einsum("na,na->n", image, apart), 0.0))
    rows = np.arange(len(D))
    return _ratio(D[rows, second] - D[rows, first], 2 * length)
