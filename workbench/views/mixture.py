"""A mixture of Gaussians in the plane of the principal components: ellipses, weights, responsibilities, density."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.planes import finite, principal_axes, whole_rows
from workbench.views.scene import Array, Scene
from workbench.views.theme import Theme, rgb
from workbench.views.wording import counted, metric_title, number, percent, shorten, with_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
MASSES = (0.5, 0.8, 0.95)
MIXED, UNSURE = "Rows by component", "Rows by uncertainty"
"""What is shown in the plane."""
"""Shares of the density that lie inside the contours."""
MOST_PARTS = 60
"""So many components are drawn as curves of their own over one feature, and as bars."""
_COLOURS = 10
_GRID, _FEW_COMPONENTS = 96, 200


@dataclass(frozen=True, eq=False)
class MixtureData:
    """The mixture in the plane, or over its only feature.

    Attributes
    ----------
    points : (m, 2) float64
        The rows of the sample; with one feature its value in original units, and 0.
    means : (K, 2), covariances : (K, 2, 2) float64
        Of the components in the plane; with one feature only the first entries mean something.
    weights : (K,) float64
        They sum to 1.
    shares : (m, 10) float64
        Responsibilities for each row, summed over components of the same colour (number modulo 10).
    uncertainty : (m,) float64
        Entropy of a row's responsibilities in bits: 0 where one component has all.
    contours : tuple of (c, 2) float64
        Line inside which the share `MASSES` of the mixture's density in the plane lies, pieces parted by NaN.
    profile : (g, 3 + p) float64, or None
        With one feature: value, density of the mixture, share of rows a unit of the feature (a histogram), and the
        weighted density of each of the p heaviest components.
    heaviest : (p,) int64
        Components by falling weight, as many as are drawn one by one.
    limits : (left, right, bottom, top)
        Around the rows.
    x_label, y_label : str
    kind : str
        Of the covariances.
    note : str
    """

    points: Floats
    means: Floats
    covariances: Floats
    weights: Floats
    shares: Floats
    uncertainty: Floats
    contours: tuple[Floats, ...]
    profile: Floats | None
    heaviest: NDArray[np.int64]
    limits: tuple[float, float, float, float]
    x_label: str
    y_label: str
    kind: str
    note: str

    @property
    def most_uncertain(self) -> float:
        """The upper end of the scale of uncertainty: that of all components alike, at most 2 bits."""
        return float(np.clip(np.log2(max(2, len(self.weights))), 1.0, 2.0))


def applies(scene: Scene) -> bool:
    """Engines that learn means, covariances and weights."""
    return {"means", "covariances", "weights"} <= scene.snapshot.arrays.keys()


def compute(scene: Scene) -> MixtureData:
    """Project means, covariances and rows, and ask the model for the responsibilities."""
    arrays = scene.snapshot.arrays
    weights = np.asarray(arrays["weights"], float)
    heaviest = np.argsort(-weights, kind="stable")[:MOST_PARTS].astype(np.int64)
    shares, uncertainty = _responsibilities(scene, len(weights))
    kind = str(scene.parameters.get("covariance_type", "full"))
    common: dict[str, Any] = {
        "weights": weights,
        "shares": shares,
        "uncertainty": uncertainty,
        "heaviest": heaviest,
        "kind": kind,
        "note": _note(scene, kind, len(weights)),
    }
    if scene.prototypes.shape[1] == 1:
        return _single(scene, weights, heaviest, common)
    axes = principal_axes(scene)
    means = axes.place(np.asarray(arrays["means"], float))
    covariances = projected(np.asarray(arrays["covariances"], float), axes.components, kind, len(weights))
    return MixtureData(
        points=axes.cloud.points,
        means=means,
        covariances=covariances,
        contours=_contours(means, covariances, weights, axes.cloud.limits),
        profile=None,
        limits=axes.cloud.limits,
        x_label=axes.labels[0],
        y_label=axes.labels[1],
        **common,
    )


def _note(scene: Scene, kind: str, n_components: int) -> str:
    parts = [f"{counted(n_components, 'component')}, {kind} covariance"]
    name = "log_likelihood_per_row"
    if name in scene.snapshot.metrics:
        parts.append(f"{metric_title(name)} {number(scene.snapshot.metrics[name], 5)}")
    if not scene.is_whole:
        parts.append(f"{len(scene.sample.rows):,} of {scene.sample.n_total:,} rows, drawn at random")
    return " · ".join(parts)


def _responsibilities(scene: Scene, n_components: int) -> tuple[Floats, Floats]:
    """Shares (m, 10) by colour, and entropy (m,) in bits, block by block."""
    X = np.asarray(scene.sample.X)
    shares, entropy = np.zeros((len(X), _COLOURS)), np.zeros(len(X))
    step = max(1, 2_000_000 // max(1, n_components))
    for start in range(0, len(X), step):
        R = np.asarray(scene.model.predict_proba(X[start : start + step]), float)
        for k in range(min(_COLOURS, n_components)):
            shares[start : start + len(R), k] = R[:, k::_COLOURS].sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            entropy[start : start + len(R)] = -np.where(R > 0, R * np.log2(R), 0.0).sum(axis=1)
    return shares, np.maximum(entropy, 0.0)


def projected(covariances: Array, components: Array, kind: str, n_components: int) -> Floats:
    """C Σₖ Cᵀ, (K, 2, 2), of covariances of a kind in scikit-learn's shape for it; `components` C is (2, d)."""
    C = np.asarray(components, float)
    if kind == "full":
        return np.asarray(C @ covariances @ C.T)
    if kind == "tied":
        return np.tile(C @ covariances @ C.T, (n_components, 1, 1))
    if kind == "diag":
        return np.asarray(np.einsum("ai,ki,bi->kab", C, covariances, C))
    return np.asarray(covariances[:, None, None] * (C @ C.T))


def ellipses(means: Floats, covariances: Floats, sigmas: float) -> Floats:
    """(K, 64, 2) outlines of `sigmas` standard deviations around each mean."""
    values, directions = np.linalg.eigh(covariances)
    angle = np.linspace(0, 2 * np.pi, 64)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    half = directions * np.sqrt(np.clip(values, 0, None))[:, None, :]
    return np.asarray(means[:, None, :] + sigmas * np.swapaxes(half @ circle, 1, 2))


def _contours(
    means: Floats, covariances: Floats, weights: Floats, limits: tuple[float, float, float, float]
) -> tuple[Floats, ...]:
    """Lines of equal density of the mixture in the plane that hold the shares `MASSES` of it."""
    from contourpy import contour_generator

    left, right, bottom, top = limits
    reach_x, reach_y = 0.15 * (right - left), 0.15 * (top - bottom)
    n = _GRID if len(weights) <= _FEW_COMPONENTS else _GRID // 2
    x, y = np.linspace(left - reach_x, right + reach_x, n), np.linspace(bottom - reach_y, top + reach_y, n)
    density = plane_density(means, covariances, weights, x, y)
    falling = np.sort(density.ravel())[::-1]
    total = float(falling.sum())
    if not np.isfinite(total) or total <= 0:
        return tuple(np.empty((0, 2)) for _ in MASSES)
    held = np.cumsum(falling) / total
    generator = contour_generator(x, y, density)
    return tuple(joined(generator.lines(float(falling[np.searchsorted(held, mass)]))) for mass in MASSES)


def joined(lines: Any) -> Floats:
    """Several (c, 2) lines as one, parted by NaN."""
    gap = np.full((1, 2), np.nan)
    pieces = [piece for line in lines for piece in (np.asarray(line, float), gap)]
    return np.concatenate(pieces[:-1]) if pieces else np.empty((0, 2))


def plane_density(means: Floats, covariances: Floats, weights: Floats, x: Floats, y: Floats) -> Floats:
    """(len(y), len(x)) density of the projected mixture."""
    floor = 1e-6 * max(float(np.ptp(x)) / len(x), float(np.ptp(y)) / len(y)) ** 2
    density = np.zeros((len(y), len(x)))
    for mean, covariance, weight in zip(means, covariances, weights, strict=True):
        a, b, c = covariance[0, 0] + floor, covariance[0, 1], covariance[1, 1] + floor
        determinant = max(a * c - b * b, 1e-300)
        u, v = (x - mean[0])[None, :], (y - mean[1])[:, None]
        squared = (c * u * u - 2 * b * u * v + a * v * v) / determinant
        density += weight / (2 * np.pi * np.sqrt(determinant)) * np.exp(-0.5 * squared)
    return density


def _single(scene: Scene, weights: Floats, heaviest: NDArray[np.int64], common: dict[str, Any]) -> MixtureData:
    """Densities over the only feature, in its original units."""
    arrays = scene.snapshot.arrays
    means = np.asarray(arrays["means"], float)[:, 0]
    spread = np.sqrt(
        projected(np.asarray(arrays["covariances"], float), np.ones((1, 1)), str(common["kind"]), len(weights))[:, 0, 0]
    )
    X = np.asarray(finite(whole_rows(scene)), float)[:, 0]
    low, high = (float(X.min()), float(X.max())) if len(X) else (0.0, 1.0)
    room = 0.08 * (high - low) or 1.0
    t = np.linspace(low - room, high + room, 400)
    parts = weights * np.exp(-0.5 * ((t[:, None] - means) / spread) ** 2) / (np.sqrt(2 * np.pi) * spread)
    x = np.asarray(scene.to_original(t[:, None]), float)[:, 0]
    slope = np.abs(np.gradient(t, x))  # from density in training units to density in original ones
    edges = np.linspace(t[0], t[-1], 41)
    heights = np.histogram(X, edges, density=True)[0] if len(X) else np.zeros(40)
    bars = heights[np.clip(np.searchsorted(edges, t, side="right") - 1, 0, 39)] * slope
    curves = parts * slope[:, None]
    places = np.asarray(scene.to_original(means[:, None]), float)[:, 0]
    points = np.asarray(scene.to_original(X[:, None]), float)[:, 0]
    profile = np.column_stack([x, curves.sum(axis=1), bars, curves[:, heaviest]])
    zeros = np.zeros(len(places))
    return MixtureData(
        points=np.column_stack([points, np.zeros(len(points))]),
        means=np.column_stack([places, zeros]),
        covariances=np.zeros((len(places), 2, 2)),
        contours=(),
        profile=profile,
        limits=(float(x.min()), float(x.max()), 0.0, 1.08 * float(profile[:, 1:].max())),
        x_label=with_unit(shorten(scene.original_names[0], 40), scene.units[0]),
        y_label="density",
        **common,
    )


def component_color(which: int, theme: Theme) -> str:
    """Colour of component `which`."""
    return theme.class_color(which % _COLOURS)


def mixed_colours(data: MixtureData, theme: Theme) -> NDArray[np.uint8]:
    """(m, 3) uint8: the colours of the components, mixed by their responsibilities."""
    palette = np.array([rgb(component_color(k, theme)) for k in range(_COLOURS)], float)
    return np.asarray(np.rint(np.clip(data.shares @ palette, 0, 255)), np.uint8)


def uncertainty_colours(data: MixtureData, theme: Theme) -> NDArray[np.uint8]:
    """(m, 3) uint8: the stronger, the less sure; rows that are sure stay pale but visible."""
    level = np.clip(data.uncertainty / data.most_uncertain, 0, 1)
    return np.asarray(theme.sequential[np.rint(60 + 195 * level).astype(np.int64), :3])


def figure(data: MixtureData, theme: Theme) -> Figure:
    """The plane twice, rows in mixed colours and by uncertainty; with one feature the densities; weights beside."""
    shown = canvas.chosen(theme, (MIXED, UNSURE)) if data.profile is None else [2]
    n = len(shown)
    if canvas.is_narrow(theme):
        wide = canvas.room(theme, 5.0)
        made = canvas.new_figure(theme, wide, (0.85 * n + 0.45) * wide)
        *planes, bars = made.subplots(n + 1, 1, height_ratios=[1.0] * n + [0.4])
    else:
        natural = 5.6 * n + (2.4 if data.profile is None else 4.0)
        wide = canvas.room(theme, natural)
        made = canvas.new_figure(theme, wide, max(4.9 * wide / natural, 3.6))
        *planes, bars = made.subplots(1, n + 1, width_ratios=[1.0] * n + [0.36 if data.profile is None else 0.3])
    for which, axes in zip(shown, planes, strict=True):
        if data.profile is not None:
            _draw_profile(axes, data, theme)
            continue
        colours = (mixed_colours, uncertainty_colours)[which](data, theme)
        _draw_plane(axes, data, colours, theme)
        title = "Rows in the colours of their components", "Rows by uncertainty (darkest or brightest: least sure)"
        canvas.label(axes, title=title[which])
    _draw_weights(bars, data, theme)
    made.supxlabel(canvas.plain(data.note), fontsize=8, color=theme.muted)
    return made


def _draw_plane(axes: Any, data: MixtureData, colours: NDArray[np.uint8], theme: Theme) -> None:
    from matplotlib.collections import LineCollection

    canvas.dress(axes, theme, grid=True)
    size = 13 if len(data.points) <= 1000 else 5
    axes.scatter(*data.points.T, s=size, c=colours / 255.0, alpha=0.7, linewidths=0, rasterized=True)
    for line, width in zip(data.contours, (1.2, 0.9, 0.6), strict=True):
        axes.plot(*line.T, color=theme.muted, linewidth=width, linestyle=":")
    inks = [component_color(k, theme) for k in range(len(data.weights))]
    for sigmas, style, width in ((1.0, "-", 1.4), (2.0, "--", 0.8)):
        lines = ellipses(data.means, data.covariances, sigmas)
        axes.add_collection(LineCollection(list(lines), colors=inks, linewidths=width, linestyles=style))
    axes.scatter(
        *data.means.T, s=mark_sizes(data) ** 2, c=inks, marker="D", edgecolors=theme.text, linewidths=0.9, zorder=3
    )
    left, right, bottom, top = data.limits
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    canvas.label(axes, x=data.x_label, y=data.y_label)
    canvas.legend(axes, theme, handles=_handles(theme), loc="best")


def mark_sizes(data: MixtureData) -> Floats:
    """Points across of the mark of each mean: the heavier its component, the larger."""
    heaviest = max(float(data.weights.max(initial=0)), 1e-12)
    return np.asarray((5 if len(data.weights) <= 100 else 3) + 5 * np.sqrt(data.weights / heaviest))


def _handles(theme: Theme) -> list[Any]:
    from matplotlib.lines import Line2D

    shares = ", ".join(percent(mass, 0) for mass in MASSES)
    return [
        Line2D([], [], color=theme.text, linewidth=1.4, label="1 σ"),
        Line2D([], [], color=theme.text, linewidth=0.8, linestyle="--", label="2 σ"),
        Line2D([], [], color=theme.muted, linestyle=":", label=f"{shares} of the density"),
    ]


def _draw_profile(axes: Any, data: MixtureData, theme: Theme) -> None:
    assert data.profile is not None
    canvas.dress(axes, theme, grid=True)
    x = data.profile[:, 0]
    axes.fill_between(x, data.profile[:, 2], step="mid", color=theme.grid, alpha=0.8, linewidth=0, label="rows")
    for place, which in enumerate(data.heaviest.tolist()):
        axes.plot(x, data.profile[:, 3 + place], color=component_color(which, theme), linewidth=1.0)
    axes.plot(x, data.profile[:, 1], color=theme.text, linewidth=1.6, label="mixture")
    axes.set_xlim(data.limits[0], data.limits[1])
    axes.set_ylim(data.limits[2], data.limits[3])
    canvas.label(axes, x=data.x_label, y=data.y_label, title="Density")
    canvas.legend(axes, theme)


def _draw_weights(axes: Any, data: MixtureData, theme: Theme) -> None:
    canvas.dress(axes, theme)
    shown = data.heaviest[:30]
    inks = [component_color(k, theme) for k in shown.tolist()]
    axes.barh(np.arange(len(shown)), data.weights[shown], height=0.75, color=inks)
    axes.set_ylim(max(len(shown), 6) - 0.4, -0.6)
    canvas.name_ticks(axes.yaxis, range(len(shown)), [f"#{k}" for k in shown.tolist()], fontsize=7)
    axes.tick_params(axis="y", length=0)
    left_out = len(data.weights) - len(shown)
    axes.locator_params(axis="x", nbins=4)
    canvas.label(axes, x="weight", title="Weights" + (f" (heaviest {len(shown)})" if left_out else ""))
