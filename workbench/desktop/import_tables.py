"""The tables of the import dialog: columns with role, type and distribution; first rows; pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QColor, QFontMetricsF, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from workbench.data import ColumnSummary
from workbench.data.plan import ROLES
from workbench.desktop import theme
from workbench.desktop.plots.painted import painting
from workbench.views.import_words import ENCODINGS, encoding_words, missing_words, range_words
from workbench.views.theme import Theme

COUNTS = Qt.ItemDataRole.UserRole + 1
NAME, ROLE, ENCODING, UNIT, NOTE, TYPE, MISSING, RANGE, SPREAD = range(9)
TITLES = ("Column", "Role", "Taken as", "Unit", "Note", "Type", "Missing", "Range", "Distribution")
_WORDS = {UNIT: "unit", NOTE: "note"}
"""Columns of the table in which a person's own words stand."""
TIPS = (
    "Name in the file",
    "feature: learned from; label: the class; id: name of the row; ignore: left out",
    "How a feature becomes numbers: as it is; a column of 0 and 1 for each value (one-hot); its place in an order "
    "(ordinal:low<mid<high); hashed into some columns; parts of a date; sine and cosine in a period (cyclic:24)",
    "Unit of the values, for people",
    "What the column means, for people",
    "What the first rows hold",
    "Missing values among the first rows",
    "Lowest to highest value among the first rows, or examples",
    "Histogram of the first rows",
)
Index = QModelIndex | QPersistentModelIndex


class ColumnModel(QAbstractTableModel):
    """What is known of each column; role, encoding, unit and note can be edited.

    Attributes
    ----------
    roles_wanted : Signal(dict)
        Roles by column name that a person chose.
    words_wanted : Signal(str, str, str)
        Column name, "unit" or "note", and what a person typed there.
    encoding_wanted : Signal(str, str)
        Column name and how it becomes numbers, in the words of `Encoding.parse`.
    """

    roles_wanted = Signal(object)
    words_wanted = Signal(str, str, str)
    encoding_wanted = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns: tuple[ColumnSummary, ...] = ()

    def show_columns(self, columns: tuple[ColumnSummary, ...]) -> None:
        same = [c.column.name for c in columns] == [c.column.name for c in self._columns]
        if same:
            self._columns = columns
            if columns:
                self.dataChanged.emit(self.index(0, 0), self.index(len(columns) - 1, SPREAD))
            return
        self.beginResetModel()
        self._columns = columns
        self.endResetModel()

    def name_at(self, row: int) -> str:
        return self._columns[row].column.name

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(self._columns)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return TIPS[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if self._may_change(index) else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        summary = self._columns[index.row()]
        column = index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return _text(summary, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _text(summary, column) or ("Double-click to change" if self._may_change(index) else "")
        if role == Qt.ItemDataRole.ForegroundRole:
            if summary.column.role == "ignore":
                return QColor(theme.current().faint)
            if column == MISSING and summary.n_missing:
                return QColor(theme.current().warning)
            if column == ROLE and summary.column.role == "label":
                return QColor(theme.current().accent)
        if role == COUNTS and column == SPREAD:
            return summary.counts
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        summary = self._columns[index.row()]
        if index.column() == ROLE and value in ROLES and value != summary.column.role:
            self.roles_wanted.emit({summary.column.name: value})
        elif index.column() == ENCODING and value != _text(summary, ENCODING):
            self.encoding_wanted.emit(summary.column.name, str(value))
        elif index.column() in _WORDS and value != _text(summary, index.column()):
            words = " ".join(str(value).split())
            changed = list(self._columns)
            column = replace(summary.column, **{_WORDS[index.column()]: words})
            changed[index.row()] = replace(summary, column=column)
            self._columns = tuple(changed)
            self.words_wanted.emit(summary.column.name, _WORDS[index.column()], words)
        return True

    def _may_change(self, index: Index) -> bool:
        column = index.column()
        return column in (ROLE, *_WORDS) or (column == ENCODING and self._columns[index.row()].encoding is not None)


def _text(summary: ColumnSummary, column: int) -> str:
    if column == NAME:
        return summary.column.name
    if column == ENCODING:
        return encoding_words(summary)
    if column == ROLE:
        return summary.column.role
    if column in _WORDS:
        return str(getattr(summary.column, _WORDS[column]))
    if column == TYPE:
        return summary.column.type
    if column == MISSING:
        return missing_words(summary)
    return range_words(summary) if column == RANGE else ""


class ColumnTable(QTableView):
    """The table of columns; the context menu gives a role to all selected rows."""

    def __init__(self, model: ColumnModel) -> None:
        super().__init__()
        self._columns = model
        self.setModel(model)
        self.setAccessibleName("Columns of the file")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
        )
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 12)
        self._delegates = {ROLE: _RoleDelegate(self), ENCODING: _EncodingDelegate(self), SPREAD: _SpreadDelegate(self)}
        for column, delegate in self._delegates.items():
            self.setItemDelegateForColumn(column, delegate)
        letter = self.fontMetrics().averageCharWidth()
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setMinimumSectionSize(letter * 6)
        for column, width in (
            (NAME, 20),
            (ROLE, 10),
            (ENCODING, 13),
            (UNIT, 7),
            (NOTE, 14),
            (TYPE, 9),
            (MISSING, 11),
            (RANGE, 16),
        ):
            self.setColumnWidth(column, letter * width)
        header.setSectionResizeMode(SPREAD, QHeaderView.ResizeMode.Stretch)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)

    @Slot(QPoint)
    def _menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for role in ROLES:
            menu.addAction(f"Use as {role}" if role != "ignore" else "Ignore")
            menu.actions()[-1].setData(role)
        menu.triggered.connect(self._give)
        menu.popup(self.viewport().mapToGlobal(place))

    @Slot(QAction)
    def _give(self, action: QAction) -> None:
        names = [self._columns.name_at(index.row()) for index in self.selectionModel().selectedRows()]
        if names:
            self._columns.roles_wanted.emit(dict.fromkeys(names, action.data()))


class _RoleDelegate(QStyledItemDelegate):
    """Chooses a role from a list."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:  # noqa: N802
        combo = QComboBox(parent)
        self._fill(combo, index)
        combo.activated.connect(self._done)
        return combo

    def _fill(self, combo: QComboBox, index: Index) -> None:
        combo.addItems(list(ROLES))
        combo.setAccessibleName("Role")

    def setEditorData(self, editor: QWidget, index: Index) -> None:  # noqa: N802
        if isinstance(editor, QComboBox):
            editor.setCurrentText(index.data(Qt.ItemDataRole.EditRole))
            editor.showPopup()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:  # noqa: N802
        if isinstance(editor, QComboBox):
            model.setData(index, editor.currentText())

    @Slot()
    def _done(self) -> None:
        editor = self.sender()
        if isinstance(editor, QWidget):
            self.commitData.emit(editor)
            self.closeEditor.emit(editor)


class _EncodingDelegate(_RoleDelegate):
    """Chooses how a column becomes numbers from a list, or takes what is typed."""

    def _fill(self, combo: QComboBox, index: Index) -> None:
        type_ = index.siblingAtColumn(TYPE).data()
        combo.setEditable(True)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        combo.addItems(list(ENCODINGS[type_]))
        combo.setAccessibleName("How the column becomes numbers")

    def setEditorData(self, editor: QWidget, index: Index) -> None:  # noqa: N802
        if isinstance(editor, QComboBox):
            editor.setEditText(index.data(Qt.ItemDataRole.EditRole))


class _SpreadDelegate(QStyledItemDelegate):
    """Draws a small histogram."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        counts = index.data(COUNTS)
        if not counts:
            return
        colours = theme.current()
        box = QRectF(option.rect).adjusted(8, 4, -8, -4)
        width = min(box.width() / len(counts), 12.0)
        top = max(counts) or 1
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.muted))
        for k, count in enumerate(counts):
            height = box.height() * count / top
            painter.drawRect(QRectF(box.left() + k * width, box.bottom() - height, max(1.0, width - 1), height))
        painter.restore()


class RowModel(QAbstractTableModel):
    """The first rows as text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._rows: tuple[tuple[str, ...], ...] = ()

    def show_rows(self, names: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
        """Show rows of texts under the names of their columns."""
        self.beginResetModel()
        self._names, self._rows = names, rows
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(self._names)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        if role == Qt.ItemDataRole.DisplayRole:
            return self._names[section] if orientation == Qt.Orientation.Horizontal else str(section + 1)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            row = self._rows[index.row()]
            return row[index.column()] if index.column() < len(row) else ""
        return None


def contact_sheet(
    images: NDArray[np.uint8], captions: tuple[str, ...], colours: Theme, width: int, ratio: float
) -> QImage:
    """The pictures of a preview side by side; any thread may paint."""
    metrics = QFontMetricsF(QGuiApplication.font())
    brightest = int(images.max(initial=0))
    if 0 < brightest < 128:  # few grey levels: as bright as can be, for the eye only
        images = (images.astype(np.uint16) * 255 // brightest).astype(np.uint8)
    h, w = images.shape[1:3]
    scale = max(1.0, 64.0 / max(h, w)) if max(h, w) <= 160 else 160.0 / max(h, w)
    cell, tall = max(w * scale, 8 * metrics.averageCharWidth()) + 10, h * scale + metrics.height() + 10
    columns = max(1, int((width - 16) // cell))
    rows = -(-len(images) // columns)
    with painting(width, max(60, int(rows * tall + 20)), ratio, colours.surface) as (sheet, painter):
        painter.setPen(QColor(colours.muted))
        for k, pixels in enumerate(images):
            x, y = 10 + (k % columns) * cell, 10 + (k // columns) * tall
            pixels = np.ascontiguousarray(pixels)
            form = QImage.Format.Format_RGB888 if pixels.ndim == 3 else QImage.Format.Format_Grayscale8
            painter.drawImage(QRectF(x, y, w * scale, h * scale), QImage(pixels.data, w, h, pixels.strides[0], form))
            if k < len(captions):
                place = QRectF(x, y + h * scale + 1, cell - 8, metrics.height())
                words = metrics.elidedText(captions[k], Qt.TextElideMode.ElideMiddle, cell - 8)
                painter.drawText(place, Qt.AlignmentFlag.AlignLeft, words)
    return sheet
