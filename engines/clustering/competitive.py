"""Sequential competitive learning, epoch by epoch, as a learner; its scikit-learn face lives in `online`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines.assignment import Assignment, assigned
from engines.base import generator_from_state, generator_state
from engines.blocks import block_bounds
from engines.clustering.starts import Seeder
from engines.held import held
from engines.kernels.abreast import lay_out
from engines.kernels.exact import frozen
from engines.kernels.lanes import untiled
from engines.kernels.sequential import present
from engines.resuming import check_same_data, counts_of, resumed_prototypes
from engines.rows import ArrayRows, RowSource
from engines.survey import Sample, survey
from engines.training import Learner, Snapshot, State, StopToken

Floats = NDArray[Any]
Rate = Literal["hyperbolic", "exponential", "macqueen"]
Validator = Callable[[Floats, StopToken], float]

PIECE_WORK = 2**24
"""Multiply-adds between two looks at a stop token: milliseconds."""
PIECE_NUMBERS = 2**16
"""Numbers that are brought into their order at once: they stay in the second-level cache."""


@dataclass(frozen=True)
class Schedule:
    """The rate α(t), where t counts epochs.

    Attributes
    ----------
    rate : {"hyperbolic", "exponential", "macqueen"}
        α₀ / (1 + βt), α₀ exp(−βt), or 1 over the rows that the prototype has won.
    initial : float
        α₀, above 0 and at most 1.
    decay : float
        β.
    """

    rate: Rate
    initial: float
    decay: float

    def at(self, t: Any) -> NDArray[np.float64]:
        """α(t) by elements; not for MacQueen's rate, which depends on the prototype."""
        t = np.asarray(t, np.float64)
        alpha = 1.0 / (1.0 + self.decay * t) if self.rate == "hyperbolic" else np.exp(-self.decay * t)
        return np.asarray(self.initial * alpha)

    def over(self, t: float, shown: NDArray[np.float64]) -> NDArray[np.float64]:
        """α (n,) of rows of the weights `shown` in turn, from time `t` to t + 1, which passes in proportion to them."""
        before = np.cumsum(shown)
        return self.at(t + (before - shown) / before[-1])


def in_turn(alpha: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """α_w = 1 − (1 − α)^w, by elements: how far w rows of one kind in turn pull what one pulls by α."""
    with np.errstate(divide="ignore"):  # α = 1 gives log 0, and moves all the way
        return np.asarray(-np.expm1(weights * np.log1p(-alpha)))


@dataclass(frozen=True)
class Plan:
    """What is asked of the competition; `tol` is relative to the mean column variance."""

    n_prototypes: int
    schedule: Schedule
    max_iter: int
    tol: float
    n_jobs: int


@dataclass(frozen=True)
class Position:
    """Where a training stands: replaced as a whole by each epoch.

    Attributes
    ----------
    iteration : int
        Epochs done.
    prototypes : (K, d), in the data's precision
    wins : (K,) float64
        Weight of all presentations that each prototype has won.
    found : Assignment
        Of all rows to exactly these prototypes.
    shift : float
        Euclidean, of all prototypes over the last epoch.
    """

    iteration: int
    prototypes: Floats
    wins: NDArray[np.float64]
    found: Assignment
    shift: float
    settled: bool
    rng: Mapping[str, Any]
    validation_error: float | None
    message: str = ""


class Competition(Learner):
    """Each step is an epoch: every row of positive weight once, in an order of its own, then the assignment."""

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
        self._held: ArrayRows
        self._sample: Sample
        self._at: Position

    def start(self, stop: StopToken) -> None:
        self._look(stop)
        rng = generator_from_state(self._first_rng)
        prototypes = np.ascontiguousarray(self._seed(self._sample, rng, stop), self._rows.dtype)
        found = self._assigned(prototypes, stop)
        wins = np.zeros(len(prototypes))
        error = self._validate and self._validate(prototypes, stop)
        self._at = Position(0, prototypes, wins, found, float("nan"), False, generator_state(rng), error)

    def step(self, stop: StopToken) -> None:
        at, plan = self._at, self._plan
        rng = generator_from_state(at.rng)
        prototypes, wins = epoch(
            self._held.array, self._weights, at.prototypes, at.wins, plan.schedule, at.iteration, rng, stop
        )
        shift = float(np.sqrt(np.sum((prototypes.astype(np.float64) - at.prototypes) ** 2)))
        settled = shift**2 <= plan.tol * float(np.mean(self._sample.variance))
        self._at = Position(
            iteration=at.iteration + 1,
            prototypes=prototypes,
            wins=wins,
            found=self._assigned(prototypes, stop),
            shift=shift,
            settled=settled,
            rng=generator_state(rng),
            validation_error=self._validate and self._validate(prototypes, stop),
            message="converged" if settled else "",
        )

    @property
    def finished(self) -> bool:
        return self._at.settled or self._at.iteration >= self._plan.max_iter

    def snapshot(self) -> Snapshot:
        at, plan = self._at, self._plan
        error = at.found.cost / self._sample.mass
        metrics = {
            "error_per_row": error,
            "error_per_component": error / self._rows.shape[1],
            "shift": at.shift,
            "n_empty": float(np.count_nonzero(at.found.counts == 0)),
        }
        if plan.schedule.rate != "macqueen":
            metrics["rate"] = float(plan.schedule.at(at.iteration))
        if at.validation_error is not None:
            metrics["validation_error_per_row"] = at.validation_error
        return Snapshot(at.iteration, plan.max_iter, at.found.cost, metrics, at.message, lambda: _arrays(at))

    def state(self) -> State:
        at = self._at
        state: State = {name: getattr(at, name) for name in _KEPT}
        return {**state, "rng": dict(at.rng), "cost": at.found.cost, "shape": list(self._rows.shape)}

    def load_state(self, state: State) -> None:
        prototypes = resumed_prototypes(state, self._rows, self._plan.n_prototypes)
        stop = StopToken()
        self._look(stop)
        found = self._assigned(prototypes, stop)
        check_same_data(state, found.cost, self._sample.mass)
        kept = {name: state[name] for name in _KEPT}
        kept.update(prototypes=prototypes, wins=counts_of(state, "wins", len(prototypes)))
        self._at = Position(found=found, rng=state["rng"], **kept)

    def fitted(self) -> Mapping[str, Any]:
        at = self._at
        return {
            "prototypes_": at.prototypes,
            "counts_": at.found.counts,
            "wins_": at.wins,
            "labels_": at.found.labels,
            "inertia_": at.found.cost,
            "n_iter_": at.iteration,
        }

    def _look(self, stop: StopToken) -> None:
        self._held = held(self._rows, stop)
        n, d = self._rows.shape
        bounds = block_bounds(n, d, self._rows.dtype.itemsize)
        self._sample = survey(self._held, self._weights, bounds, self._plan.n_jobs, stop)

    def _assigned(self, prototypes: Floats, stop: StopToken) -> Assignment:
        return assigned(self._held, self._weights, prototypes, n_jobs=self._plan.n_jobs, stop=stop)


def epoch(
    X: Floats,
    weights: NDArray[np.float64] | None,
    prototypes: Floats,
    wins: NDArray[np.float64],
    schedule: Schedule,
    t: float,
    rng: np.random.Generator | None,
    stop: StopToken,
) -> tuple[Floats, NDArray[np.float64]]:
    """Present the rows X (n, d) of positive weight once, from time `t` to t + 1.

    They come in an order drawn from `rng`, or in their own where that is None. A row of weight w moves its prototype
    as far as w presentations at its rate would: α_w = 1 − (1 − α)^w. Time passes in proportion to the weights.

    Returns
    -------
    prototypes : (K, d), new
    wins : (K,) float64, new
    """
    order = np.arange(len(X)) if weights is None else np.flatnonzero(weights)
    if rng is not None:
        order = rng.permutation(order)
    shown = np.ones(len(order)) if weights is None else weights[order]
    rates = np.empty(0, X.dtype)
    if schedule.rate != "macqueen":
        alpha = schedule.over(t, shown)
        rates = (alpha if weights is None else in_turn(alpha, shown)).astype(X.dtype)
    groups, starts = lay_out(prototypes)
    wins = wins.copy()
    n_rows = max(1, min(PIECE_WORK // groups.size, PIECE_NUMBERS // X.shape[1]))
    for first in range(0, len(order), n_rows):
        stop.check()
        here = slice(first, first + n_rows)
        rows = X.take(order[here], axis=0)
        present(frozen(rows), frozen(shown[here]), frozen(rates[here]), groups, frozen(starts), wins)
    return untiled(groups, len(prototypes)), wins


_KEPT = ("iteration", "prototypes", "wins", "shift", "settled", "validation_error", "message")


def _arrays(at: Position) -> Mapping[str, Floats]:
    return {"prototypes": at.prototypes, "counts": at.found.counts, "wins": at.wins}
