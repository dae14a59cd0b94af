"""The export menu: where to, in which form; the writing itself is `workbench.reports`', in the background."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox

from workbench.desktop import errors
from workbench.desktop.background import Background
from workbench.desktop.export_dialog import ExportDialog
from workbench.desktop.figure_dialog import FigureWish
from workbench.desktop.settings import Settings
from workbench.reports import (
    EXPORTS,
    Export,
    ReportError,
    export,
    export_together,
    write_figure,
    write_script,
    write_search,
    write_sweep,
)
from workbench.reports.pages import FORMS as PAGE_FORMS
from workbench.reports.script import FORMS as SCRIPT_FORMS
from workbench.reports.together import require_comparable
from workbench.reports.view_pages import write_view_page
from workbench.session import Run, Search, Session, Study, Sweep
from workbench.views import Scene, View

REPORT_FORMS = next(kind.formats for kind in EXPORTS if kind.name == "report")

FORMS = {
    "csv": "Table",
    "parquet": "Parquet",
    "xlsx": "Excel",
    "json": "JSON",
    "npz": "NumPy archive",
    "h5": "HDF5",
    "safetensors": "Model",
    "html": "Web page",
    "h": "C header",
    "onnx": "ONNX",
    "png": "PNG",
    "svg": "SVG",
    "pdf": "PDF",
    "py": "Python script",
    "ipynb": "Jupyter notebook",
}


class Exporter(QObject):
    """Asks for a place, writes there in the background, and says where it is.

    Attributes
    ----------
    written : Signal(tuple of Path)
    dialog : ExportDialog or None
        While it is open.
    """

    written = Signal(object)

    def __init__(self, window: QMainWindow, background: Background, settings: Settings) -> None:
        super().__init__(window)
        self._window = window
        self._background = background
        self._settings = settings
        self._options: dict[str, dict[str, Any]] = {}
        self.dialog: ExportDialog | None = None

    def choose(self, kind: Export, session: Session, run: Run) -> None:
        """Ask how, where there are options, and where to; then write."""
        if not kind.parameters:
            self._choose_place(kind, session, run)
        elif self.dialog is None:
            known = self._options.get(kind.name, {})
            self.dialog = ExportDialog(self._background, kind, session, run, known, self._window)
            self.dialog.finished.connect(partial(self._set_up, kind, session, run))
            self.dialog.open()

    def _set_up(self, kind: Export, session: Session, run: Run, accepted: int) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            if accepted:
                self._options[kind.name] = dialog.values
            dialog.deleteLater()
            if accepted:
                self._choose_place(kind, session, run)

    def _choose_place(self, kind: Export, session: Session, run: Run) -> None:
        title, stem = f"Export: {kind.title}", file_name(f"{run.name} {kind.name}")
        if not kind.is_many:
            path = self._ask(title, stem, kind.formats)
            if path is not None:
                self.write(kind, session, run, path)
            return
        filters = {_filter(form, True): form for form in kind.formats}
        first = str(self._settings.folder("export") / stem)
        name, chosen = QFileDialog.getSaveFileName(self._window, title, first, ";;".join(filters))
        if name:
            self._settings.set_folder("export", Path(name).parent)
            self.write(kind, session, run, Path(name), filters.get(chosen, kind.formats[0]))

    def write(self, kind: Export, session: Session, run: Run, path: Path, form: str | None = None) -> None:
        """Write `run` to `path`, with the options that were chosen last."""
        options = self._options.get(kind.name, {})
        remark = kind.remark(run)
        self._work(path, partial(export, kind.name, session, run, path, format=form, options=options), remark)

    def choose_together(self, session: Session, runs: Sequence[Run]) -> None:
        """Ask where to, then write one report of several runs; a sentence where they cannot be laid side by side."""
        try:
            require_comparable(runs)
        except ReportError as error:
            errors.report(error)
            return
        path = self._ask("Export: Report of several runs", file_name(f"{runs[0].dataset.name} report"), REPORT_FORMS)
        if path is not None:
            self.write_together(session, runs, path)

    def write_together(self, session: Session, runs: Sequence[Run], path: Path) -> None:
        """Write one report of `runs` to `path`."""
        self._work(path, partial(export_together, session, runs, path))

    def choose_study(self, study: Study) -> None:
        """Ask where to, then write the page of a sweep or a search."""
        title = f"Save the page of the {type(study).__name__.lower()}"
        path = self._ask(title, file_name(study.name), PAGE_FORMS)
        if path is not None:
            self.write_study(study, path)

    def write_study(self, study: Study, path: Path) -> None:
        """Write the page of `study` to `path`."""
        self._work(path, lambda: (_written(study, path),))

    def choose_view(self, view: View, run: Run, scene: Scene) -> None:
        """Ask where to, then write the page of what `view` shows of `run`."""
        stem = file_name(f"{run.name} {view.title.lower()}")
        path = self._ask(f"Save the page: {view.title}", stem, PAGE_FORMS)
        if path is not None:
            self.write_view(view, run, scene, path)

    def write_view(self, view: View, run: Run, scene: Scene, path: Path) -> None:
        """Write that page to `path`."""
        self._work(path, lambda: (write_view_page(view.name, run, scene, path),))

    def choose_script(self, session: Session, run: Run | None) -> None:
        """Ask where to, then write the script of `run`, or of the whole project."""
        stem = file_name(session.path.stem if run is None else run.name)
        what = "the project" if run is None else run.name
        path = self._ask(f"Export {what} as a Python script", stem, SCRIPT_FORMS)
        if path is not None:
            self.write_script(session, run, path)

    def write_script(self, session: Session, run: Run | None, path: Path) -> None:
        """Write the script of `run`, or of the whole project, to `path`."""
        self._work(path, partial(write_script, session, path, run))

    def choose_figure(self, wish: FigureWish) -> None:
        """Ask where to, then write a figure."""
        stem = file_name(f"{wish.seen.scene.name} {wish.seen.view.title.lower()}")
        path = self._ask("Export figure", stem, (wish.form,))
        if path is not None:
            self.write_figure(wish, path)

    def write_figure(self, wish: FigureWish, path: Path) -> None:
        """Write a figure to `path`."""
        seen = wish.seen
        self._work(path, lambda: (write_figure(seen.view, seen.data, path, wish.page, look=wish.look, dpi=wish.dpi),))

    def _ask(self, title: str, stem: str, forms: tuple[str, ...]) -> Path | None:
        """Where to write a file in one of `forms`, the first of which is offered; None for nowhere."""
        first = str(self._settings.folder("export") / f"{stem}.{forms[0]}")
        filters = {_filter(form, False): form for form in forms}
        name, chosen = QFileDialog.getSaveFileName(self._window, title, first, ";;".join(filters))
        if not name:
            return None
        path = _with_ending(Path(name), filters.get(chosen, forms[0]), forms)
        self._settings.set_folder("export", path.parent)
        return path

    def _work(self, path: Path, write: Callable[[], tuple[Path, ...]], remark: str = "") -> None:
        """Write in the background, then say so, with a remark."""
        self._window.statusBar().showMessage(f"Writing {path.name}…")
        self._background.call(self, write, partial(self._done, remark))

    def _done(self, remark: str, paths: tuple[Path, ...]) -> None:
        self._window.statusBar().showMessage(f"Written: {paths[0]}", 8000)
        several = len(paths) > 1
        words = f"{len(paths)} files are in {paths[0].parent}." if several else f"{paths[0].name} is written."
        box = QMessageBox(QMessageBox.Icon.NoIcon, "Export", words, parent=self._window)
        where = "" if several else str(paths[0].parent)
        box.setInformativeText("\n\n".join(filter(None, (where, remark))))
        look = box.addButton("Open folder" if several else "Open", QMessageBox.ButtonRole.ActionRole)
        box.addButton(QMessageBox.StandardButton.Close)
        target = paths[0].parent if several else paths[0]
        look.clicked.connect(partial(QDesktopServices.openUrl, QUrl.fromLocalFile(str(target))))
        box.open()
        self.written.emit(paths)


def _written(study: Study, path: Path) -> Path:
    if isinstance(study, Search):
        return write_search(study, path)
    assert isinstance(study, Sweep)
    return write_sweep(study, path)


def file_name(words: str) -> str:
    """`words` without what file names may not have."""
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]+', "_", words).strip()


def _filter(form: str, is_many: bool) -> str:
    words = FORMS.get(form, form.upper())
    return f"{words}, in a new folder (*)" if is_many else f"{words} (*.{form})"


def _with_ending(path: Path, form: str, forms: tuple[str, ...]) -> Path:
    """`path`, ending in one of `forms`."""
    return path if path.suffix[1:].lower() in forms else path.with_name(f"{path.name}.{form}")
