"""Where the cells of prototypes meet a plane, as lines; which plane, and how it is drawn, other files say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.views.scene import Array, Scene

MOST_CELLS = 200
"""Of more prototypes the cells are too small to see, and take too long to cut while they move."""
_AROUND = 0.25
"""Of the size of the plane, on each side, so that there are borders when it is shifted."""

Limits = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Borders:
    """Lines in a plane.

    Attributes
    ----------
    lines : (e, 2, 2) float64
        Ends of each.
    parts_classes : (e,) bool
        Whether the prototypes on its two sides are of different classes.
    """

    lines: NDArray[np.float64]
    parts_classes: NDArray[np.bool_]


NONE = Borders(np.empty((0, 2, 2)), np.empty(0, np.bool_))


def borders_of(scene: Scene, origin: NDArray[Any], directions: NDArray[Any], limits: Limits) -> Borders:
    """Borders in the plane origin + s·directions[0] + t·directions[1] of training units; none if they are curved."""
    from engines.lvq.polytopes import common_matrix

    if len(scene.prototypes) > MOST_CELLS:
        return NONE
    try:
        matrix = common_matrix(scene.model)
    except ValueError:
        return NONE
    return cut(scene, scene.prototypes, matrix, origin, directions, limits)


def cut(
    scene: Scene,
    prototypes: Array,
    matrix: NDArray[np.float64] | None,
    origin: NDArray[Any],
    directions: NDArray[Any],
    limits: Limits,
) -> Borders:
    """The same for prototypes (M, d) in other coordinates, under Λ (d, d) or, if None, the Euclidean distance."""
    from engines.lvq.polytopes import slice_cells

    known = np.isfinite(prototypes).all(axis=1)
    if len(prototypes) > MOST_CELLS or not known.all():
        return NONE
    left, right, bottom, top = limits
    wide, high = _AROUND * (right - left), _AROUND * (top - bottom)
    window = (left - wide, right + wide, bottom - high, top + high)
    lines, pairs = slice_cells(prototypes, matrix, origin, directions, window).borders()
    first, second = scene.prototype_codes[pairs].T
    return Borders(lines, first != second)
