"""One selection for all views, both ways: what is picked in one view shows in the others, and can be named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from desktop_help import of
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot

from workbench.desktop.plots.base import Plot
from workbench.desktop.plots.painted import PaintedPlot, beside
from workbench.desktop.plots.plane import PlanePlot
from workbench.desktop.plots.table import TablePlot
from workbench.desktop.window import Window
from workbench.session import Dataset, Run
from workbench.views import scene_of
from workbench.views.picking import Pick
from workbench.views.planes import place_in

Wait = Callable[[Callable[[], bool]], None]
NONE = Qt.KeyboardModifier.NoModifier
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def run(window: Window, data: Dataset, wait: Wait) -> Run:
    """A finished GMLVQ on them, shown."""
    session = of(window)
    made = session.add_run(data, "GMLVQ", {"max_iter": 5, "random_state": 0})
    wait(lambda: made.status == "finished" and made.id in session.runs)
    wait(lambda: made.id in [thing.id for thing in window.tree.things()])
    window.tree.select(made)
    wait(lambda: window.live.run is made)
    return made


def show(window: Window, name: str, wait: Wait) -> Plot:
    """Bring a view to the front, and wait until it is drawn with what is picked."""
    window.views.show_view(name)
    settle(window, wait)
    return next(pane.plot for pane in window.views.panes if pane.view.name == name)


def settle(window: Window, wait: Wait) -> None:
    """Wait until what is picked is looked up, and drawn."""
    session = window.session
    assert session is not None
    wait(lambda: not window.picking.busy)
    version = session.selection.version
    wait(lambda: all(p.marked == version and p.shown is not None for p in window.views.visible_panes()))
    wait(lambda: bool(window.views.visible_panes()))


def rows(window: Window) -> list[int]:
    assert window.picking.rows is not None
    return window.picking.rows.rows.tolist()


def click(qtbot: QtBot, plot: PaintedPlot, place: QPoint, keys: Qt.KeyboardModifier = NONE) -> None:
    qtbot.mouseClick(plot.sheet, Qt.MouseButton.LeftButton, keys, place)


def test_a_prototype_clicked_in_the_gallery_is_picked_with_its_rows_and_shown_everywhere(
    window: Window, run: Run, qtbot: QtBot, wait: Wait
) -> None:
    gallery = show(window, "prototypes", wait)
    assert isinstance(gallery, PaintedPlot)
    links = gallery.sheet.links
    assert [what.prototypes for _, what in links] == [(0,), (1,), (2,)]
    click(qtbot, gallery, links[1][0].center())
    wait(lambda: window.picking.prototypes == (1,))
    settle(window, wait)
    won = run.model().encode(run.dataset.rows().read(0, run.dataset.n_rows))
    assert rows(window) == np.flatnonzero(won == 1).tolist()
    wait(lambda: f"{len(rows(window))} rows · 1 prototype picked" in window.status.picked.text())
    assert gallery.sheet.framed == [links[1][0]]

    plane = show(window, "projection", wait)
    assert isinstance(plane, PlanePlot)
    assert plane.picked_rows.isVisible()
    assert plane.rows.opacity() < 1
    assert len(plane.picked_prototypes.data) == 1
    table = show(window, "table", wait)
    assert isinstance(table, TablePlot)
    assert [line for line in range(120) if table.model.is_picked(line)] == rows(window)

    gallery = show(window, "prototypes", wait)
    assert isinstance(gallery, PaintedPlot)
    click(qtbot, gallery, links[2][0].center(), CTRL)
    wait(lambda: window.picking.prototypes == (1, 2))
    click(qtbot, gallery, links[1][0].center(), CTRL)
    wait(lambda: window.picking.prototypes == (2,))
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    wait(lambda: not window.picking.words)
    settle(window, wait)
    assert gallery.sheet.framed == []


def test_an_outline_in_the_plane_picks_rows_and_a_click_picks_one(
    window: Window, run: Run, qtbot: QtBot, wait: Wait
) -> None:
    plane = show(window, "projection", wait)
    assert isinstance(plane, PlanePlot)
    left, right, bottom, top = (*plane.box.viewRange()[0], *plane.box.viewRange()[1])
    middle = (left + right) / 2
    plane.tools.buttons["rectangle"].click()
    assert plane.box.tool == "rectangle"
    corners = np.array([[left, bottom], [middle, bottom], [middle, top], [left, top]])
    plane.box.outlined.emit(corners)
    wait(lambda: bool(window.picking.words))
    settle(window, wait)
    scene = scene_of(run)
    assert scene is not None
    points = place_in(scene, "pca", (0, 1))(np.asarray(scene.sample.X))
    assert rows(window) == np.flatnonzero(points[:, 0] < middle).tolist()
    place = points[7]
    plane.box.clicked.emit(QPointF(*place))
    wait(lambda: window.picking.rows is not None and len(window.picking.rows) == 1)
    assert np.allclose(points[rows(window)[0]], place)


@pytest.mark.parametrize(("engine", "view"), [("KMeans", "energy"), ("GaussianMixture", "mixture"), ("SOM", "som")])
def test_views_of_other_engines_mark_what_is_picked_too(
    window: Window, data: Dataset, wait: Wait, engine: str, view: str
) -> None:
    session = of(window)
    made = session.add_run(data, engine, {"max_iter": 3, "random_state": 0})
    wait(lambda: made.status == "finished" and made.id in [thing.id for thing in window.tree.things()])
    window.tree.select(made)
    plot = show(window, view, wait)
    wait(lambda: window.live.looker.fitting >= {view})
    settle(window, wait)
    window.picking.pick(Pick(prototypes=(0,)))
    wait(lambda: window.picking.prototypes == (0,))
    settle(window, wait)
    if isinstance(plot, PlanePlot):
        assert len(plot.picked_prototypes.data) == 1
    else:
        assert isinstance(plot, PaintedPlot)
        assert plot.sheet.framed


def test_rows_that_are_picked_show_in_the_gallery_by_the_prototypes_that_win_them(
    window: Window, run: Run, wait: Wait
) -> None:
    gallery = show(window, "prototypes", wait)
    assert isinstance(gallery, PaintedPlot)
    won = np.asarray(run.model().encode(run.dataset.rows().read(0, run.dataset.n_rows)))
    rows_of_two = np.concatenate([np.flatnonzero(won == 0)[:20], np.flatnonzero(won == 2)[:5]])
    window.picking.pick(Pick(rows=tuple(rows_of_two.tolist())))
    settle(window, wait)
    places = {what.prototypes[0]: place for place, what in gallery.sheet.links if isinstance(what, Pick)}
    assert gallery.sheet.shares == [(places[0], 1.0), (places[2], 0.25)]
    assert gallery.sheet.framed == []
    window.picking.pick(Pick(prototypes=(1,)))
    settle(window, wait)
    assert gallery.sheet.shares == []


def test_dragging_with_the_mouse_draws_the_outline(window: Window, run: Run, qtbot: QtBot, wait: Wait) -> None:
    plane = show(window, "projection", wait)
    assert isinstance(plane, PlanePlot)
    drawn: list[object] = []
    plane.box.outlined.connect(drawn.append)
    for tool, n_least in (("rectangle", 4), ("lasso", 3)):
        plane.tools.buttons[tool].click()
        box = plane.box.sceneBoundingRect()
        view, port = plane.canvas, plane.canvas.viewport()
        corners = [(0.2, 0.2), (0.5, 0.2), (0.8, 0.5), (0.8, 0.8), (0.5, 0.9)]
        places = [view.mapFromScene(box.left() + x * box.width(), box.top() + y * box.height()) for x, y in corners]
        qtbot.mousePress(port, Qt.MouseButton.LeftButton, NONE, places[0])
        for place in places[1:]:
            qtbot.mouseMove(port, place)
            qtbot.wait(20)
        qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, NONE, places[-1])
        wait(lambda: bool(drawn))
        assert np.shape(drawn.pop())[0] >= n_least
        drawn.clear()


def test_a_cell_of_the_confusion_and_a_feature_of_the_metric_are_picked(
    window: Window, run: Run, qtbot: QtBot, wait: Wait
) -> None:
    confusion = show(window, "confusion", wait)
    assert isinstance(confusion, PaintedPlot)
    click(qtbot, confusion, confusion.sheet.links[0][0].center())
    wait(lambda: bool(window.picking.words))
    codes = np.asarray(run.dataset.codes)
    assert (codes[rows(window)] == 0).all()
    show(window, "relevance", wait)
    window.picking.pick(Pick(features=(2,)))
    settle(window, wait)
    assert window.session is not None
    assert window.session.selection.features(run.dataset.id) == {2}


def test_rows_are_picked_in_the_table_with_keys_and_the_table_shows_picked_ones_alone(
    window: Window, run: Run, qtbot: QtBot, wait: Wait
) -> None:
    table = show(window, "table", wait)
    assert isinstance(table, TablePlot)
    wait(lambda: table.model.rowCount() == 120)
    table.table.setCurrentIndex(table.model.index(4, 0))
    qtbot.keyClick(table.table, Qt.Key.Key_Space)
    wait(lambda: window.picking.words == "1 row picked")
    table.table.setCurrentIndex(table.model.index(8, 0))
    qtbot.keyClick(table.table, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    wait(lambda: window.picking.words == "5 rows picked")
    assert rows(window) == [4, 5, 6, 7, 8]
    table.only.setChecked(True)
    wait(lambda: table.model.rowCount() == 5)
    assert [table.model.index(line, 0).data() for line in range(5)] == ["5", "6", "7", "8", "9"]
    table.table.horizontalHeader().sectionClicked.emit(3)
    settle(window, wait)
    wait(lambda: table.table.horizontalHeader().isSortIndicatorShown())


def test_a_named_subset_is_in_the_tree_combines_with_what_is_picked_and_can_be_undone(
    window: Window, run: Run, qtbot: QtBot, wait: Wait
) -> None:
    session = window.session
    assert session is not None
    show(window, "table", wait)
    window.picking.pick(Pick(rows=(1, 2, 3)))
    settle(window, wait)
    wait(lambda: window.actions_by_name.by_name["name_subset"].isEnabled())
    window.actions_by_name.by_name["name_subset"].trigger()
    dialog = window.findChild(QInputDialog)
    assert dialog is not None
    dialog.setTextValue("odd ones")
    dialog.accept()
    wait(lambda: [s.name for s in session.subsets.values()] == ["odd ones"])
    subset = next(iter(session.subsets.values()))
    wait(lambda: subset.id in [thing.id for thing in window.tree.things()])
    window.picking.pick(Pick(rows=(3, 4)))
    settle(window, wait)
    window.tree.select(subset)
    wait(lambda: rows(window) == [1, 2, 3])
    assert window.live.run is run
    window.picking.pick(Pick(rows=(3, 4)))
    settle(window, wait)
    for name, wanted in (("subset_and", [3]), ("subset_or", [1, 2, 3]), ("subset_not", [])):
        wait(lambda name=name: window.actions_by_name.by_name[name].isEnabled())
        window.actions_by_name.by_name[name].trigger()
        assert rows(window) == wanted
    window.actions_by_name.by_name["pick_all"].trigger()
    assert rows(window) == list(range(120))
    window.actions_by_name.by_name["pick_invert"].trigger()
    assert rows(window) == []
    session.undo()
    wait(lambda: subset.id not in [thing.id for thing in window.tree.things()])


def test_data_are_explored_before_anything_is_learned(window: Window, data: Dataset, wait: Wait) -> None:
    wait(lambda: data.id in [thing.id for thing in window.tree.things()])
    window.tree.select(data)
    wait(lambda: window.live.shown is data)
    plane = show(window, "projection", wait)
    assert isinstance(plane, PlanePlot)
    window.picking.pick(Pick(rows=tuple(range(40))))
    settle(window, wait)
    assert plane.picked_rows.isVisible()
    picked = show(window, "picked", wait)
    assert "40 rows picked" in picked.accessibleDescription()
    show(window, "curves", wait)
    pane = next(pane for pane in window.views.panes if pane.view.name == "curves")
    assert pane.message.startswith("Train a run to see it here")


def test_the_what_if_slider_moves_the_prototype(window: Window, run: Run, wait: Wait) -> None:
    plot = show(window, "closely", wait)
    assert isinstance(plot, PaintedPlot)
    assert "Click a prototype" in plot.accessibleDescription()
    assert not plot.slider.isVisible()  # type: ignore[attr-defined]
    window.picking.pick(Pick(prototypes=(0,)))
    settle(window, wait)
    wait(lambda: "prototype 0" in plot.accessibleDescription())
    assert plot.slider.isVisible()  # type: ignore[attr-defined]
    assert "still its own" in plot.accessibleDescription()
    plot.slider.setValue(plot.slider.maximum())  # type: ignore[attr-defined]
    settle(window, wait)
    wait(lambda: plot.asked != "" and "step=3" in plot.asked)


def test_what_is_picked_is_forgotten_with_the_project(window: Window, run: Run, tmp_path: Path, wait: Wait) -> None:
    show(window, "table", wait)
    window.picking.pick(Pick(rows=(1,)))
    settle(window, wait)
    window.projects.close()
    wait(lambda: window.session is None)
    assert window.picking.words == ""
    window.picking.pick(Pick(rows=(1,)))
    assert not window.picking.busy


def test_arrow_keys_go_straight_ahead() -> None:
    places = [QRect(50 * (k % 4), 50 * (k // 4), 40, 40) for k in range(12)]
    for at in range(12):
        assert beside(places, at, 1, 0) == (at if at % 4 == 3 else at + 1)
        assert beside(places, at, -1, 0) == (at if at % 4 == 0 else at - 1)
        assert beside(places, at, 0, 1) == (at if at >= 8 else at + 4)
        assert beside(places, at, 0, -1) == (at if at < 4 else at - 4)


def test_a_pick_alone_makes_no_picture_anew(window: Window, run: Run, wait: Wait, monkeypatch) -> None:
    plane = show(window, "projection", wait)
    assert isinstance(plane, PlanePlot)
    wait(lambda: not plane.settling)
    settle(window, wait)
    made: list[object] = []
    before = type(plane).prepare
    monkeypatch.setattr(plane, "prepare", lambda *given: made.append(given) or before(plane, *given))
    window.picking.pick(Pick(prototypes=(1,)))
    settle(window, wait)
    assert not made
    assert plane.picked_rows.isVisible()
