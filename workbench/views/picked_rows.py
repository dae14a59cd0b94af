"""The picked rows: what sets them apart from the rest, which classes and prototypes they belong to, and pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.pictures import contact_sheet, pictures, range_of
from workbench.views.scene import Scene, per_sample
from workbench.views.theme import Theme, rgb
from workbench.views.wording import counted, number, percent, shorten, with_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_FEATURES = 12
MOST_PICTURES = 240
_MOST_KINDS, _MOST_DRAWN = 8, 60


def _no_numbers() -> NDArray[np.int64]:
    return np.empty(0, np.int64)


def _no_values() -> NDArray[np.float64]:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class PickedData:
    """What is known of the picked rows.

    Attributes
    ----------
    n_picked, n_rows : int
        Picked ones, and all.
    classes, prototypes : tuple of (name, k, share)
        Of the rows that were looked at: how many belong where, the most first, and as a share of them.
    features : (f,) int64
        The features that set them apart most, the first most.
    effects : (f,) float64
        How far their mean is from that of all rows, in standard deviations of all rows (Cohen 1988, with the
        deviation of all rows).
    means, means_of_all : (f,) float64
        In original units.
    names : tuple of f str
        With units.
    rows : (r,) int64
        Row numbers of the pictures.
    codes : (r,) int64
        Their class codes; -1 for none.
    images : (r, h, w) or (r, h, w, 3) uint8, or None
        None where rows are no pictures.
    average : (h, w) or (h, w, 3) uint8, or None
        The mean of the rows that were looked at.
    note : str
    """

    n_picked: int
    n_rows: int
    classes: tuple[tuple[str, int, float], ...] = ()
    prototypes: tuple[tuple[str, int, float], ...] = ()
    features: NDArray[np.int64] = field(default_factory=_no_numbers)
    effects: NDArray[np.float64] = field(default_factory=_no_values)
    means: NDArray[np.float64] = field(default_factory=_no_values)
    means_of_all: NDArray[np.float64] = field(default_factory=_no_values)
    names: tuple[str, ...] = ()
    rows: NDArray[np.int64] = field(default_factory=_no_numbers)
    codes: NDArray[np.int64] = field(default_factory=_no_numbers)
    images: NDArray[np.uint8] | None = None
    average: NDArray[np.uint8] | None = None
    note: str = ""


def applies(scene: Scene) -> bool:
    """Rows can be picked of any data."""
    return True


def compute(scene: Scene) -> PickedData:
    """What is known of the rows that the scene's person picked."""
    picked = scene.picked
    if picked is None or not picked.n_rows:
        return PickedData(0, scene.sample.n_total, note="Pick rows in any view: they are looked at here.")
    rows = picked.shown
    values = np.asarray(scene.to_original(picked.vectors), float)
    mean, mean_of_all, deviation = _mean(values), *_spread(scene)
    effects = np.where(deviation > 0, (mean - mean_of_all) / np.where(deviation > 0, deviation, 1.0), 0.0)
    most = np.argsort(-np.abs(np.nan_to_num(effects)), kind="stable")[:MOST_FEATURES]
    images = average = None
    if scene.image_shape is not None and math.prod(scene.image_shape) == values.shape[1]:
        images, _ = pictures(values[:MOST_PICTURES], scene.image_shape, *range_of(scene))
        average = pictures(mean[None], scene.image_shape, *range_of(scene))[0][0]
    looked_at = "" if len(rows) == picked.n_rows else f"looked at {len(rows):,} of them, evenly taken; "
    return PickedData(
        n_picked=picked.n_rows,
        n_rows=scene.sample.n_total,
        classes=_tally(picked.codes, scene.class_names) if scene.classes else (),
        prototypes=_prototypes(scene),
        features=most,
        effects=effects[most],
        means=mean[most],
        means_of_all=mean_of_all[most],
        names=tuple(with_unit(shorten(scene.original_names[j], 40), scene.units[j]) for j in most.tolist()),
        rows=rows[:MOST_PICTURES],
        codes=picked.codes[:MOST_PICTURES],
        images=images,
        average=average,
        note=looked_at + "differences in standard deviations of all rows",
    )


def _prototypes(scene: Scene) -> tuple[tuple[str, int, float], ...]:
    assert scene.picked is not None
    if not scene.has_prototypes:
        return ()
    names = tuple(f"prototype {k}" for k in range(len(scene.prototypes)))
    return _tally(scene.nearest_to(scene.picked.vectors), names)


def _tally(codes: NDArray[np.int64], names: tuple[str, ...]) -> tuple[tuple[str, int, float], ...]:
    """(name, how many, share) of the commonest codes; negative ones are none."""
    known = codes[codes >= 0]
    counts = np.bincount(known, minlength=len(names))
    most = [k for k in np.argsort(-counts, kind="stable")[:_MOST_KINDS].tolist() if counts[k]]
    return tuple((names[k], int(counts[k]), float(counts[k] / len(codes))) for k in most)


@per_sample
def _spread(scene: Scene) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation (d',), (d',) of the sample in original units."""
    values = np.asarray(scene.to_original(np.asarray(scene.sample.X)), float)
    mean = _mean(values)
    return mean, np.sqrt(_mean((values - mean) ** 2))


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over rows of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    return np.asarray(np.where(n > 0, np.where(known, values, 0).sum(axis=0) / np.maximum(n, 1), np.nan))


def heading(data: PickedData) -> str:
    """How many rows are picked, in words."""
    if not data.n_picked:
        return data.note
    return f"{counted(data.n_picked, 'row')} picked, {percent(data.n_picked / data.n_rows)} of {data.n_rows:,}"


def figure(data: PickedData, theme: Theme) -> Figure:
    """What sets the rows apart as bars, and their pictures below."""
    wide = canvas.room(theme, 7.2)
    if not data.n_picked:
        made = canvas.new_figure(theme, wide, 2.4)
        axes = made.subplots()
        canvas.dress(axes, theme, frame=False)
        axes.set_axis_off()
        canvas.remark(axes, data.note, theme)
        return made
    n_across = 10 if canvas.is_narrow(theme) else 15
    heights = [1.3 + 0.2 * len(data.features)]
    if data.images is not None:
        heights.append(wide / n_across * math.ceil(len(data.images[:_MOST_DRAWN]) / n_across))
    made = canvas.new_figure(theme, wide, sum(heights) + 0.4)
    parts = np.atleast_1d(made.subplots(len(heights), 1, height_ratios=heights))
    axes = parts[0]
    canvas.dress(axes, theme, grid=True)
    places = np.arange(len(data.features))
    axes.barh(places, data.effects, color=theme.accent)
    axes.set_yticks(places, [canvas.plain(shorten(name, 30)) for name in data.names])
    axes.invert_yaxis()
    axes.axvline(0, color=theme.muted, linewidth=0.8)
    canvas.label(axes, x="difference to all rows, in standard deviations", title=heading(data))
    if data.images is not None:
        sheet, _ = contact_sheet(data.images[:_MOST_DRAWN], n_across, 1.0, rgb(theme.surface))
        parts[1].imshow(sheet, interpolation="nearest")
        parts[1].set_axis_off()
    made.supxlabel(canvas.plain(data.note), fontsize=8, color=theme.muted)
    return made


def told(data: PickedData, place: int) -> str:
    """What a feature's difference is, in words."""
    effect = data.effects[place]
    return (
        f"{data.names[place]}: {number(float(data.means[place]))}, all rows {number(float(data.means_of_all[place]))}; "
        f"{number(float(effect), 3)} standard deviations {'more' if effect > 0 else 'less'}"
    )
