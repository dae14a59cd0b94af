"""Neural gas, epoch by epoch, as learners: the batch step and the sequential one; the face lives in `neural_gas`."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.base import generator_from_state, generator_state
from engines.blocks import block_bounds, map_blocks
from engines.clustering.prototype_learner import BasePosition, PrototypeLearner, shift_between
from engines.held import held
from engines.kernels.abreast import lay_out
from engines.kernels.exact import Labels, frozen
from engines.kernels.gas import gas_scratch, present_ranked, pull_sums, pulls, rank_rows
from engines.kernels.lanes import untiled
from engines.resuming import resumed_prototypes
from engines.survey import NO_WEIGHTS, Sample
from engines.training import Snapshot, State, StopToken

Floats = NDArray[Any]

PIECE_WORK = 2**23
"""Multiply-adds and comparisons between two looks at a stop token: milliseconds."""
PIECE_ROWS = 512
WIDE = 2
"""Where more than one rank in so many matters, the sums are a matrix product; else they are added up one by one."""


@dataclass(frozen=True)
class Annealing:
    """How neighbourhood λ and rate ε fall over `epochs`: as start · (end / start)^(t / epochs), then they stay."""

    epochs: int
    neighbourhood: tuple[float, float]
    rate: tuple[float, float]

    def share(self, t: Any) -> NDArray[np.float64]:
        """How much of the way is done after `t` epochs, by elements."""
        t = np.asarray(t, np.float64)
        return np.minimum(1.0, t / self.epochs) if self.epochs else np.ones_like(t)

    def neighbourhood_at(self, t: Any) -> NDArray[np.float64]:
        return _between(self.neighbourhood, self.share(t))

    def rate_at(self, t: Any) -> NDArray[np.float64]:
        return _between(self.rate, self.share(t))


def _between(ends: tuple[float, float], share: NDArray[np.float64]) -> NDArray[np.float64]:
    start, end = ends
    return np.asarray(np.where(share < 1.0, start * (end / start) ** share, end))


@dataclass(frozen=True)
class Plan:
    """What is asked of the gas; `tol` is relative to the mean column variance."""

    n_prototypes: int
    annealing: Annealing
    max_iter: int
    tol: float
    n_jobs: int


@dataclass(frozen=True)
class Ranking:
    """Rows under K prototypes.

    Attributes
    ----------
    labels : (n,) int32
    counts : (K,) float64
        Weight of the rows nearest to each prototype.
    cost : float
        J: the weighted sum of squared distances to the nearest prototype.
    energy : float
        Σₙ Σᵢ h(kᵢ(xₙ)) ‖xₙ − wᵢ‖² over Σₖ h(k): J where λ is small.
    sums : (K, d) float64
        Σₙ h x, and masses (K,) are Σₙ h: their quotients are the next prototypes of the batch step.
    """

    labels: Labels
    counts: NDArray[np.float64]
    cost: float
    energy: float
    sums: NDArray[np.float64]
    masses: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Position(BasePosition):
    """Where a training stands after an epoch."""

    found: Ranking


def strengths(neighbourhood: float, n_prototypes: int, dtype: np.dtype[Any]) -> NDArray[np.float64]:
    """h(k) = exp(−k/λ) of the ranks (R,) that matter: those where it is not below the precision's ε."""
    with np.errstate(over="ignore", under="ignore"):
        h: NDArray[np.float64] = np.exp(-np.arange(n_prototypes) / neighbourhood)
    return np.asarray(h[h >= np.finfo(dtype).eps])


class Gas(PrototypeLearner[Plan, Position]):
    """What both modes share; each step is one epoch, and a snapshot tells of prototypes their own cost."""

    def start(self, stop: StopToken) -> None:
        self._look(stop)
        rng = generator_from_state(self._first_rng)
        prototypes = self._seeded(self._sample, rng, stop)
        found = self._ranked(prototypes, 0, stop)
        if not np.isfinite(found.energy):
            raise ValueError("Input X contains values so large that their squared distances overflow: scale them.")
        error = self._validation_error(prototypes, stop)
        self._at = Position(prototypes=prototypes, found=found, rng=generator_state(rng), validation_error=error)

    def step(self, stop: StopToken) -> None:
        at, plan = self._at, self._plan
        rng = generator_from_state(at.rng)
        prototypes = self._moved(at, rng, stop)
        found = self._ranked(prototypes, at.iteration + 1, stop)
        step = replace(at, iteration=at.iteration + 1, rng=generator_state(rng))
        annealed = at.iteration >= plan.annealing.epochs
        if annealed and found.energy > at.found.energy and self.never_rises:
            # the means, rounded to the data's precision, are no better than what was there
            self._at = replace(step, shift=0.0, settled=True, message="at rounding precision")
            return
        shift = shift_between(at.prototypes, prototypes)
        settled = annealed and self._is_small(shift, plan.tol)
        self._at = replace(
            step,
            prototypes=prototypes,
            found=found,
            shift=shift,
            settled=settled,
            validation_error=self._validation_error(prototypes, stop),
            message="converged" if settled else "",
        )

    never_rises = False
    """Whether the energy cannot rise while λ stays as it is."""

    @abstractmethod
    def _moved(self, at: Position, rng: np.random.Generator, stop: StopToken) -> Floats:
        """The prototypes after one more epoch."""

    def snapshot(self) -> Snapshot:
        return replace(super().snapshot(), cost=self._at.found.energy)

    def load_state(self, state: State) -> None:
        prototypes = resumed_prototypes(state, self._rows, self._plan.n_prototypes)
        stop = StopToken()
        self._look(stop)
        found = self._ranked(prototypes, state["iteration"], stop)
        self._at = Position(**self._resumed(state, prototypes, found))

    def _figures(self) -> dict[str, float]:
        neighbourhood = float(self._plan.annealing.neighbourhood_at(self._at.iteration))
        return {"neighbourhood": neighbourhood, **super()._figures()}

    def _ranked(self, prototypes: Floats, t: float, stop: StopToken) -> Ranking:
        h = strengths(float(self._plan.annealing.neighbourhood_at(t)), len(prototypes), prototypes.dtype)
        return ranked(self._sample, prototypes, h, stop, summed=self.never_rises)


class BatchGas(Gas):
    """w_i ← Σₙ h(k_i(xₙ)) xₙ / Σₙ h(k_i(xₙ)), all at once."""

    never_rises = True

    def _moved(self, at: Position, rng: np.random.Generator, stop: StopToken) -> Floats:
        sums, masses = at.found.sums, at.found.masses
        reached = masses > 0
        means = sums / np.where(reached, masses, 1.0)[:, None]
        moved: Floats = np.where(reached[:, None], means, at.prototypes).astype(self._rows.dtype)
        return moved


class OnlineGas(Gas):
    """w_i ← w_i + ε(t) h(k_i(x)) (x − w_i), for all i, one row after another in an order new for each epoch."""

    def _look(self, stop: StopToken) -> None:
        self._rows = held(self._rows, stop)
        super()._look(stop)

    def _moved(self, at: Position, rng: np.random.Generator, stop: StopToken) -> Floats:
        X, weights, annealing = self._rows.read(0, self._rows.shape[0]), self._weights, self._plan.annealing
        order = rng.permutation(len(X) if weights is None else np.flatnonzero(weights))
        shown = np.ones(len(order)) if weights is None else weights[order]
        passed = np.cumsum(shown)
        t = at.iteration + (passed - shown) / passed[-1]
        rates = annealing.rate_at(t)
        with np.errstate(under="ignore"):
            falls = np.exp(-1.0 / annealing.neighbourhood_at(t))
        own = NO_WEIGHTS if weights is None else shown
        groups, starts = lay_out(at.prototypes)
        scratch = gas_scratch(len(at.prototypes), X.dtype)
        ranks, pulled = np.empty(len(at.prototypes), np.intp), np.zeros_like(starts)
        n_rows = _piece(*at.prototypes.shape)
        least = float(np.finfo(X.dtype).eps)
        for first in range(0, len(order), n_rows):
            stop.check()
            here = slice(first, first + n_rows)
            rows, at_weights = frozen(X.take(order[here], axis=0)), frozen(own[here])
            present_ranked(
                rows,
                at_weights,
                frozen(rates[here]),
                frozen(falls[here]),
                least,
                groups,
                frozen(starts),
                ranks,
                pulled,
                scratch,
            )
        return untiled(groups, len(at.prototypes))


def ranked(sample: Sample, prototypes: Floats, h: NDArray[np.float64], stop: StopToken, *, summed: bool) -> Ranking:
    """Rank `prototypes` (K, d) for every row, with strengths `h` (R,); sums and masses are empty unless `summed`."""
    rows, weights = sample.rows, sample.weights
    n, d = rows.shape
    n_prototypes, dtype = len(prototypes), rows.dtype
    groups, starts = (frozen(array) for array in lay_out(prototypes))
    fixed, strong = frozen(prototypes), frozen(h)
    labels = np.empty(n, np.int32)
    n_ranks = min(n_prototypes, max(2, len(h)))
    # two sums of d squares, and the root that the exact distance is rounded after
    doubt, floor = 4.0 * (d + 8) * float(np.finfo(dtype).eps), 4.0 * d * float(np.finfo(dtype).tiny)
    n_rows = _piece(n_prototypes, d)
    n_summed = n_prototypes if summed else 0

    def one(block: Floats, start: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        sums, masses, told = np.zeros((n_summed, d)), np.zeros(n_summed), np.zeros(n_prototypes + 2)
        scratch = gas_scratch(n_prototypes, dtype)
        for first in range(0, len(block), n_rows):
            stop.check()
            piece = frozen(block[first : first + n_rows])
            here = slice(start + first, start + first + len(piece))
            own = frozen(NO_WEIGHTS if weights is None else weights[here])
            squared, energies = np.empty(len(piece)), np.empty(len(piece))
            order = np.empty((len(piece), n_ranks), np.intp)
            rank_rows(
                piece, fixed, groups, starts, strong, doubt, floor, labels[here], squared, energies, order, scratch
            )
            mass = np.ones(len(piece)) if weights is None else own
            told[:-2] += np.bincount(labels[here], mass, n_prototypes)
            told[-2:] += np.sum(mass * squared), np.sum(mass * energies)
            if not summed:
                continue
            if len(h) * WIDE < n_prototypes:
                pull_sums(piece, own, order, strong, sums, masses)
            else:
                pull = np.empty((len(piece), n_prototypes))
                pulls(own, order, strong, pull)
                sums += pull.T @ piece.astype(np.float64)
                masses += pull.sum(axis=0)
        return sums, masses, told

    sums, masses, told = np.zeros((n_summed, d)), np.zeros(n_summed), np.zeros(n_prototypes + 2)
    bounds = block_bounds(n, d, dtype.itemsize, n_prototypes)
    for part in map_blocks(rows, one, bounds, n_jobs=sample.n_jobs, stop=stop):
        sums += part[0]
        masses += part[1]
        told += part[2]
    return Ranking(labels, told[:-2], float(told[-2]), float(told[-1]) / float(h.sum()), sums, masses)


def _piece(n_prototypes: int, d: int) -> int:
    """Rows between two looks at a stop token."""
    return max(1, min(PIECE_ROWS, PIECE_WORK // (n_prototypes * (d + n_prototypes // 8 + 1))))
