"""Stability in the window: set up in the dialog, told in the status bar, drawn when it is measured, stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from desktop_help import of

from workbench.data import guess
from workbench.desktop.window import Window
from workbench.session import Run

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def run(window: Window, flowers: Path, tmp_path: Path, wait: Wait) -> Run:
    """A finished run of a metric engine, shown in the window."""
    window.projects.create(tmp_path / "study.vqw")
    wait(lambda: window.session is not None)
    session = of(window)
    data = session.import_data(guess(flowers)).result(60)
    made = session.add_run(data, "GMLVQ", {"random_state": 0, "max_iter": 15})
    assert made.wait(120) == "finished"
    wait(lambda: window.tree.selected is not None)
    window.tree.select(made)
    wait(lambda: window.live.run is made and possible(window, "stability"))
    return made


def possible(window: Window, action: str) -> bool:
    return window.actions_by_name.by_name[action].isEnabled()


def measure(window: Window, n_refits: int) -> None:
    window.actions_by_name.by_name["stability"].trigger()
    dialog = window.dialogs.stability
    assert dialog is not None
    dialog.number.setValue(n_refits)
    dialog.start.click()


def test_stability_is_set_up_measured_and_drawn(window: Window, run: Run, wait: Wait) -> None:
    drawn: list[str] = []
    window.live.drawn.connect(drawn.append)
    measure(window, 3)
    wait(lambda: run.stability is not None and run.stability.is_complete and not run.is_measured)
    wait(lambda: "stability" in drawn)
    pane = next(pane for pane in window.views.panes if pane.view.name == "stability")
    wait(lambda: pane.message == "")
    window.actions_by_name.by_name["stability"].trigger()
    again = window.dialogs.stability
    assert again is not None
    assert again.number.value() == 3  # what was asked before is proposed
    again.reject()
    assert run.n_measured == 4


def test_measuring_is_told_and_can_be_stopped(window: Window, run: Run, wait: Wait) -> None:
    measure(window, 1000)
    wait(lambda: run.n_measured > 0 and window.status.work.text() == f"Stability of {run.name}")
    wait(lambda: possible(window, "stop"))
    window.actions_by_name.by_name["stop"].trigger()
    wait(lambda: not run.is_measured)
    assert run.stability is not None
    assert not run.stability.is_complete
    assert run.status == "finished"


def test_engines_without_a_metric_have_no_stability(window: Window, run: Run, wait: Wait) -> None:
    clusters = of(window).add_run(run.dataset, "KMeans", {"random_state": 0})
    assert clusters.wait(120) == "finished"
    window.tree.select(clusters)
    wait(lambda: window.live.run is clusters and possible(window, "export_codebook"))
    assert not possible(window, "stability")
