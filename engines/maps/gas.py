"""Neural gas, epoch by epoch, as learners: the batch step and the sequential one; the face lives in `neural_gas`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.base import generator_from_state, generator_state
from engines.blocks import block_bounds, map_blocks
from engines.clustering.starts import Seeder
from engines.held import held
from engines.kernels.abreast import lay_out
from engines.kernels.exact import Labels, frozen
from engines.kernels.gas import gas_scratch, present_ranked, pull_sums, pulls, rank_rows
from engines.kernels.lanes import untiled
from engines.resuming import check_same_data, resumed_prototypes
from engines.rows import RowSource
from engines.survey import NO_WEIGHTS, Sample, survey
from engines.training import Learner, Snapshot, State, StopToken

Floats = NDArray[Any]
Validator = Callable[[Floats, StopToken], float]

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


@dataclass(frozen=True)
class Position:
    """Where a training stands: replaced as a whole by each epoch."""

    iteration: int
    prototypes: Floats
    found: Ranking
    shift: float
    settled: bool
    rng: Mapping[str, Any]
    validation_error: float | None
    message: str = ""


def strengths(neighbourhood: float, n_prototypes: int, dtype: np.dtype[Any]) -> NDArray[np.float64]:
    """h(k) = exp(−k/λ) of the ranks (R,) that matter: those where it is not below the precision's ε."""
    with np.errstate(over="ignore", under="ignore"):
        h: NDArray[np.float64] = np.exp(-np.arange(n_prototypes) / neighbourhood)
    return np.asarray(h[h >= np.finfo(dtype).eps])


class Gas(Learner):
    """What both modes share; each step is one epoch, and a snapshot tells of prototypes their own cost."""

    def __init__(
        self,
        rows: RowSource,
        weights: NDArray[np.float64] | None,
        plan: Plan,
        seed: Seeder,
        rng: np.random.Generator,
        validate: Validator | None = None,
    ) -> None:
        self._rows, self._weights, self._plan, self._seed, self._validate = rows, weights, plan, seed, validate
        self._first_rng = generator_state(rng)
        self._sample: Sample
        self._at: Position

    def start(self, stop: StopToken) -> None:
        self._look(stop)
        rng = generator_from_state(self._first_rng)
        prototypes = np.ascontiguousarray(self._seed(self._sample, rng, stop), self._rows.dtype)
        found = self._ranked(prototypes, 0, stop)
        if not np.isfinite(found.energy):
            raise ValueError("Input X contains values so large that their squared distances overflow: scale them.")
        error = self._validate and self._validate(prototypes, stop)
        self._at = Position(0, prototypes, found, float("nan"), False, generator_state(rng), error)

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
        shift = float(np.sqrt(np.sum((prototypes.astype(np.float64) - at.prototypes) ** 2)))
        settled = annealed and shift**2 <= plan.tol * float(np.mean(self._sample.variance))
        self._at = replace(
            step,
            prototypes=prototypes,
            found=found,
            shift=shift,
            settled=settled,
            validation_error=self._validate and self._validate(prototypes, stop),
            message="converged" if settled else "",
        )

    never_rises = False
    """Whether the energy cannot rise while λ stays as it is."""

    @abstractmethod
    def _moved(self, at: Position, rng: np.random.Generator, stop: StopToken) -> Floats:
        """The prototypes after one more epoch."""

    @property
    def finished(self) -> bool:
        return self._at.settled or self._at.iteration >= self._plan.max_iter

    def snapshot(self) -> Snapshot:
        at = self._at
        error = at.found.cost / self._sample.mass
        metrics = {
            "error_per_row": error,
            "error_per_component": error / self._rows.shape[1],
            "neighbourhood": float(self._plan.annealing.neighbourhood_at(at.iteration)),
            "shift": at.shift,
            "n_empty": float(np.count_nonzero(at.found.counts == 0)),
        }
        if at.validation_error is not None:
            metrics["validation_error_per_row"] = at.validation_error
        return Snapshot(at.iteration, self._plan.max_iter, at.found.energy, metrics, at.message, lambda: _arrays(at))

    def state(self) -> State:
        at = self._at
        state: State = {name: getattr(at, name) for name in _KEPT}
        return {**state, "rng": dict(at.rng), "cost": at.found.cost, "shape": list(self._rows.shape)}

    def load_state(self, state: State) -> None:
        prototypes = resumed_prototypes(state, self._rows, self._plan.n_prototypes)
        stop = StopToken()
        self._look(stop)
        found = self._ranked(prototypes, state["iteration"], stop)
        check_same_data(state, found.cost, self._sample.mass)
        kept = {**{name: state[name] for name in _KEPT}, "prototypes": prototypes}
        self._at = Position(found=found, rng=state["rng"], **kept)

    def fitted(self) -> Mapping[str, Any]:
        at = self._at
        return {
            "prototypes_": at.prototypes,
            "counts_": at.found.counts,
            "labels_": at.found.labels,
            "inertia_": at.found.cost,
            "n_iter_": at.iteration,
        }

    def _look(self, stop: StopToken) -> None:
        n, d = self._rows.shape
        bounds = block_bounds(n, d, self._rows.dtype.itemsize)
        self._sample = survey(self._rows, self._weights, bounds, self._plan.n_jobs, stop)

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


_KEPT = ("iteration", "prototypes", "shift", "settled", "validation_error", "message")


def _arrays(at: Position) -> Mapping[str, Floats]:
    return {"prototypes": at.prototypes, "counts": at.found.counts}
