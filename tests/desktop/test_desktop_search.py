"""Searches in the window: set up in the dialog, watched live, trained with one click, undone; and the queue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from desktop_help import do, of
from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from workbench.desktop.search_dialog import SearchDialog
from workbench.desktop.window import Window
from workbench.session import Dataset, Range, Search

Wait = Callable[[Callable[[], bool]], None]
QUICK = {"random_state": 0, "n_jobs": 1, "max_iter": 4}


def dialog_of(window: Window, wait: Wait, engine: str = "GLVQ") -> SearchDialog:
    """The dialog, with `engine` chosen and ready to start."""
    do(window, "search")
    dialog = window.dialogs.search
    assert dialog is not None
    dialog.engine.setCurrentIndex(dialog.engine.findData(engine))
    wait(lambda: dialog.request is not None and dialog.request.engine == engine)
    return dialog


def shown(window: Window, wait: Wait, search: Search) -> None:
    """Select a search and wait until its page shows the newest of it."""
    wait(lambda: search.id in [work.id for work in window.project.session.works])  # type: ignore[union-attr]
    wait(lambda: window.tree.model.rowCount() > 0 and window.tree.model.item(0).rowCount() > 0)
    window.tree.select(search)
    page = window.searches
    wait(lambda: window.study is search and not search.active)
    wait(lambda: page.data is not None and len(page.data.order) == len(search.measured) and page.chart.is_complete)
    wait(lambda: not page.bar.isVisible())


def made(window: Window, data: Dataset, wait: Wait, **how: object) -> Search:
    """A finished search over two parameters, shown on its page."""
    space = {"prototypes_per_class": [1, 2], "transfer": ["sigmoid", "identity"]}
    search = of(window).add_search(data, "GLVQ", space, parameters=QUICK, folds=3, **how)  # type: ignore[arg-type]
    assert search.wait(300) == "finished"
    shown(window, wait, search)
    return search


def test_a_search_is_set_up_watched_and_its_best_trial_trained_with_one_click(
    window: Window, data: Dataset, wait: Wait
) -> None:
    session = of(window)
    dialog = dialog_of(window, wait)
    assert dialog.varied[0].name == "prototypes_per_class"
    dialog.add.click()
    row = dialog.varied[1]
    row.parameter.setCurrentIndex(row.parameter.findData("max_iter"))
    row.values.setText("2, 4")
    dialog.folds.setValue(3)
    assert dialog.form is not None
    assert not dialog.form.rows["max_iter"].editor.isEnabled()
    dialog.form.rows["random_state"].editor.setText("0")  # type: ignore[union-attr]
    wait(lambda: dialog.request is not None and dialog.request.plan.n_trainings == 18)
    assert "6 trials × 3 folds: 18 trainings. About " in dialog.told.text()
    dialog.start.click()
    wait(lambda: window.study is not None)
    search = window.study
    assert isinstance(search, Search)
    assert window.tree.selected is search
    assert window.searches.isVisible()
    assert not window.timeline.isVisible()
    shown(window, wait, search)
    assert search.status == "finished"
    page, best = window.searches, search.ranking.best
    assert page.headline.text().startswith(f"Trial {best}: accuracy ")
    assert page.train.text() == f"Train trial {best}"
    assert page.table.order[0] == best
    assert page.table.rowCount() == 6
    assert len(page.chart._drawn) == 3
    page.train.click()
    wait(lambda: len(session.runs) == 1)
    run = next(iter(session.runs.values()))
    wait(lambda: window.live.run is run and run.status == "finished")
    assert best is not None
    assert run.parameters == search.parameters_with(best)
    assert window.views.isVisible()


def test_a_trial_is_chosen_in_the_table_or_in_a_plot_and_seen_in_both(
    window: Window, data: Dataset, qtbot: QtBot, wait: Wait
) -> None:
    search = made(window, data, wait)
    page = window.searches
    page.view.selectRow(2)
    trial = page.table.order[2]
    assert page.chosen == trial
    assert page.train.text() == f"Train trial {trial}"
    ring = page.chart._drawn[0].chosen.getData()
    assert ring[0].tolist() == [page.data.axes[0].places[trial - 1]]  # type: ignore[union-attr]
    assert ring[1].tolist() == [search.means[trial - 1]]
    heat = page.data.heat  # type: ignore[union-attr]
    assert heat is not None
    row, column = 1, 0
    box = page.chart._drawn[2].item.getViewBox()
    window.repaint()
    place = page.chart.canvas.mapFromScene(box.mapViewToScene(QPointF(column, row)))
    qtbot.mouseClick(page.chart.canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place.x(), place.y()))
    wait(lambda: page.chosen == heat.trials[row, column])
    assert page.view.currentIndex().row() == page.table.order.index(int(heat.trials[row, column]))
    another = next(trial for trial in search.keys if trial != page.chosen)
    box = page.chart._drawn[0].item.getViewBox()
    at = box.mapViewToScene(QPointF(page.data.axes[0].places[another - 1], search.means[another - 1]))  # type: ignore[union-attr]
    place = page.chart.canvas.mapFromScene(at)
    qtbot.mouseClick(page.chart.canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place.x(), place.y()))
    count, mean = search.trials[another - 1]["prototypes_per_class"], search.means[another - 1]
    alike = [k for k in search.keys if search.means[k - 1] == mean]
    alike = [k for k in alike if search.trials[k - 1]["prototypes_per_class"] == count]
    wait(lambda: page.chosen in alike)


def test_the_table_is_sorted_by_the_numbers_of_a_column_and_keeps_what_is_chosen(
    window: Window, data: Dataset, wait: Wait
) -> None:
    search = made(window, data, wait)
    page = window.searches
    page.view.selectRow(1)
    chosen = page.chosen
    seconds = page.data.columns.index("seconds")  # type: ignore[union-attr]
    for direction, sign in ((Qt.SortOrder.AscendingOrder, 1), (Qt.SortOrder.DescendingOrder, -1)):
        page.view.sortByColumn(seconds, direction)
        assert page.table.order == [int(k) + 1 for k in np.argsort(sign * search.table["seconds"], kind="stable")]
        assert page.chosen == chosen
        assert page.table.order[page.view.currentIndex().row()] == chosen
        cell = page.table.index(0, seconds).data()
        assert cell == page.data.row(page.table.order[0])[seconds]  # type: ignore[union-attr]


def test_a_search_is_stopped_and_goes_on_and_trials_come_in_live(window: Window, data: Dataset, wait: Wait) -> None:
    space = {"n_clusters": list(range(1, 60))}
    search = of(window).add_search(data, "KMeans", space, parameters={"random_state": 0})
    wait(lambda: window.tree.model.item(0).rowCount() == 1)
    window.tree.select(search)
    page = window.searches
    wait(lambda: page.table.rowCount() > 1 and page.end.isVisible())
    assert page.end.text() == "Stop"
    page.end.click()
    wait(lambda: search.status == "stopped")
    measured = len(search.measured)
    assert measured < 59
    wait(lambda: page.end.text() == "Go on" and window.actions_by_name.by_name["resume"].isEnabled())
    wait(lambda: f"by {measured} of 59 so far" in page.headline.text())
    page.end.click()
    wait(lambda: len(search.measured) > measured)
    wait(lambda: window.actions_by_name.by_name["stop"].isEnabled())
    do(window, "stop")
    wait(lambda: search.status == "stopped")


def test_a_search_is_undone_redone_renamed_and_deleted_like_a_run(window: Window, data: Dataset, wait: Wait) -> None:
    session = of(window)
    search = made(window, data, wait)
    wait(lambda: window.actions_by_name.by_name["undo"].text() == f"Undo search {search.name}")
    do(window, "undo")
    wait(lambda: not session.searches and window.study is None)
    assert window.views.isVisible()
    wait(lambda: window.actions_by_name.by_name["redo"].isEnabled())
    do(window, "redo")
    wait(lambda: window.tree.model.item(0).rowCount() == 1)
    window.tree.select(search)
    wait(lambda: window.study is search)
    window.tree.renamed.emit(search, "which rate")
    wait(lambda: search.name == "which rate")
    wait(lambda: window.actions_by_name.by_name["delete"].isEnabled())
    do(window, "delete")
    wait(lambda: not session.searches)


def test_the_dialog_says_at_once_what_cannot_start(window: Window, data: Dataset, wait: Wait) -> None:
    dialog = dialog_of(window, wait)
    row = dialog.varied[0]
    row.values.setText("1, oops")
    wait(lambda: dialog.problem.isVisible() and "prototypes_per_class must be" in dialog.problem.text())
    assert not dialog.start.isEnabled()
    row.parameter.setCurrentIndex(row.parameter.findData("tol"))
    row.values.setText("1e-6:1e-2:log")
    wait(lambda: "only a random search can draw" in dialog.problem.text())
    assert not dialog.trials.isEnabled()
    dialog.scheme.setCurrentIndex(1)
    dialog.trials.setValue(7)
    wait(lambda: dialog.request is not None)
    assert dialog.request.space == {"tol": Range(1e-6, 1e-2, log=True)}
    assert "7 trials × 5 folds: 35 trainings" in dialog.told.text()
    assert not dialog.problem.isVisible()
    dialog.add.click()
    assert dialog.varied[1].name != "tol"
    dialog.varied[1].parameter.setCurrentIndex(dialog.varied[1].parameter.findData("tol"))
    wait(lambda: "tol is listed twice" in dialog.problem.text())
    dialog.varied[1].parameter.setCurrentIndex(dialog.varied[1].parameter.findData("transfer"))
    assert dialog.varied[1].values.text() == "identity, sigmoid, swish, relu"
    wait(lambda: dialog.request is not None and len(dialog.request.space) == 2)
    dialog.varied[0].remove.click()
    wait(lambda: dialog.request is not None and list(dialog.request.space) == ["transfer"])
    assert not dialog.varied[0].remove.isEnabled()
    dialog.reject()
    wait(lambda: window.dialogs.search is None)
    assert not of(window).searches


def test_every_control_of_dialog_and_page_has_a_name(window: Window, data: Dataset, wait: Wait) -> None:
    dialog = dialog_of(window, wait)
    row = dialog.varied[0]
    controls = (dialog.dataset, dialog.engine, dialog.name, dialog.scheme, dialog.trials, dialog.folds)
    for widget in (*controls, row.parameter, row.values, row.remove):
        assert widget.accessibleName()
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    dialog.reject()
    made(window, data, wait)
    page = window.searches
    for control in (page.pair, page.view, page.bar, page.headline, page.reason, page.chart):
        assert control.accessibleName()


def test_the_page_of_a_search_is_written_to_a_file(window: Window, data: Dataset, tmp_path: Path, wait: Wait) -> None:
    search = made(window, data, wait)
    wait(lambda: window.actions_by_name.by_name["export_page"].isEnabled())
    written: list[object] = []
    window.exporter.written.connect(written.append)
    window.exporter.write_study(search, tmp_path / "page.html")
    wait(lambda: bool(written))
    assert window.searches.reason.text() in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_heat_map_is_of_the_two_parameters_that_are_chosen(window: Window, data: Dataset, wait: Wait) -> None:
    space = {"prototypes_per_class": [1, 2], "transfer": ["sigmoid", "identity"], "max_iter": [1, 2]}
    search = of(window).add_search(data, "GLVQ", space, parameters={"random_state": 0}, folds=2)
    assert search.wait(300) == "finished"
    shown(window, wait, search)
    page = window.searches
    assert page.pair.isVisible()
    assert page.pair.count() == 3
    page.pair.setCurrentIndex(page.pair.findText("transfer × max_iter"))
    wait(lambda: page.data.heat.x == "transfer" and page.chart.is_complete)  # type: ignore[union-attr]
    assert page.data.heat.y == "max_iter"  # type: ignore[union-attr]


def test_what_waits_is_told_in_its_order_and_can_be_put_first_or_taken_out(
    window: Window, data: Dataset, wait: Wait
) -> None:
    session = of(window)
    slow = session.add_search(data, "KMeans", {"n_clusters": list(range(1, 90))}, parameters={"random_state": 0})
    wait(lambda: slow.status == "running")
    first, second, third = (session.add_run(data, "KMeans", QUICK, name=name) for name in ("one", "two", "three"))
    model = window.tree.model
    wait(lambda: model.rowCount() == 1 and model.item(0).rowCount() == 4)

    def told() -> dict[str, str]:
        items = [model.item(0).child(k) for k in range(4)]
        return {item.text(): item.toolTip().rpartition(", ")[2] for item in items}

    wait(lambda: [told()[name] for name in ("one", "two", "three")] == ["no. 1", "no. 2", "no. 3"])
    assert window.status.work.toolTip() == "Next in the queue:\none\ntwo\nthree"
    assert "3 waiting" in window.status.work.text()
    window.tree.select(first)
    wait(lambda: window.tree.selected is first)
    window._update_facts()
    assert not window.actions_by_name.by_name["hasten"].isEnabled()
    window.tree.select(third)
    wait(lambda: window.actions_by_name.by_name["hasten"].isEnabled())
    do(window, "hasten")
    assert [told()[name] for name in ("one", "two", "three")] == ["no. 2", "no. 3", "no. 1"]
    window.tree.select(first)
    wait(lambda: window.actions_by_name.by_name["stop"].isEnabled() and window.live.run is first)
    do(window, "stop")
    wait(lambda: first.status == "stopped")
    wait(lambda: [told()[name] for name in ("two", "three")] == ["no. 2", "no. 1"])
    slow.stop()
    wait(lambda: second.status == third.status == "finished")
    assert first.status == "stopped"
    assert session.queue.waiting == ()
