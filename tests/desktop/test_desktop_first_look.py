"""The test part in the window: figures wait behind a button and a question, and what comes after is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from desktop_help import do, of
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from workbench.data import Split, guess
from workbench.desktop.inspector import DatasetPage, RunPage
from workbench.desktop.window import Window
from workbench.views.first_look import NOT_YET
from workbench.views.run_words import result_words

Wait = Callable[[Callable[[], bool]], None]


def test_figures_of_the_test_part_are_shown_after_the_button_and_the_question(
    window: Window, flowers: Path, tmp_path: Path, wait: Wait, qtbot: QtBot
) -> None:
    window.projects.create(tmp_path / "study.vqw")
    wait(lambda: window.session is not None)
    session, plan = of(window), guess(flowers)
    plan = replace(plan, recipe=replace(plan.recipe, split=Split(0.7, 0.0, 0.3)))
    data = session.import_data(plan).result(60)
    wait(lambda: window.live.shown is data)
    page = window.inspector.currentWidget()
    assert isinstance(page, DatasetPage)
    assert page.test_part.words.text() == "The test part of flowers, 36 rows, has not been looked at yet."
    run = session.add_run(data, "GLVQ", {"random_state": 0, "max_iter": 2}, name="first")
    assert run.wait(120) == "finished"
    assert "accuracy, training" in result_words(run)
    window.tree.select(run)
    wait(lambda: window.live.run is run)
    page = window.inspector.currentWidget()
    assert isinstance(page, RunPage)
    wait(lambda: ("accuracy, test", NOT_YET) in page.results.cells)
    window.views.show_view("confusion")
    pane = next(pane for pane in window.views.panes if pane.view.name == "confusion")
    wait(lambda: pane.shown is not None and "training" in pane.plot.accessibleDescription())
    assert "test" not in pane.plot.accessibleDescription()

    wait(lambda: page.test_part.button.isEnabled())
    page.test_part.button.click()
    question = window.dialogs.looking
    assert question is not None
    question.button(QMessageBox.StandardButton.Cancel).click()
    wait(lambda: window.dialogs.looking is None)
    assert data.is_sealed

    do(window, "show_test")
    question = window.dialogs.looking
    assert question is not None
    question.button(QMessageBox.StandardButton.Ok).click()
    wait(lambda: not data.is_sealed)
    wait(lambda: dict(page.results.cells)["accuracy, test"] == run.metrics["accuracy_test"])
    wait(lambda: "test: accuracy" in pane.plot.accessibleDescription())
    assert not page.test_part.isVisibleTo(page)
    wait(lambda: not window.actions_by_name.by_name["show_test"].isEnabled())
    assert session.can_undo == "run first"

    later = session.add_run(data, "GLVQ", {"random_state": 1, "max_iter": 2}, name="later")
    assert later.wait(120) == "finished"
    window.tree.select(later)
    wait(
        lambda: page.test_part.words.text().startswith(
            "Run 'later' was started after the test part was first looked at"
        )
    )
    assert not page.test_part.button.isVisibleTo(page)
