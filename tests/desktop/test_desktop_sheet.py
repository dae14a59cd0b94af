"""A sheet of pictures is set up in the window with a preview, and written as it is set up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from desktop_help import do, of
from PIL import Image
from PySide6.QtWidgets import QFileDialog

from tests.desktop.test_desktop_reach import look_over
from workbench.data import guess
from workbench.desktop.window import Window
from workbench.session import Dataset

Wait = Callable[[Callable[[], bool]], None]


def test_a_sheet_is_set_up_seen_and_written(
    window: Window, data: Dataset, tmp_path: Path, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "p.npz", X=np.random.default_rng(0).integers(0, 255, (40, 6, 5), np.uint8))
    session = of(window)
    plain = session.add_run(data, "KMeans", {"n_clusters": 3, "max_iter": 2})
    pictures = session.import_data(guess(tmp_path / "p.npz")).result(60)
    run = session.add_run(pictures, "KMeans", {"n_clusters": 6, "max_iter": 2, "random_state": 0})
    wait(lambda: run.status == plain.status == "finished")
    action = window.actions_by_name.by_name["export_sheet"]
    window.tree.select(plain)
    wait(lambda: window.live.run is plain and window.actions_by_name.by_name["export_codebook"].isEnabled())
    assert not action.isEnabled()
    window.tree.select(run)
    wait(lambda: window.live.run is run and action.isEnabled())
    do(window, "export_sheet")
    dialog = window.exporter.dialog
    assert dialog is not None
    wait(lambda: dialog.sound)
    assert dialog.remark.text() == "68 × 52 pixels"  # 3 × 2 pictures of 20 × 24, and gaps of 4
    assert look_over(dialog) >= 6
    dialog.form.rows["labels"].editor.setChecked(True)  # type: ignore[union-attr]
    assert not dialog.save.isEnabled()
    wait(lambda: dialog.remark.property("role") == "bad")
    assert dialog.remark.text() == "Labels do not fit under pictures of 20 pixels: choose a scale of 5 at least."
    dialog.form.rows["scale"].editor.setValue(5)  # type: ignore[union-attr]
    dialog.form.rows["columns"].editor.setText("6")  # type: ignore[union-attr]
    wait(lambda: dialog.sound)
    written: list[tuple[Path, ...]] = []
    window.exporter.written.connect(written.append)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "s"), "PNG (*.png)"))
    dialog.save.click()
    wait(lambda: bool(written))
    assert written == [(tmp_path / "s.png",)]
    with Image.open(tmp_path / "s.png") as made:
        assert made.size == (6 * 25 + 5 * 4, 30 + 16)
    do(window, "export_sheet")
    again = window.exporter.dialog
    assert again is not None
    assert again.values == {"scale": 5, "labels": True, "columns": 6}
    again.reject()
    assert window.exporter.dialog is None
