"""Scenes of runs, as they are now or were at a recorded moment, and of data alone."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from engines.training import Snapshot
from workbench.views.moments import moments_of
from workbench.views.others import others_of
from workbench.views.scene import NOTHING_LEARNED, Scene
from workbench.views.scene_rows import EveryRow, Patches
from workbench.views.siblings import siblings_of
from workbench.views.when import When, recorded_near

if TYPE_CHECKING:
    from workbench.session import Dataset, Run


def scene_of(run: Run, *, max_rows: int = 5000, when: When | None = None) -> Scene | None:
    """What there is to see of `run` now, or at the recorded snapshot nearest to `when`; None while there is none."""
    return _scene_on(run.dataset.as_of(run.dataset.correction), max_rows, run, when)


def at_snapshot(scene: Scene, snapshot: Snapshot, when: When | None) -> Scene:
    """What `scene` was at a recorded snapshot, where other runs are to be looked at as they were at `when`."""
    of_it = scene.threshold is not None and scene.threshold.iteration == snapshot.iteration
    return replace(scene, snapshot=snapshot, when=when, threshold=scene.threshold if of_it else None)


def _scene_on(data: Dataset, max_rows: int, run: Run, when: When | None) -> Scene | None:
    """What there is to see of `run` beside `data`, its dataset with the corrections of one moment."""
    snapshot = run.latest
    if snapshot is None:
        return None
    newest = replace(
        _data_alone(data, max_rows),
        engine=run.engine,
        parameters=dict(run.arguments),
        snapshot=snapshot,
        history=dict(run.history),
        name=run.name,
        stability=run.stability,
        find_siblings=siblings_of(run),
        find_others=lambda: others_of(
            run, data.n_features, (data.correction, data.is_sealed, max_rows), partial(_scene_on, data, max_rows)
        ),
        find_moments=partial(moments_of, run),
        threshold=run.threshold,
    )
    recorded = None if when is None else recorded_near(run, when)
    return newest if recorded is None else at_snapshot(newest, recorded, when)


def scene_of_data(data: Dataset, *, max_rows: int = 5000) -> Scene | None:
    """What there is to see of `data` before anything is learned; None of dissimilarities, which lie nowhere."""
    return None if data.kind == "dissimilarity" else _data_alone(data.as_of(data.correction), max_rows)


def _data_alone(data: Dataset, max_rows: int) -> Scene:
    recipe = data.recipe
    original = tuple(str(name) for name in data.raw_names)
    return Scene(
        engine=NOTHING_LEARNED,
        parameters={},
        snapshot=Snapshot(0, None, math.nan),
        history={},
        sample=data.sample(max_rows),
        every=EveryRow(
            data.every_row, data.codes, np.asarray(data.split), data.at, data.raw, data.shown, data.n_sealed
        ),
        feature_names=tuple(str(name) for name in recipe.feature_names),
        original_names=original,
        units=data.raw_units,
        notes=data.notes,
        feature_notes=data.raw_notes if any(data.raw_notes) else (),
        classes=tuple(data.classes),
        image_shape=data.image_shape,
        to_original=recipe.inverse,
        name=data.name,
        kind=data.kind,
        patches=Patches(lambda: data.places, recipe.inverse, recipe.recipe.contrast) if data.is_patches else None,
    )
