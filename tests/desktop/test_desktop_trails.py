"""Trails and picked features in the window: prototypes show where they were, two picked features are a plane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from desktop_help import of
from PySide6.QtCore import QPoint, QRect, Qt
from pytestqt.qtbot import QtBot

from tests.views.trained import trained_with
from workbench.desktop.plots.base import plot_for
from workbench.desktop.plots.projection import ProjectionPlot
from workbench.desktop.plots.som import OVERVIEW, SomPlot
from workbench.desktop.window import Window
from workbench.session import Dataset, Run, Selection
from workbench.views import Scene, scene_of, theme, view
from workbench.views.picking import Pick, apply, picked_of
from workbench.views.planes import place_in
from workbench.views.projection import PICKED, Asked
from workbench.views.som_panels import main_panels
from workbench.views.when import When

Wait = Callable[[Callable[[], bool]], None]
LEFT = Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier


def show(window: Window, run: Run, wait: Wait) -> ProjectionPlot:
    """The projection of the run, in front and drawn."""
    wait(lambda: run.id in [thing.id for thing in window.tree.things()])
    window.tree.select(run)
    wait(lambda: window.live.run is run)
    window.views.show_view("projection")
    plot = next(pane.plot for pane in window.views.panes if pane.view.name == "projection")
    assert isinstance(plot, ProjectionPlot)
    settle(window, wait)
    return plot


def settle(window: Window, wait: Wait) -> None:
    """Wait until what is in front shows the newest of the run and of what is picked."""
    session, run = window.session, window.live.run
    assert session is not None
    assert run is not None
    wait(lambda: not window.picking.busy)
    pinned = None if window.live.pinned is None else window.live.pinned.iteration

    def is_drawn() -> bool:
        panes, version = window.views.visible_panes(), session.selection.version
        return bool(panes) and all(
            pane.marked == version
            and pane.shown is not None
            and (pane.shown.shown, pane.shown.sequence, pane.shown.iteration) == (run.id, run.sequence, pinned)
            for pane in panes
        )

    wait(is_drawn)


def pieces(plot: ProjectionPlot) -> int:
    """How many pieces of trails are drawn."""
    return sum(len(curve.getData()[0]) // 2 if curve.getData()[0] is not None else 0 for curve in plot.trails)


def ends(plot: ProjectionPlot) -> set[tuple[float, float]]:
    """Where pieces of trails begin or end."""
    data = [np.column_stack(curve.getData()) for curve in plot.trails if curve.getData()[0] is not None]
    return {(float(x), float(y)) for x, y in np.concatenate(data).round(9)}


def test_prototypes_leave_trails_that_end_at_the_moment_shown(
    window: Window, data: Dataset, qtbot: QtBot, wait: Wait
) -> None:
    session = of(window)
    run = session.add_run(data, "GMLVQ", {"max_iter": 6, "tol": 0.0, "random_state": 0})
    wait(lambda: run.status == "finished")
    plot = show(window, run, wait)
    recorded = run.snapshots()
    assert plot.trailing.isVisible()
    assert plot.trailing.isChecked()
    scene = scene_of(run)
    assert scene is not None
    place = place_in(scene, "pca", (0, 1))
    places = np.array([place(np.asarray(s.arrays["prototypes"])) for s in recorded]).round(9)
    assert pieces(plot) == 3 * (len(recorded) - 1)
    assert ends(plot) == {(float(x), float(y)) for x, y in places.reshape(-1, 2)}
    window.timeline.wanted.emit(When(recorded[3].iteration))
    wait(lambda: window.live.pinned is not None)
    settle(window, wait)
    assert pieces(plot) == 3 * 3
    assert ends(plot) == {(float(x), float(y)) for x, y in places[:4].reshape(-1, 2)}
    window.timeline.wanted.emit(None)
    wait(lambda: window.live.pinned is None)
    settle(window, wait)
    assert pieces(plot) == 3 * (len(recorded) - 1)
    window.picking.pick(Pick(prototypes=(1,)))
    settle(window, wait)
    assert len(plot.picked_trails.getData()[0]) == 2 * (len(recorded) - 1)


def test_trails_are_switched_by_keys_and_stay_so_in_other_planes_and_figures(
    window: Window, data: Dataset, qtbot: QtBot, wait: Wait
) -> None:
    session = of(window)
    run = session.add_run(data, "GMLVQ", {"max_iter": 3, "random_state": 0})
    wait(lambda: run.status == "finished")
    plot = show(window, run, wait)
    assert plot.trailing.accessibleName()
    assert plot.trailing.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert pieces(plot)
    qtbot.keyClick(plot.trailing, Qt.Key.Key_Space)
    wait(lambda: not pieces(plot))
    assert not plot.trailing.isChecked()
    plot.plane.setCurrentIndex(plot.plane.findText("In the learned metric"))
    plot.plane.activated.emit(plot.plane.currentIndex())
    wait(lambda: "Λ" in plot.item.getAxis("left").labelText)
    assert not pieces(plot)
    seen = window.figures._seen(window.views.front)
    assert seen is not None
    assert seen.data.has_trails is False
    qtbot.keyClick(plot.trailing, Qt.Key.Key_Space)
    wait(lambda: pieces(plot) > 0)
    assert "Λ" in plot.item.getAxis("left").labelText


def test_the_trail_of_a_run_grows_while_it_learns(window: Window, data: Dataset, wait: Wait) -> None:
    session = of(window)
    run = session.add_run(data, "GMLVQ", {"max_iter": 9, "tol": 0.0, "random_state": 0}, paused=True)
    run.step()
    wait(lambda: run.sequence == 1)
    plot = show(window, run, wait)
    for n in range(2, 5):
        run.step()
        wait(lambda n=n: run.sequence == n and run.status == "paused")  # type: ignore[misc]
        settle(window, wait)
        assert pieces(plot) == 3 * (n - 1)
    run.stop()


def test_data_alone_have_no_trails(window: Window, data: Dataset, wait: Wait) -> None:
    wait(lambda: data.id in [thing.id for thing in window.tree.things()])
    window.tree.select(data)
    wait(lambda: window.live.shown is data)
    window.views.show_view("projection")
    pane = next(pane for pane in window.views.panes if pane.view.name == "projection")
    wait(lambda: pane.shown is not None)
    assert isinstance(pane.plot, ProjectionPlot)
    assert not pane.plot.trailing.isVisible()


def test_the_plane_of_picked_features_follows_what_is_picked(window: Window, data: Dataset, wait: Wait) -> None:
    session = of(window)
    run = session.add_run(data, "GMLVQ", {"max_iter": 3, "random_state": 0})
    wait(lambda: run.status == "finished")
    plot = show(window, run, wait)

    def axes() -> tuple[str, str]:
        return plot.item.getAxis("bottom").labelText, plot.item.getAxis("left").labelText

    before = axes()
    window.picking.pick(Pick(features=(1, 3)))
    settle(window, wait)
    assert axes() == before
    wait(lambda: "2 features picked" in window.status.picked.text())
    plot.plane.setCurrentIndex(plot.plane.findText("Picked features"))
    plot.plane.activated.emit(plot.plane.currentIndex())
    wait(lambda: axes() == ("width", "weight"))
    assert not plot.across.isVisible()
    window.picking.pick(Pick(features=(0, 2)))
    wait(lambda: axes() == ("length", "height"))
    wait(lambda: plot._layout is not None and plot._layout.features == (0, 2))
    X = data.raw.read(0, data.n_rows)
    assert plot._layout is not None
    np.testing.assert_allclose(plot._layout.points, X[:, [0, 2]], atol=1e-4)
    assert plot.plane.currentText() == "Picked features"
    window.picking.pick(Pick(features=(0,), how="not"))
    wait(lambda: "height" in axes() and "length" not in axes())
    window.picking.clear()
    wait(lambda: "no feature is picked" in plot.head.words.text())
    assert Asked.parse(plot.asked, 4).plane == PICKED


class Shown:
    """A map that is marked with what it has emitted, as the window does."""

    def __init__(self, qtbot: QtBot, scene: Scene) -> None:
        plot = plot_for(view("som"))
        assert isinstance(plot, SomPlot)
        self.plot, self.scene, self.selection = plot, scene, Selection()
        self.picks: list[Pick] = []
        qtbot.addWidget(plot)
        plot.resize(900, 800)
        plot.show()
        plot.picked.connect(self.take)
        plot.stale.connect(self.redraw)
        self.redraw()

    def redraw(self) -> None:
        self.data = view("som").compute(self.scene)
        self.prepared = self.plot.prepare(self.data, theme("light"))
        self.plot.draw(self.prepared)

    def take(self, pick: Pick) -> None:
        self.picks.append(pick)
        apply(pick, self.selection, "r", "d", self.scene)
        marks = picked_of(self.selection, "r", "d", self.scene)
        self.plot.mark(self.plot.prepare_marks(self.data, marks, theme("light")))

    def place(self, feature: int) -> QRect:
        return next(r for r, what in self.plot.sheet.links if isinstance(what, Pick) and what.features == (feature,))

    @property
    def picked(self) -> frozenset[int]:
        return self.selection.features("d")


@pytest.mark.parametrize("toroidal", [False, True])
def test_a_click_on_a_component_plane_picks_its_feature_and_the_tile_is_framed(qtbot: QtBot, toroidal: bool) -> None:
    made = Shown(qtbot, trained_with("SOM", "iris", {"shape": (4, 5), "toroidal": toroidal}))
    sheet = made.plot.sheet
    title = made.place(2).topLeft() + QPoint(10, 8)
    qtbot.mouseClick(sheet, LEFT, pos=title)
    assert made.picked == {2}
    assert sheet.framed == [made.place(2)]
    qtbot.mouseClick(sheet, LEFT, CTRL, made.place(0).center())
    assert made.picked == {0, 2}
    assert set(map(QRect.getRect, sheet.framed)) == {made.place(k).getRect() for k in (0, 2)}
    qtbot.mouseClick(sheet, LEFT, CTRL, made.place(0).center())
    assert made.picked == {2}
    unit = next(r for r, what in sheet.links if isinstance(what, Pick) and what.prototypes == (7,))
    qtbot.mouseClick(sheet, LEFT, pos=unit.center())
    assert made.selection.prototypes("r") == {7}
    assert made.picked == {2}
    if toroidal:
        n = len(made.picks)
        start = made.place(1).center()
        qtbot.mousePress(sheet, LEFT, pos=start)
        qtbot.mouseMove(sheet, start + QPoint(40, 0))
        qtbot.mouseRelease(sheet, LEFT, pos=start + QPoint(40, 0))
        assert len(made.picks) == n


def test_every_tile_picks_the_feature_whose_name_it_bears_by_keys_too(qtbot: QtBot) -> None:
    made = Shown(qtbot, trained_with("SOM", "iris", {"shape": (4, 5)}))
    titles = {
        rect.getRect(): words for rect, words in made.prepared.picture.spots if "Click to pick the feature" in words
    }
    for feature, name in enumerate(made.scene.original_names):
        assert titles[made.place(feature).getRect()].startswith(name)
    reached: list[QRect] = []
    made.plot.sheet.reached.connect(reached.append)
    for _ in range(12):
        qtbot.keyClick(made.plot.sheet, Qt.Key.Key_Down)
    qtbot.keyClick(made.plot.sheet, Qt.Key.Key_Space)
    (feature,) = made.picked
    assert made.place(feature) == reached[-1]


def test_the_title_of_a_plane_that_is_shown_alone_picks_its_feature_and_its_cells_pick_units(qtbot: QtBot) -> None:
    made = Shown(qtbot, trained_with("SOM", "iris", {"shape": (4, 5)}))
    made.plot.head.chosen = "petal length"
    made.redraw()
    (feature,) = [what for _, what in made.plot.sheet.links if isinstance(what, Pick) and what.features]
    assert feature.features == (2,)
    qtbot.mouseClick(made.plot.sheet, LEFT, pos=made.place(2).center())
    assert made.picked == {2}
    assert made.plot.sheet.framed == [made.place(2)]
    for rect, what in made.plot.sheet.links:
        if isinstance(what, Pick) and what.prototypes:
            assert not rect.intersects(made.place(2).adjusted(0, 0, 0, -2))
    made.plot.head.chosen = main_panels(made.data)[0]
    made.redraw()
    assert not [what for _, what in made.plot.sheet.links if isinstance(what, Pick) and what.features]


def test_features_that_a_recipe_has_made_others_of_cannot_be_picked_on_the_map(qtbot: QtBot) -> None:
    scene = trained_with("SOM", "iris", {"shape": (4, 5)})
    names = tuple(f"component {k + 1}" for k in range(4))
    made = Shown(qtbot, replace(scene, feature_names=names))
    assert made.plot.head.chosen in ("", OVERVIEW)
    assert made.plot.sheet.links
    assert not [what for _, what in made.plot.sheet.links if isinstance(what, Pick) and what.features]


def test_a_bar_of_a_contribution_picks_its_feature(qtbot: QtBot) -> None:
    scene = trained_with("GMLVQ", "iris", {})
    plot = plot_for(view("contributions"))
    qtbot.addWidget(plot)
    plot.resize(800, 600)
    plot.show()
    data = view("contributions").compute(scene)
    plot.head.chosen = data.rows[0].why  # type: ignore[attr-defined]
    plot.draw(plot.prepare(data, theme("light")))
    picks: list[Pick] = []
    plot.picked.connect(picks.append)
    links = plot.sheet.links  # type: ignore[attr-defined]
    assert [what.features[0] for _, what in links] == data.rows[0].order.tolist()
    qtbot.mouseClick(plot.sheet, LEFT, pos=links[1][0].center())  # type: ignore[attr-defined]
    assert [pick.features for pick in picks] == [(int(data.rows[0].order[1]),)]
