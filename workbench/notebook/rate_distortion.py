"""What codes cost in bits, and what error they leave: the runs of a project, or any runs and models side by side."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import traitlets

from engines.base import Engine
from workbench.notebook.parcel import Array, Drawing
from workbench.notebook.scripts import module
from workbench.notebook.subject import Subject, subject_of, subject_of_several
from workbench.notebook.widget import ViewWidget
from workbench.session import Dataset, Run
from workbench.views.picking import Picked
from workbench.views.rate_distortion import BOUND, HULL, RateDistortionData, hull_line
from workbench.views.theme import Theme


class RateDistortion(ViewWidget):
    """Bits of a row against the squared error of a component, the best so far, and the bound of a Gaussian source.

    Give a run, for all runs on its data; runs, also of several projects; or fitted engines, in a list or in a dict by
    their names, and as `X` the rows that they were fitted to, of which the bound is told. Arrow keys go from point to
    point.

    Attributes
    ----------
    named : bool
        Whether names stand beside the points, where there is room for them.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import KMeans
    >>> X = load_iris().data
    >>> models = {f"{k} prototypes": KMeans(n_clusters=k, random_state=0).fit(X) for k in (2, 4, 8)}
    >>> widget = RateDistortion(models, X)
    >>> widget
    RateDistortion(3 models, 150 rows)
    >>> widget.close()
    """

    VIEW: ClassVar[str] = "rate_distortion"
    _esm = module("axes", "picking", "sheet", "rate_distortion")
    named = traitlets.Bool(True)

    def look_at(self, thing: Any, X: Any, y: Any, **about: Any) -> Subject:
        if isinstance(thing, Run | Dataset | Engine):
            return subject_of(thing, X, y, **about)
        return subject_of_several(thing, X, y=y, **about)

    def state(self) -> bool:
        return bool(self.named)

    def drawing(self, data: RateDistortionData, picked: Picked, theme: Theme) -> Drawing:
        points = np.column_stack([data.bits, data.errors, data.unseen]).reshape(-1, 3)
        arrays: dict[str, Array] = {
            "points": points.astype(np.float32),
            "engines": data.engines.astype(np.int16),
            "hull": np.column_stack(hull_line(data)).astype(np.float32),
            "bound": np.column_stack([data.bound_bits, data.bound_errors]).astype(np.float32),
        }
        facts = {
            "names": list(data.names) if self.named else [],
            "told": [data.told(k) for k in range(len(data.bits))],
            "engine_titles": list(data.engine_titles),
            "current": data.current,
            "n_features": data.n_features,
            "log": data.log,
            "lines": [HULL, BOUND],
            "note": data.note if len(data.bits) else "No run on these data has both a rate and an error yet.",
        }
        return Drawing(facts, arrays)
