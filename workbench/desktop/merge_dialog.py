"""The dialog in which it is chosen what of another project comes into the open one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.desktop import icons, theme
from workbench.desktop.background import Background
from workbench.desktop.remark import say
from workbench.errors import WorkbenchError
from workbench.session import Offer, Session
from workbench.session.merging import counted_kinds

OFFER = Qt.ItemDataRole.UserRole + 1
ICONS = {"dataset": "dataset", "run": "run", "sweep": "sweep", "search": "tuning", "subset": "subset"}


@dataclass(frozen=True, eq=False)
class MergeRequest:
    """What a person asks for: ids of things of the project at `path`."""

    path: Path
    things: tuple[str, ...]


class MergeDialog(QDialog):
    """What another project offers, to be ticked: a thing brings what it was made of, which is ticked with it.

    Attributes
    ----------
    request : MergeRequest
    """

    def __init__(self, background: Background, session: Session, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Merge {path.stem} into {session.path.stem}")
        self.setAccessibleName("Merge another project into this one")
        self._path = path
        self._items: dict[str, QTreeWidgetItem] = {}
        self._build()
        say(self.remark, f"Reading {path.name}…", "muted")
        background.call(self, lambda: session.offers(path), self._show, self._failed)

    @property
    def request(self) -> MergeRequest:
        return MergeRequest(self._path, tuple(self._ticked()))

    def _show(self, offers: list[Offer]) -> None:
        """Fill the tree, all that is not here yet ticked."""
        self.tree.blockSignals(True)
        for offer in offers:
            parent = self.tree if offer.kind == "dataset" else self._items[offer.dataset]
            item = QTreeWidgetItem(parent, [offer.name, _words(offer)])
            item.setData(0, OFFER, offer)
            item.setToolTip(0, f"{offer.name}: {offer.kind}, {_words(offer)}")
            item.setIcon(0, icons.icon(ICONS[offer.kind]))
            item.setForeground(1, QColor(theme.current().muted))
            if offer.here is None:
                item.setCheckState(0, Qt.CheckState.Checked)
            else:  # it cannot be ticked, but what is on it can, so that it is not disabled
                item.setForeground(0, QColor(theme.current().muted))
            self._items[offer.id] = item
        self.tree.expandAll()
        self.tree.setCurrentItem(self.tree.topLevelItem(0))
        self.tree.blockSignals(False)
        for button in (self.all, self.none):
            button.setEnabled(any(offer.here is None for offer in offers))
        self.tree.setFocus()
        self._tell()

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, WorkbenchError):
            raise error
        say(self.remark, str(error), "bad")

    @Slot(QTreeWidgetItem, int)
    def _changed(self, item: QTreeWidgetItem, _: int) -> None:
        """Let what the thing needs be ticked with it, what is on a dataset with that, and what needs it go with it."""
        offer, state = item.data(0, OFFER), item.checkState(0)
        is_ticked = state == Qt.CheckState.Checked
        like = {offer.id, *offer.needs} if is_ticked else {offer.id}
        if is_ticked and offer.kind == "dataset":
            like |= {id for id, other in self._offers().items() if other.dataset == offer.id}
            like |= {need for id in like for need in self._offers()[id].needs if need in self._items}
        elif not is_ticked:
            like |= {id for id, other in self._offers().items() if offer.id in other.needs}
        self._tick(like, state)

    @Slot()
    def _tick_all(self) -> None:
        self._tick(set(self._items), Qt.CheckState.Checked)

    @Slot()
    def _tick_none(self) -> None:
        self._tick(set(self._items), Qt.CheckState.Unchecked)

    def _tick(self, ids: set[str], state: Qt.CheckState) -> None:
        self.tree.blockSignals(True)
        for id, offer in self._offers().items():
            if id in ids and offer.here is None:
                self._items[id].setCheckState(0, state)
        self.tree.blockSignals(False)
        self._tell()

    def _tell(self) -> None:
        chosen = [self._offers()[id].kind for id in self._ticked()]
        offered = [offer for offer in self._offers().values() if offer.here is None]
        self.start.setEnabled(bool(chosen))
        if not offered:
            say(self.remark, f"All of {self._path.name} is in this project already.", "muted")
        elif not chosen:
            say(self.remark, "Nothing is ticked.", "muted")
        else:
            say(self.remark, f"{counted_kinds(chosen)} will come; one undo takes all of it back.", "muted")

    def _ticked(self) -> list[str]:
        return [id for id, item in self._items.items() if item.checkState(0) == Qt.CheckState.Checked]

    def _offers(self) -> dict[str, Offer]:
        return {id: item.data(0, OFFER) for id, item in self._items.items()}

    def _build(self) -> None:
        about = QLabel(
            "What is ticked comes with its snapshots, notes and history. What is in this project already comes only "
            f"once. {self._path.name} stays as it is.",
            wordWrap=True,
            textFormat=Qt.TextFormat.PlainText,
        )
        about.setProperty("role", "muted")
        letter = self.fontMetrics().averageCharWidth()
        self.tree = QTreeWidget(columnCount=2, headerHidden=True, uniformRowHeights=True)
        self.tree.setAccessibleName("What comes")
        self.tree.setProperty("role", "framed")
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.setMinimumSize(letter * 70, self.fontMetrics().height() * 14)
        self.tree.itemChanged.connect(self._changed)
        self.remark = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.remark.setAccessibleName("How much comes")
        self.all, self.none = QPushButton("Tick all"), QPushButton("Tick none")
        ticks = QHBoxLayout()
        for button, slot in ((self.all, self._tick_all), (self.none, self._tick_none)):
            button.setAutoDefault(False)
            button.setEnabled(False)
            button.clicked.connect(slot)
            ticks.addWidget(button)
        ticks.addStretch()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = buttons.addButton("Merge", QDialogButtonBox.ButtonRole.AcceptRole)
        self.start.setProperty("role", "primary")
        self.start.setEnabled(False)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(about)
        layout.addWidget(self.tree, 1)
        layout.addLayout(ticks)
        layout.addWidget(self.remark)
        layout.addWidget(buttons)


def _words(offer: Offer) -> str:
    if offer.here is None:
        return offer.about
    return "here already" if offer.here == offer.name else f"here already as {offer.here}"
