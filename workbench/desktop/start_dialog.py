"""The dialog in which a run is set up that starts from a file: what the file holds, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Slot
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
    QVBoxLayout,
    QWidget,
)

from engines import EngineInfo
from workbench.desktop import icons, theme
from workbench.desktop.background import Background
from workbench.desktop.given_preview import GivenPreview, Shown, shown
from workbench.desktop.parameter_form import ParameterForm
from workbench.desktop.remark import say
from workbench.desktop.settings import Settings
from workbench.errors import WorkbenchError
from workbench.session import Dataset, Fit, Given, Session, look_into, starters

SETTLE_MS = 200
FILES = "Models and codebooks (*.safetensors *.csv *.json *.npz *.npy *.h5 *.parquet *.xlsx);;All files (*)"
AS_IN_FILE = "As in the file"
_UNITS = (("As the file says, else original", None), ("Original units", "original"), ("As the engine sees", "training"))
_FOLLOWING = frozenset({"init", "prototypes_per_class", "rank", "shape", "localization"})
"""Parameters that follow from what is started from, beside the count of prototypes and those that are arrays."""


@dataclass(frozen=True, eq=False)
class StartRequest:
    """A run that a person asks for; `trains` says whether it shall begin at once."""

    given: Given
    dataset: Dataset
    engine: str | None
    parameters: Mapping[str, Any]
    units: Any
    name: str | None
    trains: bool


class StartDialog(QDialog):
    """Setting up a run from a file; what would become of it is told while it is set up.

    Attributes
    ----------
    request : StartRequest or None
        None while nothing sound is set up.
    fit : Fit or None
        What would happen now.
    form : ParameterForm or None
    """

    def __init__(
        self,
        background: Background,
        settings: Settings,
        session: Session,
        dataset: Dataset,
        path: Path | None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Start from a file")
        self.setAccessibleName("Start from a file")
        self._background = background
        self._settings = settings
        self._session = session
        self._given: Given | None = None
        self._trains = True
        self.fit: Fit | None = None
        self.form: ParameterForm | None = None
        self._build(list(session.datasets.values()), dataset)
        self._soon = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._soon.timeout.connect(self._plan)
        self._connect()
        say(self.remark, "Choose a model or a codebook that was exported, or any table of prototypes.", "muted")
        if path is not None:
            self.choose(path)

    @property
    def request(self) -> StartRequest | None:
        given, dataset = self._given, self.dataset.currentData()
        if self.fit is None or given is None:
            return None
        name = self.name.text().strip() or None
        return StartRequest(given, dataset, self._engine, self._changes, self._chosen_units, name, self._trains)

    def choose(self, path: Path) -> None:
        """Look into this file."""
        self._settings.set_folder("start", path.parent)
        self.file.setText(str(path))
        self._given = None
        self._unsound()
        self.preview.show_what(None)
        say(self.remark, "Reading the file…", "muted")
        dataset, colours = self.dataset.currentData(), theme.current_plots()
        width, ratio = max(320, self.width() * 5 // 9 - 80), self.devicePixelRatioF()

        def work() -> tuple[Given, Shown, tuple[EngineInfo, ...]]:
            given = look_into(path)
            return given, shown(given, dataset, colours, width, ratio), starters()

        self._background.call(self, work, self._arrived, self._failed, key="file")

    @property
    def _engine(self) -> str | None:
        name = self.engine.currentData()
        return str(name) if name else None

    @property
    def _chosen_units(self) -> Any:
        return self.units.currentData() if self.units.isEnabled() else None

    @property
    def _changes(self) -> dict[str, Any]:
        return {} if self.form is None or self.form.fields.problems() else self.form.fields.changes()

    def _arrived(self, found: tuple[Given, Shown, tuple[EngineInfo, ...]]) -> None:
        given, seen, able = found
        self._given = given
        self.preview.show_what(seen)
        with QSignalBlocker(self.engine):
            self.engine.clear()
            if given.info is not None:
                self.engine.addItem(f"{AS_IN_FILE}: {given.info.title}", "")
            for info in able:
                self.engine.addItem(info.title, info.name)
                self.engine.setItemData(self.engine.count() - 1, info.summary, Qt.ItemDataRole.ToolTipRole)
            known = self.engine.findData(given.about.get("engine"))
            self.engine.setCurrentIndex(known if given.info is None and known >= 0 else 0)
        self.units.setEnabled(given.info is None)
        self._begin_anew()

    @Slot()
    def _begin_anew(self) -> None:
        """Another file, engine or dataset: the parameters are those that follow from it."""
        self.form = None
        self.parameters.takeWidget()
        self._change()

    @Slot()
    def _change(self) -> None:
        self._unsound()
        self._soon.start()

    def _unsound(self) -> None:
        self.fit = None
        self.train.setEnabled(False)
        self.load.setEnabled(False)

    @Slot()
    def _plan(self) -> None:
        given, form = self._given, self.form
        if given is None:
            return
        if form is not None and form.fields.problems():
            say(self.remark, form.fields.problems()[0], "bad")
            return
        session, dataset, engine, units = self._session, self.dataset.currentData(), self._engine, self._chosen_units
        changes = self._changes

        def work() -> Fit:
            found = session.plan_start(given, dataset, engine, changes, units=units)
            _ = found.info.parameters
            return found

        self._background.call(self, work, self._show_fit, self._failed, key="plan")

    def _show_fit(self, found: Fit) -> None:
        self.fit = found
        say(self.remark, "\n".join(found.remarks), "muted")
        if self.form is None:
            self._show_form(found)
        self.load.setEnabled(True)
        self.train.setEnabled(found.how != "kept")

    def _show_form(self, found: Fit) -> None:
        """Parameters that may be chosen; none of a model that can only be kept as it is."""
        fixed = _FOLLOWING | found.arrays.keys() | {found.info.count}
        kept = found.how == "kept" and found.info not in starters()
        free = [p for p in found.info.parameters if p.name not in fixed and not kept]
        values = dict(found.parameters)
        if "random_state" in values and getattr(found.engine, "random_state", None) is None:
            del values["random_state"]  # which is chosen anew each time
        self.form = ParameterForm(free, found.info.name, values)
        self.form.changed.connect(self._change)
        self.parameters.setWidget(self.form)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, WorkbenchError | OSError):
            raise error
        say(self.remark, str(error), "bad")

    @Slot()
    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Model or codebook", str(self._settings.folder("start")), FILES)
        if name:
            self.choose(Path(name))

    @Slot()
    def _load_only(self) -> None:
        self._trains = False
        self.accept()

    def _build(self, datasets: Sequence[Dataset], dataset: Dataset) -> None:
        self.file = QLineEdit(readOnly=True, placeholderText="No file chosen")
        self.file.setAccessibleName("File")
        self.file_button = QPushButton("Choose file…")
        icons.put(self.file_button, "file")
        self.dataset, self.engine, self.units = QComboBox(), QComboBox(), QComboBox()
        for one in datasets:
            self.dataset.addItem(one.name, one)
        self.dataset.setCurrentIndex(next(k for k, one in enumerate(datasets) if one is dataset))
        for words, units in _UNITS:
            self.units.addItem(words, units)
        self.units.setToolTip("In which the prototypes of the file are, where it does not tell that itself")
        self.name = QLineEdit(placeholderText="given automatically")
        for combo in (self.dataset, self.engine, self.units):
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.setMinimumContentsLength(12)
        fields = QFormLayout()
        fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields.setHorizontalSpacing(12)
        named = {"Data": self.dataset, "Engine": self.engine, "Units": self.units, "Name": self.name}
        for words, widget in named.items():
            widget.setAccessibleName(f"{words} of the run")
            fields.addRow(words, widget)
        self.parameters = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self.parameters.setAccessibleName("Parameters")
        self.preview = GivenPreview()
        self.remark = QLabel(wordWrap=True)
        self.remark.setAccessibleName("What becomes of it")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.load = buttons.addButton("Load only", QDialogButtonBox.ButtonRole.ActionRole)
        self.load.setToolTip("Make the run, and train it later or not at all")
        self.train = buttons.addButton("Start training", QDialogButtonBox.ButtonRole.AcceptRole)
        self.train.setProperty("role", "primary")
        icons.put(self.train, "play", "on_accent")
        self._unsound()
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        top, both, left = QHBoxLayout(), QHBoxLayout(), QVBoxLayout()
        top.addWidget(self.file, 1)
        top.addWidget(self.file_button)
        left.addLayout(fields)
        left.addWidget(self.parameters, 1)
        both.setSpacing(18)
        both.addLayout(left, 4)
        both.addWidget(self.preview, 5)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(top)
        layout.addLayout(both, 1)
        layout.addWidget(self.remark)
        layout.addWidget(buttons)
        letter = self.fontMetrics()
        self.resize(letter.averageCharWidth() * 150, letter.height() * 42)

    def _connect(self) -> None:
        self.file_button.clicked.connect(self._choose_file)
        self.dataset.currentIndexChanged.connect(self._begin_anew)
        self.engine.currentIndexChanged.connect(self._begin_anew)
        self.units.currentIndexChanged.connect(self._change)
        self.load.clicked.connect(self._load_only)
