"""The dialogs in which work is set up, from imports to merges, one of each at a time; the window starts it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from workbench.desktop.apply_dialog import ApplyDialog
from workbench.desktop.background import Background
from workbench.desktop.derive_dialog import DeriveDialog
from workbench.desktop.first_look import FirstLookQuestion
from workbench.desktop.import_dialog import ImportDialog
from workbench.desktop.merge_dialog import MergeDialog
from workbench.desktop.projects import PROJECTS
from workbench.desktop.search_dialog import SearchDialog
from workbench.desktop.settings import Settings
from workbench.desktop.stability_dialog import StabilityDialog
from workbench.desktop.start_dialog import StartDialog
from workbench.desktop.sweep_dialog import SweepDialog
from workbench.session import Dataset, RowMask, Run, Session


class Dialogs(QObject):
    """Opens them, and tells what was set up when one was accepted.

    Attributes
    ----------
    importing : ImportDialog or None
        While it is open.
    sweep : SweepDialog or None
        While it is open.
    search : SearchDialog or None
        While it is open.
    stability : StabilityDialog or None
        While it is open.
    applying : ApplyDialog or None
        While it is open.
    deriving : DeriveDialog or None
        While it is open.
    starting : StartDialog or None
    looking : FirstLookQuestion or None
        While it is open.
    merging : MergeDialog or None
        While it is open.
    import_wanted : Signal(Plan)
    sweep_wanted : Signal(SweepRequest)
    search_wanted : Signal(SearchRequest)
    stability_wanted : Signal(StabilityRequest)
    derive_wanted : Signal(DeriveRequest)
    start_wanted : Signal(StartRequest)
    test_part_wanted : Signal(Dataset)
    merge_wanted : Signal(MergeRequest)
    opened : Signal(QDialog)
    """

    import_wanted = Signal(object)
    sweep_wanted = Signal(object)
    search_wanted = Signal(object)
    stability_wanted = Signal(object)
    derive_wanted = Signal(object)
    start_wanted = Signal(object)
    test_part_wanted = Signal(object)
    merge_wanted = Signal(object)
    opened = Signal(object)

    def __init__(self, window: QWidget, background: Background, settings: Settings) -> None:
        super().__init__(window)
        self.importing: ImportDialog | None = None
        self.sweep: SweepDialog | None = None
        self.search: SearchDialog | None = None
        self.stability: StabilityDialog | None = None
        self.applying: ApplyDialog | None = None
        self.deriving: DeriveDialog | None = None
        self.starting: StartDialog | None = None
        self.looking: FirstLookQuestion | None = None
        self.merging: MergeDialog | None = None
        self._window = window
        self._background = background
        self._settings = settings

    def import_data(self, paths: list[Path] | None = None) -> None:
        """Open the import dialog, with these files if any are given."""
        if self.importing is None:
            self.importing = ImportDialog(self._background, self._settings, paths or [], self._window)
            self.importing.finished.connect(self._import_done)
            self.importing.open()
            self.opened.emit(self.importing)
        elif paths:
            self.importing.choose(paths)

    def set_up_sweep(self, datasets: list[Dataset], dataset: Dataset) -> None:
        """Open the dialog for a sweep, on `dataset` at first."""
        if self.sweep is None:
            self.sweep = SweepDialog(self._background, datasets, dataset, self._window)
            self.sweep.finished.connect(self._sweep_done)
            self.sweep.open()
            self.opened.emit(self.sweep)

    def set_up_search(self, session: Session, dataset: Dataset) -> None:
        """Open the dialog for a search, on `dataset` at first."""
        if self.search is None:
            self.search = SearchDialog(self._background, session, dataset, self._window)
            self.search.finished.connect(self._search_done)
            self.search.open()
            self.opened.emit(self.search)

    def set_up_stability(self, run: Run) -> None:
        """Open the dialog for refits of `run`."""
        if self.stability is None:
            self.stability = StabilityDialog(run, self._window)
            self.stability.finished.connect(self._stability_done)
            self.stability.open()
            self.opened.emit(self.stability)

    def derive(self, dataset: Dataset, subsets: Mapping[str, RowMask]) -> None:
        """Open the dialog that makes a dataset of `dataset`, offering these sets of its rows."""
        if self.deriving is None:
            self.deriving = DeriveDialog(self._background, self._settings, dataset, subsets, self._window)
            self.deriving.finished.connect(self._derive_done)
            self.deriving.open()
            self.opened.emit(self.deriving)

    @Slot(int)
    def _derive_done(self, accepted: int) -> None:
        dialog, self.deriving = self.deriving, None
        if dialog is not None:
            request = dialog.request if accepted else None
            dialog.deleteLater()
            if request is not None:
                self.derive_wanted.emit(request)

    def start_from(self, session: Session, dataset: Dataset, path: Path | None = None) -> None:
        """Open the dialog for a run that starts from a file, on `dataset` at first."""
        if self.starting is None:
            self.starting = StartDialog(self._background, self._settings, session, dataset, path, self._window)
            self.starting.finished.connect(self._start_done)
            self.starting.open()
            self.opened.emit(self.starting)
        elif path is not None:
            self.starting.choose(path)

    @Slot(int)
    def _start_done(self, accepted: int) -> None:
        dialog, self.starting = self.starting, None
        if dialog is not None:
            request = dialog.request if accepted else None
            dialog.deleteLater()
            if request is not None:
                self.start_wanted.emit(request)

    def ask_for_test_part(self, dataset: Dataset) -> None:
        """Ask whether the test part of `dataset` shall be shown."""
        if self.looking is None:
            self.looking = FirstLookQuestion(dataset, self._window)
            self.looking.finished.connect(self._look_done)
            self.looking.open()
            self.opened.emit(self.looking)

    @Slot(int)
    def _look_done(self, button: int) -> None:
        dialog, self.looking = self.looking, None
        if dialog is not None:
            dataset = dialog.dataset
            dialog.deleteLater()
            if button == QMessageBox.StandardButton.Ok:
                self.test_part_wanted.emit(dataset)

    def choose_merge(self, session: Session) -> None:
        """Ask for another project, then open the dialog that offers what is in it."""
        folder = str(self._settings.folder("projects"))
        name, _ = QFileDialog.getOpenFileName(self._window, "Merge project", folder, PROJECTS)
        if name:
            self.merge(session, Path(name))

    def merge(self, session: Session, path: Path) -> None:
        """Open the dialog that offers what is in the project at `path`."""
        if self.merging is None:
            self.merging = MergeDialog(self._background, session, path, self._window)
            self.merging.finished.connect(self._merge_done)
            self.merging.open()
            self.opened.emit(self.merging)

    @Slot(int)
    def _merge_done(self, accepted: int) -> None:
        dialog, self.merging = self.merging, None
        if dialog is not None:
            request = dialog.request
            dialog.deleteLater()
            if accepted:
                self.merge_wanted.emit(request)

    def apply(self, run: Run) -> None:
        """Open the dialog that applies `run` to new rows."""
        if self.applying is None:
            self.applying = ApplyDialog(self._background, self._settings, run, self._window)
            self.applying.finished.connect(self._apply_done)
            self.applying.open()
            self.opened.emit(self.applying)

    @Slot(int)
    def _apply_done(self, _: int) -> None:
        dialog, self.applying = self.applying, None
        if dialog is not None:
            dialog.deleteLater()

    @Slot(int)
    def _stability_done(self, accepted: int) -> None:
        dialog, self.stability = self.stability, None
        if dialog is not None:
            request = dialog.request
            dialog.deleteLater()
            if accepted:
                self.stability_wanted.emit(request)

    @Slot(int)
    def _import_done(self, accepted: int) -> None:
        dialog, self.importing = self.importing, None
        if dialog is not None:
            plan = dialog.plan
            dialog.deleteLater()
            if accepted and plan is not None:
                self.import_wanted.emit(plan)

    @Slot(int)
    def _search_done(self, accepted: int) -> None:
        dialog, self.search = self.search, None
        if dialog is not None:
            request = dialog.request
            dialog.deleteLater()
            if accepted and request is not None:
                self.search_wanted.emit(request)

    @Slot(int)
    def _sweep_done(self, accepted: int) -> None:
        dialog, self.sweep = self.sweep, None
        if dialog is not None:
            request = dialog.request
            dialog.deleteLater()
            if accepted and request is not None:
                self.sweep_wanted.emit(request)
