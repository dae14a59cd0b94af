"""The page on which a run is set up: dataset, engine, its parameters, and what it is going to take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QFrame,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

import engines
from engines import EngineInfo, Parameter
from workbench.desktop import icons
from workbench.desktop.background import Background
from workbench.desktop.parameter_form import ParameterForm
from workbench.session import Dataset, Estimate, Session
from workbench.session.checks import suited_parameters
from workbench.views.run_setup import fitting_engine, forecast, lacking


@dataclass(frozen=True, eq=False)
class RunRequest:
    """A run that a person asks for; `watched` ones pause when they seem to run away."""

    dataset: Dataset
    engine: str
    parameters: Mapping[str, Any]
    name: str | None
    watched: bool = True


class NewRunPage(QWidget):
    """Setting up a run.

    Attributes
    ----------
    start_wanted : Signal(RunRequest)
    changed : Signal
        Whether it can start may have changed.
    form : ParameterForm or None
        None while an engine's parameters are still looked up.
    """

    start_wanted = Signal(object)
    changed = Signal()

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("New run")
        self._background = background
        self._session: Session | None = None
        self._values: Mapping[str, Any] = {}
        self._suited: Mapping[str, Any] = {}
        self._refused = ""
        self.form: ParameterForm | None = None
        title = QLabel("New run")
        title.setProperty("role", "heading")
        self.dataset = QComboBox()
        self.engine = QComboBox()
        self.name = QLineEdit(placeholderText="given automatically")
        fields = QFormLayout()
        fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields.setHorizontalSpacing(12)
        for label, widget in (("Data", self.dataset), ("Engine", self.engine), ("Name", self.name)):
            widget.setAccessibleName(f"{label} of the run")
            fields.addRow(label, widget)
        for combo in (self.dataset, self.engine):
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.setMinimumContentsLength(10)
        self.summary, self.forecast, self.warning = (_words(role) for role in ("muted", "muted", "warning"))
        self.scroll = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setAccessibleName("Parameters")
        self.forecast.setAccessibleName("What the run will take")
        self.watched = QCheckBox("Pause if it runs away", checked=True)
        self.watched.setToolTip("Hold the run when its cost stops being a number, rises sharply or prototypes leave")
        self.watched.setAccessibleDescription(self.watched.toolTip())
        self.start = QPushButton("Start training")
        self.start.setProperty("role", "primary")
        self.start.setAccessibleDescription("Start the run with these parameters")
        icons.put(self.start, "play", "on_accent")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(title)
        layout.addLayout(fields)
        layout.addWidget(self.summary)
        layout.addWidget(self.scroll, 1)
        layout.addWidget(self.forecast)
        layout.addWidget(self.warning)
        layout.addWidget(self.watched)
        layout.addWidget(self.start)
        self._fill_engines()
        self._soon = QTimer(self, interval=200, singleShot=True)
        self._soon.timeout.connect(self._ask_estimate)
        self.engine.currentIndexChanged.connect(self._engine_chosen)
        self.dataset.currentIndexChanged.connect(self._dataset_chosen)
        self.start.clicked.connect(self._start)

    @property
    def ready(self) -> bool:
        """Whether the run can start as it is set up."""
        return (
            self.form is not None and not self.form.fields.problems() and not self._refused and self.dataset.count() > 0
        )

    def set_session(self, session: Session | None) -> None:
        """Set up runs of this session."""
        self._session = session
        self._values = {}
        self.show_datasets([])

    def show_datasets(self, datasets: Sequence[Dataset]) -> None:
        """Offer exactly these datasets."""
        current = self.dataset.currentData()
        with QSignalBlocker(self.dataset):
            self.dataset.clear()
            for dataset in datasets:
                self.dataset.addItem(dataset.name, dataset)
        if current is not None and any(dataset is current for dataset in datasets):
            self._set_dataset(current)

    def set_up(self, dataset: Dataset, engine: str | None = None, values: Mapping[str, Any] | None = None) -> None:
        """Begin with this dataset and, if given, with an engine and its parameters."""
        self._values = values or {}
        self._set_dataset(dataset)
        self._allow_engines(dataset)
        wanted = engine or fitting_engine(dataset, self.engine.currentData())
        k = self.engine.findData(wanted)
        if k == self.engine.currentIndex():
            self._engine_chosen()
        else:
            self.engine.setCurrentIndex(k)

    def request(self) -> RunRequest | None:
        """What is set up now; None while it cannot start."""
        if not self.ready or self.form is None:
            return None
        name = self.name.text().strip() or None
        dataset, engine, values = self.dataset.currentData(), self.engine.currentData(), self.form.fields.asked()
        return RunRequest(dataset, engine, values, name, self.watched.isChecked())

    def _fill_engines(self) -> None:
        with QSignalBlocker(self.engine):
            for info in engines.catalog():
                self.engine.addItem(info.title, info.name)
                self.engine.setItemData(self.engine.count() - 1, info.summary, Qt.ItemDataRole.ToolTipRole)
            self.engine.setCurrentIndex(-1)

    def _allow_engines(self, dataset: Dataset) -> None:
        """Engines that learn from labels need labelled data, those of matrices need matrices."""
        model = self.engine.model()
        assert isinstance(model, QStandardItemModel)
        for k, info in enumerate(engines.catalog()):
            needs = lacking(dataset, info)
            model.item(k).setEnabled(not needs)
            self.engine.setItemText(k, f"{info.title} ({needs})" if needs else info.title)

    def _set_dataset(self, dataset: Dataset) -> None:
        for k in range(self.dataset.count()):
            if self.dataset.itemData(k) is dataset:
                self.dataset.setCurrentIndex(k)

    @property
    def _info(self) -> EngineInfo | None:
        name = self.engine.currentData()
        return engines.engine_info(name) if name else None

    @Slot()
    def _dataset_chosen(self) -> None:
        dataset = self.dataset.currentData()
        if dataset is not None:
            self._allow_engines(dataset)
            fitting = fitting_engine(dataset, self.engine.currentData())
            if fitting != self.engine.currentData():
                self.engine.setCurrentIndex(self.engine.findData(fitting))
            elif self._info is not None and suited_parameters(self._info, dataset) != self._suited:
                self._engine_chosen()
            self._soon.start()

    @Slot()
    def _engine_chosen(self) -> None:
        info = self._info
        self.form = None
        if info is not None:
            self.summary.setText(info.summary)
            self._background.call(self, lambda: (info, info.parameters), self._show_form, key="parameters")
        self.changed.emit()

    def _show_form(self, found: tuple[EngineInfo, Sequence[Parameter]]) -> None:
        info, parameters = found
        self._suited = suited_parameters(info, self.dataset.currentData()) if self.dataset.count() else {}
        self.form = ParameterForm(parameters, info.name, {**self._suited, **self._values})
        self.form.changed.connect(self._form_changed)
        self.scroll.setWidget(self.form)
        bar = self.scroll.verticalScrollBar().sizeHint().width()
        self.scroll.setMinimumWidth(self.form.minimumSizeHint().width() + bar + 2)
        self._values = {}
        self._form_changed()

    @Slot()
    def _form_changed(self) -> None:
        self._refused = ""
        self._soon.start()
        self._show_ready()

    @Slot()
    def _ask_estimate(self) -> None:
        request, session = self.request(), self._session
        if self._refused:
            self._refused = ""
            request = self.request()
        if request is not None and session is not None:
            self._background.call(
                self,
                lambda: session.estimate(request.dataset, request.engine, request.parameters),
                self._show_estimate,
                self._show_refusal,
                key="estimate",
            )

    def _show_estimate(self, estimate: Estimate) -> None:
        self.forecast.setText(forecast(estimate))
        self.warning.setText("\n".join(estimate.warnings))
        self._refused = ""
        self._show_ready()

    def _show_refusal(self, error: Exception) -> None:
        self._refused = str(error)
        self.forecast.setText("")
        self.warning.setText(self._refused)
        self._show_ready()

    def _show_ready(self) -> None:
        self.warning.setVisible(bool(self.warning.text()))
        self.forecast.setVisible(bool(self.forecast.text()))
        self.start.setEnabled(self.ready)
        self.changed.emit()

    @Slot()
    def _start(self) -> None:
        request = self.request()
        if request is not None:
            self.start_wanted.emit(request)


def _words(role: str) -> QLabel:
    """A label for sentences, in the colour of its role."""
    label = QLabel(wordWrap=True)
    label.setProperty("role", role)
    return label
