"""What the dialogs of sweeps and searches share: data, engine, other parameters, what will be done, why it cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

import engines
from engines import EngineInfo, Parameter
from workbench.desktop import icons
from workbench.desktop.background import Background
from workbench.desktop.parameter_form import ParameterForm, WheelGuard
from workbench.session import Dataset

SETTLE_MS = 150


class StudyDialog(QDialog):
    """Setting up a study. A subclass adds its fields (`_add_fields`), asks whether it can start and tells of it.

    Attributes
    ----------
    request : object or None
        What is set up now; None while it cannot start.
    form : ParameterForm or None
        None while an engine's parameters are still looked up.
    """

    noun = "study"

    def __init__(
        self,
        background: Background,
        datasets: Sequence[Dataset],
        dataset: Dataset,
        title: str,
        about: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._background = background
        self.form: ParameterForm | None = None
        self.request: Any = None
        self.guard = WheelGuard(self)
        self._build(datasets, about)
        self._soon = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._soon.timeout.connect(self._check)
        self.dataset.setCurrentIndex(next(k for k, other in enumerate(datasets) if other is dataset))
        self.dataset.currentIndexChanged.connect(self._changed)
        self.name.textChanged.connect(self._changed)
        self.engine.currentIndexChanged.connect(self._engine_chosen)
        self._engine_chosen()

    def _offers(self, info: EngineInfo) -> bool:
        """Whether an engine can be chosen."""
        raise NotImplementedError

    def _add_fields(self, fields: QFormLayout) -> None:
        """Add what is asked for besides data, engine and name."""
        raise NotImplementedError

    def _parameters_of(self, info: EngineInfo, parameters: Sequence[Parameter]) -> list[Parameter]:
        """Those that have one value, and so a place in the form."""
        raise NotImplementedError

    def _work(self) -> Callable[[], Any]:
        """What gives the request, off the interface thread: the dataset may have to be read."""
        raise NotImplementedError

    def _tell(self, request: Any) -> str:
        """What the request will do, in some sentences."""
        raise NotImplementedError

    def _build(self, datasets: Sequence[Dataset], about: str) -> None:
        words = QLabel(about, wordWrap=True)
        words.setProperty("role", "muted")
        self.dataset = QComboBox()
        for other in datasets:
            self.dataset.addItem(other.name, other)
        self.engine = QComboBox()
        for info in engines.catalog():
            if self._offers(info):
                self.engine.addItem(info.title, info.name)
        self.name = QLineEdit(placeholderText="given automatically")
        fields = QFormLayout()
        fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields.setHorizontalSpacing(12)
        fields.setVerticalSpacing(8)
        for label, widget in (("Data", self.dataset), ("Engine", self.engine), ("Name", self.name)):
            widget.setAccessibleName(f"{label} of the {self.noun}")
            fields.addRow(label, widget)
        self._add_fields(fields)
        self.scroll = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self.scroll.setAccessibleName("Other parameters")
        heading = QLabel("Other parameters")
        heading.setProperty("role", "section")
        self.told = QLabel(wordWrap=True)
        self.told.setProperty("role", "muted")
        self.told.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.told.setAccessibleName(f"What the {self.noun} will do")
        self.problem = QLabel(wordWrap=True)
        self.problem.setProperty("role", "bad")
        self.problem.setAccessibleName("Why it cannot start")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = buttons.addButton("Start", QDialogButtonBox.ButtonRole.AcceptRole)
        self.start.setProperty("role", "primary")
        icons.put(self.start, "play", "on_accent")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(words)
        layout.addLayout(fields)
        layout.addWidget(heading)
        layout.addWidget(self.scroll, 1)
        for label in (self.told, self.problem):
            layout.addWidget(label)
        layout.addWidget(buttons)
        letter = self.fontMetrics().averageCharWidth()
        self.resize(letter * 76, letter * 96)

    @property
    def _info(self) -> EngineInfo:
        return engines.engine_info(self.engine.currentData())

    @Slot()
    def _engine_chosen(self) -> None:
        info = self._info
        self.form = None
        self._ready(None)
        self._background.call(self, lambda: (info, info.parameters), self._show_form, key="parameters")

    def _show_form(self, found: tuple[EngineInfo, Sequence[Parameter]]) -> None:
        info, parameters = found
        self.form = ParameterForm(self._parameters_of(info, parameters), info.name)
        self.form.changed.connect(self._changed)
        self.scroll.setWidget(self.form)
        self._changed()

    @Slot()
    def _changed(self) -> None:
        self._ready(None)
        self._soon.start()

    def _problems(self) -> list[str]:
        """Why what stands in the form cannot be taken."""
        return self.form.fields.problems() if self.form is not None else []

    @Slot()
    def _check(self) -> None:
        if self.form is None:
            return
        problems = self._problems()
        if problems:
            self._refuse(ValueError(problems[0]))
            return
        try:
            work = self._work()
        except ValueError as error:
            self._refuse(error)
            return
        self._background.call(self, work, self._ready, self._refuse, key="check")

    def _ready(self, request: Any) -> None:
        self.request = request
        self.start.setEnabled(request is not None)
        if request is not None:
            self.problem.hide()
            self.told.setText(self._tell(request))

    def _refuse(self, error: Exception) -> None:
        self._ready(None)
        self.told.setText("")
        self.problem.setText(str(error))
        self.problem.show()
