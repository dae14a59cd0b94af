"""SPD matrices in the window: imported as they are guessed, learned, and seen; other data is not offered for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QTabBar

from tests.desktop.test_desktop_main_job import bring_in, do, open_new, start
from tests.signals import two_kinds, two_kinds_of_matrices
from workbench.desktop.import_dialog import ImportDialog
from workbench.desktop.window import Window

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    X, y = two_kinds_of_matrices()
    np.savez(tmp_path / "stack.npz", X=X, y=y)
    return tmp_path / "stack.npz"


def test_matrices_are_imported_learned_and_seen(window: Window, stack: Path, tmp_path: Path, wait: Wait) -> None:
    open_new(window, tmp_path / "study.vqw", wait)
    dataset = bring_in(window, stack, wait)
    assert dataset.kind == "spd"
    run = start(window, "LogEuclideanGLVQ", wait)
    wait(lambda: run.status == "finished")
    for name in ("prototypes", "projection", "reconstructions", "confusion"):
        window.views.show_view(name)
        pane = next(pane for pane in window.views.panes if pane.view.name == name)
        wait(lambda pane=pane: pane.isVisible() and pane.shown is not None and pane.message == "")
    bars = window.views.findChildren(QTabBar)
    titles = {bar.tabText(k) for bar in bars for k in range(bar.count()) if bar.isTabVisible(k)}
    assert "Relevance" not in titles


def test_an_engine_of_matrices_is_offered_for_matrices_alone(
    window: Window, stack: Path, flowers: Path, tmp_path: Path, wait: Wait
) -> None:
    open_new(window, tmp_path / "study.vqw", wait)
    page = window.inspector.new_run
    for path, fits in ((flowers, False), (stack, True)):
        bring_in(window, path, wait)
        do(window, "new_run")
        k = page.engine.findData("LogEuclideanGLVQ")
        assert page.engine.model().item(k).isEnabled() == fits
        assert page.engine.itemText(k).endswith(" (needs SPD matrices)") != fits


def test_signals_become_matrices_by_choice_in_the_import_dialog(window: Window, tmp_path: Path, wait: Wait) -> None:
    signals, y = two_kinds()
    np.savez(tmp_path / "signals.npz", X=signals, y=y)
    open_new(window, tmp_path / "study.vqw", wait)
    window.dialogs.import_data([tmp_path / "signals.npz"])
    dialog = window.dialogs.importing
    assert isinstance(dialog, ImportDialog)
    wait(lambda: dialog.plan is not None)
    assert dialog.options is not None
    editor = dialog.options.rows["matrices"].editor
    editor.setCurrentIndex(editor.findText("oas"))
    wait(lambda: dialog.plan is not None and dialog.extent.text() == "80 rows, 16 features")
    dialog.recipe.scaling.setCurrentIndex(dialog.recipe.scaling.findData("standard"))
    wait(lambda: "SPD matrices stay as they are" in dialog.remark.text())
    dialog.recipe.scaling.setCurrentIndex(dialog.recipe.scaling.findData("none"))
    wait(lambda: dialog.plan is not None and "SPD" not in dialog.remark.text())
    dialog.accept_button.click()
    wait(lambda: window.session is not None and len(window.session.datasets) == 1)
    assert window.session is not None
    (dataset,) = window.session.datasets.values()
    assert (dataset.kind, dataset.image_shape) == ("spd", (4, 4))
