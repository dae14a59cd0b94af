"""Opening, making, copying and leaving projects: at most one is open, and leaving it asks where work goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox

from workbench.desktop import errors
from workbench.desktop.background import Background
from workbench.desktop.carrying import CarryingDialog, Way
from workbench.desktop.closing import Choice, ClosingDialog
from workbench.desktop.open_project import OpenProject
from workbench.desktop.settings import Settings
from workbench.errors import Cancelled
from workbench.project import ProjectDamaged, deliver_left
from workbench.session import Session

PROJECTS = "VQ Workbench project (*.vqw)"


class Projects(QObject):
    """The way in and out of projects; files are opened, copied and closed in the background.

    Attributes
    ----------
    current : OpenProject or None
    carrying : CarryingDialog or None
        While a project is opened or closed.
    entered : Signal(OpenProject)
    leaving : Signal
        The project is about to be closed: look at it no more.
    left : Signal
        No project is open.
    damaged : Signal(Path, Exception)
        A project could not be opened, as its file is damaged.
    """

    entered = Signal(object)
    leaving = Signal()
    left = Signal()
    damaged = Signal(object, object)

    def __init__(self, window: QMainWindow, background: Background, settings: Settings) -> None:
        super().__init__(window)
        self.current: OpenProject | None = None
        self._at_end: Callable[[], object] | None = None
        self._shutting = False
        self.carrying: CarryingDialog | None = None
        self._window = window
        self._background = background
        self._settings = settings

    # ways in

    @Slot()
    def choose_new(self) -> None:
        """Ask for a name, then make a project."""
        first = str(self._settings.folder("projects") / "project.vqw")
        name, _ = QFileDialog.getSaveFileName(self._window, "New project", first, PROJECTS)
        if name:
            self.create(Path(name).with_suffix(".vqw"))

    def create(self, path: Path) -> None:
        """Make a project file and open it; one of that name is replaced, since the file chooser has asked."""

        def make() -> Session:
            path.unlink(missing_ok=True)
            return Session.create(path, in_place=in_place)

        in_place = self._in_place
        self.leave(partial(self._enter, make, f"Making {path.name}…"))

    @Slot()
    def choose(self) -> None:
        """Ask for a project file, then open it."""
        folder = str(self._settings.folder("projects"))
        name, _ = QFileDialog.getOpenFileName(self._window, "Open project", folder, PROJECTS)
        if name:
            self.open(Path(name))

    @Slot(object)
    def open(self, path: Path) -> None:
        """Open a project file in place of the one that is open."""
        way = Way()
        make = partial(Session.open, path, in_place=self._in_place, progress=way.put, stop=way.given_up)
        self.leave(partial(self._enter, make, f"Opening {path.name}…", path, way))

    @Slot(object)
    def open_sample(self, path: Path) -> None:
        """Open a copy of a sample project."""
        self.leave(partial(self._enter, lambda: Session.open(_copied(path, copies_folder())), f"Copying {path.stem}…"))

    @property
    def _in_place(self) -> bool:
        """Whether projects of network and synced folders are worked on where they are."""
        return not self._settings.flag("local-copy", True)

    def deliver_left(self) -> None:
        """Bring back what an earlier sitting left in working copies, and say so."""
        self._background.call(self, deliver_left, self._delivered)

    def _delivered(self, told: list[str]) -> None:
        if told:
            self._window.statusBar().showMessage(" ".join(told), 30_000)

    # ways out

    @Slot()
    def bring_back(self) -> None:
        """Bring the working copy back now; the status bar tells how far that is."""
        if self.current is not None and self.current.copied is not None:
            self.current.copied.bring_back()

    @Slot()
    def close(self) -> None:
        """Close the project, after asking where work goes on."""
        self.leave(lambda: None)

    @Slot()
    def choose_save_as(self) -> None:
        """Ask for a name, then go on in a copy."""
        if self.current is not None:
            old = self.current.session.path
            name, _ = QFileDialog.getSaveFileName(self._window, "Save project as", str(old), PROJECTS)
            path = Path(name).with_suffix(".vqw") if name else old
            if path != old:
                self.save_as(path)

    def save_as(self, path: Path) -> None:
        """Write a copy of the open project and go on in the copy; the file chooser has asked before it replaces one."""
        if self.current is not None:
            project = self.current.session.project
            self._window.statusBar().showMessage(f"Writing {path.name}…")
            self._background.call(self, lambda: project.save_as(path, overwrite=True), lambda _: self.open(path))

    def leave(self, then: Callable[[], object]) -> None:
        """Close the open project, asking where work goes on, and go on with `then`."""
        project = self.current
        if project is None:
            then()
            return
        choice = self._ask(project)
        if choice is Choice.KEEP:
            self._at_end = then
        elif choice is Choice.STOP:
            self._shut(project, then)

    @property
    def is_finishing(self) -> bool:
        """Whether the person chose to let work finish before the project is left."""
        return self._at_end is not None

    def settle(self) -> None:
        """Leave the project now if that was put off until work has ended, and it has."""
        project, then = self.current, self._at_end
        if project is not None and then is not None and not project.session.active_work and not project.session.imports:
            self._at_end = None
            self._shut(project, then)

    def _ask(self, project: OpenProject) -> Choice:
        work = [f"{one.name} ({one.status})" for one in project.session.active_work]
        work += [job.title for job in project.session.imports]
        if not work:
            return Choice.STOP
        dialog = ClosingDialog(work, self._window)
        dialog.exec()
        dialog.deleteLater()
        return dialog.choice

    def _shut(self, project: OpenProject, then: Callable[[], object]) -> None:
        """Stop and record what runs, let go of the file, then go on."""
        if self._shutting:
            return
        self._shutting = True
        self._say("Saving what was learned…")
        self.leaving.emit()
        left = self._show_leaving(project)
        told = "" if project.copied is None else project.copied.standing.trouble

        def done(_: object) -> None:
            self._shutting = False
            self._arrived()
            project.release()
            project.deleteLater()
            self.current = None
            self.left.emit()
            self._part("" if left() else project.session.parting, told, then)

        self._background.call(self, project.session.close, done)

    def _show_leaving(self, project: OpenProject) -> Callable[[], bool]:
        """Show how far a working copy is on its way home; gives whether the person chose not to wait for it."""
        copied, way = project.copied, Way()
        if copied is not None:
            name, where = copied.address.name, copied.place.words
            words = (
                f"{name} is {where}, and is being brought back there. It can be left for later: it is safe on this "
                "computer, and goes there at the next start."
            )
            self.carrying = CarryingDialog(
                "Bringing the project back", words, "Leave it for later", lambda: copied.standing.share, self._window
            )
            self.carrying.given_up.connect(way.give_up)
            self.carrying.given_up.connect(copied.leave)
        return way.given_up

    def _part(self, sentence: str, told: str, then: Callable[[], object]) -> None:
        """Tell what was not as usual at the end of a project, unless that was told before; then go on."""
        if sentence in ("", told):
            then()
            return
        box = QMessageBox(QMessageBox.Icon.Information, "The project was closed", sentence, parent=self._window)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.finished.connect(box.deleteLater)
        box.finished.connect(lambda _: then())
        box.open()

    def _enter(self, make: Callable[[], Session], words: str, path: Path | None = None, way: Way | None = None) -> None:
        self._say(words)
        if way is not None:
            about = f"{words} It is copied to this computer to be worked on."
            self.carrying = CarryingDialog("Opening a project", about, "Cancel", lambda: way.share, self._window)
            self.carrying.given_up.connect(way.give_up)
        self._background.call(self, make, self._entered, partial(self._not_entered, path), key="enter")

    def _arrived(self) -> None:
        """What was carried is where it belongs, or never will be."""
        self._say("")
        if self.carrying is not None:
            self.carrying.end()
            self.carrying = None

    def _entered(self, session: Session) -> None:
        self._arrived()
        self._settings.add_recent(session.path)
        self._settings.set_folder("projects", session.path.parent)
        self.current = OpenProject(session, self)
        self.entered.emit(self.current)

    def _not_entered(self, path: Path | None, error: Exception) -> None:
        self._arrived()
        self.left.emit()
        if path is not None and isinstance(error, ProjectDamaged):
            self.damaged.emit(path, error)
        elif not isinstance(error, Cancelled):
            errors.report(errors.describe(error))

    def _say(self, words: str) -> None:
        """Tell what goes on, and take no clicks while it does."""
        self._window.setEnabled(not words)
        self._window.statusBar().showMessage(words)


def copies_folder() -> Path:
    """Where copies of samples go: a folder among the person's documents, or `VQ_WORKBENCH_PROJECTS`."""
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(os.environ.get("VQ_WORKBENCH_PROJECTS") or Path(documents or Path.home()) / "VQ Workbench")


def _copied(path: Path, folder: Path) -> Path:
    """A copy of `path` in `folder` under a name that is free."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [path.name, *(f"{path.stem} {k}{path.suffix}" for k in range(2, 10_000))]
    target = next(folder / name for name in names if not (folder / name).exists())
    shutil.copyfile(path, target)
    return target
