"""Rows and prototypes in planes, rows coloured by what is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.borders import Borders
from workbench.views.cells import grid_edges, shared
from workbench.views.density import density_image
from workbench.views.planes import Plane, offered, plane_called, row_codes, telling_features
from workbench.views.row_colours import RowColours, choices, colours_of
from workbench.views.scene import Array, Scene
from workbench.views.theme import Theme
from workbench.views.wording import counted, shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Asked:
    """What a person asked of the projection.

    Attributes
    ----------
    plane : str
        Name of a plane; "" for those that a report shows.
    colour : str
        What rows are coloured by; "" for the first there is.
    features : (int, int) or None
        The original features that "features" is the plane of; None for the most telling ones.
    """

    plane: str = ""
    colour: str = ""
    features: tuple[int, int] | None = None

    def __str__(self) -> str:
        told = {"plane": self.plane, "colour": self.colour}
        if self.features is not None:
            told |= dict(zip("xy", map(str, self.features), strict=True))
        return urlencode({key: value for key, value in told.items() if value})

    @classmethod
    def parse(cls, text: str, n_features: int) -> Asked:
        """What `str` gave, with features that there are; whatever is not understood is not asked."""
        told = dict(parse_qsl(text))
        numbers = [int(told[key]) for key in "xy" if told.get(key, "").isdecimal()]
        whole = len(numbers) == 2 and all(number < n_features for number in numbers)
        return cls(told.get("plane", ""), told.get("colour", ""), (numbers[0], numbers[1]) if whole else None)


@dataclass(frozen=True, eq=False)
class ProjectionData:
    """Rows and prototypes in one plane or two.

    Attributes
    ----------
    planes : tuple of Plane
        The one that was asked for; else "pca" and, where there is one, "metric".
    offered : tuple of (name, title)
        Every plane there is.
    rows : (m,) int
        Row numbers of the points.
    codes : (m,) int64
        Class codes of the points; -1 for none.
    colours : RowColours
        What the points are coloured by.
    choices : tuple of (name, title)
        What they could be coloured by.
    feature_names : tuple of str
        Of those that a plane can be made of.
    features : (int, int)
        The two that it is made of, or would be.
    prototype_codes : (M,) int64
    edges : (e, 2) int64
        Prototypes that are neighbours on the grid of a map; none otherwise.
    class_names : tuple of str
    note : str
        What is shown of how much.
    """

    planes: tuple[Plane, ...]
    offered: tuple[tuple[str, str], ...]
    rows: Array
    codes: NDArray[np.int64]
    colours: RowColours
    choices: tuple[tuple[str, str], ...]
    feature_names: tuple[str, ...]
    features: tuple[int, int]
    prototype_codes: NDArray[np.int64]
    edges: NDArray[np.int64]
    class_names: tuple[str, ...]
    note: str

    @property
    def mark_codes(self) -> NDArray[np.int64]:
        """(M,) kind of each prototype, where rows are coloured by what prototypes have too; else -1."""
        if self.colours.name == "prototype":
            return np.arange(len(self.prototype_codes))
        if self.colours.name in ("class", "predicted"):
            return self.prototype_codes
        return np.full(len(self.prototype_codes), -1)


def applies(scene: Scene) -> bool:
    """Whatever has prototypes among the rows can be projected, and rows alone."""
    return scene.has_prototypes or not scene.of_run


def compute(scene: Scene) -> ProjectionData:
    """Project the sample and the prototypes of the scene."""
    n_rows, n_total = len(scene.sample.rows), scene.sample.n_total
    asked = Asked.parse(scene.asked, len(scene.original_names))
    names = [name for name, _ in offered(scene)]
    features = asked.features or (telling_features(scene) if len(scene.original_names) > 1 else (0, 0))
    wanted = [asked.plane] if asked.plane in names else [name for name in names if name in ("pca", "metric")]
    planes = tuple(plane_called(scene, name, features) for name in wanted)
    note = counted(n_rows, "row") if scene.is_whole else f"{n_rows:,} of {n_total:,} rows, drawn at random"
    has_borders = any(len(plane.borders.lines) for plane in planes)
    return ProjectionData(
        planes=planes,
        offered=offered(scene),
        rows=np.asarray(scene.sample.rows),
        codes=row_codes(scene),
        colours=colours_of(scene, asked.colour),
        choices=choices(scene),
        feature_names=scene.original_names,
        features=features,
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


def figure(data: ProjectionData, theme: Theme) -> Figure:
    """All planes side by side, or the chosen one, with one legend."""
    planes = [data.planes[k] for k in canvas.chosen(theme, [plane.title for plane in data.planes])]
    present = [int(code) for code in np.unique(np.concatenate([data.colours.codes, data.mark_codes]))]
    with_legend = any(code >= 0 for code in present)
    n_columns = 1 + (len(present) > 22)
    beside = 1.4 * n_columns if with_legend else 0.2
    made, all_axes = canvas.panels(theme, len(planes), 5.6, 4.9, beside=beside)
    for axes, plane in zip(all_axes, planes, strict=True):
        canvas.dress(axes, theme, grid=True)
        _draw_rows(axes, plane, data, theme)
        _draw_borders(axes, plane.borders, theme)
        _draw_prototypes(axes, plane, data, theme)
        canvas.label(axes, x=plane.x_label, y=plane.y_label, title=plane.title)
        left, right, bottom, top = plane.limits
        x, y = plane.prototypes.T
        axes.set_xlim(np.nanmin(x, initial=left), np.nanmax(x, initial=right))
        axes.set_ylim(np.nanmin(y, initial=bottom), np.nanmax(y, initial=top))
    _legend(all_axes[-1], data, present, theme)
    made.supxlabel(canvas.plain(_told(data)), fontsize=8, color=theme.muted)
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
    if data.colours.values is not None:
        inks = data.colours.rgb(theme) / 255
        axes.scatter(*plane.points.T, s=size, c=inks, alpha=0.75, linewidths=0, rasterized=True)
        return
    codes = data.colours.codes
    for code in np.unique(codes):
        mine = codes == code
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
    for code in np.unique(data.mark_codes):
        mine = data.mark_codes == code
        axes.scatter(
            *plane.prototypes[mine].T,
            s=26 if many else 85,
            color=theme.class_color(int(code)) if code >= 0 else theme.accent,
            marker=theme.class_marker(int(code)).matplotlib if code >= 0 else "D",
            edgecolors=theme.text,
            linewidths=0.7 if many else 1.3,
            zorder=3,
        )


def _told(data: ProjectionData) -> str:
    return data.note if data.colours.values is None else f"{data.note}; {data.colours.scale}"


def _legend(axes: Any, data: ProjectionData, present: list[int], theme: Theme) -> None:
    from matplotlib.lines import Line2D

    handles: list[Any] = []
    for code in present[:44]:
        if code >= 0:
            handles.append(_handle(theme.class_marker(code).matplotlib, theme.class_color(code), "none"))
            handles[-1].set_label(canvas.plain(shorten(data.colours.kinds[code], 24)))
    if len(present) > 44:
        handles.append(Line2D([], [], linestyle="none", label=f"and {len(present) - 44} more"))
    if len(data.mark_codes):
        neutral = bool((data.mark_codes < 0).any())
        handles.append(_handle("D" if neutral else "o", theme.accent if neutral else theme.surface, theme.text))
        handles[-1].set_label("prototype")
    canvas.legend(axes, theme, outside=True, handles=handles, ncols=1 + (len(handles) > 23))


def _handle(marker: str, color: str, edge: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle="none", marker=marker, markersize=6, color=color, markeredgecolor=edge)
