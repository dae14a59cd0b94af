"""Two runs side by side in the window, and an alarm in the inspector whose rows are picked by a button."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from desktop_help import of
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.views.scenes import beside, hostile_names, iris_clusters, make_scene
from tests.views.trained import trained
from workbench.desktop.inspector import RunPage
from workbench.desktop.plots.comparison import ComparisonPlot
from workbench.desktop.view_area import ViewPane
from workbench.desktop.window import Window
from workbench.session import Dataset, Run
from workbench.views import Scene, theme, view

Wait = Callable[[Callable[[], bool]], None]


def finished(window: Window, data: Dataset, name: str, engine: str = "KMeans", **parameters: object) -> Run:
    made = of(window).add_run(data, engine, {"random_state": 0, **parameters}, name=name)
    assert made.wait(120) == "finished"
    return made


def pane(window: Window) -> ViewPane:
    return next(pane for pane in window.views.panes if pane.view.name == "comparison")


def fits(window: Window) -> bool:
    return pane(window).message == "" and pane(window).shown is not None


def test_the_other_run_is_chosen_in_the_head_and_its_name_is_told(window: Window, data: Dataset, wait: Wait) -> None:
    finished(window, data, "three", n_clusters=3)
    finished(window, data, "four", n_clusters=4)
    last = finished(window, data, "five", n_clusters=5)
    window.tree.select(last)
    wait(lambda: window.live.run is last)
    window.views.show_view("comparison")
    wait(lambda: fits(window))
    plot = pane(window).plot
    assert isinstance(plot, ComparisonPlot)
    choice = plot.head.choice
    assert [choice.itemText(k) for k in range(choice.count())] == ["three", "four"]
    assert choice.currentText() == "four"
    assert choice.isVisible()
    assert "beside four" in plot.head.words.text()
    choice.setFocus()
    QTest.keyClick(choice, "t")  # by keyboard: the entry that begins so
    choice.activated.emit(choice.currentIndex())
    wait(lambda: fits(window) and "beside three" in plot.head.words.text())
    assert plot.asked == "three"
    assert "n" in plot.accessibleDescription()


def test_it_is_offered_once_there_is_another_run_to_compare_with(window: Window, data: Dataset, wait: Wait) -> None:
    first = finished(window, data, "alone", n_clusters=3)
    window.tree.select(first)
    wait(lambda: window.live.run is first)
    window.views.show_view("comparison")
    wait(lambda: pane(window).message.startswith("alone is the only run with such prototypes on its data."))
    finished(window, data, "codes", "ProductQuantizer", n_subspaces=2, n_bits=1)  # without prototypes among the rows
    second = finished(window, data, "second", n_clusters=4)
    window.tree.select(first)
    wait(lambda: fits(window) and second.name in pane(window).plot.accessibleDescription() + _head(window))


def _head(window: Window) -> str:
    plot = pane(window).plot
    assert isinstance(plot, ComparisonPlot)
    return plot.head.words.text()


SCENES: dict[str, Callable[[], Scene]] = {
    "bars": iris_clusters,
    "odd names": hostile_names,
    "pictures": lambda: trained("KMeans", "digits"),
    "a map": lambda: trained("SOM", "iris"),
    "one feature": lambda: make_scene(np.linspace(0, 1, 9)[:, None]),
    "one prototype": lambda: make_scene(np.random.default_rng(0).normal(size=(9, 3)), prototypes=np.zeros((1, 3))),
}


@pytest.mark.parametrize("name", SCENES)
def test_every_kind_of_run_is_painted_in_both_looks_and_at_any_width(
    name: str, qtbot: QtBot, qapp: QApplication
) -> None:
    scene = SCENES[name]()
    if not scene.others:
        scene = replace(scene, find_others=lambda: (beside(SCENES[name](), "again"),))
    shown = view("comparison")
    plot = ComparisonPlot(shown)
    qtbot.addWidget(plot)
    data = shown.compute(scene)
    for width, look in ((420, "light"), (1100, "dark")):
        plot.resize(width, 500)
        plot.show()
        qapp.processEvents()
        picture = plot.prepare(data, theme(look))
        plot.draw(picture)
        size = picture.image.deviceIndependentSize()
        assert size.width() == plot.surface.width
        told = [words for _, words in picture.spots]
        assert len(told) == len(data.first.places) + len(data.second.places) + len(data.captions)
        assert all(place.bottom() <= size.height() for place, words in picture.spots if words in told[-1:])
    assert data.headline in plot.accessibleDescription()


def test_moved_rows_have_a_colour_of_their_own(qtbot: QtBot) -> None:
    scene = iris_clusters()
    W = np.asarray(scene.prototypes)
    arrays = {**scene.snapshot.arrays, "prototypes": W + np.array([1.0, 0, 0, 0]) * np.array([[0], [3], [0]])}
    other = replace(scene, snapshot=replace(scene.snapshot, make_arrays=lambda: arrays))
    plot = ComparisonPlot(view("comparison"))
    qtbot.addWidget(plot)
    colours = theme("light")
    red = int(colours.danger.lstrip("#"), 16)
    for second, wanted in ((other, True), (scene, False)):
        data = view("comparison").compute(replace(scene, find_others=lambda s=second: (beside(s, "o"),)))
        assert bool(data.moved.any()) is wanted
        image = plot.prepare(data, colours).image
        above = [image.pixel(x, y) & 0xFFFFFF for x in range(image.width()) for y in range(30, 250)]
        assert (red in above or any(_near(pixel, red) for pixel in set(above))) is wanted


def _near(one: int, other: int) -> bool:
    """Whether two colours are hardly told apart, as rows are a little transparent."""
    return all(abs((one >> shift & 255) - (other >> shift & 255)) < 70 for shift in (0, 8, 16)) and one >> 16 > 180


def test_an_alarm_is_told_in_the_inspector_and_its_rows_are_picked(window: Window, data: Dataset, wait: Wait) -> None:
    wild = {"solver": "sgd", "learning_rate": 1e6, "max_iter": 8, "random_state": 0}
    run = of(window).add_run(data, "GLVQ", wild)
    assert run.wait(120) == "paused"
    assert run.alarm is not None
    window.tree.select(run)
    page = window.inspector.currentWidget()
    assert isinstance(page, RunPage)
    wait(lambda: page.alarm.isVisible() and page.show_rows.isVisible())
    assert run.alarm.sentence in page.alarm.text()
    assert "Resume goes on in spite of it" in page.alarm.text()
    page.show_rows.setFocus()
    QTest.keyClick(page.show_rows, " ")
    picked = of(window).selection.rows(data.id, data.n_rows)
    assert set(picked.rows.tolist()) == set(run.alarm.rows)
    run.resume()
    wait(lambda: run.status == "finished" and not page.alarm.isVisible() and not page.show_rows.isVisible())
