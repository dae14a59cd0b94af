"""What stands around the work: settings, recent projects, help, tour, about box, and what is told after a crash."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QWidget

from workbench.desktop.about import AboutDialog, versions
from workbench.desktop.crash_dialog import CrashDialog
from workbench.desktop.crashes import Crash, Watch
from workbench.desktop.help_pages import Pages, read_pages
from workbench.desktop.help_places import page_for
from workbench.desktop.help_window import HelpWindow
from workbench.desktop.recent_menu import RecentMenu
from workbench.desktop.settings import there
from workbench.desktop.settings_dialog import SettingsDialog, use_threads
from workbench.desktop.theme import ThemeSwitch
from workbench.desktop.tour import Tour
from workbench.desktop.tour_steps import tour_steps

if TYPE_CHECKING:  # the window has a shell, and the shell its window
    from workbench.desktop.window import Window

TOURED = "toured"


class Shell(QObject):
    """Opens the dialogs and windows that are about the program and not about a project; one of each at a time.

    Attributes
    ----------
    help : HelpWindow or None
    tour : Tour or None
    settings_dialog : SettingsDialog or None
    about : AboutDialog or None
    crash : CrashDialog or None
        Each while it is open; the help window stays once it was opened.
    watch : Watch or None
        The mark of this program, told which project is open.
    """

    def __init__(self, window: Window, switch: ThemeSwitch) -> None:
        super().__init__(window)
        self.help: HelpWindow | None = None
        self.tour: Tour | None = None
        self.settings_dialog: SettingsDialog | None = None
        self.about: AboutDialog | None = None
        self.crash: CrashDialog | None = None
        self.watch: Watch | None = None
        self._window = window
        self._switch = switch
        self._recent: RecentMenu | None = None

    def handlers(self) -> dict[str, Callable[[], object]]:
        """What the actions of the shell do."""
        return {
            "settings": self.show_settings,
            "forget_recent": self._forget_recent,
            "help": self.show_help,
            "tour": self.show_tour,
            "about": self.show_about,
        }

    def furnish(self) -> None:
        """Take up settings and fill the menu of recent projects, once the actions are made."""
        window = self._window
        window.actions_by_name.set_shortcuts(window.settings.shortcuts)
        use_threads(window.settings)
        menu = window.actions_by_name.menus["File/Open recent"]
        self._recent = RecentMenu(menu, window.background, window.settings)
        self._recent.wanted.connect(window.projects.open)
        self._switch.changed.connect(self._dress)
        window.dialogs.opened.connect(self.offer_help)
        window.care.opened.connect(self.offer_help)
        window.projects.entered.connect(self._entered)
        window.projects.left.connect(self._left)
        self._dress()

    def start(self, project: Path | None, crashes: Sequence[Crash]) -> None:
        """Begin: tell of a crash, else open `project` or the last one, else give the tour if nobody had it yet."""
        settings = self._window.settings
        last = settings.remembered[:1] if settings.flag("reopen", False) else []
        if project is not None:
            self._window.projects.open(project)
        if crashes:
            self._tell_crashes(crashes)
        elif project is None and last:
            self._window.background.call(self, partial(there, last), self._open_last)
        elif project is None and not settings.flag(TOURED, False):
            self.show_tour()

    def _open_last(self, last: list[Path]) -> None:
        for path in last:
            self._window.projects.open(path)

    def close(self) -> None:
        """Close what would outlive the window."""
        for widget in (self.help, self.settings_dialog, self.about, self.crash):
            if widget is not None:
                widget.close()
        if self.tour is not None:
            self.tour.end()

    # settings

    @Slot()
    def show_settings(self) -> None:
        """Open the settings."""
        if self.settings_dialog is None:
            window = self._window
            self.settings_dialog = SettingsDialog(window.settings, self._switch, window.actions_by_name, window)
            self.settings_dialog.finished.connect(self._settings_done)
            self.offer_help(self.settings_dialog)
            self.settings_dialog.open()

    @Slot()
    def _settings_done(self) -> None:
        dialog, self.settings_dialog = self.settings_dialog, None
        if dialog is not None:
            dialog.deleteLater()
        self._window.actions_by_name.by_name["notify"].setChecked(self._window.notifier.wanted)
        if self.help is not None:
            self.help.dress()

    @Slot()
    def _forget_recent(self) -> None:
        if self._recent is not None:
            self._recent.clear()
        if self._window.session is None:
            self._window.show_welcome()

    @Slot()
    def _dress(self) -> None:
        self._window.actions_by_name.by_name[f"theme_{self._switch.choice}"].setChecked(True)
        if self.help is not None:
            self.help.dress()

    # help

    @Slot()
    def show_help(self) -> None:
        """Open the page about the part of the window that has the focus."""
        self.show_page(page_for(QApplication.focusWidget()))

    def show_page(self, page: str) -> None:
        """Open a page of the help."""
        if self.help is None:
            self._window.background.call(self, read_pages, lambda pages: self._show_page(page, pages), key="help")
        else:
            self.help.show_page(page)
            self._bring(self.help)

    def _show_page(self, page: str, pages: Pages) -> None:
        self.help = HelpWindow(pages, self._keys, self._window)
        self.help.show_page(page)
        self._bring(self.help)

    @Slot(object)
    def offer_help(self, dialog: QWidget) -> None:
        """Let the help key act in a dialog too, which keeps the main window's actions from acting."""
        keys = self._window.actions_by_name.by_name["help"].shortcut()
        QShortcut(keys, dialog, activated=self.show_help)

    def _keys(self) -> dict[str, str]:
        native = QKeySequence.SequenceFormat.NativeText
        by_name = self._window.actions_by_name.by_name
        return {name: action.shortcut().toString(native) for name, action in by_name.items()}

    def _bring(self, window: QWidget) -> None:
        window.show()
        window.raise_()
        window.activateWindow()

    # tour

    @Slot()
    def show_tour(self) -> None:
        """Give the tour; from then on no start gives it by itself."""
        if self.tour is None:
            window = self._window
            settings = window.settings
            welcome = None if window.session is not None else window.show_welcome
            settings.set_flag(TOURED, True)
            settings.save()
            self.tour = Tour(tour_steps(window, welcome=welcome), window)
            self.tour.ended.connect(self._toured)

    @Slot()
    def _toured(self) -> None:
        self.tour = None
        if self._window.session is None:
            self._window.show_welcome()
        else:
            self._window.show_workspace()

    # about

    @Slot()
    def show_about(self) -> None:
        """Open the about box, once the versions are read."""
        if self.about is None:
            self._window.background.call(self, versions, self._show_about, key="about")

    def _show_about(self, found: dict[str, str]) -> None:
        self.about = AboutDialog(found, self._window)
        self.about.finished.connect(self._about_done)
        self.about.open()

    @Slot()
    def _about_done(self) -> None:
        dialog, self.about = self.about, None
        if dialog is not None:
            dialog.deleteLater()

    # crashes

    def _tell_crashes(self, crashes: Sequence[Crash]) -> None:
        self.crash = CrashDialog(crashes, self._window)
        self.crash.open_wanted.connect(self._window.projects.open)
        self.crash.finished.connect(self._crash_done)
        self.crash.open()

    @Slot()
    def _crash_done(self) -> None:
        dialog, self.crash = self.crash, None
        if dialog is not None:
            dialog.deleteLater()

    @Slot()
    def _entered(self) -> None:
        session = self._window.session
        self._note([session.path] if session is not None else [])

    @Slot()
    def _left(self) -> None:
        self._note([])

    def _note(self, projects: list[Path]) -> None:
        if self.watch is not None:
            self.watch.note(projects)
            self._window.background.call(self, self.watch.write)
