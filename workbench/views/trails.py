"""Trails: where the prototypes of a plane were at earlier moments of their run; no plane is fitted for them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from workbench.views.moments import Moment, no_moments, restart_of
from workbench.views.planes import Plane, place_of_moment
from workbench.views.scene import Scene, per_sample
from workbench.views.wording import counted

MOST_MOMENTS = 40
MOST_POINTS = 10_000
"""Points of all trails together, for what can be drawn while a run learns."""
MOST_NUMBERS = 4_000_000
"""Numbers of all prototypes at all moments together, which are kept in memory."""
MOST_SHOWN = 200
"""Trails of more prototypes are shown only to those who ask for them."""
FAINTEST = 0.3
"""How clearly the oldest piece of a trail is drawn, of 1: many prototypes go furthest in their first steps."""


@dataclass(frozen=True, eq=False)
class Trails:
    """The way that each prototype came, up to the moment that is shown.

    Attributes
    ----------
    iterations : (t,) int64
        Of the moments, increasing; the last is the one shown.
    places : (t, M, 2) float64
        Where each prototype was in the plane.
    """

    iterations: NDArray[np.int64]
    places: NDArray[np.float64]

    @property
    def lines(self) -> NDArray[np.float64]:
        """(t - 1, M, 2, 2) where each piece begins and ends."""
        return np.stack([self.places[:-1], self.places[1:]], axis=2)

    @property
    def strengths(self) -> NDArray[np.float64]:
        """(t - 1,) between 0 and 1: how clearly the pieces of each moment are drawn, the newest at 1."""
        return np.linspace(1.0, FAINTEST, max(0, len(self.iterations) - 1))[::-1]


NO_TRAILS = Trails(np.empty(0, np.int64), np.empty((0, 0, 2)))


def can_have_trails(scene: Scene) -> bool:
    """Whether there are prototypes in the plane that a run has moved."""
    return scene.has_prototypes and scene.find_moments is not no_moments


def shown_unasked(scene: Scene) -> bool:
    """Whether trails are a help: not of so many prototypes, nor under the lines of a map."""
    return len(scene.prototypes) <= MOST_SHOWN and not scene.has_grid


def moments_before(scene: Scene) -> tuple[Moment, ...]:
    """The moments before the one shown at which the prototypes were the same ones, in order of iterations.

    Engines keep prototypes at their places for as long as their number stays, and those of another start of several are
    others. So trails begin anew where prototypes are split, merged or pruned.
    """
    most = _most_moments(scene)
    if most < 2:
        return ()
    shown, number = scene.snapshot, np.shape(scene.snapshot.arrays["prototypes"])
    before = [moment for moment in scene.find_moments(most) if moment.iteration < shown.iteration]
    mine = [moment for moment in before if np.array_equal(moment.restart, restart_of(shown), equal_nan=True)]
    same = takewhile(lambda moment: np.shape(moment.arrays["prototypes"]) == number, reversed(mine))
    return tuple(reversed(list(same)))


def trails_in(scene: Scene, plane: Plane, features: tuple[int, int], before: tuple[Moment, ...]) -> Trails:
    """The trails of the scene's prototypes in its `plane`, through the moments `before`."""
    if not before:
        return NO_TRAILS
    place, known, key = place_of_moment(scene, plane.name, features), _placed(scene), (plane.name, features)
    places = []
    for moment in before:
        if plane.name == "metric":  # of the snapshot, so the places are others at each
            places.append(place(moment.arrays))
            continue
        mine = known.setdefault(moment, {})
        if key not in mine:
            mine[key] = place(moment.arrays)
        places.append(mine[key])
    iterations = [*(moment.iteration for moment in before), scene.snapshot.iteration]
    return Trails(np.array(iterations, np.int64), np.stack([*places, plane.prototypes]))


@per_sample
def _placed(scene: Scene) -> WeakKeyDictionary[Moment, dict[tuple[str, tuple[int, int]], NDArray[np.float64]]]:
    """Places of moments in planes of the sample alone, filled as they are asked for while a run learns."""
    return WeakKeyDictionary()


def told(scene: Scene, before: tuple[Moment, ...]) -> str:
    """What the trails show, or why there are none, for the note of a view."""
    if _most_moments(scene) < 2:
        return f"no trails: too many prototypes ({len(scene.prototypes):,})"
    if not before:
        return "no trails: no earlier moment of these prototypes is known"
    return f"trails: from iteration {before[0].iteration:,} on, through {counted(len(before) + 1, 'moment')}"


def _most_moments(scene: Scene) -> int:
    """Through how many moments trails can go, for what is drawn and kept; the moment shown is not counted."""
    n_prototypes, n_numbers = len(scene.prototypes), np.size(scene.prototypes)
    return min(MOST_MOMENTS, MOST_POINTS // max(1, n_prototypes), MOST_NUMBERS // max(1, n_numbers)) - 1
