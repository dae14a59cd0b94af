"""The figure of two runs side by side: both codebooks in one plane, and the pairs that differ most below."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.views import canvas
from workbench.views.theme import Theme
from workbench.views.tiles import painted
from workbench.views.wording import counted, number, shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from workbench.views.comparison import ComparisonData, Side
    from workbench.views.matching import Floats

_MOST_PAIRS, _MOST_NARROW = 12, 6
"""So many pairs are drawn, and so many in a column of a page."""
_ACROSS = 4
_APART = 2.6
"""From the pictures of one pair to those of the next, in sides of a picture."""
_MOST_NUMBERED = 24
_CAPTION_LINES = 2
"""Of what changed, under a pair."""


def figure(data: ComparisonData, theme: Theme) -> Figure:
    """Two planes with the same limits, then pairs as pictures or profiles."""
    wide = canvas.room(theme, 10.4)
    n_planes, n_across = canvas.across(theme, 2, 2.6), canvas.across(theme, _ACROSS, 1.6)
    n_pairs = min(_MOST_NARROW if canvas.is_narrow(theme) else _MOST_PAIRS, len(data.captions))
    tile = wide / n_across
    has_pictures = data.tiles_first.images is not None
    each = tile / _APART * _pitch(tile) + 0.1 if has_pictures else 1.25
    heights = [0.72 * wide / n_planes + 0.65] * (2 // n_planes) + [max(0.1, each * math.ceil(n_pairs / n_across))]
    made = canvas.new_figure(theme, wide, sum(heights) + 1.1)
    made.suptitle(canvas.plain(data.headline), color=theme.text, fontsize=12)
    parts = made.add_gridspec(len(heights), n_planes, height_ratios=heights)
    for which in (0, 1):
        axes = made.add_subplot(parts[which // n_planes, which % n_planes])
        _draw_plane(axes, data, which, theme)
    canvas.legend(axes, theme, outside=theme.page is None)
    below = made.add_subplot(parts[-1, :])
    canvas.dress(below, theme, frame=False)
    below.set_axis_off()
    draw = _draw_pictures if has_pictures else _draw_profiles
    draw(below, data, n_pairs, n_across, tile, theme)
    words = " ".join([f"Pairs that differ most; partners are {data.method}.", *data.agreements, f"On {data.note}."])
    words = canvas.plain(words)
    told = "\n".join(textwrap.wrap(words, 135)) if theme.page is None else words
    made.supxlabel(told, fontsize=8, color=theme.muted)
    return made


def _pitch(tile: float) -> float:
    """From one line of pairs of pictures to the next, in sides of a picture, where a pair has so many inches."""
    return 1.0 + 0.45 * _APART / tile


def _draw_plane(axes: Any, data: ComparisonData, which: int, theme: Theme) -> None:
    """The rows, those that moved stressed, the prototypes of one run, and lines to where their partners are."""
    from matplotlib.collections import LineCollection

    canvas.dress(axes, theme, grid=True)
    side = (data.first, data.second)[which]
    size = 12 if len(data.points) <= 1000 else 5
    for mine, color, label in ((~data.moved, theme.neutral, "rows"), (data.moved, theme.danger, "rows that moved")):
        style = {"s": size, "linewidths": 0, "alpha": 0.55, "rasterized": True}
        axes.scatter(*data.points[mine].T, color=color, label=label, **style)
    ends = data.first.places[data.pair_first], data.second.places[data.pair_second]
    axes.add_collection(LineCollection(list(np.stack(ends, axis=1)), colors=theme.text, linewidths=0.8, zorder=2.5))
    hollow = {"facecolors": "none", "edgecolors": theme.text, "linewidths": 0.9, "zorder": 2.8}
    many = len(side.places) > 60
    axes.scatter(*ends[1 - which].T, s=12 if many else 30, marker="D", label="the partners", **hollow)
    colors = [theme.class_color(code) if code >= 0 else theme.accent for code in side.codes.tolist()]
    axes.scatter(
        *side.places.T,
        s=22 if many else 70,
        c=colors,
        marker="D",
        edgecolors=theme.text,
        linewidths=0.9,
        zorder=3,
        label="prototypes",
    )
    if side.alone or (data.first, data.second)[1 - which].alone:
        ring = {"facecolors": "none", "edgecolors": theme.danger, "linewidths": 1.3, "zorder": 3.1}
        axes.scatter(*side.places[list(side.alone)].T, s=170, label="without a partner", **ring)
    if len(side.places) <= _MOST_NUMBERED:
        for k, (x, y) in enumerate(side.places.tolist()):
            offset = {"xytext": (6, 4), "textcoords": "offset points", "in_layout": False, "clip_on": True}
            axes.annotate(f"{k}", (x, y), fontsize=7, color=theme.text, **offset)
    left, right, bottom, top = data.limits
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    canvas.label(axes, x=data.x_label, y=data.y_label if which == 0 else None)
    axes.set_title("\n".join(map(canvas.plain, _title(side))))


def _title(side: Side) -> tuple[str, str]:
    return shorten(side.name, 34), f"{counted(len(side.places), 'prototype')}, iteration {side.iteration:,}"


def _letters(tile: float) -> int:
    """How many letters of a caption go into so many inches."""
    return int(72 * tile / (0.6 * 7.5))


def _caption(data: ComparisonData, k: int, letters: int) -> str:
    a, b = int(data.pair_first[k]), int(data.pair_second[k])
    head = shorten(f"#{a} and #{b}, {number(float(data.distances[k]), 3)} apart", letters)
    return "\n".join(map(canvas.plain, [head, *textwrap.wrap(data.captions[k], letters)[:_CAPTION_LINES]]))


def _draw_pictures(axes: Any, data: ComparisonData, n_pairs: int, n_across: int, tile: float, theme: Theme) -> None:
    """Both prototypes of a pair beside one another, pair by pair."""
    first, second = painted(data.tiles_first, theme), painted(data.tiles_second, theme)
    h, w = first.shape[1:3]
    high, wide = (1.0, w / h) if h >= w else (h / w, 1.0)
    letters = _letters(tile)
    text = {"fontsize": 7.5, "color": theme.text, "ha": "center", "va": "top", "in_layout": False}
    for k in range(n_pairs):
        down, across = divmod(k, n_across)
        x, y = _APART * across, _pitch(tile) * down
        for pixels, left in ((first[k], x + 0.1), (second[k], x + 1.2)):
            extent = (left, left + wide, y + high, y)
            axes.imshow(pixels, extent=extent, interpolation="nearest").set_in_layout(False)
            axes.plot(*_frame(extent), color=theme.grid, linewidth=0.7)
        axes.text(x + 1.15, y + high + 0.06, _caption(data, k, min(34, letters)), **text)
    axes.set_xlim(0, _APART * n_across)
    axes.set_ylim(_pitch(tile) * math.ceil(n_pairs / n_across), -0.05)
    axes.set_aspect("equal")


def _frame(extent: tuple[float, float, float, float]) -> tuple[list[float], list[float]]:
    left, right, bottom, top = extent
    return [left, right, right, left, left], [bottom, bottom, top, top, bottom]


def _draw_profiles(axes: Any, data: ComparisonData, n_pairs: int, n_across: int, tile: float, theme: Theme) -> None:
    """Both prototypes of a pair as curves over the features, each on the range of the data."""
    from matplotlib.collections import LineCollection

    text = {"fontsize": 7.5, "color": theme.text, "ha": "center", "va": "top", "in_layout": False}
    frames, curves = [], ([], [])  # type: ignore[var-annotated]
    for k in range(n_pairs):
        down, across = divmod(k, n_across)
        for drawn, tiles in zip(curves, (data.tiles_first, data.tiles_second), strict=True):
            drawn.append(_curve(tiles.placed[k], across, down))
        frames += [[(across + 0.05, down + level), (across + 0.95, down + level)] for level in (0.05, 0.6)]
        axes.text(across + 0.5, down + 0.64, _caption(data, k, min(40, _letters(tile))), **text)
    axes.add_collection(LineCollection(frames, colors=theme.grid, linewidths=0.8))
    for drawn, color, side in zip(
        curves, (theme.class_color(0), theme.class_color(1)), ("first", "second"), strict=True
    ):
        name = shorten((data.first if side == "first" else data.second).name, 24)
        axes.add_collection(LineCollection(drawn, colors=color, linewidths=1.3, label=canvas.plain(name)))
    axes.set_xlim(0, n_across)
    axes.set_ylim(max(1, math.ceil(n_pairs / n_across)), 0)
    canvas.legend(axes, theme, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)


def _curve(placed: Floats, across: int, down: int) -> Floats:
    x = across + np.linspace(0.08, 0.92, max(2, len(placed)))
    y = down + 0.6 - 0.55 * np.clip(np.nan_to_num(placed), -0.05, 1.05)
    return np.column_stack([x, y if len(y) > 1 else np.repeat(y, 2)])
