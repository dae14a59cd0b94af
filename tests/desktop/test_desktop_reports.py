"""Several things selected in the project panel: one report of runs, all deleted; and pages of views from the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from desktop_help import do, of
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QMessageBox
from pytestqt.qtbot import QtBot

from tests.reports.printed import Printed
from workbench.data import guess
from workbench.desktop import errors
from workbench.desktop.view_area import ViewPane
from workbench.desktop.window import Window
from workbench.session import Dataset, Run
from workbench.session.document import Thing

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where files are to be written, in the order in which the window asks; it asks in vain when there is none left."""
    wanted: list[Path] = []
    monkeypatch.setattr(
        "workbench.desktop.exporting.QFileDialog.getSaveFileName",
        lambda *_: (str(wanted.pop(0)), "") if wanted else ("", ""),
    )
    return wanted


@pytest.fixture
def runs(window: Window, data: Dataset, wait: Wait) -> Iterator[list[Run]]:
    """A metric, a plain classifier and clusters; the last one is selected and shown."""
    session = of(window)
    made = [
        session.add_run(data, "GMLVQ", {"random_state": 0, "max_iter": 3}, name="metric"),
        session.add_run(data, "LVQ1", {"random_state": 0, "max_iter": 2}, name="plain"),
        session.add_run(data, "KMeans", {"random_state": 0, "n_clusters": 3}, name="clusters"),
    ]
    assert [run.wait(120) for run in made] == ["finished"] * 3
    wait(lambda: window.tree.model.item(0).rowCount() == 3)
    window.tree.select(made[-1])
    wait(lambda: window.live.run is made[-1] and possible(window, "export_report"))
    yield made
    for box in window.findChildren(QMessageBox):
        box.close()


def possible(window: Window, name: str) -> bool:
    return window.actions_by_name.by_name[name].isEnabled()


def click(window: Window, thing: Thing, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.ControlModifier) -> None:
    tree = window.tree
    index = next(item.index() for item in tree._items() if item.data(Qt.ItemDataRole.UserRole + 1) is thing)
    QTest.mouseClick(tree.view.viewport(), Qt.MouseButton.LeftButton, modifier, tree.view.visualRect(index).center())


def text_of(window: Window, name: str) -> str:
    return window.actions_by_name.by_name[name].text()


def shown(window: Window, name: str, wait: Wait) -> ViewPane:
    window.views.show_view(name)
    pane = next(pane for pane in window.views.panes if pane.view.name == name)
    wait(lambda: pane.isVisible() and pane.shown is not None and not pane.message)
    return pane


def test_runs_that_are_selected_go_into_one_report(
    window: Window, runs: list[Run], places: list[Path], tmp_path: Path, wait: Wait
) -> None:
    assert text_of(window, "export_report") == "Report…"
    click(window, runs[0])
    assert window.tree.chosen_runs == [runs[0], runs[2]]
    wait(lambda: window.live.run is runs[0] and possible(window, "export_report"))
    assert text_of(window, "export_report") == "Report of 2 runs…"
    assert window.inspector._run.report.text() == "Report of 2 runs…"
    places.append(tmp_path / "runs.pdf")
    do(window, "export_report")
    wait((tmp_path / "runs.pdf").exists)
    printed = Printed((tmp_path / "runs.pdf").read_bytes())
    assert printed.outline[0][0] == "metric beside clusters"
    click(window, runs[1], Qt.KeyboardModifier.NoModifier)
    assert window.tree.chosen == [runs[1]]
    wait(lambda: text_of(window, "export_report") == "Report…")


def test_runs_are_selected_by_keyboard_too(window: Window, runs: list[Run]) -> None:
    view = window.tree.view
    view.setFocus()
    for _ in range(2):
        QTest.keyClick(view, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert window.tree.chosen_runs == runs
    assert window.tree.selected is runs[0]


def test_what_is_shown_anew_is_selected_alone_though_a_key_is_held_down(window: Window, runs: list[Run]) -> None:
    click(window, runs[0])  # Qt takes Ctrl for held down from now on
    window.tree.select(runs[1])
    assert window.tree.chosen == [runs[1]]


def test_what_is_selected_stays_so_when_a_run_is_added(
    window: Window, runs: list[Run], data: Dataset, wait: Wait
) -> None:
    click(window, runs[1])
    more = of(window).add_run(data, "KMeans", {"n_clusters": 2, "random_state": 0}, name="more")
    wait(lambda: window.tree.model.item(0).rowCount() == 4)
    assert window.tree.chosen_runs == [runs[1], runs[2]]
    assert window.tree.selected is runs[1]
    assert more.wait(60) == "finished"


def test_runs_on_different_data_are_refused_before_a_place_is_asked_for(
    window: Window, runs: list[Run], flowers: Path, places: list[Path], tmp_path: Path, wait: Wait, qtbot: QtBot
) -> None:
    other = of(window).import_data(guess(flowers), name="other").result(60)
    elsewhere = of(window).add_run(other, "KMeans", {"n_clusters": 2, "random_state": 0}, name="elsewhere")
    assert elsewhere.wait(60) == "finished"
    wait(lambda: window.tree.model.rowCount() == 2 and window.tree.model.item(1).rowCount() == 1)
    window.tree.select(runs[0])
    click(window, elsewhere)
    wait(lambda: window.live.run is elsewhere and possible(window, "export_report"))
    places.append(tmp_path / "never.html")
    do(window, "export_report")
    qtbot.waitUntil(lambda: errors.open_dialog() is not None)
    dialog = errors.open_dialog()
    assert dialog is not None
    assert (
        "'metric' learned from flowers and 'elsewhere' from other: only runs on the same data" in dialog.failed.text()
    )
    dialog.close()
    assert len(places) == 1  # nobody asked


def test_everything_that_is_selected_is_deleted_and_comes_back(window: Window, runs: list[Run], wait: Wait) -> None:
    session = of(window)
    click(window, runs[0])
    do(window, "delete")
    wait(lambda: list(session.runs.values()) == [runs[1]])
    session.undo()
    session.undo()
    wait(lambda: set(session.runs.values()) == set(runs) and window.tree.model.item(0).rowCount() == 3)


def test_a_dataset_that_is_deleted_takes_its_runs_with_it_at_once(
    window: Window, runs: list[Run], data: Dataset, wait: Wait
) -> None:
    session = of(window)
    click(window, data)
    assert window.tree.chosen == [data, runs[2]]
    do(window, "delete")
    wait(lambda: not session.datasets)
    session.undo()
    assert set(session.runs.values()) == set(runs)


def test_both_runs_of_a_comparison_go_into_one_report(
    window: Window, runs: list[Run], places: list[Path], tmp_path: Path, wait: Wait
) -> None:
    assert not possible(window, "export_pair")
    shown(window, "comparison", wait)
    wait(lambda: possible(window, "export_pair"))
    places.append(tmp_path / "pair.html")
    do(window, "export_pair")
    wait((tmp_path / "pair.html").exists)
    text = (tmp_path / "pair.html").read_text(encoding="utf-8")
    assert "clusters beside plain" in text  # the newest other run
    shown(window, "curves", wait)
    wait(lambda: not possible(window, "export_pair"))


def test_the_page_of_a_comparison_is_written_as_it_is_shown(
    window: Window, runs: list[Run], places: list[Path], tmp_path: Path, wait: Wait
) -> None:
    pane = shown(window, "comparison", wait)
    wait(lambda: possible(window, "export_page"))
    choice = pane.plot.head.choice  # type: ignore[attr-defined]
    choice.setCurrentText("metric")
    choice.activated.emit(choice.currentIndex())
    wait(lambda: pane.shown is not None and "beside metric" in pane.plot.head.words.text())  # type: ignore[attr-defined]
    places.append(tmp_path / "page.pdf")
    do(window, "export_page")
    wait((tmp_path / "page.pdf").exists)
    assert Printed((tmp_path / "page.pdf").read_bytes()).outline[0][0] == "clusters beside metric"


def test_the_page_of_a_measured_stability_is_written_from_its_menu(
    window: Window, runs: list[Run], places: list[Path], tmp_path: Path, wait: Wait, qtbot: QtBot
) -> None:
    assert of(window).measure_stability(runs[0], "seeds", 2, seed=0).wait(120)
    window.tree.select(runs[0])
    wait(lambda: window.live.run is runs[0])
    pane = shown(window, "stability", wait)
    pane.customContextMenuRequested.emit(pane.rect().center())
    (menu,) = (menu for menu in pane.findChildren(QMenu) if menu.isVisible())
    names = [action.text() for action in menu.actions()]
    assert "Save page…" in names
    assert "Report of both runs…" not in names
    places.append(tmp_path / "page.html")
    menu.actions()[names.index("Save page…")].trigger()
    menu.close()
    wait((tmp_path / "page.html").exists)
    assert "Stability of metric" in (tmp_path / "page.html").read_text(encoding="utf-8")
