"""All rows of large data in a plane, of which the sample is a small part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.views.scene import Array, Scene, per_sample

MOST_POINTS = 5000
"""More rows than this are shown as a density image."""
MOST_CROWDED = 20_000_000
"""Of more rows only the sample is shown: their places would take more than 160 MB."""

MOST_KEPT = 4
"""Planes of one sample that are remembered; there are as many as pairs of features."""


@dataclass(frozen=True, eq=False)
class Crowd:
    """Where all rows lie.

    Attributes
    ----------
    points : (n, 2) float32
        NaN for dropped rows and for those in which something is missing that the plane needs.
    codes : (n,) int
        Class codes; -1 for none.
    limits : (left, right, bottom, top)
        Of those that lie somewhere, without a margin.
    """

    points: NDArray[np.float32]
    codes: Array
    limits: tuple[float, float, float, float]


def crowd_in(scene: Scene, plane: object, place: Callable[[Array], NDArray[np.float64]]) -> Crowd | None:
    """All rows where `place` lays them out; None where they are few enough to be drawn, or far too many.

    `plane` tells planes apart, all of which must belong to the sample: every row is read, once while the plane is
    among those looked at last.
    """
    if scene.sample.n_total <= MOST_POINTS or len(scene.every.kept) > MOST_CROWDED:
        return None
    known = _crowds(scene)
    found = known.pop(plane) if plane in known else _gather(scene, place)
    known[plane] = found  # the last one is the one asked for last
    while len(known) > MOST_KEPT:
        del known[next(iter(known))]
    return found


@per_sample
def _crowds(scene: Scene) -> dict[object, Crowd | None]:
    return {}


def _gather(scene: Scene, place: Callable[[Array], NDArray[np.float64]]) -> Crowd | None:
    points = np.full((len(scene.every.kept), 2), np.nan, np.float32)
    for block in scene.blocks():
        kept = scene.every.kept[block.start : block.start + len(block.X)]
        points[block.start : block.start + len(kept)][kept] = place(block.X[kept])
    points[~np.isfinite(points).all(axis=1)] = np.nan
    if np.isnan(points[:, 0]).all():
        return None
    (left, bottom), (right, top) = np.nanmin(points, axis=0).tolist(), np.nanmax(points, axis=0).tolist()
    codes = np.full(len(points), -1) if scene.every.codes is None else scene.every.codes
    return Crowd(points, codes, (left, right, bottom, top))
