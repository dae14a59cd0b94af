"""The other runs on the same data whose prototypes can be laid beside those of a run, at the same moment of theirs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from workbench.views.moments import no_moments
from workbench.views.when import When

if TYPE_CHECKING:
    from workbench.session import Run
    from workbench.views.scene import Scene

_MOST_KEPT = 4
"""Scenes of one run; who goes to and fro between moments finds them again."""


@dataclass(frozen=True, eq=False)
class OtherRun:
    """Another run on the same data, looked at when it is needed.

    Attributes
    ----------
    name, engine : str
        Of the run; of its engine, for programs.
    n_prototypes : int
        As it stands now.
    look : callable
        Gives its scene on the same sample: at the recorded snapshot nearest to a moment, or at its newest for None.
    """

    name: str
    engine: str
    n_prototypes: int
    look: Callable[[When | None], Scene]


Make = Callable[["Run", When | None], "Scene | None"]
"""Makes the scene of a run at a moment, or at its newest snapshot; None while there is no snapshot."""


def others_of(run: Run, width: int, basis: tuple[int, bool, int], make: Make) -> tuple[OtherRun, ...]:
    """The other listed runs on the dataset of `run` whose prototypes have `width` features.

    `basis` is the correction of the data, whether their test part is sealed, and the size of the sample that `make`
    makes scenes with.
    """
    found = []
    for other in run.peers():
        shape = _shape_of(other)
        if shape is not None and shape[1] == width:
            found.append(OtherRun(other.name, other.engine.name, shape[0], partial(_look, other, basis, make)))
    return tuple(found)


_looked: WeakKeyDictionary[Run, dict[object, Scene]] = WeakKeyDictionary()
_looking = threading.Lock()


def _look(run: Run, basis: tuple[int, bool, int], make: Make, when: When | None) -> Scene:
    """The scene of a run that others are compared with; the same one while there is no newer snapshot or correction.

    It knows neither other runs nor what was before, so nothing in it keeps the run, nor scenes of scenes.
    """
    with _looking:
        kept = _looked.setdefault(run, {})
        key = run.edition, run.sequence, run.active, basis, when
        scene = kept.pop(key, None)
        if scene is None:
            made = make(run, when)
            assert made is not None  # it had prototypes
            scene = replace(made, find_siblings=tuple, find_others=tuple, find_moments=no_moments)
        kept[key] = scene  # the last one is the one asked for last
        while len(kept) > _MOST_KEPT:
            del kept[next(iter(kept))]
        return scene


_shapes: WeakKeyDictionary[Run, tuple[tuple[int, int], tuple[int, int] | None]] = WeakKeyDictionary()
_measuring = threading.Lock()


def _shape_of(run: Run) -> tuple[int, int] | None:
    """How many prototypes `run` has, and of how many features; None where it has none. Read once a snapshot."""
    latest = run.latest
    if latest is None:
        return None
    moment = run.edition, latest.iteration
    with _measuring:
        known = _shapes.get(run)
    if known is None or known[0] != moment:
        prototypes = latest.make_arrays().get("prototypes")  # not `arrays`, which would keep them all
        shape = None if prototypes is None else (len(prototypes), int(np.prod(prototypes.shape[1:])))
        known = moment, shape
        with _measuring:
            _shapes[run] = known
    return known[1]
