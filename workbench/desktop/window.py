"""The main window: panels around views, and what each action does; drawing, forms and stored things live elsewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths, QTimer, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QMessageBox

import engines
import workbench
from workbench.desktop import errors, icons, theme
from workbench.desktop.closing import Choice, ClosingDialog
from workbench.desktop.command_palette import CommandPalette, Entry, entry_of
from workbench.desktop.exporting import Exporter
from workbench.desktop.frame import Frame
from workbench.desktop.import_dialog import ImportDialog
from workbench.desktop.new_run import RunRequest
from workbench.desktop.open_project import OpenProject
from workbench.desktop.settings import Settings
from workbench.desktop.theme import ThemeSwitch
from workbench.desktop.wording import newest
from workbench.reports import EXPORTS, Export
from workbench.session import Dataset, Run, Session

PROJECTS = "VQ Workbench project (*.vqw)"


class Window(Frame):
    """One window on at most one project; whatever may wait is done in the background.

    Attributes
    ----------
    project : OpenProject or None
    """

    def __init__(self, settings: Settings, switch: ThemeSwitch) -> None:
        super().__init__(settings)
        self.project: OpenProject | None = None
        self._switch = switch
        self._closing = False
        self._close_at_end = False
        self._import_dialog: ImportDialog | None = None
        self.exporter = Exporter(self, self.background, settings)
        self.build(self._handlers())
        self.actions_by_name.by_name[f"theme_{switch.choice}"].setChecked(True)
        self._connect()
        self._slow = QTimer(self, interval=250)
        self._slow.timeout.connect(self._refresh)
        self._slow.start()
        self.show_welcome(settings.recent)
        self._update_facts()
        self.background.call(self, _import_engines)

    # projects

    @Slot()
    def new_project(self) -> None:
        folder = self.settings.folder("projects")
        name, _ = QFileDialog.getSaveFileName(self, "New project", str(folder / "project.vqw"), PROJECTS)
        if name:
            self.create_project(Path(name).with_suffix(".vqw"))

    def create_project(self, path: Path) -> None:
        """Make a project file and open it."""

        def make() -> Session:
            path.unlink(missing_ok=True)  # the file chooser has asked
            return Session.create(path)

        self._leave(partial(self._enter, make, f"Making {path.name}…"))

    @Slot()
    def choose_project(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open project", str(self.settings.folder("projects")), PROJECTS)
        if name:
            self.open_project(Path(name))

    @Slot(object)
    def open_project(self, path: Path) -> None:
        """Open a project file in place of the one that is open."""
        self._leave(partial(self._enter, partial(Session.open, path), f"Opening {path.name}…"))

    @Slot(object)
    def open_sample(self, path: Path) -> None:
        """Open a copy of a sample project."""

        def copy() -> Session:
            folder = samples_folder()
            folder.mkdir(parents=True, exist_ok=True)
            return Session.open(_copied(path, folder))

        self._leave(partial(self._enter, copy, f"Copying {path.stem}…"))

    @Slot()
    def close_project(self) -> None:
        self._leave(partial(self.show_welcome, self.settings.recent))

    @Slot()
    def save_as(self) -> None:
        if self.project is not None:
            old = self.project.session.path
            name, _ = QFileDialog.getSaveFileName(self, "Save project as", str(old), PROJECTS)
            path = Path(name).with_suffix(".vqw") if name else old
            if path != old:
                self.save_project_as(path)

    def save_project_as(self, path: Path) -> None:
        """Write a copy of the open project and go on in the copy."""
        if self.project is None:
            return
        session = self.project.session
        self.statusBar().showMessage(f"Writing {path.name}…")
        self.background.call(self, lambda: session.project.save_as(path), lambda _: self.open_project(path))

    def _enter(self, make: Callable[[], Session], words: str) -> None:
        self.statusBar().showMessage(words)
        self.setEnabled(False)
        self.background.call(self, make, self._entered, self._not_entered, key="enter")

    def _entered(self, session: Session) -> None:
        self.setEnabled(True)
        self.statusBar().clearMessage()
        self.settings.add_recent(session.path)
        self.settings.set_folder("projects", session.path.parent)
        self.project = OpenProject(session, self)
        self.project.contents_changed.connect(self._show_contents)
        self.project.dataset_added.connect(self._dataset_added)
        self.project.run_changed.connect(self._run_changed)
        self.project.failed.connect(self._work_failed)
        self.inspector.new_run.set_session(session)
        self.setWindowTitle(f"{session.path.stem} — VQ Workbench" + (" (read only)" if session.read_only else ""))
        self.tree.heading.setText(session.path.stem)
        self.show_workspace()
        self._show_contents()
        things = [*session.runs.values()] or [*session.datasets.values()]
        if things:
            self.tree.select(things[-1])
        if session.notice:
            self.statusBar().showMessage(session.notice, 20_000)

    def _not_entered(self, error: Exception) -> None:
        self.setEnabled(True)
        self.statusBar().clearMessage()
        self.show_welcome(self.settings.recent)
        errors.report(errors.describe(error))

    def _leave(self, then: Callable[[], object]) -> None:
        """Close the open project, asking where work goes on, and go on with `then`."""
        project = self.project
        if project is None:
            then()
            return
        choice = self._ask_about_work(project)
        if choice is Choice.CANCEL:
            return
        if choice is Choice.KEEP:
            self._close_at_end = True
            return
        self._shut(project, then)

    def _shut(self, project: OpenProject, then: Callable[[], object]) -> None:
        """Stop and record what runs, let go of the file, then go on."""
        self.statusBar().showMessage("Saving what was learned…")
        self.setEnabled(False)
        self.live.show_run(None)

        def done(_: object) -> None:
            self.setEnabled(True)
            self.statusBar().clearMessage()
            project.release()
            project.deleteLater()
            self._forget_project()
            then()

        self.background.call(self, project.session.close, done)

    def _forget_project(self) -> None:
        self.project = None
        self.inspector.new_run.set_session(None)
        self.inspector.show_thing(None)
        self.tree.show_things([], [])
        self.timeline.clear()
        self.setWindowTitle("VQ Workbench")
        self.show_welcome(self.settings.recent)
        self._update_facts()

    def _ask_about_work(self, project: OpenProject) -> Choice:
        work = [f"{run.name} ({run.status})" for run in project.active_runs]
        work += [job.title for job in project.imports]
        if not work:
            return Choice.STOP
        dialog = ClosingDialog(work, self)
        dialog.exec()
        dialog.deleteLater()
        return dialog.choice

    # data

    @Slot()
    def import_data(self, paths: list[Path] | None = None) -> None:
        """Open the import dialog, with these files if any are given."""
        if self._import_dialog is None:
            self._import_dialog = ImportDialog(self.background, self.settings, paths or [], self)
            self._import_dialog.finished.connect(self._import_done)
            self._import_dialog.open()
        elif paths:
            self._import_dialog.choose(paths)

    @Slot(int)
    def _import_done(self, accepted: int) -> None:
        dialog, self._import_dialog = self._import_dialog, None
        if dialog is not None:
            plan = dialog.plan
            dialog.deleteLater()
            if accepted and plan is not None and self.project is not None:
                session = self.project.session
                self.background.call(self, lambda: session.import_data(plan))

    @Slot()
    def _cancel_import(self) -> None:
        if self.project is not None:
            for job in self.project.imports[:1]:
                job.cancel()

    def _dataset_added(self, dataset: Dataset) -> None:
        self.tree.select(dataset)
        self.statusBar().showMessage(f"{dataset.name} is in the project: set up a run on it with Ctrl+R.", 8000)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths and paths[0].suffix == ".vqw":
            self.open_project(paths[0])
        elif paths and self.project is not None:
            self.import_data(paths)
        elif paths:
            self.statusBar().showMessage("Open or make a project first; then drop the file again.", 8000)

    # runs

    @Slot()
    def new_run(self) -> None:
        if self.project is None:
            return
        thing = self.tree.selected
        dataset = thing.dataset if isinstance(thing, Run) else thing
        datasets = list(self.project.session.datasets.values())
        if dataset is None and datasets:
            dataset = datasets[-1]
        if dataset is not None:
            self.inspector.new_run.set_up(dataset)
            self.show_inspector()
            self.inspector.prepare()

    @Slot(object)
    def new_run_like(self, run: Run) -> None:
        """Set up a run with the parameters of `run`."""
        self.inspector.new_run.set_up(run.dataset, run.engine.name, run.parameters)
        self.inspector.prepare()

    @Slot()
    def start_run(self) -> None:
        request = self.inspector.new_run.request()
        if self.inspector.is_preparing and request is not None:
            self._start(request)

    @Slot(object)
    def _start(self, request: RunRequest) -> None:
        if self.project is not None:
            session = self.project.session
            self.inspector.new_run.start.setEnabled(False)
            self.background.call(
                self,
                lambda: session.add_run(request.dataset, request.engine, request.parameters, name=request.name),
                self._started,
                self._not_started,
            )

    def _started(self, run: Run) -> None:
        self._show_contents()
        self.tree.select(run)

    def _not_started(self, error: Exception) -> None:
        self.inspector.new_run.start.setEnabled(True)
        errors.report(errors.describe(error))

    def _control(self, act: str) -> None:
        run = self.live.run
        if run is not None:
            self.background.call(self, getattr(run, act), lambda _: self._update_facts())

    # changes

    def _change(self, change: Callable[[], object]) -> None:
        self.background.call(self, change)

    @Slot()
    def undo(self) -> None:
        if self.project is not None:
            self._change(self.project.session.undo)

    @Slot()
    def redo(self) -> None:
        if self.project is not None:
            self._change(self.project.session.redo)

    @Slot()
    def delete(self) -> None:
        thing = self.tree.selected
        if self.project is not None and thing is not None:
            self._change(partial(self.project.session.delete, thing))

    @Slot(object, str)
    def _rename(self, thing: Dataset | Run, name: str) -> None:
        if self.project is not None:
            self._change(partial(self.project.session.rename, thing, name))

    # what is shown

    @Slot()
    def _show_contents(self) -> None:
        if self.project is None:
            return
        session = self.project.session
        datasets = list(session.datasets.values())
        self.tree.show_things(datasets, list(session.runs.values()))
        self.inspector.new_run.show_datasets(datasets)
        run = self.live.run
        if run is not None and run.id not in session.runs:
            self.live.show_run(None)
            self.timeline.clear()
        self._update_facts()

    @Slot(object)
    def _picked(self, thing: Dataset | Run | None) -> None:
        self.inspector.show_thing(thing)
        if isinstance(thing, Run) and thing is not self.live.run:
            self.timeline.clear()
            self.timeline.caption.setText(thing.name)
            self.live.show_run(thing)
        self._update_facts()

    @Slot(object)
    def _run_changed(self, run: Run) -> None:
        self.tree.refresh()
        self.inspector.refresh()
        self._update_facts()
        if self._close_at_end and self.project is not None and not self.project.active_runs:
            self.close()

    @Slot(str, str)
    def _work_failed(self, title: str, detail: str) -> None:
        errors.report(errors.Problem(detail, todo=""))

    @Slot()
    def _refresh(self) -> None:
        self.status.show_work(self.project)
        if self.project is not None:
            self.tree.refresh()
            self.inspector.refresh()
            self._update_facts()

    @Slot()
    def _update_facts(self) -> None:
        self.actions_by_name.update(self.facts())
        for name in ("undo", "redo"):
            session = self.project.session if self.project is not None else None
            what = getattr(session, f"can_{name}", None)
            action = self.actions_by_name.by_name[name]
            action.setText(f"{name.capitalize()} {what}" if what else name.capitalize())
            action.setIconText(name.capitalize())

    def facts(self) -> frozenset[str]:
        """What is true now, in the words of the table of actions."""
        if self.project is None:
            return frozenset()
        session, run, thing = self.project.session, self.live.run, self.tree.selected
        held = run is not None and run.active and run.control.paused
        truths = {
            "project": True,
            "writable": not session.read_only,
            "undo": session.can_undo is not None,
            "redo": session.can_redo is not None,
            "dataset": bool(session.datasets),
            "item": thing is not None,
            "prepared": self.inspector.is_preparing and self.inspector.new_run.ready,
            "run": run is not None,
            "model": run is not None and newest(run) is not None,
            "running": run is not None and run.active and not held,
            "steppable": run is not None and run.active,
            "resumable": run is not None and (held or (run.resumable and not session.read_only)),
            "stoppable": run is not None and run.active,
        }
        return frozenset(name for name, true in truths.items() if true)

    @Slot(object)
    def _pin(self, iteration: int | None) -> None:
        run = self.live.run
        if iteration is None or run is None:
            self.live.pin(None)
            return

        def nearest(snapshots: tuple[engines.Snapshot, ...]) -> None:
            if snapshots and run is self.live.run:
                self.live.pin(min(snapshots, key=lambda s: abs(s.iteration - iteration)))

        self.background.call(self, run.snapshots, nearest, key="snapshots")

    @Slot(int)
    def _step_back(self, direction: int) -> None:
        run = self.live.run
        if run is None:
            return
        shown = self.live.pinned or newest(run)

        def beside(snapshots: tuple[engines.Snapshot, ...]) -> None:
            at = shown.iteration if shown is not None else 0
            found = [s for s in snapshots if (s.iteration - at) * direction > 0]
            if run is self.live.run:
                self.live.pin(min(found, key=lambda s: abs(s.iteration - at)) if found else None)

        self.background.call(self, run.snapshots, beside, key="snapshots")

    # the rest

    def _palette(self) -> None:
        menus = {action.text(): path for path, menu in self.actions_by_name.menus.items() for action in menu.actions()}
        entries = [
            entry_of(action, menus.get(action.text(), ""))
            for name, action in self.actions_by_name.by_name.items()
            if name != "palette"
        ]
        for pane in self.views.panes:
            icon = icons.icon(pane.view.name if icons.exists(pane.view.name) else "image")
            show = partial(self.views.show_view, pane.view.name)
            entries.append(Entry(f"Show {pane.view.title}", "View", icon, self.project is not None, show))
        if self.project is not None:
            for run in self.project.session.runs.values():
                entries.append(Entry(run.name, "Run", icons.icon("run"), True, partial(self.tree.select, run)))
        CommandPalette(entries, self).show()

    def _theme(self, choice: str) -> None:
        self._switch.choose(choice)

    @Slot()
    def _dress(self) -> None:
        icons.refresh(self)
        self.timeline.dress(theme.current_plots())
        self.tree.refresh()

    def _about(self) -> None:
        words = f"VQ Workbench {workbench.__version__}\n\nA workbench for vector quantization and prototype learning. MIT licence."
        box = QMessageBox(QMessageBox.Icon.NoIcon, "About VQ Workbench", words, QMessageBox.StandardButton.Close, self)
        box.setIconPixmap(icons.app_pixmap(64))
        box.open()

    def _handlers(self) -> dict[str, Callable[[], object]]:
        made: dict[str, Callable[[], object]] = {
            "new": self.new_project,
            "open": self.choose_project,
            "import": self.import_data_chosen,
            "save_as": self.save_as,
            "close": self.close_project,
            "quit": self.close,
            "undo": self.undo,
            "redo": self.redo,
            "rename": self.tree.edit,
            "delete": self.delete,
            "new_run": self.new_run,
            "start": self.start_run,
            "palette": self._palette,
            "about": self._about,
        }
        made |= {act: partial(self._control, act) for act in ("pause", "step", "resume", "stop")}
        made |= {f"theme_{choice}": partial(self._theme, choice) for choice in ("system", "light", "dark")}
        made |= {f"export_{kind.name}": partial(self._export, kind) for kind in EXPORTS}
        return made | self.frame_handlers()

    def import_data_chosen(self) -> None:
        self.import_data()

    def _export(self, kind: Export) -> None:
        if self.project is not None and self.live.run is not None:
            self.exporter.choose(kind, self.project.session, self.live.run)

    def _connect(self) -> None:
        self._switch.changed.connect(self._dress)
        self._dress()
        self.tree.picked.connect(self._picked)
        self.tree.renamed.connect(self._rename)
        self.inspector.start_wanted.connect(self._start)
        self.inspector.again_wanted.connect(self.new_run_like)
        self.inspector.new_run.changed.connect(self._update_facts)
        self.timeline.wanted.connect(self._pin)
        self.timeline.stepped.connect(self._step_back)
        self.live.moved.connect(self._moved)
        self.status.cancel_wanted.connect(self._cancel_import)
        self.welcome.new_wanted.connect(self.new_project)
        self.welcome.open_wanted.connect(self.choose_project)
        self.welcome.project_wanted.connect(self.open_project)
        self.welcome.sample_wanted.connect(self.open_sample)

    @Slot(object)
    def _moved(self, moment: Any) -> None:
        self.timeline.show_moment(moment, self.live.pinned is not None)
        self.inspector.show_moment(moment)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        if self._closing:
            self._release()
            event.accept()
            return
        event.ignore()
        self._leave(self._close_now)
        if self._close_at_end:
            self.showMinimized()

    def _close_now(self) -> None:
        self._closing = True
        self.close()

    def _release(self) -> None:
        self._slow.stop()
        self.remember()
        self.live.close()
        self.background.close()


def samples_folder() -> Path:
    """Where copies of samples go: a folder among the person's documents."""
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(os.environ.get("VQ_WORKBENCH_PROJECTS") or Path(documents or Path.home()) / "VQ Workbench")


def _copied(path: Path, folder: Path) -> Path:
    """A copy of `path` in `folder` under a name that is free."""
    names = [path.name, *(f"{path.stem} {k}{path.suffix}" for k in range(2, 10_000))]
    target = next(folder / name for name in names if not (folder / name).exists())
    shutil.copyfile(path, target)
    return target


def _import_engines() -> None:
    """Load every engine ahead of use, so that no form waits for an import."""
    for info in engines.catalog():
        _ = info.parameters
