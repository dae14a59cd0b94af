"""Which widget shows which view: one of its own where there is one, else its figure."""

from __future__ import annotations

from typing import Any

from workbench.notebook.figure import Figure
from workbench.notebook.gallery import PrototypeGallery
from workbench.notebook.monitor import RunMonitor
from workbench.notebook.projection import Projection
from workbench.notebook.rate_distortion import RateDistortion
from workbench.notebook.reconstructions import Reconstructions
from workbench.notebook.relevance import RelevanceMatrix
from workbench.notebook.som import SOMMap
from workbench.notebook.widget import ViewWidget

WIDGETS: dict[str, type[ViewWidget]] = {
    "curves": RunMonitor,
    "projection": Projection,
    "prototypes": PrototypeGallery,
    "som": SOMMap,
    "reconstructions": Reconstructions,
    "rate_distortion": RateDistortion,
    "relevance": RelevanceMatrix,
    "local_relevance": RelevanceMatrix,
}
"""By the names of the views; a view that is not here is shown as its figure."""


def widget_for(view: str, thing: Any, X: Any = None, y: Any = None, **options: Any) -> ViewWidget:
    """A new widget that shows the view called `view` of a run, a dataset or a fitted engine.

    Parameters
    ----------
    view : str
        As in `workbench.views.VIEWS`.
    thing, X, y
        As for any widget.
    options
        What all widgets take: `height`, `width`, `theme`, `svg`, and of a model its `feature_names`, `units`,
        `image_shape` and `name`.

    Raises
    ------
    NotToBeSeen
        If there is no such view, `thing` cannot be shown, or the rest does not fit it.
    """
    known = WIDGETS.get(view)
    return Figure(thing, X, y, view=view, **options) if known is None else known(thing, X, y, **options)
