"""Fitted models as flat states and as files: safetensors for arrays, JSON for the rest, never pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes
from sklearn.utils.validation import check_is_fitted

from engines.base import Engine, plain_parameters
from engines.catalog import engine_info
from engines.parameters import check_all
from engines.training import State

FORMAT = 1


def dump(model: Engine) -> State:
    """A fitted model as a flat dict of arrays and JSON values: what a project and a model file hold.

    Raises
    ------
    NotFittedError
        If there is nothing learned to keep.
    """
    check_is_fitted(model)
    state: State = {"engine": type(model).__name__, "format": FORMAT}
    for name, value in plain_parameters(model).items():
        state["parameter." + name] = value
    names = [n for n in vars(model) if n.endswith("_") and not n.startswith("_")]
    for name in names:
        value = getattr(model, name)
        if name == "history_":
            value = {metric: np.asarray(column).tolist() for metric, column in value.items()}
        state["fitted." + name] = value.item() if isinstance(value, np.generic) else value
    return state


def restore(state: Mapping[str, Any]) -> Engine:
    """The fitted model that `dump` described.

    Raises
    ------
    ValueError
        If the state is of no known engine, of a newer format, or lacks or garbles what a model needs.
    """
    try:
        version = int(state.get("format", 0))
    except (TypeError, ValueError):
        raise ValueError(f"The model is damaged: its format is {state['format']!r}.") from None
    if version > FORMAT:
        raise ValueError(f"The model has format {version}, but this version reads up to {FORMAT}: use a newer version.")
    try:
        info = engine_info(str(state.get("engine")))
    except KeyError as error:
        raise ValueError(str(error.args[0])) from None
    model = info.estimator()
    parameters = _named(state, "parameter.")
    unknown = sorted(parameters.keys() - model.get_params(deep=False).keys())
    if unknown:
        raise ValueError(f"The model is damaged, or of a newer version: {info.name} has no parameter {unknown[0]!r}.")
    model.set_params(**parameters)
    check_all(model)
    fitted = _named(state, "fitted.")
    history = fitted.get("history_", {})
    missing = [name for name in ("n_features_in_", *model.FITTED) if name not in fitted]
    if missing or not isinstance(history, Mapping):
        raise ValueError(f"The model is damaged: {', '.join(missing) or 'history_'} of the {info.name} is not there.")
    fitted["history_"] = {metric: np.asarray(column) for metric, column in history.items()}
    model.adopt(fitted)
    return model


def _named(state: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)}


def save(model: Engine, path: str | os.PathLike[str]) -> None:
    """Write a fitted model as one safetensors file that `load` reads back bit for bit.

    The file appears whole or not at all: it is written beside its place and moved there.
    """
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    values: dict[str, Any] = {}
    for name, value in dump(model).items():
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
            arrays[name] = np.ascontiguousarray(value)
        elif isinstance(value, np.ndarray):
            values[name] = {"__strings__": value.tolist(), "object": value.dtype.kind == "O"}
        else:
            values[name] = value
    target = Path(path)
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(to_bytes(arrays, metadata={"vq-workbench": json.dumps(values)}))
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> Engine:
    """Read a model that `save` wrote.

    Raises
    ------
    ValueError
        If the file is no model, or is damaged.
    FileNotFoundError
        If there is none.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"There is no model file {str(path)!r}.")
    try:
        with safe_open(str(path), framework="numpy") as file:
            values = json.loads((file.metadata() or {})["vq-workbench"])
            state: State = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        for name, value in values.items():
            if isinstance(value, dict) and "__strings__" in value:
                value = np.array(value["__strings__"], dtype=object if value["object"] else None)
            state[name] = value
    except (SafetensorError, OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{str(path)!r} is not a model file of this program, or is damaged ({reason}).") from None
    return restore(state)
