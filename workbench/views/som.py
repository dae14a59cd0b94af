"""A map's units on their grid: U-matrix, hits, classes, folds, and what each feature is where (component planes)."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from engines.maps.grid import Grid
from workbench.views import canvas
from workbench.views.cell_colours import cell_table, stencil
from workbench.views.cells import cell_image, shared
from workbench.views.plane_order import PlaneOrder, Run, alone, plane_order
from workbench.views.scene import Scene
from workbench.views.som_data import SomData
from workbench.views.som_panels import CLASSES, FOLDS, Panel, main_panels, panel, panel_names, plane_panel
from workbench.views.theme import Theme
from workbench.views.wording import metric_title, number, shorten, with_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PLANES = 1000
"""Of more features those that vary most over the map are kept."""
MOST_SHOWN, MOST_NARROW = 60, 12
"""So many component planes are shown at a glance, and so many in a column of a page."""

MOST_NAMED = 12
"""So many classes have their names in the figure."""
_LARGEST = 4.4
"""Inches: a panel needs no more height than this width asks for."""

_known: WeakKeyDictionary[Scene, SomData] = WeakKeyDictionary()
_lock = threading.RLock()


def applies(scene: Scene) -> bool:
    """Engines whose prototypes sit on a grid."""
    return scene.has_grid


def compute(scene: Scene) -> SomData:
    """The map of the scene, once for each scene: moving the cut of a torus or searching asks for it again."""
    with _lock:
        if scene not in _known:
            _known[scene] = _computed(scene)
        return _known[scene]


def _computed(scene: Scene) -> SomData:
    from engines.maps.folds import folds, two_best_units
    from engines.maps.inspection import u_matrix

    grid = shared(scene.model.grid)
    values = np.asarray(scene.to_original(scene.prototypes), float)
    kept = np.sort(_most_varied(values, MOST_PLANES))
    planes = np.ascontiguousarray(values[:, kept].T)
    return SomData(
        rows=grid.rows,
        cols=grid.cols,
        topology=grid.topology,
        toroidal=grid.toroidal,
        u=np.asarray(u_matrix(scene.prototypes, grid), float).ravel(),
        hits=np.asarray(scene.counts, float),
        class_counts=_class_counts(scene, grid.n_units),
        folds=folds(two_best_units(np.asarray(scene.sample.X)[scene.whole], scene.prototypes), grid),
        sampled="rows" if scene.is_whole else "rows of the sample",
        planes=planes,
        plane_names=tuple(scene.original_names[j] for j in kept),
        plane_units=tuple(scene.units[j] for j in kept),
        plane_features=kept if scene.feature_names == scene.original_names else kept[:0],
        alike=_alike(planes, MOST_SHOWN),
        n_features=values.shape[1],
        class_names=scene.class_names,
        counted=scene.counted_rows,
        note=_note(scene, grid),
    )


def _alike(planes: NDArray[np.float64], most: int) -> PlaneOrder:
    """The planes that vary most, at most so many, in order of likeness."""
    kept = np.sort(_most_varied(planes.T, most))
    found = plane_order(planes[kept])
    return replace(found, order=kept[found.order])


def _most_varied(values: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Columns of (M, d) values that vary most, at most so many."""
    if values.shape[1] <= most:
        return np.arange(values.shape[1])
    return np.argsort(-np.nanstd(values, axis=0), kind="stable")[:most]


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


def figure(data: SomData, theme: Theme) -> Figure:
    """U-matrix, hits, classes and topographic error above; all component planes, or those that vary most, below.

    Or the chosen one of all these, large.
    """
    mains, planes = _shown(data, theme)
    cells = stencil(cell_image(data.grid, 420))
    aspect = cells.shades.shape[0] / cells.shades.shape[1]
    width = canvas.room(theme, 3.1 * len(mains) + 0.4)
    n_main = canvas.across(theme, len(mains), 1.6)
    n_across = canvas.across(theme, min(6, max(4, len(planes.order))), 1.15)
    texts = 0.75 if theme.page is None else 1.15  # on a page they are broken into lines
    heights = [0.87 * min(1.6, aspect) * min(_LARGEST, width / n_main) + texts] * math.ceil(len(mains) / n_main)
    n_above = len(heights)
    names = _named_classes(data, mains, theme)
    if names:
        n_names = max(1, int(width / (0.085 * max(map(len, names)) + 0.6)))
        heights.append(0.19 * math.ceil((len(names) + 1) / n_names) + 0.1)
    if len(planes.order):
        heights.append(math.ceil(len(planes.order) / n_across) * _pitch(min(2.0, aspect), width / n_across)[0])
        heights[-1] *= width / n_across
    made = canvas.new_figure(theme, width, sum(heights) + 0.4)
    parts = made.add_gridspec(len(heights), n_main, height_ratios=heights)
    for place, which in enumerate(mains):
        _draw_main(made, parts[place // n_main, place % n_main], panel(data, which, cells, theme), theme)
    if names:
        _class_legend(made.add_subplot(parts[n_above, :]), data, names, n_names, theme)
    if len(planes.order):
        _draw_planes(made.add_subplot(parts[-1, :]), data, planes, n_across, width / n_across, theme)
    made.supxlabel(canvas.plain(_told(data, mains, planes)), fontsize=8, color=theme.muted)
    return made


def _shown(data: SomData, theme: Theme) -> tuple[list[int], PlaneOrder]:
    """Which panels are drawn large, by their places in `panel_names`, and which planes small."""
    names, n_main = panel_names(data), len(main_panels(data))
    chosen = canvas.chosen(theme, names)
    if len(chosen) < len(names):
        return chosen, alone(np.empty(0, np.int64))
    if canvas.is_narrow(theme) and len(data.alike.order) > MOST_NARROW:
        return chosen[:n_main], _alike(data.planes, MOST_NARROW)
    return chosen[:n_main], data.alike


def _named_classes(data: SomData, mains: list[int], theme: Theme) -> list[str]:
    """What the legend says of the classes; nothing where none is drawn."""
    if CLASSES not in [panel_names(data)[which] for which in mains] or not canvas.has_legends(theme):
        return []
    return [canvas.plain(shorten(data.class_names[code], 18)) for code in data.present[:MOST_NAMED]]


def _told(data: SomData, mains: list[int], planes: PlaneOrder) -> str:
    note = data.note
    if FOLDS in [panel_names(data)[which] for which in mains]:
        note += " · lines join the two best units of rows for which these are no neighbours"
    n_shown = len(planes.order)
    if 0 < n_shown < data.n_features:
        note += f" · the {n_shown} of {data.n_features:,} features that vary most"
    return note


def _draw_main(made: Any, place: Any, shown: Panel, theme: Theme) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import LineCollection
    from matplotlib.colors import Normalize

    axes = made.add_subplot(place)
    canvas.dress(axes, theme, frame=False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.imshow(shown.pixels, interpolation="nearest")
    if shown.lines:
        ends = [((x, y), (to_x, to_y)) for x, y, to_x, to_y, _ in shown.lines]
        widths = [0.6 + 2.4 * share for *_, share in shown.lines]
        lines = LineCollection(ends, linewidths=widths, colors=theme.danger, capstyle="round")
        axes.add_collection(lines, autolim=False).set_in_layout(False)
    canvas.label(axes, title=shown.title)
    if shown.ends is not None:
        low, high = shown.ends
        scale = ScalarMappable(
            Normalize(low, high if high > low else low + 1), canvas.color_map(cell_table(theme), theme.grid)
        )
        canvas.color_bar(made, scale, axes, theme, shown.scale, location="bottom", pad=0.02, aspect=30)
    axes.set_anchor("N")


def _class_legend(axes: Any, data: SomData, names: list[str], n_across: int, theme: Theme) -> None:
    """The colours of the classes, in lines of so many."""
    from matplotlib.patches import Patch

    axes.set_axis_off()
    handles: list[Any] = [
        Patch(color=theme.class_color(code), label=name) for code, name in zip(data.present, names, strict=False)
    ]
    if len(data.present) > len(names):
        handles.append(Patch(color=theme.surface, label=f"and {len(data.present) - len(names)} more classes"))
    columns = min(n_across, len(handles))
    canvas.legend(axes, theme, stays=True, handles=handles, loc="center", ncols=columns, borderaxespad=0.0)


def _pitch(aspect: float, tile: float) -> tuple[float, float]:
    """Height of a line of planes and of the texts above each, in tiles that are so many inches wide."""
    above, below = max(0.23, 0.36 / tile), max(0.15, 0.17 / tile)
    return 0.92 * aspect + above + below, above


def _draw_planes(axes: Any, data: SomData, shown: PlaneOrder, n_across: int, tile: float, theme: Theme) -> None:
    """All planes on one sheet, those alike in one frame: so many axes would take seconds."""
    canvas.dress(axes, theme, frame=False)
    axes.set_axis_off()
    cells = stencil(cell_image(data.grid, 150))
    h, w = cells.shades.shape
    high, above = _pitch(h / w, tile)
    letters = int(72 * tile / (0.6 * 8))
    text = {"fontsize": 8, "color": theme.text, "ha": "center", "in_layout": False}
    for place, which in enumerate(shown.order.tolist()):
        row, column = divmod(place, n_across)
        left, top = column + 0.04, row * high + above
        made = plane_panel(data, which, cells, theme)
        bottom = top + 0.92 * h / w
        axes.imshow(made.pixels, extent=(left, left + 0.92, bottom, top), interpolation="nearest").set_in_layout(False)
        name = _plane_name(data, which, letters, is_opposite=bool(shown.opposite[place]))
        axes.text(column + 0.5, top - 0.03, canvas.plain(name), va="bottom", **text)
        below = text | {"color": theme.muted, "fontsize": 7.5}
        axes.text(column + 0.5, bottom + 0.02, canvas.plain(f"{made.low} to {made.high}"), va="top", **below)
    for run in shown.runs(n_across):
        _frame_group(axes, run, high, letters, theme)
    axes.set_xlim(0, n_across)
    axes.set_ylim(max(1, math.ceil(len(shown.order) / n_across)) * high, 0)
    axes.set_aspect("equal")


def _plane_name(data: SomData, which: int, letters: int, *, is_opposite: bool) -> str:
    """Name and unit of a plane in about so many letters."""
    most, mark = (9, " (opposite)") if is_opposite else (16, "")
    unit = shorten(data.plane_units[which], 6)
    room = letters - len(mark) - (len(unit) + 3 if unit else 0)
    return with_unit(shorten(data.plane_names[which], max(4, min(most, room))), unit) + mark


def _frame_group(axes: Any, run: Run, high: float, letters: int, theme: Theme) -> None:
    """A frame around planes that are alike, and how much they are, in so many letters a plane."""
    from matplotlib.patches import Rectangle

    left, top, wide = run.first + 0.01, run.line * high + 0.03, run.last - run.first + 0.98
    axes.add_patch(Rectangle((left, top), wide, high - 0.06, fill=False, edgecolor=theme.muted, linewidth=0.6))
    words = {"fontsize": 7.5, "color": theme.muted, "ha": "left", "va": "top", "in_layout": False}
    axes.text(left + 0.03, top + 0.02, canvas.plain(shorten(run.words, letters * (run.last - run.first + 1))), **words)
