"""What all figures share: bare matplotlib figures dressed in a theme, safe texts, PNG and SVG; no view's content.

Figures are made from matplotlib's objects and never through pyplot or rcParams, so any thread may make one.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from workbench.views.theme import ColorTable, Theme
from workbench.views.wording import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

# Text layout in matplotlib shares a parser and font tables that are not made for several threads.
_drawing = threading.RLock()

_MISSING_GLYPH = "□"


def render(figure: Figure, form: Literal["png", "svg"]) -> bytes:
    """The picture as a file's bytes; the same figure gives the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out = io.BytesIO()
    with _drawing:
        if form == "png":
            FigureCanvasAgg(figure).print_png(out, metadata={"Software": "VQ Workbench"})  # type: ignore[no-untyped-call]
        else:
            FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None})  # type: ignore[no-untyped-call]
    return out.getvalue()


def new_figure(theme: Theme, width: float, height: float) -> Figure:
    """An empty figure of that many inches, whose parts will not overlap."""
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), dpi=144, facecolor=theme.surface, layout="constrained")
    made.get_layout_engine().set(w_pad=0.08, h_pad=0.08)  # type: ignore[union-attr, call-arg]
    return made


def dress(axes: Axes, theme: Theme, *, grid: bool = False, frame: bool = True) -> None:
    """Give `axes` the colours of the theme."""
    axes.set_facecolor(theme.surface)
    axes.tick_params(which="both", colors=theme.muted, labelcolor=theme.text, labelsize=8)
    for side, spine in axes.spines.items():
        spine.set_color(theme.muted)
        spine.set_linewidth(0.8)
        spine.set_visible(frame and side in ("left", "bottom"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set_color(theme.text)
        axis.label.set_fontsize(9)
        axis.get_offset_text().set_color(theme.text)
        axis.get_offset_text().set_fontsize(8)
    axes.title.set_color(theme.text)
    axes.title.set_fontsize(10)
    if grid:
        axes.grid(True, color=theme.grid, linewidth=0.6)
        axes.set_axisbelow(True)


def label(axes: Axes, *, x: str | None = None, y: str | None = None, title: str | None = None) -> None:
    """Set plain texts of `axes`."""
    if x is not None:
        axes.set_xlabel(plain(x))
    if y is not None:
        axes.set_ylabel(plain(y))
    if title is not None:
        axes.set_title(plain(title))


def legend(axes: Axes, theme: Theme, *, outside: bool = False, title: str | None = None, **options: Any) -> None:
    """A legend of what carries a label; to the right of `axes` when `outside`."""
    place: dict[str, Any] = (
        {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.3} if outside else {"loc": "best"}
    )
    made = axes.legend(
        fontsize=8,
        facecolor=theme.surface,
        edgecolor=theme.grid,
        labelcolor=theme.text,
        framealpha=0.9,
        **(place | options),
    )
    if title is not None:
        from matplotlib.font_manager import FontProperties

        made.set_title(plain(title), prop=FontProperties(size=8))
        made.get_title().set_color(theme.text)


def remark(axes: Axes, text: str, theme: Theme) -> None:
    """One sentence in the middle of axes that have nothing to draw."""
    axes.text(0.5, 0.5, plain(text), color=theme.muted, ha="center", va="center", fontsize=9, transform=axes.transAxes)


def color_bar(figure: Figure, mappable: Any, axes: Any, theme: Theme, text: str, **options: Any) -> None:
    """The scale of `mappable` beside `axes`."""
    bar = figure.colorbar(mappable, ax=axes, **({"fraction": 0.05, "pad": 0.02} | options))
    dress(bar.ax, theme, frame=False)
    bar.outline.set_edgecolor(theme.grid)
    bar.set_label(plain(text), color=theme.text, fontsize=9)


def color_map(table: ColorTable, missing: str) -> Colormap:
    """matplotlib's form of a colour table; `missing` colours what is not a number."""
    from matplotlib.colors import ListedColormap

    return ListedColormap(np.asarray(table) / 255.0).with_extremes(bad=missing)


def whole_ticks(axis: Any, n_bins: int = 8) -> None:
    """Whole numbers only along `axis`."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=n_bins, integer=True, min_n_ticks=1))


def grouped_numbers(axis: Any) -> None:
    """Numbers along `axis` with a comma between thousands."""
    from matplotlib.ticker import StrMethodFormatter

    axis.set_major_formatter(StrMethodFormatter("{x:,.6g}"))


def name_ticks(axis: Any, places: Sequence[float], names: Sequence[str], **style: Any) -> None:
    """Write `names` at `places` of `axis`."""
    axis.set_ticks(list(places), labels=[plain(name) for name in names], **style)


def plain(text: str) -> str:
    """`text` as matplotlib will show it letter by letter: no formulas, no line breaks, no letter the font lacks."""
    known = _letters()
    shown = "".join(c if ord(c) in known else _MISSING_GLYPH for c in one_line(text))
    return shown.replace("$", r"\$")


def ink_on(color: Sequence[float], theme: Theme) -> str:
    """The theme's text or surface colour, whichever is read better on `color` (red, green, blue in 0 to 1)."""
    from matplotlib.colors import to_rgb

    below = _luminance(color)
    contrasts = {ink: _contrast(_luminance(to_rgb(ink)), below) for ink in (theme.text, theme.surface)}
    return max(contrasts, key=contrasts.__getitem__)


def _contrast(a: float, b: float) -> float:
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)


def _luminance(color: Sequence[float]) -> float:
    """Relative luminance as in WCAG 2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@cache
def _letters() -> frozenset[int]:
    """Code points that the font of all figures has."""
    from matplotlib.font_manager import findfont, get_font

    with _drawing:
        return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())
