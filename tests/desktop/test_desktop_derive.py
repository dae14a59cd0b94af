"""A dataset is made of another one from the window: what is set up is what is made; faults are told before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from desktop_help import do, of
from PySide6.QtCore import Qt

from workbench.desktop.derive_dialog import DeriveDialog
from workbench.desktop.window import Window
from workbench.session import Dataset, RowMask

Wait = Callable[[Callable[[], bool]], None]


def opened(window: Window, data: Dataset, wait: Wait) -> DeriveDialog:
    window.tree.select(data)
    wait(lambda: window.actions_by_name.by_name["derive"].isEnabled())
    do(window, "derive")
    wait(lambda: window.dialogs.deriving is not None)
    dialog = window.dialogs.deriving
    assert dialog is not None
    wait(dialog.start.isEnabled)
    return dialog


def test_picked_rows_that_fulfil_a_condition_become_a_dataset(window: Window, data: Dataset, wait: Wait) -> None:
    of(window).selection.pick_rows(data.id, RowMask.of_rows(range(60), data.n_rows))
    dialog = opened(window, data, wait)
    dialog.rows.setCurrentIndex(1)
    assert dialog.rows.currentText() == "The 60 picked rows"
    dialog.where.setText("row <= 20 or row > 50")
    dialog.columns.item(1).setCheckState(Qt.CheckState.Unchecked)
    dialog.name.setText("some")
    assert not dialog.start.isEnabled()
    wait(lambda: dialog.remark.text().startswith("30 of 120 rows"))
    dialog.start.click()
    wait(lambda: len(of(window).datasets) == 2)
    made = of(window).dataset("some")
    rows = [*range(20), *range(50, 60)]
    raw = data.raw.read(0, data.n_rows)
    np.testing.assert_array_equal(made.raw.read(0, 99), np.delete(raw[rows], 1, axis=1))
    do(window, "undo")
    wait(lambda: len(of(window).datasets) == 1)


@pytest.mark.parametrize("where", ["breadth > 1", "length >", "length > 1e9"])
def test_a_condition_that_cannot_be_used_is_told_before(window: Window, data: Dataset, wait: Wait, where: str) -> None:
    dialog = opened(window, data, wait)
    dialog.where.setText(where)
    wait(lambda: dialog.remark.property("role") == "bad")
    assert not dialog.start.isEnabled()
    dialog.where.setText("")
    wait(dialog.start.isEnabled)
    dialog.reject()


def test_another_preparation_and_no_label(window: Window, data: Dataset, wait: Wait) -> None:
    dialog = opened(window, data, wait)
    dialog.label.setCurrentIndex(dialog.label.findText("None"))
    assert not dialog.recipe.isEnabled()
    dialog.anew.setChecked(True)
    dialog.recipe.scaling.setCurrentIndex(dialog.recipe.scaling.findData("minmax"))
    dialog.recipe.test.setValue(50)
    dialog.sample.setValue(100)
    wait(lambda: dialog.start.isEnabled() and dialog.remark.text().startswith("100 of"))
    dialog.start.click()
    wait(lambda: len(of(window).datasets) == 2)
    made = list(of(window).datasets.values())[-1]
    assert (made.n_rows, made.n_in("test"), made.has_labels) == (100, 50, False)
    X = np.asarray(made.rows("train"))
    np.testing.assert_allclose([X.min(), X.max()], [0, 1], atol=1e-6)
