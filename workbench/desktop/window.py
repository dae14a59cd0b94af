"""The main window: what each action does, and who is told what; layout, drawing and files live elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent

from workbench.desktop import ahead, errors, icons, theme
from workbench.desktop.care import Care
from workbench.desktop.command_palette import open_palette
from workbench.desktop.correcting import Correcting
from workbench.desktop.dialogs import Dialogs
from workbench.desktop.export_actions import ExportActions
from workbench.desktop.exporting import Exporter
from workbench.desktop.facts import facts
from workbench.desktop.figures import Figures
from workbench.desktop.frame import Frame
from workbench.desktop.live import Moment
from workbench.desktop.notifying import Notifier
from workbench.desktop.open_project import OpenProject
from workbench.desktop.picking import Picking
from workbench.desktop.projects import Projects
from workbench.desktop.recorded import Recorded
from workbench.desktop.settings import Settings
from workbench.desktop.shell import Shell
from workbench.desktop.surgery import Surgery
from workbench.desktop.theme import ThemeSwitch
from workbench.desktop.view_area import NO_RUN
from workbench.desktop.working import Working
from workbench.session import Dataset, Run, Session, Study, Subset
from workbench.session.document import Thing
from workbench.session.selection import Combination

NO_DATA = "Import data first: press Ctrl+I, or drop a file on this window."
NO_RUNS = "Set up a run on your data with Ctrl+R; it is drawn here while it learns."


class Window(Frame):
    """One window on at most one project; whatever may wait is done in the background.

    Attributes
    ----------
    projects : Projects
    care : Care
    exporter : Exporter
    exports : ExportActions
    figures : Figures
    recorded : Recorded
    dialogs : Dialogs
    picking : Picking
    surgery : Surgery
    working : Working
    notifier : Notifier
    shell : Shell
    correcting : Correcting
    """

    def __init__(self, settings: Settings, switch: ThemeSwitch) -> None:
        super().__init__(settings)
        self.projects = Projects(self, self.background, settings)
        self.care = Care(self, self.background, self.projects)
        self.exporter = Exporter(self, self.background, settings)
        self.dialogs = Dialogs(self, self.background, settings)
        self.recorded = Recorded(self.live, self.background)
        self.picking = Picking(self.live, self.background, self)
        self.surgery = Surgery(self.live, self.picking, self.background, self)
        self.working = Working(self, self.dialogs, self.picking, lambda: self.session)
        self.notifier = Notifier(self, settings)
        self.shell = Shell(self, switch)
        self.correcting = Correcting(self.views, self.live, self.background, lambda: self.session, self._started, self)
        self.exports = ExportActions(
            self.exporter, self.tree, self.views, self.live, lambda: self.session, lambda: self.study
        )
        self.figures = Figures(
            self, self.background, settings, self.exporter, self.exports, self.views, self.live, lambda: self.study
        )
        self._switch = switch
        self._closing = False
        self.build(self._handlers())
        self.actions_by_name.by_name["notify"].setChecked(self.notifier.wanted)
        self.shell.furnish()
        self._connect()
        self._slow = QTimer(self, interval=250)
        self._slow.timeout.connect(self._refresh)
        self._slow.start()
        self._left()
        self.background.call(self, ahead.load)

    @property
    def project(self) -> OpenProject | None:
        """The project that is open."""
        return self.projects.current

    @property
    def session(self) -> Session | None:
        """Its session."""
        return self.project.session if self.project is not None else None

    @Slot(object)
    def _entered(self, project: OpenProject) -> None:
        session = project.session
        project.contents_changed.connect(self._show_contents)
        project.dataset_added.connect(self._dataset_added)
        project.run_changed.connect(self._run_changed)
        project.failed.connect(self._work_failed)
        project.selection_changed.connect(self._show_contents)
        self.picking.follow(session)
        self.inspector.new_run.set_session(session)
        self._show_name()
        self.show_workspace()
        self._show_contents()
        things: list[Run | Dataset] = [*session.runs.values()] or [*session.datasets.values()]
        if things:
            self.tree.select(things[-1])
        if session.notice:
            self.statusBar().showMessage(session.notice, 20_000)

    def _show_name(self) -> None:
        """Say which project is open; a working copy is another one once others have changed what was there."""
        if self.session is None:
            return
        name = self.session.path.stem
        title = f"{name} — VQ Workbench" + (" (read only)" if self.session.read_only else "")
        if self.windowTitle() != title:
            self.setWindowTitle(title)
            self.tree.heading.setText(name)

    @Slot()
    def _leaving(self) -> None:
        self.picking.follow(None)
        self.live.show(None)
        self.show_study(None)
        self.notifier.forget()

    @Slot()
    def _left(self) -> None:
        self.inspector.new_run.set_session(None)
        self.inspector.show_thing(None)
        self.tree.show_things([], [], [])
        self.timeline.clear()
        self.setWindowTitle("VQ Workbench")
        self.show_welcome()
        self._update_facts()

    # data

    @Slot()
    def _cancel_import(self) -> None:
        if self.project is not None:
            for job in self.project.session.imports[:1]:
                job.cancel()

    @Slot(object)
    def _dataset_added(self, dataset: Dataset) -> None:
        self.tree.select(dataset)
        self.statusBar().showMessage(f"{dataset.name} is in the project: set up a run on it with Ctrl+R.", 8000)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths and paths[0].suffix == ".vqw":
            self.projects.open(paths[0])
        elif paths and paths[0].suffix == ".safetensors" and self.session is not None and self.session.datasets:
            self.working.start_from(paths[0])
        elif paths and self.project is not None:
            self.dialogs.import_data(paths)
        elif paths:
            self.statusBar().showMessage("Open or make a project first; then drop the file again.", 8000)

    @Slot(object)
    def _started(self, work: Run | Study) -> None:
        self._show_contents()
        self.tree.select(work)

    @Slot(object, str)
    def _edited(self, run: Run, words: str) -> None:
        """Show a run that was edited or branched off; one of another engine than before where its prototypes are."""
        before = self.live.run
        self._started(run)
        if before is not None and before.engine is not run.engine:
            self.views.show_view("prototypes")
        self.statusBar().showMessage(f"{run.name}: {words}", 20_000)

    # changes

    def _change(self, name: str) -> None:
        """Undo or redo."""
        if self.session is not None:
            self.background.call(self, getattr(self.session, name))

    def delete(self) -> None:
        """Hide the selected things; undo brings them back, one after the other."""
        if self.session is not None and self.tree.chosen:
            self.background.call(self, partial(_delete, self.session, self.tree.chosen))

    @Slot(object, str)
    def _rename(self, thing: Thing, name: str) -> None:
        if self.session is not None:
            self.background.call(self, partial(self.session.rename, thing, name))

    # what is shown

    @Slot()
    def _show_contents(self) -> None:
        project, session, run = self.project, self.session, self.live.run
        if project is None or session is None:
            return
        datasets = list(session.datasets.values())
        self.tree.show_things(datasets, session.works, [*session.subsets.values()])
        self.inspector.new_run.show_datasets(datasets)
        if run is not None and run.id not in session.runs:
            self.live.show(None)
            self.timeline.clear()
        if isinstance(self.live.shown, Dataset) and self.live.shown.id not in session.datasets:
            self.live.show(None)
        if self.study is not None and not any(self.study is work for work in session.works):
            self.show_study(None)
        self.live.say_empty(NO_RUN if session.runs else NO_RUNS if datasets else NO_DATA)
        self._update_facts()

    @Slot(object)
    def _picked(self, thing: Thing | None) -> None:
        """Show what was chosen in the tree."""
        if isinstance(thing, Subset):
            self.picking.pick_subset(thing)
            if self.picking.dataset is None or self.picking.dataset.id != thing.dataset:
                self._show_rows_of(thing.dataset)
            self._update_facts()
            return
        self.inspector.show_thing(thing)
        if isinstance(thing, Study) and thing is not self.study:
            self.live.show(None)
            self.show_study(thing, writable=self.session is not None and not self.session.read_only)
        elif isinstance(thing, Run | Dataset):
            self.show_study(None)
            if thing is not self.live.shown:
                self.timeline.clear()
                self.timeline.caption.setText(thing.name)
                self.live.show(thing)
        self._update_facts()

    def _show_rows_of(self, dataset: str) -> None:
        if self.session is not None and dataset in self.session.datasets:
            self.show_study(None)
            self.timeline.clear()
            self.live.show(self.session.datasets[dataset])

    @Slot(object)
    def _run_changed(self, work: Run | Study) -> None:
        self.notifier.watch(work)
        self.tree.refresh()
        self.inspector.refresh()
        self.refresh_study()
        self._update_facts()

    @Slot(str, str)
    def _work_failed(self, title: str, detail: str) -> None:
        errors.report(errors.Problem(detail))

    @Slot(object)
    def _moved(self, moment: Moment) -> None:
        self.timeline.show_moment(moment, self.live.pinned is not None)
        self.inspector.show_moment(moment)

    @Slot()
    def _refresh(self) -> None:
        self.status.show_work(self.project)
        if self.project is not None:
            self._show_name()
            self.tree.show_queue(self.project.session.waiting)
            self.inspector.refresh()
            self.refresh_study()
            self._update_facts()
            self.projects.settle()

    @Slot()
    def _update_facts(self) -> None:
        selected, prepared = self.tree.selected, self.inspector.is_preparing and self.inspector.new_run.ready
        known = facts(self.session, self.live.run, self.study, selected, prepared=prepared)
        for_work = self.working.facts | self.exports.facts
        self.actions_by_name.update(known | for_work | self.picking.facts | self.surgery.facts)
        self.actions_by_name.by_name["export_report"].setText(self.exports.report_words)
        self.status.show_picked(self.picking.words)
        for name in ("undo", "redo"):
            what = getattr(self.session, f"can_{name}", None)
            action = self.actions_by_name.by_name[name]
            action.setText(f"{name.capitalize()} {what}" if what else name.capitalize())
            action.setIconText(f" {name.capitalize()}")

    # the rest

    @Slot()
    def _dress(self) -> None:
        icons.refresh(self)
        self.timeline.dress(theme.current_plots())
        self.refresh_study()
        self.tree.refresh()

    def _allow_notices(self) -> None:
        self.notifier.allow(self.actions_by_name.by_name["notify"].isChecked())

    def _handlers(self) -> dict[str, Callable[[], object]]:
        made: dict[str, Callable[[], object]] = {
            "new": self.projects.choose_new,
            "open": self.projects.choose,
            "save_as": self.projects.choose_save_as,
            "bring_back": self.projects.bring_back,
            "close": self.projects.close,
            "quit": self.close,
            "rename": self.tree.edit,
            "delete": self.delete,
            "notify": self._allow_notices,
            "palette": lambda: open_palette(self, self.session),
        }
        made |= {name: partial(self._change, name) for name in ("undo", "redo")}
        made |= {f"theme_{choice}": partial(self._switch.choose, choice) for choice in ("system", "light", "dark")}
        made |= {f"subset_{how}": partial(self._combine, how) for how in ("or", "and", "not")}
        parts = (self.exports, self.working, self.picking, self.surgery, self.figures, self.care, self.shell)
        for part in parts:
            made |= part.handlers()
        return made | self.frame_handlers()

    def _combine(self, how: Combination) -> None:
        """Combine what is picked with the subset that is selected."""
        if isinstance(self.tree.selected, Subset):
            self.picking.pick_subset(self.tree.selected, how)

    def _connect(self) -> None:
        self._switch.changed.connect(self._dress)
        self._dress()
        self.projects.entered.connect(self._entered)
        self.projects.leaving.connect(self._leaving)
        self.projects.left.connect(self._left)
        self.tree.picked.connect(self._picked)
        self.tree.chosen_changed.connect(self._update_facts)
        self.tree.renamed.connect(self._rename)
        self.inspector.start_wanted.connect(self.working.start)
        self.inspector.again_wanted.connect(self.working.new_run_like)
        self.inspector.rows_wanted.connect(self.picking.pick_alarm)
        self.inspector.new_run.changed.connect(self._update_facts)
        self.timeline.wanted.connect(self.recorded.show_nearest)
        self.timeline.stepped.connect(self.recorded.step)
        self.timeline.measured.connect(self.recorded.measure_by)
        self.live.moved.connect(self._moved)
        self.views.picked.connect(self.picking.pick)
        self.status.clear_wanted.connect(self.picking.clear)
        self.surgery.made.connect(self._edited)
        self.working.started.connect(self._started)
        self.working.steered.connect(self._refresh)
        for page in (self.sweeps, self.searches):
            page.save_wanted.connect(self.exporter.choose_study)
        self.status.cancel_wanted.connect(self._cancel_import)
        self.welcome.new_wanted.connect(self.projects.choose_new)
        self.welcome.open_wanted.connect(self.projects.choose)
        self.welcome.project_wanted.connect(self.projects.open)
        self.welcome.sample_wanted.connect(self.projects.open_sample)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        if self._closing or self.project is None:
            self._slow.stop()
            self.shell.close()
            self.care.close()
            self.remember()
            self.surgery.close()
            self.picking.close()
            self.live.close()
            self.background.close()
            event.accept()
            return
        event.ignore()
        self.projects.leave(self._close_now)
        if self.projects.is_finishing:
            self.showMinimized()

    def _close_now(self) -> None:
        self._closing = True
        self.close()


def _delete(session: Session, things: list[Thing]) -> None:
    """Delete `things`; what is of one of the datasets goes with it."""
    gone = {thing.id for thing in things if isinstance(thing, Dataset)}
    for thing in things:
        of = "" if isinstance(thing, Dataset) else thing.dataset if isinstance(thing, Subset) else thing.dataset.id
        if of not in gone:
            session.delete(thing)
