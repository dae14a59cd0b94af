"""What learning a map by batches and row by row share: start, end, snapshots, states; not how units move."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engines.base import generator_from_state, generator_state
from engines.clustering.prototype_learner import BasePosition, PrototypeLearner, shift_between
from engines.maps.grid import Grid
from engines.maps.neighbourhood import Kind, Neighbourhood
from engines.maps.schedule import Schedule
from engines.maps.winners import Winners, winners
from engines.survey import Sample
from engines.training import State, StopToken

Floats = NDArray[Any]

FARTHEST = 1e6
"""Units farther from the mean than this many times the rows' spread have diverged."""


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


@dataclass(frozen=True, kw_only=True)
class Position(BasePosition):
    """Where a training stands after an epoch; `n_changed` rows have another best unit than before it."""

    found: Winners
    n_changed: int = 0


def escaped(sample: Sample, before: Floats, after: Floats) -> bool:
    """Whether units that were at `before` are no numbers any more, or far from the rows and on their way out."""
    then, now = (float(np.abs(units.astype(np.float64) - sample.mean).max()) for units in (before, after))
    return not np.isfinite(now) or now > max(FARTHEST * float(np.sqrt(sample.variance.sum())), 2 * then)


class Unfolding(PrototypeLearner[Plan, Position]):
    """Each step is an epoch: the units move, then all rows find their winners anew.

    A small shift ends the training only once the neighbourhood and the rate have come to their ends.
    """

    KEPT: ClassVar[tuple[str, ...]] = (*PrototypeLearner.KEPT, "n_changed")

    @abstractmethod
    def _moved(self, at: Position, rng: np.random.Generator, stop: StopToken) -> Floats:
        """New prototypes after epoch number `at.iteration`; those of `at` stay as they are."""

    def start(self, stop: StopToken) -> None:
        self._look(stop)
        rng = generator_from_state(self._first_rng)
        prototypes = self._seeded(self._sample, rng, stop)
        self._at = Position(
            prototypes=prototypes,
            found=self._winners(prototypes, stop),
            rng=generator_state(rng),
            validation_error=self._validation_error(prototypes, stop),
        )

    def step(self, stop: StopToken) -> None:
        at = self._at
        rng = generator_from_state(at.rng)
        prototypes = self._moved(at, rng, stop)
        if escaped(self._sample, at.prototypes, prototypes):
            message = "diverged: the units leave the data; the epoch before is kept"
            self._at = replace(at, iteration=at.iteration + 1, shift=0.0, n_changed=0, settled=True, message=message)
            return
        shift = shift_between(at.prototypes, prototypes)
        settled = self._plan.settled(at.iteration) and self._is_small(shift, self._plan.tol)
        found = self._winners(prototypes, stop)
        self._at = Position(
            iteration=at.iteration + 1,
            prototypes=prototypes,
            found=found,
            shift=shift,
            n_changed=int(np.count_nonzero(found.labels != at.found.labels)),
            settled=settled,
            rng=generator_state(rng),
            validation_error=self._validation_error(prototypes, stop),
            message="converged" if settled else "",
        )

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
        self._at = Position(**self._resumed(state, prototypes, found))

    def fitted(self) -> Mapping[str, Any]:
        found = self._at.found
        errors = {"mean_distance_": found.mean_distance, "topographic_error_": found.topographic_error}
        return {**super().fitted(), **errors}

    def _figures(self) -> dict[str, float]:
        at, plan, epoch = self._at, self._plan, max(0, self._at.iteration - 1)
        figures = {
            "mean_distance": at.found.mean_distance,
            "topographic_error": at.found.topographic_error,
            "sigma": plan.sigma.at(epoch),
            "shift": at.shift,
            "changed": at.n_changed / self._rows.shape[0],
            "n_empty": at.n_empty,
        }
        if plan.rate is not None:
            figures["rate"] = plan.rate.at(epoch)
        return figures

    def _winners(self, prototypes: Floats, stop: StopToken) -> Winners:
        plan = self._plan
        return winners(self._rows, self._weights, prototypes, plan.grid, n_jobs=plan.n_jobs, stop=stop)
