"""A run while it learns: how far it is, its curves, and the buttons."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, ClassVar

import numpy as np
import traitlets

from workbench.notebook.obeying import obey, standing
from workbench.notebook.parcel import Array, Drawing
from workbench.notebook.scripts import module
from workbench.notebook.widget import ViewWidget
from workbench.session import Run
from workbench.views.curves import CurvesData, thinned
from workbench.views.picking import Picked
from workbench.views.theme import Theme


class RunMonitor(ViewWidget):
    """Status, learning curves, and buttons to pause, step, stop and resume; of a fitted engine, its curves.

    It is higher than `height` where there are so many curves that they would be too low to read.

    The buttons act also while another cell computes, where kernel and page know subshells (ipykernel 7 and JupyterLab
    4.4 do); elsewhere `run.stop()` and an interrupt of the kernel do.

    Examples
    --------
    >>> from engines import KMeans
    >>> widget = RunMonitor(KMeans(n_clusters=2, random_state=0).fit([[0.0], [1.0], [5.0], [6.0]]))
    >>> widget
    RunMonitor(k-means)
    >>> widget.close()
    """

    VIEW: ClassVar[str] = "curves"
    _esm = module("axes", "runbar", "monitor")
    height = traitlets.Int(300, min=80, max=4000).tag(sync=True)

    @property
    def run(self) -> Run | None:
        """The run; None for a model without one."""
        return self.subject.shown if isinstance(self.subject.shown, Run) else None

    def state(self) -> Hashable:
        run = self.run
        return () if run is None else (run.status, run.control.paused, run.control.stopping, run.alarm, run.error)

    def always(self) -> Mapping[str, Any]:
        return standing(self.run)

    def do(self, told: Mapping[str, Any]) -> None:
        if self.run is not None:
            obey(self.run, str(told.get("what")))

    def drawing(self, data: CurvesData, picked: Picked, theme: Theme) -> Drawing:
        arrays: dict[str, Array] = {}
        panels = []
        for p, panel in enumerate(data.panels):
            for c, curve in enumerate(panel.curves):
                arrays[f"curve {p} {c}"] = np.column_stack(thinned(data.iteration, curve.values)).astype(np.float32)
            curves = [{"title": curve.title, "code": curve.code} for curve in panel.curves]
            limits = None if panel.limits is None else list(panel.limits)
            panels.append({"label": panel.label, "log": panel.log, "limits": limits, "curves": curves})
        latest = [list(pair) for pair in data.latest]
        return Drawing({"panels": panels, "x": data.x_label, "latest": latest}, arrays)
