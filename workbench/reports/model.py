"""Model files: the engine's own file with the recipe added, so that raw rows can be given to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

import engines
from engines.base import Engine
from workbench.data import FittedRecipe
from workbench.reports.codebook import about
from workbench.reports.errors import ReportError
from workbench.reports.learned import Trained, Watch
from workbench.session import Session

_KEY = "vq-workbench-recipe"
_PREFIX = "recipe."


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
    """

    engine: Engine
    recipe: FittedRecipe
    classes: tuple[Any, ...]
    about: dict[str, Any]

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
        sure = certainty(self.engine, self.recipe.transform(raw))  # type: ignore[arg-type]  # classifiers alone have one
        return rejected(sure, [self.threshold])

    def predict(self, raw: NDArray[Any]) -> NDArray[Any]:
        """What the engine predicts for raw rows (n, d) in original units."""
        return np.asarray(self.engine.predict(self.recipe.transform(raw)))


def write_model(session: Session, run: Trained, path: Path, form: str, watch: Watch) -> None:
    """Write the model of `run` to `path`; `engines.load` and `read_model` read it back."""
    engines.save(run.model, path)
    with safe_open(str(path), framework="numpy") as file:
        metadata = dict(file.metadata() or {})
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    values: dict[str, Any] = {"classes": list(run.data.classes), "about": about(run)}
    recipe: dict[str, Any] = {}
    for name, value in run.data.recipe.to_state().items():
        if isinstance(value, np.ndarray):
            arrays[_PREFIX + name] = np.ascontiguousarray(value)
        else:
            recipe[name] = value
    metadata[_KEY] = json.dumps(values | {"recipe": recipe}, ensure_ascii=False)
    path.write_bytes(to_bytes(arrays, metadata=metadata))


def read_model(path: Path | str) -> ModelFile:
    """Read what the export "model" wrote.

    Raises
    ------
    ReportError
        If there is no such file, or it is no model file with a recipe.
    """
    path = Path(path)
    try:
        engine = engines.load(path)
        with safe_open(str(path), framework="numpy") as file:
            values = json.loads((file.metadata() or {})[_KEY])
            names = [name for name in file.keys() if name.startswith(_PREFIX)]  # noqa: SIM118 - no mapping
            arrays = {name[len(_PREFIX) :]: file.get_tensor(name) for name in names}
    except (FileNotFoundError, ValueError) as error:
        raise ReportError(str(error)) from error
    except (SafetensorError, KeyError) as error:
        raise ReportError(f"{path} carries no recipe: it was not exported from a project.") from error
    recipe = FittedRecipe.from_state(values["recipe"] | arrays)
    return ModelFile(engine, recipe, tuple(values["classes"]), values["about"])
