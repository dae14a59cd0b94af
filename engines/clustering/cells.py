"""One pass of Lloyd's algorithm over the rows: labels, cell sums and cost under given prototypes; nothing is moved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.clustering.bounds import Bounds, bytes_of_bounds
from engines.kernels.exact import Labels, frozen, squared_to_own
from engines.kernels.nearest import Codebook, Placed, frame_for, place
from engines.kernels.panels import panels_of
from engines.kernels.sums import changed_cells, merge, regroup
from engines.kernels.tiles import layout_of
from engines.rows import ArrayRows
from engines.survey import NO_WEIGHTS, Sample
from engines.training import StopToken

Floats = NDArray[Any]
Array = NDArray[np.float64]

MAX_PLACED_BYTES = 2**31
"""Rows in memory up to this size are made ready for the search once, larger ones and other sources at each pass."""
MAX_BOUND_BYTES = 2**28
"""More memory than this is spent on bounds only where they are asked for."""
LOST_DIGITS = 1e-3
"""A cost that is a smaller share of what it is the difference of is summed row by row instead."""


@dataclass(frozen=True)
class Sums:
    """Cell sums of rows, as unevaluated pairs high + low.

    Attributes
    ----------
    high, low : (K, d + 1) float64
        The last column sums the weights.
    members : (K,) int64
        Rows of positive weight in each cell.
    """

    high: Array
    low: Array
    members: NDArray[np.int64]

    @cached_property
    def counts(self) -> Array:
        """Weight (K,) of each cell; exactly 0 for an empty one."""
        return np.where(self.members > 0, self.high[:, -1] + self.low[:, -1], 0.0)

    @cached_property
    def totals(self) -> Array:
        """Sum (K, d) of the rows of each cell, weighted."""
        return np.where(self.members[:, None] > 0, self.high[:, :-1] + self.low[:, :-1], 0.0)


@dataclass(frozen=True)
class Cells:
    """The rows in the cells of some prototypes.

    Attributes
    ----------
    labels : (n,) int32
    sums : Sums
    cost : float
        J, weighted, of exactly these prototypes.
    n_changed : int
        Rows of another label than before, all of them at first.
    """

    labels: Labels
    sums: Sums
    cost: float
    n_changed: int

    @property
    def counts(self) -> Array:
        """Weight (K,) of each cell."""
        return self.sums.counts


class Assigner:
    """Assigns the rows of a sample to prototypes, again and again; labels are always those of the exact distance.

    Parameters
    ----------
    sample : Sample
    n_prototypes : int
    bounded : bool or None
        Whether rows keep bounds of their distances from pass to pass, which changes no label; None keeps them where
        there is memory for them.
    """

    def __init__(self, sample: Sample, n_prototypes: int, *, bounded: bool | None, stop: StopToken) -> None:
        rows = sample.rows
        n, d = rows.shape
        self._sample = sample
        self._cuts = block_bounds(n, d, rows.dtype.itemsize, n_prototypes)
        self._frame = frame_for(sample.mean, float(sample.variance.sum()), rows.dtype)
        held = isinstance(rows, ArrayRows) and rows.array.nbytes <= MAX_PLACED_BYTES
        self._panels = panels_of(rows.dtype, n_prototypes, d) if held and not bounded else None
        if bounded is None:
            bounded = self._panels is None and bytes_of_bounds(n, n_prototypes, rows.dtype) <= MAX_BOUND_BYTES
        self._bounded = bounded and layout_of(rows.dtype, n_prototypes) is not None
        spread = float(np.sqrt(sample.variance.sum()))
        self._scatter = spread**2 * sample.mass
        self._small_cost = LOST_DIGITS * sample.mass * spread * (spread + 1e-3 * float(np.linalg.norm(sample.mean)))
        self._placed: dict[int, Placed] = {}
        self._bounds: Bounds | None = None
        self._last: Cells | None = None  # whose rows the bounds are about
        if held:
            placed = map_blocks(
                rows,
                lambda block, start: (start, place(block, self._frame, panels=self._panels)),
                self._cuts,
                n_jobs=sample.n_jobs,
                stop=stop,
            )
            self._placed = dict(placed)

    def first(self, prototypes: Floats, stop: StopToken, sums: Sums | None = None) -> Cells:
        """Cells of prototypes (K, d) that nothing is known of, or nothing but their `sums`."""
        n, d = self._sample.rows.shape
        self._last = None
        nowhere = np.full(n, -1, np.int32)
        none = Sums(
            np.zeros((len(prototypes), d + 1)), np.zeros((len(prototypes), d + 1)), np.zeros(len(prototypes), np.int64)
        )
        return self._assigned(prototypes, nowhere, none, stop, known=sums)

    def next(self, prototypes: Floats, before: Cells, stop: StopToken) -> Cells:
        """Cells of prototypes (K, d) that have moved since `before`; quickest where the last call gave that."""
        if before is not self._last:
            self._last = None
        return self._assigned(prototypes, before.labels, before.sums, stop)

    def _assigned(
        self, prototypes: Floats, before: Labels, sums: Sums, stop: StopToken, known: Sums | None = None
    ) -> Cells:
        sample, weights = self._sample, self._sample.weights
        if self._bounded and self._last is None:
            self._bounds = Bounds(self._cuts, prototypes, self._frame)
        bounds, self._last = self._bounds, None
        codebook = Codebook(prototypes, self._frame) if bounds is None else bounds.follow(prototypes)
        labels = np.empty_like(before)
        high, low, members = sums.high.copy(), sums.low.copy(), sums.members.copy()

        def one(block: Floats, start: int) -> _Changes:
            placed = self._placed.get(start) or place(block, self._frame)
            end = start + len(block)
            own_labels = labels[start:end]
            np.maximum(before[start:end], 0, out=own_labels)
            for first in range(0, len(block), codebook.piece):
                stop.check()
                last = min(first + codebook.piece, len(block))
                if bounds is None:
                    codebook.label(block[first:last], own_labels[first:last], placed.part(first, last))
                else:
                    codebook.decide(block, own_labels, bounds.label(codebook, placed, own_labels, start, first, last))
            own = NO_WEIGHTS if weights is None else weights[start:end]
            if known is not None:
                return _NO_CHANGES
            return _changes(block, own, before[start:end], own_labels, len(prototypes))

        n_changed = 0
        for part in map_blocks(sample.rows, one, self._cuts, n_jobs=sample.n_jobs, stop=stop):
            n_changed += part.n_rows
            if len(part.cells):
                merge(high, low, part.cells, part.high, part.low)
                members[part.cells] += part.members
        result = known or Sums(high, low, members)
        cost = self._cost(prototypes, labels, result, stop)
        self._last = Cells(labels, result, cost, n_changed)
        return self._last

    def _cost(self, prototypes: Floats, labels: Labels, sums: Sums, stop: StopToken) -> float:
        """J = Σ‖x − m‖² − Σₖ (2 (wₖ − m)·Sₖ − Nₖ‖wₖ − m‖²), S and N being the cells' sums of x − m and weights."""
        mean, counts = self._sample.mean, sums.counts
        offsets = prototypes.astype(np.float64) - mean
        centred = sums.totals - counts[:, None] * mean
        gain = 2.0 * np.einsum("kd,kd->k", offsets, centred) - counts * np.einsum("kd,kd->k", offsets, offsets)
        cost = self._scatter - float(np.sum(gain))
        return cost if cost > self._small_cost else self._summed_cost(prototypes, labels, stop)

    def _summed_cost(self, prototypes: Floats, labels: Labels, stop: StopToken) -> float:
        """J, row by row."""
        weights = self._sample.weights

        def one(block: Floats, start: int) -> float:
            squared = np.empty(len(block))
            here = slice(start, start + len(block))
            squared_to_own(frozen(block), frozen(prototypes), frozen(labels[here]), squared)
            return float(np.sum(squared if weights is None else weights[here] * squared))

        return sum(map_blocks(self._sample.rows, one, self._cuts, n_jobs=self._sample.n_jobs, stop=stop), 0.0)


@dataclass(frozen=True)
class _Changes:
    """Sums of what left and entered some cells."""

    n_rows: int
    cells: NDArray[np.int32]
    high: Array
    low: Array
    members: NDArray[np.int64]


_NO_CHANGES = _Changes(0, np.empty(0, np.int32), np.empty((0, 0)), np.empty((0, 0)), np.empty(0, np.int64))


def _changes(block: Floats, weights: Array, before: Labels, labels: Labels, n_prototypes: int) -> _Changes:
    cell, cells = np.empty(n_prototypes, np.int32), np.empty(n_prototypes, np.int32)
    before, labels = frozen(before), frozen(labels)
    n_cells, n_rows = changed_cells(before, labels, frozen(weights), cell, cells)
    if n_rows == 0:
        return _NO_CHANGES
    high, low = np.zeros((n_cells, block.shape[1] + 1)), np.zeros((n_cells, block.shape[1] + 1))
    members = np.zeros(n_cells, np.int64)
    regroup(frozen(block), frozen(weights), before, labels, cell, high, low, members)
    return _Changes(n_rows, cells[:n_cells], high, low, members)
