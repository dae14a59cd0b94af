"""What learners of prototypes share: a first look at the rows, a start, figures and states; not how prototypes move."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from engines.base import generator_state
from engines.blocks import block_bounds
from engines.clustering.starts import Seeder
from engines.kernels.exact import Labels
from engines.resuming import check_same_data
from engines.rows import RowSource
from engines.survey import Sample, survey
from engines.training import Learner, Snapshot, State, StopToken

Floats = NDArray[Any]

Validator = Callable[[Floats, StopToken], float]
"""Tells the error of prototypes (K, d) on rows that are not learned from."""


class BasePlan(Protocol):
    """What is asked of every learner of prototypes; `n_jobs` is resolved."""

    @property
    def max_iter(self) -> int: ...

    @property
    def n_jobs(self) -> int: ...


class Found(Protocol):
    """What is known of the rows under some prototypes: labels (n,), weight of each cell (K,), and J."""

    @property
    def labels(self) -> Labels: ...

    @property
    def counts(self) -> NDArray[np.float64]: ...

    @property
    def cost(self) -> float: ...


@dataclass(frozen=True, kw_only=True)
class BasePosition:
    """Where a training stands: replaced as a whole by each step. Defaults are those of the untrained state.

    Attributes
    ----------
    iteration : int
        Steps done.
    prototypes : (K, d), in the data's precision
    found : Found
        Of all rows under exactly these prototypes.
    shift : float
        Euclidean, of all prototypes over the last step.
    settled : bool
        Whether the training is at its end before the most steps are done.
    rng : mapping
        State of the random generator after this step.
    validation_error : float or None
        Of these prototypes, where there are validation rows.
    """

    iteration: int = 0
    prototypes: Floats
    found: Found
    shift: float = math.nan
    settled: bool = False
    rng: Mapping[str, Any]
    validation_error: float | None
    message: str = ""

    @property
    def n_empty(self) -> float:
        """Prototypes without rows."""
        return float(np.count_nonzero(self.found.counts == 0))

    def arrays(self) -> Mapping[str, Floats]:
        """What a snapshot shows, by name."""
        return {"prototypes": self.prototypes, "counts": self.found.counts}


AnyPlan = TypeVar("AnyPlan", bound=BasePlan)
AnyPosition = TypeVar("AnyPosition", bound=BasePosition)


class PrototypeLearner(Learner, Generic[AnyPlan, AnyPosition]):
    """A learner of prototypes; a subclass tells how they start, move and go on from a state.

    One whose position is not all that it has to tell of, as with restarts, has `state` and `fitted` of its own.

    Parameters
    ----------
    rows : RowSource of shape (n, d)
    weights : (n,) float64 or None
    plan : BasePlan
    seed : Seeder
        Makes the starting prototypes.
    rng : Generator
    validate : Validator, optional
    """

    KEPT: ClassVar[tuple[str, ...]] = ("iteration", "prototypes", "shift", "settled", "validation_error", "message")
    """Fields of the position that a state keeps under their own names; what was found follows from the prototypes."""

    _sample: Sample
    _at: AnyPosition

    def __init__(
        self,
        rows: RowSource,
        weights: NDArray[np.float64] | None,
        plan: AnyPlan,
        seed: Seeder,
        rng: np.random.Generator,
        validate: Validator | None = None,
    ) -> None:
        self._rows, self._weights, self._plan, self._seed, self._validate = rows, weights, plan, seed, validate
        self._first_rng = generator_state(rng)

    @property
    def finished(self) -> bool:
        return self._at.settled or self._at.iteration >= self._plan.max_iter

    def snapshot(self) -> Snapshot:
        at = self._at
        error = at.found.cost / self._sample.mass
        metrics = {"error_per_row": error, "error_per_component": error / self._rows.shape[1], **self._figures()}
        if at.validation_error is not None:
            metrics["validation_error_per_row"] = at.validation_error
        return Snapshot(at.iteration, self._n_iterations, at.found.cost, metrics, at.message, at.arrays)

    def state(self) -> State:
        at = self._at
        kept = {name: getattr(at, name) for name in self.KEPT}
        return {**kept, "rng": dict(at.rng), "cost": at.found.cost, "shape": list(self._rows.shape)}

    def fitted(self) -> Mapping[str, Any]:
        at = self._at
        return {
            **{name + "_": array for name, array in at.arrays().items()},
            "labels_": at.found.labels,
            "inertia_": at.found.cost,
            "n_iter_": at.iteration,
        }

    @property
    def _n_iterations(self) -> int:
        """The most steps there can be."""
        return self._plan.max_iter

    def _figures(self) -> dict[str, float]:
        """Metrics of a snapshot between the errors on the rows and the one on validation rows."""
        return {"shift": self._at.shift, "n_empty": self._at.n_empty}

    def _look(self, stop: StopToken) -> None:
        """A first pass over the rows, before the start or before going on from a state."""
        bounds = block_bounds(*self._rows.shape, self._rows.dtype.itemsize)
        self._sample = survey(self._rows, self._weights, bounds, self._plan.n_jobs, stop)

    def _seeded(self, sample: Sample, rng: np.random.Generator, stop: StopToken) -> Floats:
        """Starting prototypes (K, d) in the data's precision."""
        return np.ascontiguousarray(self._seed(sample, rng, stop), self._rows.dtype)

    def _validation_error(self, prototypes: Floats, stop: StopToken) -> float | None:
        return None if self._validate is None else self._validate(prototypes, stop)

    def _is_small(self, shift: float, tol: float) -> bool:
        """Whether a shift, squared, is at most the share `tol` of the mean column variance."""
        return shift**2 <= tol * float(np.mean(self._sample.variance))

    def _resumed(self, state: State, prototypes: Floats, found: Found) -> dict[str, Any]:
        """Fields of the position that `state` tells of; raises ValueError where it is of other data."""
        check_same_data(state, found.cost, self._sample.mass)
        kept = {name: state[name] for name in self.KEPT}
        return {**kept, "prototypes": prototypes, "found": found, "rng": state["rng"]}


def shift_between(before: Floats, after: Floats) -> float:
    """Euclidean shift of all prototypes (K, d) together."""
    # no BLAS here: it would wake threads that then spin for longer than a step takes
    return float(np.sqrt(np.sum((after.astype(np.float64) - before) ** 2)))
