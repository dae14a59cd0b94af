"""What the gradient learner asks of a cost: where to start, cost and gradient at a point, the model at a point."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.lvq.labels import LabelledRows
from engines.optimize import Arrays
from engines.training import State, StopToken


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Cost, and share of rows that are classified right, at one point; the gradient by the arrays asked for."""

    cost: float
    accuracy: float
    gradient: Arrays = field(default_factory=dict)


class Problem(ABC):
    """A cost over labelled rows, as a function of a few named float64 arrays without units.

    What `start` finds out of the data (origin, scale) stays in the problem and goes into `state`.
    """

    @property
    def metric_names(self) -> frozenset[str]:
        """Arrays that belong to the metric; all others place prototypes."""
        return frozenset()

    @abstractmethod
    def start(self, data: LabelledRows, rng: np.random.Generator, stop: StopToken) -> dict[str, NDArray[np.float64]]:
        """The arrays at iteration 0."""

    @abstractmethod
    def evaluate(self, arrays: Arrays, data: LabelledRows, stop: StopToken, *, by: Collection[str]) -> Evaluation:
        """Cost at `arrays`, and its gradient by the arrays that `by` names."""

    @abstractmethod
    def normalise(self, arrays: Mapping[str, NDArray[np.float64]]) -> None:
        """Bring `arrays`, in place, to the form in which the metric has trace 1; the cost does not change."""

    @abstractmethod
    def model(self, arrays: Arrays) -> dict[str, NDArray[Any]]:
        """Fitted attributes by name, with underscore: fresh arrays."""

    @abstractmethod
    def shown(self, model: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Further arrays for views, made of a model's."""

    @abstractmethod
    def check(self, arrays: Arrays) -> None:
        """Raise ValueError unless `arrays`, taken from a state, have the shapes that `start` gives."""

    @abstractmethod
    def state(self) -> State:
        """What `start` found out."""

    @abstractmethod
    def load_state(self, state: State) -> None:
        """Take it up in place of `start`."""
