"""What Ctrl+C takes: the picture of a view, the numbers behind it, cells of a table, facts; Ctrl+C of texts is Qt's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from PySide6.QtCore import QByteArray, QEvent, QMimeData, QObject, Qt
from PySide6.QtGui import QGuiApplication, QImage, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLabel, QLineEdit, QPlainTextEdit, QStatusBar, QWidget

from workbench.desktop.background import Background
from workbench.desktop.figure_dialog import Seen
from workbench.desktop.pages import Facts, Page
from workbench.reports import drawn
from workbench.reports.clipboard import as_html, tabbed
from workbench.reports.figures import page
from workbench.session import Study
from workbench.views.numbers import has_numbers, numbers_of, numbers_of_study

SVG, MARK = "image/svg+xml", "application/x-vq-workbench-copy"
COPIED_MM = 120.0
"""Millimetres of the width of a drawing that is copied."""


@runtime_checkable
class ReadsLines(Protocol):
    """A table that holds what is visible alone: the lines to copy have to be read."""

    def reading(self) -> Callable[[], list[Sequence[Any]]]:
        """Gives heads and lines when it is called, by any thread."""


def cells_of(table: QAbstractItemView) -> list[list[Any]]:
    """The selected cells of `table`, or all where none or one is; their heads come first, unless it is a single row."""
    model, selection = table.model(), table.selectionModel()
    chosen = [] if selection is None else selection.selectedIndexes()
    rows = sorted({index.row() for index in chosen}) if len(chosen) > 1 else list(range(model.rowCount()))
    columns = sorted({index.column() for index in chosen}) if len(chosen) > 1 else list(range(model.columnCount()))
    picked = {(index.row(), index.column()) for index in chosen} if len(chosen) > 1 else None
    heads = [model.headerData(column, Qt.Orientation.Horizontal) for column in columns]
    made = [heads] if any(heads) else []
    for row in rows:
        made.append([_value(table, row, c) if picked is None or (row, c) in picked else None for c in columns])
    return made


def put_cells(rows: Sequence[Sequence[Any]]) -> None:
    """Put `rows`, the first of them heads, on the clipboard as text and as HTML."""
    data = QMimeData()
    data.setText(tabbed(rows))
    data.setHtml(as_html(rows))
    QGuiApplication.clipboard().setMimeData(data)


class CellCopier(QObject):
    """Lets Ctrl+C in a table take its cells."""

    def __init__(self, table: QAbstractItemView) -> None:
        super().__init__(table)
        self._table = table
        table.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        kinds = (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)
        if event.type() in kinds and isinstance(event, QKeyEvent) and event.matches(QKeySequence.StandardKey.Copy):
            event.accept()
            if event.type() == QEvent.Type.KeyPress:
                put_cells(cells_of(self._table))
            return True
        return super().eventFilter(watched, event)


class Copier(QObject):
    """Copies from the main window whatever has the focus, or the view."""

    def __init__(self, background: Background, bar: QStatusBar, study: Callable[[], Study | None]) -> None:
        super().__init__(bar)
        self._background = background
        self._bar = bar
        self._study = study
        self._number = 0

    def copy_focused(self) -> bool:
        """Copy from what has the focus, if that is a text, a table or a page of facts; whether it is."""
        focus = QApplication.focusWidget()
        if isinstance(focus, QLineEdit | QPlainTextEdit):
            focus.copy()
        elif isinstance(focus, QLabel) and focus.hasSelectedText():
            QGuiApplication.clipboard().setText(focus.selectedText())
        elif isinstance(focus, ReadsLines):
            self._background.call(self, focus.reading(), self._cells, key="copy")
        elif isinstance(focus, QAbstractItemView):
            self._cells(cells_of(focus))
        else:
            facts = _facts(focus)
            if facts:
                self._cells(facts)
            return bool(facts)
        return True

    def copy_study(self) -> bool:
        """Copy what the sweep or search that is shown has measured; whether one is."""
        study = self._study()
        if study is None:
            return False
        self._background.call(self, lambda: numbers_of_study(study), self._cells, key="copy")
        return True

    def copy_picture(self, shown: QWidget, seen: Seen) -> None:
        """Copy what `shown` looks like, at once; as a drawing too, as soon as that is made."""
        image = shown.grab().toImage()
        self._number += 1
        mine = QByteArray(str(self._number).encode())
        board = QGuiApplication.clipboard()
        board.setMimeData(_picture(image, mine))
        self._bar.showMessage(f"{seen.view.title} is on the clipboard.", 4000)
        place = page(COPIED_MM, part=seen.part)

        def work() -> bytes:
            return drawn(seen.view, seen.data, place, "svg", look="light")

        def arrived(svg: bytes) -> None:
            now = board.mimeData()
            if now is not None and now.data(MARK) == mine:  # nothing else was copied meanwhile
                both = _picture(image, mine)
                both.setData(SVG, QByteArray(svg))
                board.setMimeData(both)

        self._background.call(self, work, arrived, key="copy")

    def copy_numbers(self, seen: Seen) -> None:
        """Copy the numbers that a view shows."""
        title = seen.view.title
        if not has_numbers(seen.view.name):
            self._bar.showMessage(f"{title} has no table of numbers: copy its picture.", 6000)
            return
        self._background.call(self, lambda: numbers_of(seen.view.name, seen.data), self._cells, key="copy")

    def _cells(self, rows: Sequence[Sequence[Any]]) -> None:
        put_cells(rows)
        self._bar.showMessage(f"{len(rows):,} rows are on the clipboard.", 4000)


def _picture(image: QImage, mark: QByteArray) -> QMimeData:
    data = QMimeData()
    data.setImageData(image)
    data.setData(MARK, mark)
    return data


def _value(table: QAbstractItemView, row: int, column: int) -> Any:
    """What a cell holds: the value to edit, which is in full, where it has one."""
    index = table.model().index(row, column)
    full = index.data(Qt.ItemDataRole.EditRole)
    return index.data() if full is None else full


def _facts(focus: QWidget | None) -> list[list[Any]]:
    """The facts on the page that has the focus, under heads."""
    at = focus
    while at is not None and not isinstance(at, Page):
        at = at.parentWidget()
    if at is None:
        return []
    cells = [list(pair) for facts in at.findChildren(Facts) if facts.isVisible() for pair in facts.cells]
    return [["what", "value"], *cells] if cells else []
