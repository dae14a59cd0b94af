"""The trials of a search as a table that can be sorted by any column; what stands in it is computed in `views`."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont

from workbench.desktop import theme
from workbench.views.search import SearchData

Index = QModelIndex | QPersistentModelIndex
FIRST_ORDER = -1
"""No column: the best first."""


class TrialTable(QAbstractTableModel):
    """The trials that are measured, in the order that was asked for; words are made for the cells that are seen.

    Attributes
    ----------
    order : list of int
        Trials, row by row.
    """

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._data: SearchData | None = None
        self._failures: dict[int, str] = {}
        self._column, self._direction = FIRST_ORDER, Qt.SortOrder.AscendingOrder
        self.order: list[int] = []

    def show_trials(self, data: SearchData | None, failures: dict[int, str]) -> None:
        """Show exactly these, sorted as before."""
        self.beginResetModel()
        self._data, self._failures = data, failures
        self._arrange()
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self.order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() or self._data is None else len(self._data.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        if self._data is None or orientation is not Qt.Orientation.Horizontal:
            return None
        return self._data.columns[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        data = self._data
        if data is None or not index.isValid():
            return None
        trial = self.order[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return data.row(trial)[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole and trial == data.best:
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ForegroundRole:
            if trial in self._failures:
                return QColor(theme.current().bad)
            return QColor(theme.current().accent) if data.near[trial - 1] else None
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return self._told(data, trial)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by the numbers of a column; what is not known comes last."""
        self._column, self._direction = column, order
        self.layoutAboutToBeChanged.emit()
        self._arrange()
        self.layoutChanged.emit()

    def _told(self, data: SearchData, trial: int) -> str:
        if trial in self._failures:
            return self._failures[trial]
        if trial == data.best:
            return "The best mean score"
        return "Within one standard error of the best" if data.near[trial - 1] else ""

    def _arrange(self) -> None:
        data = self._data
        self.order = [] if data is None else list(data.order)
        if data is None or not 0 <= self._column < len(data.columns):
            return
        keys = data.sorted_by(self._column)[np.array(self.order, int) - 1]
        falling = self._direction is Qt.SortOrder.DescendingOrder
        keys = -keys if falling else keys
        self.order = [self.order[k] for k in np.argsort(keys, kind="stable")]
