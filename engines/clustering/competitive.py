"""Sequential competitive learning, epoch by epoch, as a learner; its scikit-learn face lives in `online`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engines.assignment import Assignment, assigned
from engines.base import generator_from_state, generator_state
from engines.clustering.prototype_learner import BasePosition, PrototypeLearner, shift_between
from engines.held import held
from engines.kernels.abreast import lay_out
from engines.kernels.exact import frozen
from engines.kernels.lanes import untiled
from engines.kernels.sequential import present
from engines.resuming import counts_of, resumed_prototypes
from engines.rows import ArrayRows
from engines.training import State, StopToken

Floats = NDArray[Any]
Rate = Literal["hyperbolic", "exponential", "macqueen"]

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


@dataclass(frozen=True, kw_only=True)
class Position(BasePosition):
    """Where a training stands after an epoch; `wins` (K,) is the weight of all rows shown that each prototype won."""

    found: Assignment
    wins: NDArray[np.float64]

    def arrays(self) -> Mapping[str, Floats]:
        return {**super().arrays(), "wins": self.wins}


class Competition(PrototypeLearner[Plan, Position]):
    """Each step is an epoch: every row of positive weight once, in an order of its own, then the assignment."""

    KEPT: ClassVar[tuple[str, ...]] = (*PrototypeLearner.KEPT, "wins")

    _held: ArrayRows

    def start(self, stop: StopToken) -> None:
        self._look(stop)
        rng = generator_from_state(self._first_rng)
        prototypes = self._seeded(self._sample, rng, stop)
        self._at = Position(
            prototypes=prototypes,
            wins=np.zeros(len(prototypes)),
            found=self._assigned(prototypes, stop),
            rng=generator_state(rng),
            validation_error=self._validation_error(prototypes, stop),
        )

    def step(self, stop: StopToken) -> None:
        at, plan = self._at, self._plan
        rng = generator_from_state(at.rng)
        prototypes, wins = epoch(
            self._held.array, self._weights, at.prototypes, at.wins, plan.schedule, at.iteration, rng, stop
        )
        shift = shift_between(at.prototypes, prototypes)
        settled = self._is_small(shift, plan.tol)
        self._at = Position(
            iteration=at.iteration + 1,
            prototypes=prototypes,
            wins=wins,
            found=self._assigned(prototypes, stop),
            shift=shift,
            settled=settled,
            rng=generator_state(rng),
            validation_error=self._validation_error(prototypes, stop),
            message="converged" if settled else "",
        )

    def load_state(self, state: State) -> None:
        prototypes = resumed_prototypes(state, self._rows, self._plan.n_prototypes)
        stop = StopToken()
        self._look(stop)
        resumed = self._resumed(state, prototypes, self._assigned(prototypes, stop))
        resumed["wins"] = counts_of(state, "wins", len(prototypes))
        self._at = Position(**resumed)

    def _look(self, stop: StopToken) -> None:
        self._rows = self._held = held(self._rows, stop)
        super()._look(stop)

    def _figures(self) -> dict[str, float]:
        figures, schedule = super()._figures(), self._plan.schedule
        if schedule.rate != "macqueen":
            figures["rate"] = float(schedule.at(self._at.iteration))
        return figures

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
