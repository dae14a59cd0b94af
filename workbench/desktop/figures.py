"""From a view to paper and clipboard: which view is meant, exactly as it is seen; a menu of it on each view."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QPoint, Qt, Slot
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QWidget

from workbench.desktop import icons
from workbench.desktop.background import Background
from workbench.desktop.copying import Copier
from workbench.desktop.export_actions import ExportActions
from workbench.desktop.exporting import Exporter
from workbench.desktop.figure_dialog import FigureDialog, Seen
from workbench.desktop.live import Live
from workbench.desktop.settings import Settings
from workbench.desktop.view_area import ViewArea, ViewPane
from workbench.session import Study
from workbench.views.numbers import has_numbers

NOTHING = "There is no picture to take yet: choose a run, and a view that shows something of it."


class Figures(QObject):
    """Exports and copies what a view shows.

    Attributes
    ----------
    dialog : FigureDialog or None
        While it is open.
    copier : Copier
    """

    def __init__(
        self,
        window: QMainWindow,
        background: Background,
        settings: Settings,
        exporter: Exporter,
        exports: ExportActions,
        views: ViewArea,
        live: Live,
        study: Callable[[], Study | None],
    ) -> None:
        super().__init__(window)
        self.dialog: FigureDialog | None = None
        self.copier = Copier(background, window.statusBar(), study)
        self._window = window
        self._background = background
        self._settings = settings
        self._exporter = exporter
        self._exports = exports
        self._views = views
        self._live = live
        for pane in views.panes:
            pane.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            pane.customContextMenuRequested.connect(partial(self._menu, pane))

    def handlers(self) -> dict[str, Callable[[], object]]:
        """What the actions do."""
        return {
            "export_figure": lambda: self.export(),
            "copy": lambda: self.copy(),
            "copy_numbers": lambda: self.copy_numbers(),
        }

    def export(self, pane: ViewPane | None = None) -> None:
        """Open the dialog for a figure of `pane`, or of the view that is worked in."""
        seen = self._seen(pane or self._pane())
        if seen is not None and self.dialog is None:
            self.dialog = FigureDialog(self._background, self._settings, seen, self._window)
            self.dialog.finished.connect(self._chosen)
            self.dialog.open()

    def copy(self, pane: ViewPane | None = None) -> None:
        """Copy the picture of `pane`, or else what has the focus, or the view that is worked in."""
        if pane is None and (self.copier.copy_focused() or self.copier.copy_study()):
            return
        pane = pane or self._pane()
        seen = self._seen(pane)
        if pane is not None and seen is not None:
            self.copier.copy_picture(pane.plot, seen)

    def copy_numbers(self, pane: ViewPane | None = None) -> None:
        """Copy the numbers of `pane`, or of the sweep or search, or the view that is worked in."""
        if pane is None and self.copier.copy_study():
            return
        seen = self._seen(pane or self._pane())
        if seen is not None:
            self.copier.copy_numbers(seen)

    def _pane(self) -> ViewPane | None:
        """The pane that has the focus, or the one in front."""
        at: QWidget | None = QApplication.focusWidget()
        while at is not None and not isinstance(at, ViewPane):
            at = at.parentWidget()
        return at if isinstance(at, ViewPane) and at.isVisible() else self._views.front

    def _seen(self, pane: ViewPane | None) -> Seen | None:
        """What `pane` shows of the run, at the moment and with the choice that it shows it."""
        scene = self._live.scene
        if pane is None or scene is None or pane.message or not pane.view.applies(scene):
            self._window.statusBar().showMessage(NOTHING, 6000)
            return None
        picked = scene.picked if pane.view.follows_picks else None
        return Seen(pane.view, scene.asking(pane.plot.asked, picked), pane.plot.part)

    @Slot(int)
    def _chosen(self, accepted: int) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            wish = dialog.wish
            dialog.deleteLater()
            if accepted and wish is not None:
                self._exporter.choose_figure(wish)

    def _menu(self, pane: ViewPane, place: QPoint) -> None:
        if pane.message:
            return
        menu = QMenu(pane)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for text, icon, act in (
            ("Copy picture", "copy", self.copy),
            *((("Copy numbers", "copy_numbers", self.copy_numbers),) if has_numbers(pane.view.name) else ()),
            ("Export figure…", "figure", self.export),
            *((("Save page…", "sweep_page", self._exports.page),) if self._exports.has_page(pane) else ()),
            *((("Report of both runs…", "reports", self._exports.pair),) if pane.view.beside is not None else ()),
        ):
            menu.addAction(icons.icon(icon), text).triggered.connect(_on(act, pane))
        menu.popup(pane.mapToGlobal(place))


def _on(act: Callable[[ViewPane], None], pane: ViewPane) -> Callable[[], None]:
    return lambda: act(pane)
