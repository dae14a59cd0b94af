"""The start of a run from what a file holds: the model there is at once, and what there is to see of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engines import EngineInfo, Snapshot
from engines.base import Engine
from workbench.session.branching import start_on
from workbench.session.editions import Start
from workbench.session.evaluation import evaluate
from workbench.session.fitting_given import Fit
from workbench.session.threshold import Threshold

_DERIVED = ("prototypes", "relevance_matrix", "relevance_matrices")
"""What snapshots hold of some engines beside what they are made of."""


def begin(fit: Fit) -> Start:
    """What the run begins with; raises SessionError where it cannot be trained."""
    if fit.how == "anew":
        return start_on(fit.dataset, fit.info, fit.parameters, fit.arrays, fit.engine)
    assert fit.engine is not None
    return _as_it_is(fit, fit.engine)


def name_of(fit: Fit) -> str:
    """What to call the run: as in the project that a model comes from, else by the file."""
    about = {} if fit.given.model is None or fit.engine is None else fit.given.model.about
    return str(about.get("run") or f"{fit.info.name} from {fit.given.path.stem}")


def threshold_of(fit: Fit, start: Start) -> dict[str, Any] | None:
    """JSON of the threshold that a model was exported with, where it is that same model."""
    model = fit.given.model
    kept = None if model is None or fit.engine is None else model.about.get("reject")
    if not kept or not fit.info.supervised:
        return None
    return Threshold(float(kept["threshold"]), kept["chosen_on"], start.snapshot.iteration, 0).to_json()


def told(fit: Fit, start: Start) -> dict[str, Any]:
    """JSON that says what a run starts from: for its record and the log."""
    given = fit.given
    return {
        "file": str(given.path.resolve()),
        "blake2b": given.blake2b,
        "holds": given.holds,
        "how": fit.how,
        "units": fit.units,
        "iteration": start.snapshot.iteration,
    }


def _as_it_is(fit: Fit, engine: Engine) -> Start:
    """A model with the training that it comes from."""
    state = fit.state
    columns = engine.history_ if state is None else state["history"]
    curves = {name: np.asarray(column, np.float64) for name, column in columns.items()}
    figures = evaluate(engine, fit.info, fit.dataset, lambda: False)
    last = {name: float(column[-1]) for name, column in curves.items() if len(column)}
    snapshot = _snapshot(engine, fit.info, last)
    if not last:
        curves = {"iteration": np.zeros(1), "cost": np.full(1, snapshot.cost)}
    metrics = {**snapshot.metrics, "cost": snapshot.cost, **figures}
    known = {name: value for name, value in metrics.items() if math.isfinite(value)}
    return Start(engine, fit.parameters, fit.arrays, snapshot, known, curves, state)


def _snapshot(engine: Engine, info: EngineInfo, last: dict[str, float]) -> Snapshot:
    """The newest moment of a training, whose figures are `last`."""
    names = dict.fromkeys((*(name[:-1] for name in info.estimator.FITTED), *_DERIVED))
    arrays = {name: np.asarray(getattr(engine, name + "_")) for name in names if hasattr(engine, name + "_")}
    metrics = {name: value for name, value in last.items() if name not in ("iteration", "cost")}
    return Snapshot(int(last.get("iteration", 0)), None, last.get("cost", math.nan), metrics, "", lambda: arrays)
