"""Another project is merged in the window: what is offered and ticked is what comes, and one undo takes it back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from desktop_help import do, of
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from workbench.data import guess
from workbench.desktop import errors
from workbench.desktop.merge_dialog import MergeDialog
from workbench.desktop.window import Window
from workbench.session import Dataset, RowMask, Session

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def other(flowers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the file chooser answers: a project with the same data as `data` and others, and runs on both."""
    path = tmp_path / "other.vqw"
    with Session.create(path) as session:
        data = session.import_data(guess(flowers)).result(60)
        run = session.add_run(data, "KMeans", {"n_clusters": 3, "random_state": 0}, name="groups")
        assert run.wait(60) == "finished"
        session.branch(run, name="branch")
        session.name_subset("some", data, RowMask.of_rows([1, 2], data.n_rows))
        second = session.import_data(guess(flowers).with_roles({"kind": "ignore"}), name="unlabelled").result(60)
        assert session.add_run(second, "KMeans", {"n_clusters": 2}, name="pairs").wait(60) == "finished"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    return path


def opened(window: Window, wait: Wait) -> MergeDialog:
    """The dialog, once it has read the other project or could not."""
    do(window, "merge_project")
    dialog = window.dialogs.merging
    assert dialog is not None
    wait(lambda: not dialog.remark.text().startswith("Reading"))
    return dialog


def ticks(dialog: MergeDialog) -> dict[str, bool]:
    """Whether it is ticked, of each thing that can be, by name."""
    items = [item for item in dialog._items.values() if item.data(0, Qt.ItemDataRole.CheckStateRole) is not None]
    return {item.text(0): item.checkState(0) == Qt.CheckState.Checked for item in items}


def tick(dialog: MergeDialog, name: str, ticked: bool) -> None:
    (item,) = [item for item in dialog._items.values() if item.text(0) == name]
    item.setCheckState(0, Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)


def test_what_is_ticked_comes_and_one_undo_takes_it_back(
    window: Window, data: Dataset, other: Path, wait: Wait
) -> None:
    session = of(window)
    dialog = opened(window, wait)
    assert ticks(dialog) == dict.fromkeys(["groups", "branch", "some", "unlabelled", "pairs"], True)
    (here,) = [item for item in dialog._items.values() if item.text(0) not in ticks(dialog)]
    assert (here.text(0), here.text(1)) == (data.name, "here already")
    tick(dialog, "unlabelled", False)
    assert ticks(dialog) == {"groups": True, "branch": True, "some": True, "unlabelled": False, "pairs": False}
    assert dialog.remark.text() == "2 runs and 1 subset will come; one undo takes all of it back."
    dialog.start.click()
    wait(lambda: len(session.runs) == 2)
    wait(lambda: window.statusBar().currentMessage().startswith("2 runs and 1 subset came from other.vqw."))
    assert [run.name for run in session.runs.values()] == ["groups", "branch"]
    assert all(run.dataset is data for run in session.runs.values())
    wait(lambda: {thing.name for thing in window.tree.things()} == {data.name, "some", "groups", "branch"})
    do(window, "undo")
    wait(lambda: not session.runs)
    assert [thing.name for thing in session.datasets.values()] == [data.name]


def test_what_a_thing_needs_is_ticked_with_it_and_goes_with_it(
    window: Window, data: Dataset, other: Path, wait: Wait
) -> None:
    dialog = opened(window, wait)
    dialog.none.click()
    assert not any(ticks(dialog).values())
    assert not dialog.start.isEnabled()
    tick(dialog, "branch", True)
    assert [name for name, on in ticks(dialog).items() if on] == ["groups", "branch"]
    tick(dialog, "groups", False)
    assert not any(ticks(dialog).values())
    tick(dialog, "unlabelled", True)
    assert [name for name, on in ticks(dialog).items() if on] == ["unlabelled", "pairs"]
    tick(dialog, "pairs", False)
    assert [name for name, on in ticks(dialog).items() if on] == ["unlabelled"]
    tick(dialog, "pairs", True)
    tick(dialog, "unlabelled", False)
    assert not any(ticks(dialog).values())
    dialog.all.click()
    assert all(ticks(dialog).values())
    dialog.reject()


def test_a_file_that_cannot_be_merged_is_told_in_the_dialog(
    window: Window, data: Dataset, other: Path, wait: Wait
) -> None:
    other.write_bytes(b"no project" * 999)
    dialog = opened(window, wait)
    assert "is not a VQ Workbench project" in dialog.remark.text()
    assert not dialog.start.isEnabled()
    dialog.reject()


def test_a_merge_that_fails_is_told_and_changes_nothing(
    window: Window, data: Dataset, other: Path, wait: Wait, qtbot: QtBot
) -> None:
    dialog = opened(window, wait)
    other.unlink()
    dialog.start.click()
    qtbot.waitUntil(lambda: errors.open_dialog() is not None)
    told = errors.open_dialog()
    assert told is not None
    assert "There is no project at" in told.failed.text()
    assert not of(window).runs
