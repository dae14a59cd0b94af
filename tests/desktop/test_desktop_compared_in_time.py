"""Two runs compared in time in the window: the timeline shows both, both follow it, and rows that moved are picked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from desktop_help import of
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from engines import Snapshot
from workbench.desktop.cost_curves import _Up
from workbench.desktop.plots.comparison import ComparisonPlot
from workbench.desktop.view_area import ViewPane
from workbench.desktop.window import Window
from workbench.session import Dataset, Run
from workbench.views import comparison
from workbench.views.picking import Pick

Wait = Callable[[Callable[[], bool]], None]


def finished(window: Window, data: Dataset, name: str, engine: str, **parameters: object) -> Run:
    made = of(window).add_run(data, engine, {"random_state": 0, **parameters}, name=name)
    assert made.wait(120) == "finished"
    return made


def two_runs(window: Window, data: Dataset, wait: Wait) -> tuple[Run, Run]:
    """A longer run, which is shown beside a shorter one."""
    short = finished(window, data, "short", "KMeans", n_clusters=4, max_iter=4, tol=0.0)
    long = finished(window, data, "long", "OnlineVQ", n_prototypes=5, max_iter=12)
    show(window, long, wait)
    wait(lambda: "beside short" in head(window))
    return long, short


def show(window: Window, run: Run, wait: Wait) -> None:
    wait(lambda: run.id in [thing.id for thing in window.tree.things()])
    window.tree.select(run)
    wait(lambda: window.live.run is run)
    window.views.show_view("comparison")


def pane(window: Window) -> ViewPane:
    return next(pane for pane in window.views.panes if pane.view.name == "comparison")


def plot(window: Window) -> ComparisonPlot:
    found = pane(window).plot
    assert isinstance(found, ComparisonPlot)
    return found


def head(window: Window) -> str:
    return "" if pane(window).message else plot(window).head.words.text()


def shows(window: Window, first: int, second: int) -> bool:
    """Whether view and timeline say that these iterations of both runs are compared."""
    told = plot(window).accessibleDescription()
    return (
        f"at iteration {second}, " in head(window)
        and f"at iteration {first} beside" in told
        and f"at iteration {second}." in told
        and f"iteration {first} " in window.timeline.figures.toolTip()
        and f"at iteration {second}" in window.timeline.figures.toolTip()
    )


def nearest(run: Run, at: float) -> Snapshot:
    return min(run.snapshots(), key=lambda snapshot: abs(snapshot.iteration - at))


def click(window: Window, qtbot: QtBot, at: float) -> None:
    """Click the timeline at a place of its axis."""
    curves = window.timeline.curves
    box = curves.item.getViewBox()
    height = sum(box.viewRange()[1]) / 2
    place = curves.mapFromScene(box.mapViewToScene(QPointF(at, height)))
    qtbot.mouseClick(curves.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_the_timeline_shows_the_costs_of_both_runs_while_they_are_compared(
    window: Window, data: Dataset, wait: Wait
) -> None:
    long, short = two_runs(window, data, wait)
    curves = window.timeline.curves
    wait(lambda: window.timeline.measure.isVisible())
    for curve, run in ((curves.first, long), (curves.second, short)):
        x, y = curve.getOriginalDataset()
        np.testing.assert_array_equal(x, run.history["iteration"])
        np.testing.assert_allclose(y, run.history["cost"])
    assert curves.first.opts["pen"].style() != curves.second.opts["pen"].style()
    assert [label.text for _, label in curves._legend.items] == ["long", "short"]
    assert curves.accessibleDescription() == "The cost of long and short"
    window.views.show_view("projection")
    wait(lambda: not window.timeline.measure.isVisible())
    assert curves.second.getOriginalDataset()[0] is None or not len(curves.second.getOriginalDataset()[0])
    window.views.show_view("comparison")
    wait(lambda: window.timeline.measure.isVisible())
    np.testing.assert_array_equal(curves.second.getOriginalDataset()[0], short.history["iteration"])


@pytest.mark.parametrize("at", [1, 3])
def test_both_runs_go_to_the_moments_that_a_person_points_at(
    window: Window, data: Dataset, wait: Wait, qtbot: QtBot, at: int
) -> None:
    long, short = two_runs(window, data, wait)
    wait(lambda: window.timeline.measure.isVisible())
    click(window, qtbot, at)
    mine, theirs = nearest(long, at), nearest(short, at)
    wait(lambda: shows(window, mine.iteration, theirs.iteration))
    scene = window.live.scene
    assert scene is not None
    shown = comparison.compute(scene)
    A, B = (np.asarray(snapshot.arrays["prototypes"], float) for snapshot in (mine, theirs))
    one, other = linear_sum_assignment(cdist(A, B, "sqeuclidean"))
    assert set(zip(shown.pair_first.tolist(), shown.pair_second.tolist(), strict=True)) == set(
        zip(one.tolist(), other.tolist(), strict=True)
    )
    X = np.asarray(scene.sample.X, float)
    partner = np.full(len(A), -1)
    partner[one] = other
    n_moved = int((partner[cdist(X, A).argmin(axis=1)] != cdist(X, B).argmin(axis=1)).sum())
    assert f"{n_moved:,} of {len(X):,} rows moved" in plot(window).accessibleDescription()
    marks = window.timeline.curves.marks
    assert [mark.value() for mark in marks] == [mine.iteration, theirs.iteration]
    window.timeline.newest.click()
    wait(lambda: shows(window, iteration(long), iteration(short)))


def test_where_runs_differ_in_length_the_same_share_of_both_is_shown(
    window: Window, data: Dataset, wait: Wait, qtbot: QtBot
) -> None:
    long, short = two_runs(window, data, wait)
    wait(lambda: window.timeline.measure.isVisible())
    measure = window.timeline.measure
    measure.setFocus()
    QTest.keyClick(measure, Qt.Key.Key_Down)
    wait(lambda: window.recorded.by == "share")
    wait(lambda: window.timeline.curves.ends == (0.0, 1.0))
    click(window, qtbot, 0.4)
    there = [nearest(run, 0.4 * iteration(run)).iteration for run in (long, short)]
    wait(lambda: shows(window, *there))
    assert there[0] > there[1]
    QTest.keyClick(measure, Qt.Key.Key_Up)  # the run that is shown stays, the one beside it goes to that iteration
    wait(lambda: shows(window, there[0], nearest(short, there[0]).iteration))
    window.timeline.back.click()
    before = max(s.iteration for s in long.snapshots() if s.iteration < there[0])
    wait(lambda: shows(window, before, nearest(short, before).iteration))


def test_rows_that_moved_are_picked_everywhere(window: Window, data: Dataset, wait: Wait, qtbot: QtBot) -> None:
    two_runs(window, data, wait)
    scene = window.live.scene
    assert scene is not None
    shown = comparison.compute(scene)
    assert shown.moved.any()
    wanted = shown.moves.pick_all().rows
    click_link(window, qtbot, lambda what: what.rows == wanted)
    picked = of(window).selection
    wait(lambda: set(picked.rows(data.id, data.n_rows).rows.tolist()) == set(shown.rows[shown.moved].tolist()))
    wait(lambda: link(window, lambda what: what.rows == wanted) in plot(window).sheet.framed)
    pair = int(shown.pair_first[0])
    click_link(window, qtbot, lambda what: what.prototypes == (pair,))
    wait(lambda: window.picking.prototypes == (pair,))
    won = shown.rows[shown.first.cells == pair]
    wait(lambda: set(picked.rows(data.id, data.n_rows).rows.tolist()) == set(won.tolist()))


def link(window: Window, meant: Callable[[Pick], bool]) -> QRect:
    """Where the last link is that picks what is meant."""
    links = reversed(plot(window).sheet.links)
    return next(place for place, what in links if isinstance(what, Pick) and meant(what))


def click_link(window: Window, qtbot: QtBot, meant: Callable[[Pick], bool]) -> None:
    qtbot.mouseClick(plot(window).sheet, Qt.MouseButton.LeftButton, pos=link(window, meant).center())


def test_a_run_that_goes_on_is_followed_beside_a_finished_one_and_the_other_way_round(
    window: Window, data: Dataset, wait: Wait
) -> None:
    done = finished(window, data, "done", "KMeans", n_clusters=4, max_iter=4)
    going = of(window).add_run(data, "OnlineVQ", {"n_prototypes": 5, "max_iter": 50, "random_state": 0}, paused=True)
    last = iteration(done)
    step(going, wait)
    show(window, going, wait)
    wait(lambda: shows(window, iteration(going), last))
    step(going, wait)
    wait(lambda: shows(window, iteration(going), last))
    show(window, done, wait)
    wait(lambda: shows(window, last, iteration(going)))
    step(going, wait)
    wait(lambda: shows(window, last, iteration(going)))
    assert iteration(going) > 1


def step(run: Run, wait: Wait) -> None:
    seen = run.sequence
    run.step()
    wait(lambda: run.sequence > seen)


def iteration(run: Run) -> int:
    assert run.latest is not None
    return run.latest.iteration


def test_when_the_other_run_is_deleted_another_takes_its_place_or_a_sentence(
    window: Window, data: Dataset, wait: Wait
) -> None:
    long, short = two_runs(window, data, wait)
    third = finished(window, data, "third", "KMeans", n_clusters=3)
    wait(lambda: plot(window).head.choice.count() == 2)
    of(window).delete(third if "beside third" in head(window) else short)
    left = "short" if third.hidden else "third"
    wait(lambda: f"beside {left} " in head(window))
    window.timeline.back.click()
    wait(lambda: "recorded moment" in window.timeline.figures.toolTip())
    of(window).delete(next(run for run in of(window).runs.values() if run.name == left))
    wait(lambda: pane(window).message.startswith("long is the only run with such prototypes on its data."))
    wait(lambda: not window.timeline.measure.isVisible())
    of(window).undo()
    wait(lambda: f"beside {left} " in head(window))
    assert window.live.run is long


def test_a_run_of_its_start_alone_is_a_point_beside_the_other(
    window: Window, data: Dataset, wait: Wait, qtbot: QtBot
) -> None:
    long, short = two_runs(window, data, wait)
    start = of(window).branch(long, 0, name="start")
    assert [snapshot.iteration for snapshot in start.snapshots()] == [0]
    wait(lambda: plot(window).head.choice.findText("start") >= 0)
    plot(window).ask("start")
    wait(lambda: "beside start" in head(window) and window.timeline.curves.second.opts["symbol"] == "o")
    click(window, qtbot, 6)
    wait(lambda: shows(window, nearest(long, 6).iteration, 0))
    show(window, start, wait)
    plot(window).ask(short.name)
    wait(lambda: "beside short" in head(window))
    click(window, qtbot, 2)
    wait(lambda: shows(window, 0, nearest(short, 2).iteration))


@pytest.mark.parametrize("size", [10.0, 30.0, 64.0, 200.0])
@pytest.mark.parametrize("ends", [(0.131, 0.189), (1.2e8, 2.9e8), (-3.0, 500.0), (0.0, 1e-9)])
def test_labels_of_a_low_axis_of_cost_have_room_and_there_is_one(
    qapp: QApplication, size: float, ends: tuple[float, float]
) -> None:
    ((_, values),) = _Up("left").tickValues(*ends, size)
    line = QFontMetricsF(qapp.font()).height()
    places = np.sort(np.array(values) - ends[0]) / (ends[1] - ends[0]) * size
    assert len(places) >= 1
    assert places[0] >= 0
    assert places[-1] <= size
    assert (np.diff(places) >= line).all()
