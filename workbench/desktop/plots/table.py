"""All rows in a table that reads no more than what is visible; picked rows are tinted, a click picks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QCheckBox, QHeaderView, QTableView, QWidget

from workbench.desktop.plots.base import Plot, how_picked
from workbench.desktop.plots.headed import Head
from workbench.views import View
from workbench.views.picking import Pick, Picked
from workbench.views.table import Asked, TableData, cells, texts
from workbench.views.theme import Theme
from workbench.views.wording import counted

Index = QModelIndex | QPersistentModelIndex
AHEAD = 40
"""Rows read above and below what is visible."""
NARROWEST, WIDEST = 12, 30
"""Letters of a column."""
NUMERIC = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
TEXTUAL = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
MOST_COPIED = 100_000
"""Of more lines the first are copied."""


@dataclass(frozen=True, eq=False)
class Window:
    """What the table shows now.

    Attributes
    ----------
    order : (n,) int64
        Numbers of the rows, in the order of the lines.
    titles, notes : tuple of str
    first : int
        Line of the first of the texts.
    texts : list of tuple of str
        Line by line.
    picked : (n,) bool
        Line by line.
    asked : Asked
    words : str
    read : callable
        Values of rows in full, by their numbers.
    """

    order: NDArray[np.int64]
    titles: tuple[str, ...]
    notes: tuple[str, ...]
    first: int
    texts: list[tuple[str, ...]]
    picked: NDArray[np.bool_]
    asked: Asked
    words: str
    read: Callable[[NDArray[np.int64]], list[tuple[Any, ...]]]

    def looks_like(self, other: Window) -> bool:
        """Whether nothing in the lines differs, so that none need be painted again."""
        return (
            (self.first, self.titles, self.texts) == (other.first, other.titles, other.texts)
            and np.array_equal(self.order, other.order)
            and np.array_equal(self.picked, other.picked)
        )


class TablePlot(Plot):
    """The table under a line of words and a switch to see picked rows alone."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self.head = Head("Rows", "Which rows are shown")
        self.only = QCheckBox("Picked rows only")
        self.only.setAccessibleDescription("Leave out the rows that are not picked")
        self.only.toggled.connect(self._ask)
        self.head.row.addWidget(self.only)
        self.model = RowsModel(self)
        self.table = RowsTable(self.model)
        self.table.picked.connect(self.picked)
        self.head.over(self.table, self)
        self._lines = (0, AHEAD)
        self._asked = Asked()
        self._settle = QTimer(self, interval=25, singleShot=True)
        self._settle.timeout.connect(self._look)
        self.table.verticalScrollBar().valueChanged.connect(lambda: self._settle.start())
        header = self.table.horizontalHeader()
        header.sectionClicked.connect(self._sort)

    def prepare(self, data: TableData, theme: Theme) -> None:
        """Nothing: which lines there are depends on what is picked."""

    def draw(self, prepared: None) -> None:
        """Nothing: see `mark`."""

    def prepare_marks(self, data: TableData, picked: Picked, theme: Theme) -> Window:
        order = data.order[picked.mask[data.order]] if data.asked.only_picked else data.order
        top, bottom = self._lines
        first = max(0, min(top - AHEAD, len(order) - 1))
        rows = order[first : bottom + AHEAD]
        words = data.note + (f" · {counted(picked.n_rows, 'row')} picked" if picked.n_rows else "")
        titles, notes = (tuple(getattr(c, which) for c in data.columns) for which in ("title", "note"))
        read = texts(picked.scene, data.columns, rows)
        in_full = partial(cells, picked.scene, data.columns)
        return Window(order, titles, notes, first, read, picked.mask[order], data.asked, words, in_full)

    def mark(self, marks: Window) -> None:
        self._asked = marks.asked
        self.model.show_window(marks)
        self.table.fit(marks.titles)
        self.head.tell(marks.words)
        header, asked = self.table.horizontalHeader(), marks.asked
        header.setSortIndicatorShown(asked.column >= 0)
        if asked.column >= 0:
            falling = Qt.SortOrder.DescendingOrder if asked.falling else Qt.SortOrder.AscendingOrder
            header.setSortIndicator(asked.column, falling)
        self._settle.start()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._settle.start()

    @Slot()
    def _look(self) -> None:
        """Read other lines where those that are visible are not there."""
        top = max(0, self.table.rowAt(0))
        bottom = self.table.rowAt(self.table.viewport().height() - 1)
        bottom = self.model.rowCount() - 1 if bottom < 0 else bottom
        self._lines = (top, bottom + 1)
        if not self.model.has(top, bottom):
            self.stale.emit()

    @Slot(int)
    def _sort(self, column: int) -> None:
        """Sort by a column: rising, falling, not at all."""
        before = self._asked
        if before.column != column:
            column, falling = column, False
        elif not before.falling:
            falling = True
        else:
            column, falling = -1, False
        self.ask(str(Asked(column, falling, self.only.isChecked())))

    @Slot()
    def _ask(self) -> None:
        self.ask(str(Asked(self._asked.column, self._asked.falling, self.only.isChecked())))


class RowsModel(QAbstractTableModel):
    """The lines of a window; what is not read yet is a dot."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = Window(np.empty(0, np.int64), (), (), 0, [], np.empty(0, bool), Asked(), "", lambda rows: [])

    def show_window(self, window: Window) -> None:
        """Show this one; lines and columns are made anew only where there are others."""
        before, same = self._window, window.titles == self._window.titles
        if same and len(window.order) == len(before.order):
            self._window = window
            if len(window.order) and not window.looks_like(before):
                self.dataChanged.emit(
                    self.index(0, 0), self.index(len(window.order) - 1, max(0, len(window.titles) - 1))
                )
            return
        self.beginResetModel()
        self._window = window
        self.endResetModel()

    def has(self, top: int, bottom: int) -> bool:
        """Whether the lines from `top` to `bottom` are read."""
        window = self._window
        return window.first <= top and bottom < window.first + len(window.texts)

    def rows_at(self, first: int, last: int) -> tuple[int, ...]:
        """Row numbers of the lines from `first` to `last`, whichever is above."""
        low, high = sorted((first, last))
        return tuple(self._window.order[low : high + 1].tolist())

    def reading(self, top: int, bottom: int) -> Callable[[], list[Sequence[Any]]]:
        """Gives the titles and the picked lines when it is called, or without any those from `top` to `bottom`."""
        window = self._window
        rows = window.order[window.picked] if window.picked.any() else window.order[top : bottom + 1]
        return lambda: [window.titles, *window.read(rows[:MOST_COPIED])]

    def is_picked(self, line: int) -> bool:
        return bool(self._window.picked[line])

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(self._window.order)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(self._window.titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self._window.titles[section]
        if role == Qt.ItemDataRole.ToolTipRole and orientation == Qt.Orientation.Horizontal:
            title, note = self._window.titles[section], self._window.notes[section]
            return f"{title}: {note}" if note else title
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        window, at = self._window, index.row() - self._window.first
        if role == Qt.ItemDataRole.DisplayRole:
            return window.texts[at][index.column()] if 0 <= at < len(window.texts) else "·"
        if role == Qt.ItemDataRole.BackgroundRole and window.picked[index.row()]:
            return self._tint()
        if role == Qt.ItemDataRole.TextAlignmentRole and 0 <= at < len(window.texts):
            return NUMERIC if window.texts[at][index.column()][:1] in "−0123456789–" else TEXTUAL
        return None

    def _tint(self) -> QColor:
        parent = self.parent()
        assert isinstance(parent, QWidget)
        colour = QColor(parent.palette().highlight().color())
        colour.setAlpha(70)
        return colour


class RowsTable(QTableView):
    """A table in which clicking, or Space, picks; Shift picks from the line before, Ctrl adds or takes out.

    Attributes
    ----------
    picked : Signal(Pick)
    """

    picked = Signal(object)

    def __init__(self, model: RowsModel) -> None:
        super().__init__()
        self._rows = model
        self._from = 0
        self.setModel(model)
        self.setAccessibleName("Rows of the data")
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        lines = self.verticalHeader()
        lines.hide()
        lines.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        lines.setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.horizontalHeader().setDefaultSectionSize(self.fontMetrics().averageCharWidth() * 16)
        self.horizontalHeader().setSectionsClickable(True)
        self.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._titles: tuple[str, ...] = ()
        self.clicked.connect(lambda index: self._pick(index.row()))

    def fit(self, titles: tuple[str, ...]) -> None:
        """Make columns as wide as their titles, when they are others than before; numbers take less."""
        if titles == self._titles:
            return
        self._titles = titles
        metrics, letter = self.fontMetrics(), self.fontMetrics().averageCharWidth()
        for column, title in enumerate(titles):
            wide = metrics.horizontalAdvance(title) + 4 * letter  # with the mark of sorting
            self.setColumnWidth(column, max(NARROWEST * letter, min(wide, WIDEST * letter)))

    def reading(self) -> Callable[[], list[Sequence[Any]]]:
        """Gives what is copied when it is called, by any thread: the picked lines, or those in sight without any."""
        bottom = self.rowAt(self.viewport().height() - 1)
        return self._rows.reading(max(0, self.rowAt(0)), self._rows.rowCount() - 1 if bottom < 0 else bottom)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Space and self.currentIndex().isValid():
            self._pick(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def _pick(self, line: int) -> None:
        how = how_picked()
        ctrl_alone = how == "or" and not _shift()
        first = self._from if _shift() else line
        rows = self._rows.rows_at(first, line)
        if _shift():
            how = "or" if how == "and" else "replace"
        elif ctrl_alone and self._rows.is_picked(line):
            how = "not"
        self._from = first
        self.picked.emit(Pick(rows=rows, how=how))


def _shift() -> bool:
    return bool(QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier)
