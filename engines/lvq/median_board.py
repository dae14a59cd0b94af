"""Prototypes that stand on rows: who competes for each row, what that is worth, and the best move of one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import map_blocks
from engines.lvq import median_kernels as kernels
from engines.lvq.dissimilarity import Pairs
from engines.training import StopToken

Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]

RAISES = 1e-12
"""A likelihood must be higher by this to count as raised; sums of rounded terms of total weight 1 vary by less."""

BLOCK_WORK = 2**23
"""Multiply-adds that a block of places takes: some milliseconds, so that threads share a class evenly."""


@dataclass(frozen=True, eq=False)
class Field:
    """What the prototypes stand on: n training rows in the order of their classes.

    Attributes
    ----------
    pairs : Pairs
    codes : int64 array of shape (n,)
        Class of each row, never falling.
    weights : float64 array of shape (n,)
    labels : int64 array of shape (M,)
        Class of each prototype, never falling.
    phi : (int, float)
        Number of φ among `engines.lvq.kernels.TRANSFER`, and its β.
    n_jobs : int
    """

    pairs: Pairs
    codes: Ints
    weights: Doubles
    labels: Ints
    phi: tuple[int, float]
    n_jobs: int

    def rows_of(self, code: int) -> tuple[int, int]:
        """First row of a class, and the one after its last."""
        low, high = np.searchsorted(self.codes, [code, code + 1])
        return int(low), int(high)

    def bounds(self, code: int) -> list[tuple[int, int]]:
        """The rows of a class in blocks of a few milliseconds, of which all are tried as places of a prototype."""
        low, high = self.rows_of(code)
        step = max(1, BLOCK_WORK // (self.pairs.shape[0] * self.pairs.work))
        return [(start, min(start + step, high)) for start in range(low, high, step)]


class Board:
    """M prototypes on rows of a field, and the competition for every row.

    Attributes
    ----------
    places : int64 array of shape (M,)
        Row of each prototype.
    near, who : (4, n)
        As `compete` describes them.
    """

    def __init__(self, field: Field, places: Ints, stop: StopToken) -> None:
        self.field, self.places = field, places.copy()
        self._D = np.empty((len(places), len(field.codes)), field.pairs.dtype)
        for j, k in enumerate(places.tolist()):
            stop.check()
            self._D[j] = field.pairs.of(k)
        self.near, self.who = competition(self._D, field.labels, field.codes)

    def copy(self) -> Board:
        """A board that can be played on while this one stays."""
        other = object.__new__(Board)
        other.field, other.places, other._D = self.field, self.places.copy(), self._D.copy()
        other.near, other.who = self.near.copy(), self.who.copy()
        return other

    def move(self, j: int, k: int) -> None:
        """Put prototype j on row k."""
        self.places[j] = k
        self._D[j] = self.field.pairs.of(k)
        kernels.compete(self._D, self.field.labels, self.field.codes, j, self.near, self.who)

    @property
    def cost(self) -> float:
        """-Σ sᵢ φ(-μᵢ) / Σ sᵢ."""
        weights = self.field.weights
        return 1.0 - float(weights @ agreements(self.near, self.field.phi) / weights.sum())

    @property
    def accuracy(self) -> float:
        """Share of rows whose nearest prototype is of their class."""
        return float(np.mean(self.near[0] < self.near[2]))

    def improve(self, j: int, stop: StopToken) -> bool:
        """Move prototype j to the row of its class that raises Σ γᵢ ln fᵢ most, γᵢ being sᵢfᵢ / Σ sf; whether one does.

        It never moves to where another prototype of its class is, at distance 0, nor where the cost would not fall.
        """
        f = agreements(self.near, self.field.phi)
        gamma = self.field.weights * f
        gamma /= gamma.sum()
        low, high = self.field.rows_of(int(self.field.labels[j]))
        found = self.likelihoods(j, gamma, stop)
        found[self._taken(j, low, high)] = -np.inf
        best = int(np.argmax(found))
        if not found[best] > gamma @ np.log(f) + RAISES:
            return False
        before, former = self.cost, int(self.places[j])
        self.move(j, low + best)
        if self.cost < before:
            return True
        self.move(j, former)  # rounding had it that the likelihood rises
        return False

    def likelihoods(self, j: int, gamma: Doubles, stop: StopToken) -> Doubles:
        """Σ γᵢ ln fᵢ with prototype j on each row of its class, and the competition as it then is: (n_c,)."""
        field = self.field
        code = int(field.labels[j])
        low, high = field.rows_of(code)
        n = len(field.codes)
        base, fixed = np.empty(n, self.near.dtype), np.empty(n, self.near.dtype)
        kernels.without(self.near, self.who, j, low, high, base, fixed)

        def work(block: NDArray[Any], start: int) -> Doubles:
            out = np.empty(len(block))
            scratch, nearer = np.empty((7, n)), np.empty(n, np.int64)
            kernels.likelihoods(block, base, fixed, low, high, gamma, *field.phi, scratch, nearer, out)
            return out

        return np.concatenate(list(map_blocks(field.pairs, work, field.bounds(code), n_jobs=field.n_jobs, stop=stop)))

    def _taken(self, j: int, low: int, high: int) -> NDArray[np.bool_]:
        """Which of the rows `low` to `high` of j's class it cannot move to."""
        others = np.flatnonzero(self.field.labels == self.field.labels[j])
        taken: NDArray[np.bool_] = (self._D[others[others != j], low:high] == 0).any(axis=0)
        taken[self.places[others] - low] = True
        return taken


def competition(D: NDArray[Any], labels: Ints, codes: Ints) -> tuple[NDArray[Any], Ints]:
    """`near` and `who` (4, n), as `compete` describes them, of distances D (M, n)."""
    near, who = np.empty((4, len(codes)), D.dtype), np.empty((4, len(codes)), np.int64)
    kernels.compete(D, labels, codes, -1, near, who)
    return near, who


def agreements(near: NDArray[Any], phi: tuple[int, float]) -> Doubles:
    """fᵢ = 1 + φ(-μᵢ) of each row (n,), from the distances that `compete` keeps."""
    f = np.empty(near.shape[1])
    kernels.opposites(near[0], near[2], f)
    kernels.agree(f, *phi, np.empty((3, len(f))))
    return f
