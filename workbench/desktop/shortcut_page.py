"""The page on which a person gives other keys to actions; actions, their tooltips and the palette follow at once."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.desktop import icons
from workbench.desktop.actions import ACTIONS, Action, Actions
from workbench.desktop.settings import Settings

NAMES = {action.name: action for action in ACTIONS}


class ShortcutPage(QWidget):
    """All actions with their keys, and an editor for the keys of the chosen one.

    Attributes
    ----------
    table : QTableWidget
        A row for each action: what it is called, its menu, its keys.
    filter : QLineEdit
    editor : QKeySequenceEdit
    said : QLabel
        Why keys were not taken, or "".
    reset_one, reset_all : QPushButton
    """

    def __init__(self, settings: Settings, actions: Actions) -> None:
        super().__init__()
        self._settings = settings
        self._actions = actions
        self.filter = QLineEdit(placeholderText="Find an action, or keys such as Ctrl+E", clearButtonEnabled=True)
        self.filter.setAccessibleName("Find an action")
        self.filter.addAction(icons.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.table = self._table()
        self.caption = QLabel()
        self.editor = QKeySequenceEdit(maximumSequenceLength=1, clearButtonEnabled=True)
        self.editor.setAccessibleName("Keys of the chosen action")
        self.caption.setBuddy(self.editor)
        self.reset_one = QPushButton("Reset", toolTip="Give this action its usual keys again", autoDefault=False)
        self.reset_all = QPushButton("Reset all", toolTip="Give all actions their usual keys", autoDefault=False)
        self.said = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.said.setProperty("role", "bad")
        row = QHBoxLayout()
        row.addWidget(self.editor, 1)
        row.addWidget(self.reset_one)
        row.addWidget(self.reset_all)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 14, 12, 12)
        layout.setSpacing(8)
        below = QGridLayout()
        for k, part in enumerate((self.caption, row, self.said)):
            (below.addLayout if isinstance(part, QHBoxLayout) else below.addWidget)(part, k, 0)
        layout.addWidget(self.filter)
        layout.addWidget(self.table, 1)
        layout.addLayout(below)
        self.filter.textChanged.connect(self._narrow)
        self.table.currentItemChanged.connect(self._show_chosen)
        self.editor.keySequenceChanged.connect(self._take)
        self.reset_one.clicked.connect(self._reset_one)
        self.reset_all.clicked.connect(self._reset_all)
        self.table.setCurrentCell(0, 0)

    @property
    def chosen(self) -> Action:
        """The action whose keys are edited."""
        return ACTIONS[max(0, self.table.currentRow())]

    def choose(self, name: str) -> None:
        """Edit the keys of the action `name`."""
        self.table.setCurrentCell(list(NAMES).index(name), 0)

    def _table(self) -> QTableWidget:
        table = QTableWidget(len(ACTIONS), 3)
        table.setAccessibleName("Actions and their keys")
        table.setProperty("role", "framed")
        table.setHorizontalHeaderLabels(["Action", "Menu", "Keys"])
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        header = table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        for row, action in enumerate(ACTIONS):
            made = self._actions.by_name[action.name]
            for column, words in enumerate((action.text.rstrip("…"), action.menu.replace("/", " › "), "")):
                item = QTableWidgetItem(words)
                item.setToolTip(action.tip)
                table.setItem(row, column, item)
            table.item(row, 0).setIcon(made.icon())
        self._write_keys(table)
        return table

    def _write_keys(self, table: QTableWidget) -> None:
        for row, action in enumerate(ACTIONS):
            keys = self._actions.by_name[action.name].shortcut()
            table.item(row, 2).setText(_native(keys))
            font = table.font()
            font.setBold(keys != QKeySequence(action.shortcut))
            table.item(row, 2).setFont(font)

    @Slot(str)
    def _narrow(self, typed: str) -> None:
        wanted = typed.lower().split()
        for row in range(self.table.rowCount()):
            words = " ".join(self.table.item(row, column).text() for column in range(3)).lower()
            self.table.setRowHidden(row, not all(word in words for word in wanted))

    @Slot()
    def _show_chosen(self) -> None:
        keys = self._actions.by_name[self.chosen.name].shortcut()
        self.caption.setText(f"Keys of “{self.chosen.text.rstrip('…')}”: click, then press them")
        self.said.setText("")
        self.reset_one.setEnabled(keys != QKeySequence(self.chosen.shortcut))
        self.editor.blockSignals(True)
        self.editor.setKeySequence(keys)
        self.editor.blockSignals(False)

    @Slot(QKeySequence)
    def _take(self, keys: QKeySequence) -> None:
        holder = self._holder(keys)
        if holder is None:
            self._give({self.chosen.name: keys})
        else:
            self.said.setText(
                f"{_native(keys)} already belongs to “{holder.text.rstrip('…')}”: press other keys, or give that "
                "action other keys first."
            )

    @Slot()
    def _reset_one(self) -> None:
        self._take(QKeySequence(self.chosen.shortcut))

    @Slot()
    def _reset_all(self) -> None:
        self._give({action.name: QKeySequence(action.shortcut) for action in ACTIONS})

    def _holder(self, keys: QKeySequence) -> Action | None:
        """Another action that has `keys`."""
        others = (action for action in ACTIONS if action is not self.chosen and not keys.isEmpty())
        return next((action for action in others if self._actions.by_name[action.name].shortcut() == keys), None)

    def _give(self, keys: dict[str, QKeySequence]) -> None:
        """Give actions their keys, remember those that are not the usual ones, and show it."""
        given = self._settings.shortcuts
        for name, sequence in keys.items():
            given[name] = sequence.toString(QKeySequence.SequenceFormat.PortableText)
        usual = {name: QKeySequence(action.shortcut).toString() for name, action in NAMES.items()}
        kept = {name: text for name, text in given.items() if text != usual.get(name, text)}
        self._settings.shortcuts = kept
        self._actions.set_shortcuts(kept)
        self._write_keys(self.table)
        self._show_chosen()


def _native(keys: QKeySequence) -> str:
    return keys.toString(QKeySequence.SequenceFormat.NativeText)
