"""Model files: the engine's own file with the recipe added, and the state of a training that has not come to its end.

What makes one of a run is `workbench.reports.model`'s affair.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

import engines
from engines import State
from engines.base import Engine
from workbench.data import FittedRecipe
from workbench.session.errors import SessionError

_KEY = "vq-workbench-recipe"
_RECIPE, _STATE = "recipe.", "state."


@dataclass(frozen=True, eq=False)
class ModelFile:
    """A trained engine with the recipe its rows went through.

    Attributes
    ----------
    engine : Engine
        Fitted; takes rows in training units.
    recipe : FittedRecipe
        Takes raw rows to training units and prototypes back.
    classes : tuple
        Class values of the dataset.
    about : dict
        JSON: run, parameters, dataset, hashes, versions.
    state : dict or None
        Of a training that was stopped, with which `engine.train` goes on as if it had not been.
    """

    engine: Engine
    recipe: FittedRecipe
    classes: tuple[Any, ...]
    about: dict[str, Any]
    state: State | None = None

    @property
    def threshold(self) -> float | None:
        """Rows of less certainty are to be rejected; None where no threshold was kept with the run."""
        kept = self.about.get("reject")
        return None if kept is None else float(kept["threshold"])

    def rejects(self, raw: NDArray[Any]) -> NDArray[np.bool_]:
        """Which raw rows (n, d) are to be rejected, (n,); none without a threshold."""
        from engines.lvq.reject import certainty, rejected

        if self.threshold is None:
            return np.zeros(len(raw), bool)
        sure = certainty(self.engine, self.recipe.transform(raw))
        return rejected(sure, [self.threshold])

    def predict(self, raw: NDArray[Any]) -> NDArray[Any]:
        """What the engine predicts for raw rows (n, d) in original units."""
        return np.asarray(self.engine.predict(self.recipe.transform(raw)))


def save_model(model: ModelFile, path: Path) -> None:
    """Write a model file; `engines.load` and `read_model` read it back, bit for bit."""
    engines.save(model.engine, path)
    with safe_open(str(path), framework="numpy") as file:
        metadata = dict(file.metadata() or {})
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    values: dict[str, Any] = {"classes": list(model.classes), "about": model.about}
    values["recipe"] = _put(arrays, _RECIPE, model.recipe.to_state())
    if model.state is not None:
        values["state"] = _put(arrays, _STATE, model.state)
    metadata[_KEY] = json.dumps(values, ensure_ascii=False)
    path.write_bytes(to_bytes(arrays, metadata=metadata))


def read_model(path: Path | str) -> ModelFile:
    """Read a model file that was exported from a project.

    Raises
    ------
    SessionError
        If there is no such file, or it is no model file with a recipe.
    """
    engine = read_engine(path)
    model = with_recipe(engine, Path(path))
    if model is None:
        raise SessionError(f"{path} carries no recipe: it was not exported from a project.")
    return model


def read_engine(path: Path | str) -> Engine:
    """The engine of a model file, whoever saved it; raises SessionError where there is none."""
    try:
        return engines.load(path)
    except (FileNotFoundError, ValueError) as error:
        raise SessionError(str(error)) from error


def with_recipe(engine: Engine, path: Path) -> ModelFile | None:
    """What else the file of an engine holds; None where it was not exported from a project."""
    try:
        with safe_open(str(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            if _KEY not in metadata:
                return None
            values = json.loads(metadata[_KEY])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        recipe = FittedRecipe.from_state(_taken(arrays, _RECIPE, values["recipe"]))
        state = _taken(arrays, _STATE, values["state"]) if values.get("state") is not None else None
        return ModelFile(engine, recipe, tuple(values["classes"]), dict(values["about"]), state)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise SessionError(f"{path} is damaged: the recipe in it cannot be read ({type(error).__name__}).") from error


def _put(arrays: dict[str, NDArray[Any]], prefix: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """Add the arrays of a state to those of a file; gives the rest, which is JSON, and texts."""
    rest: dict[str, Any] = {}
    for name, value in state.items():
        if isinstance(value, np.ndarray):
            arrays[prefix + name] = np.asarray(value, order="C")
        else:
            rest[name] = value
    return rest


def _taken(arrays: Mapping[str, NDArray[Any]], prefix: str, rest: Mapping[str, Any]) -> dict[str, Any]:
    """The state whose arrays and whose rest these are."""
    return {**rest, **{name[len(prefix) :]: value for name, value in arrays.items() if name.startswith(prefix)}}
