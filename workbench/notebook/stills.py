"""Pictures of what a widget shows, made from the view's own figure: for notebooks that are read without a kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from workbench.notebook.subject import Subject
from workbench.views import Page, Theme, View, canvas, render, theme
from workbench.views.looker import ids_of, newest_scene, unfit_words, waiting_words
from workbench.views.picking import Picked, picked_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 110
"""Of a PNG: seven inches are as wide as a cell."""


def still(
    subject: Subject,
    view: View,
    asked: Callable[[Picked], str],
    form: Literal["png", "svg"] = "png",
    look: Literal["light", "dark"] = "light",
    part: str = "",
) -> bytes:
    """The picture of `view`, or of a part of it, as it is now, or of the sentence why there is nothing to see."""
    colours = theme(look)
    scene = newest_scene(subject.shown)
    if scene is None:
        return sentence(waiting_words(subject.shown), colours, form)
    if not (scene.of_run or view.of_data) or not view.applies(scene):
        return sentence(unfit_words(view, scene), colours, form)
    picked = picked_of(subject.selection, *ids_of(subject.shown), scene)
    data = view.compute(scene.asking(asked(picked), picked if view.follows_picks else None))
    made = paged_figure(view, data, colours, Page(7.0, part=part)) if part else view.figure(data, colours)
    return render(made, form, dpi=DPI if form == "png" else None)


def paged_figure(view: View, data: Any, colours: Theme, page: Page) -> Figure:
    """The figure of `data` on a page.

    Raises
    ------
    NoRoom
        If it does not fit there.
    """
    return canvas.paged(lambda dressed: view.figure(data, dressed), replace(colours, page=page))


def sentence(words: str, colours: Theme, form: Literal["png", "svg"] = "png") -> bytes:
    """A picture of one sentence."""
    figure = canvas.new_figure(colours, 7.0, 1.2)
    axes = figure.subplots()
    canvas.dress(axes, colours, frame=False)
    axes.set_axis_off()
    canvas.remark(axes, words, colours)
    return render(figure, form, dpi=DPI if form == "png" else None)
