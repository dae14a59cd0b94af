"""Rows beside what their codes make of them: original, code, reconstruction, error, of the worst and the best rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.codes import bits_of
from workbench.views import canvas
from workbench.views.bits import cells_image, cells_of, text_of
from workbench.views.picking import narrowed
from workbench.views.pictures import pictures, range_of
from workbench.views.prototypes import FEW_FEATURES
from workbench.views.scene import Scene
from workbench.views.theme import ColorTable, Theme
from workbench.views.wording import counted, distinct, number, shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EACH = 4
GROUPS = ("worst", "typical", "best")
"""Rows of greatest, middle and least error."""


@dataclass(frozen=True, eq=False)
class ReconstructionsData:
    """Up to 4 rows of each group, the worst first.

    Attributes
    ----------
    rows : (r,) int64
        Row numbers.
    groups : (r,) int64
        Index into `GROUPS`.
    codes, bits : tuple of r str
        "17", "3·0·12" or, of an engine of bits, "0110 10"; and the same as bits.
    cells : (r, a, b) int8, or None
        Bits of each code as a table, 0 or 1, -1 where there is none; None for an engine that is not of bits.
    original, reconstruction : (r, d) float64
        In original units.
    errors : (r,) float64
        Mean squared error of a component in training units, by which they were chosen.
    rms : (r,) float64
        Root of the mean squared error of a component in original units.
    feature_names, units : tuple of d str
    low, high : (d,) float64
        Range of the data, feature by feature.
    images, reconstructed : (r, h, w) or (r, h, w, 3) uint8, or None
        As pictures on one scale.
    image_range : (low, high)
        What the ends of that scale mean.
    image_errors : (r, h, w) float64, or None
        Reconstruction less original, the mean over colour channels, in original units.
    limit : float
        Greatest size of an error, of any shown row: the ends of the diverging scale.
    note : str
    """

    rows: NDArray[np.int64]
    groups: NDArray[np.int64]
    codes: tuple[str, ...]
    bits: tuple[str, ...]
    cells: NDArray[np.int8] | None
    original: NDArray[np.float64]
    reconstruction: NDArray[np.float64]
    errors: NDArray[np.float64]
    rms: NDArray[np.float64]
    feature_names: tuple[str, ...]
    units: tuple[str, ...]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    images: NDArray[np.uint8] | None
    reconstructed: NDArray[np.uint8] | None
    image_range: tuple[float, float]
    image_errors: NDArray[np.float64] | None
    limit: float
    note: str

    def placed(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(r, d) values between the low (0) and the high (1) end of the data; 0.5 where they are one."""
        width = self.high - self.low
        return np.where(width > 0, (values - self.low) / np.where(width > 0, width, 1), 0.5)

    @property
    def heads(self) -> tuple[str, ...]:
        """What stands over each row: number and code."""
        return tuple(f"row {row + 1:,} → {code}" for row, code in zip(self.rows.tolist(), self.codes, strict=True))

    @property
    def captions(self) -> tuple[str, ...]:
        """What stands under each row: its error."""
        unit = common_unit(self.units)
        return tuple(f"error {number(value, 3)}{unit} (RMS)" for value in self.rms.tolist())


def common_unit(units: tuple[str, ...]) -> str:
    """A blank and the unit that all features have; "" where they differ or have none."""
    return f" {units[0]}" if units and units[0] and len(set(units)) == 1 else ""


def applies(scene: Scene) -> bool:
    """Whatever turns rows into codes and back."""
    return scene.has_codes


def compute(scene: Scene) -> ReconstructionsData:
    """Choose rows, of the picked ones if there are any, by their error; take them to original units."""
    whole, scene = scene, narrowed(scene)
    X = np.asarray(scene.sample.X)[scene.whole]
    errors = ((X.astype(np.float64) - scene.quantized) ** 2).mean(axis=1)
    chosen, groups = choose(errors)
    original = np.asarray(scene.to_original(X[chosen]), float)
    made = np.asarray(scene.to_original(np.asarray(scene.quantized)[chosen]), float)
    low, high = range_of(whole) if len(whole.sample.rows) else (np.zeros(original.shape[1]), np.ones(original.shape[1]))
    images = reconstructed = image_errors = None
    image_range = (0.0, 1.0)
    difference = made - original
    if scene.image_shape is not None and math.prod(scene.image_shape) == original.shape[1] and len(chosen):
        images, image_range = pictures(original, scene.image_shape, low, high)
        reconstructed, _ = pictures(made, scene.image_shape, low, high)
        image_errors = difference.reshape(len(chosen), *scene.image_shape)
        image_errors = image_errors.mean(axis=3) if image_errors.ndim == 4 else image_errors
    codes = scene.codes[chosen]
    if scene.has_bits:
        texts = [(text, text) for text in map(text_of, codes)]
    else:
        texts = code_texts(codes, scene.model.code_sizes)
    part = "" if scene.is_whole else f" of {len(scene.sample.rows):,} drawn at random"
    part = part if scene is whole else f" of the {counted(len(scene.sample.rows), 'picked one')}"
    return ReconstructionsData(
        rows=np.asarray(scene.sample.rows)[scene.whole[chosen]],
        groups=groups,
        codes=tuple(code for code, _ in texts),
        bits=tuple(bits for _, bits in texts),
        cells=cells_of(codes) if scene.has_bits else None,
        original=original,
        reconstruction=made,
        errors=errors[chosen],
        rms=np.sqrt((difference**2).mean(axis=1)),
        feature_names=scene.original_names,
        units=scene.units,
        low=low,
        high=high,
        images=images,
        reconstructed=reconstructed,
        image_range=image_range,
        image_errors=image_errors,
        limit=float(np.abs(difference if image_errors is None else image_errors).max(initial=0.0)) or 1.0,
        note=f"rows{part}, chosen by their squared error in training units; "
        f"a code takes {counted(scene.model.bits_per_row, 'bit')}",
    )


def choose(errors: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of the worst, typical and best rows, each once, and the group of each; the worst first."""
    order = np.argsort(-errors, kind="stable")
    n = len(order)
    parts = np.array_split(order, 3)
    if n > 3 * EACH:
        middle = (n - EACH) // 2
        parts = [order[:EACH], order[middle : middle + EACH], order[n - EACH :]]
    groups = np.repeat(np.arange(3), [len(part) for part in parts])
    return np.concatenate(parts).astype(np.int64), groups.astype(np.int64)


def code_texts(codes: NDArray[np.int64], sizes: tuple[int, ...]) -> list[tuple[str, str]]:
    """Each row's codes as "3·0·12", and as the bits of each, highest first."""
    widths = [bits_of(size) for size in sizes]
    made = []
    for row in codes.tolist():
        bits = " ".join(f"{code:0{width}b}" for code, width in zip(row, widths, strict=True) if width)
        made.append(("·".join(map(str, row)), bits))
    return made


def error_image(error: NDArray[np.float64], limit: float, table: ColorTable) -> NDArray[np.uint8]:
    """(..., 3) uint8: no error in the middle of the diverging table, ±limit at its ends."""
    return table[np.clip(np.rint(127.5 + 127.5 * np.nan_to_num(error) / limit), 0, 255).astype(np.int64), :3]


def figure(data: ReconstructionsData, theme: Theme) -> Figure:
    """Three columns, worst, typical and best; pictures, named features or curves in each."""
    if not len(data.rows):
        made = canvas.new_figure(theme, 6.0, 2.0)
        axes = made.subplots()
        canvas.dress(axes, theme, frame=False)
        axes.set_axis_off()
        canvas.remark(axes, "No row without missing values to encode.", theme)
        return made
    if data.images is not None:
        return _picture_figure(data, theme)
    if data.original.shape[1] <= FEW_FEATURES:
        return _named_figure(data, theme)
    return _curve_figure(data, theme)


def _cells(data: ReconstructionsData) -> list[tuple[int, int, int]]:
    """(which, row, column) of each: a column for each group."""
    place = dict.fromkeys(range(len(GROUPS)), 0)
    cells = []
    for which, group in enumerate(data.groups.tolist()):
        cells.append((which, place[group], group))
        place[group] += 1
    return cells


def _headings(axes: Any, data: ReconstructionsData, theme: Theme, y: float) -> None:
    for group in sorted(set(data.groups.tolist())):
        style = {"fontsize": 10, "color": theme.text, "ha": "center", "in_layout": False}
        axes.text(group + 0.5, y, canvas.plain(f"{GROUPS[group]} rows"), **style)


def _empty(data: ReconstructionsData, theme: Theme, width: float, inch: float, high: float) -> tuple[Figure, Any, int]:
    """A figure with one pair of axes, three units wide, and how many cells are one under another."""
    n_down = max(row for _, row, _ in _cells(data)) + 1
    wide = canvas.room(theme, width)
    inch *= min(1.0, wide / width) if data.images is not None else 1.0
    made = canvas.new_figure(theme, wide, inch * n_down * high + 0.9)
    axes = made.subplots()
    canvas.dress(axes, theme, frame=False)
    axes.set_xlim(0, 3)
    axes.set_ylim(n_down * high, -0.28 * high)
    return made, axes, n_down


def _small(theme: Theme, **more: Any) -> dict[str, Any]:
    return {"fontsize": 7.5, "color": theme.text, "in_layout": False, "ha": "center"} | more


def _picture_figure(data: ReconstructionsData, theme: Theme) -> Figure:
    assert data.images is not None
    assert data.reconstructed is not None
    assert data.image_errors is not None
    aspect = data.images.shape[1] / data.images.shape[2]
    n_tiles = 3 if data.cells is None else 4
    tile = 0.915 / n_tiles - 0.005
    pitch = tile * aspect + 0.19
    made, axes, _ = _empty(data, theme, 11.0, 3.5, pitch)
    axes.set_axis_off()
    wrong = error_image(data.image_errors, data.limit, theme.diverging)
    for which, row, column in _cells(data):
        top = row * pitch + 0.06
        tiles = [data.images[which], data.reconstructed[which], wrong[which]]
        if data.cells is not None:
            tiles.insert(1, cells_image(data.cells[which], theme, aspect))
        for k, image in enumerate(tiles):
            left = column + 0.03 + k * (tile + 0.015)
            grey = {"cmap": "gray", "vmin": 0, "vmax": 255} if image.ndim == 2 else {}
            extent = (left, left + tile, top + tile * aspect, top)
            axes.imshow(image, extent=extent, interpolation="nearest", **grey).set_in_layout(False)
        middle = column + 0.03 + 0.5 * n_tiles * tile
        axes.text(middle, top - 0.015, canvas.plain(shorten(data.heads[which], 44)), **_small(theme, va="bottom"))
        axes.text(middle, top + tile * aspect + 0.015, canvas.plain(data.captions[which]), **_small(theme, va="top"))
    axes.set_xlim(0, 3)
    axes.set_ylim((max(r for _, r, _ in _cells(data)) + 1) * pitch, -0.14)
    axes.set_aspect("equal")
    _headings(axes, data, theme, -0.06)
    unit = common_unit(data.units)
    low, high = (number(end) + unit for end in data.image_range)
    scale = f"black = {low}, white = {high}" if data.images.ndim == 3 else f"no colour = {low}, full = {high}"
    ends = f"error: blue = +{number(data.limit, 3)}{unit}, orange = −{number(data.limit, 3)}{unit}"
    code = "" if data.cells is None else "code (bit by bit, row by row, full is 1), "
    note = f"original, {code}reconstruction, error; {scale}; {ends}\n{data.note}"
    made.supxlabel("\n".join(map(canvas.plain, note.split("\n"))), fontsize=8, color=theme.muted)
    return made


def _named_figure(data: ReconstructionsData, theme: Theme) -> Figure:
    """For each feature a mark at the original and one at the reconstruction, joined by the error."""
    from matplotlib.collections import LineCollection

    d = data.original.shape[1]
    high = d + 2.6
    made, axes, n_down = _empty(data, theme, 10.5, 0.21, high)
    axes.set_ylim(n_down * high - 0.4, -2.2)
    before = np.clip(data.placed(data.original), -0.05, 1.05) * 0.8 + 0.08
    after = np.clip(data.placed(data.reconstruction), -0.05, 1.05) * 0.8 + 0.08
    ground, joins = [], []
    points: tuple[list[float], ...] = ([], [], [])
    for which, row, column in _cells(data):
        top = row * high + 1.4
        head = f"{shorten(data.heads[which], 34)}\n{data.captions[which]}"
        text = "\n".join(map(canvas.plain, head.split("\n")))
        axes.text(column + 0.48, top - 0.5, text, **_small(theme, va="bottom"))
        for j in range(d):
            y = top + j + 0.3
            ground.append([(column + 0.08, y), (column + 0.88, y)])
            joins.append([(column + before[which, j], y), (column + after[which, j], y)])
            for values, x in zip(points, (column + before[which, j], column + after[which, j], y), strict=True):
                values.append(x)
    axes.add_collection(LineCollection(ground, colors=theme.grid, linewidths=0.9))
    axes.add_collection(LineCollection(joins, colors=theme.danger, linewidths=1.6))
    axes.scatter(points[0], points[2], s=20, color=theme.text, zorder=3, label="original", linewidths=0)
    diamond = {"marker": "D", "color": theme.accent, "edgecolors": theme.surface, "linewidths": 0.5}
    axes.scatter(points[1], points[2], s=22, zorder=4, label="reconstruction", **diamond)
    axes.set_xticks([])
    axes.tick_params(length=0)
    names = distinct(data.feature_names, 22)
    places = [row * high + 1.7 + j for row in range(n_down) for j in range(d)]
    canvas.name_ticks(axes.yaxis, places, names * n_down, fontsize=7.5)
    _headings(axes, data, theme, -1.55)
    canvas.legend(axes, theme, outside=True)
    note = f"each line from the lowest to the highest value of the data; {data.note}"
    made.supxlabel(canvas.plain(note), fontsize=8, color=theme.muted)
    return made


def _curve_figure(data: ReconstructionsData, theme: Theme) -> Figure:
    """Original and reconstruction as curves over the features, and the error under them."""
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    made, axes, n_down = _empty(data, theme, 11.0, 1.9, 1.0)
    axes.set_axis_off()
    axes.set_ylim(n_down, -0.16)
    across = np.linspace(0.03, 0.95, data.original.shape[1])
    curves: dict[str, list[Any]] = {"original": [], "reconstruction": [], "error": [], "ground": []}
    before, after = (np.clip(data.placed(v), -0.05, 1.05) for v in (data.original, data.reconstruction))
    error = 0.5 + 0.5 * np.clip(after - before, -1, 1)
    for which, row, column in _cells(data):
        text = "\n".join(map(canvas.plain, (shorten(data.heads[which], 40), data.captions[which])))
        axes.text(column + 0.49, row + 0.19, text, **_small(theme, va="bottom"))
        for name, values, bottom, high in (
            ("original", before, 0.66, 0.44),
            ("reconstruction", after, 0.66, 0.44),
            ("error", error, 0.94, 0.24),
        ):
            curves[name].append(np.column_stack([column + across, row + bottom - high * values[which]]))
        ends = (0.22, 0.66, 0.82)
        curves["ground"] += [[(column + 0.03, row + y), (column + 0.95, row + y)] for y in ends]
    inks = {"ground": theme.grid, "original": theme.text, "reconstruction": theme.accent, "error": theme.danger}
    for name, ink in inks.items():
        axes.add_collection(LineCollection(curves[name], colors=ink, linewidths=0.9))
    _headings(axes, data, theme, -0.05)
    handles = [Line2D([], [], color=inks[n], label=n) for n in ("original", "reconstruction", "error")]
    canvas.legend(axes, theme, outside=True, handles=handles)
    d = data.original.shape[1]
    note = f"features 1 to {d:,} from left to right, on the range of the data; {data.note}"
    made.supxlabel(canvas.plain(note), fontsize=8, color=theme.muted)
    return made
