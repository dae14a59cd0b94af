"""Our engines on a case of the LVQ benchmark: L-BFGS, and Adam on all rows; in the rows' own float type."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from child import Case, Library, answer

sys.path.insert(0, str(Path(__file__).parents[3]))

import engines
from engines.lvq.distance_cost import DistanceProblem
from engines.training import StopToken


def library(case: Case) -> Library:
    threads = int(os.environ["OMP_NUM_THREADS"])
    common = {"prototypes_per_class": case.per_class, "init": case.start, "random_state": 0, "n_jobs": threads}
    if case.engine == "MedianLVQ":
        median = engines.MedianLVQ(transfer="identity", **common)

        def search(n_sweeps: int) -> tuple[int, np.ndarray]:
            model = median.set_params(max_iter=n_sweeps).fit(case.X, case.y)
            return model.n_iter_, model.prototypes_

        return Library("", trainings={"": search})
    common |= {"transfer": "sigmoid", "beta": 2.0, "tol": 0.0, "patience": 10**6, "restore_best": False}
    if case.engine == "GMLVQ":
        common |= {"log_det": 0.0, "metric_warmup": 0}
    model = getattr(engines, case.engine)(**common)
    learner: Any = model._learner(case.X, case.y, None, None)
    arrays = learner._problem.start(learner._data, np.random.default_rng(0), StopToken())

    def evaluate() -> float:
        return learner._problem.evaluate(arrays, learner._data, StopToken(), by=frozenset(arrays)).cost

    def training(solver: str) -> Any:
        def train(n_updates: int) -> tuple[int, np.ndarray]:
            before = Counted.n_evaluations
            model.set_params(solver=solver, max_iter=n_updates).fit(case.X, case.y)
            return Counted.n_evaluations - before, model.prototypes_

        return train

    return Library("", evaluate, {name: training(name) for name in ("adam", "lbfgs")})


class Counted:
    """Evaluations of any cost, counted in this process."""

    n_evaluations = 0
    plain = DistanceProblem.evaluate

    def evaluate(self: Any, *arguments: Any, **named: Any) -> Any:
        Counted.n_evaluations += 1
        return Counted.plain(self, *arguments, **named)


DistanceProblem.evaluate = Counted.evaluate


if __name__ == "__main__":
    answer(library)
