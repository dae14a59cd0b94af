"""From which model a branch begins, and what there is to see of it before it trains; storing it is `run_storage`'s."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines import EngineInfo, Snapshot, engine_info
from engines.base import plain_parameters
from workbench.session.checks import engine_arguments
from workbench.session.dataset import Dataset
from workbench.session.editions import Start
from workbench.session.errors import SessionError
from workbench.session.evaluation import evaluate
from workbench.session.run import Run
from workbench.session.worker import rows_for


def begin(run: Run, iteration: int | None) -> tuple[Start | None, int]:
    """What a branch of `run` begins with, and the iteration of the recorded snapshot that this is.

    Parameters
    ----------
    run : Run
    iteration : int or None
        The nearest recorded one is taken; None is the newest.

    Returns
    -------
    Start or None, int
        None where the engine can start from no given model, but where its training state can be copied.

    Raises
    ------
    SessionError
        If nothing is recorded of the run, or the engine can only go on elsewhere, or not at all.
    """
    chosen, newest = recorded(run, iteration)
    if not can_start_anywhere(run.engine):
        _check_state(run, chosen, newest)
        return None, chosen.iteration
    from engines import surgery  # only here: it brings the compiler

    model = run.model() if chosen is newest and run.at_rest else _model_of(run, chosen)
    return start(run, surgery.going_on(model)), chosen.iteration


def start(run: Run, model: Any) -> Start:
    """The start of a training that goes on from `model`, on what `run` learns from; raises as `start_on` does."""
    everything = plain_parameters(model)
    arrays = {name: value for name, value in everything.items() if isinstance(value, np.ndarray)}
    parameters = {name: value for name, value in everything.items() if name not in arrays}
    info = engine_info(type(model).__name__)  # of a map that was untied, another one than that of the run
    return start_on(run.given, info, parameters, arrays, model)


def start_on(
    data: Dataset, info: EngineInfo, parameters: dict[str, Any], arrays: Mapping[str, NDArray[Any]], model: Any = None
) -> Start:
    """The start of a training on `data` with these parameters.

    Parameters
    ----------
    parameters, arrays
        As of `Start`.
    model : fitted engine, optional
        That it goes on from; None is made of what the parameters start from.

    Raises
    ------
    SessionError
        If it cannot be trained, e.g. for want of rows.
    """
    X, y, validation = rows_for(data, info, lambda: False)
    arguments = engine_arguments(info, parameters) | dict(arrays)
    try:
        snapshot = next(info.estimator(**arguments).train(X, y, validation=validation))
    except ValueError as error:
        raise SessionError(str(error)) from None
    shown = snapshot.arrays  # made while the training is there
    snapshot = replace(snapshot, make_arrays=lambda: shown)
    if model is None:
        model = info.estimator.from_arrays(arguments, shown)
    figures = evaluate(model, info, data, lambda: False)
    metrics = {**snapshot.metrics, "cost": snapshot.cost, **figures}
    told = {name: float(value) for name, value in metrics.items() if math.isfinite(value)}  # no shift before a step
    return Start(model, parameters, arrays, snapshot, told)


def recorded(run: Run, iteration: int | None) -> tuple[Snapshot, Snapshot]:
    """The recorded snapshot nearest to `iteration`, or the newest for None, and the newest one.

    The first of them will stay recorded, so that a branch can show where it began.
    """
    found = run.snapshots()
    if not found:
        raise SessionError(f"Run '{run.name}' has nothing recorded yet: wait until it is paused, stopped or finished.")
    newest = found[-1]
    chosen = newest if iteration is None else min(found, key=lambda snapshot: abs(snapshot.iteration - iteration))
    run.branched |= {chosen.iteration}
    return chosen, newest


def can_start_anywhere(info: EngineInfo) -> bool:
    """Whether training can go on from any model that such an engine has come to."""
    from engines.surgery.parts import is_operable  # only here: it brings the compiler

    return is_operable(info.estimator())


def _model_of(run: Run, snapshot: Snapshot) -> Any:
    if not snapshot.arrays:
        raise SessionError(f"Iteration {snapshot.iteration} of run '{run.name}' has just been thinned out: try again.")
    return run.engine.estimator.from_arrays(run.arguments, snapshot.arrays)


def _check_state(run: Run, chosen: Snapshot, newest: Snapshot) -> None:
    """Raise SessionError unless the branch can go on where the training of `run` stands."""
    name = run.engine.name
    if chosen is not newest:
        raise SessionError(
            f"{name} cannot start from a given model, so run '{run.name}' can only be branched where its training "
            f"stands, at iteration {newest.iteration}."
        )
    if run.status == "finished":
        raise SessionError(
            f"{name} cannot start from a given model, and the training of run '{run.name}' has come to its end: "
            "start a new run with other parameters."
        )
    if run.file.state() is None:
        raise SessionError(
            f"{name} cannot start from a given model, and no training state is stored of run '{run.name}': "
            "resume it, and stop it after an iteration."
        )
