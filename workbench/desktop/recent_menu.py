"""The menu of projects opened before; those that are no longer there cannot be chosen and say so."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from workbench.desktop.background import Background
from workbench.desktop.settings import Settings
from workbench.project.opening import can_be_opened

NOTHING = "No project was opened before"
GONE = "not there any more"


class RecentMenu(QObject):
    """Fills `menu` above its own entries each time before it is shown.

    Attributes
    ----------
    wanted : Signal(Path)
        A project was chosen.
    """

    wanted = Signal(object)

    def __init__(self, menu: QMenu, background: Background, settings: Settings) -> None:
        super().__init__(menu)
        self._menu = menu
        self._background = background
        self._settings = settings
        self._below: list[QAction] = menu.actions()
        self._shown: dict[Path, QAction] = {}
        menu.aboutToShow.connect(self.fill)

    @Slot()
    def fill(self) -> None:
        """List the projects; whether each is there is looked up in the background, for a disk may be slow."""
        for action in [action for action in self._menu.actions() if action not in self._below]:
            self._menu.removeAction(action)
            action.deleteLater()
        paths = self._settings.remembered
        self._shown = {path: self._entry(f"{path.stem}  —  {path.parent}") for path in paths}
        for path, action in self._shown.items():
            action.setStatusTip(f"Open {path}")
            action.triggered.connect(partial(self._choose, path))
        if not paths:
            self._entry(NOTHING).setEnabled(False)
        for action in self._below:
            action.setEnabled(bool(paths))
        self._background.call(
            self, lambda: [path for path in paths if not can_be_opened(path)], self._mark, key="there"
        )

    def _entry(self, text: str) -> QAction:
        action = QAction(text.replace("&", "&&"), self._menu)
        self._menu.insertAction(self._below[0], action)
        return action

    def _mark(self, gone: list[Path]) -> None:
        for path in gone:
            action = self._shown.get(path)
            if action is not None:
                action.setText(f"{action.text()}: {GONE}")
                action.setEnabled(False)

    def _choose(self, path: Path) -> None:
        self.wanted.emit(path)

    @Slot()
    def clear(self) -> None:
        """Forget all of them."""
        self._settings.forget_recent()
        self._settings.save()
        self.fill()
