"""Rate against distortion of all runs on the same data: what each pays in bits, and what error it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.scene import Scene, per_sample
from workbench.views.siblings import OF_DIRECTIONS
from workbench.views.theme import MARKERS, Marker, Theme
from workbench.views.wording import counted, number, shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_FEATURES = 1000
"""Of wider data no bound is drawn: their covariance cannot be told from a sample."""
_BOUND_POINTS = 200


@dataclass(frozen=True, eq=False)
class RateDistortionData:
    """All runs of a dataset that have a rate and a distortion.

    Attributes
    ----------
    names, titles : tuple of r str
        Of the runs, and of their engines.
    engines : (r,) int64
        Number of each run's engine among `engine_titles`.
    engine_titles : tuple of str
    bits : (r,) float64
        That the codes of a row take.
    errors, unseen : (r,) float64
        Mean squared error of a component over the training rows, and over test or validation rows (NaN without).
    current : int
        Which of the runs is the one that is looked at; -1 when it is none of them.
    best_bits, best_errors : (h,) float64
        Corners of the lower convex hull: the best so far, by falling error; it begins at 0 bits with the mean row.
    bound_bits, bound_errors : (g,) float64
        D(R) of a Gaussian source with the covariance of the data; empty where it cannot be told.
    n_features : int
    log : bool
        Whether all errors are positive, so that their axis can be logarithmic.
    note : str
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    engines: NDArray[np.int64]
    engine_titles: tuple[str, ...]
    bits: NDArray[np.float64]
    errors: NDArray[np.float64]
    unseen: NDArray[np.float64]
    current: int
    best_bits: NDArray[np.float64]
    best_errors: NDArray[np.float64]
    bound_bits: NDArray[np.float64]
    bound_errors: NDArray[np.float64]
    n_features: int
    log: bool
    note: str

    def told(self, which: int) -> str:
        """Everything about one run in words, line by line."""
        bits, error = float(self.bits[which]), float(self.errors[which])
        lines = [
            self.names[which],
            self.titles[which],
            f"{number(bits)} bits a row, {number(bits / max(1, self.n_features))} a component",
            f"{number(error, 5)} squared error of a component, training rows",
        ]
        if np.isfinite(self.unseen[which]):
            lines.append(f"{number(float(self.unseen[which]), 5)} on rows that were not learned from")
        return "\n".join(lines)


def applies(scene: Scene) -> bool:
    """Engines whose codes stand for rows in training units, and that tell their error."""
    if scene.of_several:
        return bool(scene.siblings)
    return scene.has_codes and not scene.engine.supervised and scene.engine.name not in OF_DIRECTIONS


def compute(scene: Scene) -> RateDistortionData:
    """This run beside all others on its data, or several."""
    mine = None if scene.of_several else scene.as_sibling
    runs = (*scene.siblings, *(() if mine is None else (mine,)))
    titles = tuple(run.title for run in runs)
    engine_titles = tuple(sorted(set(titles)))
    bits = np.array([run.bits for run in runs], float)
    errors = np.array([run.error for run in runs], float)
    spectrum = _spectrum(scene)
    variance = float(spectrum.sum()) / max(1, len(scene.feature_names)) if len(spectrum) else np.nan
    best_bits, best_errors = lower_hull(np.append(bits, 0.0), np.append(errors, variance))
    most = 1.15 * float(bits.max(initial=1.0))
    bound_bits, bound_errors = gaussian_bound(spectrum, len(scene.feature_names), most)
    where = "in training units" if scene.feature_names != scene.original_names else "in the units of the data"
    which = "side by side" if scene.of_several else "on the same data"
    return RateDistortionData(
        names=tuple(run.name or "this run" for run in runs),
        titles=titles,
        engines=np.array([engine_titles.index(title) for title in titles], np.int64),
        engine_titles=engine_titles,
        bits=bits,
        errors=errors,
        unseen=np.array([run.unseen for run in runs], float),
        current=len(runs) - 1 if mine is not None else -1,
        best_bits=best_bits,
        best_errors=best_errors,
        bound_bits=bound_bits,
        bound_errors=bound_errors,
        n_features=len(scene.feature_names),
        log=bool(len(errors) and (errors > 0).all()),
        note=f"{counted(len(runs), 'run')} {which}; errors of training rows, {where}",
    )


@per_sample
def _spectrum(scene: Scene) -> NDArray[np.float64]:
    """Variances (d,) of the sample along its principal directions; empty where the rows are too few to tell."""
    X = np.asarray(scene.sample.X, float)[scene.whole]
    if len(X) < 2 * X.shape[1] + 1 or X.shape[1] > MOST_FEATURES:
        return np.empty(0)
    return np.clip(np.linalg.eigvalsh(np.cov(X, rowvar=False, ddof=0).reshape(X.shape[1], -1)), 0, None)


def gaussian_bound(
    variances: NDArray[np.float64], n_features: int, most_bits: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shannon's D(R) of a Gaussian source by reverse water-filling (Cover & Thomas 2006, theorem 10.3.3).

    Of all sources with these covariances the Gaussian is the hardest, so long blocks of any data can be brought down
    to this line.

    Parameters
    ----------
    variances : (d,)
        Eigenvalues of the covariance.
    n_features : int
        By which the distortion is divided.
    most_bits : float
        Where the line ends.

    Returns
    -------
    bits, errors : (g,), (g,)
        Bits of a row and mean squared error of a component, from 0 bits on.
    """
    used = variances[variances > 1e-12 * variances.max(initial=0.0)] if len(variances) else variances
    if not len(used):
        return np.empty(0), np.empty(0)
    low = float(np.log2(used).mean() - 2.0 * most_bits / len(used))
    levels = np.exp2(np.linspace(np.log2(used.max()), min(low, np.log2(used.min())) - 1.0, 4 * _BOUND_POINTS))
    bits = 0.5 * np.log2(np.maximum(used[:, None] / levels, 1.0)).sum(axis=0)
    errors = np.minimum(used[:, None], levels).sum(axis=0) / max(1, n_features)
    at = np.linspace(0.0, most_bits, _BOUND_POINTS)
    return at, np.exp(np.interp(at, bits, np.log(errors)))


def lower_hull(bits: NDArray[np.float64], errors: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Corners of the lower convex hull of (bits, error) down to the least error: reached by mixing codes row by row."""
    known = np.isfinite(errors)
    order = np.lexsort((errors[known], bits[known]))
    corners: list[tuple[float, float]] = []
    for x, y in zip(bits[known][order].tolist(), errors[known][order].tolist(), strict=True):
        if corners and y >= corners[-1][1]:
            continue
        while len(corners) > 1 and _turns_up(corners[-2], corners[-1], (x, y)):
            corners.pop()
        corners.append((x, y))
    made = np.array(corners, float).reshape(-1, 2)
    return made[:, 0], made[:, 1]


def _turns_up(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether b lies on or above the line from a to c."""
    return (b[1] - a[1]) * (c[0] - a[0]) >= (c[1] - a[1]) * (b[0] - a[0])


def engine_marker(which: int) -> Marker:
    """Shape of the runs of engine `which`: another for each, so that colour is not needed to tell them apart."""
    return MARKERS[which % len(MARKERS)]


def hull_line(data: RateDistortionData) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The hull as a line that is straight on a linear axis, hence drawn through many points."""
    if len(data.best_bits) < 2:
        return data.best_bits, data.best_errors
    at = np.unique(np.concatenate([np.linspace(data.best_bits[0], data.best_bits[-1], 200), data.best_bits]))
    return at, np.interp(at, data.best_bits, data.best_errors)


def figure(data: RateDistortionData, theme: Theme) -> Figure:
    """One plot of all runs, with bits of a component along the top."""
    made, (axes,) = canvas.panels(theme, 1, 8.6, 7.4 if canvas.is_narrow(theme) else 5.0)
    canvas.dress(axes, theme, grid=True)
    if data.log:
        axes.set_yscale("log")
    if len(data.bound_bits):
        axes.plot(data.bound_bits, data.bound_errors, color=theme.muted, linestyle=":", linewidth=1.4, label=BOUND)
    axes.plot(*hull_line(data), color=theme.text, linewidth=1.0, alpha=0.7, label=HULL)
    for which, title in enumerate(data.engine_titles):
        _draw_engine(axes, data, which, title, theme)
    if not len(data.bits):
        canvas.remark(axes, "No run on these data has both a rate and an error yet.", theme)
    elif data.current >= 0:
        _mark(axes, data, theme)
    axes.set_xlim(0, 1.12 * max(1.0, float(data.bits.max(initial=1.0))))
    d = max(1, data.n_features)
    top = axes.secondary_xaxis("top", functions=(lambda b: np.asarray(b) / d, lambda b: np.asarray(b) * d))
    top.tick_params(colors=theme.muted, labelcolor=theme.text, labelsize=8)
    top.spines["top"].set_visible(False)
    top.set_xlabel("bits of a component", color=theme.text, fontsize=9)
    canvas.label(axes, x="bits of a row", y="squared error of a component")
    canvas.legend(axes, theme, outside=True)
    made.supxlabel(canvas.plain(data.note), fontsize=8, color=theme.muted)
    return made


BOUND = "Gaussian bound D(R)"
HULL = "best so far"


def _draw_engine(axes: Any, data: RateDistortionData, which: int, title: str, theme: Theme) -> None:
    mine = data.engines == which
    style = {"color": theme.class_color(which), "marker": engine_marker(which).matplotlib, "zorder": 3}
    label = canvas.plain(shorten(title, 26))
    axes.scatter(
        data.bits[mine], data.errors[mine], s=46, edgecolors=theme.surface, linewidths=0.6, label=label, **style
    )
    if np.isfinite(data.unseen[mine]).any():
        hollow = {**style, "color": "none", "edgecolors": theme.class_color(which), "linewidths": 1.1}
        axes.scatter(data.bits[mine], data.unseen[mine], s=30, **hollow)
        axes.vlines(
            data.bits[mine], data.errors[mine], data.unseen[mine], color=theme.class_color(which), linewidth=0.7
        )


def _mark(axes: Any, data: RateDistortionData, theme: Theme) -> None:
    """A ring around the run that is looked at, and its name."""
    x, y = float(data.bits[data.current]), float(data.errors[data.current])
    axes.scatter(
        [x], [y], s=190, facecolors="none", edgecolors=theme.accent, linewidths=1.8, zorder=4, label="this run"
    )
    left = x > 0.5 * axes.get_xlim()[1]
    axes.annotate(
        canvas.plain(shorten(data.names[data.current], 30)),
        (x, y),
        xytext=(-12 if left else 12, 8),
        textcoords="offset points",
        ha="right" if left else "left",
        fontsize=8,
        color=theme.text,
        in_layout=False,
    )
