"""Any view at all, as the figure that it draws by itself."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import traitlets

from workbench.notebook.parcel import Drawing
from workbench.notebook.scripts import module
from workbench.notebook.stills import DPI, paged_figure
from workbench.notebook.widget import ViewWidget
from workbench.views import VIEWS, NoRoom, Page, View, render
from workbench.views.model_scene import NotToBeSeen
from workbench.views.picking import Picked
from workbench.views.theme import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MadeFigure

NARROWEST, WIDEST = 200, 4000
"""Pixels that a figure is wide."""
SHARPEST = 3.0
"""Pixels of the screen for one of the page."""
REST, LONGEST_REST = 4.0, 1.0
"""While a run learns, a figure is made anew after so many times what it took to make, at most so many seconds: the
processor belongs to the training, and the feed to the other widgets."""


class Figure(ViewWidget):
    """A view as its own figure, as wide as the cell, and live while a run learns; it scrolls where it is higher.

    For views that have a widget of their own there is more to do in that one, see `widget_for`.

    Attributes
    ----------
    part : str
        Title of the only part to show of a view that has several; any other word for all of them.
    wanted : str
        What the view is asked for, in its own words: a prototype's number for "closely", the name of another run for
        "comparison"; "" leaves it to the view.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import GMLVQ
    >>> iris = load_iris()
    >>> model = GMLVQ(random_state=0, max_iter=5).fit(iris.data, iris.target)
    >>> widget = Figure(model, iris.data, iris.target, view="confusion")
    >>> widget
    Figure(Generalized matrix LVQ, 150 rows)
    >>> widget.close()
    """

    COLOURED: ClassVar[bool] = True
    _esm = module("figure")
    height = traitlets.Int(640, min=80, max=4000).tag(sync=True)
    part = traitlets.Unicode("")
    wanted = traitlets.Unicode("")

    def __init__(self, thing: Any, X: Any = None, y: Any = None, *, view: str, **options: Any) -> None:
        """Show the view called `view` of a run, a dataset or a fitted engine; the rest is as for any widget.

        Raises
        ------
        NotToBeSeen
            If there is no such view, `thing` cannot be shown, or the rest does not fit it.
        """
        self._shown_view = view
        self._width, self._ratio = 760, 1.0
        self._rests_until = 0.0
        super().__init__(thing, X, y, **options)

    def viewed(self) -> View:
        for known in VIEWS:
            if known.name == self._shown_view:
                return known
        raise NotToBeSeen(f"There is no view {self._shown_view!r}; there are {', '.join(v.name for v in VIEWS)}.")

    @property
    def part_shown(self) -> str:
        return str(self.part)

    def state(self) -> Hashable:
        return self.part, self.wanted, self._width, self._ratio

    def asked(self, picked: Picked) -> str:
        return str(self.wanted)

    def chose(self, told: Mapping[str, Any]) -> None:
        self._width = round(min(max(float(told["width"]), NARROWEST), WIDEST))
        self._ratio = min(max(float(told["ratio"]), 1.0), SHARPEST)

    def turn(self, now: float) -> float:
        if self._lively and now < self._rests_until:
            return self._rests_until - now
        return super().turn(now)

    def drawing(self, data: Any, picked: Picked, theme: Theme) -> Drawing:
        began = time.monotonic()
        made = self._figure(data, theme)
        dpi = self._width / made.get_figwidth()
        height = round(made.get_figheight() * dpi)
        png = render(made, "png", dpi=dpi * self._ratio)
        ended = time.monotonic()
        self._rests_until = ended + min(LONGEST_REST, REST * (ended - began))
        facts = {"size": [self._width, height], "summary": self.view.summary}
        return Drawing(facts, {"png": np.frombuffer(png, np.uint8)})

    def _figure(self, data: Any, theme: Theme) -> MadeFigure:
        """One with letters as large as those of the page; where that is too narrow for it, one to be made smaller."""
        try:
            return paged_figure(self.view, data, theme, Page(self._width / DPI, part=self.part))
        except NoRoom:
            return self.view.figure(data, theme)
