"""The learning curves of several runs in one figure: costs by engine, and every measure that runs have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas, curves
from workbench.views.run_colours import line_of, name_runs
from workbench.views.scene import Scene
from workbench.views.theme import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COSTS = ("cost", "validation_cost")
_TOLD = ("accuracy", "error_per_row", "log_likelihood_per_row", "topographic_error")
"""Measures that say how well a run does; the same with `validation_` before them."""
_FEW = 30
"""Up to so many points are marked."""


@dataclass(frozen=True, eq=False)
class RunCurve:
    """One line: a measure of the run with the number `run`, `values` (t,) at `iteration` (t,)."""

    run: int
    iteration: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RunPanel:
    """One measure of some runs.

    Attributes
    ----------
    label : str
        Of the vertical axis.
    curves : tuple of RunCurve
    log : bool
        Whether the axis is logarithmic; all finite values are then positive.
    """

    label: str
    curves: tuple[RunCurve, ...]
    log: bool


@dataclass(frozen=True, eq=False)
class RunCurvesData:
    """Panels of all runs; `names` by their number."""

    names: tuple[str, ...]
    panels: tuple[RunPanel, ...]


def compute(scenes: Sequence[Scene]) -> RunCurvesData:
    """Costs of runs of one engine share a panel, as those of two engines are different things; so does each measure
    that at least two runs have."""
    found: dict[tuple[str, str], list[RunCurve]] = {}
    titles = {}
    one_engine = len({scene.engine.name for scene in scenes}) == 1
    for run, scene in enumerate(scenes):
        data = curves.compute(scene)
        for curve in (curve for panel in data.panels for curve in panel.curves):
            is_cost = curve.name in _COSTS
            if not is_cost and curve.name.removeprefix("validation_") not in _TOLD:
                continue
            key = curve.name, scene.engine.name if is_cost else ""
            titles[key] = curve.title if one_engine or not is_cost else f"{curve.title} of {scene.engine.name}"
            found.setdefault(key, []).append(RunCurve(run, data.iteration, curve.values))
    shared = Counter(name for name, engine in found if not engine)
    order = sorted(found, key=lambda key: (*_COSTS, *_TOLD).index(key[0].removeprefix("validation_")))
    kept = [key for key in order if key[1] or (shared[key[0]] and len(found[key]) > 1)]
    return RunCurvesData(
        names=tuple(scene.name for scene in scenes),
        panels=tuple(_panel(titles[key], tuple(found[key])) for key in kept),
    )


def _panel(label: str, lines: tuple[RunCurve, ...]) -> RunPanel:
    values = np.concatenate([line.values for line in lines])
    values = values[np.isfinite(values)]
    wide = bool(len(values) and values.min() > 0 and values.max() > 100 * values.min())
    return RunPanel(label, lines, log=wide)


def figure(data: RunCurvesData, theme: Theme) -> Figure:
    """A panel for each measure, two beside one another where there is room, under the names of the runs."""
    made, all_axes = canvas.panels(theme, max(1, len(data.panels)), 4.8, 2.9, least=3.4, most=2)
    for axes, panel in zip(all_axes, data.panels, strict=False):
        _draw(axes, panel, theme)
    if not data.panels:
        canvas.dress(all_axes[0], theme)
        canvas.remark(all_axes[0], "No iteration was recorded.", theme)
    name_runs(made, theme, dict(enumerate(data.names)))
    return made


def _draw(axes: Any, panel: RunPanel, theme: Theme) -> None:
    canvas.dress(axes, theme, grid=True)
    if panel.log:
        axes.set_yscale("log")
    for line in panel.curves:
        marker = "o" if len(line.iteration) <= _FEW else ""
        axes.plot(line.iteration, line.values, linewidth=1.5, marker=marker, markersize=2.5, **line_of(theme, line.run))
    if not panel.log:
        canvas.grouped_numbers(axes.yaxis)
    canvas.whole_ticks(axes.xaxis)
    canvas.label(axes, x="iteration", y=panel.label)
