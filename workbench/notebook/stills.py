"""Pictures of what a widget shows, made from the view's own figure: for notebooks that are read without a kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from workbench.notebook.subject import Subject
from workbench.views import Theme, View, canvas, render, theme
from workbench.views.looker import ids_of, newest_scene, unfit_words, waiting_words
from workbench.views.picking import Picked, picked_of

DPI = 110
"""Of a PNG: seven inches are as wide as a cell."""


def still(
    subject: Subject,
    view: View,
    asked: Callable[[Picked], str],
    form: Literal["png", "svg"] = "png",
    look: Literal["light", "dark"] = "light",
) -> bytes:
    """The picture of `view` as it is now, or of the sentence that says why there is nothing to see."""
    colours = theme(look)
    scene = newest_scene(subject.shown)
    if scene is None:
        return sentence(waiting_words(subject.shown), colours, form)
    if not (scene.of_run or view.of_data) or not view.applies(scene):
        return sentence(unfit_words(view, scene), colours, form)
    picked = picked_of(subject.selection, *ids_of(subject.shown), scene)
    data = view.compute(scene.asking(asked(picked), picked if view.follows_picks else None))
    return render(view.figure(data, colours), form, dpi=DPI if form == "png" else None)


def sentence(words: str, colours: Theme, form: Literal["png", "svg"] = "png") -> bytes:
    """A picture of one sentence."""
    figure = canvas.new_figure(colours, 7.0, 1.2)
    axes = figure.subplots()
    canvas.dress(axes, colours, frame=False)
    axes.set_axis_off()
    canvas.remark(axes, words, colours)
    return render(figure, form, dpi=DPI if form == "png" else None)
