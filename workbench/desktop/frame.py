"""How the window is laid out and what of it is remembered: panels, splitters, toolbar; nothing of what actions do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMainWindow, QMenu, QSizePolicy, QSplitter, QStackedWidget, QToolBar, QToolButton, QWidget

from workbench.desktop import icons
from workbench.desktop.actions import Actions
from workbench.desktop.background import Background
from workbench.desktop.inspector import Inspector
from workbench.desktop.live import Live
from workbench.desktop.project_tree import ProjectTree
from workbench.desktop.samples import samples
from workbench.desktop.search_page import SearchPage
from workbench.desktop.settings import Settings, there
from workbench.desktop.status import StatusBar
from workbench.desktop.sweep_page import SweepPage
from workbench.desktop.timeline import Timeline
from workbench.desktop.view_area import ViewArea
from workbench.desktop.welcome import Welcome
from workbench.session import Search, Study

TEXT_GROUPS = (1, 3)
CONTEXT = ("new_run", "sweep", "search", "hasten", "export_report", "rename", "delete")
PANELS = ("left", "right", "bottom")


class Frame(QMainWindow):
    """The panels and the actions, without their meaning.

    Attributes
    ----------
    actions_by_name : Actions
    tree, inspector, timeline, views, sweeps, searches, live, welcome, status
        The parts.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.setWindowTitle("VQ Workbench")
        self.setWindowIcon(icons.app_icon())
        self.setAcceptDrops(True)
        self.background = Background(self)
        self.views = ViewArea()
        self.live = Live(self.views, self)
        self.sweeps = SweepPage()
        self.searches = SearchPage(self.background)
        self.tree = ProjectTree()
        self.timeline = Timeline()
        self.status = StatusBar()
        self.setStatusBar(self.status)
        self.welcome = Welcome(samples())
        self._bar = QToolBar("Actions", self)
        self._bar.setObjectName("actions")
        self._worded: list[QToolButton] = []
        self._worded_width = 0

    def build(self, handlers: Mapping[str, Callable[[], object]]) -> None:
        """Make actions and panels, and put everything where it was."""
        self.actions_by_name = Actions(self, handlers)
        by_name = self.actions_by_name.by_name
        self.tree.set_actions(by_name["import"], [by_name[name] for name in CONTEXT])
        self.inspector = Inspector(self.background, by_name["new_run"], by_name["export_report"], by_name["show_test"])
        self._build_toolbar()
        self._across = QSplitter(Qt.Orientation.Horizontal)
        self._down = QSplitter(Qt.Orientation.Vertical)
        self._stage = QStackedWidget()
        self._stage.addWidget(self.views)
        self._stage.addWidget(self.sweeps)
        self._stage.addWidget(self.searches)
        self._down.addWidget(self._stage)
        self._down.addWidget(self.timeline)
        self._down.setStretchFactor(0, 1)
        for part in (self.tree, self._down, self.inspector):
            self._across.addWidget(part)
        self._across.setStretchFactor(1, 1)
        for splitter in (self._across, self._down):
            splitter.setHandleWidth(1)
            splitter.setChildrenCollapsible(False)
        self._panels = {"left": self.tree, "right": self.inspector, "bottom": self.timeline}
        self._centre = QStackedWidget()
        self._centre.addWidget(self.welcome)
        self._centre.addWidget(self._across)
        self.setCentralWidget(self._centre)
        self._restore()

    def frame_handlers(self) -> dict[str, Callable[[], object]]:
        """What the actions of the layout do."""
        made: dict[str, Callable[[], object]] = {
            "view_beside": self.views.split,
            "view_float": self.views.float_front,
            "view_reset": self.reset_layout,
        }
        return made | {f"panel_{name}": self._show_panels for name in PANELS}

    def show_welcome(self) -> None:
        """Show the page before a project is open; which of the recent ones are there is looked up in the background."""
        self.background.call(self, partial(there, self.settings.remembered), self.welcome.show_recent, key="recent")
        self._bar.hide()
        self._centre.setCurrentWidget(self.welcome)
        self.welcome.new_button.setFocus()

    def show_workspace(self) -> None:
        """Show the panels."""
        self._bar.show()
        self._centre.setCurrentWidget(self._across)
        self.tree.view.setFocus()

    @property
    def study(self) -> Study | None:
        """The sweep or search that is shown."""
        return self.sweeps.study or self.searches.study

    def show_study(self, study: Study | None, *, writable: bool = True) -> None:
        """Show the page of a sweep or a search in place of the views and their timeline; None goes back to these."""
        page = None if study is None else self.searches if isinstance(study, Search) else self.sweeps
        for other in (self.sweeps, self.searches):
            other.show_study(study if other is page else None, writable=writable)
        self._stage.setCurrentWidget(self.views if page is None else page)
        self._show_panels()

    def refresh_study(self) -> None:
        """Bring the page of the sweep or search that is shown up to date."""
        self.sweeps.refresh()
        self.searches.refresh()

    def show_inspector(self) -> None:
        """Make sure that the inspector can be seen."""
        self.actions_by_name.by_name["panel_right"].setChecked(True)
        self._show_panels()

    @Slot()
    def reset_layout(self) -> None:
        """Put all panels and views back."""
        for name in PANELS:
            self.actions_by_name.by_name[f"panel_{name}"].setChecked(True)
        self._show_panels()
        self._first_sizes()
        self.views.reset()

    def remember(self) -> None:
        """Keep the layout for the next start."""
        if not self.isMinimized():
            self.settings.set_layout("window", self.saveGeometry())
        self.settings.set_layout("across", self._across.saveState())
        self.settings.set_layout("down", self._down.saveState())
        self.settings.set_layout("views", self.views.saveState())
        for name in PANELS:
            self.settings.set_flag(f"panel-{name}", self.actions_by_name.by_name[f"panel_{name}"].isChecked())
        self.settings.save()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._word(self.width() >= self._worded_width)

    @Slot()
    def _show_panels(self) -> None:
        for name, panel in self._panels.items():
            hidden = panel is self.timeline and self.study is not None
            panel.setVisible(self.actions_by_name.by_name[f"panel_{name}"].isChecked() and not hidden)

    def _restore(self) -> None:
        letter = self.fontMetrics().averageCharWidth()
        room = self.screen().availableSize()
        self.resize(QSize(letter * 220, letter * 136).boundedTo(room * 0.94))
        self._first_sizes()
        if self.settings.flag("restore-layout", True):
            self._put_back()
        else:
            self.reset_layout()

    def _put_back(self) -> None:
        """Take up what `remember` kept."""
        if (geometry := self.settings.layout("window")) is not None:
            self.restoreGeometry(geometry)
        for name, splitter in (("across", self._across), ("down", self._down)):
            if (state := self.settings.layout(name)) is not None:
                splitter.restoreState(state)
        self.views.restore(self.settings.layout("views"))
        for name in PANELS:
            self.actions_by_name.by_name[f"panel_{name}"].setChecked(self.settings.flag(f"panel-{name}", True))
        self._show_panels()

    def _first_sizes(self) -> None:
        letter = self.fontMetrics().averageCharWidth()
        left, right = (
            max(letter * 36, min(letter * 46, self.width() // 4)),
            max(letter * 44, min(letter * 48, self.width() // 4)),
        )
        below = min(letter * 22, self.height() // 5)
        self.tree.setMinimumWidth(letter * 30)
        self.inspector.setMinimumWidth(letter * 44)
        self._across.setSizes([left, max(200, self.width() - left - right), right])
        self._down.setSizes([max(200, self.height() - below), below])

    def _build_toolbar(self) -> None:
        bar = self._bar
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        size = self.fontMetrics().height() + 2
        bar.setIconSize(QSize(size, size))
        self.actions_by_name.fill(bar, (1, 3, 2))
        worded = [
            bar.widgetForAction(self.actions_by_name.by_name[name])
            for name in self.actions_by_name.in_toolbar(TEXT_GROUPS)
        ]
        bar.addSeparator()
        worded.append(self._menu_button("Export", "export", self.actions_by_name.menus["File/Export"]))
        bar.addWidget(worded[-1])
        self._worded = [button for button in worded if isinstance(button, QToolButton)]
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(space)
        self.actions_by_name.fill(bar, (5,))
        self.addToolBar(bar)
        self._word(True)
        self._worded_width = bar.sizeHint().width()

    def _word(self, worded: bool) -> None:
        """Give the main buttons their words, or the icon alone where there is no room for words."""
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if worded else Qt.ToolButtonStyle.ToolButtonIconOnly
        for button in self._worded:
            button.setToolButtonStyle(style)

    def _menu_button(self, text: str, icon: str, menu: QMenu) -> QToolButton:
        button = QToolButton(text=text, toolTip="Save what was learned")
        button.setAccessibleName(text)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setMenu(menu)
        icons.put(button, icon)
        return button
