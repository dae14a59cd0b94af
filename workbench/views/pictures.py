"""Rows as pictures on one scale, and many pictures on one sheet; what the pictures are of, the views say."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from workbench.views.scene import Scene, per_sample


@per_sample
def range_of(scene: Scene) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest finite value (d,), (d,) of each feature of the sample in original units; 0 without any."""
    X = np.asarray(scene.to_original(np.asarray(scene.sample.X)), dtype=float)
    known = np.isfinite(X)
    low = np.where(known, X, np.inf).min(axis=0)
    high = np.where(known, X, -np.inf).max(axis=0)
    none = ~known.any(axis=0)
    return np.where(none, 0.0, low), np.where(none, 0.0, high)


def pictures(
    values: NDArray[np.float64], shape: tuple[int, ...], low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """`values` (M, d) as uint8 pictures of `shape` on one scale for all, and what the ends of the scale mean.

    The scale is the range from `low` to `high`. Where that passes zero, as with contrast-normalised patches, it is
    made symmetric, so that zero is middle grey; where it is wider than it is far from zero, it begins there, and
    numbers that are bytes have their own scale of 0 to 255.
    """
    bottom, top = float(low.min()), float(high.max())
    if bottom < 0 < top:
        top = max(-bottom, top)
        bottom = -top
    elif 0 <= bottom < top - bottom:
        bottom, top = 0.0, 255.0 if 128 < top <= 255 else top
    if top <= bottom:
        top = bottom + 1.0
    scaled = np.clip(np.nan_to_num((values - bottom) / (top - bottom)), 0, 1)
    images = np.rint(255 * scaled).astype(np.uint8).reshape(len(values), *shape)
    if images.ndim == 4 and images.shape[-1] != 3:
        images = images[..., 0] if images.shape[-1] < 3 else images[..., :3]
    return images, (bottom, top)


def ends_of(
    values: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ends of the scale on which `values` (M, d) are seen: those of the data, or their own if these are far closer.

    Prototypes of patches differ far less than patches do, and would all be grey on the scale of the data. Their own
    scale holds 99 % of their values; what lies beyond is black or white.
    """
    if values.size:
        least, most = np.nanpercentile(values, (0.5, 99.5))
        if 0 < most - least < (high.max() - low.min()) / 2:
            return least[None], most[None]
    return low, high


def contact_sheet(
    images: NDArray[np.uint8], n_columns: int, pitch: float, ground: tuple[int, int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """All `images` on one sheet, each in a cell 1 wide and `pitch` high with room for a caption below.

    Returns
    -------
    sheet : (H, W, 3) uint8
        Every pixel of an image became the same whole number of pixels.
    places : (n, 4) float64
        Left, top, right and bottom of each image, in cells from the upper left corner.
    """
    n, height, width = images.shape[:3]
    scale = max(1, math.ceil(64 / max(height, width)))
    cell_w = math.ceil(width * scale / 0.88)
    cell_h = round(cell_w * pitch)
    margin = (cell_w - width * scale) // 2
    sheet = np.empty((math.ceil(n / n_columns) * cell_h, n_columns * cell_w, 3), np.uint8)
    sheet[:] = ground
    corners = np.array([divmod(k, n_columns) for k in range(n)]) * (cell_h, cell_w) + np.array([margin // 2, margin])
    for image, (y, x) in zip(images, corners.tolist(), strict=True):
        tile = np.kron(image, np.ones((scale, scale, *[1] * (image.ndim - 2)), np.uint8))
        sheet[y : y + height * scale, x : x + width * scale] = tile if tile.ndim == 3 else tile[..., None]
    ends = corners + np.array([height * scale, width * scale])
    places = np.column_stack([corners[:, 1], corners[:, 0], ends[:, 1], ends[:, 0]])
    return sheet, places / (cell_w, cell_h / pitch, cell_w, cell_h / pitch)
