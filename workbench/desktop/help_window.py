"""The help window: contents and search at the left, the page at the right, back and forward above."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QSignalBlocker, QSize, Qt, QUrl, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.desktop import icons
from workbench.desktop.help_browser import HelpBrowser
from workbench.desktop.help_pages import HOME, SCHEME, Pages

PAGE = Qt.ItemDataRole.UserRole
NOTHING = "No page holds these words. Try fewer or others."


class HelpWindow(QWidget):
    """A window of its own beside the main window.

    Attributes
    ----------
    browser : HelpBrowser
    contents : QTreeWidget
    search : QLineEdit
    found : QListWidget
        In place of the contents while something is searched.
    """

    def __init__(self, pages: Pages, keys: Callable[[], Mapping[str, str]], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self._pages = pages
        self.setWindowTitle("VQ Workbench help")
        self.setAccessibleName("Help")
        self.browser = HelpBrowser(pages, keys)
        self.search = QLineEdit(placeholderText="Search the help", clearButtonEnabled=True)
        self.search.setAccessibleName("Search the help")
        self.search.addAction(icons.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.contents = _contents(pages)
        self.found = QListWidget(wordWrap=True)
        self.found.setAccessibleName("Pages found")
        self.found.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._side = QStackedWidget()
        self._side.addWidget(self.contents)
        self._side.addWidget(self.found)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(10, 10, 0, 0)
        column.addWidget(self.search)
        column.addWidget(self._side, 1)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 6, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._buttons())
        column.addWidget(self.browser, 1)
        across = QSplitter(Qt.Orientation.Horizontal)
        across.setChildrenCollapsible(False)
        across.addWidget(left)
        across.addWidget(right)
        across.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(across)
        letter = self.fontMetrics().averageCharWidth()
        self.resize(QSize(letter * 150, letter * 110).boundedTo(self.screen().availableSize() * 0.9))
        across.setSizes([letter * 42, letter * 108])
        self._connect()

    def show_page(self, page: str) -> None:
        """Show `page`, such as ``"views/som.md"`` or ``"engines/map.md#som"``; the contents where it does not exist."""
        known = page.partition("#")[0] in self._pages.texts
        self.browser.setSource(QUrl(SCHEME + (page if known else HOME)))

    def dress(self) -> None:
        """Take up the theme's colours, and the keys in force."""
        icons.refresh(self)
        self.browser.reload()

    def _connect(self) -> None:
        self.search.textChanged.connect(self._find)
        self.search.returnPressed.connect(self._open_first)
        self.contents.currentItemChanged.connect(self._turn_to)
        self.found.currentItemChanged.connect(self._turn_to_found)
        self.browser.sourceChanged.connect(self._turned)
        for keys, act in (
            ("Esc", self.close),
            ("Ctrl+F", self._search),
            ("Alt+Left", self.browser.backward),
            ("Alt+Right", self.browser.forward),
            ("Alt+Home", self._home),
        ):
            QShortcut(QKeySequence(keys), self, activated=act)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 8, 0)
        for name, icon, keys, act in (
            ("Back", "left_one", "Alt+Left", self.browser.backward),
            ("Forward", "right_one", "Alt+Right", self.browser.forward),
            ("Contents", "help", "Alt+Home", self._home),
        ):
            button = QToolButton(toolTip=f"{name}  ({keys})")
            button.setAccessibleName(name)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            icons.put(button, icon)
            button.clicked.connect(act)
            row.addWidget(button)
            if name != "Contents":
                button.setEnabled(False)
                moves = self.browser.backwardAvailable if name == "Back" else self.browser.forwardAvailable
                moves.connect(button.setEnabled)
        row.addStretch()
        return row

    @Slot()
    def _home(self) -> None:
        self.show_page(HOME)

    @Slot()
    def _search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    @Slot(str)
    def _find(self, typed: str) -> None:
        self.found.clear()
        for one in self._pages.search(typed):
            item = QListWidgetItem(f"{one.title}\n{one.excerpt}")
            item.setData(PAGE, one.page)
            self.found.addItem(item)
        if not self.found.count():
            item = QListWidgetItem(NOTHING)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.found.addItem(item)
        self._side.setCurrentWidget(self.found if typed.strip() else self.contents)

    @Slot()
    def _open_first(self) -> None:
        if self._side.currentWidget() is self.found:
            self.found.setCurrentRow(0)

    @Slot(QTreeWidgetItem)
    def _turn_to(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self.show_page(item.data(0, PAGE))

    @Slot(QListWidgetItem)
    def _turn_to_found(self, item: QListWidgetItem | None) -> None:
        if item is not None and item.data(PAGE):
            self.show_page(item.data(PAGE))
            words = self.search.text().split()
            if words:
                self.browser.find(words[0])

    @Slot(QUrl)
    def _turned(self, url: QUrl) -> None:
        """Mark the page in the contents, and name it in the title."""
        page = url.path().lstrip("/")
        self.setWindowTitle(f"{self._pages.title(page)} — VQ Workbench help")
        with QSignalBlocker(self.contents):
            for item in _items(self.contents):
                if item.data(0, PAGE) == page:
                    self.contents.setCurrentItem(item)


def _contents(pages: Pages) -> QTreeWidget:
    tree = QTreeWidget(headerHidden=True, rootIsDecorated=True)
    tree.setAccessibleName("Contents")
    above: list[QTreeWidgetItem] = []
    for entry in pages.contents:
        item = QTreeWidgetItem([entry.title])
        item.setData(0, PAGE, entry.page)
        del above[entry.depth :]
        if above:
            above[-1].addChild(item)
        else:
            tree.addTopLevelItem(item)
        above.append(item)
    return tree


def _items(tree: QTreeWidget) -> list[QTreeWidgetItem]:
    tops = [tree.topLevelItem(k) for k in range(tree.topLevelItemCount())]
    return [item for top in tops for item in (top, *(top.child(k) for k in range(top.childCount())))]
