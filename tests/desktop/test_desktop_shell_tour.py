"""The tour: it points at real parts, by keys and at any size, comes once, and leaves the window as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from workbench.desktop.tour import Tour
from workbench.desktop.window import Window
from workbench.resources import sample_projects

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def tour(window: Window) -> Tour:
    """The tour at a first start."""
    window.shell.start(None, [])
    assert window.shell.tour is not None
    return window.shell.tour


def parts_of(tour: Tour) -> list[QRect]:
    """Where the parts are that are spoken of, as seen on the way."""
    found = []
    for at in range(len(tour._steps)):
        tour.go(at)
        QApplication.processEvents()
        found.append(QRect(tour.light))
    return found


def test_it_has_five_to_seven_steps_that_fall_on_their_parts(tour: Tour, window: Window) -> None:
    assert 5 <= len(tour._steps) <= 7
    lights = parts_of(tour)
    assert not any(light.isEmpty() for light in lights)
    for step, light in zip(tour._steps, lights, strict=True):
        part = step.part()
        assert part is not None
        place = QRect(window.mapFromGlobal(part.mapToGlobal(QPoint(0, 0))), part.size())
        assert light.contains(place.center())


@pytest.mark.parametrize("size", [(1600, 1000), (1100, 700), (700, 480)])
def test_the_card_lies_in_the_window_and_off_the_light_where_there_is_room(
    tour: Tour, window: Window, size: tuple[int, int]
) -> None:
    window.resize(*size)
    QApplication.processEvents()
    assert tour.size() == window.size()
    for at in range(len(tour._steps)):
        tour.go(at)
        QApplication.processEvents()
        card = tour.card.geometry()
        assert tour.rect().contains(card)
        assert card.height() >= tour.card.heightForWidth(card.width())
        assert not tour.light.intersects(window.statusBar().geometry().adjusted(0, 6, 0, 0))
        small = tour.light.width() + card.width() < tour.width() // 2
        assert not small or not card.intersects(tour.light)


def test_arrows_lead_on_and_back_and_escape_ends_it(tour: Tour, window: Window, qtbot: QtBot) -> None:
    qtbot.keyClick(tour.next, Qt.Key.Key_Right)
    qtbot.keyClick(tour.next, Qt.Key.Key_Right)
    assert tour.at == 2
    qtbot.keyClick(tour.next, Qt.Key.Key_Left)
    assert tour.at == 1
    qtbot.keyClick(tour.back, Qt.Key.Key_Return)
    assert tour.at == 0
    qtbot.keyClick(tour.next, Qt.Key.Key_Return)
    assert tour.at == 1
    assert tour.card.accessibleDescription()
    qtbot.keyClick(tour.next, Qt.Key.Key_Escape)
    assert window.shell.tour is None
    assert window.welcome.isVisible()
    assert not window.tree.isVisible()


def test_the_last_button_ends_it_and_no_start_gives_it_again(tour: Tour, window: Window, qtbot: QtBot) -> None:
    for _ in range(len(tour._steps)):
        qtbot.mouseClick(tour.next, Qt.MouseButton.LeftButton)
    assert window.shell.tour is None
    window.shell.start(None, [])
    assert window.shell.tour is None
    window.actions_by_name.by_name["tour"].trigger()
    assert window.shell.tour is not None


def test_tab_stays_on_the_card_and_shortcuts_of_the_window_rest(
    tour: Tour, window: Window, qtbot: QtBot, wait: Wait
) -> None:
    window.activateWindow()
    wait(window.isActiveWindow)
    seen = set()
    for _ in range(6):
        seen.add(QApplication.focusWidget())
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert seen == {tour.next, tour.skip}
    fired: list[bool] = []
    window.actions_by_name.by_name["about"].triggered.connect(lambda: fired.append(True))
    window.actions_by_name.set_shortcuts({"about": "Ctrl+Shift+Y"})
    qtbot.keyClick(tour.next, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert fired == []
    tour.end()
    qtbot.keyClick(window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert len(fired) == 1
    wait(lambda: window.shell.about is not None)


def test_with_a_project_open_it_leaves_out_the_welcome_page_and_the_project_open(
    window: Window, wait: Wait, tmp_path: Path
) -> None:
    window.projects.open_sample(sample_projects()["iris"])
    wait(lambda: window.session is not None)
    window.actions_by_name.by_name["tour"].trigger()
    tour = window.shell.tour
    assert tour is not None
    assert all(not light.isEmpty() for light in parts_of(tour))
    assert not window.welcome.isVisible()
    tour.end()
    assert window.tree.isVisible()


def test_a_hidden_panel_is_spoken_of_without_a_light(window: Window, wait: Wait) -> None:
    window.projects.open_sample(sample_projects()["iris"])
    wait(lambda: window.session is not None)
    window.actions_by_name.by_name["panel_bottom"].trigger()
    window.actions_by_name.by_name["tour"].trigger()
    tour = window.shell.tour
    assert tour is not None
    at = next(k for k, step in enumerate(tour._steps) if step.part() is window.timeline)
    tour.go(at)
    assert tour.light.isEmpty()
    assert tour.rect().contains(tour.card.geometry())


def test_a_window_that_is_closed_takes_the_tour_along(tour: Tour, window: Window, wait: Wait) -> None:
    window.close()
    wait(lambda: not window.isVisible())
    assert window.shell.tour is None
