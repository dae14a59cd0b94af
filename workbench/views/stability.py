"""How far to trust a learned metric: bands over refits for relevances, ranks, eigenvalues and eigenvectors of Λ."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.scene import Scene
from workbench.views.theme import Theme
from workbench.views.wording import counted, distinct, number, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from engines.lvq.stability import Stability
    from workbench.session.stability import MeasuredStability

Floats = NDArray[np.float64]

MOST_FEATURES = 20
MOST_NAMED = 3
"""Of the most relevant features, so many at most are followed by name."""
SCHEMES = {
    "bootstrap": "on rows drawn anew with replacement",
    "folds": "without one part of the rows",
    "seeds": "on the same rows from another seed",
}
COLUMNS = ("feature", "relevance", "5 % to 95 %", "rank", "5 % to 95 %")


@dataclass(frozen=True, eq=False)
class StabilityData:
    """What the refits of a run say of its metric.

    Attributes
    ----------
    headline : str
        In a few words.
    told : tuple of str
        One sentence each.
    names : tuple of k str
        The most relevant features, by falling relevance in the run.
    relevances, relevance_bands : (k,) and (3, k)
        In the run; low, middle and high over refits.
    entries, entry_bands : (k,) and (3, k)
        Of the first eigenvector, for the same features.
    eigenvalues, eigenvalue_bands : (p,) and (3, p)
    agreement_bands : (3, p)
        cos² between each eigenvector of the run and that of a refit that is aligned with it.
    groups : tuple of (first, last)
        Eigenvectors, from 0, that the refits do not tell apart.
    overlap_bands : (3, n_groups)
        Mean cos² of the principal angles between the spaces of each group.
    low_image, width_image : (h, w) or None
        Pixel by pixel, for image data: the low end of the band, and its width.
    rows : tuple of tuple of str
        A table with `COLUMNS`.
    """

    headline: str
    told: tuple[str, ...]
    names: tuple[str, ...]
    relevances: Floats
    relevance_bands: Floats
    entries: Floats
    entry_bands: Floats
    eigenvalues: Floats
    eigenvalue_bands: Floats
    agreement_bands: Floats
    groups: tuple[tuple[int, int], ...]
    overlap_bands: Floats
    low_image: Floats | None
    width_image: Floats | None
    rows: tuple[tuple[str, ...], ...]


def applies(scene: Scene) -> bool:
    """Whether at least two refits of the run were made."""
    return scene.stability is not None and scene.stability.stability.n_refits >= 2


def compute(scene: Scene) -> StabilityData:
    """Bands of the most relevant features and of the leading eigenvectors."""
    from engines.lvq.stability import bands

    measured = scene.stability
    assert measured is not None
    found = measured.stability
    order = np.argsort(-found.relevances, kind="stable")[:MOST_FEATURES]
    names = distinct(tuple(scene.feature_names[j] for j in order), 26)
    relevance_bands = found.relevance_bands
    p = len(found.axes)
    low = width = None
    if scene.pixels is not None and math.prod(scene.pixels) == len(found.relevances):
        low, width = (_picture(values, scene.pixels) for values in (relevance_bands[0], np.ptp(relevance_bands, 0)))
    return StabilityData(
        headline=_headline(found),
        told=tuple(_told(measured, scene.feature_names)),
        names=names,
        relevances=found.relevances[order],
        relevance_bands=relevance_bands[:, order],
        entries=found.axes[0, order],
        entry_bands=found.axis_bands[:, 0, order],
        eigenvalues=found.eigenvalues[:p],
        eigenvalue_bands=found.eigenvalue_bands[:, :p],
        agreement_bands=bands(found.cosines**2),
        groups=tuple((group[0], group[-1]) for group in found.groups),
        overlap_bands=bands(found.group_overlaps),
        low_image=low,
        width_image=width,
        rows=tuple(_row(found, int(j), name) for j, name in zip(order, names, strict=True)),
    )


def _picture(values: Floats, pixels: tuple[int, ...]) -> Floats:
    image = values.reshape(pixels)
    return np.asarray(image.sum(axis=2) if image.ndim == 3 else image)


def _row(found: Stability, j: int, name: str) -> tuple[str, ...]:
    low, _, high = found.relevance_bands[:, j]
    first, _, last = found.rank_bands[:, j]
    span = f"{number(first, 3)} to {number(last, 3)}"
    return name, percent(found.relevances[j]), f"{percent(low)} to {percent(high)}", number(found.ranks[j]), span


def _headline(found: Stability) -> str:
    rho = float(np.median(found.rank_correlations))
    if not math.isfinite(rho):
        return "All features are equally relevant"
    words = "stable" if rho >= 0.9 else "fairly stable" if rho >= 0.7 else "unstable"
    return f"The order of the features is {words} (ρ = {number(rho, 2)})"


def _told(measured: MeasuredStability, names: tuple[str, ...]) -> list[str]:
    found, how = measured.stability, measured.resampling
    so_far = "" if measured.is_complete else f" of {how.n_refits}, as far as it has come"
    told = [f"Learned again {counted(found.n_refits, 'time')}{so_far}, each time {SCHEMES[how.scheme]}."]
    if how.scheme == "seeds" and not np.any(np.ptp(found.relevance_draws, axis=0)):
        told.append("The seed makes no difference to this training: try other rows instead.")
    correlations = found.rank_correlations[np.isfinite(found.rank_correlations)]
    if len(correlations):
        low, middle, high = np.quantile(correlations, (0.05, 0.5, 0.95))
        told.append(
            "Spearman's ρ between the relevances of a refit and those of the run: "
            f"{number(middle, 2)} in the middle, {number(low, 2)} to {number(high, 2)}."
        )
    m = min(MOST_NAMED, len(names) - 1)
    if m:
        shares = found.top_shares(m)
        top = np.argsort(-found.relevances, kind="stable")[:m]
        listed = ", ".join(f"{names[j]} in {percent(shares[j], 0)}" for j in top)
        told.append(f"Among the {m} most relevant features of the refits: {listed}.")
    for group, overlaps in zip(found.groups, found.group_overlaps.T, strict=True):
        if len(group) > 1:
            told.append(
                f"Directions {group[0] + 1} to {group[-1] + 1} are not told apart: only the space "
                f"that they span means something (overlap {number(float(np.median(overlaps)), 2)}, by chance "
                f"{number(len(group) / len(names), 2)})."
            )
    accuracies = found.accuracies[np.isfinite(found.accuracies)]
    if len(accuracies):
        low, middle, high = np.quantile(accuracies, (0.05, 0.5, 0.95))
        told.append(f"Rows left out were classified right by {percent(middle)} ({percent(low)} to {percent(high)}).")
    return told


def figure(data: StabilityData, theme: Theme) -> Figure:
    """Features to the left, directions to the right."""
    if canvas.is_narrow(theme):
        wide = canvas.room(theme, 5.0)
        made = canvas.new_figure(theme, wide, 2.6 * wide)
        upper, lower, spectrum, directions = made.subplots(4, 1)
    else:
        made = canvas.new_figure(theme, 11.0, 7.4)
        grid = made.add_gridspec(2, 2, width_ratios=[1.25, 1.0])
        places = (grid[0, 0], grid[1, 0], grid[0, 1], grid[1, 1])
        upper, lower, spectrum, directions = map(made.add_subplot, places)
    made.suptitle(canvas.plain(data.headline), color=theme.text, fontsize=12)
    if data.low_image is not None and data.width_image is not None:
        top = float(data.low_image.max()) or 1.0
        for axes, image, title in (
            (upper, data.low_image, "Relevance that 95 % of the refits exceed"),
            (lower, data.width_image, "Width of the band of 90 % of the refits"),
        ):
            _draw_picture(made, axes, image, max(top, float(image.max())), title, theme)
    else:
        _draw_features(upper, data, data.relevances, data.relevance_bands, theme, zero=False)
        canvas.label(upper, x="relevance (diagonal of Λ)", title="Relevance of the features")
        _draw_features(lower, data, data.entries, data.entry_bands, theme, zero=True)
        canvas.label(lower, x="entry of the first eigenvector", title="First direction of the metric")
    _draw_spectrum(spectrum, data, theme)
    _draw_directions(directions, data, theme)
    made.supxlabel(canvas.plain(data.told[0]), fontsize=8, color=theme.muted)
    return made


def _draw_features(axes: Any, data: StabilityData, values: Floats, bands: Floats, theme: Theme, *, zero: bool) -> None:
    canvas.dress(axes, theme, grid=True)
    places = np.arange(len(values))
    _draw_bands(axes, places, values, bands, theme, across=True)
    axes.set_ylim(len(values) - 0.4, -0.6)
    if zero:
        axes.axvline(0, color=theme.muted, linewidth=0.8)
    else:
        axes.set_xlim(left=0)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    canvas.name_ticks(axes.yaxis, places.tolist(), data.names, fontsize=8 if len(values) <= 14 else 7)


def _draw_spectrum(axes: Any, data: StabilityData, theme: Theme) -> None:
    canvas.dress(axes, theme, grid=True)
    places = np.arange(1, len(data.eigenvalues) + 1)
    for first, last in data.groups:
        if last > first:
            axes.axvspan(first + 0.6, last + 1.4, color=theme.grid, alpha=0.6, linewidth=0)
    _draw_bands(axes, places, data.eigenvalues, data.eigenvalue_bands, theme)
    _dress_directions(axes, data)
    axes.set_ylim(bottom=0)
    together = any(last > first for first, last in data.groups)
    title = "Spectrum" + (" (shaded: not told apart)" if together else "")
    canvas.label(axes, x="direction", y="eigenvalue of Λ", title=title)
    canvas.legend(axes, theme)


def _draw_directions(axes: Any, data: StabilityData, theme: Theme) -> None:
    """cos² of single eigenvectors, and overlaps of the spaces of those that are not told apart."""
    canvas.dress(axes, theme, grid=True)
    places = np.arange(1, len(data.eigenvalues) + 1)
    low, middle, high = data.agreement_bands
    axes.vlines(places, low, high, color=theme.accent, linewidth=3, alpha=0.45)
    axes.plot(places, middle, "o", color=theme.accent, markersize=4, label=canvas.plain("one by one, cos²"))
    labelled = False
    for (first, last), (_, overlap, _) in zip(data.groups, data.overlap_bands.T, strict=True):
        if last > first:
            label = None if labelled else canvas.plain("spanned together, mean cos²")
            color = theme.class_color(1)
            axes.plot([first + 0.7, last + 1.3], [overlap, overlap], color=color, linewidth=2, label=label)
            labelled = True
    _dress_directions(axes, data)
    axes.set_ylim(0, 1.04)
    canvas.label(axes, x="direction", y="agreement with the run", title="Directions in the refits")
    canvas.legend(axes, theme, loc="lower left")


def _dress_directions(axes: Any, data: StabilityData) -> None:
    axes.set_xlim(0.4, len(data.eigenvalues) + 0.6)
    axes.grid(False, axis="x")
    canvas.whole_ticks(axes.xaxis, 10)


def _draw_bands(
    axes: Any, places: NDArray[np.int64], values: Floats, bands: Floats, theme: Theme, *, across: bool = False
) -> None:
    """Bands from low to high with their middle, and the run's own values as hollow rings."""
    low, middle, high = bands
    (axes.hlines if across else axes.vlines)(places, low, high, color=theme.accent, linewidth=3, alpha=0.45)
    for numbers, style in ((middle, {"marker": "o"}), (values, {"marker": "o", "fillstyle": "none"})):
        x, y = (numbers, places) if across else (places, numbers)
        own = "fillstyle" in style
        axes.plot(
            x,
            y,
            linestyle="none",
            color=theme.text if own else theme.accent,
            markersize=7 if own else 4,
            label=canvas.plain("the run" if own else "refits: median, 5 % to 95 %"),
            **style,
        )


def _draw_picture(made: Any, axes: Any, image: Floats, top: float, title: str, theme: Theme) -> None:
    canvas.dress(axes, theme, frame=False)
    picture = axes.imshow(
        image,
        cmap=canvas.color_map(theme.sequential, theme.grid),
        vmin=0,
        vmax=top,
        interpolation="nearest",
        rasterized=True,
    )
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():  # pixels without relevance have the colour of the page
        spine.set_visible(True)
        spine.set_color(theme.grid)
    canvas.label(axes, title=title)
    canvas.color_bar(made, picture, axes, theme, "relevance")
