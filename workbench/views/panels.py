"""Figures of small multiples under a headline and its reason, as pages of sweeps and searches are; no content."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from workbench.views import canvas
from workbench.views.theme import Theme
from workbench.views.wording import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_LEAST, _HIGH = 2.3, 2.3
"""Inches of a panel on a page: across at least, and down."""


def headed_figure(
    theme: Theme, n_panels: int, n_columns: int, headline: str, reason: str, *, sharex: bool = False
) -> tuple[Figure, list[Any]]:
    """A figure with the words at its top, and `n_panels` axes below them, row by row; on a page the axes alone.

    There they go in as many columns, up to `n_columns`, as there is room for.
    """
    if theme.page is not None:
        return _on_page(theme, n_panels, n_columns, sharex=sharex)
    n_rows = -(-n_panels // n_columns)
    lines = [canvas.plain(line) for line in textwrap.wrap(reason, 42 * n_columns)]
    head = 0.55 + 0.19 * len(lines)  # inches
    height = head + 0.2 + 2.3 * n_rows
    made = canvas.new_figure(theme, 3.1 * n_columns, height)
    made.get_layout_engine().set(rect=(0, 0, 1, 1 - head / height))  # type: ignore[union-attr, call-arg]
    all_axes = made.subplots(n_rows, n_columns, squeeze=False, sharex=sharex).ravel()
    for axes in all_axes[n_panels:]:
        axes.set_visible(False)
    place = 0.04 / n_columns
    made.text(place, 1 - 0.12 / height, canvas.plain(headline), color=theme.text, fontsize=14, va="top", weight="bold")
    made.text(place, 1 - 0.46 / height, "\n".join(lines), color=theme.muted, fontsize=9.5, va="top")
    return made, list(all_axes[:n_panels])


def _on_page(theme: Theme, n_panels: int, n_columns: int, *, sharex: bool) -> tuple[Figure, list[Any]]:
    across = canvas.across(theme, min(n_columns, n_panels), _LEAST)
    n_rows = -(-n_panels // across)
    made = canvas.new_figure(theme, canvas.room(theme, 3.1), 0.2 + _HIGH * n_rows)
    all_axes = made.subplots(n_rows, across, squeeze=False, sharex=sharex).ravel()
    for axes in all_axes[n_panels:]:
        made.delaxes(axes)
    return made, list(all_axes[:n_panels])


def readable_log(axis: Any) -> None:
    """Plain numbers along a logarithmic axis: the fewer powers of ten, the closer."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    low, high = axis.get_view_interval()
    subs: tuple[float, ...] = (1.0, 2.0, 5.0) if high > 10 * low else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
    if high > 1e4 * low:
        subs = (1.0,)
    axis.set_major_locator(LogLocator(subs=subs, numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
