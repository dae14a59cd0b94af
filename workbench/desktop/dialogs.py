"""The dialogs in which work is set up, from imports to merges, one of each at a time; the window starts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

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
        While it is open.
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
            self._show("importing", self.import_wanted, lambda dialog: dialog.plan)
        elif paths:
            self.importing.choose(paths)

    def set_up_sweep(self, datasets: list[Dataset], dataset: Dataset) -> None:
        """Open the dialog for a sweep, on `dataset` at first."""
        if self.sweep is None:
            self.sweep = SweepDialog(self._background, datasets, dataset, self._window)
            self._show("sweep", self.sweep_wanted, lambda dialog: dialog.request)

    def set_up_search(self, session: Session, dataset: Dataset) -> None:
        """Open the dialog for a search, on `dataset` at first."""
        if self.search is None:
            self.search = SearchDialog(self._background, session, dataset, self._window)
            self._show("search", self.search_wanted, lambda dialog: dialog.request)

    def set_up_stability(self, run: Run) -> None:
        """Open the dialog for refits of `run`."""
        if self.stability is None:
            self.stability = StabilityDialog(run, self._window)
            self._show("stability", self.stability_wanted, lambda dialog: dialog.request)

    def derive(self, dataset: Dataset, subsets: Mapping[str, RowMask]) -> None:
        """Open the dialog that makes a dataset of `dataset`, offering these sets of its rows."""
        if self.deriving is None:
            self.deriving = DeriveDialog(self._background, self._settings, dataset, subsets, self._window)
            self._show("deriving", self.derive_wanted, lambda dialog: dialog.request)

    def start_from(self, session: Session, dataset: Dataset, path: Path | None = None) -> None:
        """Open the dialog for a run that starts from a file, on `dataset` at first."""
        if self.starting is None:
            self.starting = StartDialog(self._background, self._settings, session, dataset, path, self._window)
            self._show("starting", self.start_wanted, lambda dialog: dialog.request)
        elif path is not None:
            self.starting.choose(path)

    def ask_for_test_part(self, dataset: Dataset) -> None:
        """Ask whether the test part of `dataset` shall be shown."""
        if self.looking is None:
            self.looking = FirstLookQuestion(dataset, self._window)
            self._show("looking", self.test_part_wanted, lambda dialog: dialog.wanted)

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
            self._show("merging", self.merge_wanted, lambda dialog: dialog.request)

    def apply(self, run: Run) -> None:
        """Open the dialog that applies `run` to new rows."""
        if self.applying is None:
            self.applying = ApplyDialog(self._background, self._settings, run, self._window)
            self._show("applying")

    def _show(
        self, name: str, wanted: SignalInstance | None = None, asked: Callable[[Any], object] = lambda dialog: None
    ) -> None:
        """Open the dialog that is our attribute `name`, as long as it is open; `wanted` tells what it was asked for."""
        dialog: QDialog = getattr(self, name)
        dialog.finished.connect(partial(self._done, name, wanted, asked))
        dialog.open()
        self.opened.emit(dialog)

    def _done(self, name: str, wanted: SignalInstance | None, asked: Callable[[Any], object], accepted: int) -> None:
        dialog: QDialog = getattr(self, name)
        setattr(self, name, None)
        request = asked(dialog) if accepted else None
        dialog.deleteLater()
        if wanted is not None and request is not None:
            wanted.emit(request)
