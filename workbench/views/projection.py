"""The data and the prototypes in a plane: principal components, and the plane of a metric that is not Euclidean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.borders import NONE, Borders, borders_of, cut
from workbench.views.cells import grid_edges, shared
from workbench.views.density import Density, density, density_image
from workbench.views.scene import Array, Scene, per_sample
from workbench.views.theme import Theme
from workbench.views.wording import counted, percent, shorten, with_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_POINTS = 5000
"""More rows than this are shown as a density image."""


@dataclass(frozen=True, eq=False)
class Plane:
    """One projection.

    Attributes
    ----------
    name : str
        "pca", or "metric": in which distances are those of the engine.
    title, x_label, y_label : str
    points : (m, 2) float64
        The rows of the sample.
    prototypes : (M, 2) float64
    density : Density or None
        To be drawn in place of the points, when they are many.
    limits : (left, right, bottom, top)
        Around the points; they do not move while the prototypes do (in the plane "pca").
    borders : Borders
        Where the cells of the prototypes meet the plane through the mean of the rows.
    """

    name: str
    title: str
    x_label: str
    y_label: str
    points: NDArray[np.float64]
    prototypes: NDArray[np.float64]
    density: Density | None
    limits: tuple[float, float, float, float]
    borders: Borders


@dataclass(frozen=True, eq=False)
class ProjectionData:
    """All planes of a scene.

    Attributes
    ----------
    planes : tuple of Plane
        "pca" first.
    rows : (m,) int
        Row numbers of the points.
    codes : (m,) int64
        Class codes of the points; -1 for none.
    prototype_codes : (M,) int64
    edges : (e, 2) int64
        Prototypes that are neighbours on the grid of a map; none otherwise.
    class_names : tuple of str
    note : str
        What is shown of how much.
    """

    planes: tuple[Plane, ...]
    rows: Array
    codes: NDArray[np.int64]
    prototype_codes: NDArray[np.int64]
    edges: NDArray[np.int64]
    class_names: tuple[str, ...]
    note: str


def applies(scene: Scene) -> bool:
    """Whatever has prototypes among the rows can be projected."""
    return "prototypes" in scene.snapshot.arrays and scene.prototypes.shape[-1] == np.shape(scene.sample.X)[-1]


def compute(scene: Scene) -> ProjectionData:
    """Project the sample and the prototypes of the scene."""
    n_rows, n_total = len(scene.sample.rows), scene.sample.n_total
    planes = [_single(scene) if scene.prototypes.shape[1] == 1 else _principal(scene)]
    if scene.omega is not None and scene.prototypes.shape[1] > 1:
        planes.append(_metric(scene))
    if "log_prototypes" in scene.snapshot.arrays and scene.prototypes.shape[1] > 1:
        planes.append(_logarithmic(scene))
    note = counted(n_rows, "row") if scene.is_whole else f"{n_rows:,} of {n_total:,} rows, drawn at random"
    has_borders = any(len(plane.borders.lines) for plane in planes)
    return ProjectionData(
        planes=tuple(planes),
        rows=np.asarray(scene.sample.rows),
        codes=row_codes(scene),
        prototype_codes=scene.prototype_codes,
        edges=_edges(scene),
        class_names=scene.class_names,
        note=note + ("; lines: borders of the cells in the plane through the mean" if has_borders else ""),
    )


def _edges(scene: Scene) -> NDArray[np.int64]:
    if not scene.has_grid:
        return np.empty((0, 2), np.int64)
    return grid_edges(shared(scene.model.grid))


def edge_lines(plane: Plane, edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """(e, 2, 2) where the lines between neighbouring prototypes begin and end in the plane."""
    return plane.prototypes[edges]


@dataclass(frozen=True, eq=False)
class Cloud:
    """Rows in a plane, as far as no snapshot changes them."""

    points: NDArray[np.float64]
    density: Density | None
    limits: tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class PrincipalAxes:
    """Principal components of one sample: mean (d,), components (2, d), labels of the axes, and the rows there."""

    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    labels: tuple[str, str]
    cloud: Cloud

    def place(self, X: Array) -> NDArray[np.float64]:
        """Where rows (k, d) in training units lie in the plane, (k, 2)."""
        return np.asarray((finite(X) - self.mean) @ self.components.T)


def _principal(scene: Scene) -> Plane:
    axes = principal_axes(scene)
    borders = borders_of(scene, axes.mean, axes.components, axes.cloud.limits) if _has_borders(scene) else NONE
    return _plane("pca", "Principal components", axes.labels, axes.cloud, axes.place(scene.prototypes), borders)


def _has_borders(scene: Scene) -> bool:
    """Whether borders of cells are drawn: not with the lines of a map, nor over hardly two dimensions."""
    return not scene.has_grid and len(scene.sample.rows) > 2


@per_sample
def principal_axes(scene: Scene) -> PrincipalAxes:
    """The axes belong to the sample alone, so they never jump while prototypes move."""
    return _axes_of(whole_rows(scene).astype(np.float64), row_codes(scene))


def _axes_of(X: NDArray[np.float64], codes: NDArray[np.int64]) -> PrincipalAxes:
    """The axes of rows (m, d) of these class codes."""
    from sklearn.decomposition import PCA

    mean = X.mean(axis=0) if len(X) else np.zeros(X.shape[1])
    total = float(((X - mean) ** 2).sum())
    if len(X) > 2 and total > 0:
        found = PCA(2, random_state=0).fit(X)
        components, shares = found.components_, found.explained_variance_ratio_
    else:
        components = np.eye(2, X.shape[1])
        shares = (((X - mean) @ components.T) ** 2).sum(axis=0) / (total or 1.0)
    first, second = (f"principal component {i + 1} ({percent(float(shares[i]))} of the variance)" for i in (0, 1))
    cloud = _cloud((X - mean) @ components.T, codes)
    return PrincipalAxes(mean, components, (first, second), cloud)


def _metric(scene: Scene) -> Plane:
    """Coordinates Ωx turned to the leading directions of Λ: distances in the plane are the metric's own, cut to 2-D."""
    assert scene.omega is not None
    _, values, directions = np.linalg.svd(scene.omega, full_matrices=False)
    strongest = np.abs(directions).argmax(axis=1)
    directions = directions * np.where(directions[np.arange(len(directions)), strongest] < 0, -1.0, 1.0)[:, None]
    shares = values**2 / max(float((values**2).sum()), np.finfo(float).tiny)
    turn = np.zeros((2, scene.omega.shape[1]))
    turn[: len(values)] = (directions * values[:, None])[:2]
    labels = [f"direction {i + 1} of Λ ({percent(float(shares[i]))} of the relevance)" for i in range(len(values))]
    X, center = whole_rows(scene), _center(scene)
    points = (X @ turn.T.astype(X.dtype)).astype(float) - center @ turn.T
    places = (finite(scene.prototypes) - center) @ turn.T
    first, second = (*labels, "no second direction")[:2]
    cloud, borders = _cloud(points, row_codes(scene)), NONE
    if len(values) > 1 and values[1] > 1e-6 * values[0] and _has_borders(scene):
        borders = borders_of(scene, center, directions[:2] / values[:2, None], cloud.limits)
    return _plane("metric", "In the learned metric", (first, second), cloud, places, borders)


def _logarithmic(scene: Scene) -> Plane:
    """Principal components of the logarithms of SPD matrices, whose distances are the engine's."""
    known, shrinkage = _logarithmic_axes(scene), float(scene.model.regularization)
    if shrinkage not in known:
        logarithms = scene.model.project(np.asarray(scene.sample.X))
        known[shrinkage] = _axes_of(np.asarray(logarithms, np.float64), row_codes(scene))
    axes, places = known[shrinkage], np.asarray(scene.snapshot.arrays["log_prototypes"])
    borders = cut(scene, places, None, axes.mean, axes.components, axes.cloud.limits)
    return _plane("metric", "In logarithms of the matrices", axes.labels, axes.cloud, axes.place(places), borders)


@per_sample
def _logarithmic_axes(scene: Scene) -> dict[float, PrincipalAxes]:
    """The axes by regularization, filled as runs ask for them: logarithms of a whole sample take a while."""
    return {}


def _single(scene: Scene) -> Plane:
    """One feature: its value along the plane, and rows spread upwards for reading only."""
    values = np.asarray(scene.to_original(whole_rows(scene)), dtype=float)[:, 0]
    spread = np.modf(np.arange(1, len(values) + 1) * 0.6180339887498949)[0] - 0.5
    places = np.asarray(scene.to_original(finite(scene.prototypes)), dtype=float)[:, 0]
    name = with_unit(shorten(scene.original_names[0], 40), scene.units[0])
    return _plane(
        "pca",
        "The only feature",
        (name, "spread for reading, without meaning"),
        _cloud(np.column_stack([values, spread]), row_codes(scene)),
        np.column_stack([places, np.zeros(len(places))]),
    )


def _plane(
    name: str,
    title: str,
    labels: tuple[str, str],
    cloud: Cloud,
    prototypes: NDArray[np.float64],
    borders: Borders = NONE,
) -> Plane:
    return Plane(name, title, *labels, cloud.points, prototypes, cloud.density, cloud.limits, borders)


def _cloud(points: NDArray[np.float64], codes: NDArray[np.int64]) -> Cloud:
    low, high = (points.min(axis=0), points.max(axis=0)) if len(points) else (np.zeros(2), np.ones(2))
    margin = np.where(high > low, 0.04 * (high - low), np.maximum(0.5, 0.05 * np.abs(high)))
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    limits = (left, right, bottom, top)
    return Cloud(points, density(points, codes, limits) if len(points) > MOST_POINTS else None, limits)


@per_sample
def row_codes(scene: Scene) -> NDArray[np.int64]:
    codes = scene.sample.codes
    return np.full(len(scene.sample.rows), -1, np.int64) if codes is None else np.asarray(codes, np.int64)


@per_sample
def whole_rows(scene: Scene) -> Array:
    """The sample in its own precision, with nothing missing."""
    return finite(np.asarray(scene.sample.X))


@per_sample
def _center(scene: Scene) -> NDArray[np.float64]:
    return np.asarray(whole_rows(scene).mean(axis=0, dtype=np.float64))


def finite(X: Array) -> Array:
    """`X` with what is not finite replaced by the mean of its column, for drawing only."""
    known = np.isfinite(X)
    if known.all():
        return X
    mean = np.where(known, X, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, X, mean).astype(X.dtype)


def figure(data: ProjectionData, theme: Theme) -> Figure:
    """All planes side by side, with one legend."""
    n_planes = len(data.planes)
    present = [int(code) for code in np.unique(np.concatenate([data.codes, data.prototype_codes]))]
    with_legend = any(code >= 0 for code in present)
    n_columns = 1 + (len(present) > 22)
    made = canvas.new_figure(theme, 5.6 * n_planes + (1.4 * n_columns if with_legend else 0.2), 4.9)
    all_axes = made.subplots(1, n_planes, squeeze=False)[0]
    for axes, plane in zip(all_axes, data.planes, strict=True):
        canvas.dress(axes, theme, grid=True)
        _draw_rows(axes, plane, data, theme)
        _draw_borders(axes, plane.borders, theme)
        _draw_prototypes(axes, plane, data, theme)
        canvas.label(axes, x=plane.x_label, y=plane.y_label, title=plane.title)
        left, right, bottom, top = plane.limits
        axes.set_xlim(min(left, np.nanmin(plane.prototypes[:, 0])), max(right, np.nanmax(plane.prototypes[:, 0])))
        axes.set_ylim(min(bottom, np.nanmin(plane.prototypes[:, 1])), max(top, np.nanmax(plane.prototypes[:, 1])))
    _legend(all_axes[-1], data, present, theme)
    made.supxlabel(canvas.plain(data.note), fontsize=8, color=theme.muted)
    return made


def _draw_rows(axes: Any, plane: Plane, data: ProjectionData, theme: Theme) -> None:
    if plane.density is not None:
        axes.imshow(
            density_image(plane.density, theme),
            extent=plane.density.extent,
            origin="lower",
            aspect="auto",
            interpolation="nearest",
        )
        return
    size = 14 if len(plane.points) <= 1000 else 6
    for code in np.unique(data.codes):
        mine = data.codes == code
        axes.scatter(
            *plane.points[mine].T,
            s=size,
            color=theme.class_color(int(code)),
            marker=theme.class_marker(int(code)).matplotlib,
            alpha=0.55,
            linewidths=0,
            rasterized=True,
        )


def _draw_borders(axes: Any, borders: Borders, theme: Theme) -> None:
    from matplotlib.collections import LineCollection

    for mine, color, width in ((~borders.parts_classes, theme.muted, 0.6), (borders.parts_classes, theme.text, 1.1)):
        lines = LineCollection(list(borders.lines[mine]), colors=color, linewidths=width, zorder=2)
        axes.add_collection(lines, autolim=False)


def _draw_prototypes(axes: Any, plane: Plane, data: ProjectionData, theme: Theme) -> None:
    from matplotlib.collections import LineCollection

    many = len(plane.prototypes) > 60
    if len(data.edges):
        lines = edge_lines(plane, data.edges)
        axes.add_collection(LineCollection(list(lines), colors=theme.text, linewidths=0.7, alpha=0.75, zorder=2.5))
    for code in np.unique(data.prototype_codes):
        mine = data.prototype_codes == code
        axes.scatter(
            *plane.prototypes[mine].T,
            s=26 if many else 85,
            color=theme.class_color(int(code)) if code >= 0 else theme.accent,
            marker=theme.class_marker(int(code)).matplotlib if code >= 0 else "D",
            edgecolors=theme.text,
            linewidths=0.7 if many else 1.3,
            zorder=3,
        )


def _legend(axes: Any, data: ProjectionData, present: list[int], theme: Theme) -> None:
    from matplotlib.lines import Line2D

    handles: list[Any] = []
    for code in present[:44]:
        if code >= 0:
            handles.append(_handle(theme.class_marker(code).matplotlib, theme.class_color(code), "none"))
            handles[-1].set_label(canvas.plain(shorten(data.class_names[code], 24)))
    if len(present) > 44:
        handles.append(Line2D([], [], linestyle="none", label=f"and {len(present) - 44} more"))
    neutral = bool((data.prototype_codes < 0).any())
    handles.append(_handle("D" if neutral else "o", theme.accent if neutral else theme.surface, theme.text))
    handles[-1].set_label("prototype")
    canvas.legend(axes, theme, outside=True, handles=handles, ncols=1 + (len(handles) > 23))


def _handle(marker: str, color: str, edge: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle="none", marker=marker, markersize=6, color=color, markeredgecolor=edge)
