"""The page of a sweep: every criterion against the count, their bests, and the count recommended; one figure of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.panels import headed_figure, readable_log
from workbench.views.theme import Theme
from workbench.views.wording import MISSING, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from workbench.session import Sweep

Floats = NDArray[np.float64]
Role = Literal["own", "second", "reference"]
_WIDE = 16
"""From this ratio of the last count to the first on, unevenly spaced counts are drawn on a logarithmic axis."""


@dataclass(frozen=True, eq=False)
class Line:
    """One curve over the counts.

    Attributes
    ----------
    title : str
        For the legend.
    values : (m,) float64
        NaN where nothing is known.
    role : {"own", "second", "reference"}
        The criterion itself, another one beside it, or what it is compared with.
    best : int or None
        Position among the counts of the one that the criterion takes.
    spread : (m,) float64 or None
        Standard errors.
    """

    title: str
    values: Floats
    role: Role
    best: int | None = None
    spread: Floats | None = None


@dataclass(frozen=True, eq=False)
class SweepPanel:
    """One criterion.

    Attributes
    ----------
    name : str
    title, rule : str
        What it is, and which count it takes.
    lines : tuple of Line
    log : bool
        Whether the vertical axis is logarithmic; all finite values are then positive.
    bars : bool
        Whether the first line is drawn as bars.
    """

    name: str
    title: str
    rule: str
    lines: tuple[Line, ...]
    log: bool = False
    bars: bool = False


@dataclass(frozen=True, eq=False)
class SweepData:
    """All of the page.

    Attributes
    ----------
    title : str
        Of the sweep.
    counted : str
        What is counted, for the common axis, e.g. "number of clusters".
    counts : (m,) int64
    log_counts : bool
        Whether their axis is logarithmic.
    panels : tuple of SweepPanel
    value : int or None
        The count recommended.
    headline, reason : str
        In a few words, and in one sentence.
    remarks : tuple of str
        One sentence each.
    columns : tuple of str
        Heads of `rows`.
    rows : tuple of tuple of str
        The table in words, a row a count.
    """

    title: str
    counted: str
    counts: NDArray[np.int64]
    log_counts: bool
    panels: tuple[SweepPanel, ...]
    value: int | None
    headline: str
    reason: str
    remarks: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def compute(sweep: Sweep) -> SweepData:
    """What there is to see of a sweep as far as it has come."""
    from engines.choice import CRITERIA, chord

    said, table = sweep.recommendation, sweep.table
    counts = np.asarray(sweep.counts, np.int64)
    place = {count: k for k, count in enumerate(sweep.counts)}
    at = {name: None if best is None else place[best] for name, best in said.bests.items()}
    rules = {criterion.name: criterion.rule for criterion in CRITERIA}

    def line(name: str, title: str = "", role: Role = "own", spread: str = "") -> Line:
        return Line(title, table[name], role, at.get(name), table[spread] if spread else None)

    straight = Line("straight fall", chord(sweep.counts, table["error_per_row"]), "reference")
    chance = Line("without groups", table["silhouette_without_groups"], "reference")
    errors = table["error_per_row"]
    positive = errors[np.isfinite(errors)]
    panels = [
        SweepPanel(
            "error_per_row", "Squared error", rules["error_per_row"],
            (line("error_per_row", "error"), straight), log=bool(len(positive) and positive.min() > 0),
        ),
        SweepPanel("silhouette", "Silhouette", rules["silhouette"], (line("silhouette", "the rows"), chance)),
        SweepPanel("davies_bouldin", "Davies–Bouldin", rules["davies_bouldin"], (line("davies_bouldin"),)),
        SweepPanel("calinski_harabasz", "Calinski–Harabasz", rules["calinski_harabasz"], (line("calinski_harabasz"),)),
        SweepPanel("bic", "BIC and AIC", rules["bic"], (line("bic", "BIC"), line("aic", "AIC", "second"))),
        SweepPanel(
            "stability", "Stability", rules["stability"],
            (line("stability", spread="stability_error"),),
        ),
    ]  # fmt: skip
    if sweep.dataset.has_labels:
        lines = (line("ari", "adjusted Rand index"), line("nmi", "mutual information", "second"))
        panels.append(SweepPanel("ari", "Agreement with labels", "no vote", lines))
    votes = np.zeros(len(counts))
    for criterion in CRITERIA:
        k = at.get(criterion.name)
        if criterion.votes and k is not None:
            votes[k] += 1
    panels.append(SweepPanel("votes", "Votes", "criteria for each", (Line("", votes, "own"),), bars=True))
    columns, rows = _words(sweep, table)
    return SweepData(
        title=sweep.name,
        counted=f"number of {sweep.engine.count.removeprefix('n_').replace('_', ' ')}",
        counts=counts,
        log_counts=_is_uneven(counts),
        panels=tuple(panels),
        value=said.value,
        headline=_headline(sweep, said.value, agreed=said.agreed),
        reason=said.reason,
        remarks=(*said.remarks, *(f"{count}: {text}" for count, text in sorted(sweep.failures.items()))),
        columns=columns,
        rows=rows,
    )


def _headline(sweep: Sweep, value: int | None, *, agreed: bool) -> str:
    noun = sweep.engine.count.removeprefix("n_").replace("_", " ")
    so_far = f", by {len(sweep.measured)} of {len(sweep.counts)} so far" if sweep.status != "finished" else ""
    if value is None:
        return ("No clear number" if sweep.measured else "Nothing measured yet") + so_far
    noun = noun.removesuffix("s") if value == 1 else noun
    return f"{value:,} {noun}{so_far}" if agreed else f"{value:,} {noun}, with reservations{so_far}"


def _words(sweep: Sweep, table: dict[str, Floats]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    shown = {
        "error_per_row": "error",
        "silhouette": "silhouette",
        "silhouette_without_groups": "by chance",
        "davies_bouldin": "Davies–Bouldin",
        "calinski_harabasz": "Calinski–Harabasz",
        "bic": "BIC",
        "aic": "AIC",
        "stability": "stability",
        **({"ari": "Rand index", "nmi": "mutual information"} if sweep.dataset.has_labels else {}),
    }
    rows = tuple(
        (f"{count:,}", *(number(float(table[name][k])) if np.isfinite(table[name][k]) else MISSING for name in shown))
        for k, count in enumerate(sweep.counts)
    )
    return (sweep.engine.count, *shown.values()), rows


def counts_in_words(counts: Sequence[int]) -> str:
    """ "1 to 12", "10 to 50 by 10", or a list."""
    gaps = set(np.diff(counts).tolist())
    if len(gaps) == 1 and len(counts) > 2:
        gap = gaps.pop()
        return f"{counts[0]:,} to {counts[-1]:,}" + (f" by {gap:,}" if gap != 1 else "")
    return ", ".join(f"{count:,}" for count in counts)


def bests(sweep: Sweep) -> list[tuple[str, str]]:
    """What each criterion measured so far would take: its title, and the count with its value."""
    from engines.choice import CRITERIA

    said, table = sweep.recommendation.bests, sweep.table
    found = []
    for criterion in CRITERIA:
        if criterion.name in said:
            best = said[criterion.name]
            words = (
                MISSING
                if best is None
                else f"{best:,}  ({number(float(table[criterion.name][sweep.counts.index(best)]))})"
            )
            title = criterion.title.removeprefix("the ")
            found.append((title[:1].upper() + title[1:], words))
    return found


def short_rows(sweep: Sweep, heads: dict[str, str]) -> list[dict[str, str]]:
    """Some columns of the table in three digits, a dict by `heads` for each count; "count" stands for the count."""
    table: dict[str, Any] = {**sweep.table, "count": np.asarray(sweep.counts, float)}
    return [{head: number(float(table[name][k]), 3) for name, head in heads.items()} for k in range(len(sweep.counts))]


def _is_uneven(counts: NDArray[np.int64]) -> bool:
    """Whether counts are spread over orders of magnitude, such as 2, 4, 8, 16, 32."""
    gaps = np.diff(counts)
    return bool(len(gaps) > 1 and counts[-1] >= _WIDE * max(1, counts[0]) and gaps.max() >= 4 * gaps.min())


def figure(data: SweepData, theme: Theme) -> Figure:
    """Small multiples on one axis of counts under the recommendation and its reason."""
    n_panels = len(data.panels)
    n_columns = 4 if n_panels > 6 else 3
    made, all_axes = headed_figure(theme, n_panels, n_columns, data.headline, data.reason, sharex=True)
    across = all_axes[0].get_subplotspec().get_gridspec().ncols
    for k, axes in enumerate(all_axes):
        _draw(axes, data.panels[k], data, theme)
        is_lowest = k + across >= n_panels
        axes.tick_params(labelbottom=is_lowest)
        canvas.label(axes, x=data.counted if is_lowest else None)
    return made


def _draw(axes: Any, panel: SweepPanel, data: SweepData, theme: Theme) -> None:
    canvas.dress(axes, theme, grid=True)
    if data.log_counts:
        axes.set_xscale("log")
        canvas.name_ticks(axes.xaxis, *_named(data.counts))
        axes.minorticks_off()
    else:
        canvas.whole_ticks(axes.xaxis, 6)
    if data.value is not None:
        axes.axvline(data.value, color=theme.accent, alpha=0.3, linewidth=5, zorder=0.5)
    for line in panel.lines:
        _draw_line(axes, line, panel, data, theme)
    axes.set_title(canvas.plain(panel.title), loc="left", fontsize=9.5, color=theme.text)
    axes.set_title(canvas.plain(panel.rule), loc="right", fontsize=7.5, color=theme.muted)
    if not any(np.isfinite(line.values).any() for line in panel.lines):
        canvas.remark(axes, "Not measured.", theme)
    elif len(panel.lines) > 1:
        canvas.legend(axes, theme, handlelength=1.6, borderpad=0.3)
    if panel.bars:
        canvas.whole_ticks(axes.yaxis, 5)
        axes.set_ylim(0, max(1.0, float(panel.lines[0].values.max())) * 1.1)
    elif panel.log:
        axes.set_yscale("log")
    else:
        canvas.grouped_numbers(axes.yaxis)
    axes.margins(x=0.06, y=0.05 if panel.bars else 0.16)
    if panel.log:
        readable_log(axes.yaxis)


def _draw_line(axes: Any, line: Line, panel: SweepPanel, data: SweepData, theme: Theme) -> None:
    color = {"own": theme.accent, "second": theme.class_color(1), "reference": theme.muted}[line.role]
    known = np.isfinite(line.values)
    x, y = data.counts[known], line.values[known]
    if panel.bars:
        gap = float(np.diff(data.counts).min()) if len(data.counts) > 1 else 1.0
        axes.bar(x, y, color=color, width=0.7 * (0.4 * x if data.log_counts else gap))
        return
    style = "--" if line.role == "reference" else "-"
    marker = "" if line.role == "reference" or len(x) > 40 else "o"
    axes.plot(x, y, style, color=color, linewidth=1.4, marker=marker, markersize=3, label=canvas.plain(line.title))
    if line.spread is not None:
        low, high = y - line.spread[known], y + line.spread[known]
        axes.fill_between(x, low, high, color=color, alpha=0.18, linewidth=0)
    if line.best is not None:
        at, value = data.counts[line.best], line.values[line.best]
        axes.plot([at], [value], "o", color=color, markersize=7, markeredgecolor=theme.surface, markeredgewidth=1.2)
    if line.best is not None and line.role == "own":
        axes.annotate(
            f"{at:,}", (at, value), (0, 6), textcoords="offset points", ha="center", fontsize=8, color=theme.text
        )


def _named(counts: NDArray[np.int64]) -> tuple[list[float], list[str]]:
    """At most eight of the counts, as places and names of ticks."""
    step = -(-len(counts) // 8)
    return [float(count) for count in counts[::step]], [f"{count:,}" for count in counts[::step]]
