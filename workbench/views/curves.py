"""The learning curves: cost and every metric against iterations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.scene import Scene
from workbench.views.theme import Theme
from workbench.views.wording import metric_title, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_POINTS = 2000
"""So many points of a curve are drawn on a screen."""
_SHARES = ("accuracy", "recall", "precision", "purity", "share", "usage", "changed", "topographic")


@dataclass(frozen=True, eq=False)
class Curve:
    """One line.

    Attributes
    ----------
    name : str
        In the history.
    title : str
        For the legend.
    values : (t,) float64
        NaN where nothing was measured.
    code : int
        Colour, as of a class of this code.
    """

    name: str
    title: str
    values: NDArray[np.float64]
    code: int


@dataclass(frozen=True, eq=False)
class Panel:
    """Curves that share an axis.

    Attributes
    ----------
    label : str
        Of the vertical axis.
    log : bool
        Whether the axis is logarithmic; all finite values are then positive.
    limits : (low, high) or None
        Fixed ends of the axis; None leaves them to the values.
    """

    label: str
    curves: tuple[Curve, ...]
    log: bool
    limits: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class CurvesData:
    """All curves of a run.

    Attributes
    ----------
    iteration : (t,) float64
    panels : tuple of Panel
        The cost first.
    latest : tuple of (title, text)
        The last value of every curve, in words.
    """

    iteration: NDArray[np.float64]
    panels: tuple[Panel, ...]
    latest: tuple[tuple[str, str], ...]
    x_label: str = "iteration"


def applies(scene: Scene) -> bool:
    """Curves can always be drawn."""
    return True


def compute(scene: Scene) -> CurvesData:
    """The curves of the scene's history; one that is all zero, or the cost times a factor, is left out."""
    history = {name: np.asarray(values, dtype=float) for name, values in scene.history.items()}
    length = len(next(iter(history.values()), ()))
    iteration = history.get("iteration", np.arange(length, dtype=float))
    groups: dict[str, list[str]] = {}
    for name, values in history.items():
        if name == "cost" or (name != "iteration" and not _is_idle(values, history.get("cost"))):
            groups.setdefault(_group(name), []).append(name)
    panels = tuple(_panel(group, names, history) for group, names in groups.items())
    latest = tuple(
        (metric_title(name), number(float(values[-1]), 5))
        for name, values in history.items()
        if len(values) and name != "iteration"
    )
    return CurvesData(iteration, panels, latest)


def _group(name: str) -> str:
    """What shares a panel: costs, shares of rows, numbers of prototypes; anything else is on its own."""
    if name.endswith("cost"):
        return "cost"
    if any(word in name for word in _SHARES):
        return "share of rows"
    if name.endswith(("error_per_row", "log_likelihood_per_row")):
        return metric_title(name.removeprefix("validation_"))
    return "number of prototypes" if name.startswith("n_") else metric_title(name)


def _is_idle(values: NDArray[np.float64], cost: NDArray[np.float64] | None) -> bool:
    if len(values) < 2:
        return False
    if not values.any():
        return True
    if cost is None or not np.all(cost):
        return False
    ratio = values / cost
    return bool(np.all(np.isfinite(ratio)) and np.ptp(ratio) <= 1e-9 * abs(ratio[0]))


def _panel(label: str, names: list[str], history: dict[str, NDArray[np.float64]]) -> Panel:
    curves = tuple(Curve(name, metric_title(name), history[name], code) for code, name in enumerate(names))
    values = np.concatenate([curve.values for curve in curves])
    values = values[np.isfinite(values)]
    is_share = label == "share of rows"
    wide = bool(len(values) and values.min() > 0 and values.max() > 100 * values.min())
    inside = bool(len(values) and values.min() >= 0 and values.max() <= 1)
    return Panel(
        label if len(names) > 1 else curves[0].title,
        curves,
        log=wide and not is_share,
        limits=(0.0, 1.0) if is_share and inside else None,
    )


def thinned(x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most about MOST_POINTS of the finite points, keeping the lowest and highest of every stretch."""
    finite = np.isfinite(y)
    x, y = np.asarray(x, np.float64)[finite], np.asarray(y, np.float64)[finite]
    n_bins = MOST_POINTS // 2
    if len(y) <= MOST_POINTS:
        return x, y
    size = len(y) // n_bins
    body = y[: size * n_bins].reshape(n_bins, size)
    start = np.arange(n_bins) * size
    ends = np.sort(np.stack([start + body.argmin(axis=1), start + body.argmax(axis=1)], axis=1), axis=1).ravel()
    kept = np.concatenate([ends, np.arange(size * n_bins, len(y))])
    return x[kept], y[kept]


def figure(data: CurvesData, theme: Theme) -> Figure:
    """One panel above another, on one time axis."""
    n_panels = max(1, len(data.panels))
    wide = canvas.room(theme, 7.0)
    made = canvas.new_figure(theme, wide, 1.0 + 2.0 * n_panels if wide >= 7 else 0.7 + 1.3 * n_panels)
    all_axes = made.subplots(n_panels, 1, sharex=True, squeeze=False)[:, 0]
    for axes in all_axes:
        canvas.dress(axes, theme, grid=True)
    for axes, panel in zip(all_axes, data.panels, strict=False):
        _draw(axes, panel, data.iteration, theme)
    if not data.panels:
        canvas.remark(all_axes[0], "No iteration was recorded yet.", theme)
    canvas.label(all_axes[-1], x=data.x_label)
    canvas.whole_ticks(all_axes[-1].xaxis)
    return made


def _draw(axes: Any, panel: Panel, iteration: NDArray[np.float64], theme: Theme) -> None:
    if panel.log:
        axes.set_yscale("log")
    few = len(iteration) <= 30
    for curve in panel.curves:
        if np.isfinite(curve.values).any():
            axes.plot(
                iteration,
                curve.values,
                color=theme.class_color(curve.code),
                linewidth=1.6,
                linestyle=("-", "--", ":", "-.")[curve.code % 4],
                marker="o" if few else "",
                markersize=3,
                label=canvas.plain(curve.title),
            )
    if not axes.lines:
        canvas.remark(axes, "Not measured in this run.", theme)
    elif len(panel.curves) > 1:
        canvas.legend(axes, theme)
    if panel.limits is not None:
        low, high = panel.limits
        axes.set_ylim(low, high + 0.02 * (high - low))
    if not panel.log:
        canvas.grouped_numbers(axes.yaxis)
    canvas.label(axes, y=panel.label)
