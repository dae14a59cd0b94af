"""Fitting a figure onto its page: the size of letters, lines broken where they end, texts that would overlap."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.views.page import NoRoom, Page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST_LETTERS = 5.0
"""Points: what would be smaller than this is not read, and is left out."""
LEAST_AXES = 0.12
"""Inches: axes that are smaller show nothing."""
ROUNDS = 4
GAP = 4.0
"""Points between an axes' texts and a legend under them."""


def fit(figure: Figure, page: Page) -> None:
    """Make `figure`, drawn for `page`, read well at its size; to be called under the lock of drawing.

    Raises
    ------
    NoRoom
        If that cannot be done.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    _scale_letters(figure, page.scale)
    _put_title_and_note(figure, page, renderer)
    whole: dict[Any, str] = {}
    for _ in range(ROUNDS):  # each cure changes the sizes of axes
        _lay_out(figure)
        cured = [_fit_axes(axes, figure, renderer, whole) for axes in figure.axes]
        if not any(cured):
            break
    else:
        _lay_out(figure)


def _lay_out(figure: Figure) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        figure.draw_without_rendering()
    parts = [axes for axes in figure.axes if not hasattr(axes, "_colorbar")]
    least = min((min(axes.bbox.width, axes.bbox.height) for axes in parts), default=figure.dpi)
    if least < LEAST_AXES * figure.dpi or any("not applied" in str(warning.message) for warning in told):
        width, height = 25.4 * figure.get_size_inches()
        raise NoRoom(
            f"There is too little room on {width:.0f} × {height:.0f} mm: give it more height, or smaller letters."
        )


def _scale_letters(figure: Figure, scale: float) -> None:
    from matplotlib.text import Text

    if scale == 1:
        return
    for text in figure.findobj(Text):
        text.set_fontsize(float(text.get_fontsize()) * scale)
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if not _is_named(axis):  # ticks of numbers are made anew when they are drawn
                size = axis.get_tick_params().get("labelsize", 8.0)
                axis.set_tick_params(labelsize=float(size) * scale)


def _put_title_and_note(figure: Figure, page: Page, renderer: Any) -> None:
    wide = figure.bbox.width - 0.16 * figure.dpi
    old = figure.get_suptitle()
    if page.title or old:
        from workbench.views.canvas import plain

        title = figure.suptitle(plain(page.title), fontsize=10 * page.scale)
        title.set_in_layout(bool(page.title))
        _wrap(title, title.get_text(), wide, renderer)
    if figure.get_supxlabel():
        words = figure.get_supxlabel() if page.with_note else ""
        note = figure.supxlabel(words, fontsize=8 * page.scale)
        note.set_in_layout(page.with_note)
        _wrap(note, words, wide, renderer)


def _fit_axes(axes: Any, figure: Figure, renderer: Any, whole: dict[Any, str]) -> bool:
    """Cure what does not fit of one pair of axes; whether there was anything.

    `whole` remembers what texts were before their lines were broken.
    """
    place = axes.get_subplotspec()
    box = axes.get_window_extent(renderer)
    page = axes.figure.bbox  # of the part of the figure that the axes are in
    cell = place.get_position(figure) if place is not None else None
    wide = max(box.width, cell.width * page.width if cell is not None else 0.0)
    high = max(box.height, cell.height * page.height if cell is not None else 0.0)
    middle = (box.x0 + box.x1) / 2
    wide = min(wide, 2 * min(middle, figure.bbox.width - middle) - 0.05 * figure.dpi)
    middle = (box.y0 + box.y1) / 2
    high = min(high, 2 * min(middle, figure.bbox.height - middle) - 0.05 * figure.dpi)
    changed = False
    if axes.axison:
        for text, length in ((axes.title, wide), (axes.xaxis.label, wide), (axes.yaxis.label, high)):
            changed |= _wrap(text, whole.setdefault(text, text.get_text()), length, renderer)
        changed |= _thin(axes.xaxis, renderer) | _thin(axes.yaxis, renderer)
    changed |= _thin_texts(axes, renderer)
    return changed | _lower_legend(axes, figure, renderer)


def _wrap(text: Any, words: str, length: float, renderer: Any) -> bool:
    """Let `text` say `words`, lines of more than `length` pixels broken; whether it said something else."""
    properties = text.get_fontproperties()

    def length_of(line: str) -> float:
        width, _, _ = renderer.get_text_width_height_descent(line.replace(r"\$", "$"), properties, False)
        return float(width)

    made: list[str] = []
    for line in words.split("\n"):
        made.append("")
        for word in line.split(" "):
            longer = f"{made[-1]} {word}" if made[-1] else word
            if made[-1] and length_of(longer) > length:
                made.append(word)
            else:
                made[-1] = longer
    before = text.get_text()
    text.set_text("\n".join(made))
    return bool(text.get_text() != before)


def _is_named(axis: Any) -> bool:
    from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter

    return isinstance(axis.get_major_locator(), FixedLocator) and isinstance(
        axis.get_major_formatter(), FixedFormatter | FuncFormatter
    )


def _thin(axis: Any, renderer: Any) -> bool:
    """Fewer or smaller names along `axis` where they overlap."""
    from matplotlib.ticker import MaxNLocator

    shown = _labels(axis)
    if not _overlap(_boxes(shown, renderer)):
        return False
    if not _is_named(axis):
        n_bins = max(2, len(shown) // 2)
        if len(shown) <= 2 or axis.get_scale() != "linear":
            return False
        axis.set_major_locator(MaxNLocator(nbins=n_bins, integer=getattr(axis.get_major_locator(), "_integer", False)))
        return True
    size = shown[0].get_fontsize()
    if axis.axis_name == "x" and not any(label.get_rotation() for label in shown):
        for label in shown:
            label.set(rotation=90)
        return True
    if size > LEAST_LETTERS:
        for label in axis.get_ticklabels():
            label.set_fontsize(max(LEAST_LETTERS, 0.82 * size))
        return True
    style = {"fontsize": size, "rotation": shown[0].get_rotation(), "color": shown[0].get_color()}
    names = [label.get_text() for label in axis.get_ticklabels()]
    axis.set_ticks(list(axis.get_ticklocs())[::2], labels=names[::2], **style)
    return True


def _labels(axis: Any) -> list[Any]:
    """The tick labels that are drawn."""
    low, high = sorted(axis.get_view_interval())
    slack = 1e-6 * (high - low)
    ticks = [tick for tick in axis.get_major_ticks() if low - slack <= tick.get_loc() <= high + slack]
    texts = [text for tick in ticks for text in (tick.label1, tick.label2)]
    return [text for text in texts if text.get_visible() and text.get_text()]


def _thin_texts(axes: Any, renderer: Any) -> bool:
    """Smaller texts inside `axes` where they overlap; none, where they would be too small to read."""
    texts = [text for text in axes.texts if text.get_visible() and text.get_text()]
    if not _overlap(_boxes(texts, renderer)):
        return False
    for text in texts:
        if text.get_fontsize() > LEAST_LETTERS:
            text.set_fontsize(max(LEAST_LETTERS, 0.82 * text.get_fontsize()))
        else:
            text.set_visible(False)
    return True


def _boxes(texts: Iterable[Any], renderer: Any) -> np.ndarray[Any, Any]:
    """(n, 4) left, bottom, right, top in pixels."""
    found = [text.get_window_extent(renderer).extents for text in texts]
    return np.array(found) if found else np.empty((0, 4))


def _overlap(boxes: np.ndarray[Any, Any], slack: float = 1.0) -> bool:
    """Whether any two of the boxes share more than `slack` pixels each way."""
    boxes = boxes[np.argsort(boxes[:, 0], kind="stable")]
    for k in range(len(boxes) - 1):
        after = boxes[k + 1 : k + 1 + int(np.searchsorted(boxes[k + 1 :, 0], boxes[k, 2] - slack))]
        wide = np.minimum(after[:, 2], boxes[k, 2]) - after[:, 0]
        high = np.minimum(after[:, 3], boxes[k, 3]) - np.maximum(after[:, 1], boxes[k, 1])
        if ((wide > slack) & (high > slack)).any():
            return True
    return False


def _lower_legend(axes: Any, figure: Figure, renderer: Any) -> bool:
    """Put a legend that is to stand under `axes` under all their texts."""
    from matplotlib.transforms import ScaledTranslation

    legend = axes.get_legend()
    if legend is None or legend.get_gid() != UNDER:
        return False
    legend.set_in_layout(False)
    below = axes.get_tightbbox(renderer, for_layout_only=True)
    legend.set_in_layout(True)
    base = axes.get_window_extent(renderer).y0
    drop = (base - min(base, below.y0 if below is not None else base)) / figure.dpi + GAP / 72
    before = getattr(legend, "_dropped", None)
    if before is not None and abs(before - drop) < 0.03:
        return False
    legend._dropped = drop
    legend.set_bbox_to_anchor((0.5, 0.0), axes.transAxes + ScaledTranslation(0, -drop, figure.dpi_scale_trans))
    return True


UNDER = "legend under its axes"
"""The group id of a legend that `fit` puts under the axes."""
