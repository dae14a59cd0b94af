"""How stable a learned metric is: what refits agree on in relevances, ranks, eigenvalues and eigenvectors of Λ.

The refits themselves are made in `refits`. Eigenvectors are compared in three ways, because each alone can mislead:
one by one, after the signed permutation that brings the refit's nearest to the reference's (an eigenvector has no
sign, and two of close eigenvalues may come in either order); in groups that the refits do not tell apart, by the space
that a group spans (inside it eigenvectors may turn freely, and mean nothing one by one); and as leading spaces, by the
principal angles between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

Floats = NDArray[np.float64]

LEVELS = (0.05, 0.5, 0.95)
"""Quantiles over refits that bands show: low, middle, high."""
MOST_AXES = 10
"""Eigenvectors that are kept and compared, those of the largest eigenvalues."""
_NO_EIGENVALUE = 1e-9
"""Share of the largest eigenvalue up to which another is rounding."""
_ARRAYS = (
    "relevances", "relevance_draws", "eigenvalues", "eigenvalue_draws", "axes", "axis_draws", "weight_draws",
    "accuracies",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Stability:
    """A metric Λ (d, d), the reference, beside those of R refits.

    Attributes
    ----------
    relevances, relevance_draws : (d,) and (R, d)
        Diagonals.
    eigenvalues, eigenvalue_draws : (d,) and (R, d)
        Falling.
    axes, axis_draws : (p, d) and (R, p, d)
        Eigenvectors of the p largest eigenvalues, each in the order of its own matrix; p is at most `MOST_AXES`, and
        the rank of the reference.
    weight_draws : (R, p)
        uᵀΛu with the reference's eigenvectors u and the refit's Λ: what they would be as eigenvalues there.
    accuracies : (R,)
        Share of the rows left out of a refit that it classifies right; NaN where none were left out.
    """

    relevances: Floats
    relevance_draws: Floats
    eigenvalues: Floats
    eigenvalue_draws: Floats
    axes: Floats
    axis_draws: Floats
    weight_draws: Floats
    accuracies: Floats

    @classmethod
    def of(cls, matrix: Floats) -> Stability:
        """The reference Λ (d, d), with no refit yet."""
        values, axes = spectrum(matrix)
        axes = axes[: np.count_nonzero(values > _NO_EIGENVALUE * values[0])]
        p, d = axes.shape
        none = np.empty((0, d))
        return cls(np.diagonal(matrix).copy(), none, values, none, axes, np.empty((0, p, d)), none[:, :p], np.empty(0))

    def and_refit(self, matrix: Floats, accuracy: float) -> Stability:
        """With one more refit of metric Λ (d, d)."""
        values, axes = spectrum(matrix)
        return replace(
            self,
            relevance_draws=np.concatenate([self.relevance_draws, np.diagonal(matrix)[None]]),
            eigenvalue_draws=np.concatenate([self.eigenvalue_draws, values[None]]),
            axis_draws=np.concatenate([self.axis_draws, axes[None, : len(self.axes)]]),
            weight_draws=np.concatenate([self.weight_draws, [np.sum((self.axes @ matrix) * self.axes, axis=1)]]),
            accuracies=np.append(self.accuracies, accuracy),
        )

    @property
    def n_refits(self) -> int:
        """R."""
        return len(self.relevance_draws)

    @cached_property
    def relevance_bands(self) -> Floats:
        """Quantiles (3, d) of each relevance at `LEVELS`."""
        return bands(self.relevance_draws)

    @cached_property
    def eigenvalue_bands(self) -> Floats:
        """Quantiles (3, d) of each eigenvalue, by its place in the order."""
        return bands(self.eigenvalue_draws)

    @cached_property
    def ranks(self) -> Floats:
        """Rank (d,) of each feature by relevance: 1 is the most relevant, equal ones share the mean."""
        return np.asarray(rankdata(-self.relevances))

    @cached_property
    def rank_draws(self) -> Floats:
        """The same in each refit, (R, d)."""
        return np.asarray(rankdata(-self.relevance_draws, axis=1)).reshape(self.relevance_draws.shape)

    @cached_property
    def rank_bands(self) -> Floats:
        """Quantiles (3, d) of each rank."""
        return bands(self.rank_draws)

    @cached_property
    def rank_correlations(self) -> Floats:
        """Spearman's ρ (R,) between the relevances of each refit and the reference's; NaN where all are equal."""
        mine = self.ranks - self.ranks.mean()
        theirs = self.rank_draws - self.rank_draws.mean(axis=1, keepdims=True)
        lengths = np.linalg.norm(theirs, axis=1) * np.linalg.norm(mine)
        undefined = np.full(len(theirs), np.nan)
        return np.asarray(np.divide(theirs @ mine, lengths, out=undefined, where=lengths > 0))

    def top_shares(self, m: int) -> Floats:
        """In what share of the refits each feature (d,) is among the m most relevant; at equal relevance the first."""
        order = np.argsort(-self.relevance_draws, axis=1, kind="stable")[:, :m]
        return np.asarray(np.bincount(order.ravel(), minlength=len(self.relevances)) / max(1, self.n_refits))

    @cached_property
    def aligned_draws(self) -> Floats:
        """Eigenvectors (R, p, d) of each refit in the order and with the signs of the reference's; see `align`."""
        return np.array([aligned(self.axes, draw) for draw in self.axis_draws]).reshape(self.axis_draws.shape)

    @cached_property
    def axis_bands(self) -> Floats:
        """Quantiles (3, p, d) of every entry of the aligned eigenvectors."""
        return bands(self.aligned_draws)

    @cached_property
    def cosines(self) -> Floats:
        """|cos| (R, p) between each eigenvector of the reference and the one aligned with it."""
        return np.asarray(np.abs(np.einsum("rpd,pd->rp", self.aligned_draws, self.axes)).clip(0, 1))

    @cached_property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Numbers of the p eigenvectors, those together that the refits do not tell apart.

        Neighbours in the order are told apart where the low end of the band of uᵀΛu of the one lies above the high
        end of that of the next. Bands of the eigenvalues would not do: as those of each refit come sorted, they keep
        apart even where the two eigenvectors are exchanged in every other refit.
        """
        low, _, high = bands(self.weight_draws)
        groups = [[0]]
        for k in range(1, len(self.axes)):
            if low[k - 1] > high[k]:
                groups.append([k])
            else:
                groups[-1].append(k)
        return tuple(tuple(group) for group in groups)

    @cached_property
    def group_overlaps(self) -> Floats:
        """`overlap` (R, n_groups) of the space of each group with that at the same places in each refit."""
        picked = [list(group) for group in self.groups]
        found = [[overlap(self.axes[group], draw[group]) for group in picked] for draw in self.axis_draws]
        return np.array(found).reshape(self.n_refits, len(picked))

    @cached_property
    def largest_angles(self) -> Floats:
        """Largest principal angle (R, p), in degrees, between the spaces of the first 1, 2, … p eigenvectors."""
        sizes = range(1, len(self.axes) + 1)
        found = [[principal_angles(self.axes[:k], draw[:k])[-1] for k in sizes] for draw in self.axis_draws]
        return np.degrees(np.array(found).reshape(self.n_refits, len(self.axes)))

    def to_state(self) -> dict[str, Floats]:
        """All arrays by name."""
        return {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Stability:
        """What `to_state` gave; raises KeyError where an array lacks."""
        return cls(**{name: np.asarray(state[name], np.float64) for name in _ARRAYS})


def spectrum(matrix: Floats) -> tuple[Floats, Floats]:
    """Eigenvalues (d,) of a symmetric matrix (d, d), falling and none negative, and the first eigenvectors (p, d).

    The largest entry of each eigenvector is positive.
    """
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    axes = vectors[:, ::-1][:, :MOST_AXES].T
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    return np.maximum(values[::-1], 0.0), np.ascontiguousarray(axes * signs[:, None])


def bands(draws: Floats) -> Floats:
    """Quantiles (3, ...) over the first axis of (R, ...) at `LEVELS`; NaN where R is 0."""
    if not len(draws):
        return np.full((len(LEVELS), *draws.shape[1:]), np.nan)
    return np.asarray(np.quantile(draws, LEVELS, axis=0))


def align(reference: Floats, other: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Order and signs (p,) of unit vectors `other` (p, d) in which they are nearest to `reference` (p, d).

    Of all signed permutations P, the one that minimises ‖reference - P other‖_F: as ‖u - v‖² = 2 - 2uᵀv, it is the
    assignment of the greatest Σ|uᵀv|, with the signs of the products.
    """
    products = reference @ other.T
    _, order = linear_sum_assignment(-np.abs(products))
    chosen = products[np.arange(len(reference)), order]
    return order.astype(np.int64), np.where(chosen < 0, -1.0, 1.0)


def aligned(reference: Floats, other: Floats) -> Floats:
    """`other` (p, d) in the order and with the signs that `align` finds."""
    order, signs = align(reference, other)
    return other[order] * signs[:, None]


def principal_angles(one: Floats, other: Floats) -> Floats:
    """Angles (k,), rising, between the spaces of two orthonormal sets of rows (k, d) (Björck & Golub 1973).

    Small ones are taken from their sines, whose digits the cosines have lost.
    """
    products = one @ other.T
    cosines = np.linalg.svd(products, compute_uv=False)
    sines = np.linalg.svd(other - products.T @ one, compute_uv=False)[::-1]
    return np.asarray(np.where(cosines**2 < 0.5, np.arccos(cosines.clip(0, 1)), np.arcsin(sines.clip(0, 1))))


def overlap(one: Floats, other: Floats) -> float:
    """Mean cos² of the principal angles between the spaces of two orthonormal sets of rows (k, d).

    1 for the same space, 0 for spaces at right angles, k/d on average for spaces drawn at random.
    """
    return float(np.sum(np.square(one @ other.T)) / len(one))
