"""Figures from the window: the dialog, its preview and what it remembers; what is exported is what is seen; icons."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QComboBox, QMenu
from pytestqt.qtbot import QtBot

from workbench.data import guess
from workbench.desktop import icons
from workbench.desktop.actions import ACTIONS
from workbench.desktop.background import Background
from workbench.desktop.figure_dialog import FigureDialog, Seen
from workbench.desktop.settings import Settings
from workbench.desktop.window import Window
from workbench.reports.figures import MM
from workbench.resources import resource_path
from workbench.session import Run
from workbench.views import VIEWS, scene_of, view

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def run(window: Window, flowers: Path, tmp_path: Path, wait: Wait) -> Run:
    """A finished run of a metric engine, its projection in front."""
    window.projects.create(tmp_path / "study.vqw")
    wait(lambda: window.session is not None)
    assert window.session is not None
    data = window.session.import_data(guess(flowers)).result(60)
    made = window.session.add_run(data, "GMLVQ", {"random_state": 0, "max_iter": 6})
    assert made.wait(120) == "finished"
    wait(lambda: window.tree.selected is not None)
    window.tree.select(made)
    wait(lambda: window.live.run is made)
    window.views.show_view("projection")
    front(window, wait)
    return made


def front(window: Window, wait: Wait) -> None:
    """Wait until the view in front is drawn."""
    wait(lambda: window.views.front is not None and not window.views.front.message and window.live.scene is not None)


def opened(window: Window, wait: Wait) -> FigureDialog:
    action = window.actions_by_name.by_name["export_figure"]
    assert action.isEnabled()
    action.trigger()
    dialog = window.figures.dialog
    assert dialog is not None
    wait(lambda: dialog.save.isEnabled() and not dialog.preview.pixmap().isNull())
    return dialog


def test_a_figure_is_set_up_previewed_written_and_its_choices_remembered(
    window: Window, run: Run, wait: Wait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = opened(window, wait)
    assert dialog.seen.view.name == "projection"
    dialog.form.setCurrentIndex(dialog.form.findData("svg"))
    dialog.unit.setCurrentText("cm")
    dialog.unit.activated.emit(1)
    assert dialog.width_field.value() == pytest.approx(8.5)
    dialog.width_field.setValue(12)
    dialog.height_field.setValue(10)
    dialog.titled.setChecked(True)
    dialog.title.setText("Flowers")
    dialog.legend.setChecked(False)
    wait(lambda: dialog.told.text() == "120 × 100 mm")
    path = tmp_path / "flowers.svg"
    monkeypatch.setattr("workbench.desktop.exporting.QFileDialog.getSaveFileName", lambda *_: (str(path), ""))
    dialog.accept()
    wait(path.exists)
    root = ET.parse(path).getroot()
    assert float(root.attrib["width"].removesuffix("pt")) == pytest.approx(120 / MM * 72, abs=0.01)
    words = {"".join(text.itertext()).strip() for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert "Flowers" in words
    assert "prototype" not in words  # of the legend
    for box in window.findChildren(QMenu):
        box.close()
    again = opened(window, wait)
    assert (again.form.currentData(), again.unit.currentText()) == ("svg", "cm")
    assert (again.width_field.value(), again.height_field.value()) == pytest.approx((12, 10))
    assert again.titled.isChecked()
    assert not again.legend.isChecked()
    again.reject()
    assert window.figures.dialog is None


def choose(choice: QComboBox, which: int) -> None:
    choice.setCurrentIndex(which)
    choice.activated.emit(which)


def test_what_is_exported_is_what_is_seen(window: Window, run: Run, wait: Wait) -> None:
    pane = window.views.front
    assert pane is not None
    plane = pane.plot.plane  # type: ignore[attr-defined]
    choose(plane, plane.findText("In the learned metric"))
    first = next(iter(run.snapshots()))
    assert run.latest is not None
    assert first.iteration != run.latest.iteration
    window.live.pin(first)
    wait(lambda: window.live.scene is not None and window.live.scene.snapshot is first and pane.shown is not None)
    dialog = opened(window, wait)
    wish = dialog.wish
    assert wish is not None
    assert wish.seen.scene.snapshot is first
    assert [shown.title for shown in wish.seen.data.planes] == ["In the learned metric"]
    dialog.reject()


def test_the_part_that_is_seen_is_exported_or_everything(window: Window, run: Run, wait: Wait) -> None:
    window.views.show_view("reject")
    wait(lambda: window.views.front is not None and window.views.front.view.name == "reject")
    front(window, wait)
    pane = window.views.front
    assert pane is not None
    head = pane.plot.head  # type: ignore[attr-defined]
    choose(head.choice, 1)
    wait(lambda: pane.shown is not None)
    dialog = opened(window, wait)
    assert dialog.wish is not None
    assert dialog.wish.page.part == pane.plot.part == head.choice.itemText(1)
    dialog.part.setCurrentIndex(1)
    assert dialog.wish is not None
    assert dialog.wish.page.part == ""
    dialog.reject()


def test_a_choice_that_is_asked_for_is_no_part(window: Window, run: Run, wait: Wait) -> None:
    assert window.session is not None
    other = window.session.add_run(run.dataset, "KMeans", {"n_clusters": 3, "random_state": 0, "max_iter": 3})
    assert other.wait(60) == "finished"
    third = window.session.add_run(run.dataset, "KMeans", {"n_clusters": 2, "random_state": 0, "max_iter": 3})
    assert third.wait(60) == "finished"
    window.tree.select(other)
    window.views.show_view("comparison")
    pane = next(pane for pane in window.views.panes if pane.view.name == "comparison")
    wait(lambda: pane is window.views.front and not pane.message)
    choice = pane.plot.head.choice  # type: ignore[attr-defined]
    choose(choice, choice.findText(third.name))
    wait(lambda: pane.shown is not None)
    window.figures.export()
    dialog = window.figures.dialog
    assert dialog is not None
    assert pane.plot.part == ""
    assert dialog.seen.data.second.name == third.name
    dialog.reject()


def test_too_small_a_figure_is_told_and_cannot_be_written(window: Window, run: Run, wait: Wait) -> None:
    dialog = opened(window, wait)
    dialog.height_field.setValue(1)
    wait(lambda: "too little room" in dialog.preview.text() or "from 20 to 1200" in dialog.preview.text())
    assert not dialog.save.isEnabled()
    dialog.reject()


def test_each_view_has_a_menu_of_its_own(window: Window, run: Run, wait: Wait) -> None:
    pane = window.views.front
    assert pane is not None
    pane.customContextMenuRequested.emit(QPoint(5, 5))
    menu = next(menu for menu in pane.findChildren(QMenu) if menu.isVisible())
    names = [action.text() for action in menu.actions()]
    assert names == ["Copy picture", "Export figure…"]
    menu.actions()[-1].trigger()
    menu.close()
    assert window.figures.dialog is not None
    window.figures.dialog.reject()


def test_named_sizes_set_lengths_and_lengths_name_the_size(qtbot: QtBot, settings: Settings, run: Run) -> None:
    scene = scene_of(run)
    assert scene is not None
    background = Background()
    dialog = FigureDialog(background, settings, Seen(view("curves"), scene, ""))
    qtbot.addWidget(dialog)
    dialog.size.setCurrentIndex(2)
    dialog.size.activated.emit(2)
    assert (dialog.width_field.value(), dialog.height_field.value()) == pytest.approx((254.0, 142.9), abs=0.06)
    dialog.width_field.setValue(100)
    assert dialog.size.currentText() == "Other"
    dialog.width_field.setValue(85)
    dialog.height_field.setValue(0)
    assert dialog.size.currentText() == "One column"
    background.close()


def test_every_action_and_every_view_has_an_icon_of_one_style() -> None:
    names = [action.icon for action in ACTIONS]
    assert max(Counter(names).values()) == 1
    for name in (*names, *(shown.name for shown in VIEWS)):
        assert icons.exists(name), name
        drawing = (resource_path("icons") / f"{name}.svg").read_text()
        root = ET.fromstring(drawing)
        assert root.attrib["viewBox"] == "0 0 24 24"
        assert root.attrib["stroke"] == "currentColor"
        assert "#" not in drawing  # no colour of its own: the theme's is put in
