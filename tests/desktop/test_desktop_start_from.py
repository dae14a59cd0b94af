"""A run starts from a file in the window: what the file holds is shown, what becomes of it is told, faults before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from desktop_help import do, of
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from workbench.data import guess
from workbench.desktop.start_dialog import StartDialog
from workbench.desktop.window import Window
from workbench.reports import export
from workbench.session import Dataset, Run

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def trained(window: Window, data: Dataset, wait: Wait) -> Run:
    run = of(window).add_run(data, "GLVQ", {"max_iter": 2, "random_state": 0}, name="source")
    wait(lambda: run.status == "finished")
    return run


def opened(window: Window, data: Dataset, path: Path, wait: Wait) -> StartDialog:
    """The dialog with a file of which something can become."""
    window.tree.select(data)
    wait(lambda: window.actions_by_name.by_name["start_from"].isEnabled())
    do(window, "start_from")
    dialog = window.dialogs.starting
    assert dialog is not None
    assert not dialog.train.isEnabled()
    dialog.choose(path)
    wait(lambda: dialog.fit is not None)
    return dialog


def test_a_model_is_shown_and_trained_on(
    window: Window, data: Dataset, trained: Run, tmp_path: Path, wait: Wait
) -> None:
    (path,) = export("model", of(window), trained, tmp_path / "m.safetensors")
    dialog = opened(window, data, path, wait)
    assert "Holds: a model, Generalized LVQ" in dialog.preview.facts.text()
    assert "Comes from: run source on flowers" in dialog.preview.facts.text()
    assert dialog.engine.currentText() == "As in the file: Generalized LVQ"
    assert not dialog.units.isEnabled()
    assert dialog.preview.rows.rowCount() == 3
    assert dialog.remark.text() == "GLVQ goes on from what it has learned in m.safetensors; the training begins anew."
    assert dialog.form is not None
    assert {"init", "prototypes_per_class"}.isdisjoint(dialog.form.rows)
    dialog.form.rows["max_iter"].editor.setValue(4)  # type: ignore[union-attr]
    wait(lambda: dialog.fit is not None)
    dialog.name.setText("onward")
    dialog.train.click()
    wait(lambda: any(run.name == "onward" for run in of(window).runs.values()))
    run = of(window).run("onward")
    wait(lambda: run.status == "finished" and window.live.run is run)
    assert (run.parameters["max_iter"], run.parameters["random_state"]) == (4, 0)
    do(window, "undo")
    wait(lambda: run.id not in of(window).runs)


def test_a_codebook_is_loaded_and_not_trained(
    window: Window, data: Dataset, trained: Run, tmp_path: Path, wait: Wait
) -> None:
    (path,) = export("codebook", of(window), trained, tmp_path / "w.json")
    dialog = opened(window, data, path, wait)
    assert dialog.engine.currentData() == "GLVQ"  # as the file tells
    dialog.engine.setCurrentIndex(dialog.engine.findData("KMeans"))
    assert not dialog.train.isEnabled()
    wait(lambda: dialog.fit is not None)
    assert dialog.remark.text() == "KMeans starts from the 3 prototypes of w.json, read in the units of the data."
    dialog.load.click()
    wait(lambda: len(of(window).runs) == 2)
    run = list(of(window).runs.values())[-1]
    wait(lambda: window.live.run is run)
    assert (run.name, run.status, run.resumable) == ("KMeans from w", "stopped", True)
    np.testing.assert_array_equal(run.model().prototypes_, trained.model().prototypes_)


def test_the_units_of_a_table_that_does_not_tell_them_are_chosen(
    window: Window, data: Dataset, tmp_path: Path, wait: Wait
) -> None:
    np.save(tmp_path / "w.npy", np.ones((2, 4)))
    dialog = opened(window, data, tmp_path / "w.npy", wait)
    assert "Units: the file does not tell" in dialog.preview.facts.text()
    dialog.units.setCurrentIndex(dialog.units.findData("training"))
    wait(lambda: dialog.fit is not None)
    assert dialog.remark.text().endswith("read in the units that the engine sees.")
    request = dialog.request
    assert request is not None
    assert (request.units, request.engine) == ("training", "KMeans")
    dialog.reject()
    assert window.dialogs.starting is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b\n1,2\n3,4\n", "w.csv has 2 columns of numbers, but dataset 'flowers' has 4 features"),
        ("", "w.csv is empty: there is nothing to import."),
    ],
)
def test_a_file_that_does_not_fit_is_told_before(
    window: Window, data: Dataset, tmp_path: Path, wait: Wait, text: str, sentence: str
) -> None:
    (tmp_path / "w.csv").write_text(text)
    window.tree.select(data)
    of_data = window.actions_by_name.by_name["start_from"]
    wait(of_data.isEnabled)
    do(window, "start_from")
    dialog = window.dialogs.starting
    assert dialog is not None
    dialog.choose(tmp_path / "w.csv")
    wait(lambda: dialog.remark.property("role") == "bad")
    assert dialog.remark.text().startswith(sentence)
    assert not dialog.train.isEnabled()
    assert not dialog.load.isEnabled()
    dialog.reject()


def test_prototypes_of_pictures_are_shown_as_pictures_and_a_model_that_is_dropped_opens_the_dialog(
    window: Window, data: Dataset, tmp_path: Path, wait: Wait
) -> None:
    np.savez(tmp_path / "p.npz", X=np.random.default_rng(0).integers(0, 255, (30, 4, 5), np.uint8))
    found = of(window).import_data(guess(tmp_path / "p.npz")).result(60)
    run = of(window).add_run(found, "SOM", {"shape": [2, 2], "max_iter": 2, "random_state": 0})
    wait(lambda: run.status == "finished")
    (path,) = export("model", of(window), run, tmp_path / "m.safetensors")
    window.tree.select(found)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, mime, buttons, keys))
    dialog = window.dialogs.starting
    assert dialog is not None
    wait(lambda: dialog.fit is not None)
    assert dialog.preview.below.currentWidget() is dialog.preview.area
    assert not dialog.preview.sheet.pixmap().isNull()
    assert not dialog.train.isEnabled()  # a map is kept as it is
    dialog.load.click()
    wait(lambda: len(of(window).runs) == 2)
    assert list(of(window).runs.values())[-1].status == "finished"
