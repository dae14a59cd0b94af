"""The lines of the label desk for a table view: what stands in each cell, and which lines are marked."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush, QColor, QIcon, QImage, QPixmap

from workbench.desktop import theme
from workbench.views import PARTS
from workbench.views.label_desk import LabelDeskData
from workbench.views.wording import MISSING, one_line, percent

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("Row", "Label", "Taken for", "Margin", "Confidence", "Prototype", "Part", "Values")
_NUMBERS = (3, 4, 5)


class DeskModel(QAbstractTableModel):
    """Doubted rows, a line each.

    Attributes
    ----------
    data_shown : LabelDeskData or None
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.data_shown: LabelDeskData | None = None
        self._pictures: list[QIcon] = []
        self._marked: set[int] = set()

    @property
    def marked(self) -> list[int]:
        """Places of the marked lines, increasing."""
        return sorted(self._marked)

    def shows(self, data: LabelDeskData) -> bool:
        """Whether these very lines are shown already, so that marks and the cursor may stay."""
        shown = self.data_shown
        return shown is not None and all(
            np.array_equal(getattr(shown, name), getattr(data, name))
            for name in (
                "rows",
                "given",
                "imported",
                "predicted",
                "margins",
                "confidences",
                "prototypes",
                "class_names",
            )
        )

    def show_data(self, data: LabelDeskData, pictures: tuple[QImage, ...]) -> None:
        """Show other lines; none of them is marked."""
        self.beginResetModel()
        self.data_shown, self._pictures, self._marked = data, [_icon(picture) for picture in pictures], set()
        self.endResetModel()

    def toggle(self, lines: list[int]) -> None:
        """Mark lines, or where all of them are marked, unmark them."""
        wanted = set(lines)
        self._marked = self._marked - wanted if wanted <= self._marked else self._marked | wanted
        for line in lines:
            self.dataChanged.emit(self.index(line, 0), self.index(line, len(COLUMNS) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() or self.data_shown is None else len(self.data_shown.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.data_shown is None or not index.isValid():
            return None
        line, column = index.row(), index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(self.data_shown, line, column)
            case Qt.ItemDataRole.AccessibleTextRole if column == 0:
                return self._spoken(self.data_shown, line)
            case Qt.ItemDataRole.DecorationRole if column == 0 and self._pictures:
                return self._pictures[line]
            case Qt.ItemDataRole.TextAlignmentRole if column in _NUMBERS:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            case Qt.ItemDataRole.ForegroundRole if column == 1 and self.data_shown.suspected[line]:
                return QBrush(QColor(theme.current().bad))
            case Qt.ItemDataRole.ToolTipRole:
                return self._spoken(self.data_shown, line)
        return None

    def _text(self, data: LabelDeskData, line: int, column: int) -> str:
        if column == 0:
            return f"{'● ' if line in self._marked else ''}{data.rows[line] + 1:,}"
        given, imported, predicted = (int(v[line]) for v in (data.given, data.imported, data.predicted))
        if column == 1:
            was = "" if imported == given else f" (was {_name(data, imported)})"
            return f"{_name(data, given)}{' ?' if data.suspected[line] else ''}{was}"
        if column == 2:
            return "" if predicted == given else _name(data, predicted)
        texts = (
            f"{data.margins[line]:.3f}".replace("-", "−"),
            percent(float(data.confidences[line]), 0),
            f"{data.prototypes[line]:,}",
            PARTS[int(data.parts[line])],
            data.values[line],
        )
        return one_line(texts[column - 3])

    def _spoken(self, data: LabelDeskData, line: int) -> str:
        marked = "marked, " if line in self._marked else ""
        doubt = "suspected to be wrong" if data.suspected[line] else "not suspected"
        taken = _name(data, int(data.predicted[line]))
        return f"{marked}row {data.rows[line] + 1:,}: {self._text(data, line, 1)}, taken for {taken}, {doubt}"


def _icon(picture: QImage) -> QIcon:
    """A picture that looks the same on a selected line, where icons are tinted."""
    made, pixmap = QIcon(), QPixmap.fromImage(picture)
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        made.addPixmap(pixmap, mode)
    return made


def _name(data: LabelDeskData, code: int) -> str:
    return one_line(data.class_names[code]) if code >= 0 else MISSING
