"""What learning a map by batches and row by row share: start, end, snapshots, states; not how units move."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.base import generator_from_state, generator_state
from engines.blocks import block_bounds
from engines.clustering.starts import Seeder
from engines.maps.grid import Grid
from engines.maps.neighbourhood import Kind, Neighbourhood
from engines.maps.schedule import Schedule
from engines.maps.winners import Winners, winners
from engines.rows import RowSource
from engines.survey import Sample, survey
from engines.training import Learner, Snapshot, State, StopToken

Floats = NDArray[Any]

FARTHEST = 1e6
"""Units farther from the mean than this many times the rows' spread have diverged."""

Validator = Callable[[Floats, StopToken], float]
"""Tells the error of prototypes (M, d) on rows that are not learned from."""


@dataclass(frozen=True)
class Plan:
    """What is asked of the map.

    Attributes
    ----------
    rate : Schedule or None
        Of the learning rate; None for batches.
    tol : float
        Squared shift of all prototypes that counts as none, relative to the mean column variance.
    n_jobs : int
        Threads, resolved.
    """

    grid: Grid
    kind: Kind
    sigma: Schedule
    rate: Schedule | None
    max_iter: int
    tol: float
    n_jobs: int

    def neighbourhood(self, epoch: int) -> Neighbourhood:
        """As it is in epoch `epoch`, counted from 0."""
        return Neighbourhood(self.kind, self.sigma.at(epoch), self.grid)

    def settled(self, epoch: int) -> bool:
        """Whether neighbourhood and rate stay what they are in this epoch."""
        return self.sigma.settled(epoch) and (self.rate is None or self.rate.settled(epoch))


@dataclass(frozen=True)
class Position:
    """Where a training stands: replaced as a whole by each epoch.

    Attributes
    ----------
    iteration : int
        Epochs done.
    prototypes : (M, d), in the data's precision
    found : Winners
        Of all rows under exactly these prototypes.
    shift : float
        Euclidean, of all prototypes over the last epoch.
    n_changed : int
        Rows whose best unit is another than before the epoch.
    rng : dict
        State of the random generator after this epoch.
    """

    iteration: int
    prototypes: Floats
    found: Winners
    shift: float
    n_changed: int
    settled: bool
    rng: Mapping[str, Any]
    validation_error: float | None
    message: str = ""


def escaped(sample: Sample, before: Floats, after: Floats) -> bool:
    """Whether units that were at `before` are no numbers any more, or far from the rows and on their way out."""
    then, now = (float(np.abs(units.astype(np.float64) - sample.mean).max()) for units in (before, after))
    return not np.isfinite(now) or now > max(FARTHEST * float(np.sqrt(sample.variance.sum())), 2 * then)


class Unfolding(Learner):
    """Each step is an epoch: the units move, then all rows find their winners anew.

    A small shift ends the training only once the neighbourhood and the rate have come to their ends.
    """

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

    @abstractmethod
    def _moved(self, at: Position, rng: np.random.Generator, stop: StopToken) -> Floats:
        """New prototypes after epoch number `at.iteration`; those of `at` stay as they are."""

    def start(self, stop: StopToken) -> None:
        self._look(stop)
        rng = generator_from_state(self._first_rng)
        prototypes = np.ascontiguousarray(self._seed(self._sample, rng, stop), self._rows.dtype)
        self._at = Position(
            iteration=0,
            prototypes=prototypes,
            found=self._winners(prototypes, stop),
            shift=float("nan"),
            n_changed=0,
            settled=False,
            rng=generator_state(rng),
            validation_error=self._validate and self._validate(prototypes, stop),
        )

    def step(self, stop: StopToken) -> None:
        at = self._at
        rng = generator_from_state(at.rng)
        prototypes = self._moved(at, rng, stop)
        if escaped(self._sample, at.prototypes, prototypes):
            message = "diverged: the units leave the data; the epoch before is kept"
            self._at = replace(at, iteration=at.iteration + 1, shift=0.0, n_changed=0, settled=True, message=message)
            return
        # no BLAS here: it would wake threads that then spin for longer than the step takes
        shift = float(np.sqrt(np.sum((prototypes.astype(np.float64) - at.prototypes) ** 2)))
        settled = self._plan.settled(at.iteration) and shift**2 <= self._plan.tol * float(
            np.mean(self._sample.variance)
        )
        found = self._winners(prototypes, stop)
        self._at = Position(
            iteration=at.iteration + 1,
            prototypes=prototypes,
            found=found,
            shift=shift,
            n_changed=int(np.count_nonzero(found.labels != at.found.labels)),
            settled=settled,
            rng=generator_state(rng),
            validation_error=self._validate and self._validate(prototypes, stop),
            message="converged" if settled else "",
        )

    @property
    def finished(self) -> bool:
        return self._at.settled or self._at.iteration >= self._plan.max_iter

    def snapshot(self) -> Snapshot:
        at, plan, found = self._at, self._plan, self._at.found
        (n, d), epoch = self._rows.shape, max(0, self._at.iteration - 1)
        error = found.cost / self._sample.mass
        metrics = {
            "error_per_row": error,
            "error_per_component": error / d,
            "mean_distance": found.mean_distance,
            "topographic_error": found.topographic_error,
            "sigma": plan.sigma.at(epoch),
            "shift": at.shift,
            "changed": at.n_changed / n,
            "n_empty": float(np.count_nonzero(found.counts == 0)),
        }
        if plan.rate is not None:
            metrics["rate"] = plan.rate.at(epoch)
        if at.validation_error is not None:
            metrics["validation_error_per_row"] = at.validation_error
        return Snapshot(at.iteration, plan.max_iter, found.cost, metrics, at.message, lambda: _arrays(at))

    def state(self) -> State:
        at = self._at
        state: State = {name: getattr(at, name) for name in _KEPT}
        return {**state, "rng": dict(at.rng), "cost": at.found.cost, "shape": list(self._rows.shape)}

    def load_state(self, state: State) -> None:
        shape, grid = self._rows.shape, self._plan.grid
        prototypes = np.ascontiguousarray(state["prototypes"], self._rows.dtype)
        if list(state["shape"]) != list(shape) or prototypes.shape != (grid.n_units, shape[1]):
            raise ValueError(
                f"The state to resume has {prototypes.shape[0]} units for data of shape {tuple(state['shape'])}, "
                f"which does not fit a map of {grid.rows} x {grid.cols} units for data of shape {shape}."
            )
        stop = StopToken()
        self._look(stop)
        found = self._winners(prototypes, stop)
        if not np.isclose(found.cost, state["cost"], rtol=1e-6, atol=1e-12 * self._sample.mass):
            raise ValueError("The state to resume was left by a training on other data.")
        kept = {name: state[name] for name in _KEPT if name != "prototypes"}
        self._at = Position(prototypes=prototypes, found=found, rng=state["rng"], **kept)

    def fitted(self) -> Mapping[str, Any]:
        at = self._at
        return {
            "prototypes_": at.prototypes,
            "counts_": at.found.counts,
            "labels_": at.found.labels,
            "inertia_": at.found.cost,
            "mean_distance_": at.found.mean_distance,
            "topographic_error_": at.found.topographic_error,
            "n_iter_": at.iteration,
        }

    def _look(self, stop: StopToken) -> None:
        """A first pass over the rows."""
        n, d = self._rows.shape
        bounds = block_bounds(n, d, self._rows.dtype.itemsize)
        self._sample = survey(self._rows, self._weights, bounds, self._plan.n_jobs, stop)

    def _winners(self, prototypes: Floats, stop: StopToken) -> Winners:
        plan = self._plan
        return winners(self._rows, self._weights, prototypes, plan.grid, n_jobs=plan.n_jobs, stop=stop)


_KEPT = ("iteration", "prototypes", "shift", "n_changed", "settled", "validation_error", "message")


def _arrays(at: Position) -> Mapping[str, Floats]:
    return {"prototypes": at.prototypes, "counts": at.found.counts}
