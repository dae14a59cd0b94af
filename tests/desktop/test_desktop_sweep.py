"""Sweeps in the window: set up in the dialog, watched live, trained with one click, stopped, undone, saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from desktop_help import do, of
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from workbench.desktop.sweep_dialog import SweepDialog
from workbench.desktop.window import Window
from workbench.session import Dataset, Sweep

Wait = Callable[[Callable[[], bool]], None]


def dialog_of(window: Window, wait: Wait) -> SweepDialog:
    do(window, "sweep")
    dialog = window.dialogs.sweep
    assert dialog is not None
    wait(lambda: dialog.request is not None)
    return dialog


def swept(window: Window, wait: Wait, last: int = 6, **parameters: str) -> Sweep:
    """A sweep set up in the dialog and started."""
    dialog = dialog_of(window, wait)
    dialog.last.setValue(last)
    assert dialog.form is not None
    for name, value in {"random_state": "0", "n_jobs": "1", **parameters}.items():
        editor = dialog.form.rows[name].editor
        setter = getattr(editor, "setText", None) or editor.setCurrentText
        setter(value)
    wait(lambda: dialog.request is not None and dialog.request.counts[-1] == last)
    dialog.start.click()
    wait(lambda: window.study is not None)
    assert window.study is not None
    return window.study


def shown(window: Window) -> bool:
    """Whether the page shows the sweep at its end."""
    sweep = window.study
    return (
        sweep is not None and not sweep.active and window.sweeps.chart.is_complete and not window.sweeps.bar.isVisible()
    )


def test_a_sweep_is_set_up_watched_and_its_recommendation_trained_with_one_click(
    window: Window, data: Dataset, wait: Wait
) -> None:
    session = of(window)
    sweep = swept(window, wait)
    assert window.tree.selected is sweep
    assert window.sweeps.isVisible()
    assert not window.timeline.isVisible()
    wait(lambda: sweep.status == "finished" and shown(window))
    page = window.sweeps
    assert page.headline.text() == "3 clusters"
    assert page.reason.text() == sweep.recommendation.reason
    assert page.train.text() == "Train with 3"
    assert "3 (recommended)" in [page.count.itemText(k) for k in range(page.count.count())]
    assert len(page.chart._drawn) == 8
    page.train.click()
    wait(lambda: len(session.runs) == 1)
    run = next(iter(session.runs.values()))
    wait(lambda: window.live.run is run and run.status == "finished")
    assert run.parameters == sweep.parameters_with(3)
    assert window.views.isVisible()
    assert window.timeline.isVisible()
    window.tree.select(sweep)
    wait(lambda: window.study is sweep and page.isVisible())
    assert window.live.run is None


def test_a_click_on_a_panel_chooses_another_number(window: Window, data: Dataset, qtbot: QtBot, wait: Wait) -> None:
    sweep = swept(window, wait)
    wait(lambda: sweep.status == "finished" and shown(window))
    page = window.sweeps
    box = page.chart._drawn[1].item.getViewBox()
    window.repaint()
    place = page.chart.canvas.mapFromScene(box.mapViewToScene(box.viewRect().center()))
    qtbot.mouseClick(page.chart.canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place.x(), place.y()))
    wait(lambda: page.chosen in (3, 4))
    page.count.setCurrentIndex(page.count.findData(5))
    assert page.train.text() == "Train with 5"
    assert all(drawn.chosen.isVisible() and drawn.chosen.value() == 5 for drawn in page.chart._drawn)
    page.train.click()
    wait(lambda: len(of(window).runs) == 1)
    assert next(iter(of(window).runs.values())).parameters["n_clusters"] == 5


def test_a_sweep_is_stopped_and_goes_on_by_button_and_by_action(window: Window, data: Dataset, wait: Wait) -> None:
    sweep = swept(window, wait, last=60)
    wait(lambda: len(sweep.measured) > 1 and window.sweeps.end.isVisible())
    assert window.sweeps.end.text() == "Stop"
    assert not window.actions_by_name.by_name["pause"].isEnabled()
    assert not window.actions_by_name.by_name["step"].isEnabled()
    window.sweeps.end.click()
    wait(lambda: sweep.status == "stopped")
    measured = len(sweep.measured)
    assert measured < 60
    wait(lambda: window.sweeps.end.text() == "Go on" and window.actions_by_name.by_name["resume"].isEnabled())
    assert f"by {measured} of 60 so far" in window.sweeps.headline.text()
    do(window, "resume")
    wait(lambda: len(sweep.measured) > measured)
    wait(lambda: window.actions_by_name.by_name["stop"].isEnabled())
    do(window, "stop")
    wait(lambda: sweep.status == "stopped")


def test_a_sweep_is_undone_redone_renamed_and_deleted_like_a_run(window: Window, data: Dataset, wait: Wait) -> None:
    session = of(window)
    sweep = swept(window, wait, last=3)
    wait(lambda: sweep.status == "finished")
    wait(lambda: window.actions_by_name.by_name["undo"].text() == f"Undo sweep {sweep.name}")
    do(window, "undo")
    wait(lambda: not session.sweeps and window.study is None)
    assert window.views.isVisible()
    wait(lambda: window.actions_by_name.by_name["redo"].isEnabled())
    do(window, "redo")
    wait(lambda: window.tree.model.item(0).rowCount() == 1)
    window.tree.select(sweep)
    wait(lambda: window.study is sweep)
    window.tree.renamed.emit(sweep, "how many flowers")
    wait(lambda: sweep.name == "how many flowers")
    wait(lambda: window.actions_by_name.by_name["delete"].isEnabled())
    do(window, "delete")
    wait(lambda: not session.sweeps)


def test_the_dialog_says_at_once_what_cannot_start(window: Window, data: Dataset, wait: Wait) -> None:
    dialog = dialog_of(window, wait)
    assert [dialog.engine.itemData(k) for k in range(dialog.engine.count())].count("GMLVQ") == 0
    assert "12 numbers" in dialog.told.text()
    dialog.last.setValue(500)
    wait(lambda: dialog.problem.isVisible())
    assert "is to try 121 prototypes" in dialog.problem.text()
    assert not dialog.start.isEnabled()
    dialog.listed.setText("2, 4, oops")
    wait(lambda: "are not understood" in dialog.problem.text())
    assert not dialog.first.isEnabled()
    dialog.listed.setText("2, 4, 8")
    wait(lambda: dialog.request is not None)
    assert dialog.request is not None
    assert dialog.request.counts == (2, 4, 8)
    assert not dialog.problem.isVisible()
    assert dialog.form is not None
    assert "n_clusters" not in dialog.form.rows
    dialog.form.rows["tol"].editor.setText("much")  # type: ignore[union-attr]
    wait(lambda: dialog.problem.isVisible() and "tol" in dialog.problem.text())
    dialog.reject()
    wait(lambda: window.dialogs.sweep is None)
    assert not of(window).sweeps


def test_every_control_of_dialog_and_page_has_a_name_and_the_page_fits_a_small_window(
    window: Window, data: Dataset, wait: Wait
) -> None:
    dialog = dialog_of(window, wait)
    for widget in (dialog.dataset, dialog.engine, dialog.name, dialog.first, dialog.last, dialog.step, dialog.listed):
        assert widget.accessibleName()
    dialog.reject()
    sweep = swept(window, wait, last=4)
    wait(lambda: sweep.status == "finished" and shown(window))
    page = window.sweeps
    for control in (page.count, page.bar, page.headline, page.reason, page.chart):
        assert control.accessibleName()
    window.resize(820, 600)
    wait(lambda: page.chart.is_complete and page.chart._n_columns <= 2)
    layout = page.chart.canvas.ci.layout
    wait(lambda: layout.minimumSize().width() <= page.chart.viewport().width())
    assert page.chart.verticalScrollBar().maximum() > 0


def test_changing_the_theme_draws_the_page_anew(window: Window, data: Dataset, wait: Wait) -> None:
    sweep = swept(window, wait, last=4)
    wait(lambda: sweep.status == "finished" and shown(window))
    before = window.sweeps.grab().toImage().pixelColor(5, 300).lightness()
    window.actions_by_name.by_name["theme_dark" if before > 128 else "theme_light"].trigger()
    wait(lambda: window.sweeps.chart.is_complete)
    after = window.sweeps.grab().toImage().pixelColor(5, 300).lightness()
    assert abs(after - before) > 100
    window.actions_by_name.by_name["theme_system"].trigger()


def test_the_page_of_a_sweep_is_written_to_a_file(window: Window, data: Dataset, tmp_path: Path, wait: Wait) -> None:
    sweep = swept(window, wait, last=4)
    wait(lambda: sweep.status == "finished")
    wait(lambda: window.actions_by_name.by_name["export_page"].isEnabled())
    written: list[object] = []
    window.exporter.written.connect(written.append)
    window.exporter.write_study(sweep, tmp_path / "page.html")
    wait(lambda: bool(written))
    assert sweep.recommendation.reason.split(" (")[0] in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_counts_over_orders_of_magnitude_stand_on_a_logarithmic_axis(window: Window, data: Dataset, wait: Wait) -> None:
    sweep = of(window).add_sweep(data, "KMeans", (2, 4, 8, 16, 32), {"random_state": 0})
    sweep.wait(120)
    wait(lambda: sweep.id in of(window).sweeps and window.tree.model.item(0).rowCount() == 1)
    window.tree.select(sweep)
    wait(lambda: window.study is sweep and shown(window))
    curve = window.sweeps.chart._drawn[0].curves[0]
    assert np.allclose(np.diff(curve.getData()[0]), np.log(2))
