"""Controls that go on in the next line: nothing overlaps, nothing is cut off, and no view keeps the window wide."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QMargins
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from workbench.desktop.flow import Flow, together
from workbench.desktop.plots.base import plot_for
from workbench.views import VIEWS

NARROWEST_WINDOW = 820
"""Pixels; less what stands beside the views at their narrowest, 445."""
BESIDE = 445


@pytest.fixture
def row(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    flow = Flow(made, QMargins(10, 5, 10, 5))
    for words in ("one", "a longer one", "two", "the longest of all of them", "end"):
        flow.addWidget(QPushButton(words))
    flow.addWidget(together(QPushButton("left"), QPushButton("right")))
    made.show()
    return made


@pytest.mark.parametrize("share", [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5])
def test_controls_are_all_inside_and_none_lies_on_another(row: QWidget, share: float) -> None:
    layout = row.layout()
    assert layout is not None
    narrow, wide = layout.minimumSize().width(), layout.sizeHint().width()
    width = narrow + round(share * (wide - narrow))
    row.resize(width, layout.heightForWidth(width))
    places = [widget.geometry() for widget in row.findChildren(QWidget) if widget.parentWidget() is row]
    assert len(places) == 6
    inner = row.rect().marginsRemoved(QMargins(10, 5, 10, 5))
    assert all(inner.contains(place) for place in places)
    assert not any(a.intersects(b) for a, b in itertools.combinations(places, 2))
    assert (len({place.center().y() for place in places}) == 1) == (share >= 1)


def test_the_fewer_lines_the_lower(row: QWidget) -> None:
    layout = row.layout()
    assert layout is not None
    heights = [layout.heightForWidth(width) for width in range(200, 900, 20)]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] > heights[-1]
    assert heights[-1] == layout.sizeHint().height()


def test_hidden_controls_take_no_room_and_a_taken_one_is_gone(row: QWidget) -> None:
    layout = row.layout()
    assert layout is not None
    before = layout.sizeHint().width()
    first = layout.itemAt(0)
    assert first is not None
    widget = first.widget()
    assert widget is not None
    widget.hide()
    assert layout.sizeHint().width() < before
    assert layout.takeAt(0) is first
    assert layout.count() == 5
    assert layout.takeAt(9) is None
    assert layout.itemAt(-1) is None


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_no_view_keeps_the_window_from_being_narrow(view, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    plot = plot_for(view)
    qtbot.addWidget(plot)
    plot.show()
    assert plot.minimumSizeHint().width() <= NARROWEST_WINDOW - BESIDE
