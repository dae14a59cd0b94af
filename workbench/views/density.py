"""Many rows in a plane as an image: how many fall where, and of which class most of them are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.views.scene import Array
from workbench.views.theme import Theme, rgb

_BINS = 160


@dataclass(frozen=True, eq=False)
class Density:
    """How many rows fall where.

    Attributes
    ----------
    counts : (h, w) int64
        Row 0 is the lowest.
    codes : (h, w) int64
        Class of most of the rows there; -1 for none.
    extent : (left, right, bottom, top)
    """

    counts: NDArray[np.int64]
    codes: NDArray[np.int64]
    extent: tuple[float, float, float, float]


def density(points: Array, codes: Array, limits: tuple[float, ...]) -> Density:
    """Rows in each of 160 × 160 cells, and the class of most of them."""
    left, right, bottom, top = limits
    column = np.clip(((points[:, 0] - left) / (right - left) * _BINS).astype(np.int64), 0, _BINS - 1)
    row = np.clip(((points[:, 1] - bottom) / (top - bottom) * _BINS).astype(np.int64), 0, _BINS - 1)
    cell = row * _BINS + column
    n_cells = _BINS * _BINS
    counts = np.bincount(cell, minlength=n_cells)
    most = np.zeros(n_cells, np.int64)
    winner = np.full(n_cells, -1, np.int64)
    for code in np.unique(codes[codes >= 0]):
        here = np.bincount(cell[codes == code], minlength=n_cells)
        better = here > most
        most[better], winner[better] = here[better], code
    shape = (_BINS, _BINS)
    return Density(counts.reshape(shape), winner.reshape(shape), (left, right, bottom, top))


def density_image(density: Density, theme: Theme) -> NDArray[np.uint8]:
    """(h, w, 4) uint8: colour of the commonest class, the stronger the more rows; empty cells let all through."""
    strength = np.log1p(density.counts) / max(float(np.log1p(density.counts.max())), 1e-12)
    colors = np.array([rgb(theme.class_color(code)) for code in range(-1, int(density.codes.max()) + 1)], np.uint8)
    image = np.empty((*density.counts.shape, 4), np.uint8)
    image[..., :3] = colors[density.codes + 1]
    image[..., 3] = np.where(density.counts > 0, 50 + 190 * strength, 0).astype(np.uint8)
    return image
