"""Rows as small tiles: pictures where features are pixels, else a bar for each feature; many of them are laid out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.views.pictures import pictures, range_of
from workbench.views.reconstructions import error_image
from workbench.views.scene import Array, Scene
from workbench.views.theme import Theme, rgb
from workbench.views.wording import number, shorten

HEIGHT, MOST_BARS, _MOST_NAMED = 24, 96, 6
"""Pixels of a tile of bars; wider rows are averaged to that many bars."""


@dataclass(frozen=True, eq=False)
class Tiles:
    """Some rows, to be painted in a theme.

    Attributes
    ----------
    values : (k, d) float64
        In original units.
    images : (k, h, w) or (k, h, w, 3) uint8, or None
        As pictures on one scale.
    image_range : (low, high)
        What the ends of that scale mean.
    placed : (k, b) float64
        For bars: between the low (0) and the high (1) end of the data, features that follow one another averaged.
    """

    values: NDArray[np.float64]
    images: NDArray[np.uint8] | None
    image_range: tuple[float, float]
    placed: NDArray[np.float64]


def tiles_of(scene: Scene, rows: Array) -> Tiles:
    """Tiles of rows (k, d) in training units."""
    values = np.asarray(scene.to_original(rows), float)
    d = values.shape[1]
    low, high = range_of(scene) if len(scene.sample.rows) else (np.zeros(d), np.ones(d))
    width = high - low
    placed = np.where(width > 0, (values - low) / np.where(width > 0, width, 1), 0.5)
    if scene.image_shape is None or math.prod(scene.image_shape) != d or not len(values):
        return Tiles(values, None, (0.0, 1.0), _averaged(placed))
    return Tiles(values, *pictures(values, scene.image_shape, low, high), _averaged(placed))


def scale_of(scene: Scene, tiles: Tiles) -> str:
    """What shades or bars mean, in words."""
    if tiles.images is not None:
        low, high = tiles.image_range
        return f"black {number(low)}, white {number(high)}"
    d = tiles.values.shape[1]
    names = ", ".join(shorten(name, 20) for name in scene.original_names) if d <= _MOST_NAMED else f"{d:,} features"
    return f"bars: {names}, on the range of the data"


def painted(tiles: Tiles, theme: Theme) -> NDArray[np.uint8]:
    """All tiles as (k, h, w, 3)."""
    if tiles.images is not None:
        return tiles.images if tiles.images.ndim == 4 else np.repeat(tiles.images[..., None], 3, axis=3)
    top = np.rint(HEIGHT - 1 - np.clip(np.nan_to_num(tiles.placed), 0, 1) * (HEIGHT - 2)).astype(np.int64)
    inks = np.array([rgb(theme.muted)] * 2, np.uint8)
    return _bars(top, np.full_like(top, HEIGHT), np.ones(top.shape, bool), inks, theme)


def changes(tiles: Tiles, base: int, which: slice) -> NDArray[np.float64]:
    """Tiles `which` less tile `base`: (m, h, w) as pictures, the mean over colours; else (m, b) as bars are placed."""
    if tiles.images is None:
        return np.asarray(tiles.placed[which] - tiles.placed[base])
    shape = tiles.images.shape[1:3]
    difference: NDArray[np.float64] = tiles.values[which] - tiles.values[base]
    return np.asarray(difference.reshape(len(difference), *shape, -1).mean(axis=3))


def painted_changes(change: NDArray[np.float64], limit: float, theme: Theme) -> NDArray[np.uint8]:
    """What `changes` gave as (m, h, w, 3): no change in the middle of the diverging colours, ±limit at their ends."""
    if change.ndim == 3:
        return error_image(change, limit, theme.diverging)
    middle = HEIGHT // 2
    ends = np.rint(middle - np.clip(change / limit, -1, 1) * (middle - 1)).astype(np.int64)
    inks = theme.diverging[[48, 207], :3]
    return _bars(np.minimum(ends, middle), np.maximum(ends, middle) + 1, change >= 0, inks, theme)


def _averaged(placed: NDArray[np.float64]) -> NDArray[np.float64]:
    d = placed.shape[1]
    if d <= MOST_BARS:
        return placed
    starts = np.arange(MOST_BARS) * d // MOST_BARS
    return np.asarray(np.add.reduceat(placed, starts, axis=1) / np.diff(np.append(starts, d)))


def _bars(
    top: NDArray[np.int64],
    bottom: NDArray[np.int64],
    rises: NDArray[np.bool_],
    inks: NDArray[np.uint8],
    theme: Theme,
) -> NDArray[np.uint8]:
    """Bars (k, b) from pixel row `top` to before `bottom`, in the ink of fall or of rise; with gaps if wide enough."""
    wide = max(1, HEIGHT // top.shape[1])
    down = np.arange(HEIGHT)[None, :, None]
    inside = (down >= top[:, None, :]) & (down < bottom[:, None, :])
    surface = np.asarray(rgb(theme.surface), np.uint8)
    made = np.repeat(np.where(inside[..., None], inks[rises.astype(np.int64)][:, None], surface), wide, axis=2)
    if wide > 3:
        made[:, :, ::wide] = surface
    return made
