"""The dialog that makes a dataset of another one: which rows and columns, and what is done to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from workbench.data import Derivation, Recipe, ranges_of
from workbench.desktop import icons
from workbench.desktop.background import Background
from workbench.desktop.parameter_form import WheelGuard
from workbench.desktop.recipe_form import RecipeForm
from workbench.desktop.remark import say
from workbench.desktop.settings import Settings
from workbench.errors import WorkbenchError
from workbench.session import Dataset, RowMask, count_derived

SETTLE_MS = 250
_LARGEST = 2**31 - 1


@dataclass(frozen=True, eq=False)
class DeriveRequest:
    """A dataset that a person asks for."""

    dataset: Dataset
    derivation: Derivation
    name: str


class DeriveDialog(QDialog):
    """Setting up what is made of `dataset`; how many rows would be left is told while it is set up.

    Attributes
    ----------
    request : DeriveRequest
    """

    def __init__(
        self,
        background: Background,
        settings: Settings,
        dataset: Dataset,
        subsets: Mapping[str, RowMask],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Make a dataset of {dataset.name}")
        self.setAccessibleName("Make a dataset of another one")
        self._background = background
        self._settings = settings
        self._dataset = dataset
        self._label = next((column.name for column in dataset.columns if column.role == "label"), None)
        self._rows = dict(subsets)
        self._files: tuple[str, ...] = ()
        self._build()
        self._soon = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._soon.timeout.connect(self._count)
        self._connect()
        self._count()

    @property
    def request(self) -> DeriveRequest:
        return DeriveRequest(self._dataset, self._derivation(), self.name.text().strip() or self._dataset.name)

    def add_files(self, paths: list[Path]) -> None:
        """Let the rows of these files come after those that there are."""
        self._files = tuple(str(path) for path in paths)
        self.append.setText(", ".join(path.name for path in paths))
        self._change()

    def _derivation(self) -> Derivation:
        """What is set up; raises DataError where the preparation cannot be."""
        rows = self._rows.get(self.rows.currentText())
        label = self.label.currentData()
        roles = {
            item.text(): "ignore"
            for item in map(self.columns.item, range(self.columns.count()))
            if item.checkState() == Qt.CheckState.Unchecked
        }
        if label == "" and self._label is not None and self._dataset.has_labels:
            roles[self._label] = "ignore"
        elif label:
            roles[label] = "label"
        return Derivation(
            append=self._files,
            rows=None if rows is None else ranges_of(rows.rows),
            where=self.where.text(),
            sample=self.sample.value(),
            seed=self.seed.value(),
            roles=roles,
            recipe=self.recipe.recipe() if self.anew.isChecked() else None,
        )

    @Slot()
    def _change(self) -> None:
        self.start.setEnabled(False)
        self.recipe.setEnabled(self.anew.isChecked())
        self._soon.start()

    @Slot()
    def _count(self) -> None:
        dataset = self._dataset
        try:
            derivation = self._derivation()
        except WorkbenchError as error:
            say(self.remark, str(error), "bad")
            return
        self._background.call(
            self, lambda: count_derived(dataset, derivation), self._counted, self._failed, key="count"
        )

    def _counted(self, n_rows: int) -> None:
        more = f", and those of {self.append.text()}" if self._files else ""
        say(self.remark, f"{n_rows:,} of {self._dataset.n_rows:,} rows{more}", "muted")
        self.start.setEnabled(True)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, WorkbenchError):
            raise error
        say(self.remark, str(error), "bad")

    @Slot()
    def _choose_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Add the rows of", str(self._settings.folder("import")))
        if names:
            self._settings.set_folder("import", Path(names[0]).parent)
            self.add_files([Path(name) for name in names])

    def _build(self) -> None:
        self.name = QLineEdit(f"{self._dataset.name} (part)")
        self.rows = QComboBox()
        self.rows.addItems(["All rows", *self._rows])
        self.where = QLineEdit(placeholderText="\"petal length\" > 3 and label <> 'setosa'")
        self.where.setToolTip("A condition in SQL over the columns, and row, part, label and id")
        self.sample = QSpinBox(maximum=_LARGEST, specialValueText="All of them")
        self.seed = QSpinBox(maximum=_LARGEST)
        self.append = QLineEdit(readOnly=True, placeholderText="None")
        self.append_button = QPushButton("Choose files…")
        self.label = QComboBox()
        self.label.addItem("As it is", None)
        if self._dataset.has_labels:
            self.label.addItem("None", "")
        self.columns = QListWidget()
        for name in self._dataset.raw_names:
            item = QListWidgetItem(name, self.columns)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
            self.label.addItem(name, name)
        self.anew = QCheckBox("Prepare the rows otherwise")
        self.recipe = RecipeForm()
        self.recipe.show_recipe(Recipe.from_json(self._dataset.plan.get("recipe", {})))
        self.recipe.setEnabled(False)
        self.remark = QLabel(wordWrap=True)
        self.remark.setAccessibleName("How many rows are left")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = buttons.addButton("Make", QDialogButtonBox.ButtonRole.AcceptRole)
        self.start.setProperty("role", "primary")
        self.start.setEnabled(False)
        icons.put(self.start, "play", "on_accent")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        left, right = QVBoxLayout(), QVBoxLayout()
        left.addLayout(self._fields())
        left.addWidget(self.anew)
        left.addWidget(self.recipe)
        left.addStretch()
        heading = QLabel("Features that stay", buddy=self.columns)
        heading.setProperty("role", "section")
        self.columns.setAccessibleName("Features that stay")
        right.addWidget(heading)
        right.addWidget(self.columns, 1)
        both = QHBoxLayout()
        both.setSpacing(18)
        both.addLayout(left, 3)
        both.addLayout(right, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(both, 1)
        layout.addWidget(self.remark)
        layout.addWidget(buttons)

    def _fields(self) -> QFormLayout:
        fields = QFormLayout()
        fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields.setHorizontalSpacing(12)
        added = QHBoxLayout()
        added.addWidget(self.append, 1)
        added.addWidget(self.append_button)
        self.append.setAccessibleName("Rows added")
        self.append_button.setAccessibleName("Rows added: choose files")
        guard = WheelGuard(self)
        named = {
            "Name": self.name,
            "Rows": self.rows,
            "For which holds": self.where,
            "Drawn at random": self.sample,
            "Seed of the drawing": self.seed,
            "Label": self.label,
        }
        for words, widget in named.items():
            widget.setAccessibleName(words)
            widget.installEventFilter(guard)
            fields.addRow(words, widget)
        fields.insertRow(2, "Rows added", added)
        return fields

    def _connect(self) -> None:
        self.append_button.clicked.connect(self._choose_files)
        self.where.textChanged.connect(self._change)
        self.rows.currentIndexChanged.connect(self._change)
        self.label.currentIndexChanged.connect(self._change)
        self.columns.itemChanged.connect(self._change)
        self.anew.toggled.connect(self._change)
        self.recipe.changed.connect(self._change)
        for spin in (self.sample, self.seed):
            spin.valueChanged.connect(self._change)
