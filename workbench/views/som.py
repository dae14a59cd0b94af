"""A map's units on their grid: U-matrix, hits, classes, and what each feature is where (component planes)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.maps.grid import Grid, Topology
from workbench.views import canvas
from workbench.views.cells import CellImage, cell_image, cell_table, colour_cells, pies, shared
from workbench.views.scene import Scene
from workbench.views.theme import Theme
from workbench.views.wording import counted, metric_title, number, shorten, with_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PLANES = 1000
"""Of more features those that vary most over the map are kept."""
MOST_SHOWN = 60
"""So many component planes are shown at a glance."""


@dataclass(frozen=True, eq=False)
class SomData:
    """Everything about the units of a map; M = rows * cols units, numbered row by row.

    Attributes
    ----------
    rows, cols : int
    topology : {"rectangular", "hexagonal"}
    toroidal : bool
    u : (M,) float64
        Mean distance of each unit's prototype to those of its neighbours, in training units.
    hits : (M,) float64
        Rows that each unit stands for; of which rows, `counted` says.
    class_counts : (M, C) int64
        Rows of the sample by unit and class; C = 0 without labels.
    planes : (p, M) float64
        Value of each feature at each unit, in original units.
    plane_names, plane_units : tuple of p str
    n_features : int
        Features there are in all.
    class_names : tuple of C str
    counted, note : str
    """

    rows: int
    cols: int
    topology: Topology
    toroidal: bool
    u: NDArray[np.float64]
    hits: NDArray[np.float64]
    class_counts: NDArray[np.int64]
    planes: NDArray[np.float64]
    plane_names: tuple[str, ...]
    plane_units: tuple[str, ...]
    n_features: int
    class_names: tuple[str, ...]
    counted: str
    note: str

    @property
    def grid(self) -> Grid:
        """The grid, with what it has worked out before."""
        return shared(Grid(self.rows, self.cols, self.topology, self.toroidal))

    @property
    def has_classes(self) -> bool:
        """Whether any row of the sample has a class."""
        return bool(self.class_counts.any())

    @property
    def present(self) -> tuple[int, ...]:
        """Codes of the classes that some unit has, in order."""
        return tuple(np.flatnonzero(self.class_counts.any(axis=0)).tolist())

    @property
    def varied(self) -> NDArray[np.int64]:
        """Numbers of the planes to show at a glance: all, or those that vary most over the map."""
        if len(self.planes) <= MOST_SHOWN:
            return np.arange(len(self.planes))
        spread = np.nanstd(self.planes, axis=1)
        return np.sort(np.argsort(-spread, kind="stable")[:MOST_SHOWN])

    @property
    def ends(self) -> NDArray[np.float64]:
        """(p, 2) lowest and highest value of each plane."""
        return np.column_stack([self.planes.min(axis=1), self.planes.max(axis=1)])

    def told(self, unit: int) -> str:
        """What a unit is, in words, line by line."""
        row, col = divmod(unit, self.cols)
        lines = [
            f"unit {unit} (row {row}, column {col})",
            f"{number(float(self.u[unit]))} away from its neighbours on average",
            f"{number(float(self.hits[unit]))} {self.counted}",
        ]
        total = int(self.class_counts[unit].sum())
        most = np.argsort(-self.class_counts[unit], kind="stable")[:3] if total else ()
        lines += [
            f"{shorten(self.class_names[code], 30)}: {counted(int(self.class_counts[unit, code]), 'row')}"
            for code in most
            if self.class_counts[unit, code]
        ]
        return "\n".join(lines)


def applies(scene: Scene) -> bool:
    """Engines whose prototypes sit on a grid."""
    return scene.has_grid


def compute(scene: Scene) -> SomData:
    """The map of the scene."""
    from engines.maps.inspection import u_matrix

    grid = shared(scene.model.grid)
    values = np.asarray(scene.to_original(scene.prototypes), float)
    kept = np.arange(values.shape[1])
    if len(kept) > MOST_PLANES:
        kept = np.sort(np.argsort(-np.nanstd(values, axis=0), kind="stable")[:MOST_PLANES])
    return SomData(
        rows=grid.rows,
        cols=grid.cols,
        topology=grid.topology,
        toroidal=grid.toroidal,
        u=np.asarray(u_matrix(scene.prototypes, grid), float).ravel(),
        hits=np.asarray(scene.counts, float),
        class_counts=_class_counts(scene, grid.n_units),
        planes=np.ascontiguousarray(values[:, kept].T),
        plane_names=tuple(scene.original_names[j] for j in kept),
        plane_units=tuple(scene.units[j] for j in kept),
        n_features=values.shape[1],
        class_names=scene.class_names,
        counted=scene.counted_rows,
        note=_note(scene, grid),
    )


def _class_counts(scene: Scene, n_units: int) -> NDArray[np.int64]:
    """(M, C) labelled rows of the sample by winner and class."""
    n_classes = len(scene.classes)
    if scene.sample.codes is None or not n_classes:
        return np.zeros((n_units, 0), np.int64)
    codes = np.asarray(scene.sample.codes)[scene.whole]
    known = codes >= 0
    pair = scene.codes[known, 0] * n_classes + codes[known]
    return np.bincount(pair, minlength=n_units * n_classes).reshape(n_units, n_classes)


def _note(scene: Scene, grid: Grid) -> str:
    shape = f"{grid.rows} × {grid.cols} units, {grid.topology}"
    parts = [shape + (", opposite edges joined (toroidal)" if grid.toroidal else "")]
    for name in ("quantization_error", "topographic_error"):
        if name in scene.snapshot.metrics:
            parts.append(f"{metric_title(name)} {number(scene.snapshot.metrics[name])}")
    return " · ".join(parts)


def hits_end(data: SomData) -> float:
    """The upper end of the scale of the hits."""
    return max(1.0, float(np.nanmax(data.hits, initial=0)))


def u_image(data: SomData, image: CellImage, theme: Theme) -> NDArray[np.uint8]:
    """The U-matrix as a picture: the stronger the colour, the farther from the neighbours."""
    return colour_cells(image, data.u, 0.0, float(np.nanmax(data.u, initial=0)), theme)


def hits_image(data: SomData, image: CellImage, theme: Theme) -> NDArray[np.uint8]:
    """The hits as a picture."""
    return colour_cells(image, data.hits, 0.0, hits_end(data), theme)


def plane_image(data: SomData, which: int, image: CellImage, theme: Theme) -> NDArray[np.uint8]:
    """One component plane as a picture, from its own lowest to its own highest value."""
    low, high = data.ends[which]
    return colour_cells(image, data.planes[which], float(low), float(high), theme)


def class_image(data: SomData, image: CellImage, theme: Theme) -> NDArray[np.uint8]:
    """The classes as a picture: a pie in each cell over a pale ground of its commonest class."""
    codes = np.array(data.present, np.int64)
    return pies(image, data.class_counts[:, codes].astype(float), codes, theme)


def figure(data: SomData, theme: Theme) -> Figure:
    """U-matrix, hits and classes above; all component planes, or those that vary most, below."""
    image = cell_image(data.grid, 420)
    aspect = image.units.shape[0] / image.units.shape[1]
    shown = data.varied
    n_top = 3 if data.has_classes else 2
    n_across = max(1, min(6, len(shown)))
    n_down = -(-len(shown) // n_across)
    width = 3.7 * n_top + 0.4
    tile = width / n_across
    above, below = 3.1 * min(1.6, aspect) + 0.75, n_down * (0.92 * min(2.0, aspect) * tile + 0.5)
    made = canvas.new_figure(theme, width, above + below + 0.4)
    parts = made.add_gridspec(2, n_top, height_ratios=[above, below])
    _draw_scaled(made, parts[0, 0], u_image(data, image, theme), "U-matrix", (0.0, float(data.u.max())), theme)
    _draw_scaled(
        made, parts[0, 1], hits_image(data, image, theme), f"Hits ({data.counted})", (0.0, hits_end(data)), theme
    )
    if data.has_classes:
        _draw_classes(made, parts[0, 2], data, image, theme)
    _draw_planes(made.add_subplot(parts[1, :]), data, shown, n_across, theme)
    left_out = data.n_features - len(shown)
    note = data.note + (f" · the {len(shown)} of {data.n_features:,} features that vary most" if left_out else "")
    made.supxlabel(canvas.plain(note), fontsize=8, color=theme.muted)
    return made


def _bare(made: Any, place: Any, picture: NDArray[np.uint8], title: str, theme: Theme) -> Any:
    axes = made.add_subplot(place)
    canvas.dress(axes, theme, frame=False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.imshow(picture, interpolation="nearest")
    canvas.label(axes, title=title)
    return axes


def _draw_scaled(
    made: Any, place: Any, picture: NDArray[np.uint8], title: str, ends: tuple[float, float], theme: Theme
) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    axes = _bare(made, place, picture, title, theme)
    low, high = ends
    scale = ScalarMappable(
        Normalize(low, high if high > low else low + 1), canvas.color_map(cell_table(theme), theme.grid)
    )
    text = "mean distance to the neighbours" if title == "U-matrix" else "rows"
    canvas.color_bar(made, scale, axes, theme, text, location="bottom", pad=0.02, aspect=30)


def _draw_classes(made: Any, place: Any, data: SomData, image: CellImage, theme: Theme) -> None:
    from matplotlib.patches import Patch

    axes = _bare(made, place, class_image(data, image, theme), "Classes of the rows of each unit", theme)
    handles: list[Any] = [
        Patch(color=theme.class_color(code), label=canvas.plain(shorten(data.class_names[code], 18)))
        for code in data.present[:12]
    ]
    if len(data.present) > 12:
        handles.append(Patch(color=theme.surface, label=f"and {len(data.present) - 12} more"))
    place_below: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.01), "ncols": 3}
    canvas.legend(axes, theme, handles=handles, **place_below)


def _draw_planes(axes: Any, data: SomData, shown: NDArray[np.int64], n_across: int, theme: Theme) -> None:
    """All planes on one sheet: so many axes would take seconds."""
    canvas.dress(axes, theme, frame=False)
    axes.set_axis_off()
    image = cell_image(data.grid, 150)
    h, w = image.units.shape
    high = h / w + 0.34
    n_down = math.ceil(len(shown) / n_across)
    text = {"fontsize": 8, "color": theme.text, "ha": "center", "in_layout": False}
    for place, which in enumerate(shown.tolist()):
        row, column = divmod(place, n_across)
        left, top = column + 0.04, row * high + 0.17
        picture = plane_image(data, which, image, theme)
        extent = (left, left + 0.92, top + 0.92 * h / w, top)
        axes.imshow(picture, extent=extent, interpolation="nearest").set_in_layout(False)
        low, end = (number(float(v), 3) for v in data.ends[which])
        name = with_unit(shorten(data.plane_names[which], 16), shorten(data.plane_units[which], 6))
        axes.text(column + 0.5, top - 0.03, canvas.plain(name), va="bottom", **text)
        below = f"{low} to {end}"
        axes.text(
            column + 0.5,
            top + 0.92 * h / w + 0.02,
            canvas.plain(below),
            va="top",
            **(text | {"color": theme.muted, "fontsize": 7.5}),
        )
    axes.set_xlim(0, n_across)
    axes.set_ylim(max(1, n_down) * high, 0)
    axes.set_aspect("equal")
