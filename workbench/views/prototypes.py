"""The gallery of prototypes: pictures for images, profiles over features otherwise, in original units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.scene import Scene, per_sample
from workbench.views.theme import Theme
from workbench.views.wording import counted, distinct, number, percent, shorten, with_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_TILES = 400
MOST_PROFILES = 60
FEW_FEATURES = 12
"""Up to that many features get a named bar each; more become a curve."""


@dataclass(frozen=True, eq=False)
class PrototypesData:
    """All prototypes, sorted by class and then by how many rows they stand for.

    Attributes
    ----------
    index : (M,) int64
        Number of each prototype in the codebook; the rows of everything below are in this order.
    values : (M, d) float64
        In original units.
    codes : (M,) int64
        Class codes; -1 for none.
    counts : (M,) int64
        Rows that each stands for; of which rows, the note says.
    shares : (M,) float64
        The same as shares of all these rows.
    titles, captions : tuple of M str
        "prototype 3 · class setosa", "17 rows".
    feature_names, units : tuple of d str
    low, high : (d,) float64
        The range of the data, feature by feature (and for pictures the common one).
    images : (M, h, w) or (M, h, w, 3) uint8, or None
        The prototypes as pictures on one common grey or colour scale.
    image_range : (low, high)
        What black and white (or no and full colour) mean, in original units.
    class_names : tuple of str
    note : str
    """

    index: NDArray[np.int64]
    values: NDArray[np.float64]
    codes: NDArray[np.int64]
    counts: NDArray[np.int64]
    shares: NDArray[np.float64]
    titles: tuple[str, ...]
    captions: tuple[str, ...]
    feature_names: tuple[str, ...]
    units: tuple[str, ...]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    images: NDArray[np.uint8] | None
    image_range: tuple[float, float]
    class_names: tuple[str, ...]
    note: str

    @property
    def relative(self) -> NDArray[np.float64]:
        """(M, d) places between `low` (0) and `high` (1); a constant feature is at 0.5."""
        width = self.high - self.low
        spread = np.where(width > 0, width, 1)
        return np.where(width > 0, (self.values - self.low) / spread, 0.5)


def applies(scene: Scene) -> bool:
    """Whatever has vector prototypes has a gallery."""
    return "prototypes" in scene.snapshot.arrays


def compute(scene: Scene) -> PrototypesData:
    """The gallery of the scene."""
    counts, codes = scene.counts, scene.prototype_codes
    order = np.lexsort((np.arange(len(codes)), -counts, np.where(codes < 0, np.iinfo(np.int64).max, codes)))
    values = np.asarray(scene.to_original(scene.prototypes), dtype=float)[order]
    low, high = _range(scene) if len(scene.sample.rows) else (values.min(axis=0), values.max(axis=0))
    shares = counts[order] / max(1, int(counts.sum()))
    images, image_range = None, (0.0, 1.0)
    if scene.image_shape is not None and math.prod(scene.image_shape) == values.shape[1]:
        images, image_range = pictures(values, scene.image_shape, low, high)
    names = scene.class_names
    titles = tuple(
        f"prototype {i}" + (f" · class {names[c]}" if 0 <= c < len(names) else "")
        for i, c in zip(order.tolist(), codes[order].tolist(), strict=True)
    )
    captions = tuple(
        percent(share) if scene.counted_rows == "rows of the sample" else counted(n, "row")
        for n, share in zip(counts[order].tolist(), shares.tolist(), strict=True)
    )
    return PrototypesData(
        index=order.astype(np.int64),
        values=values,
        codes=codes[order],
        counts=counts[order],
        shares=shares,
        titles=titles,
        captions=captions,
        feature_names=scene.original_names,
        units=scene.units,
        low=low,
        high=high,
        images=images,
        image_range=image_range,
        class_names=names,
        note=f"counts of {scene.counted_rows}" if scene.counted_rows != "rows" else "",
    )


@per_sample
def _range(scene: Scene) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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

    The scale is the range of the data. Where that passes zero, as with contrast-normalised patches, it is made
    symmetric, so that zero is middle grey. Numbers that are bytes keep their own scale of 0 to 255.
    """
    bottom, top = float(low.min()), float(high.max())
    if bottom < 0 < top:
        top = max(-bottom, top)
        bottom = -top
    elif bottom >= 0 and 128 < top <= 255:
        bottom, top = 0.0, 255.0
    elif bottom >= 0:
        bottom = 0.0
    if top <= bottom:
        top = bottom + 1.0
    scaled = np.clip(np.nan_to_num((values - bottom) / (top - bottom)), 0, 1)
    images = np.rint(255 * scaled).astype(np.uint8).reshape(len(values), *shape)
    if images.ndim == 4 and images.shape[-1] != 3:
        images = images[..., 0] if images.shape[-1] < 3 else images[..., :3]
    return images, (bottom, top)


def figure(data: PrototypesData, theme: Theme) -> Figure:
    """The gallery as pictures, as named bars, or as curves over many features."""
    if data.images is not None:
        return _picture_figure(data, data.images, theme)
    if data.values.shape[1] <= FEW_FEATURES:
        return _bar_figure(data, theme)
    return _curve_figure(data, theme)


def _picture_figure(data: PrototypesData, images: NDArray[np.uint8], theme: Theme) -> Figure:
    """One large picture of all tiles with a caption under each: hundreds of axes would take seconds."""
    shown = _most_used(data, MOST_TILES)
    n_columns = max(1, min(len(shown), math.ceil(math.sqrt(1.5 * len(shown)))))
    n_rows = math.ceil(len(shown) / n_columns)
    height, width = images.shape[1:3]
    inch = min(1.5, max(0.62, 11.0 / n_columns))
    made = canvas.new_figure(theme, max(3.4, inch * n_columns + 0.3), inch * (1.32 * n_rows) + 1.0)
    axes = made.subplots()
    canvas.dress(axes, theme, frame=False)
    axes.set_axis_off()
    font = min(8.0, 7.2 * inch)
    aspect = height / width
    for place, which in enumerate(shown):
        row, column = divmod(place, n_columns)
        left, top = column + 0.06, row * (aspect + 0.36)
        _tile(axes, images[which], (left, left + 0.88, top + 0.88 * aspect, top), data, int(which), theme)
        text = _tile_text(data, int(which), max(4, int(inch * 72 * 0.95 / (0.62 * font))))
        axes.text(left + 0.44, top + 0.88 * aspect + 0.05, text, ha="center", va="top", fontsize=font, color=theme.text)
    axes.set_xlim(0, n_columns)
    axes.set_ylim(n_rows * (aspect + 0.36), -0.04)
    axes.set_aspect("equal")
    _footer(made, data, len(shown), theme, scale=_scale_text(data, images.ndim == 4))
    return made


def _tile(
    axes: Any,
    image: NDArray[np.uint8],
    extent: tuple[float, float, float, float],
    data: PrototypesData,
    which: int,
    theme: Theme,
) -> None:
    from matplotlib.patches import Rectangle

    axes.imshow(image, extent=extent, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    left, right, bottom, top = extent
    code = int(data.codes[which])
    axes.add_patch(
        Rectangle(
            (left, top),
            right - left,
            bottom - top,
            fill=False,
            edgecolor=theme.class_color(code) if code >= 0 else theme.grid,
            linewidth=1.6 if code >= 0 else 0.6,
        )
    )


def _tile_text(data: PrototypesData, which: int, letters: int) -> str:
    """The class where there is one, else the number, and how many rows, in two short lines."""
    code = int(data.codes[which])
    head = data.class_names[code] if code >= 0 else f"#{data.index[which]}"
    return canvas.plain(shorten(head, letters)) + "\n" + canvas.plain(shorten(data.captions[which], letters))


def _scale_text(data: PrototypesData, in_color: bool) -> str:
    low, high = data.image_range
    unit = next((f" {u}" for u in data.units if u), "")
    ends = ("no", "full") if in_color else ("black", "white")
    return f"{ends[0]} {'colour ' if in_color else ''}= {number(low)}{unit}, {ends[1]} = {number(high)}{unit}"


def _bar_figure(data: PrototypesData, theme: Theme) -> Figure:
    """Named bars from the low end of the data to the prototype's value, the same scale in every tile."""
    shown = _most_used(data, MOST_PROFILES)
    n_features = data.values.shape[1]
    n_columns = max(1, min(3, len(shown)))
    n_rows = math.ceil(len(shown) / n_columns)
    made = canvas.new_figure(theme, 3.7 * n_columns, n_rows * (0.62 + 0.25 * n_features) + 0.45)
    all_axes = made.subplots(n_rows, n_columns, squeeze=False).ravel()
    names = distinct(tuple(_short(n, u) for n, u in zip(data.feature_names, data.units, strict=True)), 26)
    relative = data.relative
    for axes, which in zip(all_axes, shown, strict=False):
        canvas.dress(axes, theme, frame=False)
        places = list(range(n_features))
        lengths = np.nan_to_num(np.clip(relative[which], 0, 1))
        axes.barh(places, np.ones(n_features), height=0.68, color=theme.grid, alpha=0.45)
        axes.barh(places, lengths, height=0.68, color=_ink(data, int(which), theme))
        for place in places:
            axes.text(
                1.02, place, canvas.plain(number(data.values[which, place])), va="center", fontsize=8, color=theme.text
            )
        axes.set_xlim(0, 1.26)
        axes.set_ylim(n_features - 0.4, -0.6)
        axes.set_xticks([])
        axes.tick_params(length=0)
        canvas.name_ticks(axes.yaxis, places, names, fontsize=8)
        canvas.label(axes, title=_tile_title(data, int(which), 38))
        axes.title.set_fontsize(9)
    for axes in all_axes[len(shown) :]:
        axes.remove()
    scale = "bars run from the lowest to the highest value of the data" if n_columns > 1 else "bars: range of the data"
    _footer(made, data, len(shown), theme, scale=scale)
    return made


def _curve_figure(data: PrototypesData, theme: Theme) -> Figure:
    """Each prototype as a curve over the feature numbers, the data's range below and above it."""
    shown = _most_used(data, MOST_PROFILES)
    n_features = data.values.shape[1]
    n_columns = min(3, len(shown))
    n_rows = math.ceil(len(shown) / n_columns)
    made = canvas.new_figure(theme, 3.7 * n_columns + 0.4, 1.45 * n_rows + 0.8)
    all_axes = made.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True).ravel()
    relative = data.relative
    places = np.arange(1, n_features + 1)
    for position, (axes, which) in enumerate(zip(all_axes, shown, strict=False)):
        canvas.dress(axes, theme, grid=True)
        line = np.clip(relative[which], -0.1, 1.1)
        axes.plot(places, line, color=_ink(data, int(which), theme), linewidth=1.0 if n_features > 200 else 1.3)
        axes.set_ylim(-0.12, 1.12)
        axes.set_xlim(1, n_features)
        axes.set_yticks([0, 1], labels=["lowest", "highest"])
        canvas.label(axes, title=_tile_title(data, int(which), 40))
        axes.title.set_fontsize(9)
        if position >= len(shown) - n_columns:
            axes.tick_params(labelbottom=True)
            canvas.label(axes, x="feature number")
            canvas.whole_ticks(axes.xaxis, 6)
    for axes in all_axes[len(shown) :]:
        axes.remove()
    _footer(made, data, len(shown), theme, scale="from the lowest to the highest value of the data, feature by feature")
    return made


def _short(name: str, unit: str) -> str:
    unit = shorten(unit, 10)
    return with_unit(shorten(name, 26 - (len(unit) + 3 if unit else 0)), unit)


def _most_used(data: PrototypesData, most: int) -> NDArray[np.int64]:
    """Rows of `data` to show, in its order; the most used ones when there are more than `most`."""
    if len(data.index) <= most:
        return np.arange(len(data.index))
    return np.sort(np.argsort(-data.counts, kind="stable")[:most])


def _ink(data: PrototypesData, which: int, theme: Theme) -> str:
    code = int(data.codes[which])
    return theme.class_color(code) if code >= 0 else theme.accent


def _tile_title(data: PrototypesData, which: int, length: int) -> str:
    caption = data.captions[which]
    return f"{shorten(data.titles[which], length - len(caption) - 3)} · {caption}"


def _footer(made: Any, data: PrototypesData, n_shown: int, theme: Theme, *, scale: str) -> None:
    n_all = len(data.index)
    parts = [f"the {n_shown:,} most used of {n_all:,} prototypes" if n_shown < n_all else "", scale, data.note]
    made.supxlabel(canvas.plain(" · ".join(p for p in parts if p)), fontsize=8, color=theme.muted)
