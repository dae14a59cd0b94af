"""sklearn-lvq on a case of the LVQ benchmark: SciPy's L-BFGS, in float64, its only type."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
from child import Case, Library, answer
from sklearn_lvq import GlvqModel, GmlvqModel


def library(case: Case) -> Library:
    kind = {"GLVQ": GlvqModel, "GMLVQ": GmlvqModel}[case.engine]
    moving = {"GLVQ": {}, "GMLVQ": {"lr_prototypes": 1, "lr_relevances": 1}}[case.engine]
    start = np.column_stack([case.start, case.labels]).astype(float)

    class Counting(kind):
        """Counts how often the cost is asked for."""

        n_costs = 0

        def _optfun(self, *arguments: Any, **named: Any) -> Any:
            self.n_costs += 1
            return super()._optfun(*arguments, **named)

    def model(n_updates: int) -> Counting:
        return Counting(
            case.per_class, initial_prototypes=start, max_iter=n_updates, gtol=1e-300, beta=2, random_state=0
        )

    def lbfgs(n_updates: int) -> tuple[int, np.ndarray]:
        """GMLVQ moves the prototypes first, then the metric, then both, so many updates of each."""
        found = model(n_updates).fit(case.X, case.y)
        return found.n_costs, found.w_

    begun = model(1)
    X, y, random = begun._validate_train_parms(case.X, case.y)
    arrays = np.vstack([case.start, np.eye(X.shape[1])]) if moving else case.start
    ours = y[:, None] == case.labels

    def evaluate() -> float:
        cost = begun._optfun(arrays.ravel(), X, ours)
        begun._optgrad(arrays.ravel(), X, ours, random, **moving)
        return float(cost) / len(X)

    return Library(version("sklearn-lvq"), evaluate, {"lbfgs": lbfgs})


if __name__ == "__main__":
    answer(library)
