"""A run is applied to new rows from the window: the table is that of the core, it can be stopped, faults are told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from desktop_help import do, of

from workbench.desktop import apply_dialog
from workbench.desktop.apply_dialog import ApplyDialog
from workbench.desktop.window import Window
from workbench.reports import apply
from workbench.session import Dataset, Run, read_new

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def run(window: Window, data: Dataset, wait: Wait) -> Run:
    made = of(window).add_run(data, "GLVQ", {"random_state": 0, "max_iter": 5}, name="kinds")
    wait(lambda: made.status == "finished")
    window.tree.select(made)
    wait(lambda: window.actions_by_name.by_name["apply"].isEnabled())
    return made


@pytest.fixture
def dialog(window: Window, run: Run, wait: Wait) -> ApplyDialog:
    do(window, "apply")
    wait(lambda: window.dialogs.applying is not None)
    found = window.dialogs.applying
    assert found is not None
    return found


def test_the_table_is_that_of_the_core(
    dialog: ApplyDialog, run: Run, flowers: Path, tmp_path: Path, wait: Wait, window: Window
) -> None:
    assert not dialog.start_button.isEnabled()
    dialog.choose(flowers)
    assert Path(dialog.out.text()).parent == flowers.parent
    dialog.out.setText(str(tmp_path / "out.parquet"))
    dialog.reconstructions.setChecked(True)
    dialog.start_button.click()
    wait(lambda: dialog.applied is not None)
    assert "120 rows" in dialog.remark.text()
    assert "labelled rows" in dialog.remark.text()
    apply(run, read_new(run.dataset, flowers), tmp_path / "core.parquet", reconstructions=True)
    assert pl.read_parquet(tmp_path / "out.parquet").equals(pl.read_parquet(tmp_path / "core.parquet"))
    dialog.reject()
    wait(lambda: window.dialogs.applying is None)


def test_a_file_without_the_columns_is_refused_in_the_dialog(dialog: ApplyDialog, tmp_path: Path, wait: Wait) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n3,4\n")
    dialog.choose(tmp_path / "other.csv")
    dialog.start_button.click()
    wait(lambda: dialog.remark.property("role") == "bad")
    assert "lacks the column" in dialog.remark.text()
    assert dialog.start_button.isEnabled()


def test_a_table_of_no_known_form_is_told_before(dialog: ApplyDialog, flowers: Path, tmp_path: Path) -> None:
    dialog.choose(flowers)
    dialog.out.setText(str(tmp_path / "out.doc"))
    assert not dialog.start_button.isEnabled()
    assert ".parquet" in dialog.remark.text()


def test_closing_stops_the_work_and_leaves_nothing(
    dialog: ApplyDialog, flowers: Path, tmp_path: Path, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def slow(*_: Any, stop: Callable[[], bool], **__: Any) -> Dataset:
        begun.set()
        while not stop():
            threading.Event().wait(0.01)
        return read_new(dialog._run.dataset, flowers, stop=stop)

    monkeypatch.setattr(apply_dialog, "read_new", slow)
    dialog.choose(flowers)
    dialog.out.setText(str(tmp_path / "out.csv"))
    dialog.start_button.click()
    wait(begun.is_set)
    dialog.reject()
    wait(lambda: "Stopped" in dialog.remark.text())
    assert not (tmp_path / "out.csv").exists()
    assert dialog.isVisible()
