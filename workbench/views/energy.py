"""The energy landscape of a codebook in the principal plane: of the nearest bump, and of the sum of all bumps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.mixture import joined
from workbench.views.planes import PrincipalAxes, finite, principal_axes, whole_rows
from workbench.views.scene import Scene
from workbench.views.theme import Theme
from workbench.views.wording import shorten, with_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
KINDS = ("max", "sum")
TITLES = ("E of the nearest prototype: min ‖x − w‖²", "E of the sum of bumps: −ln mean exp(−‖x − w‖²)")
"""Of each kind; exp(−E) is the highest bump, and the mean of all of them."""
NAMES = ("Nearest prototype (k-means)", "Sum of bumps (mixture)")
"""What the two are called where one is chosen."""
_GRID = 150
_LEVELS = 9


@dataclass(frozen=True, eq=False)
class EnergyData:
    """Energies on a grid in the plane, or along the only feature.

    Attributes
    ----------
    values : (2, g, g) or (2, g) float64
        Of each kind, in squared training units; row 0 is the lowest.
    limits : (left, right, bottom, top)
        Of the plane.
    ranges : (2, 2) float64
        Lowest and highest colour of each kind.
    contours : tuple of (c, 2) float64
        Lines of equal energy of each kind, pieces parted by NaN.
    x : (g,) float64
        With one feature, its values in original units.
    points : (m, 2), prototypes : (M, 2) float64
        Rows of the sample and prototypes in the plane; with one feature their values, and energy 0.
    x_label, y_label, note : str
    """

    values: Floats
    limits: tuple[float, float, float, float]
    ranges: Floats
    contours: tuple[Floats, ...]
    x: Floats
    points: Floats
    prototypes: Floats
    x_label: str
    y_label: str
    note: str

    @property
    def is_line(self) -> bool:
        """Whether there is one feature only."""
        return self.values.ndim == 2


def applies(scene: Scene) -> bool:
    """Codebooks whose rows belong to the nearest prototype by Euclidean distance."""
    from engines.clustering.spherical import SphericalKMeans
    from engines.euclidean import EuclideanCodebook

    estimator = scene.engine.estimator
    return (
        issubclass(estimator, EuclideanCodebook)
        and not issubclass(estimator, SphericalKMeans)
        and "prototypes" in scene.snapshot.arrays
    )


def compute(scene: Scene) -> EnergyData:
    """Energies over the plane through the mean of the data."""
    return _single(scene) if scene.prototypes.shape[1] == 1 else _planar(scene)


def _planar(scene: Scene) -> EnergyData:
    from contourpy import contour_generator

    axes = principal_axes(scene)
    left, right, bottom, top = axes.cloud.limits
    x, y = np.linspace(left, right, _GRID), np.linspace(bottom, top, _GRID)
    values = np.stack([v.reshape(_GRID, _GRID) for v in plane_energies(axes, scene.prototypes, x, y)])
    ranges = np.array([[value.min(), max(float(np.quantile(value, 0.98)), value.min() + 1e-12)] for value in values])
    contours = []
    for value, (low, high) in zip(values, ranges, strict=True):
        generator = contour_generator(x, y, value)
        levels = low + (high - low) * (np.arange(1, _LEVELS) / _LEVELS) ** 2
        contours.append(joined([line for level in levels for line in generator.lines(float(level))]))
    return EnergyData(
        values=values,
        limits=axes.cloud.limits,
        ranges=ranges,
        contours=tuple(contours),
        x=np.empty(0),
        points=axes.cloud.points,
        prototypes=axes.place(scene.prototypes),
        x_label=axes.labels[0],
        y_label=axes.labels[1],
        note=_note(scene),
    )


def plane_energies(axes: PrincipalAxes, prototypes: NDArray[Any], x: Floats, y: Floats) -> tuple[Floats, ...]:
    """Energy (len(y) * len(x),) of each kind at the points of the plane, row by row.

    A point of the plane is as far from a prototype as the prototype's place in the plane and its height over it say,
    so three numbers stand for each prototype, however many features there are.
    """
    from engines.clustering.energy import energy

    offset = finite(np.asarray(prototypes, float)) - axes.mean
    place = offset @ axes.components.T
    height = np.sqrt(np.maximum((offset**2).sum(axis=1) - (place**2).sum(axis=1), 0.0))
    across, up = (part.ravel() for part in np.meshgrid(x, y))
    grid = np.column_stack([across, up, np.zeros(len(across))])
    reduced = np.column_stack([place, height])
    return tuple(energy(grid, reduced, kind, n_jobs=1) for kind in ("max", "sum"))


def _single(scene: Scene) -> EnergyData:
    from engines.clustering.energy import energy

    X = np.asarray(finite(whole_rows(scene)), float)
    low, high = (float(X.min()), float(X.max())) if len(X) else (0.0, 1.0)
    room = 0.08 * (high - low) or 1.0
    t = np.linspace(low - room, high + room, 500)[:, None]
    W = np.asarray(scene.prototypes, float)
    values = np.stack([energy(t, W, kind, n_jobs=1) for kind in ("max", "sum")])
    x, points, places = (np.asarray(scene.to_original(v), float)[:, 0] for v in (t, X, W))
    top = 1.05 * float(values.max())
    return EnergyData(
        values=values,
        limits=(float(x.min()), float(x.max()), min(0.0, float(values.min())), top if top > 0 else 1.0),
        ranges=np.column_stack([values.min(axis=1), values.max(axis=1)]),
        contours=(),
        x=x,
        points=np.column_stack([points, np.zeros(len(points))]),
        prototypes=np.column_stack([places, np.zeros(len(places))]),
        x_label=with_unit(shorten(scene.original_names[0], 40), scene.units[0]),
        y_label="energy [squared training units]",
        note=_note(scene),
    )


def _note(scene: Scene) -> str:
    if scene.prototypes.shape[1] <= 2:
        return "energies in squared training units"
    return "energies in squared training units on the plane through the mean; prototypes are drawn at their foot on it"


def figure(data: EnergyData, theme: Theme) -> Figure:
    """Both kinds side by side, or the chosen one, or as two curves over the only feature."""
    if data.is_line:
        made, (axes,) = canvas.panels(theme, 1, 7.0, 4.9)
        _draw_lines(axes, data, theme)
    else:
        shown = canvas.chosen(theme, NAMES)
        made, all_axes = canvas.panels(theme, len(shown), 6.2, 4.9, least=3.0)
        for which, axes in zip(shown, all_axes, strict=True):
            _draw_plane(made, axes, data, which, theme)
    made.supxlabel(canvas.plain(data.note), fontsize=8, color=theme.muted)
    return made


def _draw_plane(made: Any, axes: Any, data: EnergyData, which: int, theme: Theme) -> None:
    canvas.dress(axes, theme)
    low, high = data.ranges[which]
    picture = axes.imshow(
        data.values[which],
        extent=data.limits,
        origin="lower",
        aspect="auto",
        cmap=canvas.color_map(theme.sequential[::-1], theme.grid),
        vmin=low,
        vmax=high,
        rasterized=True,
    )
    axes.plot(*data.contours[which].T, color=theme.text, linewidth=0.6, alpha=0.6)
    axes.scatter(*data.points.T, s=3, color=theme.neutral, alpha=0.5, linewidths=0, rasterized=True, label="rows")
    marks = {"s": 60 if len(data.prototypes) <= 60 else 16, "marker": "D", "edgecolors": theme.surface}
    axes.scatter(*data.prototypes.T, color=theme.classes[1], linewidths=0.8, zorder=3, label="prototypes", **marks)
    left, right, bottom, top = data.limits
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    canvas.label(axes, x=data.x_label, y=data.y_label, title=TITLES[which])
    canvas.color_bar(made, picture, axes, theme, "energy [squared training units]", extend="max")
    canvas.legend(axes, theme)


def _draw_lines(axes: Any, data: EnergyData, theme: Theme) -> None:
    canvas.dress(axes, theme, grid=True)
    for which, style in enumerate(("-", "--")):
        line = {"color": theme.class_color(which), "linestyle": style, "linewidth": 1.6}
        axes.plot(data.x, data.values[which], label=canvas.plain(TITLES[which]), **line)
    axes.scatter(*data.prototypes.T, marker="D", s=36, color=theme.accent, zorder=3, label="prototypes")
    axes.set_xlim(data.limits[0], data.limits[1])
    canvas.label(axes, x=data.x_label, y=data.y_label)
    canvas.legend(axes, theme)
