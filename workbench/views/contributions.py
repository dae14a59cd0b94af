"""Which features speak for a class: on the average of its rows, and for some rows, with the change that flips them."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.picking import narrowed
from workbench.views.pictures import pictures, range_of
from workbench.views.scene import Scene
from workbench.views.theme import Theme
from workbench.views.wording import distinct, number, one_line, shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from engines.lvq.explain import Counterfactual, Explanation

Floats = NDArray[np.float64]
MEANS = "Means of the classes"
MOST_FEATURES = 20
MOST_CLASSES = 40
MOST_BARS = 8
FLIPS = "smallest change that flips it:"
_MOST_ROWS = 2000
_MOST_SEARCHED = 60
"""Features; past curved borders a change is searched for, which takes too long in more."""
_MOST_CHANGES = 2


@dataclass(frozen=True, eq=False)
class ExplainedRow:
    """One row, and what decides its class.

    Attributes
    ----------
    why, heading : str
        Why it is shown; which row it is, its class and what it is taken for.
    shares : (d,) float64
        What each feature adds to the lead of the predicted class, as a share of D⁻ + D⁺; they sum to `certainty`.
    certainty : float
    order : (b,) int64
        Features of the largest shares, falling.
    bars : tuple of b str
        Their names, with the row's values in original units where features are those of the file.
    change : str
        The smallest change that would flip it, in words.
    images : (1 or 2, h, w) or (1 or 2, h, w, 3) uint8, or None
        For image data the row, and the row after that change.
    """

    why: str
    heading: str
    shares: Floats
    certainty: float
    order: NDArray[np.int64]
    bars: tuple[str, ...]
    change: str
    images: NDArray[np.uint8] | None


@dataclass(frozen=True, eq=False)
class ContributionsData:
    """What speaks for the classes.

    Attributes
    ----------
    means : (c, d) float64
        Mean shares over the rows that are taken for each class; NaN for a class that no row is taken for.
    class_names : tuple of c str
    order : (f,) int64
        Features to show, those of the largest mean shares, falling.
    names : tuple of d str
    limit : float
        Means of ±limit have the strongest colours.
    rows : tuple of ExplainedRow
    shape : tuple of int or None
        Of the picture that features are pixels of.
    note : str
    """

    means: Floats
    class_names: tuple[str, ...]
    order: NDArray[np.int64]
    names: tuple[str, ...]
    limit: float
    rows: tuple[ExplainedRow, ...]
    shape: tuple[int, ...] | None
    note: str

    def picture(self, shares: Floats) -> Floats:
        """Shares (d,) as a picture (h, w), summed over colour channels."""
        assert self.shape is not None
        image = shares.reshape(self.shape)
        return np.asarray(image.sum(axis=2) if image.ndim == 3 else image)


def applies(scene: Scene) -> bool:
    """Whether classes are told by a metric over the features."""
    from engines.lvq.explain import is_explainable

    return len(scene.classes) > 1 and is_explainable(scene.engine.estimator) and "prototypes" in scene.snapshot.arrays


def compute(scene: Scene) -> ContributionsData:
    """Explain up to some thousand rows of the sample, or of the picked ones, and some of them one by one."""
    scene = narrowed(scene)
    from engines.lvq.explain import explain

    some = np.arange(min(len(scene.sample.rows), _MOST_ROWS))
    told = explain(scene.model, np.asarray(scene.sample.X)[some])
    shares, predicted = told.shares, scene.predicted[some]
    n_classes = min(len(scene.classes), MOST_CLASSES)
    means = np.full((n_classes, shares.shape[1]), np.nan)
    for code in np.unique(predicted[(predicted >= 0) & (predicted < n_classes)]).tolist():
        means[code] = shares[predicted == code].mean(axis=0)
    sizes = np.abs(np.nan_to_num(means))
    return ContributionsData(
        means=means,
        class_names=scene.class_names[:n_classes],
        order=np.argsort(-sizes.mean(axis=0), kind="stable")[:MOST_FEATURES].astype(np.int64),
        names=scene.feature_names,
        limit=float(sizes.max()) or 1.0,
        rows=tuple(_row(scene, told, i, why) for i, why in _chosen(scene, shares.sum(axis=1))),
        shape=scene.pixels if scene.pixels is not None and math.prod(scene.pixels) == shares.shape[1] else None,
        note="Shares of D⁻ + D⁺, which sum to the relative certainty; what is below zero speaks for the runner-up. "
        f"Means over {len(some):,} rows by their predicted class.",
    )


def _chosen(scene: Scene, sure: Floats) -> list[tuple[int, str]]:
    """A few rows worth explaining, each once, and why."""
    n = len(sure)
    codes = np.full(n, -1) if scene.sample.codes is None else np.asarray(scene.sample.codes)[:n]
    order = np.argsort(-sure, kind="stable")
    wrong = order[(codes[order] >= 0) & (codes[order] != scene.predicted[order])]
    right = np.setdiff1d(order, wrong, assume_unique=True)
    right = right[np.argsort(-sure[right], kind="stable")]
    wanted = [(i, "Wrong, and most sure of it") for i in wrong[:1].tolist()]
    wanted += [(i, "Right, and least sure of it" if len(wrong) else "Least sure") for i in right[-1:].tolist()]
    wanted += [(i, "Wrong, by the least") for i in wrong[1:][-1:].tolist()]
    wanted += [(i, "Most sure") for i in right[:-1][:1].tolist()]
    return wanted


def _row(scene: Scene, told: Explanation, i: int, why: str) -> ExplainedRow:
    shares = told.shares[i]
    order = np.argsort(-np.abs(shares), kind="stable")[:MOST_BARS].astype(np.int64)
    codes, names = scene.prototype_codes, scene.class_names
    winner, rival = (names[codes[w[i]]] for w in (told.winners, told.rivals))
    mine = -1 if scene.sample.codes is None else int(np.asarray(scene.sample.codes)[i])
    true = "" if mine < 0 else f" (is {shorten(names[mine], 18)})"
    why_not = _not_searched(scene, i)
    flipped = None if why_not else _flipped(scene, i)
    heading = f"row {int(scene.sample.rows[i]) + 1}: {shorten(winner, 18)} over {shorten(rival, 18)}{true}"
    return ExplainedRow(
        why=why,
        heading=heading,
        shares=shares,
        certainty=float(shares.sum()),
        order=order,
        bars=_bars(scene, i, order),
        change=why_not or _change(scene, i, flipped),
        images=_images(scene, i, flipped),
    )


def _not_searched(scene: Scene, i: int) -> str:
    """Why no change of row i is looked for; empty if one is."""
    from engines.lvq.metric import Local

    row = np.asarray(scene.sample.X, float)[i]
    if not np.isfinite(row).all():
        return "not searched for, as the row lacks values"
    if isinstance(scene.model._metric, Local) and len(row) > _MOST_SEARCHED:
        return f"not searched for, as borders are curved in more than {_MOST_SEARCHED} features"
    return ""


def _flipped(scene: Scene, i: int) -> Counterfactual | None:
    """The smallest change of row i that gives it another class, if one is found."""
    from engines.lvq.explain import counterfactual

    return counterfactual(scene.model, np.asarray(scene.sample.X, float)[i])


def _bars(scene: Scene, i: int, order: NDArray[np.int64]) -> tuple[str, ...]:
    names = distinct(tuple(scene.feature_names[k] for k in order), 20)
    if scene.feature_names != scene.original_names:
        return names
    values = np.asarray(scene.to_original(np.asarray(scene.sample.X)[i : i + 1]), float)[0]
    return tuple(f"{name} = {_with_unit(scene, k, values[k])}" for name, k in zip(names, order.tolist(), strict=True))


def _with_unit(scene: Scene, k: int, value: float) -> str:
    unit = scene.units[k]
    return number(float(value), 3) + (f" {shorten(unit, 8)}" if unit else "")


def _change(scene: Scene, i: int, found: Counterfactual | None) -> str:
    """What flips the class of row i: the largest parts of the change, in original units where there are any."""
    if found is None:
        return "none was found"
    size = f"{number(found.distance, 3)} in training units" + ("" if found.is_exact else ", by search")
    label = shorten(str(found.label), 18)
    if scene.feature_names != scene.original_names or scene.pixels is not None:
        return f"{label} from a change of {size}"
    before, after = np.asarray(scene.to_original(np.stack([found.row, found.point])), float)
    largest = np.argsort(-np.abs(found.change), kind="stable")[:_MOST_CHANGES].tolist()
    moved = [k for k in largest if abs(found.change[k]) > 0.01 * found.distance]
    steps = [
        f"{shorten(scene.original_names[k], 18)} {number(float(before[k]), 3)} → {_with_unit(scene, k, after[k])}"
        for k in moved
    ]
    more = int(np.count_nonzero(np.abs(found.change) > 0.01 * found.distance)) - len(moved)
    steps += [f"and {more} more"] if more > 0 else []
    return f"{label} with " + ", ".join(steps)


def _images(scene: Scene, i: int, found: Counterfactual | None) -> NDArray[np.uint8] | None:
    if scene.pixels is None or math.prod(scene.pixels) != np.shape(scene.sample.X)[1]:
        return None
    row = np.asarray(scene.sample.X, float)[i]
    rows = row[None] if found is None else np.stack([row, found.point])
    return pictures(np.asarray(scene.to_original(rows), float), scene.pixels, *range_of(scene))[0]


def figure(data: ContributionsData, theme: Theme) -> Figure:
    """Means of the classes above, some rows below; or the chosen one of them."""
    names = (MEANS, *(row.why for row in data.rows))
    shown = canvas.chosen(theme, names)
    rows = [data.rows[k - 1] for k in shown if k > 0]
    n_across = 1 if len(rows) == 1 else canvas.across(theme, 2, 3.2)
    tops = [3.2 if data.shape is None else 2.0] if 0 in shown else []
    heights = tops + [2.7] * math.ceil(len(rows) / n_across)
    made = canvas.new_figure(theme, canvas.room(theme, 6.2 * max(n_across, 2 * len(tops))), sum(heights))
    grid = made.add_gridspec(len(heights), n_across, height_ratios=heights)
    if tops and data.shape is None:
        _draw_means(made, made.add_subplot(grid[0, :]), data, theme)
    elif tops:
        _draw_pictures(made, grid[0, :], data, theme)
    for k, row in enumerate(rows):
        place = grid[len(tops) + k // n_across, k % n_across]
        if data.shape is None:
            _draw_bars(made.add_subplot(place), row, theme)
        else:
            _draw_row(made, place, row, data, theme)
    made.supxlabel(canvas.plain(data.note), fontsize=8, color=theme.muted)
    return made


def _draw_means(made: Any, axes: Any, data: ContributionsData, theme: Theme) -> None:
    canvas.dress(axes, theme, frame=False)
    picture = axes.imshow(
        data.means[:, data.order],
        cmap=canvas.color_map(theme.diverging, theme.grid),
        vmin=-data.limit,
        vmax=data.limit,
        aspect="auto",
        interpolation="nearest",
        rasterized=True,
    )
    n, many = len(data.class_names), len(data.class_names) > 14
    names = distinct(tuple(data.names[k] for k in data.order), 16)
    every = 2 if n > 24 else 1
    classes = distinct(data.class_names, 20)[::every]
    canvas.name_ticks(axes.yaxis, range(0, n, every), classes, fontsize=5 if many else 8)
    canvas.name_ticks(axes.xaxis, range(len(names)), names, fontsize=8, rotation=90 if len(names) > 8 else 0)
    if n <= 6 and len(names) <= 10:
        for i, j in np.argwhere(np.isfinite(data.means[:, data.order])):
            value = data.means[i, data.order[j]]
            color = canvas.ink_on(picture.to_rgba(value), theme)
            text = canvas.plain(f"{value:+.2f}".replace("-", "−"))
            axes.text(j, i, text, ha="center", va="center", fontsize=8, color=color, in_layout=False)
    left_out = len(data.names) - len(data.order)
    first = f" (first {len(data.order)} of {len(data.names):,} features)" if left_out else ""
    canvas.label(axes, y="predicted class", title=f"What speaks for each class{first}")
    canvas.color_bar(made, picture, axes, theme, "mean share of D⁻ + D⁺")


def _draw_pictures(made: Any, place: Any, data: ContributionsData, theme: Theme) -> None:
    """The mean shares of the first few classes as pictures."""
    shown = [k for k in range(len(data.class_names)) if np.isfinite(data.means[k]).all()][:10]
    inner = place.subgridspec(1, max(1, len(shown)))
    axes, picture = [], None
    for column, k in enumerate(shown):
        axes.append(made.add_subplot(inner[column]))
        picture = _show(axes[-1], data.picture(data.means[k]), data.limit, theme)
        canvas.label(axes[-1], title=shorten(data.class_names[k], 12))
    if picture is not None:
        canvas.color_bar(made, picture, axes, theme, "mean share of D⁻ + D⁺", fraction=0.02)


def _draw_row(made: Any, place: Any, row: ExplainedRow, data: ContributionsData, theme: Theme) -> None:
    """The row, what its pixels contribute, and the row after the change that flips it."""
    first, middle, last = (made.add_subplot(part) for part in place.subgridspec(1, 3))
    for axes, k, words in ((first, 0, "the row"), (last, -1, row.change)):
        canvas.dress(axes, theme, frame=False)
        axes.set_xticks([])
        axes.set_yticks([])
        if row.images is not None:
            axes.imshow(row.images[k], cmap="gray", vmin=0, vmax=255, interpolation="nearest", rasterized=True)
        axes.set_xlabel(_wrapped(words, 24), fontsize=8)
    picture = data.picture(row.shares)
    _show(middle, picture, float(np.abs(picture).max()) or 1.0, theme)
    middle.set_xlabel(_wrapped(f"shares; all sum to {number(row.certainty, 3)}", 24), fontsize=8)
    middle.set_title(f"{canvas.plain(row.why)}\n{canvas.plain(row.heading)}", fontsize=9)


def _wrapped(words: str, width: int) -> str:
    """Words in lines of about that many letters, each plain."""
    return "\n".join(canvas.plain(line) for line in textwrap.wrap(one_line(words), width))


def _show(axes: Any, image: Floats, limit: float, theme: Theme) -> Any:
    canvas.dress(axes, theme, frame=False)
    for spine in axes.spines.values():
        spine.set(visible=True, color=theme.grid)
    axes.set_xticks([])
    axes.set_yticks([])
    colors = canvas.color_map(theme.diverging, theme.grid)
    return axes.imshow(image, cmap=colors, vmin=-limit, vmax=limit, interpolation="nearest", rasterized=True)


def _draw_bars(axes: Any, row: ExplainedRow, theme: Theme) -> None:
    canvas.dress(axes, theme)
    values = row.shares[row.order]
    positive, negative = sign_colors(theme)
    axes.barh(np.arange(len(values)), values, height=0.7, color=[positive if v >= 0 else negative for v in values])
    axes.axvline(0, color=theme.muted, linewidth=0.8)
    axes.set_ylim(len(values) - 0.4, -0.6)
    reach = float(np.abs(values).max(initial=0)) or 1.0
    low, high = 1.1 * float(values.min(initial=0)), 1.1 * float(values.max(initial=0))
    axes.set_xlim(low - 0.02 * reach, high + 0.02 * reach)
    canvas.name_ticks(axes.yaxis, range(len(values)), row.bars, fontsize=7)
    axes.tick_params(axis="y", length=0)
    words = canvas.plain(f"share of D⁻ + D⁺; all sum to {number(row.certainty, 3)}")
    axes.set_xlabel(f"{words}\n{_wrapped(f'{FLIPS} {row.change}', 92)}", fontsize=8)
    canvas.label(axes, title=f"{row.why}: {row.heading}")
    axes.title.set_fontsize(9)


def sign_colors(theme: Theme) -> tuple[str, str]:
    """Colours of what speaks for the predicted class and for the other, from the ends of the diverging map."""
    ends = (theme.diverging[215], theme.diverging[40])
    first, second = ("#{:02X}{:02X}{:02X}".format(*color[:3].tolist()) for color in ends)
    return first, second
