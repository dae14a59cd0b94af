"""What is in a dataset: figures of every feature, gaps, classes, doublets, and which features go together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.first_look import without_test_part
from workbench.views.leaf_order import best_leaf_order
from workbench.views.scene import PARTS, Scene
from workbench.views.theme import Theme
from workbench.views.wording import counted, distinct, number, percent, shorten, with_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

MOST_CORRELATED = 60
"""Of a table with more features, those that vary most are in the matrix; pixels are not."""
MOST_SHOWN = 24
"""Features whose distributions, or classes whose sizes, are drawn."""
N_BINS = 32
_BLOCK_NUMBERS = 1 << 20
_MOST_PRODUCTS = 2000
"""Features of which each pair is compared."""
_MOST_NOTES = 6
_UNEVEN = 1.5
"""Classes that differ in size by more are told."""


@dataclass(frozen=True, eq=False)
class DescriptionData:
    """A dataset in figures; rows that are dropped, and those of a sealed test part, are not counted.

    Attributes
    ----------
    n_rows : int
    names, units : tuple of d str
        Of the features as they were imported.
    mean, deviation, low, high : (d,) float64
        Of the values that are not missing; NaN where all are.
    quartiles : (3, d) float64
        Of the rows of the sample.
    missing : (d,) int64
        Missing or infinite values.
    n_incomplete : int
        Rows that lack a value.
    n_doublets : int
        Rows that are equal, value by value, to one before.
    classes : tuple of k str
        And, last, "no label" where there are rows without.
    class_counts : (k, 3) int64
        Rows of each in the parts, as in `PARTS`.
    correlated : (f,) int64
        Features in the order of `correlation`, similar ones side by side.
    correlation : (f, f) float64
        Pearson's, over complete rows; NaN for features that never change.
    histograms : (s, 32) float64
        Of the first features over the sample, from `low` to `high`, the largest count of each 1.
    pictures : tuple of two (h, w) arrays, or ()
        Mean and deviation of each pixel.
    told : tuple of str
        What stands out, a sentence each.
    notes : tuple of (str, str)
        What people noted of columns of the file, by name.
    feature_notes : tuple of str
        The same by feature; empty where none has a note.
    """

    n_rows: int
    names: tuple[str, ...]
    units: tuple[str, ...]
    mean: Floats
    deviation: Floats
    low: Floats
    high: Floats
    quartiles: Floats
    missing: NDArray[np.int64]
    n_incomplete: int
    n_doublets: int
    classes: tuple[str, ...]
    class_counts: NDArray[np.int64]
    correlated: NDArray[np.int64]
    correlation: Floats
    histograms: Floats
    pictures: tuple[Floats, ...]
    told: tuple[str, ...]
    notes: tuple[tuple[str, str], ...]
    feature_notes: tuple[str, ...]

    @property
    def noted(self) -> str:
        """The notes in one line, as many as there is room for; "" without any."""
        shown = [f"{shorten(name, 30)}: {shorten(note, 100)}" for name, note in self.notes[:_MOST_NOTES]]
        more = f" (and {len(self.notes) - len(shown):,} more)" if len(self.notes) > len(shown) else ""
        return f"Notes. {'; '.join(shown)}{more}." if shown else ""

    @property
    def headline(self) -> str:
        return f"{counted(self.n_rows, 'row')} of {counted(len(self.names), 'feature')}"


def applies(scene: Scene) -> bool:
    """Any data can be described."""
    return True


def compute(scene: Scene) -> DescriptionData:
    """Read all rows once and count; the figures are kept for as long as the data are open."""
    every = scene.every
    found = _known.get(every.raw)
    stamp = every.kept.tobytes(), scene.kind
    if found is None or found[0] != stamp:
        found = stamp, _counted(every.raw, every.kept, scene.image_shape is None)
        _known[every.raw] = found
    moments = found[1]
    classes, counts = _classes(scene)
    sample = _sample(scene)
    d = len(scene.original_names)
    quartiles, histograms = _spread(sample, moments.low, moments.high)
    pixels = scene.image_shape is not None and scene.kind == "image" and d == np.prod(scene.image_shape)
    made = DescriptionData(
        n_rows=moments.n,
        names=scene.original_names,
        units=scene.units,
        mean=moments.mean,
        deviation=moments.deviation,
        low=moments.low,
        high=moments.high,
        quartiles=quartiles,
        missing=moments.missing,
        n_incomplete=moments.incomplete,
        n_doublets=moments.doublets,
        classes=classes,
        class_counts=counts,
        correlated=moments.correlated,
        correlation=moments.correlation,
        histograms=histograms,
        pictures=tuple(_picture(v, scene.image_shape) for v in (moments.mean, moments.deviation)) if pixels else (),
        told=(),
        notes=tuple(scene.notes.items()),
        feature_notes=scene.feature_notes,
    )
    n_sealed = every.n_sealed
    sealed = (f"Told of the rows{without_test_part(n_sealed)}.",) if n_sealed else ()
    return DescriptionData(**{**vars(made), "told": (*_told(made), *sealed)})


@dataclass(frozen=True, eq=False)
class _Moments:
    n: int
    mean: Floats
    deviation: Floats
    low: Floats
    high: Floats
    missing: NDArray[np.int64]
    incomplete: int
    doublets: int
    correlated: NDArray[np.int64]
    correlation: Floats


_known: WeakKeyDictionary[Any, tuple[Any, _Moments]] = WeakKeyDictionary()
"""What was counted of data that are open, with the rows that were dropped then."""


def _counted(raw: Any, kept: NDArray[np.bool_], correlate: bool) -> _Moments:
    """One pass over all rows; sums are of differences from the first complete values, so that no digits are lost."""
    import polars as pl

    n, d = raw.shape
    count, total, squares = (np.zeros(d) for _ in range(3))
    low, high, origin = np.full(d, np.inf), np.full(d, -np.inf), np.full(d, np.nan)
    products = np.zeros((d, d)) if correlate and d <= _MOST_PRODUCTS else None
    complete_sum, n_complete, incomplete = np.zeros(d), 0, 0
    hashes = []
    step = max(64, _BLOCK_NUMBERS // max(1, d))
    for start in range(0, n, step):
        block = np.asarray(raw.read(start, min(start + step, n)), np.float64)[kept[start : start + step]]
        hashes.append(pl.DataFrame(block).hash_rows().to_numpy())
        known = np.isfinite(block)
        first = np.argmax(known, axis=0)
        fresh = np.isnan(origin) & known.any(axis=0)
        origin[fresh] = block[first[fresh], fresh]
        shifted = np.where(known, block - origin, 0.0)
        count += known.sum(axis=0)
        total += shifted.sum(axis=0)
        squares += np.square(shifted).sum(axis=0)
        low = np.minimum(low, np.where(known, block, np.inf).min(axis=0, initial=np.inf))
        high = np.maximum(high, np.where(known, block, -np.inf).max(axis=0, initial=-np.inf))
        whole = known.all(axis=1)
        incomplete += int((~whole).sum())
        if products is not None:
            rows = shifted[whole]
            products += rows.T @ rows
            complete_sum += rows.sum(axis=0)
            n_complete += len(rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - mean**2, 0))
    kept_rows = int(kept.sum())
    deviation[low == high] = 0.0
    empty = count == 0
    low[empty], high[empty] = np.nan, np.nan
    correlated, correlation = _correlation(products, complete_sum, n_complete, deviation)
    doublets = kept_rows - len(np.unique(np.concatenate(hashes))) if hashes else 0
    missing = (kept_rows - count).astype(np.int64)
    return _Moments(
        kept_rows, mean + origin, deviation, low, high, missing, incomplete, doublets, correlated, correlation
    )


def _correlation(products: Floats | None, sums: Floats, n: int, deviation: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The features that vary most relative to their size in the order of a tree of 1 - |r|, and r."""
    if products is None or n < 2 or len(sums) < 2:
        return np.empty(0, np.int64), np.empty((0, 0))
    covariance = products / n - np.outer(sums / n, sums / n)
    spread = np.sqrt(np.maximum(np.diag(covariance), 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.clip(covariance / np.outer(spread, spread), -1, 1)
    varies = np.flatnonzero((deviation > 0) & (spread > 0))
    if len(varies) > MOST_CORRELATED:
        strength = np.sort(np.abs(r[np.ix_(varies, varies)]), axis=1)[:, -2]  # besides itself
        varies = np.sort(varies[np.argsort(-strength, kind="stable")[:MOST_CORRELATED]])
    if len(varies) < 2:
        return np.empty(0, np.int64), np.empty((0, 0))
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    apart = 1 - np.abs(r[np.ix_(varies, varies)])
    np.fill_diagonal(apart, 0)
    order = varies[best_leaf_order(linkage(squareform(apart, checks=False), "average"), apart)]
    return order.astype(np.int64), r[np.ix_(order, order)]


def _classes(scene: Scene) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    codes = scene.every.codes
    if codes is None or not scene.class_names:
        return (), np.empty((0, len(PARTS)), np.int64)
    kept = np.asarray(scene.every.kept, bool)
    table = np.zeros((len(scene.class_names) + 1, len(PARTS)), np.int64)
    places = np.asarray(codes, np.int64)[kept], np.asarray(scene.every.split, np.int64)[kept]
    np.add.at(table, places, 1)  # -1 is the last
    if not table[-1].any():
        return scene.class_names, table[:-1]
    return (*scene.class_names, "no label"), table


def _sample(scene: Scene) -> Floats:
    return np.asarray(scene.every.take_raw(np.asarray(scene.sample.rows)), np.float64)


def _spread(sample: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Quartiles of all features and histograms of the first ones, over the values that are known."""
    d = sample.shape[1]
    quartiles, histograms = np.full((3, d), np.nan), np.zeros((min(d, MOST_SHOWN), N_BINS))
    for j in range(d):
        known = sample[np.isfinite(sample[:, j]), j]
        if len(known):
            quartiles[:, j] = np.quantile(known, (0.25, 0.5, 0.75))
        if j < len(histograms) and len(known) and high[j] > low[j]:
            counts = np.histogram(known, N_BINS, (low[j], high[j]))[0]
            histograms[j] = counts / counts.max()
    return quartiles, histograms


def _picture(values: Floats, shape: tuple[int, ...] | None) -> Floats:
    assert shape is not None
    image = values.reshape(shape)
    return image.mean(axis=2) if image.ndim == 3 else image


def _told(data: DescriptionData) -> list[str]:
    """What an analyst would want to know before training."""
    told = []
    if data.n_incomplete:
        worst = int(np.argmax(data.missing))
        told.append(
            f"Rows that lack a value: {data.n_incomplete:,} ({percent(data.n_incomplete / data.n_rows)}), most often "
            f"in {data.names[worst]} ({data.missing[worst]:,})."
        )
    if data.n_doublets:
        told.append(f"Rows that equal an earlier one in every feature: {data.n_doublets:,}.")
    constant = np.flatnonzero(data.low == data.high)
    if len(constant) and not data.pictures:
        told.append(f"Features that never change: {len(constant):,}, {data.names[constant[0]]} the first.")
    if len(data.correlated):
        pairs = np.abs(np.triu(data.correlation, 1))
        i, j = np.unravel_index(int(np.nanargmax(pairs)), pairs.shape)
        first, second = (data.names[data.correlated[k]] for k in (i, j))
        told.append(f"Strongest correlation: {first} and {second}, r = {number(float(data.correlation[i, j]), 2)}.")
    sizes = data.class_counts.sum(axis=1)[: len(data.classes) - ("no label" in data.classes[-1:])]
    if len(sizes) > 1 and sizes.min() > 0 and sizes.max() >= _UNEVEN * sizes.min():
        small, large = int(np.argmin(sizes)), int(np.argmax(sizes))
        told.append(
            f"{data.classes[large]} has {number(sizes[large] / sizes[small], 3)} times the rows of "
            f"{data.classes[small]} ({sizes[large]:,} and {sizes[small]:,})."
        )
    return told


def figure(data: DescriptionData, theme: Theme) -> Figure:
    """Classes, gaps, distributions (or mean picture), and correlations."""
    drawn = [
        (_draw_classes, bool(data.classes)),
        (_draw_missing, bool(data.n_incomplete)),
        (_draw_pictures, bool(data.pictures)),
        (_draw_spread, not data.pictures),
        (_draw_correlation, len(data.correlated) > 0),
    ]
    parts = [draw for draw, there in drawn if there][:4]
    made, all_axes = canvas.panels(theme, len(parts), 5.2, 4.2, most=2)
    for draw, axes in zip(parts, all_axes, strict=True):
        canvas.dress(axes, theme, grid=False)
        draw(axes, data, theme)
    made.suptitle(canvas.plain(data.headline), color=theme.text, fontsize=12)
    headline = "" if theme.page is None else f"{data.headline}."  # a page has a title of its own
    words = "\n".join(filter(None, (" ".join(filter(None, (headline, *data.told))), data.noted)))
    made.supxlabel(canvas.plain(words), fontsize=8, color=theme.muted, wrap=True)
    return made


def _draw_classes(axes: Any, data: DescriptionData, theme: Theme) -> None:
    order = np.argsort(-data.class_counts.sum(axis=1), kind="stable")[:MOST_SHOWN]
    places, left = np.arange(len(order)), np.zeros(len(order))
    for part, name in enumerate(PARTS):
        counts = data.class_counts[order, part]
        if data.class_counts[:, part].any():
            axes.barh(places, counts, left=left, color=theme.class_color(part), label=name, height=0.75)
            left = left + counts
    canvas.name_ticks(axes.yaxis, places.tolist(), distinct(tuple(data.classes[k] for k in order), 18))
    canvas.grouped_numbers(axes.xaxis)
    more = f" (the {len(order)} largest)" if len(data.classes) > len(order) else ""
    canvas.label(axes, x="rows", title=f"Classes{more}")
    if (data.class_counts.any(axis=0)).sum() > 1:
        canvas.legend(axes, theme, loc="lower right")
    _leave_room(axes, len(order))


def _leave_room(axes: Any, n_bars: int) -> None:
    """Let few bars be no thicker than many."""
    axes.set_ylim(max(n_bars, 6) - 0.4, -0.6)


def _draw_missing(axes: Any, data: DescriptionData, theme: Theme) -> None:
    order = np.argsort(-data.missing, kind="stable")[:MOST_SHOWN]
    order = order[data.missing[order] > 0]
    places = np.arange(len(order))
    axes.barh(places, 100 * data.missing[order] / data.n_rows, color=theme.accent, height=0.75)
    canvas.name_ticks(axes.yaxis, places.tolist(), distinct(tuple(data.names[j] for j in order), 18))
    _leave_room(axes, len(order))
    canvas.label(axes, x="missing, % of the rows", title="Missing values")


def _draw_pictures(axes: Any, data: DescriptionData, theme: Theme) -> None:
    mean, deviation = data.pictures
    both = np.concatenate([_stretched(mean), np.full((len(mean), 1), np.nan), _stretched(deviation)], axis=1)
    axes.imshow(both, cmap=canvas.color_map(theme.sequential, theme.surface), vmin=0, vmax=1)
    axes.set_axis_off()
    canvas.label(axes, title="Mean and deviation of each pixel")


def _stretched(image: Floats) -> Floats:
    low, high = np.nanmin(image), np.nanmax(image)
    return (image - low) / (high - low) if high > low else np.zeros_like(image)


def _draw_spread(axes: Any, data: DescriptionData, theme: Theme) -> None:
    """Each feature as a strip from its least to its greatest value, the darker the more rows."""
    k = len(data.histograms)
    axes.imshow(
        data.histograms,
        cmap=canvas.color_map(theme.sequential, theme.surface),
        vmin=0,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
    )
    names = distinct(tuple(with_unit(n, u) for n, u in zip(data.names[:k], data.units[:k], strict=True)), 20)
    canvas.name_ticks(axes.yaxis, list(range(k)), names)
    axes.set_yticks(np.arange(k + 1) - 0.5, minor=True)
    axes.grid(which="minor", axis="y", color=theme.surface, linewidth=2)
    axes.set_xticks([])
    ends = axes.secondary_yaxis("right")
    texts = [f"{number(a, 3)} … {number(b, 3)}" for a, b in zip(data.low[:k], data.high[:k], strict=True)]
    canvas.name_ticks(ends.yaxis, list(range(k)), texts, fontsize=7)
    ends.tick_params(length=0, colors=theme.muted)
    for side in ends.spines.values():
        side.set_visible(False)
    more = f" (the first {k})" if len(data.names) > k else ""
    canvas.label(axes, x="least to greatest value; darker: more rows", title=f"Distributions{more}")


def _draw_correlation(axes: Any, data: DescriptionData, theme: Theme) -> None:
    image = axes.imshow(data.correlation, cmap=canvas.color_map(theme.diverging, theme.surface), vmin=-1, vmax=1)
    f = len(data.correlated)
    names = distinct(tuple(data.names[j] for j in data.correlated), 14)
    if f <= MOST_SHOWN:
        canvas.name_ticks(axes.yaxis, list(range(f)), names, fontsize=7)
        canvas.name_ticks(axes.xaxis, list(range(f)), names, fontsize=7, rotation=90)
    else:
        axes.set_xticks([])
        axes.set_yticks([])
    varying = int((data.high > data.low).sum())
    more = f" (the {f} most correlated)" if varying > f else ""
    canvas.label(axes, title=f"Correlation{more}")
    canvas.color_bar(axes.figure, image, axes, theme, "Pearson's r")
