"""One pass over rotated rows: their cells in every subspace, summed up in the rows' own columns; nothing is moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.kernels.books import cell_sums
from engines.kernels.exact import frozen, squared_to_own
from engines.quantization.coders import RotatedCoder
from engines.survey import NO_WEIGHTS, Sample
from engines.training import StopToken

Floats = NDArray[Any]
Array = NDArray[np.float64]

N_SPARE = 4
"""Rows of a piece, the farthest from their codewords, that may take the place of codewords without rows."""
PIECE_WORK = 2**29
"""Multiply-adds between two looks at the stop token, about: some hundredths of a second."""


@dataclass(frozen=True)
class Cells:
    """What a pass tells of a rotation and its codebooks.

    Attributes
    ----------
    labels : (n_subspaces, n) int32
    sums : (n_subspaces, K, d) float64
        Weighted, of the centred rows as they are without rotation.
    counts : (n_subspaces, K) float64
    spare : for each subspace (m, d)
        Centred rows far from their codewords there, the farthest first, none at distance 0.
    cost : float
        Weighted sum of squared errors.
    n_changed : int
        Codes, of rows of positive weight, that are others than before.
    """

    labels: NDArray[np.int32]
    sums: Array
    counts: Array
    spare: list[Floats]
    cost: float
    n_changed: int


def rotated_cells(sample: Sample, coder: RotatedCoder, before: NDArray[np.int32] | None, stop: StopToken) -> Cells:
    """Label all rows under `coder` and sum up the cells; sums over blocks are in block order.

    Memory: n_subspaces · K · d numbers of float64 for the sums, and as much again for each block under way.

    Raises
    ------
    Stopped
        When `stop` is set.
    """
    rows = sample.rows
    n, d = rows.shape
    n_subspaces, n_codewords = len(coder.sizes), max(coder.sizes)
    labels = np.empty((n_subspaces, n), np.int32)
    piece_rows = max(64, PIECE_WORK // (d * (d + n_codewords)))

    def one(block: Floats, start: int) -> _Part:
        part = _Part(n_subspaces, n_codewords, d)
        for first in range(0, len(block), piece_rows):
            piece = block[first : first + piece_rows]
            here = slice(start + first, start + first + len(piece))
            weights = NO_WEIGHTS if sample.weights is None else sample.weights[here]
            part.add(piece, weights, coder, labels[:, here], stop)
        return part

    total = _Part(n_subspaces, n_codewords, d)
    bounds = block_bounds(n, d, rows.dtype.itemsize, n_codewords)
    for part in map_blocks(rows, one, bounds, n_jobs=sample.n_jobs, stop=stop):
        total.join(part)
    changed = np.ones(labels.shape, bool) if before is None else labels != before
    if sample.weights is not None:
        changed &= sample.weights > 0
    spare = [_farthest(candidates) for candidates in total.spare]
    return Cells(labels, total.sums, total.counts, spare, total.cost, int(np.count_nonzero(changed)))


class _Part:
    """Sums over some of the rows."""

    def __init__(self, n_subspaces: int, n_codewords: int, d: int) -> None:
        self.sums = np.zeros((n_subspaces, n_codewords, d))
        self.counts = np.zeros((n_subspaces, n_codewords))
        self.spare: list[list[tuple[Array, Floats]]] = [[] for _ in range(n_subspaces)]
        self.cost = 0.0
        self._ends = np.empty(n_codewords, np.int64)

    def add(
        self, piece: Floats, weights: Array, coder: RotatedCoder, labels: NDArray[np.int32], stop: StopToken
    ) -> None:
        """Take in some rows, and fill in their labels (n_subspaces, b)."""
        centred = piece - coder.mean
        turned = centred @ coder.rotation
        squared, order = np.empty(len(piece)), np.empty(len(piece), np.int64)
        for s, (columns, book, search) in enumerate(zip(coder.edges, coder.books, coder.searches, strict=True)):
            stop.check()
            part = np.ascontiguousarray(turned[:, columns])
            search.label(part, labels[s])
            squared_to_own(frozen(part), book, frozen(labels[s]), squared)
            if weights.size:
                squared *= weights
            self.cost += float(squared.sum())
            cell_sums(
                frozen(centred), frozen(weights), frozen(labels[s]), self._ends, order, self.sums[s], self.counts[s]
            )
            worst = np.argsort(-squared, kind="stable")[:N_SPARE]
            self.spare[s].append((squared[worst], centred[worst]))

    def join(self, other: _Part) -> None:
        """Add what another part found."""
        self.sums += other.sums
        self.counts += other.counts
        self.cost += other.cost
        for own, more in zip(self.spare, other.spare, strict=True):
            own.extend(more)


def _farthest(candidates: list[tuple[Array, Floats]]) -> Floats:
    squared = np.concatenate([found for found, _ in candidates])
    rows = np.concatenate([found for _, found in candidates])
    order = np.argsort(-squared, kind="stable")
    order = order[squared[order] > 0]
    _, first = np.unique(rows[order], axis=0, return_index=True)
    return rows[order[np.sort(first)]]
