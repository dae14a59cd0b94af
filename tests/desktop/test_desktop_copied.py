"""Projects of synced folders in the window: worked on in a copy, brought back in the background, never waited for."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from desktop_help import do, of
from PySide6.QtCore import QDateTime, QLocale
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from workbench.desktop import carrying, errors
from workbench.desktop.carrying import CarryingDialog, standing_words
from workbench.desktop.recent_menu import GONE
from workbench.desktop.window import Window
from workbench.project import CopiedProject, Project, marks
from workbench.project import carrying as files
from workbench.project.bringing import Standing
from workbench.resources import sample_projects

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The iris sample in a folder that Syncthing syncs."""
    (tmp_path / "synced").mkdir()
    (tmp_path / "synced" / ".stfolder").touch()
    return Path(shutil.copy(sample_projects()["iris"], tmp_path / "synced" / "study.vqw"))


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let copying stop halfway until the list is emptied, or it is given up; dialogs about it come at once."""
    halfway = [0.5]
    copy = files.copy

    def slowly(*arguments: Any, progress: Any = None, stop: Any = None) -> str:
        while halfway and progress is not None:
            progress(halfway[0])
            if stop is not None and stop():
                raise files.Cancelled
            time.sleep(0.005)
        return copy(*arguments, progress=progress, stop=stop)

    monkeypatch.setattr(files, "copy", slowly)
    monkeypatch.setattr(carrying, "PATIENCE_MS", 0)
    return halfway


def opened(window: Window, home: Path, wait: Wait) -> CopiedProject:
    window.projects.open(home)
    wait(lambda: window.session is not None)
    project = of(window).project
    assert isinstance(project, CopiedProject)
    return project


def closed(window: Window, wait: Wait) -> None:
    window.projects.close()
    wait(lambda: window.session is None)


def rename(window: Window, name: str) -> None:
    session = of(window)
    session.rename(next(iter(session.datasets.values())), name)


def name_in(path: Path) -> str:
    with Project.open(path, read_only=True) as project:
        return str(project.read(lambda r: r.get("datasets/d_000001")["name"]).result())


def shown(window: Window, wait: Wait) -> CarryingDialog:
    """The dialog that says how far the project is, once it is half there."""
    wait(lambda: window.projects.carrying is not None and window.projects.carrying.isVisible())
    dialog = window.projects.carrying
    assert dialog is not None
    wait(lambda: dialog.bar.value() == 500)
    return dialog


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing(), "nothing changed yet"),
        (Standing(pending=True), "not brought back yet"),
        (Standing(pending=True, share=0.434), "bringing back 43 %"),
        (Standing(pending=True, trouble="No."), "cannot be brought back now"),
    ],
)
def test_a_few_words_say_how_the_copy_stands(standing: Standing, words: str) -> None:
    assert standing_words(standing) == f"working copy · {words}"


def test_the_time_of_bringing_back_is_told_as_clocks_here_do() -> None:
    when = QLocale().toString(QDateTime.fromSecsSinceEpoch(1_700_000_000).time(), QLocale.FormatType.ShortFormat)
    assert standing_words(Standing(brought=1_700_000_000.0)) == f"working copy · brought back {when}"
    assert standing_words(Standing(True, 1_700_000_000.0)) == f"working copy · brought back {when}, changed since"


def test_work_is_brought_back_on_demand_and_at_the_end_and_the_window_knows_the_home(
    window: Window, home: Path, wait: Wait
) -> None:
    project = opened(window, home, wait)
    assert window.windowTitle().startswith("study —")
    assert window.settings.remembered == [home]
    wait(lambda: window.status.home.text() == "working copy · nothing changed yet")
    assert str(project.path) in window.status.home.toolTip()
    rename(window, "one")
    wait(lambda: window.status.home.text() == "working copy · not brought back yet")
    do(window, "bring_back")
    wait(lambda: window.status.home.text().startswith("working copy · brought back"))
    assert name_in(home) == "one"
    rename(window, "two")
    wait(lambda: window.status.home.text().endswith("changed since"))
    closed(window, wait)
    assert name_in(home) == "two"
    wait(lambda: not window.status.home.isVisible())
    assert not window.actions_by_name.by_name["bring_back"].isEnabled()


def test_copying_says_how_far_it_is_and_can_be_given_up(
    window: Window, home: Path, wait: Wait, slow: list[float]
) -> None:
    window.projects.open(home)
    shown(window, wait).button.click()
    wait(lambda: window.projects.carrying is None)
    assert window.session is None
    assert window.isEnabled()
    assert errors.open_dialog() is None
    window.projects.open(home)
    shown(window, wait)
    slow.clear()
    wait(lambda: window.session is not None)
    assert window.projects.carrying is None


def test_the_end_is_waited_for_with_progress(window: Window, home: Path, wait: Wait, slow: list[float]) -> None:
    slow.clear()
    opened(window, home, wait)
    rename(window, "one")
    slow.append(0.5)
    window.projects.close()
    shown(window, wait)
    slow.clear()
    wait(lambda: window.session is None)
    assert name_in(home) == "one"


def test_who_does_not_wait_finds_the_work_brought_back_at_the_next_start(
    window: Window, home: Path, wait: Wait, slow: list[float]
) -> None:
    slow.clear()
    opened(window, home, wait)
    rename(window, "one")
    slow.append(0.5)
    window.projects.close()
    shown(window, wait).button.click()
    wait(lambda: window.session is None)
    assert name_in(home) == "Iris flowers"
    assert not window.findChildren(QMessageBox)
    slow.clear()
    window.projects.deliver_left()
    wait(lambda: "'study.vqw' was brought back to" in window.statusBar().currentMessage())
    assert name_in(home) == "one"


def test_a_window_that_is_closed_brings_back_first(window: Window, home: Path, wait: Wait, qtbot: QtBot) -> None:
    opened(window, home, wait)
    rename(window, "one")
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=60_000)
    assert name_in(home) == "one"


def test_a_change_elsewhere_is_told_and_the_window_goes_on_beside_it(
    window: Window, home: Path, wait: Wait, qtbot: QtBot
) -> None:
    opened(window, home, wait)
    rename(window, "ours")
    with Project.open(home) as other:
        other.transact(lambda t: t.put("datasets/d_000001", {"name": "theirs"})).result()
    do(window, "bring_back")
    qtbot.waitUntil(lambda: errors.open_dialog() is not None, timeout=60_000)
    dialog = errors.open_dialog()
    assert dialog is not None
    assert "was changed elsewhere" in dialog.failed.text()
    dialog.close()
    qtbot.waitUntil(lambda: window.windowTitle().startswith(f"study (copy of {marks.host()}"), timeout=60_000)
    beside = of(window).path
    rename(window, "ours again")
    window.projects.close()
    qtbot.waitUntil(lambda: window.session is None, timeout=60_000)
    assert (name_in(home), name_in(beside)) == ("theirs", "ours again")


def test_a_folder_that_is_gone_at_the_end_is_told_and_the_project_can_still_be_opened(
    window: Window, home: Path, tmp_path: Path, wait: Wait
) -> None:
    opened(window, home, wait)
    rename(window, "one")
    home.parent.rename(tmp_path / "away")
    window.projects.close()
    wait(lambda: bool(window.findChildren(QMessageBox)))
    (box,) = window.findChildren(QMessageBox)
    assert "cannot be reached" in box.text()
    box.accept()
    wait(lambda: window.session is None)
    menu = window.actions_by_name.menus["File/Open recent"]
    menu.aboutToShow.emit()
    wait(lambda: not window.background.busy)
    entry = next(action for action in menu.actions() if action.text().startswith("study"))
    assert GONE not in entry.text()
    entry.trigger()
    wait(lambda: window.session is not None)
    assert next(iter(of(window).datasets.values())).name == "one"
    (tmp_path / "away").rename(home.parent)
    closed(window, wait)
    assert name_in(home) == "one"


def test_who_does_not_want_copies_works_where_the_file_is(window: Window, home: Path, wait: Wait) -> None:
    window.settings.set_flag("local-copy", False)
    window.projects.open(home)
    wait(lambda: window.session is not None)
    assert of(window).project.path == home
    assert not window.status.home.isVisible()
    closed(window, wait)


def test_a_project_is_made_and_saved_into_such_a_folder(window: Window, home: Path, wait: Wait) -> None:
    window.projects.create(home.with_name("new.vqw"))
    wait(lambda: window.session is not None and home.with_name("new.vqw").exists())
    window.projects.save_as(home.with_name("saved.vqw"))
    wait(lambda: window.session is not None and window.session.path.stem == "saved")
    closed(window, wait)
    assert {path.name for path in home.parent.glob("*.vqw")} == {"new.vqw", "saved.vqw", "study.vqw"}
