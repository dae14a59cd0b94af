"""The project panel: datasets with their subsets, runs and studies, each with its status and a small progress bar."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QColor, QFontMetrics, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QMenu,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from workbench.desktop import icons, theme
from workbench.session import Dataset, Run, Study, Subset
from workbench.session.document import Thing
from workbench.views.thing_facts import line_of

THING = Qt.ItemDataRole.UserRole + 1
DETAIL = Qt.ItemDataRole.UserRole + 2
PROGRESS = Qt.ItemDataRole.UserRole + 3
TONE = Qt.ItemDataRole.UserRole + 4
NARROWEST = 48
"""Pixels that a name needs beside its detail; with fewer, the name stands alone."""
Index = QModelIndex | QPersistentModelIndex


class ProjectTree(QWidget):
    """The tree, and what to do while it is empty.

    Attributes
    ----------
    picked : Signal(Dataset, Run, Study, Subset or None)
        The thing that is now selected, or was last of several.
    chosen_changed : Signal
        Other things are selected than before, or more, or fewer.
    renamed : Signal(Dataset, Run, Study or Subset, str)
        A new name was typed.
    """

    picked = Signal(object)
    chosen_changed = Signal()
    renamed = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._context: list[QAction] = []
        self._places: dict[str, int] = {}  # in the queue, of those that wait
        self.heading = QLabel("Project")
        self.heading.setProperty("role", "section")
        self.heading.setContentsMargins(12, 10, 12, 6)
        self.heading.setMinimumWidth(10)
        self.model = QStandardItemModel(self)
        self.view = QTreeView(headerHidden=True, uniformRowHeights=True, animated=False)
        self.view.setModel(self.model)
        self.view.setAccessibleName("Datasets, runs, sweeps and searches")
        self.view.setItemDelegate(_Delegate(self.view))
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setIndentation(16)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.empty = QLabel("No data yet. Import a file, or drop it anywhere on this window.", wordWrap=True)
        self.empty.setProperty("role", "muted")
        self.empty.setContentsMargins(12, 4, 12, 4)
        self.importing = QPushButton("Import data…")
        self.importing.setAccessibleDescription("Bring a data file into the project")
        icons.put(self.importing, "import")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 10)
        layout.setSpacing(0)
        layout.addWidget(self.heading)
        layout.addWidget(self.empty)
        layout.addSpacing(6)
        layout.addWidget(self.importing, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self.view, 1)
        self.view.selectionModel().currentChanged.connect(self._picked)
        self.view.selectionModel().selectionChanged.connect(self._chose)
        self.view.customContextMenuRequested.connect(self._menu)
        self.model.itemChanged.connect(self._renamed)
        self._quiet = False

    def set_actions(self, importing: QAction, context: list[QAction]) -> None:
        """What the button of the empty tree does, and what is in the context menu."""
        self._context = context
        self.importing.clicked.connect(importing.trigger)

    def show_things(self, datasets: list[Dataset], works: list[Run | Study], subsets: list[Subset]) -> None:
        """Show exactly these, keeping what is selected where it is still there."""
        wanted = [
            (
                dataset,
                [
                    *(subset for subset in subsets if subset.dataset == dataset.id),
                    *(work for work in works if work.dataset is dataset),
                ],
            )
            for dataset in datasets
        ]
        ids = [(dataset.id, [work.id for work in its]) for dataset, its in wanted]
        if ids != self._ids():
            selected, chosen = self.selected, {thing.id for thing in self.chosen}
            self._quiet = True
            self.model.clear()
            for dataset, its in wanted:
                item = _item(dataset)
                self.model.appendRow(item)
                for work in its:
                    item.appendRow(_item(work))
            self.view.expandAll()
            self._quiet = False
            if selected is not None:
                self.select(selected)
            self._choose_again(chosen)
            if self.selected is None and selected is not None:
                self.picked.emit(None)
        self.empty.setVisible(not datasets)
        self.importing.setVisible(not datasets)
        self.refresh()

    def refresh(self) -> None:
        """Bring names, statuses and progress up to date."""
        self._quiet = True
        for item in self._items():
            _update(item, self._places.get(item.data(THING).id, 0))
        self._quiet = False

    def show_queue(self, waiting: list[Run | Study]) -> None:
        """Tell of those that wait which is the next, and so on."""
        self._places = {work.id: place for place, work in enumerate(waiting, 1)}
        self.refresh()

    @property
    def selected(self) -> Thing | None:
        """The thing that was selected last."""
        index = self.view.currentIndex()
        return index.data(THING) if index.isValid() else None

    @property
    def chosen(self) -> list[Thing]:
        """All things that are selected, from the top down."""
        selection = self.view.selectionModel()
        return [item.data(THING) for item in self._items() if selection.isSelected(item.index())]

    @property
    def chosen_runs(self) -> list[Run]:
        """The runs among them."""
        return [thing for thing in self.chosen if isinstance(thing, Run)]

    def things(self) -> list[Thing]:
        """All that is in the tree."""
        return [item.data(THING) for item in self._items()]

    def select(self, thing: Thing) -> None:
        """Make `thing` the only one that is selected, if it is here, whichever keys are held down meanwhile."""
        for item in self._items():
            if item.data(THING).id == thing.id:
                alone = QItemSelectionModel.SelectionFlag.ClearAndSelect
                self.view.selectionModel().setCurrentIndex(item.index(), alone)
                self.view.scrollTo(item.index())
                return

    def edit(self) -> None:
        """Let the name of the selected thing be typed in place."""
        if self.view.currentIndex().isValid():
            self.view.setFocus()
            self.view.edit(self.view.currentIndex())

    def _items(self) -> list[QStandardItem]:
        top = [self.model.item(k) for k in range(self.model.rowCount())]
        return [found for item in top for found in (item, *(item.child(j) for j in range(item.rowCount())))]

    def _ids(self) -> list[tuple[str, list[str]]]:
        top = [self.model.item(k) for k in range(self.model.rowCount())]
        return [(i.data(THING).id, [i.child(j).data(THING).id for j in range(i.rowCount())]) for i in top]

    def _choose_again(self, ids: set[str]) -> None:
        """Select what was selected beside the last one, in a tree that was made anew."""
        for item in self._items():
            if item.data(THING).id in ids:
                self.view.selectionModel().select(item.index(), QItemSelectionModel.SelectionFlag.Select)

    @Slot()
    def _chose(self) -> None:
        if not self._quiet:
            self.chosen_changed.emit()

    @Slot()
    def _picked(self) -> None:
        if not self._quiet:
            self.picked.emit(self.selected)

    @Slot(QPoint)
    def _menu(self, place: QPoint) -> None:
        if self.view.indexAt(place).isValid():
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions(self._context)
            menu.popup(self.view.viewport().mapToGlobal(place))

    @Slot(QStandardItem)
    def _renamed(self, item: QStandardItem) -> None:
        thing = item.data(THING)
        if not self._quiet and item.text().strip() != thing.name:
            name = item.text().strip()
            self.refresh()
            if name:
                self.renamed.emit(thing, name)


def _item(thing: Thing) -> QStandardItem:
    item = QStandardItem()
    item.setData(thing, THING)
    _update(item)
    return item


def _update(item: QStandardItem, place: int = 0) -> None:
    thing = item.data(THING)
    line = line_of(thing, place)
    wanted: dict[int, Any] = {
        Qt.ItemDataRole.EditRole: thing.name,
        Qt.ItemDataRole.DecorationRole: icons.icon(line.icon),
        Qt.ItemDataRole.ToolTipRole: line.told,
        Qt.ItemDataRole.AccessibleTextRole: line.told,
        DETAIL: line.detail,
        PROGRESS: line.progress,
        TONE: line.tone,
    }
    for role, value in wanted.items():
        if role == Qt.ItemDataRole.DecorationRole:
            if item.icon().cacheKey() != value.cacheKey():
                item.setData(value, role)
        elif item.data(role) != value:
            item.setData(value, role)


class _Delegate(QStyledItemDelegate):
    """Draws the detail at the right of the name, and a thin bar of progress under a run that is under way."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        detail = index.data(DETAIL) or ""
        metrics = QFontMetrics(option.font)
        width = metrics.horizontalAdvance(detail) + 16
        self.initStyleOption(option, index)
        room = option.rect.width() - width - 26
        if room < NARROWEST:
            detail, room = "", option.rect.width() - 26
        option.text = metrics.elidedText(option.text, Qt.TextElideMode.ElideMiddle, max(room, 30))
        style = option.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        colours = theme.current()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setPen(QColor(colours.on_accent if selected else getattr(colours, index.data(TONE) or "muted")))
        place = option.rect.adjusted(0, 0, -10, 0)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, detail)
        progress = index.data(PROGRESS)
        if progress is not None:
            bar = QRect(option.rect.left() + 28, option.rect.bottom() - 3, option.rect.width() - 38, 3)
            painter.fillRect(bar, QColor(colours.border))
            bar.setWidth(round(bar.width() * progress))
            painter.fillRect(bar, QColor(colours.on_accent if selected else colours.accent))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        return QSize(super().sizeHint(option, index).width(), QFontMetrics(option.font).height() + 14)
