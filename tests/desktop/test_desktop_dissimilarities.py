"""Dissimilarities in the window: a square table is imported as such and learned from, with the metric set by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cdist

from tests.desktop.test_desktop_main_job import bring_in, do, open_new, start
from workbench.desktop.import_dialog import ImportDialog
from workbench.desktop.window import Window

Wait = Callable[[Callable[[], bool]], None]


def bring_in_dissimilarities(window: Window, path: Path, wait: Wait) -> None:
    window.dialogs.import_data([path])
    dialog = window.dialogs.importing
    assert isinstance(dialog, ImportDialog)
    wait(lambda: dialog.plan is not None)
    dialog.recipe.dissimilarities.setChecked(True)
    wait(lambda: dialog.plan is not None and dialog.plan.recipe.dissimilarities)
    dialog.accept_button.click()
    wait(lambda: window.session is not None and len(window.session.datasets) == 1)
    assert window.session is not None
    (dataset,) = window.session.datasets.values()
    wait(lambda: window.tree.selected is dataset)
    assert dataset.kind == "dissimilarity"


def test_dissimilarities_are_learned_from_without_naming_the_metric(
    window: Window, flowers: Path, tmp_path: Path, wait: Wait
) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    X = rng.normal(size=(40, 3)) + 2 * y[:, None]
    np.savez(tmp_path / "apart.npz", X=cdist(X, X, "cityblock"), y=y)
    open_new(window, tmp_path / "study.vqw", wait)
    bring_in_dissimilarities(window, tmp_path / "apart.npz", wait)
    run = start(window, "MedianLVQ", wait)
    assert run.parameters["metric"] == "precomputed"
    wait(lambda: run.status == "finished")

    bring_in(window, flowers, wait)
    do(window, "new_run")
    page = window.inspector.new_run
    page.engine.setCurrentIndex(page.engine.findData("MedianLVQ"))
    wait(lambda: page.ready)
    assert page.form is not None
    assert page.form.fields["metric"].value() != "precomputed"
