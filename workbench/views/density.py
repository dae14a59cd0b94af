"""Many rows in a plane as an image: how many fall where, and of which class most of them are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.views.scene import Array
from workbench.views.theme import Theme, rgb

BINS = (160, 160)


@dataclass(frozen=True, eq=False)
class Density:
    """How many rows fall where.

    Attributes
    ----------
    counts : (h, w) int64
        Row 0 is the lowest.
    codes : (h, w) int64
        Class of most of the rows there, of as frequent ones the first; -1 for none.
    extent : (left, right, bottom, top)
    """

    counts: NDArray[np.int64]
    codes: NDArray[np.int64]
    extent: tuple[float, float, float, float]


def density(
    points: Array, codes: Array, limits: tuple[float, float, float, float], bins: tuple[int, int] = BINS
) -> Density:
    """Rows in each of (w, h) `bins` cells within the limits, and the class of most of them.

    Points (n, 2) outside of the limits, or that are not numbers, are left out; those on the limits are in.
    """
    left, right, bottom, top = limits
    (width, height), x, y = bins, points[:, 0], points[:, 1]
    inside = (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
    column = np.minimum(((x[inside] - left) / (right - left) * width).astype(np.int64), width - 1)
    row = np.minimum(((y[inside] - bottom) / (top - bottom) * height).astype(np.int64), height - 1)
    cell = row * width + column
    counts = np.bincount(cell, minlength=width * height)
    winner = _commonest(cell, np.asarray(codes)[inside], width * height)
    return Density(counts.reshape(height, width), winner.reshape(height, width), limits)


def _commonest(cell: NDArray[np.int64], codes: Array, n_cells: int) -> NDArray[np.int64]:
    """(n_cells,) the code that most rows of each cell have; -1 for cells without a code. As many codes as one likes."""
    winner = np.full(n_cells, -1, np.int64)
    coded = codes >= 0
    if not coded.any():
        return winner
    n_codes = int(codes.max()) + 1
    pairs, counts = np.unique(cell[coded] * n_codes + codes[coded], return_counts=True)
    order = np.lexsort((-pairs, counts))  # the last one that is written into a cell stays: the most, then the first
    winner[pairs[order] // n_codes] = pairs[order] % n_codes
    return winner


def density_image(density: Density, theme: Theme) -> NDArray[np.uint8]:
    """(h, w, 4) uint8: colour of the commonest class, the stronger the more rows; empty cells let all through."""
    strength = np.log1p(density.counts) / max(float(np.log1p(density.counts.max(initial=0))), 1e-12)
    codes, inverse = np.unique(density.codes, return_inverse=True)
    colors = np.array([rgb(theme.class_color(code)) for code in codes.tolist()], np.uint8)
    image = np.empty((*density.counts.shape, 4), np.uint8)
    image[..., :3] = colors[inverse.reshape(density.codes.shape)]
    image[..., 3] = np.where(density.counts > 0, 50 + 190 * strength, 0).astype(np.uint8)
    return image
