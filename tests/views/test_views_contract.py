"""The contract of every view: it computes, draws and fits on the page, whatever the scene."""

from __future__ import annotations

import dataclasses
import itertools
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from tests.views.scenes import SCENES
from tests.views.trained import ENGINES, trained
from workbench.views import VIEWS, View, render, theme

CASES = [
    pytest.param(view, name, id=f"{view.name}-{name}")
    for view, name in itertools.product(VIEWS, SCENES)
    if view.applies(SCENES[name]())
]
LARGE = ("digits", "many_tiles", "fifty_classes", "many_rows", "many_features", "constant_columns", "without_labels")
DRAWN = [
    pytest.param(*case.values, id=case.id, marks=[pytest.mark.slow] if case.values[1] in LARGE else [])
    for case in CASES
]


@pytest.mark.in_turn("view")
@pytest.mark.parametrize(("view", "name"), DRAWN)
def test_every_view_of_every_scene_fits_on_its_page(view: View, name: str) -> None:
    figure = view.figure(view.compute(SCENES[name]()), theme("light"))
    FigureCanvasAgg(figure).draw()
    cut = [text.get_text() for text in _shown(figure) if not _inside(text, figure)]
    assert not cut
    overlapping = list(_overlapping_ticks(figure))
    assert not overlapping


@pytest.mark.parametrize(("view", "name"), [case for case in CASES if case.values[1] in ("iris", "hostile_names")])
def test_every_view_becomes_a_well_formed_svg_in_the_dark(view: View, name: str) -> None:
    picture = render(view.figure(view.compute(SCENES[name]()), theme("dark")), "svg")
    assert ET.fromstring(picture).tag.endswith("svg")


@pytest.mark.slow
@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize(("view", "name"), CASES)
def test_every_view_becomes_png_and_svg_in_both_looks(view: View, name: str, look: Any) -> None:
    data = view.compute(SCENES[name]())
    assert render(view.figure(data, theme(look)), "png").startswith(b"\x89PNG")
    assert ET.fromstring(render(view.figure(data, theme(look)), "svg")).tag.endswith("svg")


@pytest.mark.parametrize(("view", "name"), CASES)
def test_view_data_are_frozen_and_made_of_arrays_numbers_and_texts(view: View, name: str) -> None:
    data = view.compute(SCENES[name]())
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(data, dataclasses.fields(data)[0].name, None)
    assert not list(_foreign(data))


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_computes_the_same_twice(view: View) -> None:
    scenes = itertools.chain((made() for made in SCENES.values()), (trained(name, "iris") for name in ENGINES))
    scene = next(scene for scene in scenes if view.applies(scene))
    first, second = (list(_leaves(view.compute(scene))) for _ in range(2))
    assert len(first) == len(second)
    assert all(
        np.array_equal(a, b, equal_nan=isinstance(a, np.ndarray | float)) for a, b in zip(first, second, strict=True)
    )


def _shown(figure: Figure) -> Iterator[Text]:
    """All texts that are drawn: free ones, titles, labels, legends, and the ticks inside their axes."""
    yield from (text for text in figure.texts if text.get_text())
    if figure._supxlabel is not None:
        yield figure._supxlabel
    for axes in figure.axes:
        yield from (text for text in (*axes.texts, axes.title) if text.get_text() and text.get_visible())
        legend = axes.get_legend()
        if legend is not None:
            yield from legend.get_texts()
        if axes.axison:
            for axis in (axes.xaxis, axes.yaxis):
                yield from _tick_texts(axis)
                if axis.label.get_text():
                    yield axis.label


def _tick_texts(axis: Any) -> list[Text]:
    low, high = sorted(axis.get_view_interval())
    slack = 1e-6 * (high - low)
    ticks = [tick for tick in axis.get_major_ticks() if low - slack <= tick.get_loc() <= high + slack]
    labels = [tick.label1 for tick in ticks] + [tick.label2 for tick in ticks]
    return [text for text in labels if text.get_visible() and text.get_text()]


def _inside(text: Text, figure: Figure) -> bool:
    box, page = text.get_window_extent(), figure.bbox
    return bool(box.x0 >= -1 and box.y0 >= -1 and box.x1 <= page.x1 + 1 and box.y1 <= page.y1 + 1)


def _overlapping_ticks(figure: Figure) -> Iterator[tuple[str, str]]:
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            texts = _tick_texts(axis) if axes.axison else []
            for one, other in itertools.pairwise(texts):
                a, b = one.get_window_extent(), other.get_window_extent()
                wide = min(a.x1, b.x1) - max(a.x0, b.x0)
                high = min(a.y1, b.y1) - max(a.y0, b.y0)
                if wide > 2 and high > 2:
                    yield one.get_text(), other.get_text()


def _leaves(value: Any) -> Iterator[Any]:
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _leaves(getattr(value, field.name))
    elif isinstance(value, tuple):
        for part in value:
            yield from _leaves(part)
    else:
        yield value


def _foreign(value: Any) -> Iterator[Any]:
    """Whatever no drawing library could take as it is."""
    for leaf in _leaves(value):
        plain = leaf is None or isinstance(leaf, str | bool | int | float | np.ndarray)
        if not plain or (isinstance(leaf, np.ndarray) and leaf.dtype.kind == "O"):
            yield leaf
