"""Care of the project file in the window: verified, compacted, salvaged; interrupted work is asked about."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from desktop_help import do, of
from PySide6.QtWidgets import QFileDialog

from workbench.desktop.recovery import Fate
from workbench.desktop.task_dialog import TaskDialog
from workbench.desktop.window import Window
from workbench.project import Project, rewriting
from workbench.session import Dataset, Run, Session

Wait = Callable[[Callable[[], bool]], None]


def ended(window: Window, wait: Wait) -> TaskDialog:
    """The dialog of the task that goes on, once it has come to its end."""
    dialog = window.care.task
    assert dialog is not None
    wait(lambda: dialog.outcome is not None)
    return dialog


def damage(path: Path, key: str) -> None:
    """Flip a bit in the middle of an array."""
    with Project.open(path, read_only=True) as project:
        info = project.read(lambda reader: reader.info(key)).result()
    with path.open("r+b") as file:
        file.seek(info.offset + info.nbytes // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the file chooser answers."""
    path = tmp_path / "saved.vqw"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    return path


def test_a_sound_project_is_verified_and_compacted_by_as_many_bytes_as_are_told(
    window: Window, data: Dataset, wait: Wait
) -> None:
    session = of(window)
    path = session.path
    session.project.transact(lambda t: t.write("gone", np.zeros(250_000))).result()
    session.project.transact(lambda t: t.delete("gone")).result()
    do(window, "verify")
    dialog = ended(window, wait)
    assert "is sound" in dialog.words.text()
    assert not dialog.offer.isVisible()
    dialog.stop.click()
    before = path.stat().st_size
    do(window, "compact")
    dialog = ended(window, wait)
    assert before - path.stat().st_size >= 2_000_000
    assert dialog.words.text().startswith(f"{(before - path.stat().st_size) / 1e6:.3g} MB are given back")
    dialog.stop.click()
    do(window, "compact")
    assert "nothing to give back" in ended(window, wait).words.text()
    window.care.task.stop.click()  # type: ignore[union-attr]
    assert np.asarray(session.datasets[data.id].rows("train")).shape == (120, 4)


def test_compacting_is_refused_in_words_while_something_runs(window: Window, data: Dataset, wait: Wait) -> None:
    run = of(window).add_run(data, "KMeans", {"n_clusters": 3}, paused=True)
    wait(lambda: run.active)
    do(window, "compact")
    words = ended(window, wait).words.text()
    assert f"'{run.name}' is" in words
    assert "then compact the project" in words
    window.care.task.stop.click()  # type: ignore[union-attr]
    run.stop()


def test_a_task_can_be_stopped_and_a_project_left_while_it_goes_on(window: Window, data: Dataset, wait: Wait) -> None:
    project = of(window).project
    verify = project.verify

    def slowly(progress: Callable[[float], None], stop: Callable[[], bool]) -> list[str]:
        while not stop():
            progress(0.5)
            time.sleep(0.01)
        return verify(progress, stop)

    project.verify = slowly  # type: ignore[method-assign]
    do(window, "verify")
    dialog = window.care.task
    assert dialog is not None
    wait(lambda: dialog.bar.value() == 500)
    dialog.stop.click()
    assert ended(window, wait).words.text() == "Stopped as asked; nothing was changed."
    dialog.stop.click()
    do(window, "verify")
    window.projects.close()
    wait(lambda: window.session is None)
    assert window.care.task is None


def test_damage_is_listed_and_what_is_whole_is_salvaged_and_opened(
    window: Window, data: Dataset, flowers: Path, wait: Wait, target: Path
) -> None:
    from workbench.data import guess

    session = of(window)
    other = session.import_data(guess(flowers), name="other").result(60)  # the newest, which is shown, is whole
    path, X = session.path, np.asarray(other.raw.read(0, 99))
    window.projects.close()
    wait(lambda: window.session is None)
    damage(path, f"{data.id}/X")
    window.projects.open(path)
    wait(lambda: window.session is not None)
    do(window, "verify")
    dialog = ended(window, wait)
    assert dialog.words.property("role") == "bad"
    assert dialog.details.toPlainText().count("\n") == 0
    assert f"'{data.id}/X' is damaged in rows 0 to 119" in dialog.details.toPlainText()
    assert dialog.offer.isVisible()
    dialog.offer.click()
    wait(lambda: window.care.task is not None and window.care.task is not dialog)
    dialog = ended(window, wait)
    assert window.session is None
    assert "Dataset 'flowers' was left behind" in dialog.details.toPlainText()
    dialog.offer.click()
    wait(lambda: window.session is not None)
    assert of(window).path == target
    (left,) = of(window).datasets.values()
    np.testing.assert_array_equal(np.asarray(left.raw.read(0, 99)), X)


def test_a_file_that_cannot_be_opened_is_salvaged(window: Window, wait: Wait, tmp_path: Path, target: Path) -> None:
    from workbench.resources import sample_projects

    path = tmp_path / "torn.vqw"
    path.write_bytes(sample_projects()["iris"].read_bytes()[:-4096])
    window.projects.open(path)
    wait(lambda: window.care.damaged is not None)
    asked = window.care.damaged
    assert asked is not None
    assert asked.backup_buttons == []
    asked.salvage.click()
    wait(lambda: window.care.task is not None)
    dialog = ended(window, wait)
    assert "left behind" in dialog.words.text()
    dialog.offer.click()
    wait(lambda: window.session is not None)
    assert [dataset.name for dataset in of(window).datasets.values()] == ["Iris flowers"]


def test_a_backup_is_opened_in_place_of_a_damaged_file(window: Window, wait: Wait, tmp_path: Path) -> None:
    path = tmp_path / "study.vqw"
    Session.create(path).close()
    backup = tmp_path / f"study{rewriting.BACKUP}1.vqw"
    shutil.copy(path, backup)
    path.write_bytes(path.read_bytes()[:3000])
    window.projects.open(path)
    wait(lambda: window.care.damaged is not None)
    asked = window.care.damaged
    assert asked is not None
    (button,) = asked.backup_buttons
    button.click()
    wait(lambda: window.session is not None)
    assert of(window).path == backup


def test_interrupted_runs_are_resumed_kept_or_deleted_as_chosen_and_kept_ones_not_asked_about_again(
    window: Window, data: Dataset, wait: Wait
) -> None:
    session = of(window)
    runs = [session.add_run(data, "KMeans", {"n_clusters": k, "random_state": 0}) for k in (2, 3, 4, 5)]
    assert {run.wait(60) for run in runs} == {"finished"}
    path = session.path
    window.projects.close()
    wait(lambda: window.session is None)
    with Project.open(path) as project:  # as a program leaves them that dies
        for run in runs[:3]:
            project.transact(lambda t, run=run: t.put(run.id, {"status": "running"})).result()  # type: ignore[misc]
    window.projects.open(path)
    wait(lambda: window.care.interrupted is not None)
    dialog = window.care.interrupted
    assert dialog is not None
    assert [work.id for work, _ in dialog.fates] == [run.id for run in runs[:3]]
    assert {fate for _, fate in dialog.fates} == {Fate.KEEP}
    for choice, fate in zip(dialog.choices, (Fate.RESUME, Fate.KEEP, Fate.DELETE), strict=True):
        choice.setCurrentIndex(choice.findData(fate))
    dialog.go.click()

    def found(k: int) -> Run | None:
        return of(window).runs.get(runs[k].id)

    wait(lambda: found(2) is None)
    wait(lambda: found(0).status == "finished" and found(1).status == "stopped")  # type: ignore[union-attr]
    assert of(window).can_undo == f"deletion of {runs[2].name}"
    do(window, "close")
    wait(lambda: window.session is None)
    with Session.open(path) as again:
        assert [run.status for run in again.runs.values()] == ["finished", "stopped", "finished"]
