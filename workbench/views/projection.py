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
from workbench.views.crowd import Crowd
from workbench.views.density import density, density_image
from workbench.views.first_look import without_test_part
from workbench.views.planes import Plane, offered, plane_called, row_codes, telling_features
from workbench.views.row_colours import RowColours, choices, colours_of
from workbench.views.scene import Array, Scene
from workbench.views.theme import Theme
from workbench.views.trails import NO_TRAILS, Trails, can_have_trails, moments_before, shown_unasked, told, trails_in
from workbench.views.wording import counted, shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICKED = "picked"
"""The plane of two features that follows what is picked."""
MOST_TOLD = 24
"""So many kinds of rows a legend tells, in two columns no higher than a small figure; of more it says how many."""
TRAIL = 0.75
"""How much of the newest piece of a trail covers what is under it; older ones fade."""


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
        The original features that "features" or "picked" is the plane of; None for the most telling ones.
    trails : bool or None
        Whether to show where prototypes were before; None leaves it to the view.
    """

    plane: str = ""
    colour: str = ""
    features: tuple[int, int] | None = None
    trails: bool | None = None

    def __str__(self) -> str:
        told = {"plane": self.plane, "colour": self.colour}
        if self.features is not None:
            told |= dict(zip("xy", map(str, self.features), strict=True))
        if self.trails is not None:
            told["trails"] = "yes" if self.trails else "no"
        return urlencode({key: value for key, value in told.items() if value})

    @classmethod
    def parse(cls, text: str, n_features: int) -> Asked:
        """What `str` gave, with features that there are; whatever is not understood is not asked."""
        told = dict(parse_qsl(text))
        numbers = [int(told[key]) for key in "xy" if told.get(key, "").isdecimal()]
        whole = len(numbers) == 2 and all(number < n_features for number in numbers)
        features = (numbers[0], numbers[1]) if whole else None
        trails = {"yes": True, "no": False}.get(told.get("trails", ""))
        return cls(told.get("plane", ""), told.get("colour", ""), features, trails)


@dataclass(frozen=True, eq=False)
class ProjectionData:
    """Rows and prototypes in one plane or two.

    Attributes
    ----------
    planes : tuple of Plane
        The one that was asked for; else "pca" and, where there is one, "metric".
    chosen : str
        What was asked for is called so among those `offered`; the name of the first plane, if nothing was.
    offered : tuple of (name, title)
        Every plane there is, and "picked": that of two features which follows what is picked.
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
    trails : tuple of Trails
        Where prototypes were before in each of the planes; without a moment where they are not shown.
    has_trails : bool or None
        Whether they are shown; None where no run has moved prototypes.
    edges : (e, 2) int64
        Prototypes that are neighbours on the grid of a map; none otherwise.
    class_names : tuple of str
    note : str
        What is shown of how much.
    """

    planes: tuple[Plane, ...]
    chosen: str
    offered: tuple[tuple[str, str], ...]
    rows: Array
    codes: NDArray[np.int64]
    colours: RowColours
    choices: tuple[tuple[str, str], ...]
    feature_names: tuple[str, ...]
    features: tuple[int, int]
    prototype_codes: NDArray[np.int64]
    trails: tuple[Trails, ...]
    has_trails: bool | None
    edges: NDArray[np.int64]
    class_names: tuple[str, ...]
    note: str

    def crowd_codes(self, crowd: Crowd) -> Array:
        """(n,) class codes that give all rows their colours."""
        return crowd.codes if self.colours.of_classes else np.full(len(crowd.codes), -1)

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
    choice = _planes(scene)
    names = [name for name, _ in choice]
    features = asked.features or (telling_features(scene) if len(scene.original_names) > 1 else (0, 0))
    wanted = [asked.plane] if asked.plane in names else [name for name in names if name in ("pca", "metric")]
    planes = tuple(plane_called(scene, "features" if name == PICKED else name, features) for name in wanted)
    notes = [counted(n_rows, "row") if scene.is_whole else f"{n_rows:,} of {n_total:,} rows, drawn at random"]
    colours = colours_of(scene, asked.colour)
    if any(plane.crowd is not None for plane in planes):
        as_points = "" if colours.of_classes else f"; {n_rows:,} of them, drawn at random, as points"
        notes = [f"all {n_total:,} rows, the denser the stronger{as_points}"]
    notes[0] += without_test_part(scene.every.n_sealed)
    if any(len(plane.borders.lines) for plane in planes):
        notes.append("lines: borders of the cells in the plane through the mean")
    has_trails, trails = _has_trails(scene, asked), (NO_TRAILS,) * len(planes)
    if has_trails:
        before = moments_before(scene)
        trails = tuple(trails_in(scene, plane, features, before) for plane in planes)
        notes.append(told(scene, before))
    if asked.plane == PICKED and asked.features is None:
        notes.append("no feature is picked: click two where features are told of, with Ctrl")
    return ProjectionData(
        planes=planes,
        chosen=wanted[0],
        offered=choice,
        rows=np.asarray(scene.sample.rows),
        codes=row_codes(scene),
        colours=colours,
        choices=choices(scene),
        feature_names=scene.original_names,
        features=features,
        prototype_codes=scene.prototype_codes,
        trails=trails,
        has_trails=has_trails,
        edges=_edges(scene),
        class_names=scene.class_names,
        note="; ".join(notes),
    )


def _planes(scene: Scene) -> tuple[tuple[str, str], ...]:
    """(name, title) of what can be chosen as a plane."""
    made = offered(scene)
    if len(scene.original_names) > 2 and scene.feature_names == scene.original_names:
        made = (*made, (PICKED, "Picked features"))
    return made


def _has_trails(scene: Scene, asked: Asked) -> bool | None:
    if not can_have_trails(scene):
        return None
    return shown_unasked(scene) if asked.trails is None else asked.trails


def _edges(scene: Scene) -> NDArray[np.int64]:
    if not scene.has_grid:
        return np.empty((0, 2), np.int64)
    return grid_edges(shared(scene.model.grid))


def edge_lines(plane: Plane, edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """(e, 2, 2) where the lines between neighbouring prototypes begin and end in the plane."""
    return plane.prototypes[edges]


def figure(data: ProjectionData, theme: Theme) -> Figure:
    """All planes side by side, or the chosen one, with one legend."""
    chosen = canvas.chosen(theme, [plane.title for plane in data.planes])
    planes, shown_trails = [data.planes[k] for k in chosen], [data.trails[k] for k in chosen]
    present = [int(code) for code in np.unique(np.concatenate([data.colours.codes, data.mark_codes]))]
    with_legend = any(code >= 0 for code in present)
    n_columns = 1 + (len(present) > 22)
    beside = 1.4 * n_columns if with_legend else 0.2
    made, all_axes = canvas.panels(theme, len(planes), 5.6, 4.9, beside=beside)
    for axes, plane, trails in zip(all_axes, planes, shown_trails, strict=True):
        canvas.dress(axes, theme, grid=True)
        _draw_rows(axes, plane, data, theme)
        _draw_borders(axes, plane.borders, theme)
        _draw_trails(axes, trails, theme)
        _draw_prototypes(axes, plane, data, theme)
        canvas.label(axes, x=plane.x_label, y=plane.y_label, title=plane.title)
        left, right, bottom, top = plane.limits
        x, y = plane.prototypes.T
        axes.set_xlim(np.nanmin(x, initial=left), np.nanmax(x, initial=right))
        axes.set_ylim(np.nanmin(y, initial=bottom), np.nanmax(y, initial=top))
    _legend(all_axes[-1], data, present, theme)
    made.supxlabel(canvas.plain(_words(data)), fontsize=8, color=theme.muted)
    return made


def _draw_rows(axes: Any, plane: Plane, data: ProjectionData, theme: Theme) -> None:
    if plane.crowd is not None:
        axes.imshow(
            density_image(density(plane.crowd.points, data.crowd_codes(plane.crowd), plane.limits), theme),
            extent=plane.limits,
            origin="lower",
            aspect="auto",
            interpolation="nearest",
        )
        if data.colours.of_classes:
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


def _draw_trails(axes: Any, trails: Trails, theme: Theme) -> None:
    from matplotlib.collections import LineCollection

    for lines, strength in zip(trails.lines, trails.strengths, strict=True):
        made = LineCollection(list(lines), colors=theme.text, linewidths=0.9, alpha=TRAIL * strength, zorder=2.2)
        made.set_capstyle("round")
        axes.add_collection(made, autolim=False)


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


def _words(data: ProjectionData) -> str:
    return data.note if data.colours.values is None else f"{data.note}; {data.colours.scale}"


def _legend(axes: Any, data: ProjectionData, present: list[int], theme: Theme) -> None:
    from matplotlib.lines import Line2D

    handles: list[Any] = []
    for code in present[:MOST_TOLD]:
        if code >= 0:
            handles.append(_handle(theme.class_marker(code).matplotlib, theme.class_color(code), "none"))
            handles[-1].set_label(canvas.plain(shorten(data.colours.kinds[code], 24)))
    if len(present) > MOST_TOLD:
        handles.append(Line2D([], [], linestyle="none", label=f"and {len(present) - MOST_TOLD} more"))
    if len(data.mark_codes):
        neutral = bool((data.mark_codes < 0).any())
        handles.append(_handle("D" if neutral else "o", theme.accent if neutral else theme.surface, theme.text))
        handles[-1].set_label("prototype")
    if any(len(trails.iterations) for trails in data.trails):
        handles.append(Line2D([], [], color=theme.text, linewidth=0.9, alpha=TRAIL, label="where it was before"))
    canvas.legend(axes, theme, outside=True, handles=handles, ncols=1 + (len(handles) > MOST_TOLD // 2))


def _handle(marker: str, color: str, edge: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle="none", marker=marker, markersize=6, color=color, markeredgecolor=edge)
