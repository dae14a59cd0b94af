"""The command palette: type a few letters, press Enter, and the action happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QAction, QIcon, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from workbench.desktop import icons
from workbench.desktop.frame import Frame
from workbench.session import Session


@dataclass(frozen=True)
class Entry:
    """One row of the palette.

    Attributes
    ----------
    hint : str
        Shown behind the text: menu and shortcut.
    """

    text: str
    hint: str
    icon: QIcon
    enabled: bool
    trigger: Callable[[], object]


def entry_of(action: QAction, menu: str) -> Entry:
    """The palette row of an action that lives in `menu`."""
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    hint = "   ".join(part for part in (menu.replace("/", " › "), keys) if part)
    return Entry(action.text(), hint, action.icon(), action.isEnabled(), action.trigger)


def matching(entries: Sequence[Entry], typed: str) -> list[Entry]:
    """The entries that hold the typed letters in order, best first; possible ones before impossible ones."""
    scored = [(score, k, entry) for k, entry in enumerate(entries) if (score := _score(entry, typed)) is not None]
    return [entry for _, _, entry in sorted(scored, key=lambda row: (not row[2].enabled, row[0], row[1]))]


def _score(entry: Entry, typed: str) -> float | None:
    """Lower is better: a word's beginning, then a part, then scattered letters; None where they do not occur."""
    text, wanted = entry.text.lower(), " ".join(typed.lower().split())
    if not wanted:
        return 0.0
    at = text.find(wanted)
    if at >= 0:
        return at / 100 if at == 0 or text[at - 1] == " " else 1 + at / 100
    if wanted in entry.hint.lower():
        return 2.0
    position = span = 0
    for letter in wanted.replace(" ", ""):
        found = text.find(letter, position)
        if found < 0:
            return None
        span += found - position
        position = found + 1
    return 3 + span


class CommandPalette(QDialog):
    """A list of everything that can be done, narrowed by typing."""

    def __init__(self, entries: Sequence[Entry], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName("Search actions")
        self._entries = list(entries)
        self._shown: list[Entry] = []
        self.line = QLineEdit(placeholderText="Type what you want to do", clearButtonEnabled=True)
        self.line.setAccessibleName("Search actions")
        self.line.addAction(icons.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.line.installEventFilter(self)
        self.list = QListWidget(uniformItemSizes=True)
        self.list.setAccessibleName("Found actions")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFocusProxy(self.line)  # which has the keys that move in it
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.empty = QLabel("Nothing is called that. Try another word.")
        self.empty.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        for widget in (self.line, self.list, self.empty):
            layout.addWidget(widget)
        self.line.textChanged.connect(self._narrow)
        self.line.returnPressed.connect(self._trigger)
        self.list.currentRowChanged.connect(self._chosen)
        self.list.itemClicked.connect(self._trigger)
        width = max(420, min(640, parent.width() - 80))
        self.resize(width, min(440, max(240, parent.height() - 120)))
        corner = parent.mapToGlobal(parent.rect().topLeft())
        self.move(corner.x() + (parent.width() - width) // 2, corner.y() + 70)
        self._narrow("")
        self.line.setFocus()

    @Slot(str)
    def _narrow(self, typed: str) -> None:
        self._shown = matching(self._entries, typed)
        self.list.clear()
        for entry in self._shown:
            item = QListWidgetItem(entry.icon, entry.text)
            if not entry.enabled:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            self.list.addItem(item)
            self.list.setItemWidget(item, _Row(entry.hint))
        self.list.setCurrentRow(0)
        self.empty.setVisible(not self._shown)

    @Slot(int)
    def _chosen(self, row: int) -> None:
        for k in range(self.list.count()):
            hint = self.list.itemWidget(self.list.item(k))
            if isinstance(hint, _Row):
                hint.choose(k == row)

    @Slot()
    def _trigger(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._shown) and self._shown[row].enabled:
            trigger = self._shown[row].trigger
            self.close()
            trigger()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if watched is self.line and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
            step = steps.get(Qt.Key(event.key()))
            if step is not None and self._shown:
                self.list.setCurrentRow(max(0, min(len(self._shown) - 1, self.list.currentRow() + step)))
                return True
        return super().eventFilter(watched, event)


class _Row(QLabel):
    """The hint at the right edge of a row; the item's own text stays at the left."""

    def __init__(self, hint: str) -> None:
        super().__init__(hint)
        self.setProperty("role", "muted")
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setContentsMargins(0, 0, 10, 0)

    def choose(self, chosen: bool) -> None:
        """Be readable on the colour of the chosen row, or of the others."""
        role = "chosen" if chosen else "muted"
        if self.property("role") != role:
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)


def open_palette(frame: Frame, session: Session | None) -> None:
    """Open the palette of all actions and views of a window, and of all work of its project."""
    actions, views = frame.actions_by_name, frame.views
    menus = {action: path for path, menu in actions.menus.items() for action in menu.actions()}
    entries = [entry_of(action, menus.get(action, "")) for name, action in actions.by_name.items() if name != "palette"]
    for pane in views.panes:
        show = partial(views.show_view, pane.view.name)
        icon = icons.icon(pane.icon_name)
        entries.append(Entry(f"Show {pane.view.title}", "View", icon, session is not None, show))
    if session is not None:
        for hint, icon_name, works in (
            ("Run", "run", session.runs),
            ("Sweep", "sweep", session.sweeps),
            ("Search", "tuning", session.searches),
        ):
            icon = icons.icon(icon_name)
            for work in works.values():
                entries.append(Entry(work.name, hint, icon, True, partial(frame.tree.select, work)))
    CommandPalette(entries, frame).show()
