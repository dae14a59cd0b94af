"""What all figures share: bare matplotlib figures dressed in a theme, safe texts, picture files; no view's content.

Figures are made from matplotlib's objects and never through pyplot or rcParams, so any thread may make one.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from workbench.views.fitting import UNDER, fit
from workbench.views.page import NARROW
from workbench.views.theme import ColorTable, Theme
from workbench.views.wording import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

# Text layout in matplotlib shares a parser and font tables that are not made for several threads.
_drawing = threading.RLock()

_MISSING_GLYPH = "□"


Form = Literal["png", "svg", "pdf"]

_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # letters stay letters: found, copied, and changed in a drawing program
    "pdf.fonttype": 42,  # TrueType, embedded, as journals ask for
    "svg.hashsalt": "vq-workbench",
}


def render(figure: Figure, form: Form, *, dpi: float | None = None) -> bytes:
    """The picture as a file's bytes; the same figure gives the same bytes.

    `dpi` is the resolution of a PNG, and of what is pixels in an SVG or a PDF; that of the figure if not given.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out = io.BytesIO()
    with _drawing, rc_context(_SETTINGS):
        if form == "png":
            if dpi is not None:
                figure.set_dpi(dpi)
            FigureCanvasAgg(figure).print_png(out, metadata={"Software": "VQ Workbench"})  # type: ignore[no-untyped-call]
        elif form == "svg":
            FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None})  # type: ignore[no-untyped-call]
        else:
            made = {"Creator": "VQ Workbench", "CreationDate": None}
            FigureCanvasPdf(figure).print_pdf(out, metadata=made)  # type: ignore[no-untyped-call]
    return out.getvalue()


def new_figure(theme: Theme, width: float, height: float) -> Figure:
    """An empty figure whose parts will not overlap: of so many inches, or in that proportion on the theme's page."""
    from matplotlib.figure import Figure

    page = theme.page
    pad = 0.08
    if page is not None:
        width, height = page.width, page.height or height * page.width / width
        pad = 0.04
    made = Figure(figsize=(width, height), dpi=144, facecolor=theme.surface, layout="constrained")
    made.get_layout_engine().set(w_pad=pad, h_pad=pad)  # type: ignore[union-attr, call-arg]
    return made


def room(theme: Theme, width: float) -> float:
    """Inches that a figure may be wide, in letters of their natural size; `width` where there is no page."""
    return width if theme.page is None else theme.page.room


def across(theme: Theme, n: int, least: float) -> int:
    """How many of `n` parts go beside one another that take at least so many inches; all, where there is no page."""
    return n if theme.page is None else max(1, min(n, int(theme.page.room / least)))


def is_narrow(theme: Theme) -> bool:
    """Whether parts go one under another."""
    return theme.page is not None and theme.page.is_narrow


def panels(
    theme: Theme, n: int, width: float, height: float, *, least: float = 2.6, beside: float = 0.0, most: int = 0
) -> tuple[Figure, list[Axes]]:
    """A figure of `n` panels of so many inches beside one another, with as much room `beside` them.

    They go in lines of at most `most`, if that is not 0; on a page, of so few that each has at least `least` inches.
    """
    n_across = across(theme, min(n, most or n), least)
    n_down = -(-n // n_across)
    wide = room(theme, n_across * width + beside)
    cell = wide / n_across if is_narrow(theme) else (wide - beside) / n_across
    if theme.page is not None:  # letters do not shrink with the panel, and legends go under it
        height = height * min(1.0, cell / width) + (0.7 if is_narrow(theme) else 0.2)
    made = new_figure(theme, wide, n_down * height)
    axes = made.subplots(n_down, n_across, squeeze=False).ravel()
    for spare in axes[n:]:
        made.delaxes(spare)
    return made, list(axes[:n])


def part(theme: Theme) -> str:
    """The title of the only part that is wanted; "" for all of them."""
    return "" if theme.page is None else theme.page.part


def chosen(theme: Theme, titles: Sequence[str]) -> list[int]:
    """Which of the parts with these `titles` to draw."""
    return [titles.index(part(theme))] if part(theme) in titles else list(range(len(titles)))


def paged(make: Callable[[Theme], Figure], theme: Theme) -> Figure:
    """The figure that `make` draws for the page of a theme, fitted to it.

    Raises
    ------
    NoRoom
        If the page is too small for what is to go on it.
    """
    with _drawing:
        made = make(theme)
        if theme.page is not None:
            fit(made, theme.page)
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


def has_legends(theme: Theme) -> bool:
    """Whether legends are drawn."""
    return theme.page is None or theme.page.with_legend


def legend(
    axes: Axes,
    theme: Theme,
    *,
    outside: bool = False,
    stays: bool = False,
    title: str | None = None,
    **options: Any,
) -> None:
    """A legend of what carries a label; to the right of `axes` when `outside`, and under them on a narrow page.

    One that `stays` has its place in `options` on any page.
    """
    if not has_legends(theme):
        return
    place: dict[str, Any] = (
        {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.3} if outside else {"loc": "best"}
    )
    place |= options
    under = (
        theme.page is not None
        and not stays
        and room(theme, 0.0) / _n_columns(axes) < NARROW
        and not (outside and not is_narrow(theme))
    )
    if under:
        handles = options.get("handles") or axes.get_legend_handles_labels()[0]
        place |= _under(axes, theme, [str(handle.get_label()) for handle in handles])
    made = axes.legend(
        fontsize=8,
        facecolor=theme.surface,
        edgecolor=theme.grid,
        labelcolor=theme.text,
        framealpha=0.9,
        **place,
    )
    made.set_gid(UNDER if under else None)
    if title is not None:
        from matplotlib.font_manager import FontProperties

        made.set_title(plain(title), prop=FontProperties(size=8))
        made.get_title().set_color(theme.text)


def _n_columns(axes: Axes) -> int:
    place = axes.get_subplotspec()
    return 1 if place is None else place.get_gridspec().ncols


def _under(axes: Axes, theme: Theme, names: Sequence[str]) -> dict[str, Any]:
    """Where a legend goes that stands under `axes`: in as many columns as there is room for."""
    columns = _n_columns(axes)
    letters = max((len(name) for name in names), default=1)
    entry = (0.6 * letters + 4.0) * 8 / 72
    fitting = max(1, int((room(theme, NARROW) / columns - 0.2) / entry))
    style = {"handlelength": 1.5, "columnspacing": 1.0, "borderaxespad": 0.0, "frameon": False}
    return {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "ncols": min(fitting, max(1, len(names)))} | style


def remark(axes: Axes, text: str, theme: Theme) -> None:
    """One sentence in the middle of axes that have nothing to draw."""
    axes.text(0.5, 0.5, plain(text), color=theme.muted, ha="center", va="center", fontsize=9, transform=axes.transAxes)


def color_bar(figure: Figure, mappable: Any, axes: Any, theme: Theme, text: str, **options: Any) -> None:
    """The scale of `mappable` beside `axes`."""
    place: dict[str, Any] = {"location": "bottom", "aspect": 40} if is_narrow(theme) else {}
    bar = figure.colorbar(mappable, ax=axes, **({"fraction": 0.05, "pad": 0.02} | place | options))
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
