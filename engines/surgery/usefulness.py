"""What prototypes are worth on given rows: the error before and after, pruning of useless ones, merging close ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engines.base import Engine
from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.labels import check_labels, codes_of
from engines.surgery.operations import delete, going_on, merge, nearest
from engines.surgery.parts import Floats, parts_of

E = TypeVar("E", bound=Engine)


@dataclass(frozen=True)
class Effect:
    """What an operation did to the error on some rows.

    Attributes
    ----------
    measure : {"error rate", "quantization error"}
        Share of rows that are classified wrong, for an engine with classes; else the mean squared distance to the
        nearest prototype.
    before, after : float
    n_prototypes : pair of int
        Before and after.
    """

    measure: str
    before: float
    after: float
    n_prototypes: tuple[int, int]

    @property
    def rise(self) -> float:
        """How much greater the error is after it; negative where it fell."""
        return self.after - self.before


def effect(before: Engine, after: Engine, X: Any, y: Any = None) -> Effect:
    """The error of two engines on the same rows.

    Parameters
    ----------
    before, after : fitted engines
    X : array-like of shape (n, d)
    y : array-like of shape (n,)
        Needed where the engines have classes.
    """
    if isinstance(before, PrototypeClassifier):
        measure, errors = "error rate", [_error_rate(model, X, y) for model in (before, after)]
    else:
        models: tuple[Any, ...] = (before, after)
        measure, errors = "quantization error", [float(model.quantization_error(X)) for model in models]
    return Effect(measure, errors[0], errors[1], (len(parts_of(before)), len(parts_of(after))))


def prune(model: E, X: Any, y: Any = None) -> E:
    """Take away every prototype without which the error on these rows is no higher, one after another.

    Those that win the fewest rows are tried first, of equal ones the last; after each removal all that are left
    are tried again. Pinned prototypes, and the last of a class, stay. Distances (n, M) are held in memory.

    Parameters
    ----------
    model : fitted engine
    X : array-like of shape (n, d)
    y : array-like of shape (n,)
        Needed where the engine has classes: the error is then the share of rows that are classified wrong, else the
        mean squared distance to the nearest prototype, so that only what wins nothing, or lies twice, is taken away.

    Returns
    -------
    fitted engine
        With the same prototypes where none is useless.
    """
    parts = parts_of(model)
    D = np.asarray(model.transform(X), np.float64)
    truth = _codes(model, y, len(D))
    kept = list(range(len(parts)))
    while (useless := _useless(D, parts.codes, parts.pinned, truth, kept)) is not None:
        kept.remove(useless)
    gone = np.setdiff1d(np.arange(len(parts)), kept)
    return delete(model, gone.tolist())


def merge_close(model: E, within: float, X: Any = None) -> E:
    """Merge the two nearest prototypes of one class, again and again, until none are within this distance.

    The distance is the engine's, not squared; where prototypes have a metric each, the mean of both. `X` weighs as
    in `merge`.

    Parameters
    ----------
    model : fitted engine
    within : float
        Not negative; 0 merges what lies at the same place.
    X : array-like of shape (n, d), optional

    Returns
    -------
    fitted engine

    Raises
    ------
    ValueError
        If `within` is negative, or the engine cannot be operated on.
    """
    if not within >= 0:
        raise ValueError(f"The distance within which prototypes are merged must not be negative, got {within!r}.")
    while True:
        parts = parts_of(model)
        D = np.asarray(model.transform(parts.prototypes), np.float64)
        D = (D + D.T) / 2
        same = np.unique(parts.prototypes, axis=0, return_inverse=True)[1].ravel()
        D[same[:, None] == same] = 0  # also where rounding says otherwise
        D[parts.codes[:, None] != parts.codes] = np.inf
        D[np.tril_indices(len(D))] = np.inf
        i, j = np.unravel_index(int(D.argmin()), D.shape)
        if not D[i, j] <= within:
            return going_on(model)
        model = merge(model, [int(i), int(j)], X)


def _useless(
    D: NDArray[np.float64],
    codes: NDArray[np.int64],
    pinned: NDArray[np.bool_],
    truth: NDArray[np.int64] | None,
    kept: list[int],
) -> int | None:
    """The first of the prototypes `kept` without which the error is no higher; None where all are of use.

    Only the rows that a prototype wins are looked at: no other row loses its nearest one.
    """
    winners = np.asarray(kept)[D[:, kept].argmin(axis=1)]
    wins = np.bincount(winners, minlength=len(codes))
    for j in sorted(kept, key=lambda j: (wins[j], -j)):
        others = [k for k in kept if k != j]
        if pinned[j] or not np.any(codes[others] == codes[j]):
            continue
        rows = np.flatnonzero(winners == j)
        there = D[rows][:, others]
        if truth is None:
            raised = np.any(there.min(axis=1) > D[rows, j])
        else:
            heirs = np.asarray(others)[there.argmin(axis=1)]
            raised = np.sum(codes[heirs] == truth[rows]) < np.sum(codes[j] == truth[rows])
        if not raised:
            return j
    return None


def _error_rate(model: Engine, X: Any, y: Any) -> float:
    truth = _codes(model, y, len(X))
    assert truth is not None
    codes = parts_of(model).codes
    return float(np.mean(codes[nearest(model, X)] != truth))


def _codes(model: Engine, y: Any, n_rows: int) -> NDArray[np.int64] | None:
    """Class (n,) of each row as a number, -1 for classes that the engine does not know; None without classes."""
    if not isinstance(model, PrototypeClassifier):
        return None
    labels: Floats = check_labels(y, n_rows, type(model).__name__)
    known = np.isin(labels, model.classes_)
    codes = np.full(n_rows, -1, np.int64)
    codes[known] = codes_of(labels[known], model.classes_)
    return codes
