"""How runs are told apart in one figure: a colour and a kind of line for each, and one legend of their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.views import canvas
from workbench.views.theme import Theme
from workbench.views.wording import distinct

_LINES = ("-", "--", ":", "-.")
_LETTERS = 30
"""Of a name in a legend."""


def line_of(theme: Theme, run: int) -> dict[str, Any]:
    """Colour and kind of line of the run with this number."""
    return {"color": theme.class_color(run), "linestyle": _LINES[run % len(_LINES)]}


def mark_of(theme: Theme, run: int) -> dict[str, Any]:
    """Colour and shape of a mark of the run with this number, without a line."""
    return {"color": theme.class_color(run), "marker": theme.class_marker(run).matplotlib, "linestyle": "none"}


def name_runs(made: Any, theme: Theme, names: Mapping[int, str], *, marks: bool = False) -> None:
    """A legend above a figure of runs by their number, of their lines or of their marks."""
    if not canvas.has_legends(theme):
        return
    from matplotlib.lines import Line2D

    shown = [canvas.plain(name) for name in distinct(tuple(names.values()), _LETTERS)]
    looks = [mark_of(theme, run) if marks else {"linewidth": 1.6} | line_of(theme, run) for run in names]
    shown = [f" {name}" if name.startswith("_") else name for name in shown]  # else matplotlib leaves it out
    handles = [Line2D([], [], label=name, **look) for name, look in zip(shown, looks, strict=True)]
    wide = canvas.room(theme, float(made.get_size_inches()[0]))
    each = 0.6 * 8 / 72 * max(map(len, shown)) + 0.6
    made.legend(
        handles=handles,
        loc="outside upper center",
        ncols=max(1, min(len(shown), int((wide - 0.2) / each))),
        fontsize=8,
        labelcolor=theme.text,
        frameon=False,
    )
