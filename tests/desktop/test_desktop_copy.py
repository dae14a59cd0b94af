"""Ctrl+C: cells of tables that no spreadsheet takes for formulas, facts in full, pictures of views, their numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from desktop_help import do
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QItemSelectionModel, QMimeData, Qt
from PySide6.QtGui import QGuiApplication, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QTableView
from pytestqt.qtbot import QtBot

from workbench.data import guess
from workbench.desktop.copying import SVG, CellCopier
from workbench.desktop.window import Window
from workbench.reports.clipboard import as_html, tabbed
from workbench.session import Run
from workbench.session.selection import RowMask
from workbench.views import scene_of, view
from workbench.views.numbers import numbers_of

Wait = Callable[[Callable[[], bool]], None]
HOSTILE = "=1+1"


class Cells(HTMLParser):
    """The cells of the tables of a page, row by row."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.as_text: list[list[bool]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
            self.as_text.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self.as_text[-1].append("@" in (dict(attrs).get("style") or ""))

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def pasted(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


def board() -> Any:
    """What is on the clipboard; an empty one has no data at all."""
    return QGuiApplication.clipboard().mimeData() or QMimeData()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_numbers_come_back_bit_for_bit(values: list[float]) -> None:
    assert [float(cell) for cell in pasted(tabbed([values]))[0]] == values
    assert [float(cell) for cell in Cells(as_html([values], n_heads=0)).rows[0]] == values
    assert not any(Cells(as_html([values], n_heads=0)).as_text[0])


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), min_size=1, max_size=4))
def test_no_text_becomes_a_formula_or_another_cell(rows: list[list[str]]) -> None:
    lines = tabbed(rows).split("\n")[:-1]
    assert len(lines) == len(rows)
    for line in lines:
        cells = line.split("\t")
        assert len(cells) == 2
        for cell in cells:
            if cell.lstrip()[:1] in ("=", "+", "-", "@"):
                float(cell)  # only a number begins so
    assert [len(row) for row in Cells(as_html(rows)).rows] == [2] * len(rows)


def test_what_is_text_is_marked_so_that_it_stays_text() -> None:
    found = Cells(as_html([["a", "b", "c"], ["007", HOSTILE, 1.5], ["1e3", "<b>", None]]))
    assert found.rows == [["a", "b", "c"], ["007", "'=1+1", "1.5"], ["1e3", "<b>", ""]]
    assert found.as_text[1] == [True, True, False]


@pytest.fixture
def table(qtbot: QtBot) -> QTableView:
    model = QStandardItemModel(3, 2)
    model.setHorizontalHeaderLabels(["name", "value"])
    for row in range(3):
        model.setItem(row, 0, QStandardItem([HOSTILE, "b", "c"][row]))
        number = QStandardItem()
        number.setData(f"{row}.33", Qt.ItemDataRole.DisplayRole)
        model.setItem(row, 1, number)
    made = QTableView()
    model.setParent(made)
    made.setModel(model)
    CellCopier(made)
    qtbot.addWidget(made)
    made.show()
    made.setFocus()
    return made


def test_ctrl_c_in_a_table_takes_all_or_what_is_selected(table: QTableView, qtbot: QtBot) -> None:
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert board().text() == "name\tvalue\n'=1+1\t0.33\nb\t1.33\nc\t2.33\n"
    assert Cells(board().html()).rows[1] == ["'=1+1", "0.33"]
    for row in (1, 2):
        flags = QItemSelectionModel.SelectionFlag.Select
        table.selectionModel().select(table.model().index(row, 1), flags)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert board().text() == "value\n1.33\n2.33\n"


@pytest.fixture
def run(window: Window, flowers: Path, tmp_path: Path, wait: Wait) -> Run:
    """A finished run, its confusion matrix in front."""
    window.projects.create(tmp_path / "study.vqw")
    wait(lambda: window.session is not None)
    assert window.session is not None
    data = window.session.import_data(guess(flowers)).result(60)
    made = window.session.add_run(data, "GMLVQ", {"random_state": 0, "max_iter": 6})
    assert made.wait(120) == "finished"
    wait(lambda: window.tree.selected is not None)
    window.tree.select(made)
    wait(lambda: window.live.run is made)
    window.views.show_view("confusion")
    pane = next(pane for pane in window.views.panes if pane.view.name == "confusion")
    wait(lambda: pane is window.views.front and not pane.message)
    return made


def test_a_view_is_copied_as_a_picture_and_soon_as_a_drawing(window: Window, run: Run, wait: Wait) -> None:
    QGuiApplication.clipboard().clear()
    pane = window.views.front
    assert pane is not None
    pane.plot.setFocus()
    do(window, "copy")
    image = board().imageData()
    assert (image.width(), image.height()) == (pane.plot.width(), pane.plot.height())
    wait(lambda: board().hasFormat(SVG))
    assert b"<svg" in bytes(board().data(SVG).data())
    assert board().hasImage()


def test_a_drawing_that_comes_late_takes_nothing_from_the_clipboard(window: Window, run: Run, wait: Wait) -> None:
    pane = window.views.front
    assert pane is not None
    pane.plot.setFocus()
    do(window, "copy")
    QGuiApplication.clipboard().setText("mine")
    wait(lambda: not window.background.busy)
    assert board().text() == "mine"


def test_numbers_of_a_view_are_copied_in_full(window: Window, run: Run, wait: Wait) -> None:
    QGuiApplication.clipboard().clear()
    do(window, "copy_numbers")
    wait(lambda: board().text() != "")
    scene = scene_of(run)
    assert scene is not None
    part = view("confusion").compute(scene).parts[0]
    rows = pasted(board().text())
    assert rows[0] == [f"{part.part}: true class", "aster", "briar", "clover", "recall"]
    counts = np.array([[int(cell) for cell in row[1:4]] for row in rows[1:4]])
    np.testing.assert_array_equal(counts, part.counts)
    assert [float(row[4]) for row in rows[1:4]] == part.recall.tolist()


def test_lines_of_the_table_of_rows_are_copied_in_full_picked_ones_or_those_in_sight(
    window: Window, run: Run, wait: Wait
) -> None:
    QGuiApplication.clipboard().clear()
    window.views.show_view("table")
    pane = next(pane for pane in window.views.panes if pane.view.name == "table")
    wait(lambda: pane is window.views.front and not pane.message)
    table = pane.plot.table  # type: ignore[attr-defined]
    wait(lambda: table.model().rowCount() == run.dataset.n_rows)
    table.setFocus()
    do(window, "copy")
    wait(lambda: board().text() != "")
    seen = pasted(board().text())
    assert seen[0][:2] == ["row", "label"]
    assert 1 < len(seen) - 1 < run.dataset.n_rows
    assert [line[0] for line in seen[1:]] == [f"{k + 1}" for k in range(len(seen) - 1)]
    QGuiApplication.clipboard().clear()
    last = run.dataset.n_rows - 1
    assert window.session is not None
    window.session.selection.pick_rows(run.dataset.id, RowMask.of_rows([2, last], last + 1))
    wait(lambda: pane.marked == window.session.selection.version)  # type: ignore[union-attr]
    do(window, "copy")
    wait(lambda: board().text() != "")
    picked = pasted(board().text())[1:]
    assert [line[0] for line in picked] == ["3", f"{last + 1}"]
    scene = scene_of(run)
    assert scene is not None
    raw = np.asarray(scene.every.take_raw(np.array([2, last])), float)
    np.testing.assert_array_equal(np.array([line[-raw.shape[1] :] for line in picked], float), raw)


def test_facts_are_copied_in_full(window: Window, run: Run, wait: Wait) -> None:
    page = window.inspector.currentWidget()
    page.setFocus()
    do(window, "copy")
    found = dict(pasted(board().text())[1:])
    accuracy = run.metrics["accuracy_train"]
    assert accuracy in [float(cell) for title, cell in found.items() if "accuracy" in title]


def test_tables_behind_views_have_what_the_views_have(run: Run) -> None:
    scene = scene_of(run)
    assert scene is not None
    relevance = view("relevance").compute(scene)
    rows = numbers_of("relevance", relevance)
    assert rows is not None
    np.testing.assert_array_equal([row[2:] for row in rows[1:]], relevance.matrix)
    for name in ("curves", "prototypes", "usage", "stability", "local_relevance", "rate_distortion"):
        shown = view(name)
        if shown.applies(scene):
            made = numbers_of(name, shown.compute(scene))
            assert made is not None
            assert len({len(row) for row in made}) == 1
            assert len(made) > 1
    assert numbers_of("projection", None) is None
