"""What rows add to a cost of distances and its gradient: sums over rows, prototype by prototype; no cost is known here.

Any cost of d(x, w) gives, for each row and prototype, c = ∂E/∂d. By ∂d/∂w = -2 Λ(x - w) and ∂d/∂Ω = 2 Ω(x - w)(x - w)ᵀ
all else follows from a few sums with c as weight. Of a row that lacks values, x - w is 0 where x is not known, and d
has a factor, so c has too; its part is summed apart, as where it is known differs from row to row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.lvq.metric import Prepared, View, observed

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Sums:
    """What rows add, before the division by their weights' total. Points are counted from the origin.

    Attributes
    ----------
    by_prototype : (M, d)
        Σ c x.
    factors : (M,)
        Σ c.
    pulls : (M, d)
        Σ c Λ(x - w) of the rows that lack values, 0 where they do.
    by_metric : tuple of arrays, one a view, or none
        For Ω (m, d): Σ c Ωx xᵀ, and of rows that lack values Σ c Ω(x - w)(x - w)ᵀ. For a diagonal (d,) the same with
        squares: Σ c x², and Σ c (x - w)².
    by_others : (p,)
        Derivatives by what else a cost depends on.
    """

    cost: float
    n_right: int
    by_prototype: Floats
    factors: Floats
    pulls: Floats
    by_metric: tuple[Floats, ...] = ()
    by_others: Floats = field(default_factory=lambda: np.zeros(0))


def added(parts: Iterable[Sums]) -> Sums:
    """The sum, in float64, in the order of `parts`, whose arrays are used up."""
    cost, n_right = 0.0, 0
    totals: list[NDArray[np.float64]] = []
    for part in parts:
        cost += part.cost
        n_right += part.n_right
        arrays = (part.by_prototype, part.factors, part.pulls, part.by_others, *part.by_metric)
        if not totals:
            totals = [np.asarray(values, dtype=np.float64) for values in arrays]
        else:
            for total, values in zip(totals, arrays, strict=True):
                total += values
    by_prototype, factors, pulls, by_others, *by_metric = totals
    return Sums(cost, n_right, by_prototype, factors, pulls, tuple(by_metric), by_others)


def no_sums(prepared: Prepared, *, metric: bool) -> Sums:
    """Of no row at all."""
    M, d = prepared.prototypes.shape
    by_metric = tuple(np.zeros_like(view.omega) for view in prepared.views if view.omega is not None)
    return Sums(0.0, 0, np.zeros((M, d)), np.zeros(M), np.zeros((M, d)), by_metric if metric else ())


def sums_of_pairs(prepared: Prepared, block: Floats, C: Floats, *, metric: bool) -> Sums:
    """Sums (without cost) of rows (b, d) whose c (M, b) is given for every prototype; rows may lack values."""
    moved = block - prepared.origin
    lacking = np.isnan(moved).any(axis=1)
    if not lacking.any():
        return _of_complete(prepared, moved, C, metric=metric)
    parts = [_of_incomplete(prepared, moved[lacking], C[:, lacking], metric=metric)]
    if not lacking.all():
        parts.append(_of_complete(prepared, moved[~lacking], C[:, ~lacking], metric=metric))
    return added(parts)


def _of_complete(prepared: Prepared, moved: Floats, C: Floats, *, metric: bool) -> Sums:
    by_metric = []
    for view in prepared.views if metric else ():
        factors = C[view.which].sum(axis=0)
        if view.is_diagonal:
            by_metric.append(factors @ np.square(moved))
        elif view.omega is not None:
            by_metric.append((view.of(moved) * factors) @ moved)
    pulls = np.zeros(prepared.prototypes.shape)
    return Sums(0.0, 0, C @ moved, C.sum(axis=1, dtype=np.float64), pulls, tuple(by_metric))


def _of_incomplete(prepared: Prepared, moved: Floats, C: Floats, *, metric: bool) -> Sums:
    total = no_sums(prepared, metric=metric)
    seen = ~np.isnan(moved)
    C, W = C * (moved.shape[1] / observed(seen)), prepared.prototypes.astype(moved.dtype)
    for place, view in enumerate(prepared.views):
        for j in view.which:
            rows = np.flatnonzero(C[j])
            c, e = C[j, rows], np.where(seen[rows], moved[rows] - W[j], 0)
            image = view.of(e)
            total.pulls[j] = c @ (view.back(image) * seen[rows])
            if metric and view.is_diagonal:
                total.by_metric[place][...] += c @ np.square(e)
            elif metric and view.omega is not None:
                total.by_metric[place][...] += (image * c) @ e
    return total


def gradient_by_prototypes(prepared: Prepared, total: Sums) -> NDArray[np.float64]:
    """∂E/∂w (M, d), before the division by the weights' total."""
    differences = total.by_prototype - total.factors[:, None] * prepared.prototypes  # (M, d): Σ c (x - w)
    found = np.empty(differences.shape)
    for view in prepared.views:
        found[view.which] = -2 * (view.squared(differences[view.which]) + total.pulls[view.which])
    return found


def gradient_by_metric(prepared: Prepared, total: Sums) -> list[NDArray[np.float64]]:
    """∂E/∂Ω (m, d), or by the diagonal λ (d,), of each view, before the division by the weights' total."""
    W = np.asarray(prepared.prototypes, dtype=np.float64)
    return [
        _by_view(view, W[view.which], total, by_view)
        for view, by_view in zip(prepared.views, total.by_metric, strict=True)
    ]


def _by_view(view: View, W: Floats, total: Sums, by_view: Floats) -> NDArray[np.float64]:
    """Σ c (x - w)(x - w)ᵀ = Σ c x xᵀ - Σ w (Σ c x)ᵀ - Σ (Σ c (x - w)) wᵀ, from the left times Ω."""
    sums, factors = total.by_prototype[view.which], total.factors[view.which]
    differences = sums - factors[:, None] * W
    if view.is_diagonal:
        return np.asarray(by_view - np.sum((sums + differences) * W, axis=0))
    omega = view.omega
    assert omega is not None
    return np.asarray(2 * (by_view - (sums @ omega.T).T @ W - (W @ omega.T).T @ differences))
