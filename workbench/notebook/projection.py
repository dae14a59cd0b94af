"""Rows and prototypes in a plane, to look around in and to pick from."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import traitlets

from workbench.notebook.parcel import Array, Drawing
from workbench.notebook.picks import HOWS, pick_of
from workbench.notebook.scripts import module
from workbench.notebook.widget import ViewWidget
from workbench.views.density import density, density_image
from workbench.views.picking import Pick, Picked, inside
from workbench.views.planes import Plane, telling_features
from workbench.views.projection import PICKED, Asked, ProjectionData, edge_lines
from workbench.views.theme import Theme

MOST_POINTS = 200_000
"""So many rows are drawn as points; of more, a density image is shown under those of the sample."""


class Projection(ViewWidget):
    """Rows and prototypes in a plane; live while a run learns.

    Click a prototype or a row, or draw a rectangle or a lasso, to pick: Ctrl or Shift adds, Alt takes out, Ctrl with
    Shift narrows. Rows of a prototype come with it. Arrow keys go from prototype to prototype, and Enter picks.

    Attributes
    ----------
    plane : {"pca", "lda", "metric", "features", "picked"}
        Principal components, linear discriminants, the learned metric, two features, or the picked ones; where there
        is no such plane of what is shown, that of principal components.
    colour : str
        What rows are coloured by: "class", "prototype", "predicted", "right", "certainty", "part", or a feature's name;
        "" for the first there is.
    features : pair of str or int, or None
        Of the plane "features"; None for the most telling ones.
    trails : bool or None
        Whether to show where prototypes were before; None leaves it to the view.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import GMLVQ
    >>> iris = load_iris()
    >>> model = GMLVQ(random_state=0, max_iter=5).fit(iris.data, iris.target)
    >>> widget = Projection(model, iris.data, iris.target, plane="metric")
    >>> widget
    Projection(Generalized matrix LVQ, 150 rows)
    >>> widget.close()
    """

    VIEW: ClassVar[str] = "projection"
    COLOURED: ClassVar[bool] = True
    _esm = module("axes", "picking", "stamps", "plane", "projection")
    plane = traitlets.Enum(("pca", "lda", "metric", "features", PICKED), "pca")
    colour = traitlets.Unicode("")
    features = traitlets.Tuple(default_value=None, allow_none=True)
    trails = traitlets.Bool(None, allow_none=True)

    @traitlets.validate("features")
    def _known_features(self, proposal: Any) -> tuple[int, int] | None:
        if proposal["value"] is None:
            return None
        across, up = proposal["value"]
        return self.subject.feature(across), self.subject.feature(up)

    @traitlets.validate("colour")
    def _known_colour(self, proposal: Any) -> str:
        wanted: str = proposal["value"]
        kinds = ("", "class", "prototype", "predicted", "right", "certainty", "part", "none")
        if wanted in kinds or wanted.startswith("feature:"):
            return wanted
        return f"feature:{self.subject.feature(wanted)}"

    def state(self) -> Hashable:
        return self.plane, self.colour, self.features, self.trails

    def asked(self, picked: Picked) -> str:
        features: tuple[int, int] | None = self.features
        if self.plane == PICKED:
            chosen = picked.original_features
            features = (
                telling_features(picked.scene, chosen) if chosen and len(self.subject.feature_names) > 1 else None
            )
        return str(Asked(self.plane, self.colour, features, self.trails))

    def chose(self, told: Mapping[str, Any]) -> None:
        for name in ("plane", "colour", "trails"):
            if name in told:
                setattr(self, name, told[name])
        if "features" in told:
            across, up = told["features"]
            self.features = (int(across), int(up))

    def pick(self, told: Mapping[str, Any], buffers: Sequence[Any]) -> Pick | None:
        if not buffers:
            return pick_of(told, self.subject)
        how = told.get("how", "replace")
        if how not in HOWS:
            return None
        outline = np.frombuffer(buffers[0], np.float64).reshape(-1, 2)
        across, up = told["features"]
        return Pick(test=inside(outline, str(told["plane"]), (int(across), int(up))), how=how)

    def drawing(self, data: ProjectionData, picked: Picked, theme: Theme) -> Drawing:
        plane = data.planes[0]
        points, codes, rows, is_picked = _rows(data, plane, picked)
        trails = data.trails[0]
        arrays: dict[str, Array] = {
            "points": points.astype(np.float32, copy=False),
            "codes": codes.astype(np.int16),
            "prototypes": plane.prototypes.astype(np.float32),
            "mark_codes": data.mark_codes.astype(np.int16),
            "borders": _lines(plane.borders.lines[~plane.borders.parts_classes]),
            "class_borders": _lines(plane.borders.lines[plane.borders.parts_classes]),
            "edges": _lines(edge_lines(plane, data.edges)),
            "trails": trails.lines.astype(np.float32),
            "trail_strengths": np.asarray(trails.strengths, np.float32),
            "picked_rows": is_picked.astype(np.uint8),
            "picked_prototypes": np.array(sorted(picked.prototypes), np.int32),
        }
        if rows is not None:
            arrays["rows"] = np.asarray(rows, np.int32)
        if data.colours.values is not None:
            arrays["colours"] = data.colours.rgb(theme)
        if plane.crowd is not None and len(points) < len(plane.crowd.points):
            arrays["density"] = density_image(
                density(plane.crowd.points, data.crowd_codes(plane.crowd), plane.limits), theme
            )
        facts = {
            "plane": {"name": plane.name, "title": plane.title, "x": plane.x_label, "y": plane.y_label},
            "limits": list(plane.limits),
            "planes": [list(pair) for pair in data.offered],
            "chosen": data.chosen,
            "feature_names": list(data.feature_names) if data.chosen == "features" else [],
            "features": list(data.features),
            "colours": [list(pair) for pair in data.choices],
            "colour": data.colours.name,
            "kinds": list(data.colours.kinds),
            "scale": data.colours.scale if data.colours.values is not None else "",
            "has_trails": data.has_trails,
            "note": data.note,
            "any_picked": bool(picked.n_rows),
        }
        return Drawing(facts, arrays)


def _rows(data: ProjectionData, plane: Plane, picked: Picked) -> tuple[Array, Array, Array | None, Array]:
    """Places (k, 2) of the rows that are drawn, their codes (k,), their numbers, and which of them are picked (k,).

    All rows, where their colours are known and they are not too many; else those of the sample. Numbers are None where
    they are those of the places.
    """
    crowd = plane.crowd
    if crowd is None or len(crowd.points) > MOST_POINTS or not data.colours.of_classes:
        return plane.points, data.colours.codes, data.rows, picked.in_sample
    return crowd.points, data.crowd_codes(crowd), None, picked.mask


def _lines(lines: Array) -> Array:
    """(e, 4) float32 x and y of both ends, of lines (e, 2, 2)."""
    return lines.reshape(-1, 4).astype(np.float32)
