"""The learned metric: the matrix Λ = ΩᵀΩ, which features matter, and along how many directions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.scene import Scene
from workbench.views.theme import Theme
from workbench.views.wording import distinct, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_RANKED = 20
MOST_NAMED = 40
"""Up to that many features are named along the matrix."""


@dataclass(frozen=True, eq=False)
class RelevanceData:
    """The metric of a scene.

    Attributes
    ----------
    matrix : (d, d) float64
        Λ, symmetric, of trace 1.
    limit : float
        Values of ±limit have the strongest colours; zero is in the middle.
    relevances : (d,) float64
        Diagonal of Λ.
    order : (d,) int64
        Features by falling relevance.
    eigenvalues : (d,) float64
        Falling, none below zero.
    names : tuple of d str
        Of the features the metric was learned on.
    image : (h, w) float64 or None
        Relevances as a picture, summed over colour channels, for image data.
    n_effective : float
        exp of the entropy of the eigenvalues: how many directions the metric uses.
    note : str
        What scale the relevances refer to.
    """

    matrix: NDArray[np.float64]
    limit: float
    relevances: NDArray[np.float64]
    order: NDArray[np.int64]
    eigenvalues: NDArray[np.float64]
    names: tuple[str, ...]
    image: NDArray[np.float64] | None
    n_effective: float
    note: str


def applies(scene: Scene) -> bool:
    """Whether the engine learns a metric over all features."""
    return scene.omega is not None


def compute(scene: Scene) -> RelevanceData:
    """Λ of the scene, its ranking and its spectrum."""
    omega = scene.omega
    assert omega is not None
    matrix = omega.T @ omega
    finite = np.nan_to_num(matrix)
    relevances = np.diag(matrix).copy()
    spectrum = np.zeros(len(matrix))
    values = np.linalg.svd(np.nan_to_num(omega), compute_uv=False) ** 2
    spectrum[: len(values)] = values
    used = spectrum[spectrum > 0] / max(float(spectrum.sum()), np.finfo(float).tiny)
    image = None
    if scene.pixels is not None and math.prod(scene.pixels) == len(matrix):
        image = relevances.reshape(scene.pixels)
        image = image.sum(axis=2) if image.ndim == 3 else image
    return RelevanceData(
        matrix=matrix,
        limit=colour_limit(finite),
        relevances=relevances,
        order=np.argsort(-np.nan_to_num(relevances), kind="stable").astype(np.int64),
        eigenvalues=spectrum,
        names=scene.feature_names,
        image=image,
        n_effective=float(np.exp(-(used * np.log(used)).sum())),
        note="Relevances hold for the features as they were scaled for training.",
    )


def colour_limit(matrix: NDArray[np.float64]) -> float:
    """The largest entry; of many features the 99.8th percentile, since the diagonal would pale all the rest."""
    sizes = np.abs(matrix)
    limit = float(sizes.max()) if len(matrix) <= 30 else float(np.quantile(sizes, 0.998))
    return limit or float(sizes.max()) or 1.0


def figure(data: RelevanceData, theme: Theme) -> Figure:
    """The matrix to the left; the ranking, or the picture of relevances, and the spectrum to the right."""
    if canvas.is_narrow(theme):
        wide = canvas.room(theme, 5.0)
        made = canvas.new_figure(theme, wide, 2.3 * wide)
        matrix, ranking, spectrum = made.subplots(3, 1, height_ratios=[1.35, 0.9, 0.6])
    else:
        made = canvas.new_figure(theme, 11.0, 6.2)
        grid = made.add_gridspec(2, 2, width_ratios=[1.25, 1.0], height_ratios=[1.7, 1.0])
        matrix, ranking, spectrum = map(made.add_subplot, (grid[:, 0], grid[0, 1], grid[1, 1]))
    _draw_matrix(made, matrix, data, theme)
    if data.image is not None:
        _draw_image(made, ranking, data.image, theme)
    else:
        _draw_ranking(ranking, data, theme)
    _draw_spectrum(spectrum, data, theme)
    made.supxlabel(canvas.plain(data.note), fontsize=8, color=theme.muted)
    return made


def _draw_matrix(made: Any, axes: Any, data: RelevanceData, theme: Theme) -> None:
    canvas.dress(axes, theme, frame=False)
    n = len(data.matrix)
    picture = axes.imshow(
        data.matrix,
        cmap=canvas.color_map(theme.diverging, theme.grid),
        vmin=-data.limit,
        vmax=data.limit,
        interpolation="nearest",
        rasterized=True,
    )
    if n <= MOST_NAMED:
        names = distinct(data.names, 22)
        size = 8 if n <= 20 else 6
        canvas.name_ticks(axes.yaxis, range(n), names, fontsize=size)
        canvas.name_ticks(axes.xaxis, range(n), names, fontsize=size, rotation=90)
    else:
        canvas.label(axes, x="feature number, from 0", y="feature number, from 0")
    if n <= 8:
        for i, j in np.ndindex(n, n):
            axes.text(
                j,
                i,
                canvas.plain(f"{data.matrix[i, j]:.2f}".replace("-", "−")),
                ha="center",
                va="center",
                fontsize=8,
                in_layout=False,
                color=canvas.ink_on(picture.to_rgba(data.matrix[i, j]), theme),
            )
    canvas.label(axes, title="Relevance matrix Λ")
    beyond = float(np.abs(np.nan_to_num(data.matrix)).max()) > data.limit * (1 + 1e-9)
    canvas.color_bar(
        made, picture, axes, theme, "entry of Λ" + (", larger ones cut off" if beyond else ""), location="bottom",
        extend="both" if beyond else "neither", pad=0.01, aspect=40,
    )  # fmt: skip


def _draw_ranking(axes: Any, data: RelevanceData, theme: Theme) -> None:
    canvas.dress(axes, theme)
    top = data.order[:MOST_RANKED]
    names = distinct(tuple(data.names[i] for i in top), 26)
    values = np.nan_to_num(data.relevances[top])
    axes.barh(np.arange(len(top)), values, height=0.7, color=theme.accent)
    axes.set_ylim(len(top) - 0.4, -0.6)
    axes.set_xlim(0, max(1.0 * float(values.max(initial=0)), 1e-12) * (1.16 if theme.page is None else 1.3))
    for place, value in enumerate(values):
        axes.text(
            value,
            place,
            " " + canvas.plain(percent(float(value))),
            va="center",
            fontsize=7,
            color=theme.text,
            in_layout=False,
        )
    canvas.name_ticks(axes.yaxis, range(len(top)), names, fontsize=8 if len(top) <= 12 else 7)
    axes.tick_params(axis="y", length=0)
    left_out = len(data.order) - len(top)
    canvas.label(
        axes,
        x="relevance (diagonal of Λ, sums to 1)",
        title="Relevance of the features" + (f" (first {len(top)} of {len(data.order):,})" if left_out else ""),
    )


def _draw_image(made: Any, axes: Any, image: NDArray[np.float64], theme: Theme) -> None:
    canvas.dress(axes, theme, frame=False)
    picture = axes.imshow(
        image, cmap=canvas.color_map(theme.sequential, theme.grid), vmin=0, interpolation="nearest", rasterized=True
    )
    axes.set_xticks([])
    axes.set_yticks([])
    canvas.label(axes, title="Relevance of the pixels")
    canvas.color_bar(made, picture, axes, theme, "relevance")


def _draw_spectrum(axes: Any, data: RelevanceData, theme: Theme) -> None:
    canvas.dress(axes, theme, grid=True)
    shown = data.eigenvalues[:MOST_RANKED]
    places = np.arange(1, len(shown) + 1)
    axes.bar(places, shown, color=theme.accent, width=0.7)
    axes.set_xlim(0.4, len(shown) + 0.6)
    axes.grid(False, axis="x")
    canvas.whole_ticks(axes.xaxis, 10)
    canvas.label(
        axes,
        x="direction" + (f" (first {len(shown)} of {len(data.eigenvalues):,})" if len(data.eigenvalues) > 20 else ""),
        y="eigenvalue of Λ",
        title=f"Spectrum: {data.n_effective:.1f} directions in effect",
    )
