"""The centre of the window: one pane for each view, in tabs that can be split beside one another and floated."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QLabel,
    QMainWindow,
    QStackedWidget,
    QTabBar,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.desktop import icons
from workbench.desktop.plots.base import Plot, plot_for
from workbench.views import VIEWS, View

TAB_AROUND = 52
"""Pixels of a tab beside its text: padding and icon."""
TAB_ICON = 22
"""Pixels of these that the icon takes, which is left out before tabs are scrolled."""
NO_RUN = "Choose a run in the project panel, or start a new one, to see it here."
MAKE_MS = 300
"""While nobody needs one, a plot is made so often: all in the first seconds, and none of them holds up a click."""


class ViewArea(QMainWindow):
    """All views as dock widgets of a window inside the window.

    Attributes
    ----------
    picked : Signal(Pick)
        A person pointed at something in a view.
    correction_wanted : Signal(Wish)
        A person wants something of the project to be changed.
    panes : list of ViewPane
        In the order of the catalog of views.
    """

    picked = Signal(object)
    correction_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Widget)
        self.setDockOptions(
            QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.AnimatedDocks
        )
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self._soon = QTimer(self, interval=30, singleShot=True)
        self._soon.timeout.connect(self._arranged)
        self.panes = [ViewPane(view) for view in VIEWS]
        self._docks: list[QDockWidget] = []
        self._latest: ViewPane | None = None
        self._offered: frozenset[str] = frozenset(view.name for view in VIEWS)
        for pane in self.panes:
            dock = QDockWidget(pane.view.title, self)
            dock.setObjectName(f"view-{pane.view.name}")
            dock.setAccessibleName(f"{pane.view.title} view")
            dock.setFeatures(
                QDockWidget.DockWidgetFeature.DockWidgetMovable | QDockWidget.DockWidgetFeature.DockWidgetFloatable
            )
            dock.setWidget(pane)
            pane.picked.connect(self.picked)
            pane.correction_wanted.connect(self.correction_wanted)
            dock.setTitleBarWidget(QWidget(dock))
            dock.visibilityChanged.connect(pane.set_in_front)
            dock.visibilityChanged.connect(partial(self._came, pane))
            for changed in (dock.topLevelChanged, dock.dockLocationChanged, dock.visibilityChanged):
                changed.connect(self._soon.start)  # once for many: arranging all takes longer than a move
            self._docks.append(dock)
        self._bare: list[QWidget] = [dock.titleBarWidget() for dock in self._docks]
        self.reset()
        self._first = self.saveState()
        self._making = QTimer(self, interval=MAKE_MS)
        self._making.timeout.connect(self._make_next)
        self._making.start()

    @property
    def front(self) -> ViewPane | None:
        """The pane that was brought to the front last, of those that can be seen."""
        seen = self.visible_panes()
        return self._latest if self._latest in seen else next(iter(seen), None)

    def visible_panes(self) -> list[ViewPane]:
        """The panes that can be seen now."""
        return [pane for pane in self.panes if pane.in_front and pane.isVisible()]

    def offer(self, names: frozenset[str]) -> None:
        """Give tabs to the views `names`, and to whichever is in front; the others can still be asked for by name."""
        if names != self._offered:
            self._offered = names
            self._arranged()

    def show_view(self, name: str) -> None:
        """Bring the view `name` to the front."""
        self.offer(self._offered | {name})
        for dock, pane in zip(self._docks, self.panes, strict=True):
            if pane.view.name == name:
                dock.show()
                dock.raise_()

    def split(self) -> None:
        """Put the view in front beside the others."""
        dock = self._front_dock()
        rest = [other for other in self._docks if other is not dock and not other.isFloating()]
        if dock is not None and rest:
            if dock.isFloating():
                dock.setFloating(False)
            self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
            self.resizeDocks([rest[0], dock], [1, 1], Qt.Orientation.Horizontal)
            self._arranged()

    def float_front(self) -> None:
        """Give the view in front a window of its own."""
        dock = self._front_dock()
        if dock is not None:
            dock.setFloating(True)
            dock.resize(640, 480)

    def reset(self) -> None:
        """All views in one group of tabs, the first in front."""
        for dock in self._docks:
            dock.setFloating(False)
            self.removeDockWidget(dock)
        for dock in self._docks:
            self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
            dock.show()
        for dock in self._docks[1:]:
            self.tabifyDockWidget(self._docks[0], dock)
        self._docks[0].raise_()
        self._latest = None
        self._arranged()

    def restore(self, state: QByteArray | None) -> None:
        """Take up a remembered arrangement."""
        if state is None or not self.restoreState(state):
            self.reset()
        self._arranged()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._soon.start()

    @Slot()
    def _make_next(self) -> None:
        missing = next((pane for pane in self.panes if not pane.has_plot), None)
        if missing is None:
            self._making.stop()
        else:
            missing.make_plot()

    def _came(self, pane: ViewPane, visible: bool) -> None:
        if visible:
            self._latest = pane

    def _front_dock(self) -> QDockWidget | None:
        front = self.front
        return next((d for d, p in zip(self._docks, self.panes, strict=True) if p is front), None)

    @Slot()
    def _arranged(self) -> None:
        """Show a title bar only where no tab tells the title; dress the tab bars."""
        for dock, bare in zip(self._docks, self._bare, strict=True):
            alone = dock.isFloating() or not self.tabifiedDockWidgets(dock)
            wanted = None if alone else bare
            if dock.titleBarWidget() is not wanted:
                dock.setTitleBarWidget(wanted)
        panes = {pane.view.title: pane for pane in self.panes}
        for bar in self.findChildren(QTabBar):
            bar.setDocumentMode(True)
            bar.setExpanding(False)
            bar.setMovable(False)  # Qt 6.10 crashes where a tab is drawn past others while docks are rearranged
            bar.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            bar.setAccessibleName("Views")
            metrics = bar.fontMetrics()
            shown = [panes.get(bar.tabText(k)) for k in range(bar.count())]
            for k, pane in enumerate(shown):
                wanted = pane is None or pane.view.name in self._offered or k == bar.currentIndex()
                if bar.isTabVisible(k) != wanted:
                    bar.setTabVisible(k, wanted)
            seen = [k for k in range(bar.count()) if bar.isTabVisible(k)]
            needed = sum(metrics.horizontalAdvance(bar.tabText(k)) + TAB_AROUND for k in seen)
            is_scrolled = needed - len(seen) * TAB_ICON > bar.width()  # no title is cut
            bar.setUsesScrollButtons(is_scrolled)
            bar.setElideMode(Qt.TextElideMode.ElideNone if is_scrolled else Qt.TextElideMode.ElideRight)
            for k, pane in enumerate(shown):
                if pane is not None:
                    bar.setTabIcon(k, icons.icon(pane.icon_name) if needed <= bar.width() else QIcon())
                    bar.setTabToolTip(k, bar.tabText(k))


class ViewPane(QStackedWidget):
    """One view: its plot, or a sentence on why there is nothing to draw and what to do.

    Attributes
    ----------
    picked : Signal(Pick)
        A person pointed at something in the plot.
    correction_wanted : Signal(Wish)
        A person wants something of the project to be changed.
    view : View
    shown : object
        Key of what is drawn now; None when nothing is.
    marked : int
        Version of the selection that is marked in it; -1 when none is.
    wish : int
        How often another picture was wished for, so that an older one is not taken for it.
    icon_name : str
    in_front : bool
        Whether no other tab hides it.
    """

    picked = Signal(object)
    correction_wanted = Signal(object)

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = view
        self._plot: Plot | None = None
        self.shown: object = None
        self.marked = -1
        self.wish = 0
        self.in_front = False
        self.setAccessibleName(f"{view.title} view")
        self.icon_name = view.name if icons.exists(view.name) else "image"
        self._message = Message(self.icon_name, NO_RUN)
        self.addWidget(self._message)

    @property
    def plot(self) -> Plot:
        """What draws the view; made when it is first asked for, as a window has many views and few are looked at."""
        return self.make_plot() if self._plot is None else self._plot

    @property
    def has_plot(self) -> bool:
        """Whether the plot is made."""
        return self._plot is not None

    def make_plot(self) -> Plot:
        """Make the plot, some hundredths of a second; only where there is none."""
        self._plot = plot = plot_for(self.view)
        self.addWidget(plot)
        plot.will_be(self.size())
        plot.stale.connect(self._redraw)
        plot.picked.connect(self.picked)
        plot.correction_wanted.connect(self.correction_wanted)
        return plot

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if self._plot is not None and self.currentWidget() is not self._plot:
            self._plot.will_be(self.size())

    @Slot(bool)
    def set_in_front(self, in_front: bool) -> None:
        self.in_front = in_front

    def forget(self) -> None:
        """What is drawn is of something else."""
        self.shown, self.marked = None, -1

    def took(self, wish: int, key: object, marked: int) -> None:
        """The picture of `key`, wished for as number `wish`, is what is drawn now, unless another one is wished for."""
        self.shown, self.marked = (key, marked) if wish == self.wish else (None, -1)

    @Slot()
    def _redraw(self) -> None:
        self.forget()
        self.wish += 1

    def say(self, text: str) -> None:
        """Show a sentence in place of the plot."""
        self._message.say(text)
        self.setCurrentWidget(self._message)

    @property
    def message(self) -> str:
        """The sentence shown in place of the plot, or ""."""
        return self._message.text() if self.currentWidget() is self._message else ""

    def draw(self, prepared: object) -> None:
        """Show what `plot.prepare` made."""
        self.plot.draw(prepared)
        self.setCurrentWidget(self.plot)


class Message(QWidget):
    """An empty state: a faint icon over a sentence that says what to do next."""

    def __init__(self, icon: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        picture = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        icons.put(picture, icon, "faint", 48)
        self._text = QLabel(text, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._text.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(32, 32, 32, 32)
        layout.setSpacing(12)
        layout.addStretch()
        layout.addWidget(picture)
        layout.addWidget(self._text)
        layout.addStretch()

    def say(self, text: str) -> None:
        if self._text.text() != text:
            self._text.setText(text)

    def text(self) -> str:
        return self._text.text()
