"""One epoch of an online rule over rows in memory, and what goes before and after: starts, scores, signs of escape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.clustering.competitive import PIECE_NUMBERS, PIECE_WORK
from engines.lvq.gaps import HeldRows, filled
from engines.lvq.initializers import Moments, moments, start_prototypes
from engines.lvq.kernels import nearest_pairs
from engines.lvq.labels import LabelledRows
from engines.lvq.metric import Distance
from engines.lvq.rules import Piece, Rule
from engines.training import StopToken

Floats = NDArray[Any]

FARTHEST = 3.0
"""How far from the rows' mean a prototype may stand, in units of the farthest row: a single step goes no farther."""


@dataclass(frozen=True, eq=False)
class Roster:
    """Which prototypes there are.

    Attributes
    ----------
    classes : array of shape (C,)
        Class values, sorted.
    counts : int64 array of shape (C,)
        Prototypes of each class.
    pinned : tuple of int
        Numbers of those that stay.
    """

    classes: NDArray[Any]
    counts: NDArray[np.int64]
    pinned: tuple[int, ...]

    @property
    def size(self) -> int:
        """M."""
        return int(self.counts.sum())

    @property
    def codes(self) -> NDArray[np.int64]:
        """Class numbers (M,)."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def labels(self) -> Mapping[str, NDArray[Any]]:
        """Classes, and class values (M,), as fitted attributes (with underscore)."""
        return {"prototype_labels_": np.repeat(self.classes, self.counts), "classes_": self.classes}

    @property
    def movable(self) -> NDArray[np.bool_]:
        """Which (M,) are not pinned."""
        movable = np.ones(self.size, dtype=np.bool_)
        movable[list(self.pinned)] = False
        return movable


@dataclass(frozen=True, eq=False)
class Field:
    """Where rows lie.

    Attributes
    ----------
    found : Moments
        Gaps are counted as in `filled`.
    reach : float
        The largest difference of a value, of a row or of a prototype at the start, from its feature's mean.
    """

    found: Moments
    reach: float

    def with_start(self, prototypes: Floats) -> Field:
        """The field that these (M, d) are in, wherever they are."""
        return replace(self, reach=max(self.reach, self._gap(prototypes)))

    def lost(self, prototypes: Floats) -> bool:
        """Whether prototypes (M, d) are no numbers any more, or stand where no row is near."""
        rounding = 1e3 * np.finfo(prototypes.dtype).eps * float(np.abs(self.found.mean).max())
        gap = self._gap(prototypes)
        return not np.isfinite(gap) or gap > FARTHEST * self.reach + rounding

    def _gap(self, prototypes: Floats) -> float:
        return float(np.abs(prototypes.astype(np.float64) - self.found.mean).max())


@dataclass(frozen=True)
class Score:
    """How prototypes do on some rows.

    Attributes
    ----------
    cost : float
        Σ sᵢ μᵢ / Σ sᵢ with the relative distance μ = (d⁺ - d⁻)/(d⁺ + d⁻).
    accuracy : float
        Share of the rows that are nearer to a prototype of their class than to any other.
    weighted_accuracy : float
        Their share of the weights.
    """

    cost: float
    accuracy: float
    weighted_accuracy: float


def survey_field(rows: HeldRows, n_classes: int, *, n_jobs: int, stop: StopToken) -> Field:
    """Where the rows lie; the same bits for any number of threads."""
    found = moments(filled(rows, n_classes), n_classes, n_jobs=n_jobs, stop=stop)

    def farthest(block: Floats, start: int) -> float:
        return float(np.nanmax(np.abs(block - found.mean)))

    n, d = rows.array.shape
    gaps = map_blocks(rows.data.rows, farthest, block_bounds(n, d, 8), n_jobs=n_jobs, stop=stop)
    return Field(found, max(gaps))


def placed(init: str | Floats, roster: Roster, rows: HeldRows, field: Field, rng: np.random.Generator) -> Floats:
    """Prototypes (M, d) at their start, in the rows' precision; gaps are filled for it.

    Raises
    ------
    ValueError
        If a given start does not fit, or a class has fewer rows of positive weight than prototypes to start there.
    """
    data = rows.data
    if isinstance(init, str):
        n_rows = np.bincount(data.codes[data.weights > 0], minlength=len(roster.counts))
        if not np.all(n_rows):
            name = str(roster.classes[np.argmin(n_rows)])
            raise ValueError(f"There are no rows of the class {name!r} to start from: give its prototypes as init.")
        data = filled(rows, len(roster.counts))
    return start_prototypes(init, roster.counts, data, field.found, rng).astype(rows.array.dtype)


def epoch(
    rule: Rule,
    roster: Roster,
    rows: HeldRows,
    rng: np.random.Generator | None,
    prototypes: Floats,
    memory: NDArray[np.float64],
    t: float,
    stop: StopToken,
) -> tuple[Floats, NDArray[np.float64], float]:
    """Show the rows of positive weight once, from time `t` to t + 1, which passes in proportion to their weights.

    They come in an order drawn from `rng`, or in their own where that is None.

    Returns
    -------
    prototypes : (M, d), new; those that are pinned are the same, bit for bit
    memory : (M,) or (0,) float64, new
    moved : float
        Share of the rows that moved a prototype.
    """
    X, data = rows.array, rows.data
    order = np.flatnonzero(data.weights)
    if rng is not None:
        order = rng.permutation(order)
    alpha = rule.schedule.over(t, data.weights[order]) if rule.schedule else np.empty(0)
    stand = rule.begin(prototypes, roster.codes, roster.movable, memory)
    n_moving = 0
    size = max(1, min(PIECE_WORK // roster.size, PIECE_NUMBERS) // X.shape[1])
    for first in range(0, len(order), size):
        stop.check()
        here = slice(first, first + size)
        which = order[here]
        incomplete = rows.incomplete[which] if rows.incomplete.size else rows.incomplete
        piece = Piece(X.take(which, axis=0), incomplete, data.codes[which], data.weights[which], alpha[here])
        n_moving += rule.show(piece, stand)
    learned, memory = rule.end(stand)
    learned[list(roster.pinned)] = prototypes[list(roster.pinned)]  # the sign of a zero may have got lost beside others
    return learned, memory, n_moving / len(order)


def score(
    data: LabelledRows,
    prototypes: Floats,
    codes: NDArray[np.int64],
    distance: Distance,
    origin: NDArray[np.float64],
    *,
    n_jobs: int,
    stop: StopToken,
) -> Score:
    """How prototypes (M, d) of the classes `codes` (M,) do on rows; the same bits for any number of threads."""
    n, d = data.rows.shape
    prepared = distance.prepare(prototypes, origin, data.rows.dtype)

    def work(block: Floats, start: int) -> NDArray[np.float64]:
        here = slice(start, start + len(block))
        D = prepared.distances(block)
        plus, minus = np.empty((2, len(block)), dtype=np.int64)
        nearest_pairs(D, codes, data.codes[here], plus, minus)
        each = np.arange(len(block))
        d_plus, d_minus = D[plus, each].astype(np.float64), D[minus, each].astype(np.float64)
        total = d_plus + d_minus
        with np.errstate(invalid="ignore"):  # where distances have overflowed, the cost is to be NaN
            mu = np.divide(d_plus - d_minus, total, out=np.zeros(len(block)), where=total != 0)
        right = (d_plus < d_minus) | ((d_plus == d_minus) & (plus < minus))  # of equally near ones the first
        weights = data.weights[here]
        return np.array([weights @ mu, np.count_nonzero(right), weights @ right])

    bounds, sums = block_bounds(n, d, data.rows.dtype.itemsize, prepared.work), np.zeros(3)
    for part in map_blocks(data.rows, work, bounds, n_jobs=n_jobs, stop=stop):
        sums += part
    cost, n_right, weight_right = sums.tolist()
    weight = float(data.weights.sum())
    return Score(cost / weight, n_right / n, weight_right / weight)
