"""The export menu: where to, in which form; the writing itself is `workbench.reports`', in the background."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox

from workbench.desktop.background import Background
from workbench.desktop.figure_dialog import FigureWish
from workbench.desktop.settings import Settings
from workbench.reports import Export, export, write_figure, write_script, write_search, write_sweep
from workbench.reports.pages import FORMS as PAGE_FORMS
from workbench.reports.script import FORMS as SCRIPT_FORMS
from workbench.session import Run, Search, Session, Study, Sweep

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
    """

    written = Signal(object)

    def __init__(self, window: QMainWindow, background: Background, settings: Settings) -> None:
        super().__init__(window)
        self._window = window
        self._background = background
        self._settings = settings

    def choose(self, kind: Export, session: Session, run: Run) -> None:
        """Ask where to, then write."""
        folder = self._settings.folder("export")
        stem = file_name(f"{run.name} {kind.name}")
        filters = {_filter(form, kind.is_many): form for form in kind.formats}
        first = str(folder / (stem if kind.is_many else f"{stem}.{kind.formats[0]}"))
        name, chosen = QFileDialog.getSaveFileName(self._window, f"Export: {kind.title}", first, ";;".join(filters))
        if name:
            form = filters.get(chosen, kind.formats[0])
            path = Path(name) if kind.is_many else _with_ending(Path(name), form, kind.formats)
            self._settings.set_folder("export", path.parent)
            self.write(kind, session, run, path, form if kind.is_many else None)

    def write(self, kind: Export, session: Session, run: Run, path: Path, form: str | None = None) -> None:
        """Write `run` to `path`."""
        self._window.statusBar().showMessage(f"Writing {path.name}…")
        work = partial(export, kind.name, session, run, path, format=form)
        self._background.call(self, work, partial(self._done, kind.remark(run)))

    def choose_study(self, study: Study) -> None:
        """Ask where to, then write the page of a sweep or a search."""
        stem = file_name(study.name)
        first = str(self._settings.folder("export") / f"{stem}.{PAGE_FORMS[0]}")
        filters = {_filter(form, False): form for form in PAGE_FORMS}
        title = f"Save the page of the {type(study).__name__.lower()}"
        name, chosen = QFileDialog.getSaveFileName(self._window, title, first, ";;".join(filters))
        if name:
            path = _with_ending(Path(name), filters.get(chosen, PAGE_FORMS[0]), PAGE_FORMS)
            self._settings.set_folder("export", path.parent)
            self.write_study(study, path)

    def write_study(self, study: Study, path: Path) -> None:
        """Write the page of `study` to `path`."""
        self._window.statusBar().showMessage(f"Writing {path.name}…")
        self._background.call(self, lambda: (_written(study, path),), partial(self._done, ""))

    def choose_script(self, session: Session, run: Run | None) -> None:
        """Ask where to, then write the script of `run`, or of the whole project."""
        stem = file_name(session.path.stem if run is None else run.name)
        first = str(self._settings.folder("export") / f"{stem}.{SCRIPT_FORMS[0]}")
        filters = {_filter(form, False): form for form in SCRIPT_FORMS}
        what = "the project" if run is None else run.name
        name, chosen = QFileDialog.getSaveFileName(
            self._window, f"Export {what} as a Python script", first, ";;".join(filters)
        )
        if name:
            path = _with_ending(Path(name), filters.get(chosen, SCRIPT_FORMS[0]), SCRIPT_FORMS)
            self._settings.set_folder("export", path.parent)
            self.write_script(session, run, path)

    def write_script(self, session: Session, run: Run | None, path: Path) -> None:
        """Write the script of `run`, or of the whole project, to `path`."""
        self._window.statusBar().showMessage(f"Writing {path.name}…")
        self._background.call(self, lambda: (write_script(session, path, run),), partial(self._done, ""))

    def choose_figure(self, wish: FigureWish) -> None:
        """Ask where to, then write a figure."""
        stem = file_name(f"{wish.seen.scene.name} {wish.seen.view.title.lower()}")
        first = str(self._settings.folder("export") / f"{stem}.{wish.form}")
        name, _ = QFileDialog.getSaveFileName(self._window, "Export figure", first, _filter(wish.form, False))
        if name:
            path = _with_ending(Path(name), wish.form, (wish.form,))
            self._settings.set_folder("export", path.parent)
            self.write_figure(wish, path)

    def write_figure(self, wish: FigureWish, path: Path) -> None:
        """Write a figure to `path`."""
        self._window.statusBar().showMessage(f"Writing {path.name}…")
        seen = wish.seen
        self._background.call(
            self,
            lambda: (write_figure(seen.view, seen.data, path, wish.page, look=wish.look, dpi=wish.dpi),),
            partial(self._done, ""),
        )

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
