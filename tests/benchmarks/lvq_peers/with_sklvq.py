"""sklvq on a case of the LVQ benchmark: gradient descent on all rows, and SciPy's L-BFGS; in float64, its only type."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
from child import Case, Library, answer
from sklearn.utils import check_random_state
from sklvq import GLVQ, GMLVQ


class Counted:
    """An objective that counts how often its cost is asked for."""

    def __init__(self, objective: Any) -> None:
        self._objective = objective
        self.gradient = objective.gradient
        self.n_costs = 0

    def __call__(self, *arguments: Any) -> Any:
        self.n_costs += 1
        return self._objective(*arguments)


def library(case: Case) -> Library:
    class Started({"GLVQ": GLVQ, "GMLVQ": GMLVQ}[case.engine]):
        """Starts at the case's prototypes, for which the library has no parameter."""

        def _init_prototypes(self, X: np.ndarray, y: np.ndarray) -> None:
            super()._init_prototypes(X, y)
            self.set_prototypes(case.start)

        def _init_objective(self) -> None:
            super()._init_objective()
            self._objective = Counted(self._objective)

    def model(solver: str, **solver_params: Any) -> Started:
        return Started(
            activation_type="sigmoid",
            activation_params={"beta": 2},
            solver_type=solver,
            solver_params=solver_params,
            prototype_n_per_class=case.per_class,
        )

    def descent(n_updates: int) -> tuple[int, np.ndarray]:
        """The gradient alone; no cost is computed."""
        found = model("steepest-gradient-descent", max_runs=n_updates, batch_size=0, step_size=1e-5)
        return n_updates, found.fit(case.X, case.y).prototypes_

    def lbfgs(n_updates: int) -> tuple[int, np.ndarray]:
        found = model("limited-memory-bfgs", options={"maxiter": n_updates, "ftol": 0, "gtol": 0})
        found.fit(case.X, case.y)
        return found._objective.n_costs, found.prototypes_

    begun = model("limited-memory-bfgs")
    begun.random_state_ = check_random_state(0)
    X, y = begun._check_data_and_labels(case.X, case.y)
    begun._before_fit(X, y)

    def evaluate() -> float:
        begun._objective.gradient(begun, X, y)
        return float(begun._objective(begun, X, y)) / len(X)

    return Library(version("sklvq"), evaluate, {"gradient descent": descent, "lbfgs": lbfgs})


if __name__ == "__main__":
    answer(library)
