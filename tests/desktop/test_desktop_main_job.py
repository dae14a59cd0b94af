"""The main job in the window, as a person does it: import, train, watch, steer, export, undo, close."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from desktop_help import do, shut
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from workbench.desktop.closing import Choice
from workbench.desktop.projects import Projects
from workbench.desktop.settings import Settings
from workbench.desktop.theme import ThemeSwitch
from workbench.desktop.window import Window
from workbench.reports import EXPORTS
from workbench.session import Dataset, Run, Session
from workbench.views import scene_of

Wait = Callable[[Callable[[], bool]], None]


def open_new(window: Window, path: Path, wait: Wait) -> Session:
    window.projects.create(path)
    wait(lambda: window.session is not None)
    assert window.session is not None
    return window.session


def bring_in(window: Window, path: Path, wait: Wait) -> Dataset:
    """Import a file by the dialog, as it is guessed."""
    assert window.session is not None
    n = len(window.session.datasets)
    window.dialogs.import_data([path])
    dialog = window.dialogs.importing
    assert dialog is not None
    wait(lambda: dialog.plan is not None)
    dialog.accept_button.click()
    wait(lambda: window.session is not None and len(window.session.datasets) == n + 1)
    dataset = list(window.session.datasets.values())[-1]
    wait(lambda: window.tree.selected is dataset)
    return dataset


def start(window: Window, engine: str, wait: Wait, **values: object) -> Run:
    """Set up a run on the selected dataset and start it."""
    assert window.session is not None
    n = len(window.session.runs)
    do(window, "new_run")
    page = window.inspector.new_run
    page.engine.setCurrentIndex(page.engine.findData(engine))
    wait(lambda: page.ready)
    assert page.form is not None
    for name, value in values.items():
        editor = page.form.rows[name].editor
        setter = getattr(editor, "setValue", None) or getattr(editor, "setText", None) or editor.setCurrentText
        setter(value)
    wait(lambda: page.ready)
    do(window, "start")
    wait(lambda: window.session is not None and len(window.session.runs) == n + 1)
    run = list(window.session.runs.values())[-1]
    wait(lambda: window.live.run is run)
    return run


def test_import_train_steer_and_export(window: Window, wide: Path, flowers: Path, tmp_path: Path, wait: Wait) -> None:
    session = open_new(window, tmp_path / "study.vqw", wait)
    bring_in(window, wide, wait)
    run = start(window, "KMeans", wait, n_clusters=300, max_iter=2000, tol="0")
    wait(lambda: window.live.n_drawn > 0)
    do(window, "pause")
    wait(lambda: run.status == "paused")
    assert run.latest is not None
    before = run.latest.iteration
    wait(lambda: window.actions_by_name.by_name["step"].isEnabled())
    do(window, "step")
    wait(lambda: run.latest is not None and run.latest.iteration == before + 1)
    wait(lambda: run.status == "paused")
    wait(lambda: window.timeline.figures.toolTip().startswith(f"iteration {before + 1} "))
    wait(lambda: window.actions_by_name.by_name["resume"].isEnabled())
    do(window, "resume")
    wait(lambda: run.status == "finished")

    bring_in(window, flowers, wait)
    learned = start(window, "GMLVQ", wait, max_iter=5)
    wait(lambda: learned.status == "finished")
    scene = scene_of(learned)
    assert scene is not None
    for pane in window.views.panes:
        window.views.show_view(pane.view.name)
        fits = pane.view.applies(scene)
        wait(lambda pane=pane, fits=fits: pane.shown is not None and (pane.message == "") == fits)

    report = tmp_path / "report.html"
    kind = next(kind for kind in EXPORTS if kind.name == "report")
    written: list[object] = []
    window.exporter.written.connect(written.append)
    window.exporter.write(kind, session, learned, report)
    wait(lambda: bool(written))
    text = report.read_text(encoding="utf-8")
    assert "GMLVQ" in text or "Generalized matrix LVQ" in text
    assert "http://" not in text.replace("http://www.w3.org", "")


def test_an_import_is_undone_and_redone(window: Window, flowers: Path, tmp_path: Path, wait: Wait) -> None:
    session = open_new(window, tmp_path / "study.vqw", wait)
    bring_in(window, flowers, wait)
    wait(lambda: "import of flowers" in window.actions_by_name.by_name["undo"].text())
    do(window, "undo")
    wait(lambda: not session.datasets and window.tree.model.rowCount() == 0)
    wait(lambda: window.actions_by_name.by_name["redo"].isEnabled())
    do(window, "redo")
    wait(lambda: len(session.datasets) == 1 and window.tree.model.rowCount() == 1)


def test_a_dataset_is_renamed_in_the_tree(window: Window, flowers: Path, tmp_path: Path, wait: Wait) -> None:
    open_new(window, tmp_path / "study.vqw", wait)
    dataset = bring_in(window, flowers, wait)
    window.tree.model.item(0).setText("blossoms")
    wait(lambda: dataset.name == "blossoms" and window.tree.model.item(0).text() == "blossoms")


def test_a_value_that_is_not_allowed_keeps_the_run_from_starting(
    window: Window, flowers: Path, tmp_path: Path, wait: Wait
) -> None:
    open_new(window, tmp_path / "study.vqw", wait)
    bring_in(window, flowers, wait)
    do(window, "new_run")
    page = window.inspector.new_run
    page.engine.setCurrentIndex(page.engine.findData("KMeans"))
    wait(lambda: page.ready and window.actions_by_name.by_name["start"].isEnabled())
    assert page.form is not None
    page.form.rows["n_clusters"].editor.setValue(500)
    wait(lambda: not page.ready)
    assert "120" in page.warning.text()
    assert not window.actions_by_name.by_name["start"].isEnabled()


def test_engines_that_need_labels_are_not_offered_without_them(
    window: Window, wide: Path, tmp_path: Path, wait: Wait
) -> None:
    open_new(window, tmp_path / "study.vqw", wait)
    bring_in(window, wide, wait)
    do(window, "new_run")
    page = window.inspector.new_run
    k = page.engine.findData("GMLVQ")
    assert not page.engine.model().item(k).isEnabled()
    assert page.engine.currentData() == "KMeans"


@pytest.mark.parametrize("choice", list(Choice))
def test_closing_during_a_run_asks_and_loses_nothing(
    window: Window, wide: Path, tmp_path: Path, wait: Wait, monkeypatch: pytest.MonkeyPatch, choice: Choice
) -> None:
    path = tmp_path / "study.vqw"
    open_new(window, path, wait)
    bring_in(window, wide, wait)
    run = start(window, "KMeans", wait, n_clusters=300, max_iter=3000 if choice is Choice.STOP else 40, tol="0")
    wait(lambda: run.latest is not None)
    asked: list[object] = []

    def answer(self: Projects, project: object) -> Choice:
        asked.append(project)
        return choice if run.active else Choice.STOP

    monkeypatch.setattr(Projects, "_ask", answer)
    window.close()
    assert asked
    if choice is Choice.CANCEL:
        assert window.isVisible()
        assert run.status != "stopped"
        return
    wait(lambda: not window.isVisible() or window.projects.current is None)
    with Session.open(path) as again:
        stored = next(iter(again.runs.values()))
        assert stored.status == ("finished" if choice is Choice.KEEP else "stopped")
        assert stored.latest is not None
        assert stored.model().cluster_centers_.shape == (300, 16)


def test_layout_and_recent_projects_are_remembered(
    window: Window,
    tmp_path: Path,
    wait: Wait,
    qtbot: QtBot,
    settings: Settings,
    switch: ThemeSwitch,
) -> None:
    path = tmp_path / "study.vqw"
    open_new(window, path, wait)
    do(window, "panel_bottom")
    window.views.show_view("prototypes")
    window.close()
    wait(lambda: not window.isVisible())
    again = Window(Settings(settings.path), switch)
    again.show()
    assert again.settings.recent == [path]
    assert not again.actions_by_name.by_name["panel_bottom"].isChecked()
    again.projects.open(path)
    wait(lambda: again.session is not None)
    wait(lambda: again.views.front is not None and again.views.front.view.name == "prototypes")
    assert not again.timeline.isVisible()
    shut(qtbot, again)


def test_a_project_that_cannot_be_opened_is_told_and_leaves_the_welcome_page(
    window: Window, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "broken.vqw"
    path.write_bytes(b"this is no project")
    window.projects.open(path)
    qtbot.waitUntil(lambda: window.care.damaged is not None)
    asked = window.care.damaged
    assert asked is not None
    assert any("broken.vqw" in label.text() for label in asked.findChildren(QLabel))
    asked.reject()
    assert window.session is None
    assert window.welcome.isVisible()
    assert window.isEnabled()


def test_a_view_can_stand_beside_the_others_and_float(window: Window, tmp_path: Path, wait: Wait) -> None:
    open_new(window, tmp_path / "study.vqw", wait)
    window.views.show_view("prototypes")
    wait(lambda: window.views.front is not None and window.views.front.view.name == "prototypes")
    do(window, "view_beside")
    wait(lambda: len(window.views.visible_panes()) == 2)
    for name in ("curves", "usage"):  # each goes beside the others, wherever it stands among the views
        window.views.show_view(name)
        wait(lambda name=name: window.views.front is not None and window.views.front.view.name == name)  # type: ignore[misc]
        do(window, "view_beside")
    wait(lambda: {"prototypes", "curves", "usage"} < {pane.view.name for pane in window.views.visible_panes()})
    do(window, "view_reset")
    wait(lambda: len(window.views.visible_panes()) == 1)
    do(window, "view_float")
    wait(lambda: any(dock.isFloating() for dock in window.views._docks))
    do(window, "view_reset")
    wait(lambda: not any(dock.isFloating() for dock in window.views._docks))


@pytest.mark.parametrize("watched", [True, False])
def test_a_run_is_watched_as_the_form_says(
    window: Window, flowers: Path, tmp_path: Path, wait: Wait, watched: bool
) -> None:
    open_new(window, tmp_path / "study.vqw", wait)
    bring_in(window, flowers, wait)
    do(window, "new_run")
    wait(lambda: window.inspector.new_run.ready)
    assert window.inspector.new_run.watched.isChecked()
    if not watched:
        window.inspector.new_run.watched.click()
    do(window, "start")
    session = window.session
    assert session is not None
    wait(lambda: len(session.runs) == 1)
    (run,) = session.runs.values()
    assert run.facts.watched == watched
    wait(lambda: not run.active)
