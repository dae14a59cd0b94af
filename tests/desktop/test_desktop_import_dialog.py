"""The import dialog: what it guesses, how a correction changes the preview, what it refuses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from desktop_help import do, of
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from workbench.data import Preview
from workbench.desktop import errors, import_dialog
from workbench.desktop.background import Background
from workbench.desktop.import_dialog import ImportDialog
from workbench.desktop.import_tables import ENCODING, MISSING, NAME, NOTE, ROLE, TYPE, UNIT
from workbench.desktop.settings import Settings
from workbench.desktop.theme import ThemeSwitch
from workbench.desktop.window import Window
from workbench.session import Dataset

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def dialog(qtbot: QtBot, settings: Settings, switch: ThemeSwitch) -> Iterator[ImportDialog]:
    background = Background()
    made = ImportDialog(background, settings)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()
    background.close()


def column(dialog: ImportDialog, which: int) -> list[str]:
    model = dialog.columns
    return [model.index(row, which).data() for row in range(model.rowCount())]


def test_without_a_file_nothing_can_be_imported(dialog: ImportDialog) -> None:
    assert dialog.plan is None
    assert not dialog.accept_button.isEnabled()
    assert "Choose a file" in dialog.remark.text()


def test_a_table_is_understood_and_shown(dialog: ImportDialog, flowers: Path, wait: Wait) -> None:
    dialog.choose([flowers])
    wait(lambda: dialog.plan is not None)
    assert column(dialog, NAME) == ["length", "width", "height", "weight", "kind"]
    assert column(dialog, ROLE) == ["feature"] * 4 + ["label"]
    assert dialog.extent.text() == "120 rows, 4 features"
    assert dialog.name.text() == "flowers"
    assert dialog.accept_button.isEnabled()


def test_a_wrong_delimiter_is_corrected_by_the_person(dialog: ImportDialog, tmp_path: Path, wait: Wait) -> None:
    path = tmp_path / "odd.txt"
    path.write_text("a|b\n" + "".join(f"{k}|{k * k}\n" for k in range(20)))
    dialog.choose([path])
    wait(lambda: dialog.plan is not None)
    assert dialog.options is not None
    dialog.options.rows["delimiter"].editor.setCurrentText(";")
    assert dialog.plan is None
    wait(lambda: column(dialog, NAME) != ["a", "b"] or dialog.remark.property("role") == "bad")
    dialog.options.rows["delimiter"].editor.setCurrentText("|")
    wait(lambda: dialog.plan is not None and column(dialog, NAME) == ["a", "b"])


def test_a_role_given_in_the_table_is_in_the_plan(dialog: ImportDialog, flowers: Path, wait: Wait) -> None:
    dialog.choose([flowers])
    wait(lambda: dialog.plan is not None)
    dialog.columns.setData(dialog.columns.index(1, ROLE), "ignore")
    assert dialog.plan is None
    wait(lambda: dialog.plan is not None)
    assert [c.role for c in dialog.plan.columns] == ["feature", "ignore", "feature", "feature", "label"]
    assert dialog.extent.text() == "120 rows, 3 features"


def test_units_and_notes_typed_in_the_table_are_in_the_plan_and_stay_when_it_is_corrected(
    dialog: ImportDialog, flowers: Path, wait: Wait
) -> None:
    dialog.choose([flowers])
    wait(lambda: dialog.plan is not None)
    model = dialog.columns
    for row, which, words in ((0, UNIT, "mm"), (0, NOTE, "of the  midrib\n"), (4, NOTE, "as the gardener says")):
        assert model.flags(model.index(row, which)) & Qt.ItemFlag.ItemIsEditable
        model.setData(model.index(row, which), words)
    assert model.index(0, NOTE).data(Qt.ItemDataRole.ToolTipRole) == "of the midrib"
    wait(lambda: dialog.plan is not None)
    assert dialog.options is not None
    dialog.options.rows["precision"].editor.setCurrentText("float32")
    wait(lambda: dialog.plan is not None and dialog.plan.options["precision"] == "float32")
    assert dialog.plan is not None
    assert [(c.unit, c.note) for c in dialog.plan.columns if c.unit or c.note] == [
        ("mm", "of the midrib"),
        ("", "as the gardener says"),
    ]
    assert column(dialog, NOTE) == ["of the midrib", "", "", "", "as the gardener says"]


@pytest.fixture
def parcels(tmp_path: Path) -> Path:
    path = tmp_path / "parcels.csv"
    rows = "".join(f"2024-0{1 + k % 9}-15,{('red', 'blue')[k % 2]},{k % 24},{k}\n" for k in range(40))
    path.write_text("sent,colour,hour,weight\n" + rows)
    return path


def test_a_column_of_text_made_a_feature_says_how_it_becomes_numbers(
    dialog: ImportDialog, parcels: Path, wait: Wait
) -> None:
    dialog.choose([parcels])
    wait(lambda: dialog.plan is not None)
    assert column(dialog, TYPE) == ["date", "text", "number", "number"]
    assert column(dialog, ENCODING) == ["", "", "number", "number"]
    dialog.columns.setData(dialog.columns.index(1, ROLE), "feature")
    wait(lambda: dialog.plan is not None)
    assert column(dialog, ENCODING) == ["", "one-hot", "number", "number"]


def test_an_encoding_chosen_in_the_table_is_in_the_plan(
    dialog: ImportDialog, parcels: Path, wait: Wait, qtbot: QtBot
) -> None:
    dialog.choose([parcels])
    wait(lambda: dialog.plan is not None)
    place = dialog.columns.index(2, ENCODING)
    assert dialog.columns.flags(place) & Qt.ItemFlag.ItemIsEditable
    assert not dialog.columns.flags(dialog.columns.index(0, ENCODING)) & Qt.ItemFlag.ItemIsEditable
    dialog.table.edit(place)
    editor = dialog.table.findChild(QComboBox)
    assert editor.accessibleName()
    assert "cyclic:24" in [editor.itemText(k) for k in range(editor.count())]
    editor.lineEdit().selectAll()
    qtbot.keyClicks(editor.lineEdit(), "cyclic:12")
    qtbot.keyClick(editor.lineEdit(), Qt.Key.Key_Return)
    wait(lambda: column(dialog, ENCODING)[2] == "cyclic:12")
    assert dialog.plan is not None
    assert dialog.plan.encodings["hour"].period == 12
    dialog.columns.setData(place, "cyclic:soon")
    assert "no number" in dialog.remark.text()
    assert dialog.plan is not None


def test_recipe_and_name_are_in_the_plan(dialog: ImportDialog, flowers: Path, wait: Wait) -> None:
    dialog.choose([flowers])
    wait(lambda: dialog.plan is not None)
    dialog.recipe.scaling.setCurrentIndex(dialog.recipe.scaling.findData("standard"))
    dialog.recipe.test.setValue(25)
    dialog.name.setText("my flowers")
    wait(lambda: dialog.plan is not None)
    plan = dialog.plan
    assert (plan.recipe.scaling, plan.recipe.split.train, plan.recipe.split.test) == ("standard", 0.75, 0.25)
    assert plan.name == "my flowers"


def test_a_split_that_leaves_nothing_to_train_on_is_refused_in_a_sentence(
    dialog: ImportDialog, flowers: Path, wait: Wait
) -> None:
    dialog.choose([flowers])
    wait(lambda: dialog.plan is not None)
    dialog.recipe.validation.setValue(50)
    dialog.recipe.test.setValue(50)
    assert "split" in dialog.remark.text()
    assert dialog.plan is None


def test_missing_values_are_counted(dialog: ImportDialog, tmp_path: Path, wait: Wait) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text("a,b\n" + "".join(f"{k},{'' if k % 5 == 0 else k}\n" for k in range(20)))
    dialog.choose([path])
    wait(lambda: dialog.plan is not None)
    assert column(dialog, MISSING) == ["", "4"]


@pytest.mark.parametrize(("content", "word"), [(None, "no file"), (b"", "empty")])
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(
    dialog: ImportDialog, tmp_path: Path, wait: Wait, content: bytes | None, word: str
) -> None:
    path = tmp_path / "bad.csv"
    if content is not None:
        path.write_bytes(content)
    dialog.choose([path])
    wait(lambda: dialog.remark.property("role") == "bad")
    assert word in dialog.remark.text()
    assert not dialog.accept_button.isEnabled()


def test_images_are_shown_as_pictures(dialog: ImportDialog, tmp_path: Path, wait: Wait) -> None:
    path = tmp_path / "digits.npz"
    np.savez(path, X=np.arange(30 * 64, dtype=np.uint8).reshape(30, 8, 8), y=np.arange(30) % 3)
    dialog.choose([path])
    wait(lambda: dialog.plan is not None)
    assert dialog.tabs.currentIndex() == 2
    assert not dialog.sheet.pixmap().isNull()


def test_the_arrays_of_a_file_are_offered_and_another_can_be_chosen(
    dialog: ImportDialog, tmp_path: Path, wait: Wait
) -> None:
    path = tmp_path / "measured.h5"
    with h5py.File(path, "w") as file:
        file["part/data"] = np.arange(60.0).reshape(20, 3)
        file["part/target"] = np.arange(20) % 2
        file["other/more"] = np.arange(50.0).reshape(10, 5)
    dialog.choose([path])
    wait(lambda: dialog.plan is not None)
    assert dialog.options is not None
    editor = dialog.options.rows["array"].editor
    assert isinstance(editor, QComboBox)
    assert editor.currentText() == "part/data · 20 × 3 float64"
    offered = [editor.itemText(k) for k in range(editor.count())]
    assert {"auto", "part/data · 20 × 3 float64", "other/more · 10 × 5 float64"} < set(offered)
    labels = dialog.options.rows["labels"].editor
    assert isinstance(labels, QComboBox)
    labels.setCurrentText("none")
    editor.setCurrentText("other/more · 10 × 5 float64")
    wait(lambda: dialog.extent.text() == "10 rows, 5 features")
    assert dialog.plan is not None
    assert (dialog.plan.options["array"], dialog.plan.options["labels"]) == ("other/more", "none")


def test_a_dropped_file_is_looked_at(dialog: ImportDialog, flowers: Path, wait: Wait) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(flowers))])
    none = Qt.KeyboardModifier.NoModifier
    dialog.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, none))
    wait(lambda: dialog.plan is not None)
    assert dialog.name.text() == "flowers"


def test_a_preview_that_comes_late_does_not_replace_a_newer_one(
    dialog: ImportDialog, flowers: Path, wide: Path, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, original = threading.Event(), import_dialog.preview

    def held(plan: import_dialog.Plan) -> Preview:
        if plan.name == "flowers":
            gate.wait(30)
        return original(plan)

    monkeypatch.setattr(import_dialog, "preview", held)
    dialog.choose([flowers])
    dialog.choose([wide])
    wait(lambda: dialog.plan is not None)
    gate.set()
    wait(lambda: not dialog._background.busy)
    assert dialog.plan is not None
    assert dialog.plan.name == "wide"
    assert len(column(dialog, NAME)) == 16


def test_dissimilarities_leave_nothing_else_to_do_to_the_rows(dialog: ImportDialog, tmp_path: Path, wait: Wait) -> None:
    np.save(tmp_path / "apart.npy", np.random.default_rng(0).exponential(size=(20, 20)))
    dialog.choose([tmp_path / "apart.npy"])
    wait(lambda: dialog.plan is not None)
    dialog.recipe.scaling.setCurrentIndex(1)
    dialog.recipe.dissimilarities.setChecked(True)
    assert not dialog.recipe.scaling.isEnabled()
    wait(lambda: dialog.plan is not None and dialog.plan.recipe.dissimilarities)
    assert dialog.plan is not None
    assert dialog.plan.recipe.scaling == "none"
    wait(dialog.accept_button.isEnabled)


def test_a_table_on_the_clipboard_is_imported_and_kept(
    data: Dataset, window: Window, tmp_path: Path, wait: Wait
) -> None:
    QGuiApplication.clipboard().setText("a\tb\n1\t2\n3\t5\n4\t7\n")
    do(window, "paste_table")
    wait(lambda: window.dialogs.importing is not None and window.dialogs.importing.plan is not None)
    dialog = window.dialogs.importing
    assert dialog is not None
    assert column(dialog, NAME) == ["a", "b"]
    dialog.accept()
    wait(lambda: len(of(window).datasets) == 2)
    pasted = list(of(window).datasets.values())[-1]
    assert pasted.n_rows == 3
    kept = Path(pasted.source["files"][0]["path"])
    assert kept.read_text().startswith("a\tb")
    assert kept.is_relative_to(tmp_path / "state")


def test_an_empty_clipboard_is_told(data: Dataset, window: Window, qtbot: QtBot) -> None:
    QGuiApplication.clipboard().clear()
    do(window, "paste_table")
    qtbot.waitUntil(lambda: errors.open_dialog() is not None)
    found = errors.open_dialog()
    assert found is not None
    assert "no table on the clipboard" in found.failed.text()
    found.close()
