"""k-means on random batches, as a learner; its scikit-learn face lives in `minibatch`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engines.assignment import Assignment, assigned
from engines.base import generator_from_state, generator_state
from engines.blocks import block_bounds, map_blocks
from engines.clustering.prototype_learner import BasePosition, PrototypeLearner, shift_between
from engines.distortion import squared_errors
from engines.kernels.exact import add_rows, frozen
from engines.kernels.nearest import Codebook
from engines.resuming import counts_of, resumed_prototypes
from engines.rows import ArrayRows, DerivedRows, RowSource, SelectedRows
from engines.survey import NO_WEIGHTS
from engines.training import State, StopToken

Floats = NDArray[Any]

ROUND_ROWS = 2**15
"""Rows that the batches between two snapshots hold together; never more than there are."""
MEASURED_ROWS = 2**14
"""Rows, or 8 a prototype if that is more, among which prototypes start and on which costs are measured."""


@dataclass(frozen=True)
class Plan:
    """What is asked of the training.

    Attributes
    ----------
    max_iter : int
        Most passes, in rows drawn over rows there are.
    tol : float
        Share of the cost by which a round must improve on the best before it.
    patience : int
        Rounds without such improvement that end the training.
    reassignment_ratio : float
        Prototypes that have won less than this share of the most winning one's are placed anew.
    """

    n_clusters: int
    batch_size: int
    max_iter: int
    tol: float
    patience: int
    reassignment_ratio: float
    n_jobs: int


@dataclass(frozen=True, kw_only=True)
class Position(BasePosition):
    """Where a training stands after a round.

    Attributes
    ----------
    found : Assignment
        Labels of the measured rows, with cost and counts of all, estimated from these; of all rows where the training
        is at its end.
    n_steps : int
        Batches done.
    wins : (K,) float64
        Weight of all rows each prototype has learned from.
    best : float
        Lowest cost so far, and n_idle the rounds since it fell by more than `tol`.
    """

    found: Assignment
    n_steps: int = 0
    wins: NDArray[np.float64]
    best: float
    n_idle: int = 0
    n_reassigned: int = 0

    def arrays(self) -> Mapping[str, Floats]:
        return {**super().arrays(), "wins": self.wins}


class Batches(PrototypeLearner[Plan, Position]):
    """Each step is a round of batches, after which the cost is measured; the last one labels all rows."""

    KEPT: ClassVar[tuple[str, ...]] = (*PrototypeLearner.KEPT, "n_steps", "wins", "best", "n_idle", "n_reassigned")

    _eligible: NDArray[np.int64] | None
    _n_eligible: int
    _most_steps: int
    _steps_a_round: int
    _measured: _Measured

    def start(self, stop: StopToken) -> None:
        self._look(stop)
        rng = generator_from_state(self._first_rng)
        few, n_few = None, max(MEASURED_ROWS, 8 * self._plan.n_clusters)
        if self._n_eligible > n_few:
            few = np.sort(self._numbered(rng.choice(self._n_eligible, n_few, replace=False)))
        measured = self._measured = self._to_measure(few, stop)
        sample = replace(
            self._sample, rows=measured.rows, weights=measured.weights, mass=self._sample.mass / measured.factor
        )
        prototypes = self._seeded(sample, rng, stop)
        found = self._found(prototypes, False, stop)
        self._at = Position(
            prototypes=prototypes,
            wins=np.zeros(len(prototypes)),
            found=found,
            best=found.cost,
            rng=generator_state(rng),
            validation_error=self._validation_error(prototypes, stop),
        )

    def step(self, stop: StopToken) -> None:
        at, plan = self._at, self._plan
        rng = generator_from_state(at.rng)
        prototypes, wins, n_reassigned = self._reassigned(at, rng, stop)
        n_steps = min(at.n_steps + self._steps_a_round, self._most_steps)
        for _ in range(at.n_steps, n_steps):
            drawn = np.sort(self._numbered(rng.integers(self._n_eligible, size=plan.batch_size)))
            weights = None if self._weights is None else self._weights[drawn]
            batch = self._chosen(drawn, stop)
            prototypes, wins = learned(batch, weights, prototypes, wins, plan.n_jobs, stop)
        found = self._found(prototypes, False, stop)
        n_idle = 0 if found.cost < at.best * (1.0 - plan.tol) else at.n_idle + 1
        settled = n_idle >= plan.patience
        if (settled or n_steps >= self._most_steps) and self._measured.index is not None:
            found = self._found(prototypes, True, stop)
        self._at = Position(
            iteration=at.iteration + 1,
            n_steps=n_steps,
            prototypes=prototypes,
            wins=wins,
            found=found,
            best=min(at.best, found.cost),
            n_idle=n_idle,
            n_reassigned=n_reassigned,
            shift=shift_between(at.prototypes, prototypes),
            settled=settled,
            rng=generator_state(rng),
            validation_error=self._validation_error(prototypes, stop),
            message="converged" if settled else "",
        )

    @property
    def finished(self) -> bool:
        return self._at.settled or self._at.n_steps >= self._most_steps

    def state(self) -> State:
        state = super().state()
        if self._measured.index is not None:
            state["measured"] = self._measured.index
        return state

    def load_state(self, state: State) -> None:
        prototypes = resumed_prototypes(state, self._rows, self._plan.n_clusters)
        stop = StopToken()
        self._look(stop)
        few = state.get("measured")
        self._measured = self._to_measure(None if few is None else np.asarray(few), stop)
        at_end = bool(state["settled"]) or state["n_steps"] >= self._most_steps
        resumed = self._resumed(state, prototypes, self._found(prototypes, at_end, stop))
        resumed["wins"] = counts_of(state, "wins", len(prototypes))
        self._at = Position(**resumed)

    def fitted(self) -> Mapping[str, Any]:
        fitted = {**super().fitted(), "n_steps_": self._at.n_steps}
        if len(fitted["labels_"]) < self._rows.shape[0]:
            del fitted["labels_"]
        return fitted

    @property
    def _n_iterations(self) -> int:
        return -(-self._most_steps // self._steps_a_round)

    def _figures(self) -> dict[str, float]:
        at = self._at
        passes = at.n_steps * self._plan.batch_size / self._n_eligible
        return {**super()._figures(), "n_reassigned": float(at.n_reassigned), "passes": passes}

    def _look(self, stop: StopToken) -> None:
        super()._look(stop)
        self._eligible = None if self._weights is None else np.flatnonzero(self._weights)
        n = self._n_eligible = self._rows.shape[0] if self._eligible is None else len(self._eligible)
        self._most_steps = self._plan.max_iter * -(-n // self._plan.batch_size)
        self._steps_a_round = max(1, min(ROUND_ROWS, n) // self._plan.batch_size)

    def _numbered(self, drawn: NDArray[np.int64]) -> NDArray[np.int64]:
        """Numbers of rows from numbers among those of positive weight."""
        return drawn if self._eligible is None else self._eligible[drawn]

    def _chosen(self, index: NDArray[np.int64], stop: StopToken) -> SelectedRows:
        """Some rows; `stop` is looked at before each read of a source."""
        rows = self._rows
        return SelectedRows(rows if isinstance(rows, ArrayRows) else _Heeding(rows, stop), index)

    def _to_measure(self, index: NDArray[np.int64] | None, stop: StopToken) -> _Measured:
        if index is None:
            return _Measured(None, self._rows, self._weights, 1.0)
        rows = ArrayRows(self._chosen(index, stop).read(0, len(index)))
        weights = None if self._weights is None else self._weights[index]
        mass = len(index) if weights is None else float(weights.sum())
        return _Measured(index, rows, weights, self._sample.mass / mass)

    def _found(self, prototypes: Floats, everywhere: bool, stop: StopToken) -> Assignment:
        """The assignment of all rows, or of the measured ones with counts and cost of all that follow from it."""
        measured, n_jobs = self._measured, self._plan.n_jobs
        if everywhere:
            return assigned(self._rows, self._weights, prototypes, n_jobs=n_jobs, stop=stop)
        found = assigned(measured.rows, measured.weights, prototypes, n_jobs=n_jobs, stop=stop)
        return replace(found, counts=found.counts * measured.factor, cost=found.cost * measured.factor)

    def _reassigned(
        self, at: Position, rng: np.random.Generator, stop: StopToken
    ) -> tuple[Floats, NDArray[np.float64], int]:
        """Starved prototypes put on measured rows that are drawn in proportion to their squared distance.

        They take over the least wins of the others, so that they move no faster than these.
        """
        starved = at.wins < self._plan.reassignment_ratio * at.wins.max()
        measured = self._measured
        if not starved.any():
            return at.prototypes, at.wins, 0
        chances = squared_errors(measured.rows, at.prototypes, n_jobs=self._plan.n_jobs, stop=stop)
        chances = chances if measured.weights is None else measured.weights * chances
        n_wanted = int(min(np.count_nonzero(starved), np.count_nonzero(chances)))
        if n_wanted == 0:
            return at.prototypes, at.wins, 0
        drawn = rng.choice(len(chances), n_wanted, replace=False, p=chances / chances.sum())
        where = np.flatnonzero(starved)[:n_wanted]
        prototypes, wins = at.prototypes.copy(), at.wins.copy()
        prototypes[where] = SelectedRows(measured.rows, drawn).read(0, n_wanted)
        wins[where] = at.wins[~starved].min()
        return prototypes, wins, n_wanted


def learned(
    batch: RowSource,
    weights: NDArray[np.float64] | None,
    prototypes: Floats,
    wins: NDArray[np.float64],
    n_jobs: int,
    stop: StopToken,
) -> tuple[Floats, NDArray[np.float64]]:
    """One batch (b, d): each prototype moves to the mean of all the rows that it has learned from, these included.

    Rows are assigned to `prototypes` (K, d) as they were before the batch; then, one row after another,
    w ← w + (x − w) / wins after wins ← wins + 1 (Sculley 2010, algorithm 1), which is taken in one step.

    Returns
    -------
    prototypes : (K, d), new
    wins : (K,) float64, new
    """
    n, d = batch.shape
    codebook = Codebook(prototypes)

    def one(block: Floats, start: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        stop.check()
        labels = np.empty(len(block), np.int32)
        codebook.label(block, labels)
        own = NO_WEIGHTS if weights is None else weights[start : start + len(block)]
        sums, masses = np.zeros(prototypes.shape), np.zeros(len(prototypes))
        add_rows(frozen(block), frozen(own), frozen(labels), sums, masses)
        return sums, masses

    bounds = block_bounds(n, d, batch.dtype.itemsize, len(prototypes))
    if len(bounds) == 1:
        sums, masses = one(batch.read(0, n), 0)
    else:
        sums, masses = np.zeros(prototypes.shape), np.zeros(len(prototypes))
        for part in map_blocks(batch, one, bounds, n_jobs=n_jobs, stop=stop):
            sums += part[0]
            masses += part[1]
    wins = wins + masses
    shares = np.where(masses > 0, 1.0 / np.where(wins > 0, wins, 1.0), 0.0)
    moved = prototypes + shares[:, None] * (sums - masses[:, None] * prototypes)
    return moved.astype(prototypes.dtype), wins


@dataclass(frozen=True)
class _Measured:
    """Rows on which the cost is measured; without an index, all. `factor` makes their cost one of all."""

    index: NDArray[np.int64] | None
    rows: RowSource
    weights: NDArray[np.float64] | None
    factor: float


@dataclass(frozen=True, eq=False)
class _Heeding(DerivedRows):
    """A source that can be stopped between any two reads: a batch may take a thousand of them."""

    stop: StopToken

    def read(self, start: int, stop: int) -> Floats:
        self.stop.check()
        return self.source.read(start, stop)
