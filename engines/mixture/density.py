"""A mixture ready to meet rows: log densities, responsibilities and E-step statistics of blocks; nothing is fitted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.kernels.exact import Labels, frozen, squared_to_own
from engines.kernels.gaussians import diagonal_rows, diagonal_step, normalise_rows, triangular_rows, triangular_step
from engines.kernels.incomplete import add_axes, add_dense, axis_logs, dense_logs
from engines.mixture.covariances import (
    Mixture,
    Statistics,
    dense_covariances,
    log_determinants,
    no_statistics,
    precision_factors,
    variances,
)
from engines.training import StopToken

Floats = NDArray[Any]
Doubles = NDArray[np.float64]

LOG_2PI = math.log(2 * math.pi)
PIECE_WORK = 2**27
"""Multiply-adds between two looks at a stop token: some hundredths of a second."""


def work_per_row(kind: str, n_components: int, d: int) -> int:
    """Multiply-adds that a row costs in an E- and an M-step, divided by d."""
    return n_components * (d + 1 if kind == "full" else 4) + (d if kind == "tied" else 0)


class Density:
    """A mixture prepared for rows of one precision.

    Complete rows go through fast kernels, rows with missing values (NaN) through others, in float64. The tied kind
    turns rows by P and meets spheres there, in float64.

    Parameters
    ----------
    mixture : Mixture
    dtype : dtype
        Of the rows: float32 or float64.
    origin : (d,) float64, optional
        Where the tied kind puts the origin: near the rows; the mean of the means if not given.

    Raises
    ------
    ValueError
        If a covariance is not positive definite.
    """

    def __init__(self, mixture: Mixture, dtype: np.dtype[Any], origin: Doubles | None = None) -> None:
        n_components, d = mixture.means.shape
        self.mixture = mixture
        self._dtype = np.dtype(np.float64) if mixture.kind == "tied" else dtype
        self._own_means = np.ascontiguousarray(mixture.means, dtype)
        self._means64 = self._own_means.astype(np.float64)
        self._origin = self._means64.mean(axis=0) if origin is None else origin
        factors = precision_factors(mixture)
        self._turn = factors
        self._turn_back = np.linalg.inv(factors) if mixture.kind == "tied" else factors
        with np.errstate(divide="ignore"):
            self._log_weights = np.log(mixture.weights)
        self._constants = self._log_weights - 0.5 * (d * LOG_2PI + log_determinants(mixture, factors))
        centres = self._turned(self._own_means) if mixture.kind == "tied" else self._own_means
        width = _filled_up(d)
        self._means = _padded(centres, (n_components, width), self._dtype)
        if mixture.kind == "full":
            self._factors = _padded(factors, (n_components, width, width), self._dtype)
        else:
            with np.errstate(over="ignore"):
                precisions = np.ones((n_components, d)) if mixture.kind == "tied" else 1.0 / variances(mixture)
            columns = (width, _filled_up(n_components))
            self._columns = _padded(centres.T, columns, self._dtype)
            self._precisions = _padded(precisions.T, columns, self._dtype)
        per_row = max(1, d * work_per_row(mixture.kind, n_components, d))
        self._lanes = 192 if per_row < 2**18 else 48
        self._piece = max(1, PIECE_WORK // (per_row * self._lanes)) * self._lanes

    def logs(self, block: Floats) -> Doubles:
        """log wₖ + log N(x; μₖ, Σₖ) of each row and component: (b, K)."""
        return self._rows(block, self._constants, True)

    def distances(self, block: Floats) -> Doubles:
        """Mahalanobis distances (b, K) over what is observed of each row.

        Raises
        ------
        ValueError
            If a row is so far away that its squared distance overflows.
        """
        squared = -2.0 * self._rows(block, np.zeros(len(self._constants)), False)
        _check(squared)
        return np.asarray(np.sqrt(squared))

    def responsibilities(self, block: Floats) -> tuple[Doubles, Doubles]:
        """Responsibilities (b, K) and log p(x) (b,).

        Raises
        ------
        ValueError
            If a row is so far away that its density is zero to the computer.
        """
        shares = self.logs(block)
        densities, labels = np.empty(len(block)), np.empty(len(block), np.int32)
        normalise_rows(shares, np.empty((shares.shape[1], 192)), np.empty((3, 192)), densities, labels)
        _check(densities)
        return shares, densities

    def gather(self, block: Floats, weights: Doubles, gaps: bool, stop: StopToken) -> Statistics:
        """The E-step over a block of rows; `weights` may be empty, `gaps` says whether values may be missing."""
        if gaps:
            lacking = np.isnan(block).any(axis=1)
            if lacking.any():
                own = weights[~lacking] if weights.size else weights
                found = self._gather_complete(np.ascontiguousarray(block[~lacking]), own, stop)
                own = weights[lacking] if weights.size else weights
                return found + self._gather_incomplete(block[lacking], own, stop)
        return self._gather_complete(block, weights, stop)

    def gather_shares(self, block: Floats, shares: Doubles, stop: StopToken) -> Statistics:
        """Statistics under responsibilities that are given: `shares` (b, K), weights already in them."""
        kind, d = self.mixture.kind, block.shape[1]
        found = no_statistics(kind, *self._means64.shape)
        step = max(1, PIECE_WORK // (64 * d * (d if kind in ("full", "tied") else len(self._constants))))
        for first in range(0, len(block), step):
            stop.check()
            self._add_shares(block[first : first + step], shares[first : first + step], found)
        return found

    def _gather_complete(self, block: Floats, weights: Doubles, stop: StopToken) -> Statistics:
        kind = self.mixture.kind
        n_components, width = self._means.shape
        shape = (n_components, width, width) if kind == "full" else (n_components, width)
        counts, sums, squares = np.zeros(n_components), np.zeros((n_components, width)), np.zeros(shape)
        densities, labels = np.empty(len(block)), np.empty(len(block), np.int32)
        scratch = self._scratch()
        for first in range(0, len(block), self._piece):
            stop.check()
            here = slice(first, first + self._piece)
            rows = block[here] if kind != "tied" else self._turned(block[here])
            own = weights[here] if weights.size else weights
            moments = (densities[here], labels[here], counts, sums, squares)
            fixed = frozen(self._constants)
            if kind == "full":
                scaled = np.empty_like(scratch.panel)
                triangular_step(
                    frozen(rows), frozen(own), frozen(self._means), frozen(self._factors), fixed, scratch.panel, scaled,
                    scratch.lengths, scratch.logs, scratch.lanes, *moments
                )  # fmt: skip
            else:
                diagonal_step(
                    frozen(rows), frozen(own), frozen(self._means), frozen(self._columns), frozen(self._precisions),
                    fixed, scratch.panel, scratch.lengths, scratch.logs, scratch.lanes, *moments
                )  # fmt: skip
        _check(densities)
        d = block.shape[1]
        squares = squares[:, :d, :d] if kind == "full" else squares[:, :d]
        sums = sums[:, :d]
        if kind == "tied":
            sums, squares = self._turned_back(counts, sums)
        likelihood, error = self._scores(block, weights, densities, labels)
        return Statistics(counts, sums, squares, likelihood, error)

    def _gather_incomplete(self, block: Floats, weights: Doubles, stop: StopToken) -> Statistics:
        n_components, d = self._means64.shape
        order = _by_gaps(block)
        found = no_statistics(self.mixture.kind, n_components, d)
        likelihood, error = 0.0, 0.0
        dense = self.mixture.kind in ("full", "tied")
        step = max(1, PIECE_WORK // (8 * n_components * d * (d * d // 3 + 4 * d if dense else 8)))
        for first in range(0, len(block), step):
            stop.check()
            here = order[first : first + step]
            rows, own = np.ascontiguousarray(block[here]), weights[here] if weights.size else weights
            shares, densities = self.responsibilities(rows)
            scores = self._scores(rows, own, densities, shares.argmax(axis=1).astype(np.int32))
            likelihood, error = likelihood + scores[0], error + scores[1]
            self._add_shares(rows, shares * own[:, None] if own.size else shares, found)
        return Statistics(found.counts, found.sums, found.squares, likelihood, error)

    def _add_shares(self, rows: Floats, shares: Doubles, found: Statistics) -> None:
        """Add to `found` in place."""
        rows, shares = frozen(np.ascontiguousarray(rows)), frozen(np.ascontiguousarray(shares))
        d, means = rows.shape[1], frozen(self._means64)
        if self.mixture.kind in ("full", "tied"):
            scratch = (np.empty(d, np.int64), np.empty((1, d, d)), np.empty(d), np.empty(d))
            covariances = frozen(np.ascontiguousarray(dense_covariances(self.mixture)))
            squares = found.squares.reshape(-1, d, d)
            add_dense(rows, shares, means, covariances, *scratch, found.counts, found.sums, squares)
        else:
            own = frozen(np.ascontiguousarray(variances(self.mixture)))
            add_axes(rows, shares, means, own, found.counts, found.sums, found.squares)

    def _rows(self, block: Floats, constants: Doubles, normed: bool) -> Doubles:
        """constant − ½ squared distance (b, K), whatever is missing."""
        out = np.empty((len(block), len(constants)))
        lacking = np.isnan(block).any(axis=1)
        if not lacking.any():
            self._complete_rows(block, constants, out)
            return out
        complete = np.empty((int(np.count_nonzero(~lacking)), len(constants)))
        self._complete_rows(np.ascontiguousarray(block[~lacking]), constants, complete)
        out[~lacking] = complete
        rows = np.flatnonzero(lacking)
        rows = rows[_by_gaps(block[rows])]
        out[rows] = self._incomplete_rows(np.ascontiguousarray(block[rows]), normed)
        return out

    def _complete_rows(self, block: Floats, constants: Doubles, out: Doubles) -> None:
        scratch, fixed = self._scratch(), frozen(constants)
        if self.mixture.kind == "full":
            triangular_rows(
                frozen(block), frozen(self._means), frozen(self._factors), fixed, scratch.panel, scratch.lengths,
                scratch.logs, out
            )  # fmt: skip
        else:
            rows = block if self.mixture.kind != "tied" else self._turned(block)
            diagonal_rows(
                frozen(rows), frozen(self._columns), frozen(self._precisions), fixed, scratch.panel, scratch.lengths,
                scratch.logs, out
            )  # fmt: skip

    def _incomplete_rows(self, rows: Floats, normed: bool) -> Doubles:
        n_components, d = self._means64.shape
        out = np.empty((len(rows), n_components))
        means, log_weights = frozen(self._means64), frozen(self._log_weights)
        if self.mixture.kind in ("full", "tied"):
            covariances = frozen(np.ascontiguousarray(dense_covariances(self.mixture)))
            scratch = (np.empty(d, np.int64), np.empty((n_components, d, d)), np.empty(d), np.empty(n_components))
            dense_logs(frozen(rows), means, covariances, log_weights, normed, *scratch, out)
        else:
            own = frozen(np.ascontiguousarray(variances(self.mixture)))
            axis_logs(frozen(rows), means, own, log_weights, normed, out)
        return out

    def _turned(self, block: Floats) -> Doubles:
        """Pᵀ(x − origin) of the rows, under which the tied covariance is a sphere."""
        return np.ascontiguousarray((block.astype(np.float64) - self._origin) @ self._turn)

    def _turned_back(self, counts: Doubles, sums: Doubles) -> tuple[Doubles, Doubles]:
        """Sums (K, d) of x − μ, and what the second moments about the means have beside those about the origin."""
        sums = sums @ self._turn_back
        m = self._means64 - self._origin
        cross = (sums + 0.5 * counts[:, None] * m).T @ m
        return sums, -cross - cross.T

    def _scores(self, rows: Floats, weights: Doubles, densities: Doubles, labels: Labels) -> tuple[float, float]:
        squared = np.empty(len(rows))
        squared_to_own(frozen(rows), frozen(self._own_means), frozen(labels), squared)
        lacking = np.isnan(squared)
        if lacking.any():
            gaps = rows[lacking].astype(np.float64) - self._means64[labels[lacking]]
            squared[lacking] = np.nansum(gaps * gaps, axis=1)
        if weights.size:
            return float(np.sum(weights * densities)), float(np.sum(weights * squared))
        return float(np.sum(densities)), float(np.sum(squared))

    def _scratch(self) -> _Scratch:
        n_components, width = self._means.shape
        lanes = self._lanes
        outputs = 1 if self.mixture.kind == "full" else _filled_up(n_components)
        return _Scratch(
            np.empty((width, lanes), self._dtype),
            np.empty((outputs, lanes), self._dtype),
            np.empty((n_components, lanes)),
            np.empty((3, lanes)),
        )


@dataclass(frozen=True)
class _Scratch:
    panel: Floats
    lengths: Floats
    logs: Doubles
    lanes: Doubles


def second_moments(block: Floats, weights: Doubles, origin: Doubles) -> Doubles:
    """Σ (x − origin)(x − origin)ᵀ over the complete rows of a block, weighted: (d, d)."""
    kept = ~np.isnan(block).any(axis=1)
    centred = block[kept].astype(np.float64) - origin
    weighted = centred * weights[kept, None] if weights.size else centred
    return np.asarray(weighted.T @ centred)


def _by_gaps(rows: Floats) -> NDArray[np.intp]:
    """An order in which rows that lack the same columns follow one another."""
    return np.lexsort(np.packbits(np.isnan(rows), axis=1).T)


def _check(densities: Doubles) -> None:
    if not np.all(np.isfinite(densities)):
        raise ValueError(
            "A row of X lies so far from every component that its density is zero to the computer: scale the columns."
        )


def _filled_up(n: int) -> int:
    return -(-n // 4) * 4


def _padded(values: Floats, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Floats:
    """The values in the low corner of zeros; raises ValueError where they are too large for `dtype`."""
    out = np.zeros(shape, dtype)
    with np.errstate(over="ignore"):
        out[tuple(slice(n) for n in values.shape)] = values
    if not np.all(np.isfinite(out)):
        raise ValueError(f"A variance is so small that its inverse is infinite in {dtype}: scale the columns.")
    return out
