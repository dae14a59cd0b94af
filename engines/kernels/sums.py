"""Weighted cell sums in twofold precision, kept up to date by the rows that change cells.

A sum is an unevaluated pair `high + low` of float64 (Knuth's TwoSum; Ogita, Rump & Oishi 2005), so that a row that
moves out leaves no trace of its size behind, and the order in which rows came hardly matters.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engines.kernels.vectors import add_twofold


@njit(cache=True, nogil=True)
def changed_cells(old, new, weights, cell, cells):  # type: ignore[no-untyped-def]
    """Which labels occur where the labels `old` and `new` (n,) differ: listed in `cells`, and numbered in `cell` (K,).

    Rows of no weight do not matter. Returns how many labels and how many rows those are.
    """
    n_cells, n_rows = 0, 0
    cell[:] = -1
    for i in range(old.shape[0]):
        if old[i] != new[i] and (weights.size == 0 or weights[i] > 0.0):
            n_rows += 1
            for label in (old[i], new[i]):
                if label >= 0 and cell[label] < 0:
                    cell[label] = n_cells
                    cells[n_cells] = label
                    n_cells += 1
    return n_cells, n_rows


@njit(cache=True, nogil=True)
def regroup(X, weights, old, new, cell, high, low, members):  # type: ignore[no-untyped-def]
    """Take rows of X (n, d) whose label changed out of their old cells and put them into the new ones.

    Parameters
    ----------
    weights : (n,) or (0,) float64
    old, new : (n,) int32
        Labels; −1 in `old` for a row that is in no cell yet.
    cell : (K,) int32
        Row of the sums for each label that occurs in a change.
    high, low : (m, d + 1) float64
        Changed in place; the last column sums the weights.
    members : (m,) int64
        Changed in place; rows of positive weight.
    """
    n, d = X.shape
    factor = np.empty(1)
    for i in range(n):
        weight = weights[i] if weights.size else 1.0
        if old[i] == new[i] or weight == 0.0:
            continue
        for sign, label in ((-1, old[i]), (1, new[i])):
            if label < 0:
                continue
            k = cell[label]
            members[k] += sign
            factor[0] = sign * weight
            add_twofold(high, low, k * (d + 1), X, i * d, factor[0], d)
            add_twofold(high, low, k * (d + 1) + d, factor, 0, 1.0, 1)


@njit(cache=True, nogil=True)
def merge(high, low, cells, part_high, part_low):  # type: ignore[no-untyped-def]
    """Add twofold sums (m, d + 1) of the cells numbered `cells` (m,) to those of all cells (K, d + 1)."""
    width = high.shape[1]
    for m in range(cells.shape[0]):
        k = cells[m]
        add_twofold(high, low, k * width, part_high, m * width, 1.0, width)
        for j in range(width):
            low[k, j] += part_low[m, j]
