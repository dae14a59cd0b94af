"""What a file gives a training to start from: a model, or a codebook; how it fits a dataset is `fitting_given`'s."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.base import Engine
from engines.catalog import EngineInfo, engine_info
from workbench.data import Prototypes, read_prototypes
from workbench.data.importing import existing
from workbench.data.prototypes import METRIC
from workbench.session.model_file import ModelFile, read_engine, with_recipe


@dataclass(frozen=True, eq=False)
class Given:
    """What one file holds.

    Attributes
    ----------
    path : Path
    blake2b : str
        Of the file.
    prototypes : Prototypes or None
        None for a model without, such as one of several books.
    engine : Engine or None
        Fitted; None for a codebook.
    model : ModelFile or None
        What else is known of the engine; None for a codebook, or where it was not exported from a project.
    """

    path: Path
    blake2b: str
    prototypes: Prototypes | None
    engine: Engine | None = None
    model: ModelFile | None = None

    @property
    def info(self) -> EngineInfo | None:
        """Of the engine."""
        return None if self.engine is None else engine_info(type(self.engine).__name__)

    @property
    def about(self) -> Mapping[str, Any]:
        """JSON: run, dataset and so on that it comes from, as far as the file tells."""
        if self.model is not None:
            return self.model.about
        return {} if self.prototypes is None else self.prototypes.about

    @property
    def holds(self) -> str:
        """ "model" or "codebook"."""
        return "codebook" if self.engine is None else "model"


def look_into(path: Path | str) -> Given:
    """Read a model file, or a file of prototypes as `workbench.data.read_prototypes` takes it.

    Raises
    ------
    SessionError, DataError
        If it is neither, or damaged; one sentence says why.
    """
    (path,) = existing(path)
    if not _is_model(path):
        prototypes = read_prototypes(path)
        return Given(path, _hash_of(path), prototypes)
    engine = read_engine(path)
    model = with_recipe(engine, path)
    return Given(path, _hash_of(path), _prototypes_of(path, engine, model), engine, model)


def _is_model(path: Path) -> bool:
    """Whether the file is called a model, or begins as one: with the length of its head, which is JSON."""
    if path.suffix.lower() == ".safetensors":
        return True
    if path.is_dir():
        return False
    with path.open("rb") as file:
        head = file.read(9)
    return len(head) == 9 and head[8:] == b"{" and 0 < int.from_bytes(head[:8], "little") <= path.stat().st_size


def _hash_of(path: Path) -> str:
    if path.is_dir():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).hexdigest()


def _prototypes_of(path: Path, engine: Engine, model: ModelFile | None) -> Prototypes | None:
    found: NDArray[Any] | None = getattr(engine, "prototypes_", None)
    if found is None:
        return None
    training = np.asarray(found).reshape(len(found), -1)
    labels = getattr(engine, "prototype_labels_", None)
    grid = getattr(engine, "grid", None)
    d = training.shape[1]
    return Prototypes(
        path.name,
        training if model is None else model.recipe.inverse(training),
        ("",) * d if model is None else model.recipe.names,
        model is not None,
        training,
        None if labels is None else tuple(np.asarray(labels).tolist()),
        metric={name: np.asarray(getattr(engine, name + "_")) for name in METRIC if hasattr(engine, name + "_")},
        grid=None if grid is None else (grid.rows, grid.cols),
        about={} if model is None else model.about,
    )
