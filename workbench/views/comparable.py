"""Which runs can be laid side by side, and which one is; what they tell then is `comparison`'s."""

from __future__ import annotations

import numpy as np

from workbench.views.others import OtherRun
from workbench.views.scene import Scene

MOST_PROTOTYPES = 3000
"""Matching so many takes up to a few seconds, and that grows with their cube."""
_MOST_NAMED = 3


def applies(scene: Scene) -> bool:
    """Whether the prototypes of this run lie among the rows, and another run on the data has such prototypes."""
    return _can(scene) and len(scene.prototypes) <= MOST_PROTOTYPES and bool(offered(scene))


def lacking(scene: Scene) -> str:
    """Why a run with prototypes among the rows cannot be compared, in a sentence; "" where it can, or has none."""
    if not _can(scene) or applies(scene):
        return ""
    if len(scene.prototypes) > MOST_PROTOTYPES:
        return (
            f"{scene.name} has {len(scene.prototypes):,} prototypes. Runs of up to {MOST_PROTOTYPES:,} are compared: "
            "matching more of them takes too long."
        )
    alone = f"{scene.name} is the only run with such prototypes on its data. Train another one to lay beside it."
    return too_large(scene) or f"{alone} Runs on other data have no rows in common with it."


def _can(scene: Scene) -> bool:
    W = scene.snapshot.arrays.get("prototypes")
    return W is not None and bool(scene.prototypes.shape[-1] == np.shape(scene.sample.X)[-1])


def offered(scene: Scene) -> tuple[OtherRun, ...]:
    """The runs that this one can be compared with."""
    return tuple(other for other in scene.others if other.n_prototypes <= MOST_PROTOTYPES)


def too_large(scene: Scene) -> str:
    """A sentence on the runs that have too many prototypes to be compared with; "" where there is none."""
    names = [other.name for other in scene.others if other.n_prototypes > MOST_PROTOTYPES]
    if not names:
        return ""
    named = ", ".join(names[:_MOST_NAMED]) + (
        "" if len(names) <= _MOST_NAMED else f" and {len(names) - _MOST_NAMED} more"
    )
    return f"Not to be compared with, as of more than {MOST_PROTOTYPES:,} prototypes: {named}."


def beside(scene: Scene) -> Scene:
    """The other run to be compared with, at the moment that the scene is of."""
    others = offered(scene)
    by_name = {other.name: other for other in others}
    alike = [other for other in others if other.engine == scene.engine.name]
    return by_name.get(scene.asked, (alike or others)[-1]).look(scene.when)
