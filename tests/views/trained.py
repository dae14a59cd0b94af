"""Scenes of every engine of the catalog, trained for a few steps on the data of another scene; no tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Any

import numpy as np

from engines import catalog, engine_info
from tests.views.scenes import SCENES
from workbench.views import Scene

PARAMETERS: dict[str, dict[str, Any]] = {
    "SOM": {"shape": (4, 5), "topology": "hexagonal"},
    "GaussianMixture": {"n_components": 3},
    "ProductQuantizer": {"n_bits": 2},
    "OptimizedProductQuantizer": {"n_bits": 2},
    "ResidualQuantizer": {"n_bits": 2},
    "HierarchicalVQ": {"n_coarse": 3, "n_fine": 3},
}
"""What makes an engine small; the rest take their count and the trial of the catalog."""


@cache
def trained(engine: str, base: str, steps: int = 3) -> Scene:
    """`engine` after some steps on the rows of the scene `base`; of "matrices", if it takes nothing else."""
    base = base if "table" in engine_info(engine).data_kinds else "matrices"
    return trained_with(engine, base, {}, steps)


def trained_with(engine: str, base: str, parameters: Mapping[str, Any], steps: int = 3) -> Scene:
    """The same with these parameters too."""
    info, scene = engine_info(engine), SCENES[base]()
    arguments = {**info.trial, **PARAMETERS.get(engine, {}), **({info.count: 3} if info.count else {}), **parameters}
    known = {parameter.name for parameter in info.parameters}
    arguments |= {"random_state": 0} if "random_state" in known else {}
    model = info.estimator(**arguments)
    rows = np.array(scene.sample.X)
    labels = None
    if info.supervised:
        labels = np.asarray(scene.classes)[np.maximum(np.asarray(scene.sample.codes), 0)]
    training = model.train(rows, labels)
    *_, snapshot = islice(training, steps + 1)
    history = {name: np.asarray(values) for name, values in training.history.items()}
    return replace(
        scene, engine=info, parameters=arguments, snapshot=snapshot, history=history, name=f"{engine} on {base}"
    )


ENGINES = tuple(info.name for info in catalog())
