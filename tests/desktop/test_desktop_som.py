"""The map in the window: words light up units, planes change their order, and a torus is moved by hand and by keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.views.trained import trained_with
from workbench.desktop.plots.base import plot_for
from workbench.desktop.plots.som import OVERVIEW, SomPlot
from workbench.desktop.plots.som_head import ALIKE, IN_ORDER
from workbench.views import Scene, theme, view


class Map:
    """A plot of a scene that is computed anew whenever the plot says that it is stale, as the window does."""

    def __init__(self, qtbot: QtBot, scene: Scene) -> None:
        plot = plot_for(view("som"))
        assert isinstance(plot, SomPlot)
        self.plot, self.scene, self.n_drawn = plot, scene, 0
        qtbot.addWidget(plot)
        plot.resize(900, 700)
        plot.show()
        plot.stale.connect(self.redraw)
        self.redraw()

    def redraw(self) -> None:
        self.data = view("som").compute(self.scene.asking(self.plot.asked))
        self.prepared = self.plot.prepare(self.data, theme("light"))
        self.plot.draw(self.prepared)
        self.n_drawn += 1

    def choose(self, name: str) -> None:
        self.plot.head.chosen = name
        self.redraw()

    @property
    def units(self) -> list[int]:
        """The unit at each place of the panel that is shown alone, row by row as they are seen."""
        spots = [(place, int(words.split()[1])) for place, words in self.prepared.picture.spots]
        return [unit for place, unit in sorted(spots, key=lambda spot: (spot[0].top(), spot[0].left()))]

    def colour(self, unit: int, name: str = "U-matrix") -> NDArray[np.int64]:
        place = next(place for place, words in self.prepared.picture.spots if words.startswith(f"unit {unit} "))
        pixel = self.prepared.picture.image.pixelColor(place.center())
        return np.array([pixel.red(), pixel.green(), pixel.blue()])


@pytest.fixture
def shown(qtbot: QtBot) -> Callable[..., Map]:
    def make(**parameters: Any) -> Map:
        return Map(qtbot, trained_with("SOM", "iris", {"shape": (4, 5), **parameters}))

    return make


def test_words_light_up_the_units_that_fit_and_say_how_many_rows_they_have(
    shown: Callable[..., Map], qtbot: QtBot
) -> None:
    made = shown()
    made.choose("petal length")
    before = {unit: made.colour(unit) for unit in range(20)}
    qtbot.keyClicks(made.plot.head.search, "petal length high")
    fits = made.data.search("petal length high").fits
    assert fits is not None
    for unit in range(20):
        same = np.array_equal(made.colour(unit), before[unit])
        assert same == bool(fits[unit])
    words = made.plot.head.found.text()
    assert words == f"Lit: {made.data.found(fits)}."
    made.plot.head.search.clear()
    assert made.plot.head.found.text() == ""
    assert all(np.array_equal(made.colour(unit), before[unit]) for unit in range(20))


def test_a_word_that_is_no_feature_is_answered_with_the_nearest_one(shown: Callable[..., Map], qtbot: QtBot) -> None:
    made = shown()
    qtbot.keyClicks(made.plot.head.search, "petal lenght high")
    assert "near it: “petal length”" in made.plot.head.found.text()


def test_planes_stand_by_likeness_or_as_in_the_data(shown: Callable[..., Map]) -> None:
    made = shown()

    def titles() -> list[str]:
        planes = [words for _, words in made.prepared.picture.spots if not words.startswith("unit ")]
        return [words.split(" [")[0] for words in planes]

    names = made.data.plane_names
    assert made.plot.head.order.currentText() == ALIKE
    assert titles() == [names[k] for k in made.data.alike.order]
    made.plot.head.order.setCurrentText(IN_ORDER)
    assert titles() == list(names)
    made.choose("petal length")
    assert not made.plot.head.order.isEnabled()


@pytest.mark.parametrize("topology", ["rectangular", "hexagonal"])
def test_shift_and_arrows_move_the_cut_of_a_torus_by_whole_cells(
    shown: Callable[..., Map], qtbot: QtBot, topology: str
) -> None:
    made = shown(topology=topology, toroidal=True)
    made.choose("U-matrix")
    numbers = np.arange(20).reshape(4, 5)
    step = 2 if topology == "hexagonal" else 1
    assert made.units == numbers.ravel().tolist()
    for key, (down, right) in {
        Qt.Key.Key_Right: (0, 1),
        Qt.Key.Key_Down: (step, 0),
        Qt.Key.Key_Left: (0, -1),
        Qt.Key.Key_Up: (-step, 0),
    }.items():
        numbers = np.roll(numbers, (down, right), axis=(0, 1))
        widget: QWidget = made.plot.scroll
        qtbot.keyClick(widget, key, Qt.KeyboardModifier.ShiftModifier)
        assert made.units == numbers.ravel().tolist()


def test_a_torus_follows_the_pointer_and_a_drag_follows_no_link(shown: Callable[..., Map], qtbot: QtBot) -> None:
    made = shown(topology="rectangular", toroidal=True)
    made.choose("U-matrix")
    grip = made.prepared.grips[0]
    start = grip.place.center()
    asked: list[str] = []
    made.plot.sheet.asked.connect(asked.append)
    made.plot.sheet.show_picture(replace(made.prepared.picture, links=((made.plot.sheet.rect(), "a link"),)))
    qtbot.mousePress(made.plot.sheet, Qt.MouseButton.LeftButton, pos=start)
    for share in (0.5, 1.0):
        way = QPoint(round(2 * share * grip.across), round(-share * grip.down))
        qtbot.mouseMove(made.plot.sheet, start + way)
    qtbot.mouseRelease(made.plot.sheet, Qt.MouseButton.LeftButton, pos=start + way)
    moved = np.roll(np.arange(20).reshape(4, 5), (-1, 2), axis=(0, 1))
    assert made.units == moved.ravel().tolist()
    assert asked == []
    made.plot.sheet.show_picture(replace(made.prepared.picture, links=((made.plot.sheet.rect(), "a link"),)))
    qtbot.mouseClick(made.plot.sheet, Qt.MouseButton.LeftButton, pos=start)
    assert asked == ["a link"]
    qtbot.mouseMove(made.plot.sheet, start)
    assert made.units == moved.ravel().tolist()


def test_what_has_been_moved_shows_the_same_units_in_every_panel(shown: Callable[..., Map]) -> None:
    made = shown(toroidal=True)
    made.choose(OVERVIEW)
    made.plot.cut.down, made.plot.cut.right = 2, 3
    made.redraw()
    corner: dict[str, int] = {}
    for grip in made.prepared.grips[:4]:
        inside = [(place, words) for place, words in made.prepared.picture.spots if grip.place.contains(place)]
        place, words = min(inside, key=lambda spot: (spot[0].top(), spot[0].left()))
        corner[str(place)] = int(words.split()[1])
    assert len(corner) == 4
    assert set(corner.values()) == {2 * 5 + 3}


def test_a_map_with_borders_stays_where_it_is(shown: Callable[..., Map], qtbot: QtBot) -> None:
    made = shown(toroidal=False)
    made.choose("U-matrix")
    n_drawn = made.n_drawn
    qtbot.keyClick(made.plot.scroll, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    start = made.prepared.grips[0].place.center()
    qtbot.mousePress(made.plot.sheet, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(made.plot.sheet, start + QPoint(60, 60))
    qtbot.mouseRelease(made.plot.sheet, Qt.MouseButton.LeftButton, pos=start + QPoint(60, 60))
    assert made.n_drawn == n_drawn
    assert made.units == list(range(20))


def test_every_control_over_the_map_has_a_name_and_is_reached_by_keys(shown: Callable[..., Map]) -> None:
    made = shown()
    head = made.plot.head
    for control in (head.choice, head.search, head.order):
        assert control.accessibleName()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
