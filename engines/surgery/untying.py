"""Maps, whose units the grid ties to one another in a fixed number, go on as codebooks that may be operated on."""

from __future__ import annotations

from engines.base import Engine
from engines.catalog import EngineInfo
from engines.clustering.kmeans import KMeans
from engines.maps.som import SOM
from engines.surgery.parts import is_operable

TIED: dict[str, str] = {SOM.__name__: KMeans.__name__}
"""Engines with prototypes on a grid, and those that the same prototypes can go on with."""


def can_go_on(info: EngineInfo) -> bool:
    """Whether `going_on` takes models of such an engine."""
    return info.name in TIED or is_operable(info.estimator())


def untied(model: Engine) -> Engine:
    """`model` itself, or for a map a KMeans with its units as prototypes, in their order.

    Both give each row the same prototype, at the same distance; what the map counted is kept. Lloyd's algorithm is
    the batch map's for a neighbourhood of width 0 (Kohonen, "Self-Organizing Maps", 2001, section 3.7), so training on
    is what the map would tend to if its units let go of one another.
    """
    if not isinstance(model, SOM):
        return model
    made = KMeans(
        len(model.prototypes_),
        init=model.prototypes_.copy(),
        random_state=model.random_state,
        n_jobs=model.n_jobs,
    )
    made.adopt({name: getattr(model, name).copy() for name in KMeans.FITTED})
    made.n_features_in_ = model.n_features_in_
    if hasattr(model, "feature_names_in_"):
        made.feature_names_in_ = model.feature_names_in_.copy()
    return made
