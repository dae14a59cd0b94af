"""A map's units on their grid: distances, hits, classes, folds and component planes, to look at and to pick from."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import traitlets

from workbench.notebook.parcel import Array, Drawing
from workbench.notebook.picks import marks_of, pick_of
from workbench.notebook.scripts import module
from workbench.notebook.widget import ViewWidget
from workbench.views.cell_colours import DIMMED, FADED, PALEST, PIE_PITCH, Stencil, pie_radii, stencil
from workbench.views.cells import CellImage, cell_image, origin_of
from workbench.views.picking import Pick, Picked
from workbench.views.som_data import SomData
from workbench.views.som_panels import Panel, main_panels, panel, panel_names
from workbench.views.theme import Theme
from workbench.views.wording import shorten

MOST_TOLD = 1600
"""Of a map of more units, single ones are not pointed at."""
FINENESS = 160
"""Pixels of the image that tells where the cells are; the browser draws them as sharp as the screen."""
OVERVIEW = "Everything at a glance"


class SOMMap(ViewWidget):
    """The units of a map on their grid: U-matrix, hits, classes, topographic error and the planes of all features.

    Click a unit to pick it with its rows, or the plane of a feature to pick the feature: Ctrl or Shift adds, Alt takes
    out, Ctrl with Shift narrows. Arrow keys go from unit to unit, and Enter picks. Where rows alone are picked, a dot
    in each unit has an area by the share of them that it wins. A torus is cut elsewhere by dragging it, or by Shift
    and an arrow key.

    Attributes
    ----------
    panel : str
        The only panel to show: "U-matrix", "Hits", "Classes", "Topographic error" or a feature's name; "" for all at a
        glance, as for one that there is not.
    search : str
        Units to light up, such as "petal length high, sepal width < 3".
    origin : pair of int
        Row and column of the unit at the top left, of a torus.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import SOM
    >>> iris = load_iris()
    >>> model = SOM(shape=(6, 4), topology="hexagonal", max_iter=5, random_state=0).fit(iris.data)
    >>> widget = SOMMap(model, iris.data, iris.target, panel="Hits")
    >>> widget
    SOMMap(Self-organizing map, 150 rows)
    >>> widget.close()
    """

    VIEW: ClassVar[str] = "som"
    _esm = module("axes", "shades", "picking", "sheet", "map")
    height = traitlets.Int(560, min=80, max=4000).tag(sync=True)
    panel = traitlets.Unicode("")
    search = traitlets.Unicode("")
    origin = traitlets.Tuple(traitlets.Int(), traitlets.Int(), default_value=(0, 0))

    @property
    def part_shown(self) -> str:
        return str(self.panel)

    def state(self) -> Hashable:
        return self.panel, self.search, self.origin

    def chose(self, told: Mapping[str, Any]) -> None:
        if "origin" in told:
            down, right = told["origin"]
            self.origin = (int(down), int(right))
        for name in ("panel", "search"):
            if name in told:
                setattr(self, name, str(told[name]))

    def pick(self, told: Mapping[str, Any], buffers: Sequence[Any]) -> Pick | None:
        return pick_of(told, self.subject)

    def drawing(self, data: SomData, picked: Picked, theme: Theme) -> Drawing:
        cells = stencil(cell_image(data.grid, FINENESS, origin_of(data.grid, *self.origin)))
        names, n_main = panel_names(data), len(main_panels(data))
        is_one = self.panel in names
        planes = data.alike.order
        which = [names.index(self.panel)] if is_one else [*range(n_main), *(n_main + planes).tolist()]
        search = data.search(self.search)
        panels = [panel(data, k, cells, theme) for k in which]
        arrays = _cells(data, cells.image) | marks_of(picked)
        arrays["values"] = np.stack([_values(shown, data.n_units) for shown in panels]).astype(np.float32)
        if search.fits is not None:
            arrays["lit"] = search.fits.astype(np.uint8)
        facts = {
            "grid": _grid(data, cells),
            "panels": [_told(shown, _feature(data, k - n_main)) for shown, k in zip(panels, which, strict=True)],
            "n_large": 1 if is_one else n_main,
            "names": [["", OVERVIEW], *([name, name] for name in names)],
            "chosen": self.panel if is_one else "",
            "groups": [] if is_one else data.alike.groups.tolist(),
            "opposite": [] if is_one else data.alike.opposite.tolist(),
            "headings": list(data.alike.headings),
            "units": [data.told(unit) for unit in range(data.n_units)] if data.n_units <= MOST_TOLD else [],
            "classes": [[code, data.class_names[code]] for code in data.present],
            "search": self.search,
            "example": f"{shorten(data.plane_names[0], 20)} high",
            "origin": list(self.origin),
            "found": search.trouble if search.fits is None else f"Lit: {data.found(search.fits)}.",
            "note": data.note,
        }
        return Drawing(facts, arrays)


def _values(shown: Panel, n_units: int) -> Array:
    return np.full(n_units, np.nan) if shown.values is None else shown.values


def _cells(data: SomData, image: CellImage) -> dict[str, Array]:
    """Where the units are, in pixels of `image`, and what is in the pies."""
    counts = data.class_counts[:, list(data.present)]
    arrays = {"boxes": image.boxes.astype(np.float32), "counts": counts.astype(np.int32)}
    if data.has_classes:
        arrays["radii"] = pie_radii(image, counts.sum(axis=1)).astype(np.float32)
    return arrays


def _grid(data: SomData, cells: Stencil) -> dict[str, Any]:
    image = cells.image
    h, w = image.units.shape
    return {
        "hexagonal": data.topology == "hexagonal",
        "toroidal": data.toroidal,
        "pitch": image.pitch,
        "frame": [w, h],
        "period": list(image.period) if data.toroidal else None,
        "step": data.grid.n_parities,
        "palest": PALEST,
        "faded": FADED,
        "dimmed": DIMMED,
        "pie_pitch": PIE_PITCH,
    }


def _told(shown: Panel, feature: int | None) -> dict[str, Any]:
    """A panel but for its values."""
    return {
        "title": shown.title,
        "pies": shown.values is None,
        "ends": None if shown.ends is None else list(shown.ends),
        "low": shown.low,
        "high": shown.high,
        "scale": shown.scale,
        "lines": [list(line) for line in shown.lines],
        "feature": feature,
    }


def _feature(data: SomData, plane: int) -> int | None:
    """The number under which the feature of a component plane is picked; None where it cannot be."""
    return int(data.plane_features[plane]) if 0 <= plane < len(data.plane_features) else None
