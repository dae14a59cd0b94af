"""The import dialog: a file, how it is read, what its columns are for, what is done to the rows, and a live preview."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.data import DataError, Encoding, Plan, Preview, correct, guess, importer, importers, preview
from workbench.desktop import icons, theme
from workbench.desktop.background import Background
from workbench.desktop.copying import CellCopier
from workbench.desktop.import_tables import ColumnModel, ColumnTable, RowModel, contact_sheet
from workbench.desktop.parameter_form import ParameterForm
from workbench.desktop.recipe_form import RecipeForm
from workbench.desktop.remark import say
from workbench.desktop.settings import Settings
from workbench.views.import_words import extent_words

SETTLE_MS = 180


@dataclass(frozen=True, eq=False)
class Look:
    """A plan and what it would import."""

    plan: Plan
    preview: Preview
    sheet: QImage | None


class ImportDialog(QDialog):
    """Corrects a plan while its preview follows; all reading happens off the interface thread.

    Attributes
    ----------
    looked : Signal
        A new preview, or the sentence on why there is none, is on screen.
    plan : Plan or None
        What would be imported now; None while nothing sound is chosen.
    """

    looked = Signal()

    def __init__(
        self, background: Background, settings: Settings, paths: Sequence[Path] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import data")
        self.setAcceptDrops(True)
        self._background = background
        self._settings = settings
        self._plan: Plan | None = None
        self._sound = False
        self._shown_importer = ""
        self._changes: list[Callable[[Plan], Plan]] = []
        self.options: ParameterForm | None = None
        self._build()
        self._soon = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._soon.timeout.connect(self._look)
        self._connect()
        if paths:
            self.choose(paths)
        else:
            self._say("Choose a file, or drop one here: tables, spreadsheets, NumPy and HDF5 arrays, images.", "muted")

    @property
    def plan(self) -> Plan | None:
        if self._plan is None or not self._sound:
            return None
        return replace(self._plan, name=self.name.text().strip() or self._plan.name)

    def choose(self, paths: Sequence[Path], importer_name: str | None = None) -> None:
        """Guess how these files are to be read, and show it."""
        self._settings.set_folder("import", paths[0].parent)
        self._changes.clear()
        self._sound = False
        self._ready()
        self.file.setText(str(paths[0]) + (f" and {len(paths) - 1} more" if len(paths) > 1 else ""))
        self._say("Reading the beginning of the file…", "muted")
        names = [str(path) for path in paths]
        self._ask(lambda: guess(names if len(names) > 1 else names[0], importer_name), fresh=True)

    def dragEnterEvent(self, event: Any) -> None:  # noqa: N802
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:  # noqa: N802
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.choose(paths)

    # what the person changes

    @Slot()
    def _choose_file(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Import data", str(self._settings.folder("import")))
        if names:
            self.choose([Path(name) for name in names])

    @Slot()
    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Import a folder of images", str(self._settings.folder("import")))
        if name:
            self.choose([Path(name)])

    @Slot()
    def _kind_chosen(self) -> None:
        if self._plan is not None:
            self.choose([Path(path) for path in self._plan.paths], self.kind.currentData())

    @Slot()
    def _options_changed(self) -> None:
        form = self.options
        problems = form.fields.problems() if form is not None else []
        if form is None or problems:
            self._say(problems[0] if problems else "", "bad")
            return
        chosen = {name: field.value() for name, field in form.fields.items()}
        self._change(lambda plan: correct(plan, **{k: v for k, v in chosen.items() if plan.options.get(k) != v}))

    @Slot(object)
    def _roles_chosen(self, roles: Mapping[str, str]) -> None:
        self._change(lambda plan: plan.with_roles(roles))

    @Slot(str, str, str)
    def _words_typed(self, name: str, which: str, words: str) -> None:
        self._change(lambda plan: plan.with_words(which, {name: words}))

    @Slot(str, str)
    def _encoding_chosen(self, name: str, words: str) -> None:
        try:
            encoding = Encoding.parse(words)
        except DataError as error:
            self._say(str(error), "bad")
            return
        self._change(lambda plan: plan.with_encodings({name: encoding}))

    @Slot()
    def _recipe_changed(self) -> None:
        try:
            recipe = self.recipe.recipe()
        except DataError as error:
            self._sound = False
            self._ready()
            self._say(str(error), "bad")
            return
        self._change(lambda plan: replace(plan, recipe=recipe))

    def _change(self, change: Callable[[Plan], Plan]) -> None:
        self._changes.append(change)
        self._sound = False
        self._ready()
        self._soon.start()

    # looking

    @Slot()
    def _look(self) -> None:
        plan = self._plan
        if plan is None:
            return
        changes = tuple(self._changes)

        def changed() -> Plan:
            made = plan
            for change in changes:
                made = change(made)
            return made

        self._ask(changed, fresh=False)

    def _ask(self, make: Callable[[], Plan], *, fresh: bool) -> None:
        colours = theme.current_plots()
        width, ratio = max(320, self.tabs.width() - 24, self.width() * 6 // 10), self.devicePixelRatioF()
        n_changes = len(self._changes)

        def work() -> Look:
            plan = make()
            found = preview(plan)
            sheet = None
            if found.images is not None:
                sheet = contact_sheet(found.images, found.captions, colours, width, ratio)
            return Look(plan, found, sheet)

        def arrived(look: Look) -> None:
            del self._changes[:n_changes]
            self._show(look, fresh=fresh)

        self._background.call(self, work, arrived, self._failed, key="look")

    def _failed(self, error: Exception) -> None:
        self._changes.clear()
        self._sound = False
        self._ready()
        if not isinstance(error, DataError | OSError):
            raise error
        self._say(str(error), "bad")
        self.looked.emit()

    def _show(self, look: Look, *, fresh: bool) -> None:
        plan, found = look.plan, look.preview
        self._plan = plan
        self._sound = True
        if fresh:
            self.name.setText(plan.name)
            self.recipe.show_recipe(plan.recipe)
            self._show_options(plan, found)
        self.columns.show_columns(found.columns)
        self.rows.show_rows(tuple(summary.column.name for summary in found.columns), found.rows)
        self.tabs.setTabVisible(1, found.images is None)
        self.tabs.setTabVisible(2, found.images is not None)
        if look.sheet is not None:
            self.sheet.setPixmap(QPixmap.fromImage(look.sheet))
        if fresh:
            self.tabs.setCurrentIndex(2 if found.images is not None else 0)
        self.extent.setText(extent_words(found))
        self._say("\n".join(found.warnings[:4]), "warning")
        self._ready()
        self.looked.emit()

    def _show_options(self, plan: Plan, found: Preview) -> None:
        with QSignalBlocker(self.kind):
            self.kind.setCurrentIndex(self.kind.findData(plan.importer))
        parameters = importer(plan.importer).parameters
        self.options = ParameterForm(parameters, importer(plan.importer).title, plan.options)
        self.options.fold.setChecked(False)
        self.options.offer(found.offers)
        self.options.changed.connect(self._options_changed)
        old = self._options_place.takeAt(0)
        if old is not None and old.widget() is not None:
            old.widget().deleteLater()
        self._options_place.addWidget(self.options)

    def _say(self, text: str, role: str) -> None:
        say(self.remark, text, role)
        self.remark.setVisible(bool(text))

    def _ready(self) -> None:
        self.accept_button.setEnabled(self._sound)

    # building

    def _build(self) -> None:
        self.file = QLineEdit(readOnly=True, placeholderText="No file chosen")
        self.file.setAccessibleName("File")
        self.file_button = QPushButton("Choose file…")
        self.folder_button = QPushButton("Choose folder…")
        icons.put(self.file_button, "file")
        icons.put(self.folder_button, "folder")
        self.kind = QComboBox()
        self.kind.setAccessibleName("Kind of file")
        for kind in importers():
            self.kind.addItem(kind.title, kind.name)
        self.kind.setCurrentIndex(-1)
        top = QHBoxLayout()
        for widget, stretch in ((self.file, 1), (self.file_button, 0), (self.folder_button, 0)):
            top.addWidget(widget, stretch)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self._left())
        split.addWidget(self._right())
        split.setStretchFactor(1, 1)
        split.setChildrenCollapsible(False)
        letter = self.fontMetrics().averageCharWidth()
        split.setSizes([letter * 48, letter * 130])
        self.remark = QLabel(wordWrap=True)
        self.remark.setAccessibleName("Remarks")
        self.name = QLineEdit(placeholderText="Name of the dataset")
        self.name.setAccessibleName("Name of the dataset")
        self.extent = QLabel()
        self.extent.setProperty("role", "muted")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.accept_button = buttons.addButton("Import", QDialogButtonBox.ButtonRole.AcceptRole)
        self.accept_button.setProperty("role", "primary")
        self.accept_button.setDefault(True)
        self.accept_button.setEnabled(False)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        bottom = QHBoxLayout()
        bottom.setSpacing(12)
        bottom.addWidget(QLabel("Name", buddy=self.name))
        bottom.addWidget(self.name, 1)
        bottom.addWidget(self.extent, 1)
        bottom.addWidget(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(12)
        layout.addLayout(top)
        layout.addWidget(split, 1)
        layout.addWidget(self.remark)
        layout.addLayout(bottom)
        room = self.screen().availableSize()
        if self.parentWidget() is not None:
            room = room.expandedTo(self.parentWidget().size())
        self.resize(QSize(letter * 182, letter * 112).boundedTo(room * 0.95))

    def _left(self) -> QWidget:
        content = QWidget()
        content.setProperty("role", "clear")
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 14, 0)
        column.setSpacing(8)
        self._options_place = QVBoxLayout()
        kind = QFormLayout()
        kind.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        kind.addRow("Kind", self.kind)
        self.recipe = RecipeForm()
        for title, part in (("How it is read", kind), ("", self._options_place), ("What is done to the rows", None)):
            if title:
                label = QLabel(title)
                label.setProperty("role", "section")
                column.addWidget(label)
            if part is not None:
                column.addLayout(part)
        column.addWidget(self.recipe)
        column.addStretch()
        area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName("How the file is read and prepared")
        area.setWidget(content)
        area.setMinimumWidth(content.minimumSizeHint().width() + 20)
        return area

    def _right(self) -> QWidget:
        self.columns = ColumnModel(self)
        self.rows = RowModel(self)
        self.sheet = QLabel(alignment=Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.sheet.setAccessibleName("First pictures")
        self.sheet_area = QScrollArea(widgetResizable=True)
        self.sheet_area.setWidget(self.sheet)
        self.table = ColumnTable(self.columns)
        first = QTableView()
        first.setModel(self.rows)
        CellCopier(first)
        CellCopier(self.table)
        first.setAccessibleName("First rows of the file")
        self.tabs = QTabWidget(documentMode=True)
        self.tabs.addTab(self.table, "Columns")
        self.tabs.addTab(first, "First rows")
        self.tabs.addTab(self.sheet_area, "Pictures")
        self.tabs.setTabVisible(2, False)
        return self.tabs

    def _connect(self) -> None:
        self.file_button.clicked.connect(self._choose_file)
        self.folder_button.clicked.connect(self._choose_folder)
        self.kind.activated.connect(self._kind_chosen)
        self.recipe.changed.connect(self._recipe_changed)
        self.columns.roles_wanted.connect(self._roles_chosen)
        self.columns.words_wanted.connect(self._words_typed)
        self.columns.encoding_wanted.connect(self._encoding_chosen)
