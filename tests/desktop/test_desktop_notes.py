"""Notes on columns are seen where the data are: in the panel of the dataset, and over the table of its rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from desktop_help import of
from PySide6.QtCore import Qt

from workbench.data import guess
from workbench.desktop.inspector import DatasetPage
from workbench.desktop.plots.table import TablePlot
from workbench.desktop.window import Window
from workbench.session import Dataset

Wait = Callable[[Callable[[], bool]], None]


def test_notes_are_in_the_panel_and_over_the_rows(window: Window, data: Dataset, flowers: Path, wait: Wait) -> None:
    page = window.inspector.currentWidget()
    assert isinstance(page, DatasetPage)
    assert not page.notes.isVisible()
    assert not page.notes_title.isVisible()
    plan = guess(flowers).with_words("note", {"length": "of the midrib", "kind": "by eye"})
    noted = of(window).import_data(plan.with_words("unit", {"length": "mm"}), name="noted").result(60)
    wait(lambda: window.live.shown is noted)
    assert page.notes.cells == [("length", "of the midrib"), ("kind", "by eye")]
    assert page.notes_title.isVisible()
    window.views.show_view("table")
    pane = next(pane for pane in window.views.panes if pane.view.name == "table")
    wait(lambda: pane.isVisible() and isinstance(pane.plot, TablePlot) and pane.plot.model.rowCount() == 120)
    model = pane.plot.model
    heads = [
        model.headerData(k, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole) for k in range(model.columnCount())
    ]
    assert "length [mm]: of the midrib" in heads
    assert "width" in heads
