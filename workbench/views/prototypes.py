"""The gallery of prototypes: pictures for images, profiles over features otherwise, in original units."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.fitting import LEAST_LETTERS
from workbench.views.pictures import contact_sheet, ends_of, pictures, range_of
from workbench.views.scene import Array, Scene
from workbench.views.theme import Theme, rgb
from workbench.views.wording import counted, distinct, number, percent, shorten, with_unit
from workbench.views.words import has_words, words_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_TILES = 400
MOST_WORDS = 1200
MOST_CURVES = 60
MOST_BARRED = 30
FEW_FEATURES = 12
"""Up to that many features get a named bar each; more become a curve."""


@dataclass(frozen=True, eq=False)
class PrototypesData:
    """All prototypes, sorted by class and then by how many rows they stand for; those of a map as on its grid.

    The words of an engine with several books come book by book, the most used first.

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
    names : tuple of M str
        The same in short: the class where there is one, else "#3".
    noun : str
        What one of them is: "prototype", "unit" or "word".
    n_columns : int
        How many go side by side, where their places mean something; else 0.
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
    names: tuple[str, ...]
    noun: str
    n_columns: int
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
    """Whatever has vector prototypes, or books of words, has a gallery."""
    return "prototypes" in scene.snapshot.arrays or has_words(scene)


@dataclass(frozen=True, eq=False)
class _Shelf:
    """What stands in the gallery, in its order: training units, class codes, rows, and what each is called."""

    index: NDArray[np.int64]
    vectors: Array
    codes: NDArray[np.int64]
    counts: NDArray[np.int64]
    titles: tuple[str, ...]
    names: tuple[str, ...]
    noun: str
    n_columns: int
    note: str


def compute(scene: Scene) -> PrototypesData:
    """The gallery of the scene."""
    shelf = _words(scene) if has_words(scene) else _prototypes(scene)
    values = np.asarray(scene.to_original(shelf.vectors), dtype=float)
    low, high = range_of(scene) if len(scene.sample.rows) else (values.min(axis=0), values.max(axis=0))
    of_all = int(shelf.counts.sum()) if not has_words(scene) else int(np.sum(scene.snapshot.arrays["counts"][0]))
    shares = shelf.counts / max(1, of_all)
    images, image_range = None, (0.0, 1.0)
    if scene.image_shape is not None and math.prod(scene.image_shape) == values.shape[1]:
        ends = ends_of(values, low, high)
        if scene.kind == "spd":  # of the rows the strongest would leave nothing to see of prototypes
            ends = values.min(axis=0), values.max(axis=0)
        images, image_range = pictures(values, scene.image_shape, *ends)
    captions = tuple(
        percent(share) if scene.counted_rows == "rows of the sample" else counted(n, "row")
        for n, share in zip(shelf.counts.tolist(), shares.tolist(), strict=True)
    )
    return PrototypesData(
        index=shelf.index,
        values=values,
        codes=shelf.codes,
        counts=shelf.counts,
        shares=shares,
        titles=shelf.titles,
        captions=captions,
        names=shelf.names,
        noun=shelf.noun,
        n_columns=shelf.n_columns,
        feature_names=scene.original_names,
        units=scene.units,
        low=low,
        high=high,
        images=images,
        image_range=image_range,
        class_names=scene.class_names,
        note=shelf.note,
    )


def _prototypes(scene: Scene) -> _Shelf:
    """By class and use; the units of a map in the order of their grid."""
    counts, codes, classes = scene.counts, scene.prototype_codes, scene.class_names
    n_columns, noun = 0, "prototype"
    if scene.has_grid:
        grid = scene.model.grid
        order, noun = np.arange(len(codes)), "unit"
        n_columns = grid.cols if grid.n_units <= MOST_TILES else 0
        heads = [f"unit {i} (row {i // grid.cols}, column {i % grid.cols})" for i in order.tolist()]
    else:
        order = np.lexsort((np.arange(len(codes)), -counts, np.where(codes < 0, np.iinfo(np.int64).max, codes)))
        heads = [f"prototype {i}" for i in order.tolist()]
    named = [classes[c] if 0 <= c < len(classes) else "" for c in codes[order].tolist()]
    return _Shelf(
        index=order.astype(np.int64),
        vectors=scene.prototypes[order],
        codes=codes[order],
        counts=counts[order],
        titles=tuple(head + (f" · class {name}" if name else "") for head, name in zip(heads, named, strict=True)),
        names=tuple(name or f"#{i}" for i, name in zip(order.tolist(), named, strict=True)),
        noun=noun,
        n_columns=n_columns,
        note=f"counts of {scene.counted_rows}" if scene.counted_rows != "rows" else "",
    )


def _words(scene: Scene) -> _Shelf:
    words = words_of(scene, MOST_WORDS)
    pairs = list(zip(words.book.tolist(), words.number.tolist(), strict=True))
    return _Shelf(
        index=np.arange(len(pairs)),
        vectors=words.values,
        codes=np.full(len(pairs), -1, np.int64),
        counts=words.counts,
        titles=tuple(f"book {book + 1} · word {number}" for book, number in pairs),
        names=tuple(f"{book + 1}·{number}" for book, number in pairs),
        noun="word",
        n_columns=0,
        note="each word as the row that it makes when the other books give their mean; counts of training rows",
    )


def figure(data: PrototypesData, theme: Theme) -> Figure:
    """The gallery as pictures, as named bars, or as curves over many features."""
    if data.images is not None:
        return _picture_figure(data, data.images, theme)
    if data.values.shape[1] <= FEW_FEATURES:
        return _bar_figure(data, theme)
    return _curve_figure(data, theme)


def _picture_figure(data: PrototypesData, images: NDArray[np.uint8], theme: Theme) -> Figure:
    """One large picture of all tiles with a caption under each: hundreds of axes would take seconds."""
    from matplotlib.collections import PolyCollection

    shown = _most_used(data, MOST_TILES)
    n_columns = data.n_columns or max(1, min(len(shown), math.ceil(math.sqrt(1.5 * len(shown)))))
    n_rows = math.ceil(len(shown) / n_columns)
    inch = min(1.5, max(0.62, 11.0 / n_columns))
    wide = canvas.room(theme, max(3.4, inch * n_columns + 0.3))
    inch = min(inch, (wide - 0.3) / n_columns)
    font = min(8.0, 7.2 * inch)
    pitch = images.shape[1] / images.shape[2] + (0.42 if font >= LEAST_LETTERS else 0.1)
    made = canvas.new_figure(theme, wide, inch * pitch * n_rows + 0.7)
    axes = made.subplots()
    canvas.dress(axes, theme, frame=False)
    axes.set_axis_off()
    letters = max(4, int(inch * 72 * 0.95 / (0.62 * font)))
    frames = []
    sheet, places = contact_sheet(images[shown], n_columns, pitch, rgb(theme.surface))
    axes.imshow(sheet, extent=(0, n_columns, n_rows * pitch, 0), interpolation="nearest").set_in_layout(False)
    for which, (left, top, right, bottom) in zip(shown.tolist(), places.tolist(), strict=True):
        frames.append([(left, top), (right, top), (right, bottom), (left, bottom)])
        if font >= LEAST_LETTERS:
            caption = _tile_text(data, which, letters)
            axes.text((left + right) / 2, bottom + 0.05, caption, ha="center", va="top", **_text(theme, font))
    codes = data.codes[shown].tolist()
    edges = [theme.class_color(code) if code >= 0 else theme.grid for code in codes]
    widths = [1.6 if code >= 0 else 0.6 for code in codes]
    axes.add_collection(PolyCollection(frames, facecolors="none", edgecolors=edges, linewidths=widths))
    axes.set_xlim(0, n_columns)
    axes.set_ylim(n_rows * pitch, 0)
    axes.set_aspect("equal")
    _footer(made, data, len(shown), theme, scale=_scale_text(data, images.ndim == 4))
    return made


def _tile_text(data: PrototypesData, which: int, letters: int) -> str:
    """The class where there is one, else the number, and how many rows, in two short lines."""
    return (
        canvas.plain(shorten(data.names[which], letters)) + "\n" + canvas.plain(shorten(data.captions[which], letters))
    )


def _scale_text(data: PrototypesData, in_color: bool) -> str:
    low, high = data.image_range
    unit = next((f" {u}" for u in data.units if u), "")
    ends = ("no", "full") if in_color else ("black", "white")
    return f"{ends[0]} {'colour ' if in_color else ''}= {number(low)}{unit}, {ends[1]} = {number(high)}{unit}"


def _bar_figure(data: PrototypesData, theme: Theme) -> Figure:
    """Bars from the low end of the data to the prototype's value, features named once at the left of each line."""
    from matplotlib.collections import PolyCollection

    shown = _most_used(data, MOST_BARRED)
    n_features = data.values.shape[1]
    n_columns = max(1, min(3, len(shown)))
    wide = canvas.room(theme, 2.7 * n_columns + 2.0)
    n_columns = min(n_columns, max(1, int((wide - 1.0) / 1.15)))
    n_rows = math.ceil(len(shown) / n_columns)
    cell = (wide - (2.0 if theme.page is None else 1.2)) / n_columns
    bar = 0.25 if theme.page is None else 0.19
    full = 0.76 if cell > 1.9 else 0.5  # of a cell that bars have; the rest is for numbers
    letters = max(8, int(cell * 72 / (0.6 * 8.5)))
    made = canvas.new_figure(theme, wide, n_rows * (0.6 + bar * n_features) + 0.5)
    axes = made.subplots()
    canvas.dress(axes, theme, frame=False)
    high = n_features + 2.4  # of a cell, in bars
    lengths = np.nan_to_num(np.clip(data.relative, 0, 1))
    grounds, bars, inks = [], [], []
    for place, which in enumerate(shown.tolist()):
        row, column = divmod(place, n_columns)
        top = row * high + 1.9
        words = (shorten(data.titles[which], min(32, letters)), shorten(data.captions[which], letters))
        title = "\n".join(map(canvas.plain, words))
        axes.text(column + 0.4, top - 0.3, title, ha="center", va="bottom", **_text(theme, 8.5))
        for feature in range(n_features):
            y = top + feature
            grounds.append(_rectangle(column + 0.02, column + 0.02 + full, y))
            bars.append(_rectangle(column + 0.02, column + 0.02 + full * lengths[which, feature], y))
            inks.append(_ink(data, which, theme))
            value = canvas.plain(number(float(data.values[which, feature])))
            axes.text(column + full + 0.04, y + 0.4, value, va="center", **_text(theme, 8))
    axes.add_collection(PolyCollection(grounds, facecolors=theme.grid, alpha=0.45, linewidths=0))
    axes.add_collection(PolyCollection(bars, facecolors=inks, linewidths=0))
    axes.set_xlim(0, n_columns)
    axes.set_ylim(n_rows * high - 0.3, 0)
    axes.set_xticks([])
    axes.tick_params(length=0)
    names = distinct(tuple(_short(n, u) for n, u in zip(data.feature_names, data.units, strict=True)), 26)
    places = [row * high + 2.3 + feature for row in range(n_rows) for feature in range(n_features)]
    canvas.name_ticks(axes.yaxis, places, names * n_rows, fontsize=8)
    _footer(made, data, len(shown), theme, scale="bars run from the lowest to the highest value of the data")
    return made


def _rectangle(left: float, right: float, top: float) -> list[tuple[float, float]]:
    """Corners of a bar 0.8 high."""
    return [(left, top), (right, top), (right, top + 0.8), (left, top + 0.8)]


def _text(theme: Theme, size: float) -> dict[str, Any]:
    """Style of texts inside axes, which need not be measured to lay the figure out."""
    return {"fontsize": size, "color": theme.text, "in_layout": False}


def _curve_figure(data: PrototypesData, theme: Theme) -> Figure:
    """Each prototype as a curve over the feature numbers; all in one pair of axes, since many pairs take seconds."""
    from matplotlib.collections import LineCollection

    shown = _most_used(data, MOST_CURVES)
    n_features = data.values.shape[1]
    n_columns = canvas.across(theme, min(3, len(shown)), 1.6)
    n_rows = math.ceil(len(shown) / n_columns)
    wide = canvas.room(theme, 3.7 * n_columns + 0.4)
    letters = int(72 * (wide - 0.4) / n_columns / (0.6 * 8.5))
    made = canvas.new_figure(theme, wide, 1.5 * n_rows + 0.7)
    axes = made.subplots()
    canvas.dress(axes, theme, frame=False)
    axes.set_axis_off()
    across = np.linspace(0.03, 0.97, n_features)
    heights = np.clip(data.relative[shown], -0.08, 1.08)
    curves, ends, inks = [], [], []
    for place, which in enumerate(shown.tolist()):
        row, column = divmod(place, n_columns)
        bottom = row + 0.92
        curves.append(np.column_stack([column + across, bottom - 0.58 * heights[place]]))
        ends += [[(column + 0.03, level), (column + 0.97, level)] for level in (bottom, bottom - 0.58)]
        inks.append(_ink(data, which, theme))
        lines = (shorten(data.titles[which], min(40, letters)), shorten(data.captions[which], letters))
        text = "\n".join(map(canvas.plain, lines))
        axes.text(column + 0.5, row + 0.3, text, ha="center", va="bottom", **_text(theme, 8.5))
    axes.add_collection(LineCollection(ends, colors=theme.grid, linewidths=0.8))
    axes.add_collection(LineCollection(curves, colors=inks, linewidths=0.9 if n_features > 200 else 1.3))
    axes.set_xlim(0, n_columns)
    axes.set_ylim(n_rows, 0)
    scale = f"features 1 to {n_features:,} from left to right; lines at the lowest and the highest value of the data"
    _footer(made, data, len(shown), theme, scale=scale)
    return made


def _short(name: str, unit: str) -> str:
    """A name that leaves room for its unit."""
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


def _footer(made: Any, data: PrototypesData, n_shown: int, theme: Theme, *, scale: str) -> None:
    n_all = len(data.index)
    parts = [f"the {n_shown:,} most used of {n_all:,} {data.noun}s" if n_shown < n_all else "", scale, data.note]
    words = textwrap.wrap(canvas.plain(" · ".join(p for p in parts if p)), max(30, round(made.get_figwidth() * 13)))
    made.supxlabel("\n".join(words), fontsize=8, color=theme.muted)
