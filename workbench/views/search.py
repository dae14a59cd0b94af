"""The page of a search: trials by their score, the score against each parameter, and over two of them; one figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.panels import headed_figure, readable_log
from workbench.views.theme import Theme
from workbench.views.wording import MISSING, counted, number, percent, shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from workbench.session import Range, Search
    from workbench.session.evaluation import Score

Floats = NDArray[np.float64]
_WIDE = 16
"""Numbers whose greatest is so many times the least are drawn on a logarithmic axis, where they are spread so."""
MOST_CELLS = 12
"""Along each side of the heat map; more values of a number are taken together."""


@dataclass(frozen=True, eq=False)
class Axis:
    """One parameter that varies.

    Attributes
    ----------
    name : str
    places : (m,) float64
        Where each trial lies: its value, or the number of its word among `names`.
    log : bool
        Whether the axis is logarithmic; all places are then positive.
    names : tuple of str
        What lies at 0, 1, ...; empty where the values are numbers.
    """

    name: str
    places: Floats
    log: bool
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class HeatMap:
    """The best mean score of the trials that share the values of two parameters.

    Attributes
    ----------
    x, y : str
        The parameters.
    columns, rows : tuple of str
        Their values, or middles of the steps they are taken together in.
    values : (n_rows, n_columns) float64
        NaN where there is no trial.
    trials : (n_rows, n_columns) int64
        Which trial it is; 0 for none.
    """

    x: str
    y: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    values: Floats
    trials: NDArray[np.int64]

    def scale(self, score: Score) -> tuple[float, float]:
        """The scores at the faint and at the strong end of the colours: the worst of all is still told from nothing."""
        known = self.values[np.isfinite(self.values)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        faint = 0.2 * ((high - low) or abs(high) or 1.0)
        return (low - faint, high) if score.higher else (high + faint, low)


@dataclass(frozen=True, eq=False)
class SearchData:
    """All of the page.

    Attributes
    ----------
    title : str
        Of the search.
    score : Score
    trials : (m,) int64
        Numbers of the trials, from 1 on.
    means, errors, seconds : (m,) float64
        Mean score over the folds, its standard error, and the time of all folds; NaN where nothing is known.
    scores : (m, n_folds) float64
    near : (m,) bool
        The best, and those within one standard error of it.
    best : int or None
        A trial.
    order : tuple of int
        All trials that are measured, the best first, those that failed last.
    axes : tuple of Axis
    heat : HeatMap or None
        None where fewer than two parameters take several values.
    headline, reason : str
        In a few words, and in some sentences.
    remarks : tuple of str
        One sentence each.
    columns : tuple of str
        Heads of what `row` gives.
    values : tuple of tuple of str
        Of the parameters that vary, trial by trial.
    """

    title: str
    score: Score
    trials: NDArray[np.int64]
    means: Floats
    errors: Floats
    seconds: Floats
    scores: Floats
    near: NDArray[np.bool_]
    best: int | None
    order: tuple[int, ...]
    axes: tuple[Axis, ...]
    heat: HeatMap | None
    headline: str
    reason: str
    remarks: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]

    def row(self, trial: int) -> tuple[str, ...]:
        """A trial in words: its number, its parameters, mean, standard error, one score a fold, seconds."""
        k = trial - 1
        figures = (score_in_words(self.score, float(self.means[k])), error_in_words(self.score, float(self.errors[k])))
        folds = (score_in_words(self.score, float(value)) for value in self.scores[k])
        return (f"{trial}", *self.values[k], *figures, *folds, number(float(self.seconds[k]), 3))

    def sorted_by(self, column: int) -> Floats:
        """(m,) the numbers by which a column of `row` is sorted; NaN for what is not known."""
        n = len(self.axes)
        figures: list[NDArray[Any]] = [self.trials, *(axis.places for axis in self.axes), self.means, self.errors]
        figures += [*self.scores.T, self.seconds]
        assert len(figures) == n + 4 + self.scores.shape[1]
        return np.asarray(figures[column], np.float64)


def compute(search: Search, pair: tuple[str, str] | None = None) -> SearchData:
    """What there is to see of a search as far as it has come.

    Parameters
    ----------
    pair : tuple of two str, optional
        Parameters of the heat map; the first two that vary by default.
    """
    ranking, table = search.ranking, search.table
    means = search.means
    axes = tuple(_axis(search, name) for name in search.space)
    failed = [trial for trial in search.measured if trial not in set(ranking.order)]
    folds = [f"fold {k + 1}" for k in range(search.folds)]
    return SearchData(
        title=search.name,
        score=search.score,
        trials=np.asarray(search.keys, np.int64),
        means=means,
        errors=search.standard_errors,
        seconds=table["seconds"],
        scores=table["scores"],
        near=np.isin(search.keys, list(ranking.near)),
        best=ranking.best,
        order=(*ranking.order, *failed),
        axes=axes,
        heat=_heat(search, axes, means, pair),
        headline=_headline(search),
        reason=_reason(search),
        remarks=(*search.facts.remarks, *_told(search.failures)),
        columns=("trial", *search.space, search.score.title, "standard error", *folds, "seconds"),
        values=tuple(tuple(value_in_words(trial[name]) for name in search.space) for trial in search.trials),
    )


def score_in_words(score: Score, value: float) -> str:
    """A score as people read it: an accuracy as a percentage."""
    return percent(value) if score.name == "accuracy" else number(value)


def error_in_words(score: Score, value: float) -> str:
    """The standard error of a mean score."""
    return percent(value) if score.name == "accuracy" else number(value, 2)


def value_in_words(value: Any) -> str:
    """One value of a parameter."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return number(float(value))
    if isinstance(value, list | tuple):
        return " × ".join(value_in_words(entry) for entry in value)
    return str(value)


def bests(search: Search) -> list[tuple[str, str]]:
    """The best trial: its parameters and its score."""
    best = search.ranking.best
    if best is None:
        return []
    mean, error = search.means[best - 1], search.standard_errors[best - 1]
    figures = f"{score_in_words(search.score, mean)} ± {error_in_words(search.score, error)}"
    return [("trial", f"{best}"), *_values_of(search, best), (search.score.title, figures)]


def varied(search: Search) -> list[tuple[str, str]]:
    """What varies, and how."""
    return [(name, _values_in_words(values)) for name, values in search.space.items()]


def _values_of(search: Search, trial: int) -> list[tuple[str, str]]:
    return [(name, value_in_words(search.trials[trial - 1][name])) for name in search.space]


def _values_in_words(values: list[Any] | Range) -> str:
    if not isinstance(values, list):
        return str(values)
    return shorten(", ".join(map(value_in_words, values)), 60)


def _told(failures: dict[int, str]) -> list[str]:
    """At most some of the failures, alike ones in one sentence."""
    alike: dict[str, list[int]] = {}
    for trial, text in sorted(failures.items()):
        alike.setdefault(text, []).append(trial)
    told = []
    for text, trials in list(alike.items())[:5]:
        listed = ", ".join(map(str, trials[:5])) + (f" and {len(trials) - 5} more" if len(trials) > 5 else "")
        told.append(f"Trial{'s' if len(trials) > 1 else ''} {listed}: {text}")
    return told + ([f"{len(alike) - 5} more kinds of failures."] if len(alike) > 5 else [])


def _headline(search: Search) -> str:
    best = search.ranking.best
    n_done, n_all = len(search.measured), len(search.keys)
    so_far = f", by {n_done:,} of {n_all:,} so far" if search.status != "finished" else ""
    if best is None:
        return ("No trial could be measured" if n_done else "Nothing measured yet") + so_far
    figures = dict(bests(search))[search.score.title]
    return f"Trial {best}: {search.score.title} {figures}{so_far}"


def _reason(search: Search) -> str:
    """What the best is, and which others the folds cannot tell from it."""
    ranking = search.ranking
    if ranking.best is None:
        return f"{counted(len(search.keys), 'trial')} on {search.folds} folds each."
    told = ", ".join(f"{name} {words}" for name, words in _values_of(search, ranking.best))
    others = len(ranking.near) - 1
    words = f"The best mean over {search.folds} folds, with {told}."
    if not others:
        return words + " No other trial is within one standard error of it."
    verb = "is" if others == 1 else "are"
    words += f" {counted(others, 'other trial')} {verb} within one standard error of it"
    least, most = ranking.simplest, ranking.best
    if least is None or least == most or search.n_prototypes(least) == search.n_prototypes(most):
        return words + "."
    few, many = search.n_prototypes(least), search.n_prototypes(most)
    return words + f": of these, trial {least} needs the fewest prototypes ({few:,} in place of {many:,})."


def _axis(search: Search, name: str) -> Axis:
    values = [trial[name] for trial in search.trials]
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        names = list(dict.fromkeys(map(value_in_words, values)))
        order = {text: k for k, text in enumerate(names)}
        return Axis(name, np.array([order[value_in_words(value)] for value in values], float), False, tuple(names))
    places = np.array(values, float)
    wanted = search.space[name]
    log = _is_spread(places) if isinstance(wanted, list) else wanted.log
    return Axis(name, places, log, ())


def _is_spread(places: Floats) -> bool:
    """Whether numbers lie over orders of magnitude, such as 0.001, 0.01, 0.1."""
    distinct = np.unique(places)
    if len(distinct) < 3 or distinct[0] <= 0 or distinct[-1] < _WIDE * distinct[0]:
        return False
    gaps = np.diff(distinct)
    return bool(gaps.max() >= 4 * gaps.min())


def _heat(search: Search, axes: Sequence[Axis], means: Floats, pair: tuple[str, str] | None) -> HeatMap | None:
    several = [axis for axis in axes if len(np.unique(axis.places)) > 1]
    chosen = [axis for name in pair or () for axis in several if axis.name == name]
    if len(chosen) < 2:
        chosen = several[:2]
    if len(chosen) < 2:
        return None
    across, down = chosen
    column, columns = _steps(across)
    row, rows = _steps(down)
    values = np.full((len(rows), len(columns)), np.nan)
    trials = np.zeros(values.shape, np.int64)
    for trial in reversed(search.ranking.order):  # the best of a cell is put last
        k = trial - 1
        values[row[k], column[k]] = means[k]
        trials[row[k], column[k]] = trial
    return HeatMap(across.name, down.name, columns, rows, values, trials)


def _steps(axis: Axis) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The cell (m,) of each trial along an axis, and the names of the cells."""
    distinct, cell = np.unique(axis.places, return_inverse=True)
    if axis.names:
        return cell, axis.names
    if len(distinct) <= MOST_CELLS:
        return cell, tuple(number(value) for value in distinct)
    scaled = np.log(axis.places) if axis.log else axis.places
    n = MOST_CELLS - 4
    edges = np.linspace(scaled.min(), scaled.max(), n + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    shown = np.exp(middles) if axis.log else middles
    return np.clip(np.searchsorted(edges, scaled, "right") - 1, 0, n - 1), tuple(f"≈{number(v, 2)}" for v in shown)


def figure(data: SearchData, theme: Theme) -> Figure:
    """The score against each parameter, and over two of them, under the best trial and the reason."""
    n_panels = len(data.axes) + (data.heat is not None)
    made, all_axes = headed_figure(theme, n_panels, min(3, max(2, n_panels)), data.headline, data.reason)
    for axes, axis in zip(all_axes, data.axes, strict=False):
        _draw(axes, axis, data, theme)
    if data.heat is not None:
        _draw_heat(made, all_axes[-1], data.heat, data, theme)
    return made


def _draw(axes: Any, axis: Axis, data: SearchData, theme: Theme) -> None:
    canvas.dress(axes, theme, grid=True)
    canvas.label(axes, x=axis.name, y=data.score.title)
    known = np.isfinite(data.means)
    if not known.any():
        canvas.remark(axes, "Not measured.", theme)
    for chosen, color, size in ((known & ~data.near, theme.muted, 3), (data.near & known, theme.accent, 4)):
        x, y, error = axis.places[chosen], data.means[chosen], data.errors[chosen]
        axes.errorbar(x, y, error, fmt="o", color=color, markersize=size, elinewidth=0.8, alpha=0.8)
    if data.best is not None:
        at, value = axis.places[data.best - 1], data.means[data.best - 1]
        axes.plot([at], [value], "o", color=theme.accent, markersize=8, markeredgecolor=theme.surface, zorder=5)
    if axis.names:
        canvas.name_ticks(axes.xaxis, range(len(axis.names)), [shorten(name, 12) for name in axis.names])
        axes.set_xlim(-0.5, len(axis.names) - 0.5)
    elif axis.log:
        axes.set_xscale("log")
        axes.margins(x=0.08)
        readable_log(axes.xaxis)
    elif (axis.places == np.round(axis.places)).all():
        canvas.whole_ticks(axes.xaxis, 6)
    if not axis.names:
        axes.margins(x=0.08)
    if data.score.name == "accuracy":
        from matplotlib.ticker import PercentFormatter

        axes.yaxis.set_major_formatter(PercentFormatter(1.0))


def _draw_heat(made: Figure, axes: Any, heat: HeatMap, data: SearchData, theme: Theme) -> None:
    from matplotlib.ticker import PercentFormatter

    canvas.dress(axes, theme)
    canvas.label(axes, x=heat.x, y=heat.y)
    faint, strong = heat.scale(data.score)
    table = theme.sequential if data.score.higher else theme.sequential[::-1]
    shown = axes.imshow(
        np.ma.masked_invalid(heat.values),
        cmap=canvas.color_map(table, theme.surface),
        vmin=min(faint, strong),
        vmax=max(faint, strong),
        aspect="auto",
        origin="lower",
    )
    canvas.name_ticks(axes.xaxis, range(len(heat.columns)), [shorten(name, 9) for name in heat.columns])
    canvas.name_ticks(axes.yaxis, range(len(heat.rows)), [shorten(name, 9) for name in heat.rows])
    if len(heat.columns) > 5:
        axes.tick_params(axis="x", labelrotation=60)
    if np.isfinite(heat.values).any():
        form = {"format": PercentFormatter(1.0)} if data.score.name == "accuracy" else {}
        canvas.color_bar(made, shown, axes, theme, data.score.title, **form)
    at = np.argwhere(heat.trials == data.best) if data.best is not None else ()
    for row, column in at:
        axes.plot([column], [row], "o", color=theme.surface, markeredgecolor=theme.text, markersize=6)


def short_row(data: SearchData, trial: int) -> dict[str, str]:
    """A trial for a terminal: number, parameters, mean ± standard error, and a star where it is as good as the best."""
    row = dict(zip(data.columns, data.row(trial), strict=True))
    star = "*" if data.near[trial - 1] else ""
    figures = MISSING
    if math.isfinite(data.means[trial - 1]):
        figures = f"{row[data.score.title]} ± {row['standard error']}{star}"
    varied = {axis.name: row[axis.name] for axis in data.axes}
    return {"trial": row["trial"], **varied, data.score.title: figures, "seconds": row["seconds"]}
