"""Metrics of their own for classes or prototypes: which features each of them uses, and their matrices side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.relevance import colour_limit
from workbench.views.scene import Scene
from workbench.views.theme import Theme
from workbench.views.wording import distinct, number, shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
ALL = "All metrics"
MOST_FEATURES = 24
MOST_MATRICES = 9
MOST_METRICS = 60


@dataclass(frozen=True, eq=False)
class LocalRelevanceData:
    """Some metrics of a scene, one for each class or prototype.

    Attributes
    ----------
    relevances : (k, d) float64
        Diagonals of the Λₖ; each sums to 1.
    matrices : (m, d, d) float64
        The first of the Λₖ, each of trace 1.
    eigenvalues : (k, r) float64
        Of each, falling, as many as there can be that are not zero.
    n_effective : (k,) float64
        Directions that each uses in effect: exp of the entropy of its eigenvalues.
    metric_names : tuple of k str
        The class of each, with the number of the prototype where each prototype has its own.
    order : (f,) int64
        Features to show, by falling relevance to the metric that uses them most.
    names : tuple of d str
    limit : float
        Entries of ±limit have the strongest colours.
    shape : tuple of int or None
        Of the picture that features are pixels of.
    note : str
    """

    relevances: Floats
    matrices: Floats
    eigenvalues: Floats
    n_effective: Floats
    metric_names: tuple[str, ...]
    order: NDArray[np.int64]
    names: tuple[str, ...]
    limit: float
    shape: tuple[int, ...] | None
    note: str

    def picture(self, k: int) -> Floats:
        """Relevances of metric k as a picture (h, w), summed over colour channels."""
        assert self.shape is not None
        image = self.relevances[k].reshape(self.shape)
        return np.asarray(image.sum(axis=2) if image.ndim == 3 else image)


def applies(scene: Scene) -> bool:
    """Whether the engine learns several metrics."""
    return "omegas" in scene.snapshot.arrays and scene.snapshot.arrays["omegas"].ndim == 3


def compute(scene: Scene) -> LocalRelevanceData:
    """The metrics of the scene."""
    omegas = np.nan_to_num(np.asarray(scene.snapshot.arrays["omegas"], float))
    kept = omegas[:MOST_METRICS]
    relevances = np.square(kept).sum(axis=1)
    matrices = np.swapaxes(kept[:MOST_MATRICES], 1, 2) @ kept[:MOST_MATRICES]
    spectra = np.linalg.svd(kept, compute_uv=False) ** 2
    left_out = len(omegas) - len(kept)
    note = "Relevances hold for the features as they were scaled for training; they sum to 1 in each metric."
    return LocalRelevanceData(
        relevances=relevances,
        matrices=matrices,
        eigenvalues=spectra,
        n_effective=np.array([_effective(spectrum) for spectrum in spectra]),
        metric_names=_names(scene, len(omegas))[:MOST_METRICS],
        order=np.argsort(-relevances.max(axis=0), kind="stable")[:MOST_FEATURES].astype(np.int64),
        names=scene.feature_names,
        limit=max(colour_limit(matrix) for matrix in matrices),
        shape=scene.pixels if scene.pixels is not None and math.prod(scene.pixels) == kept.shape[2] else None,
        note=f"The first {len(kept)} of {len(omegas):,} metrics. {note}" if left_out else note,
    )


def _names(scene: Scene, n_metrics: int) -> tuple[str, ...]:
    """Classes in sorted order as the engine has them, or the prototypes with theirs."""
    if n_metrics == len(scene.snapshot.arrays["classes"]):
        return tuple(str(value) for value in np.asarray(scene.snapshot.arrays["classes"]).tolist())
    labels = np.asarray(scene.snapshot.arrays["prototype_labels"]).tolist()
    return tuple(f"{label}, prototype {k}" for k, label in enumerate(labels))


def _effective(values: Floats) -> float:
    used = values[values > 0] / max(float(values.sum()), np.finfo(float).tiny)
    return float(np.exp(-(used * np.log(used)).sum()))


def figure(data: LocalRelevanceData, theme: Theme) -> Figure:
    """Relevances of all metrics to the left, and the first matrices to the right; or the chosen one of all these."""
    across = 1 if len(data.matrices) == 1 else 2 if len(data.matrices) <= 4 else 3
    down = math.ceil(len(data.matrices) / across)
    names = matrix_names(data)
    shown, part = canvas.chosen(theme, names), canvas.part(theme)
    if part == ALL or part in names:
        wide = canvas.room(theme, 6.2)
        made = canvas.new_figure(theme, wide, 0.85 * wide)
        if part == ALL:
            _draw_relevances(made, data, theme)
        else:
            _draw_matrices(made, data, shown, 1, theme)
        made.supxlabel(canvas.plain(data.note), fontsize=8, color=theme.muted)
        return made
    if canvas.is_narrow(theme):
        wide = canvas.room(theme, 5.0)
        high = 1.3 * down * wide / across
        made = canvas.new_figure(theme, wide, 3.2 + high)
        parts: Any = made.subfigures(2, 1, height_ratios=[3.2, high])
    else:
        wide = canvas.room(theme, 12.4)
        made = canvas.new_figure(theme, wide, max(4.8, 2.2 * down) * max(0.75, wide / 12.4))
        parts = made.subfigures(1, 2, width_ratios=[1.0, 1.1])
    first, second = parts
    for part in parts:
        part.set_facecolor(theme.surface)
    _draw_relevances(first, data, theme)
    _draw_matrices(second, data, shown, across, theme)
    made.supxlabel(canvas.plain(data.note), fontsize=8, color=theme.muted)
    return made


def _draw_relevances(part: Any, data: LocalRelevanceData, theme: Theme) -> None:
    axes = part.subplots()
    canvas.dress(axes, theme, frame=False)
    picture = axes.imshow(
        data.relevances[:, data.order],
        cmap=canvas.color_map(theme.sequential, theme.grid),
        vmin=0,
        aspect="auto",
        interpolation="nearest",
        rasterized=True,
    )
    k, f = len(data.metric_names), len(data.order)
    every = max(1, math.ceil(k / 30))
    names = distinct(data.metric_names, 22)[::every]
    canvas.name_ticks(axes.yaxis, range(0, k, every), names, fontsize=8 if k <= 14 else 6)
    features = distinct(tuple(data.names[j] for j in data.order), 16)
    canvas.name_ticks(axes.xaxis, range(f), features, fontsize=8 if f <= 14 else 7, rotation=0 if f <= 4 else 90)
    if k <= 8 and f <= 8:
        for i, j in np.ndindex(k, f):
            value = data.relevances[i, data.order[j]]
            color = canvas.ink_on(picture.to_rgba(value), theme)
            axes.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=8, color=color, in_layout=False)
    first = f" (first {f} of {len(data.names):,} features)" if f < len(data.names) else ""
    canvas.label(axes, title=f"Relevance of the features to each metric{first}")
    canvas.color_bar(part, picture, axes, theme, "relevance (diagonal of Λ)", location="bottom", aspect=40, pad=0.01)


def matrix_names(data: LocalRelevanceData) -> tuple[str, ...]:
    """What each matrix is called where one is chosen."""
    return tuple(f"Λ of {shorten(name, 30)}" for name in data.metric_names[: len(data.matrices)])


def _draw_matrices(part: Any, data: LocalRelevanceData, shown: list[int], across: int, theme: Theme) -> None:
    all_axes = part.subplots(math.ceil(len(shown) / across), across, squeeze=False).ravel()
    picture = None
    for axes in all_axes[len(shown) :]:
        axes.set_axis_off()
    for k, axes in zip(shown, all_axes, strict=False):
        canvas.dress(axes, theme, frame=False)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set(visible=True, color=theme.grid)
        if data.shape is None:
            image, table, low, high = data.matrices[k], theme.diverging, -data.limit, data.limit
        else:
            image, table, low, high = data.picture(k), theme.sequential, 0.0, float(data.relevances.max())
        colors = canvas.color_map(table, theme.grid)
        picture = axes.imshow(image, cmap=colors, vmin=low, vmax=high, interpolation="nearest", rasterized=True)
        effective = number(float(data.n_effective[k]), 2)
        canvas.label(axes, title=f"{shorten(data.metric_names[k], 20)}: {effective} directions")
        axes.title.set_fontsize(8)
    if picture is not None:
        words = "entry of Λ" if data.shape is None else "relevance of the pixel"
        canvas.color_bar(part, picture, list(all_axes), theme, words, location="bottom", aspect=40, pad=0.02)
